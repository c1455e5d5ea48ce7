package app_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
)

// noted is what the audit log holds of refusals of one user, or of everybody, as "actor|action|code|route|from|count".
func noted(t *testing.T, d *db.DB, user string) []string {
	t.Helper()
	all, err := db.Read(t.Context(), d, db.System, func(r db.Rows, line *string) error {
		var actor, action, code, route, ip, count string
		err := r.Scan(&actor, &action, &code, &route, &ip, &count)
		*line = strings.Join([]string{actor, action, code, route, ip, count}, "|")
		return err
	}, `SELECT actor, action, detail->>'code', COALESCE(detail->>'route', ''), ip, CAST(detail->>'count' AS text)
		FROM audit_log WHERE action LIKE '%.refused' AND ($1 = '' OR CAST(user_id AS text) = $1)`, user)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func TestRefused_StandsInTheLogOfWhomItConcerns(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vars := map[string]string{"TRUSTED_PROXIES": "127.0.0.1", "RATE_LIMIT_PER_MINUTE": "30", "RATE_LIMIT_PER_HOUR": "30"}
			maps.Copy(vars, env)
			a := run(t, io.Discard, vars)
			base := a.URL()
			gus, ada := signIn(t, base, "gravelpit_gus"), signIn(t, base, "ada_fernhill")
			id, key := idOf(gus), newKey(gus, account.AccountRead).Key
			by := func(address, method, path, token string) {
				t.Helper()
				from(t, address, method, base+path, "Authorization", "Bearer "+token)
			}
			for range 3 {
				by("203.0.113.7", "GET", "/api/v1/users/me", "junk")
			}
			by("203.0.113.8", "GET", "/api/v1/users/me", "junk") // a neighbour of that stranger
			by("203.0.113.7", "GET", "/api/v1/usage", madeUp())
			from(t, "2001:db8:1:2::7", "GET", base+"/auth/x/callback?state=guess")
			from(t, "203.0.113.7", "GET", base+"/api/v1/users/me") // brings nothing, and was only asked to
			by("198.51.100.1", "GET", "/api/v1/admin/audit", gus.access)
			by("198.51.100.1", "GET", "/api/v1/admin/audit", gus.access)
			by("198.51.100.2", "GET", "/api/v1/api-keys", key)
			for range 40 {
				by("198.51.100.1", "GET", "/api/v1/users/me", gus.access)
			}
			if err := a.Refusals.Write(t.Context()); err != nil {
				t.Fatal(err)
			}
			own := noted(t, a.DB, id)
			want := []string{
				"user|access.refused|forbidden|GET /api/v1/admin/audit|198.51.100.1|2",
				"user|access.refused|scope_missing|GET /api/v1/api-keys|198.51.100.2|1",
			}
			if len(own) != 3 || own[0] != want[0] || own[1] != want[1] ||
				!strings.HasPrefix(own[2], "user|rate.refused|rate_limited||198.51.100.1|") {
				t.Errorf("gus: %q", own)
			}
			if got := noted(t, a.DB, idOf(ada)); len(got) != 0 {
				t.Errorf("ada: %q", got)
			}
			var strangers []string
			for _, line := range noted(t, a.DB, "") {
				if strings.HasPrefix(line, "stranger|") {
					strangers = append(strangers, line)
				}
			}
			if got, want := strings.Join(strangers, "\n"), strings.Join([]string{
				"stranger|sign_in.refused|validation_failed|GET /auth/x/callback|2001:db8:1::/48|1",
				"stranger|token.refused|unauthenticated|GET /api/v1/usage|203.0.113.0/24|1",
				"stranger|token.refused|unauthenticated|GET /api/v1/users/me|203.0.113.0/24|4",
			}, "\n"); got != want {
				t.Errorf("strangers:\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestRefused_IsInWordsOnThePageOfWhatHappened(t *testing.T) {
	t.Parallel()
	a := run(t, io.Discard, nil)
	gus := signIn(t, a.URL(), "gravelpit_gus")
	gus.must(http.StatusForbidden, "GET", "/api/v1/admin/audit", "")
	if err := a.Refusals.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, page := ask(t, "GET", a.URL()+"/account/activity", "Cookie", "rz_access="+gus.access)
	if !strings.Contains(page, "Something was refused that you may not do") {
		t.Errorf("the page: %s", page)
	}
	if got := gus.must(http.StatusOK, "GET", "/api/v1/audit?action=access.refused", ""); !strings.Contains(got,
		`"total":1`) || !strings.Contains(got, `"code":"forbidden"`) {
		t.Errorf("the API: %s", got)
	}
}

// A server that is told to stop writes down what it knows.
func TestRefused_IsNotLostWhenTheServerStops(t *testing.T) { //nolint:tparallel // the second server starts when the first has stopped
	t.Parallel()
	vars := map[string]string{"DATA_DIR": t.TempDir()}
	t.Run("the first", func(t *testing.T) {
		from(t, "203.0.113.7", "GET", start(t, io.Discard, vars)+"/api/v1/users/me", "Authorization", "Bearer junk")
	})
	if got := noted(t, run(t, io.Discard, vars).DB, ""); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

// However many guesses come at the same moment, no more are looked up than one after the other would be, and good keys
// that arrive together are let in.
func TestKeys_AFloodOfGuessesGetsNoMoreThanATrickle(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// a busy machine must not make it count by itself
			vars := map[string]string{"TRUSTED_PROXIES": "127.0.0.1", "REDIS_TIMEOUT_MS": "60000"}
			maps.Copy(vars, env)
			base := start(t, io.Discard, vars)
			gus := signIn(t, base, "gravelpit_gus")
			flood := func(address string, calls int, key func(i int) string) map[int]int {
				var mu sync.Mutex
				var wg sync.WaitGroup
				var next atomic.Int64
				statuses := map[int]int{}
				for range 32 {
					wg.Go(func() {
						for i := next.Add(1); i <= int64(calls); i = next.Add(1) {
							status, _ := from(t, address, "GET", base+"/api/v1/users/me", "Authorization", "Bearer "+key(int(i)))
							mu.Lock()
							statuses[status]++
							mu.Unlock()
						}
					})
				}
				wg.Wait()
				return statuses
			}
			good := make([]string, 20)
			for i := range good {
				good[i] = newKey(gus, account.AccountRead).Key
			}
			for what, c := range map[string]struct {
				key  func(i int) string
				want map[int]int
			}{
				"guesses": {
					func(int) string { return madeUp() },
					map[int]int{http.StatusUnauthorized: 10, http.StatusTooManyRequests: 190},
				},
				"good keys": {func(i int) string { return good[i%len(good)] }, map[int]int{http.StatusOK: 200}},
				"one forgotten": {
					func() func(int) string { k := madeUp(); return func(int) string { return k } }(),
					map[int]int{http.StatusUnauthorized: 200},
				},
			} {
				address := fmt.Sprintf("203.0.113.%d", len(what))
				if got := flood(address, 200, c.key); !maps.Equal(got, c.want) {
					t.Errorf("%s: %v, want %v", what, got, c.want)
				}
			}
		})
	}
}
