package limit

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// habits are how callers spread their calls over the windows, and the most memory that one of them may take, in bytes.
// docs/limits.md has what it was.
var habits = map[string]struct {
	calls        int
	pause        time.Duration
	redis, local int64
}{
	"ten calls in a row":        {10, time.Second, 150, 300},
	"a call a minute":           {60, time.Minute, 200, 600},
	"as scattered as can be":    {1000, 3600 * time.Millisecond, 300, 1000},
	"a thousand calls together": {1000, 0, 150, 300},
}

func TestRedis_KeepsAKeySmall(t *testing.T) {
	t.Parallel()
	client := dial(t)
	for name, habit := range habits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, key := newClock(), unique()
			redis := NewRedis(client, c.now)
			for range habit.calls {
				take(t, redis, key, minuteAndHour)
				c.advance(habit.pause)
			}
			got, err := client.Do(t.Context(), client.B().MemoryUsage().Key(prefix+key).Build()).AsInt64()
			if err != nil || got > habit.redis {
				t.Fatalf("%d bytes, %v", got, err)
			}
			t.Logf("%d bytes", got)
		})
	}
}

// The heap is everybody's, so this test is alone while it measures: those that run in parallel begin after it.
func TestLocal_KeepsAKeySmall(t *testing.T) { //nolint:paralleltest // see above
	const keys = 250
	for name, habit := range habits {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // see above
			names := make([]string, keys)
			for i := range names {
				names[i] = fmt.Sprintf("%.10s%06d", unique(), i)
			}
			c := newClock()
			before := heap()
			local := NewLocal(c.now)
			for range habit.calls {
				for _, key := range names {
					if _, err := local.Take(t.Context(), key, minuteAndHour); err != nil {
						t.Fatal(err)
					}
				}
				c.advance(habit.pause)
			}
			got := (heap() - before) / keys
			runtime.KeepAlive(local)
			if got > habit.local {
				t.Errorf("%d bytes", got)
			}
			t.Logf("%d bytes", got)
		})
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first made free to be finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
