package limit

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/repazoo/repazoo/internal/fault"
)

// unique is a key of 16 bytes, as callers give, that no other test uses.
func unique() string { return rand.Text()[:16] }

func redisURL(t testing.TB) string {
	t.Helper()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		t.Fatal("TEST_REDIS_URL is not set: run the tests with make test, which starts a Redis for them.")
	}
	return url
}

func dial(t testing.TB) rueidis.Client {
	t.Helper()
	client, err := Dial(redisURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func TestRedis_ReadsTheServersClockAndExpiresKeys(t *testing.T) {
	t.Parallel()
	client, key := dial(t), unique()
	redis := NewRedis(client, nil)
	if d := take(t, redis, key, minuteAndHour); !d.Allowed || d.Windows[0].Remaining != 59 {
		t.Fatalf("got %+v", d)
	}
	left, err := client.Do(t.Context(), client.B().Pttl().Key(prefix+key).Build()).AsInt64()
	if life := time.Duration(left) * time.Millisecond; err != nil || life <= time.Hour-time.Second ||
		life > 62*time.Minute {
		t.Fatalf("expires in %v, %v", life, err)
	}
}

func TestDial_SaysWhatIsWrongWithoutThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"http://:hunter2@127.0.0.1:1", "redis://:hunter2@127.0.0.1:1",
		"redis://:hunter2@h:1,nonsense",
	} {
		_, err := Dial(url)
		if !errors.Is(err, fault.DependencyDown) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", url, err)
		}
	}
}

func TestOptions_ReadsAListAsTheNodesOfOneCluster(t *testing.T) {
	t.Parallel()
	o, err := options("rediss://user:pass@a:1, rediss://b:2 ,rediss://c")
	if err != nil || strings.Join(o.InitAddress, " ") != "a:1 b:2 c:6379" || o.Username != "user" ||
		o.Password != "pass" || o.TLSConfig == nil {
		t.Fatalf("got %v %v, %v", o.InitAddress, o.Username, err)
	}
}

// wire stands between a client and Redis and can be cut, silenced and mended.
type wire struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	mode  mode
	conns []net.Conn
}

type mode int

const (
	mended mode = iota
	cut         // connections are closed, new ones too
	silent      // connections stay, and nothing comes back
)

func newWire(t *testing.T) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, target: strings.TrimPrefix(redisURL(t), "redis://")}
	go w.serve()
	t.Cleanup(func() {
		listener.Close()
		w.set(cut)
	})
	return w
}

func (w *wire) serve() {
	for {
		down, err := w.listener.Accept()
		if err != nil {
			return
		}
		up, err := net.Dial("tcp", w.target)
		if err != nil {
			down.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, down, up)
		closed := w.mode == cut
		w.mu.Unlock()
		if closed {
			down.Close()
			up.Close()
			continue
		}
		go w.copy(up, down)
		go w.copy(down, up)
	}
}

func (w *wire) copy(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if w.is(silent) {
			continue
		}
		if _, err := to.Write(buffer[:n]); errors.Is(err, io.ErrClosedPipe) {
			return
		}
	}
}

func (w *wire) is(m mode) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mode == m
}

func (w *wire) set(m mode) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mode = m
	if m == silent {
		return
	}
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}

// unhurried is a patience that no busy machine exhausts.
const unhurried = time.Second

func TestLimiter_CountsHereWhileRedisIsGoneAndHandsBack(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]mode{"cut": cut, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t)
			client, err := Dial("redis://" + w.listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			local, key := NewLocal(time.Now), unique()
			limiter := newLimiter(local, NewRedis(client, nil), unhurried, 20*time.Millisecond)

			flood(t, limiter, key, 10)
			if local.size() != 0 || limiter.Healthy(t.Context()) != nil {
				t.Fatal("Redis was not asked")
			}

			w.set(failure)
			if got := flood(t, limiter, key, 1000); got != 60 || local.size() != 1 {
				t.Fatalf("%d calls passed without Redis", got)
			}
			for range 20 {
				begun := time.Now()
				take(t, limiter, unique(), minuteAndHour)
				if waited := time.Since(begun); waited > 4*unhurried {
					t.Errorf("a call waited %v for a dead Redis", waited)
				}
			}
			if err := limiter.Healthy(t.Context()); !errors.Is(err, fault.DependencyDown) {
				t.Fatalf("health says %v", err)
			}

			w.set(mended)
			await(t, func() bool { return take(t, limiter, key, minuteAndHour).Allowed }) // Redis has counted 10 only
		})
	}
}

func TestOpen_StartsWithoutRedisAndTakesItWhenItComes(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.set(cut)
	redis, err := Open("redis://" + w.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	local, key := NewLocal(time.Now), unique()
	limiter := newLimiter(local, redis, unhurried, time.Millisecond)
	if got := flood(t, limiter, key, 100); got != 60 || local.size() != 1 {
		t.Fatalf("%d calls passed without Redis", got)
	}
	if err := limiter.Healthy(t.Context()); !errors.Is(err, fault.DependencyDown) {
		t.Fatalf("health says %v", err)
	}
	w.set(mended)
	await(t, func() bool { return take(t, limiter, key, minuteAndHour).Allowed }) // Redis has counted none
	await(t, func() bool { return limiter.Healthy(t.Context()) == nil })
}

func TestOpen_RefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	if _, err := Open("http://:hunter2@127.0.0.1:1"); !errors.Is(err, fault.DependencyDown) ||
		strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
}

func TestLimiter_AsksADeadRedisOncePerPause(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	client, err := Dial("redis://" + w.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	limiter := newLimiter(NewLocal(time.Now), NewRedis(client, nil), unhurried, time.Hour)
	w.set(silent)
	take(t, limiter, unique(), minuteAndHour)
	if !limiter.breaker.IsOpen() {
		t.Fatal("Redis is still asked")
	}
	w.set(mended)
	take(t, limiter, unique(), minuteAndHour)
	if got := limiter.local.size(); got != 2 {
		t.Fatalf("%d of 2 calls were counted here", got)
	}
}

func TestLimiter_PassesOnThatTheCallerIsGone(t *testing.T) {
	t.Parallel()
	limiter := New(NewLocal(time.Now), NewRedis(dial(t), nil), unhurried)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := limiter.Take(ctx, unique(), minuteAndHour); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if !limiter.breaker.IsClosed() {
		t.Fatal("Redis was blamed")
	}
}

func TestLimiter_NeedsNoRedis(t *testing.T) {
	t.Parallel()
	limiter := New(NewLocal(newClock().now), nil, 0)
	if got := flood(t, limiter, "key", 100); got != 60 || limiter.Healthy(t.Context()) != nil {
		t.Fatalf("%d calls passed", got)
	}
}

// await asks until the answer is yes, half a minute at most.
func await(t *testing.T, yes func() bool) {
	t.Helper()
	deadline, tick := time.After(30*time.Second), time.Tick(5*time.Millisecond)
	for !yes() {
		select {
		case <-deadline:
			t.Fatal("it never happened")
		case <-tick:
		}
	}
}
