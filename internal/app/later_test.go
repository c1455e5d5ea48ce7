package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/db"
)

// The routes whose session is looked up together with what they read, where the process does not know it.
var lateRoutes = []string{"/api/v1/users/me", "/api/v1/usage", "/api/v1/subscriptions", "/api/v1/notices"}

// behind runs a statement that no process hears of.
func behind(t testing.TB, a *app.App, query string, args ...any) {
	t.Helper()
	err := a.DB.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return errors.Join(err, nameAll(ctx, tx))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// nameAll names every user, as a transaction of the program would that changes them.
func nameAll(ctx context.Context, tx db.Tx) error {
	all, err := db.All(ctx, tx, db.Value[string], `SELECT CAST(id AS text) FROM users`)
	tx.Touch(all...)
	return err
}

// newestSession is the one that was begun last, without asking a process for it.
func newestSession(t testing.TB, a *app.App) string {
	t.Helper()
	id, err := db.ReadOne(t.Context(), a.DB, db.System, db.Value[string],
		`SELECT CAST(id AS text) FROM sessions ORDER BY created_at DESC, id DESC LIMIT 1`)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sessionEnds are the ways in which a session ends that a process has not heard of.
var sessionEnds = map[string]string{
	"revoked":     `UPDATE sessions SET revoked_at = created_at, revoked_why = 'user' WHERE id = $1`,
	"copied":      `UPDATE sessions SET revoked_at = created_at, revoked_why = 'reuse' WHERE id = $1`,
	"expired":     `UPDATE sessions SET expires_at = created_at WHERE id = $1`,
	"another's":   `UPDATE sessions SET user_id = (SELECT id FROM users WHERE name = 'stranger') WHERE id = $1`,
	"user erased": `DELETE FROM users WHERE id = (SELECT user_id FROM sessions WHERE id = $1)`,
}

// ending signs in anew and ends that session behind the back of every process.
func ending(t testing.TB, a *app.App, how string) *person {
	t.Helper()
	p := signIn(t, a.URL(), "gravelpit_gus")
	behind(t, a, sessionEnds[how], newestSession(t, a))
	return p
}

// refusedWith is an answer without what differs from one request to the next. asked is a path, or a method with a path.
func refusedWith(t testing.TB, p *person, asked string) (status int, header http.Header, problem map[string]any) {
	t.Helper()
	method, path, ok := strings.Cut(asked, " ")
	sent := `{"account_id":"` + p.account + `","consent":true}`
	if !ok {
		method, path, sent = "GET", asked, ""
	}
	status, header, body := p.call(method, path, sent)
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Fatal(err)
	}
	delete(problem, "instance")
	delete(problem, "request_id")
	for _, name := range []string{
		"Content-Length", "Date", "Server-Timing", "X-Request-Id", "Ratelimit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
	} {
		header.Del(name)
	}
	return status, header, problem
}

// Whatever ended the session, and whatever the answer was going to be, nobody can tell from the refusal that it was
// found with the answer's own read: it is that of a route which asks for the session first.
func TestLater_AnEndedSessionIsRefusedAsIfItHadBeenLookedUpFirst(t *testing.T) {
	t.Parallel()
	eachKeeper(t, func(t *testing.T, apps []*app.App) {
		signIn(t, apps[0].URL(), "wandering_mira")
		behind(t, apps[0], `UPDATE users SET name = 'stranger'`)
		last := apps[len(apps)-1]
		for how := range sessionEnds {
			wantStatus, wantHeader, wantProblem := refusedWith(t, ending(t, apps[0], how).at(last), "/auth/sessions")
			if wantStatus != http.StatusUnauthorized || wantProblem["code"] != "session_revoked" {
				t.Fatalf("%s: the session is asked for first, and the answer is %d %v", how, wantStatus, wantProblem)
			}
			for _, path := range append(slices.Clone(lateRoutes), lateRoutes[0]+"?unknown=1", "/api/v1/notices?limit=0",
				"POST /api/v1/analyses", "POST /api/v1/analyses?unknown=1") {
				p := ending(t, apps[0], how).at(last)
				for range 2 { // once when the process does not know it, and once when it does
					status, header, problem := refusedWith(t, p, path)
					if d := cmp.Diff(wantHeader, header) + cmp.Diff(wantProblem, problem); status != wantStatus || d != "" {
						t.Errorf("%s, %s: status %d\n%s", how, path, status, d)
					}
				}
			}
			p := ending(t, apps[0], how)
			bearer := []string{"Authorization", "Bearer " + p.access}
			if status, _ := from(t, "", "HEAD", last.Address()+lateRoutes[0], bearer...); status != wantStatus {
				t.Errorf("%s: HEAD is answered %d", how, status)
			}
		}
	})
}

// An answer that lies in memory is the user's, not that of a session which has ended.
func TestLater_AnEndedSessionGetsNothingFromMemory(t *testing.T) {
	t.Parallel()
	eachKeeper(t, func(t *testing.T, apps []*app.App) {
		gus, last := signIn(t, apps[0].URL(), "gravelpit_gus"), apps[len(apps)-1]
		for _, path := range lateRoutes {
			p := signIn(t, apps[0].URL(), "gravelpit_gus").at(last)
			id := newestSession(t, last)
			warm(t, gus, []*app.App{last}, path)
			if err := last.DB.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
				_, err := tx.Exec(ctx, sessionEnds["revoked"], id)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			before := hits(t, last)
			if status, _, problem := refusedWith(t, p, path); status != http.StatusUnauthorized {
				t.Errorf("%s: status %d %v", path, status, problem)
			}
			if hits(t, last) != before+1 {
				t.Errorf("%s: there was no answer in memory, so this test shows nothing", path)
			}
		}
	})
}

// Whoever bears the token of a session that has ended does not use up what its user may ask, and is told 401 even when
// the user has nothing left.
func TestLater_AnEndedSessionIsCountedAtItsAddress(t *testing.T) {
	t.Parallel()
	const limit = 30
	a := run(t, io.Discard, map[string]string{
		"TRUSTED_PROXIES": "127.0.0.1", "RATE_LIMIT_PER_MINUTE": "30", "RATE_LIMIT_PER_HOUR": "30",
	})
	gus := signIn(t, a.URL(), "gravelpit_gus")
	ask := func(address string, p *person, path string) int {
		status, _ := from(t, address, "GET", a.URL()+path, "Authorization", "Bearer "+p.access)
		return status
	}
	thief := ending(t, a, "revoked")
	for n := range limit {
		if got := ask("203.0.113.7", thief, lateRoutes[n%4]); got != http.StatusUnauthorized {
			t.Fatalf("request %d of an ended session: %d", n+1, got)
		}
	}
	if got := ask("203.0.113.7", thief, lateRoutes[0]); got != http.StatusTooManyRequests {
		t.Errorf("its address has asked too much, and the answer is %d", got)
	}
	for n := range limit - 1 { // one was counted before it was known that the session had ended
		if got := ask("198.51.100.1", gus, lateRoutes[n%4]); got != http.StatusOK {
			t.Fatalf("request %d of the user: %d", n+1, got)
		}
	}
	if got := ask("198.51.100.1", gus, lateRoutes[0]); got != http.StatusTooManyRequests {
		t.Errorf("the user has asked too much, and the answer is %d", got)
	}
	if got := ask("203.0.113.8", ending(t, a, "revoked"), lateRoutes[0]); got != http.StatusUnauthorized {
		t.Errorf("of a session that has ended, while the user has nothing left: %d", got)
	}
}

// People sign out while they read, at every replica. At the one that answered the sign-out nobody who asks afterwards
// is told anything; at the others, from a moment on.
func TestLater_NobodyReadsAfterASignOut(t *testing.T) {
	t.Parallel()
	eachKeeper(t, func(t *testing.T, apps []*app.App) {
		for round := range 6 {
			gus := signIn(t, apps[0].URL(), "gravelpit_gus")
			here := apps[round%len(apps)]
			var over atomic.Bool
			var wg sync.WaitGroup
			for n, path := range lateRoutes {
				for _, a := range apps {
					wg.Go(func() {
						for {
							after := over.Load()
							status, _, body := gus.at(a).call("GET", path, "")
							switch {
							case status == http.StatusUnauthorized:
								return
							case status != http.StatusOK, after && a == here:
								t.Errorf("%s, after the sign-out: %v; %d %s", path, after, status, body)
								return
							}
						}
					})
				}
				if n == round%len(lateRoutes) {
					gus.at(here).must(http.StatusNoContent, "POST", "/auth/logout", "")
					over.Store(true)
				}
			}
			wg.Wait()
		}
	})
}
