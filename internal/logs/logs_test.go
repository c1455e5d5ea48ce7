package logs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/logs"
)

const userID = "0192f0c1-2b7a-7a10-8a6e-0123456789ab"

func open(t *testing.T, c logs.Config) *logs.Log {
	t.Helper()
	l, err := logs.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func TestLog_TellsUsersApartWithoutTellingWhoTheyAre(t *testing.T) {
	t.Parallel()
	for _, json := range []bool{true, false} {
		var out bytes.Buffer
		l := open(t, logs.Config{Writer: &out, JSON: json})
		l.Info("a", "user", userID)
		l.With("user", userID).Info("b")
		if text := out.String(); strings.Contains(text, userID) || strings.Count(text, logs.Pseudonym(userID)) != 2 {
			t.Error(text)
		}
	}
	if logs.Pseudonym(userID) == logs.Pseudonym(userID[1:]) || len(logs.Pseudonym(userID)) != 12 {
		t.Error(logs.Pseudonym(userID))
	}
}

func TestLog_ChangesItsLevelWhileItRuns(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := open(t, logs.Config{Writer: &out, Level: slog.LevelWarn})
	part := l.With("part", "x")
	part.Info("one")
	l.SetLevel(slog.LevelDebug)
	part.Debug("two")
	l.SetLevel(slog.LevelError)
	part.Warn("three")
	if text := out.String(); strings.Contains(text, "one") || !strings.Contains(text, "two") ||
		strings.Contains(text, "three") {
		t.Error(text)
	}
}

// sentry is a project of the test's own.
type project struct {
	mu     sync.Mutex
	events []map[string]any
	raw    strings.Builder
}

func newProject(t *testing.T) (p *project, dsn string) {
	t.Helper()
	p = &project{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/7/envelope/" || !strings.Contains(r.Header.Get("X-Sentry-Auth"), "sentry_key=public") {
			t.Errorf("%s with %v", r.URL, r.Header)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.take(body)
	}))
	t.Cleanup(s.Close)
	return p, strings.Replace(s.URL, "http://", "http://public@", 1) + "/7"
}

// take reads the events of an envelope: a header, then an item's header and its body on a line each.
func (p *project) take(body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raw.Write(body)
	for line := range bytes.Lines(body) {
		var e map[string]any
		if json.Unmarshal(line, &e) == nil && e["message"] != nil {
			p.events = append(p.events, e)
		}
	}
}

func TestSentry_IsToldOfErrorsAloneAndOfNothingButTheLine(t *testing.T) {
	t.Parallel()
	p, dsn := newProject(t)
	l := open(t, logs.Config{Writer: io.Discard, SentryDSN: dsn, Release: "1.2", Environment: "ntf"})
	l.Warn("not this")
	key := config.NewSecret("sesame-opens-it")
	l.With("part", "db").WithGroup("g").Error("a request failed", "code", "internal", "cause", errors.New("disk full"),
		"key", key)
	l.With("user", userID).Error("another")
	l.Close()
	if len(p.events) != 2 {
		t.Fatalf("%d events: %s", len(p.events), p.raw.String())
	}
	first := p.events[0]
	if first["message"] == "another" {
		first = p.events[1]
	}
	about := first["contexts"].(map[string]any)["log"].(map[string]any)
	if about["g.cause"] != "disk full" || about["part"] != "db" || first["release"] != "repazoo@1.2" ||
		first["environment"] != "ntf" {
		t.Errorf("%v", first)
	}
	for _, never := range []string{"sesame", userID, "not this", "logs_test.go"} {
		if strings.Contains(p.raw.String(), never) {
			t.Errorf("it was told %q", never)
		}
	}
	if !strings.Contains(p.raw.String(), logs.Pseudonym(userID)) {
		t.Error("it cannot tell users apart")
	}
}

func TestSentry_ThatIsAwayKeepsNothingUp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := open(t, logs.Config{Writer: &out, SentryDSN: "http://public@127.0.0.1:1/7"})
	l.Error("a request failed")
	if !strings.Contains(out.String(), "a request failed") {
		t.Error("the line is lost")
	}
}

func TestSentry_AddressThatCannotBeUsedIsRefusedWithoutItsKey(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"sesame", "https://sesame@", "ftp://sesame@host/1"} {
		_, err := logs.Open(logs.Config{Writer: io.Discard, SentryDSN: dsn})
		if err == nil || strings.Contains(err.Error(), "sesame") || !strings.Contains(err.Error(), "SENTRY_DSN") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}
