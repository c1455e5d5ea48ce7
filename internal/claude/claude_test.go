package claude_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/sandbox"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
)

// inProcess hands requests to a handler without a socket, so that time can be faked around it.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (res *http.Response, err error) {
	defer func() {
		if recover() != nil {
			res, err = nil, io.ErrUnexpectedEOF
		}
	}()
	w := httptest.NewRecorder()
	if r = r.Clone(r.Context()); r.Body == nil {
		r.Body = http.NoBody // what a handler may count on
	}
	p.handler.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

const secretPost = "a post that must never be logged"

func newPair() (*sandbox.Sandbox, *claude.Client) {
	s := sandbox.New(sandbox.Config{})
	return s, newClient(s.Handler(), claudesandbox.APIKey)
}

func newClient(h http.Handler, key string) *claude.Client {
	return claude.New(claude.Config{
		APIKey: key, BaseURL: "http://127.0.0.1/claude", HTTP: &http.Client{Transport: inProcess{h}},
		Timeout: 30 * time.Second, MaxAttempts: 3,
	})
}

func question() claude.Request {
	return claude.Request{
		Model: "claude-haiku-5-5", System: strings.Repeat("rubric ", 1000), MaxTokens: 8000, Effort: "low",
		User:   `<posts-0a>[{"id":1,"text":"` + secretPost + `, you idiot"}]</posts-0a>`,
		Schema: map[string]any{"type": "object", "additionalProperties": false},
	}
}

// wantFailure checks that err tells nothing but its kind, and returns it.
func wantFailure(t *testing.T, err error) *claude.Failure {
	t.Helper()
	f, ok := errors.AsType[*claude.Failure](err)
	if !ok || !errors.Is(err, fault.ModelUnavailable) {
		t.Fatalf("got %v", err)
	}
	for _, secret := range []string{secretPost, claudesandbox.APIKey, "rubric"} {
		if strings.Contains(err.Error(), secret) {
			t.Fatalf("the error holds %q: %v", secret, err)
		}
	}
	return f
}

func TestAsk_PicksTheTextAndCountsTheCache(t *testing.T) {
	t.Parallel()
	_, c := newPair()
	first, err := c.Ask(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Ask(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	if first.Stop != "end_turn" || !strings.HasPrefix(first.Text, `{"posts":[{`) || first.Model != "claude-haiku-5-5" {
		t.Fatalf("got %+v", first)
	}
	if first.Usage.CacheWrite != 1750 || first.Usage.CacheRead != 0 || second.Usage.CacheRead != 1750 ||
		second.Usage.CacheWrite != 0 {
		t.Fatalf("usage %+v, then %+v", first.Usage, second.Usage)
	}
	if first.Usage.Input == 0 || first.Usage.Output == 0 {
		t.Fatalf("usage %+v", first.Usage)
	}
}

func TestAsk_ReportsUnusualEndsAsAnswers(t *testing.T) {
	t.Parallel()
	for kind, stop := range map[claudesandbox.Kind]string{
		claudesandbox.Refuses: "refusal", claudesandbox.Filtered: "refusal", claudesandbox.MaxTokens: "max_tokens",
		claudesandbox.Context: "model_context_window_exceeded",
	} {
		s, c := newPair()
		s.Claude().Fail(claudesandbox.Fault{Kind: kind})
		if a, err := c.Ask(t.Context(), question()); err != nil || a.Stop != stop {
			t.Errorf("%s: got %+v, %v", kind, a, err)
		}
	}
}

func TestAsk_PermanentFailuresAreAskedOnceAndSayWhoMustAct(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(s *sandbox.Sandbox, q *claude.Request)
		key    string
		status int
		says   string
	}{
		"wrong key": {key: "wrong", status: 401, says: "ANTHROPIC_API_KEY"},
		"unknown model": {
			change: func(_ *sandbox.Sandbox, q *claude.Request) { q.Model = "claude-9" }, status: 404,
			says: "does not exist or was retired",
		},
		"spend limit": {change: func(s *sandbox.Sandbox, _ *claude.Request) {
			s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.SpendLimit, Times: -1})
		}, status: 429, says: "spending limit"},
		"no credit": {change: func(s *sandbox.Sandbox, _ *claude.Request) {
			s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.NoCredit, Times: -1})
		}, status: 400, says: "credit"},
		"bad request": {change: func(_ *sandbox.Sandbox, q *claude.Request) { q.Schema = map[string]any{"type": "object"} }, status: 400, says: "look at the log"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := newPair()
			if tt.key != "" {
				c = newClient(s.Handler(), tt.key)
			}
			q := question()
			if tt.change != nil {
				tt.change(s, &q)
			}
			_, err := c.Ask(t.Context(), q)
			f := wantFailure(t, err)
			if !f.Permanent || f.Status != tt.status || f.RetryAfter != 0 ||
				!strings.Contains(fault.From(err).Message, tt.says) {
				t.Fatalf("got %+v, %v", f, err)
			}
			if n := len(s.Calls("/claude/v1/messages")); n != 1 {
				t.Fatalf("asked %d times", n)
			}
		})
	}
}

func TestAsk_WaitsWhatTheProviderAsksThenSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newPair()
		s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.RateLimited})
		s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.Overloaded})
		start := time.Now()
		if _, err := c.Ask(t.Context(), question()); err != nil {
			t.Fatal(err)
		}
		// 7 s by Retry-After, then the first wait of our own.
		if took := time.Since(start); took != 7500*time.Millisecond {
			t.Fatalf("took %v", took)
		}
	})
}

func TestAsk_GivesUpAfterItsAttemptsAndStaysTransient(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fail   func(s *sandbox.Sandbox)
		status int
		after  time.Duration
	}{
		"overloaded": {func(s *sandbox.Sandbox) {
			s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.Overloaded, Times: -1})
		}, 529, 0},
		"rate limited": {func(s *sandbox.Sandbox) {
			s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.RateLimited, Times: -1})
		}, 429, 7 * time.Second},
		"server error": {func(s *sandbox.Sandbox) {
			s.Fail(sandbox.Fault{Path: "/claude/**", Times: -1, Status: 500, Body: secretPost})
		}, 500, 0},
		"dropped": {func(s *sandbox.Sandbox) { s.Fail(sandbox.Fault{Path: "/claude/**", Times: -1, Drop: true}) }, 0, 0},
		"not JSON": {func(s *sandbox.Sandbox) {
			s.Fail(sandbox.Fault{Path: "/claude/**", Times: -1, Status: 200, Body: secretPost})
		}, 0, 0},
		"broken JSON": {func(s *sandbox.Sandbox) { // a decoder quotes what it could not read; the error must not
			s.Fail(sandbox.Fault{Path: "/claude/**", Times: -1, Status: 200, Body: `{"content":"` + secretPost +
				`","usage":"` + secretPost, Header: map[string]string{"Content-Type": "application/json"}})
		}, 0, 0},
		"wrong JSON": {func(s *sandbox.Sandbox) {
			s.Fail(sandbox.Fault{
				Path: "/claude/**", Times: -1, Status: 200,
				Body: `{"content":[{"type":"text","text":{"a":"` + secretPost + `"}}],"id":["` + secretPost +
					`"]}`, Header: map[string]string{"Content-Type": "application/json"},
			})
		}, 0, 0},
		"empty JSON": {func(s *sandbox.Sandbox) {
			s.Fail(sandbox.Fault{
				Path: "/claude/**", Times: -1, Status: 200, Body: "{}",
				Header: map[string]string{"Content-Type": "application/json"},
			})
		}, 0, 0},
		"redirect": {func(s *sandbox.Sandbox) { // following it would show the key to another host
			s.Fail(sandbox.Fault{
				Path: "/claude/**", Times: -1, Status: 307,
				Header: map[string]string{"Location": "http://elsewhere.test/claude/v1/stolen"},
			})
		}, 0, 0},
		"too slow": {
			func(s *sandbox.Sandbox) { s.Fail(sandbox.Fault{Path: "/claude/**", Times: -1, Delay: time.Hour}) },
			0, 0,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, c := newPair()
				tt.fail(s)
				_, err := c.Ask(t.Context(), question())
				f := wantFailure(t, err)
				if f.Permanent || f.Status != tt.status || f.RetryAfter != tt.after || fault.From(err).Retry != tt.after {
					t.Fatalf("got %+v", f)
				}
				if n := len(s.Calls("/claude/**")); n != 3 {
					t.Fatalf("asked %d times", n)
				}
			})
		})
	}
}

func TestAsk_DoesNotWaitLongerThanItHasTime(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, header := range map[string]map[string]string{
		"seconds": {"Retry-After": "3600"},
		"date":    {"Retry-After": date.Add(time.Hour).Format(http.TimeFormat), "Date": date.Format(http.TimeFormat)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, c := newPair()
				s.Fail(sandbox.Fault{Path: "/claude/**", Times: -1, Status: 429, Header: header})
				start := time.Now()
				_, err := c.Ask(t.Context(), question())
				if f := wantFailure(t, err); f.RetryAfter != time.Hour || time.Since(start) != 0 ||
					len(s.Calls("/claude/**")) != 1 {
					t.Fatalf("got %+v after %v and %d calls", f, time.Since(start), len(s.Calls("/claude/**")))
				}
			})
		})
	}
}

func TestAsk_StopsWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newPair()
		s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.RateLimited, Times: -1})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		_, err := c.Ask(ctx, question())
		if !errors.Is(err, context.Canceled) || len(s.Calls("/claude/**")) != 1 {
			t.Fatalf("got %v after %d calls", err, len(s.Calls("/claude/**")))
		}
	})
}

func TestAsk_ReadsNoEndlessAnswer(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	c := newClient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Should-Retry", "false")
		n, _ := io.WriteString(w, `{"content":[{"type":"text","text":"`+strings.Repeat("a",
			9<<20)+`"}],"stop_reason":"end_turn"}`)
		sent.Add(int64(n))
	}), "key")
	synctest.Test(t, func(t *testing.T) {
		if _, err := c.Ask(t.Context(), question()); !errors.Is(err, fault.ModelUnavailable) {
			t.Fatalf("an answer of %d bytes was taken: %v", sent.Load(), err)
		}
	})
}

func TestModel_TellsTheLifecycle(t *testing.T) {
	t.Parallel()
	s, c := newPair()
	at := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	s.Claude().Retire("claude-sonnet-5-5", at)
	for id, want := range map[string]claude.ModelInfo{
		"claude-haiku-5-5": {
			ID: "claude-haiku-5-5", Name: "Claude Haiku 5.5", Lifecycle: "active",
			MaxInput: 200_000, MaxOutput: 64_000,
		},
		"claude-sonnet-5-5": {
			ID: "claude-sonnet-5-5", Name: "Claude Sonnet 5.5", Lifecycle: "deprecated",
			RetiresAt: at, MaxInput: 200_000, MaxOutput: 64_000,
		},
		"claude-3-haiku-20240307": {
			ID: "claude-3-haiku-20240307", Name: "Claude Haiku 3", Lifecycle: "retired",
			MaxInput: 200_000, MaxOutput: 64_000,
		},
	} {
		if got, err := c.Model(t.Context(), id); err != nil || got != want {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	_, err := c.Model(t.Context(), "claude-9")
	if f := wantFailure(t, err); !f.Permanent || f.Status != 404 {
		t.Fatalf("got %+v", f)
	}
}

func TestHost_NamesWhoReceivesTheQuestion(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"":                              "anthropic",
		"https://api.anthropic.com/":    "anthropic",
		"http://127.0.0.1:8000/claude":  "sandbox",
		"http://localhost:8000/claude/": "sandbox",
		"http://[::1]:8000/claude":      "sandbox",
		"http://127.0.0.1:8000/":        "127.0.0.1",
		"https://proxy.example/claude":  "proxy.example",
		"://":                           "unknown",
	} {
		if got := claude.New(claude.Config{BaseURL: base}).Host(); got != want {
			t.Errorf("%q: got %q, want %q", base, got, want)
		}
	}
}
