package app_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// balancer sends requests in turn to the servers that said at the last look that they are ready. It retries nothing.
type balancer struct {
	mu      sync.Mutex
	servers []string
	ready   []string
	turn    int
}

const looks = 100 * time.Millisecond // between two looks at /readyz, a tenth of the grace

func (b *balancer) look(ctx context.Context) {
	b.mu.Lock()
	servers := slices.Clone(b.servers)
	b.mu.Unlock()
	var ready []string
	for _, s := range servers {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s+"/readyz", nil)
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				ready = append(ready, s)
			}
		}
	}
	b.mu.Lock()
	b.ready = ready
	b.mu.Unlock()
}

func (b *balancer) set(servers []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers = slices.Clone(servers)
}

func (b *balancer) next() *url.URL {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn++
	u, _ := url.Parse(b.ready[b.turn%len(b.ready)])
	return u
}

// serve runs the balancer until ctx ends.
func (b *balancer) serve(ctx context.Context, t *testing.T) http.Handler {
	t.Helper()
	b.look(ctx)
	go func() {
		tick := time.NewTicker(looks)
		defer tick.Stop()
		for ctx.Err() == nil {
			select {
			case <-tick.C:
				b.look(ctx)
			case <-ctx.Done():
			}
		}
	}()
	return &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(b.next()) },
		Transport:    &http.Transport{MaxIdleConnsPerHost: 64},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

// Each of three servers is restarted under load. Whoever asks through the balancer notices nothing.
func TestStop_ARollingRestartFailsNoRequest(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t), "SHUTDOWN_GRACE": "1",
		// the limiter in Redis is shared with earlier runs
		"JWT_SECRET_KEY": "one-key-for-all-replicas-0123456789abcdef", "ENCRYPTION_KEY": rand.Text() + rand.Text(),
		"RATE_LIMIT_PER_MINUTE": "1000000", "RATE_LIMIT_PER_HOUR": "1000000",
	}
	var urls []string
	var stops []func()
	begin := func() {
		a, stop := apptest.Begin(t, io.Discard, env, app.Options{})
		urls, stops = append(urls, a.Address()), append(stops, stop)
	}
	for range 3 {
		begin()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := &balancer{}
	b.set(urls)
	proxy := b.serve(ctx, t)

	var asked, failed atomic.Int64
	const atLeast = 2000
	restarted := make(chan struct{})
	var load sync.WaitGroup
	for range 8 {
		load.Go(func() {
			for running := true; running || asked.Load() < atLeast; {
				select {
				case <-restarted:
					running = false
				default:
				}
				w := newOutcome()
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/plans", nil)
				proxy.ServeHTTP(w, req)
				asked.Add(1)
				if w.status != http.StatusOK {
					failed.Add(1)
				}
			}
		})
	}
	for range 3 { // the oldest goes once the new one is known
		begin()
		b.set(urls)
		b.look(ctx)
		stops[0]()
		urls, stops = urls[1:], stops[1:]
		b.set(urls)
	}
	close(restarted)
	load.Wait()
	if failed.Load() != 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), asked.Load())
	}
	t.Logf("%d of %d requests failed", failed.Load(), asked.Load())
}

// outcome takes an answer and keeps its status.
type outcome struct {
	header http.Header
	status int
}

func newOutcome() *outcome                     { return &outcome{header: http.Header{}} }
func (s *outcome) Header() http.Header         { return s.header }
func (s *outcome) Write(b []byte) (int, error) { return len(b), nil }
func (s *outcome) WriteHeader(status int)      { s.status = status }
