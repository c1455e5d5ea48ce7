package limit

import (
	"fmt"
	"testing"
	"time"
)

// small is a Local that holds one key in each shard.
func small(c *clock) *Local {
	l := NewLocal(c.now)
	for i := range l.shards {
		l.shards[i].capacity = 1
	}
	return l
}

func (l *Local) size() int {
	n := 0
	for i := range l.shards {
		n += len(l.shards[i].counters)
	}
	return n
}

func TestLocal_HoldsNoMoreKeysThanItHasRoomForAndRefusesNobody(t *testing.T) {
	t.Parallel()
	l := small(newClock())
	for i := range 10_000 {
		if !take(t, l, fmt.Sprint(i), minuteAndHour).Allowed {
			t.Fatal("refused for lack of room")
		}
	}
	if got := l.size(); got != shards {
		t.Fatalf("holds %d keys", got)
	}
}

func TestLocal_LookingTakesNoRoom(t *testing.T) {
	t.Parallel()
	l := NewLocal(newClock().now)
	for i := range 1000 {
		if d, err := l.Look(t.Context(), fmt.Sprint(i), minuteAndHour); err != nil || !d.Allowed ||
			d.Windows[0].Remaining != 60 {
			t.Fatal(d, err)
		}
	}
	if got := l.size(); got != 0 {
		t.Fatalf("holds %d keys", got)
	}
}

func TestLocal_KeepsCallersNearALimitWhenRoomIsShort(t *testing.T) {
	t.Parallel()
	l := NewLocal(newClock().now)
	for i := range l.shards {
		l.shards[i].capacity = candidates
	}
	flood(t, l, "heavy", 60)
	for i := range 10_000 {
		take(t, l, fmt.Sprint(i), minuteAndHour)
	}
	if take(t, l, "heavy", minuteAndHour).Allowed {
		t.Fatal("forgotten")
	}
}

func TestLocal_ForgetsKeysThatCountNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := NewLocal(c.now)
	for i := range 5000 {
		take(t, l, fmt.Sprint("old", i), minuteAndHour)
	}
	c.advance(62*time.Minute + time.Microsecond)
	for i := range 1000 {
		take(t, l, fmt.Sprint("new", i), minuteAndHour)
	}
	if got := l.size(); got != 1000 {
		t.Fatalf("holds %d keys", got)
	}
}
