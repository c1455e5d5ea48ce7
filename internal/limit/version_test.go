package limit

import (
	"context"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/limit/redistest"
)

// keeper is whatever brings versions.
type keeper interface {
	taker
	TakeMarking(ctx context.Context, key string, ws []Window) (Decision, error)
	Mark(ctx context.Context, keys ...string) error
}

// opened is a Limiter of a Redis, as a program opens it, on a test's clock. Its connection is old on the clock that
// runs on evenly, which stands still.
func opened(t *testing.T, url string, c *clock) (l *Limiter, even *clock) {
	t.Helper()
	redis, err := prepare(url)
	if err != nil {
		t.Fatal(err)
	}
	redis.now = c.now
	even = newClock()
	redis.even = even.now
	redis.begin()
	t.Cleanup(redis.Close)
	l = newLimiter(NewLocal(c.now), redis, unhurried, 0)
	for range 50 { // a node of a cluster is dialed when it is first asked
		take(t, l, unique(), minuteAndHour)
	}
	redis.dialed.Store(new(even.now()))
	even.advance(Unsettled)
	return l, even
}

// eachKeeper runs fn with everything that brings versions: alone, and with each kind of Redis.
func eachKeeper(t *testing.T, fn func(t *testing.T, k keeper, c *clock)) {
	t.Helper()
	t.Run("alone", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		fn(t, NewAlone(NewLocal(c.now), c.now), c)
	})
	for kind, url := range kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			l, _ := opened(t, url, c)
			fn(t, l, c)
		})
	}
}

func mark(t *testing.T, k keeper, keys ...string) {
	t.Helper()
	if err := k.Mark(t.Context(), keys...); err != nil {
		t.Fatal(err)
	}
}

// rested is the version of a key whose last change is over.
func rested(t *testing.T, k keeper, key string, c *clock) Version {
	t.Helper()
	take(t, k, key, minuteAndHour)
	c.advance(Unsettled)
	v := take(t, k, key, minuteAndHour).Version
	if v.ID == 0 || !v.Settled {
		t.Fatalf("after a second the version is %+v", v)
	}
	return v
}

func TestMark_ReplacesTheVersionAndCountsNothing(t *testing.T) {
	t.Parallel()
	eachKeeper(t, func(t *testing.T, k keeper, c *clock) {
		ann, bob := unique(), unique()
		before, other := rested(t, k, ann, c), rested(t, k, bob, c)
		if again := take(t, k, ann, minuteAndHour).Version; again != before {
			t.Fatalf("without a mark it went from %+v to %+v", before, again)
		}
		mark(t, k, ann)
		d := take(t, k, ann, minuteAndHour)
		if d.Version.ID == before.ID || d.Version.ID == 0 || d.Version.Settled {
			t.Errorf("it went from %+v to %+v", before, d.Version)
		}
		if left := 60 - 4; d.Windows[0].Remaining != left || d.Windows[1].Remaining != 1000-4 {
			t.Errorf("%d calls are left, want %d", d.Windows[0].Remaining, left)
		}
		if now := take(t, k, bob, minuteAndHour).Version; now != other {
			t.Errorf("another's went from %+v to %+v", other, now)
		}
		c.advance(Unsettled - time.Millisecond)
		if take(t, k, ann, minuteAndHour).Version.Settled {
			t.Error("it is settled too early")
		}
		c.advance(time.Millisecond)
		if v := take(t, k, ann, minuteAndHour).Version; !v.Settled || v.ID != d.Version.ID {
			t.Errorf("a second later it is %+v", v)
		}
	})
}

func TestMark_TakesManyAndThoseNobodyHasAskedFor(t *testing.T) {
	t.Parallel()
	eachKeeper(t, func(t *testing.T, k keeper, c *clock) {
		keys := make([]string, 20) // in several places of a cluster
		before := make([]Version, len(keys))
		for i := range keys {
			keys[i] = unique()
			if i > 0 {
				before[i] = rested(t, k, keys[i], c)
			}
		}
		mark(t, k, keys...)
		for i, key := range keys {
			if v := take(t, k, key, minuteAndHour).Version; v.ID == before[i].ID || v.Settled {
				t.Errorf("key %d: from %+v to %+v", i, before[i], v)
			}
		}
	})
}

func TestTakeMarking_ReplacesTheVersionOnlyOfACallThatIsAllowed(t *testing.T) {
	t.Parallel()
	two := []Window{{"minute", 3, time.Minute}}
	eachKeeper(t, func(t *testing.T, k keeper, c *clock) {
		key := unique()
		before := take(t, k, key, two).Version
		d, err := k.TakeMarking(t.Context(), key, two)
		if err != nil || d.Version.ID == before.ID || d.Version.Settled || d.Windows[0].Remaining != 1 {
			t.Fatalf("from %+v to %+v, %v", before, d, err)
		}
		c.advance(Unsettled)
		after := take(t, k, key, two).Version
		if after.ID != d.Version.ID || !after.Settled {
			t.Fatalf("from %+v to %+v", d.Version, after)
		}
		if d, err := k.TakeMarking(t.Context(), key, two); err != nil || d.Allowed || d.Version != (Version{}) {
			t.Fatalf("a call too many: %+v, %v", d, err)
		}
	})
}

func TestVersion_IsUnknownWhereNobodyCanVouchForIt(t *testing.T) {
	t.Parallel()
	c, key := newClock(), unique()
	full := []Window{{"minute", 1, time.Minute}}
	alone := NewAlone(NewLocal(c.now), c.now)
	redis, _ := opened(t, redisURL(t), c)
	take(t, alone, key, full)
	take(t, redis, key, full)
	away, err := Open("redis://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(away.Close)
	nobody := New(NewLocal(c.now), nil, 0)
	gone := New(NewLocal(c.now), away, unhurried)
	uncounted := NewRedis(dial(t), c.now)
	for name, ask := range map[string]func() (Decision, error){
		"a look, alone":                 func() (Decision, error) { return alone.Look(t.Context(), unique(), full) },
		"a look, with Redis":            func() (Decision, error) { return redis.Look(t.Context(), unique(), full) },
		"refused, alone":                func() (Decision, error) { return alone.Take(t.Context(), key, full) },
		"refused, with Redis":           func() (Decision, error) { return redis.Take(t.Context(), key, full) },
		"replicas without Redis":        func() (Decision, error) { return nobody.Take(t.Context(), key, full) },
		"marking, without Redis":        func() (Decision, error) { return nobody.TakeMarking(t.Context(), unique(), full) },
		"Redis is away":                 func() (Decision, error) { return gone.Take(t.Context(), key, full) },
		"nobody counts its connections": func() (Decision, error) { return uncounted.Take(t.Context(), unique(), full) },
	} {
		if d, err := ask(); err != nil || d.Version != (Version{}) {
			t.Errorf("%s: %+v, %v", name, d.Version, err)
		}
	}
	for name, l := range map[string]*Limiter{"replicas without Redis": nobody, "Redis is away": gone} {
		if err := l.Mark(t.Context(), key); err == nil {
			t.Errorf("%s: a mark that reaches nobody does not fail", name)
		}
	}
}

func TestVersion_ALostKeyIsAVersionNeverSeenAndUnsettled(t *testing.T) {
	t.Parallel()
	client, c := dial(t), newClock()
	l, _ := opened(t, redisURL(t), c)
	key := unique()
	seen := map[uint64]bool{}
	for range 5 {
		v := rested(t, l, key, c)
		if seen[v.ID] {
			t.Fatalf("version %d was there before", v.ID)
		}
		seen[v.ID] = true
		if err := client.Do(t.Context(), client.B().Del().Key(prefix+key).Build()).Error(); err != nil {
			t.Fatal(err)
		}
		if v := take(t, l, key, minuteAndHour).Version; v.Settled { // the mark of a change that is not committed may be lost
			t.Error("it is settled at once")
		}
	}
}

// Redis is killed after a change and comes back with what it knew before it.
func TestVersion_ANewConnectionMakesEveryVersionAnotherAndNothingIsSettledForASecond(t *testing.T) {
	t.Parallel()
	server, c := redistest.Start(t, redistest.Redis), newClock()
	l, even := opened(t, server.URL, c)
	key := unique()
	before := rested(t, l, key, c)
	server.Do("COPY", prefix+key, "snapshot")
	mark(t, l, key)
	server.Kill()
	if d := take(t, l, key, minuteAndHour); d.Version != (Version{}) {
		t.Errorf("without Redis it is %+v", d.Version)
	}
	server.Again()
	server.Do("COPY", "snapshot", prefix+key, "REPLACE")
	v := backAgain(t, l, key)
	if v.ID != before.ID {
		t.Fatalf("the snapshot has %d and not %d: it shows nothing", v.ID, before.ID)
	}
	if v.Epoch == before.Epoch || v.Settled {
		t.Errorf("before %+v, restored %+v", before, v)
	}
	even.advance(Unsettled)
	if v := take(t, l, key, minuteAndHour).Version; !v.Settled {
		t.Errorf("a second after the connection it is %+v", v)
	}
}

// backAgain is the first version that Redis tells after it was away.
func backAgain(t *testing.T, l *Limiter, key string) Version {
	t.Helper()
	for t.Context().Err() == nil {
		if v := take(t, l, key, minuteAndHour).Version; v.ID != 0 {
			return v
		}
	}
	t.Fatal("Redis does not come back")
	return Version{}
}

func TestMark_FailsWithAFaultOrASentenceAndNeverWaitsLong(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	redis, err := Open("redis://" + w.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	l := New(NewLocal(time.Now), redis, 50*time.Millisecond)
	w.set(silent)
	begun := time.Now()
	if err := l.Mark(t.Context(), unique()); err == nil || fault.From(err).Code == "" {
		t.Errorf("got %v", err)
	}
	if err := l.Mark(t.Context(), unique()); err == nil { // the breaker is open now
		t.Error("the second did not fail")
	}
	if took := time.Since(begun); took > unhurried {
		t.Errorf("two marks took %v", took)
	}
}
