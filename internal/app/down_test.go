package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// asked are calls of every part that asks the database.
var asked = []struct{ method, path, body string }{
	{"GET", "/api/v1/users/me", ""},
	{"GET", "/api/v1/usage", ""},
	{"GET", "/api/v1/analyses", ""},
	{"GET", "/api/v1/subscriptions", ""},
	{"GET", "/api/v1/notices", ""},
	{"GET", "/api/v1/audit", ""},
	{"GET", "/api/v1/api-keys", ""},
	{"GET", "/auth/sessions", ""},
	{"GET", "/auth/x/login", ""},
	{"POST", "/auth/token/refresh", `{"refresh_token":"rzr_0123456789012345678901234567890123456789012"}`},
	{"PATCH", "/api/v1/users/me", `{"name":"Gus"}`},
}

func wantDown(t *testing.T, p *person, method, path, body string) {
	t.Helper()
	status, h, answer := p.call(method, path, body)
	var problem struct{ Code string }
	_ = json.Unmarshal([]byte(answer), &problem)
	if status != http.StatusServiceUnavailable || problem.Code != "dependency_down" || h.Get("Retry-After") == "" {
		t.Errorf("%s %s: %d, Retry-After %q: %s", method, path, status, h.Get("Retry-After"), answer)
	}
}

func TestDatabaseAway_EverythingAnswers503AndComesBack(t *testing.T) {
	t.Parallel()
	gate := dbtest.NewGate(t, dbtest.PostgresURL(t))
	p := signIn(t, start(t, io.Discard, map[string]string{"DATABASE_URL": gate.URL, "REDIS_URL": redis(t)}), gus)
	p.subscribe()
	gate.Cut() // a restart: nobody who reads notices
	p.must(http.StatusOK, "GET", "/api/v1/usage", "")
	gate.Shut(true)
	for _, r := range asked {
		wantDown(t, p, r.method, r.path, r.body)
	}
	wantDown(t, p, "POST", "/api/v1/analyses", `{"account_id":"`+p.account+`","consent":true}`)
	if status, _, answer := p.call("GET", "/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("ready without a database: %s", answer)
	}
	gate.Shut(false)
	p.must(http.StatusOK, "GET", "/api/v1/usage", "")
	if _, end := p.analyse(); !strings.Contains(end, `"status":"completed"`) {
		t.Errorf("an analysis afterwards ended with %s", end)
	}
}

func TestDatabaseFileDeleted_NothingIsAcceptedAndNotReady(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := signIn(t, start(t, io.Discard, map[string]string{"DATA_DIR": dir}), gus)
	p.subscribe()
	if err := os.Remove(filepath.Join(dir, "repazoo.db")); err != nil {
		t.Fatal(err)
	}
	wantDown(t, p, "POST", "/api/v1/analyses", `{"account_id":"`+p.account+`","consent":true}`)
	for deadline := time.Now().Add(time.Minute); ; { // what was found a moment ago counts for a second
		if status, _, _ := p.call("GET", "/readyz", ""); status == http.StatusServiceUnavailable {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it says that it is ready")
		}
	}
}

func TestWaiting_TheAnalysisSaysForWhatAndUntilWhen(t *testing.T) {
	t.Parallel()
	p := signIn(t, start(t, io.Discard, nil), gus)
	p.subscribe()
	reset := time.Now().Add(10 * time.Minute).Truncate(time.Second)
	p.must(http.StatusNoContent, "POST", "/sandbox/faults",
		`{"path":"/x/2/users/*/tweets","status":429,"times":-1,"header":{"X-Rate-Limit-Reset":"`+strconv.FormatInt(reset.Unix(), 10)+`"}}`)
	var a struct{ ID string }
	answer := p.must(http.StatusAccepted, "POST", "/api/v1/analyses", `{"account_id":"`+p.account+`","consent":true}`)
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/api/v1/analyses/"+a.ID+"/events", nil)
	req.Header.Set("Authorization", "Bearer "+p.access)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), `"waiting":{"for":"x"`) {
			if !strings.Contains(lines.Text(), "X asks us to wait until ") {
				t.Errorf("it says %s", lines.Text())
			}
			return
		}
	}
	t.Fatal("no event says that it waits")
}
