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

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// balancer sends requests in turn to the servers that said at the last look that they are ready. It retries nothing.
type balancer struct {
	proxy   *httputil.ReverseProxy
	passing sync.RWMutex // read-locked while a request is passed on

	mu    sync.Mutex
	ready []string
	turn  int
}

func newBalancer() *balancer {
	b := &balancer{}
	b.proxy = &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(b.next()) },
		Transport:    &http.Transport{MaxIdleConnsPerHost: 64},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	return b
}

func isReady(ctx context.Context, server string) bool {
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, server+"/readyz", nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// look returns once no request is under way that was sent as it looked before. It tells how many servers are ready.
func (b *balancer) look(ctx context.Context, servers []string) int {
	ready := slices.DeleteFunc(slices.Clone(servers), func(s string) bool { return !isReady(ctx, s) })
	b.mu.Lock()
	b.ready = ready
	b.mu.Unlock()
	b.passing.Lock()
	defer b.passing.Unlock()
	return len(ready)
}

func (b *balancer) next() *url.URL {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn++
	u, _ := url.Parse(b.ready[b.turn%len(b.ready)])
	return u
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.passing.RLock()
	defer b.passing.RUnlock()
	b.proxy.ServeHTTP(w, r)
}

// Each of three servers is restarted under load. Whoever asks through the balancer notices nothing: neither while the
// balancer goes on sending requests to a server that leaves, nor when it has noticed and the server's grace ends.
func TestStop_ARollingRestartFailsNoRequest(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t), "SHUTDOWN_GRACE": "60",
		// the limiter in Redis is shared with earlier runs
		"JWT_SECRET_KEY": "one-key-for-all-replicas-0123456789abcdef", "ENCRYPTION_KEY": rand.Text() + rand.Text(),
		"RATE_LIMIT_PER_MINUTE": "1000000", "RATE_LIMIT_PER_HOUR": "1000000",
	}
	var urls []string
	var stops, notices []func()
	begin := func() {
		noticed := make(chan struct{})
		a, stop := apptest.Begin(t, io.Discard, env, app.Options{GraceOver: noticed})
		notice := sync.OnceFunc(func() { close(noticed) })
		t.Cleanup(notice) // and then it stops
		urls, stops, notices = append(urls, a.Address()), append(stops, stop), append(notices, notice)
	}
	for range 3 {
		begin()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := newBalancer()
	b.look(ctx, urls)

	var asked, failed atomic.Int64
	restarted := make(chan struct{})
	var load sync.WaitGroup
	for range 8 {
		load.Go(func() {
			for {
				select {
				case <-restarted:
					return
				default:
				}
				w := newOutcome()
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/plans", nil)
				b.ServeHTTP(w, req)
				asked.Add(1)
				if w.status != http.StatusOK {
					failed.Add(1)
				}
			}
		})
	}
	more := func(when string) {
		before := asked.Load()
		eventually(t, "requests "+when, func() bool { return asked.Load() > before+200 })
	}
	for range 3 { // the oldest goes once the new one is known
		begin()
		if n := b.look(ctx, urls); n != 4 {
			t.Errorf("%d of 4 are ready", n)
		}
		stopped := make(chan struct{})
		go func() { defer close(stopped); stops[0]() }()
		eventually(t, "the oldest says that it leaves", func() bool { return !isReady(ctx, urls[0]) })
		more("in its grace")
		if n := b.look(ctx, urls); n != 3 {
			t.Errorf("%d of 3 are ready", n)
		}
		notices[0]()
		<-stopped
		more("to those that stay")
		urls, stops, notices = urls[1:], stops[1:], notices[1:]
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
