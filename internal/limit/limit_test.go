package limit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/repazoo/repazoo/internal/fault"
)

var minuteAndHour = []Window{{"minute", 60, time.Minute}, {"hour", 1000, time.Hour}}

// clock is a time that moves only when a test moves it.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMicro(c.micros.Load()) }
func (c *clock) advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

// taker is what Local, Redis and Limiter have in common.
type taker interface {
	Take(ctx context.Context, key string, ws []Window) (Decision, error)
	Look(ctx context.Context, key string, ws []Window) (Decision, error)
}

// each runs fn with every counter on a clock of its own.
func each(t *testing.T, fn func(t *testing.T, limiter taker, c *clock)) {
	t.Helper()
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		fn(t, NewLocal(c.now), c)
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		fn(t, NewRedis(dial(t), c.now), c)
	})
}

func take(t testing.TB, limiter taker, key string, ws []Window) Decision {
	t.Helper()
	d, err := limiter.Take(t.Context(), key, ws)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// flood makes calls at the same time and returns how many were allowed.
func flood(t *testing.T, limiter taker, key string, calls int) int {
	t.Helper()
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			if d, err := limiter.Take(t.Context(), key, minuteAndHour); err != nil {
				t.Error(err)
			} else if d.Allowed {
				allowed.Add(1)
			}
		})
	}
	wg.Wait()
	return int(allowed.Load())
}

func TestTake_ExactlyTheLimitOfManyConcurrentCallsPass(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, limiter taker, _ *clock) {
		if got := flood(t, limiter, unique(), 1000); got != 60 {
			t.Fatalf("%d calls passed", got)
		}
	})
}

func TestTake_RefusedCallsCostNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, limiter taker, c *clock) {
		key := unique()
		flood(t, limiter, key, 60)
		first := take(t, limiter, key, minuteAndHour)
		for range 500 {
			c.advance(100 * time.Millisecond)
			take(t, limiter, key, minuteAndHour)
		}
		later := take(t, limiter, key, minuteAndHour)
		if first.Allowed || later.Allowed || later.RetryAfter != first.RetryAfter-50*time.Second ||
			later.Windows[1].Remaining != 940 {
			t.Fatalf("first %+v\nlater %+v", first, later)
		}
	})
}

func TestTake_RetryAfterIsExactToTheSecond(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, limiter taker, c *clock) {
		key := unique()
		c.advance(1300 * time.Millisecond)
		flood(t, limiter, key, 60)
		d := take(t, limiter, key, minuteAndHour)
		if d.RetryAfter != 61*time.Second || d.Windows[0].Reset != d.RetryAfter { // the bucket of 2 s ends 0.7 s later
			t.Fatalf("got %+v", d)
		}
		c.advance(d.RetryAfter - time.Second)
		if take(t, limiter, key, minuteAndHour).Allowed {
			t.Fatal("allowed a second too early")
		}
		c.advance(time.Second)
		if !take(t, limiter, key, minuteAndHour).Allowed {
			t.Fatal("refused after Retry-After")
		}
	})
}

func TestTake_TheLongestWaitOfAllFullWindowsCounts(t *testing.T) {
	t.Parallel()
	ws := []Window{{"minute", 2, time.Minute}, {"hour", 2, time.Hour}, {"day", 3, 24 * time.Hour}}
	each(t, func(t *testing.T, limiter taker, _ *clock) {
		key := unique()
		take(t, limiter, key, ws)
		take(t, limiter, key, ws)
		want := Decision{RetryAfter: 62 * time.Minute, Windows: []State{
			{ws[0], 0, 62 * time.Second}, {ws[1], 0, 62 * time.Minute}, {ws[2], 1, 24*time.Hour + 48*time.Minute},
		}}
		if diff := cmp.Diff(want, take(t, limiter, key, ws)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTake_ALoweredLimitHoldsAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, limiter taker, c *clock) {
		key := unique()
		for range 5 {
			take(t, limiter, key, []Window{{"minute", 60, time.Minute}})
			c.advance(4 * time.Second)
		}
		lowered := []Window{{"minute", 2, time.Minute}}
		d := take(t, limiter, key, lowered)
		if d.Allowed || d.Windows[0].Remaining != 0 || d.RetryAfter != 54*time.Second { // until the 4th of 5 has gone
			t.Fatalf("got %+v", d)
		}
		c.advance(d.RetryAfter)
		if !take(t, limiter, key, lowered).Allowed {
			t.Fatal("refused after Retry-After")
		}
	})
}

func TestTake_AClockThatIsSetBackReopensNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, limiter taker, c *clock) {
		key := unique()
		flood(t, limiter, key, 60)
		c.advance(-30 * time.Second)
		if take(t, limiter, key, minuteAndHour).Allowed {
			t.Fatal("allowed")
		}
		c.advance(-24 * time.Hour) // it was wrong by far, and nobody is locked out for a day
		if !take(t, limiter, key, minuteAndHour).Allowed {
			t.Fatal("refused")
		}
	})
}

func TestTake_RefusesWindowsOutOfBounds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, limiter taker, _ *clock) {
		for _, ws := range [][]Window{
			nil, make([]Window, MaxWindows+1),
			{{"none", 0, time.Minute}},
			{{"large", MaxLimit + 1, time.Minute}},
			{{"short", 1, time.Second - 1}},
			{{"long", 1, MaxPer + 1}},
		} {
			if _, err := limiter.Take(t.Context(), "key", ws); !errors.Is(err, fault.Internal) {
				t.Errorf("%v: got %v", ws, err)
			}
		}
	})
}

func TestTake_CountsUpToTheLargestLimit(t *testing.T) {
	t.Parallel()
	ws := []Window{{"minute", 700, time.Minute}}
	each(t, func(t *testing.T, limiter taker, _ *clock) {
		key := unique()
		for i := range 700 {
			if d := take(t, limiter, key, ws); !d.Allowed || d.Windows[0].Remaining != 699-i {
				t.Fatalf("call %d: %+v", i, d)
			}
		}
		if take(t, limiter, key, ws).Allowed {
			t.Fatal("one too many")
		}
	})
}
