package app_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/limit/redistest"
)

// These count exactly. The windows of a minute and an hour have the same limit, so that a machine that takes its time
// lets no further call in; what differs in bench/load --limits, where the clock is a real one.

// limited are servers that count callers by the address a proxy names, which gives a test as many callers as it likes.
func limited(t *testing.T, replicas int, env map[string]string) (urls []string, apps []*app.App) {
	t.Helper()
	vars := map[string]string{
		"TRUSTED_PROXIES": "127.0.0.1", "RATE_LIMIT_PER_MINUTE": "60", "RATE_LIMIT_PER_HOUR": "60", "WORKERS": "0",
		"RATE_LIMIT_SIGN_IN_PER_MINUTE": "20", "RATE_LIMIT_SIGN_IN_PER_HOUR": "20", "RATE_LIMIT_REFRESH_PER_MINUTE": "30",
		"RATE_LIMIT_REFRESH_PER_HOUR": "30",
		"JWT_SECRET_KEY":              "one-key-for-all-replicas-0123456789abcdef",
		"ENCRYPTION_KEY":              "another-key-for-all-replicas-0123456789",
	}
	maps.Copy(vars, env)
	for range replicas {
		a := run(t, io.Discard, vars)
		urls, apps = append(urls, a.Address()), append(apps, a)
	}
	return urls, apps
}

// crowd sends calls of one caller to all servers at the same time, and counts the answers by status. Each refusal must
// say when to come back.
func crowd(t *testing.T, urls []string, calls int, address, method, path string) map[int]int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var next atomic.Int64
	statuses := map[int]int{}
	for range 32 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(calls); i = next.Add(1) {
				status, h := from(t, address, method, urls[int(i)%len(urls)]+path)
				var wait int
				if _, err := fmt.Sscan(h.Get("Retry-After"), &wait); (err == nil) != (status == http.StatusTooManyRequests) ||
					wait < 0 || wait > 3600+120 {
					t.Errorf("%d with Retry-After %q", status, h.Get("Retry-After"))
				}
				mu.Lock()
				statuses[status]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return statuses
}

func TestLimits_ExactlyThatManyPassHoweverManyCome(t *testing.T) {
	t.Parallel()
	for name, servers := range map[string]func(t *testing.T) []string{
		"embedded": func(t *testing.T) []string { urls, _ := limited(t, 1, nil); return urls },
		"two replicas on PostgreSQL and Redis": func(t *testing.T) []string {
			urls, _ := limited(t, 2, map[string]string{
				"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t),
				"REDIS_TIMEOUT_MS": "60000",
			})
			return urls
		},
		"two replicas on PostgreSQL and a cluster": func(t *testing.T) []string {
			var nodes []string
			for _, n := range redistest.Cluster(t, redistest.Redis) {
				nodes = append(nodes, n.URL)
			}
			urls, _ := limited(t, 2, map[string]string{
				"DATABASE_URL": dbtest.PostgresURL(t),
				"REDIS_URL":    strings.Join(nodes, ","), "REDIS_TIMEOUT_MS": "60000",
			})
			return urls
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			urls := servers(t)
			for i, c := range []struct {
				method, path  string
				limit, passes int // and as what
			}{
				{"GET", "/api/v1/plans", 60, http.StatusOK},
				{"GET", "/auth/x/login", 20, http.StatusOK},
				{"POST", "/auth/token/refresh", 30, http.StatusUnauthorized},
			} {
				for j, calls := range []int{c.limit / 2, c.limit, 5 * c.limit} {
					want := map[int]int{c.passes: min(calls, c.limit)}
					if calls > c.limit {
						want[http.StatusTooManyRequests] = calls - c.limit
					}
					address := fmt.Sprintf("203.0.%d.%d", 113+i, j)
					if got := crowd(t, urls, calls, address, c.method, c.path); !maps.Equal(got, want) {
						t.Errorf("%d calls of %s: %v, want %v", calls, c.path, got, want)
					}
				}
			}
			if got := crowd(t, urls, 300, "203.0.113.9", "GET", "/healthz"); got[http.StatusOK] != 300 {
				t.Errorf("probes: %v", got)
			}
		})
	}
}

// Redis is killed while calls are made, and comes back with what it had counted. Nobody sees an error. What slips
// through is one more allowance for each replica, and afterwards Redis counts for all again.
func TestLimits_RedisIsKilledUnderLoadAndReturns(t *testing.T) {
	t.Parallel()
	const limit, replicas = 40, 2
	server := redistest.Start(t, redistest.Redis)
	urls, apps := limited(t, replicas, map[string]string{
		"METRICS_ADDR": "127.0.0.1:0", "DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": server.URL,
		"REDIS_TIMEOUT_MS": "2000", "RATE_LIMIT_PER_MINUTE": fmt.Sprint(limit), "RATE_LIMIT_PER_HOUR": fmt.Sprint(limit),
	})
	ask := func(address string, i int) int {
		status, _ := from(t, address, "GET", urls[i%replicas]+"/api/v1/plans")
		if status != http.StatusOK && status != http.StatusTooManyRequests {
			t.Errorf("status %d", status)
		}
		return status
	}
	flood := func(address string) (passed int) {
		return crowd(t, urls, 8*limit, address, "GET", "/api/v1/plans")[http.StatusOK]
	}

	if got := flood("203.0.113.1"); got != limit {
		t.Fatalf("%d calls passed while Redis was there", got)
	}
	if got := flood("203.0.113.2"); got != limit {
		t.Fatalf("%d calls passed while Redis was there", got)
	}

	stop, hurried := under(func(worker, i int) bool { return ask(fmt.Sprintf("198.51.100.%d", worker), i) == http.StatusOK })
	server.Kill()
	if got := flood("203.0.113.1"); got > replicas*limit {
		t.Errorf("%d more calls passed without Redis, which is more than %d for each replica", got, limit)
	}
	if got := flood("203.0.113.3"); got < limit || got > (1+replicas)*limit {
		t.Errorf("%d calls of somebody new passed without Redis", got)
	}
	eventually(t, "health says that Redis is down", func() bool { return healthOf(t, urls) == "503503" })
	for _, url := range urls {
		if status, _ := from(t, "203.0.113.9", "GET", url+"/readyz"); status != http.StatusOK {
			t.Errorf("a replica without Redis is not ready: %d", status)
		}
	}

	server.Again()
	eventually(t, "health says that Redis is back", func() bool { return healthOf(t, urls) == "200200" })
	before := countedByRedis(t, apps)
	eventually(t, "each replica counts with Redis again", func() bool {
		now := countedByRedis(t, apps)
		return now[0] > before[0] && now[1] > before[1]
	})
	if got := flood("203.0.113.2"); got > 0 {
		t.Errorf("%d calls passed of somebody whose calls Redis had counted before", got)
	}
	if got := flood("203.0.113.4"); got != limit {
		t.Errorf("%d calls of somebody new passed after Redis was back", got)
	}
	for address, passed := range stop() {
		if passed > (1+replicas)*limit {
			t.Errorf("caller %d made %d calls in all", address, passed)
		}
	}
	t.Logf("%d calls were made beside", hurried.Load())
}

// under keeps six callers calling until it is told to stop, and then tells how many calls of each passed.
func under(call func(worker, i int) bool) (stop func() [6]int, made *atomic.Int64) {
	made = new(atomic.Int64)
	var passed [6]int
	var done atomic.Bool
	var wg sync.WaitGroup
	for worker := range passed {
		wg.Go(func() {
			for i := 0; !done.Load(); i++ {
				if call(worker, i) {
					passed[worker]++
				}
				made.Add(1)
			}
		})
	}
	return func() [6]int {
		done.Store(true)
		wg.Wait()
		return passed
	}, made
}

// countedByRedis is how many calls each process has let Redis count and then answered.
func countedByRedis(t *testing.T, apps []*app.App) []int {
	t.Helper()
	all := make([]int, len(apps))
	for i, a := range apps {
		for line := range strings.Lines(scrape(t, a)) {
			if name, value, ok := strings.Cut(line, "} "); ok &&
				strings.HasPrefix(name, "repazoo_limiter_decisions_total{") && strings.Contains(name, `counted_by="redis"`) {
				n, _ := strconv.Atoi(strings.TrimSpace(value))
				all[i] += n
			}
		}
	}
	return all
}

func healthOf(t *testing.T, urls []string) (all string) {
	t.Helper()
	for _, url := range urls {
		status, _ := from(t, "203.0.113.9", "GET", url+"/healthz/redis")
		all += fmt.Sprint(status)
	}
	return all
}

// Signing out goes over the database, whatever kind of Redis there is.
func TestReplicas_OnAClusterASessionEndsAtBoth(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t, redistest.Redis)
	env := map[string]string{
		"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": nodes[0].URL, "REDIS_TIMEOUT_MS": "60000", "WORKERS": "0",
		"JWT_SECRET_KEY": "one-key-for-both-replicas-0123456789abcdef",
		"ENCRYPTION_KEY": "another-key-for-both-replicas-0123456789",
	}
	one := run(t, io.Discard, env)
	env["PUBLIC_URL"] = one.URL()
	gus := signIn(t, one.URL(), "gravelpit_gus")
	for _, a := range []*app.App{one, run(t, io.Discard, env)} {
		gus.base = a.Address()
		gus.must(http.StatusOK, "GET", "/api/v1/users/me", "")
		gus.must(http.StatusOK, "GET", "/healthz/redis", "")
	}
	(&person{t: t, base: one.URL(), access: gus.access}).must(http.StatusNoContent, "POST", "/auth/logout", "")
	eventually(t, "the session ends at the other replica", func() bool {
		status, _, _ := gus.call("GET", "/api/v1/users/me", "")
		return status == http.StatusUnauthorized
	})
}
