package limit

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// model remembers every allowed call, and is plain enough to be right.
type model struct {
	clock *clock
	calls map[string][]int64 // microseconds
}

func (m *model) take(key string, ws []Window, count bool) Decision {
	now := m.clock.now().UnixMicro()
	d := Decision{Allowed: true}
	for _, w := range ws {
		counted := m.counted(key, w, now)
		if len(counted) >= w.Limit {
			d.Allowed = false
			d.RetryAfter = max(d.RetryAfter, seconds(counted[len(counted)-w.Limit]-now))
		}
	}
	if d.Allowed && count {
		m.calls[key] = append(m.calls[key], now)
	}
	for _, w := range ws {
		s := State{Window: w, Remaining: w.Limit}
		if counted := m.counted(key, w, now); len(counted) > 0 {
			s.Remaining -= len(counted)
			s.Reset = seconds(counted[0] - now)
		}
		d.Windows = append(d.Windows, s)
	}
	return d
}

// counted returns when each call that counts now will stop counting, oldest first.
func (m *model) counted(key string, w Window, now int64) []int64 {
	var ends []int64
	for _, at := range m.calls[key] {
		if end := (at/w.width() + Buckets + 1) * w.width(); end > now {
			ends = append(ends, end)
		}
	}
	return ends
}

// crowded reports whether some span of Per holds more than Limit calls.
func (m *model) crowded(key string, w Window) bool {
	calls := m.calls[key]
	return slices.ContainsFunc(calls, func(end int64) bool {
		inside := 0
		for _, at := range calls {
			if at <= end && at > end-w.Per.Microseconds() {
				inside++
			}
		}
		return inside > w.Limit
	})
}

func TestTake_LocalAndRedisDecideLikeAnExactModel(t *testing.T) {
	t.Parallel()
	client := dial(t)
	checkModel(t, func(c *clock) map[string]taker {
		return map[string]taker{"local": NewLocal(c.now), "redis": NewRedis(client, c.now)}
	})
}

// checkModel drives counters with random calls, and compares each decision with the model's.
func checkModel(t *testing.T, counters func(*clock) map[string]taker) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		m, all := &model{c, map[string][]int64{}}, counters(c)
		run, keys := unique(), []string{"a", "b"}
		ws := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Window {
			return Window{
				Limit: rapid.IntRange(1, 9).Draw(t, "limit"),
				Per:   time.Duration(rapid.IntRange(1, 100).Draw(t, "seconds")) * time.Second,
			}
		}), 1, 3).Draw(t, "windows")
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			c.advance(time.Duration(rapid.IntRange(0, 20_000_000).Draw(t,
				"pause")/rapid.SampledFrom([]int{1, 100, 10_000}).Draw(t, "pace")) * time.Microsecond)
			key := rapid.SampledFrom(keys).Draw(t, "key")
			count := rapid.IntRange(0, 3).Draw(t, "count") > 0
			want := m.take(key, ws, count)
			for name, limiter := range all {
				ask := limiter.Look
				if count {
					ask = limiter.Take
				}
				got, err := ask(t.Context(), run+key, ws)
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Fatal(name, err, diff)
				}
			}
		}
		for _, key := range keys {
			for _, w := range ws {
				if m.crowded(key, w) {
					t.Fatalf("more than %d calls in %v", w.Limit, w.Per)
				}
			}
		}
	})
}

func TestWidth_BucketsCoverTheWindowWithTheLeastExcess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := Window{Per: time.Duration(rapid.Int64Range(int64(MinPer), int64(MaxPer)).Draw(t,
			"per")).Truncate(time.Microsecond)}
		excess := Buckets*w.width() - w.Per.Microseconds()
		if excess < 0 || excess >= Buckets {
			t.Fatalf("%v: %d µs too long", w.Per, excess)
		}
	})
}
