package removal

import (
	"slices"
	"time"
)

// Pace bounds how often X is asked to delete a post of one account: X's own limit, and a daily bound of ours.
type Pace struct {
	PerWindow int           // deletions in any Window
	Window    time.Duration // X's: 15 minutes
	PerDay    int           // deletions in any 24 hours
}

// XPace is X's limit with a daily bound.
func XPace(perDay int) Pace { return Pace{PerWindow: 50, Window: 15 * time.Minute, PerDay: perDay} }

const day = 24 * time.Hour

// Allowed is how many deletions may be asked for now, after those at the times of asked; with none, next is when the
// first one may be asked for again. The bounds hold in every span of their length, wherever it begins, because nobody
// knows when X's own window began.
func (p Pace) Allowed(asked []time.Time, now time.Time) (n int, next time.Time) {
	asked = slices.SortedFunc(slices.Values(asked), time.Time.Compare)
	n, next = p.PerWindow, now
	for _, bound := range []struct {
		most int
		span time.Duration
	}{{p.PerWindow, p.Window}, {p.PerDay, day}} {
		within := after(asked, now.Add(-bound.span))
		left := bound.most - len(within)
		n = max(0, min(n, left))
		if left <= 0 { // free again once as many as are too many have left the span
			if at := within[len(within)-bound.most].Add(bound.span); at.After(next) {
				next = at
			}
		}
	}
	return n, next
}

// after are the times after t, of times in their order.
func after(sorted []time.Time, t time.Time) []time.Time {
	i, _ := slices.BinarySearchFunc(sorted, t, func(a, b time.Time) int {
		if a.After(b) {
			return 1
		}
		return -1
	})
	return sorted[i:]
}

// perPost is about how long the look at a post and its deletion take.
const perPost = time.Second

// Estimate is about when the last of n deletions is done.
func (p Pace) Estimate(n int, asked []time.Time, now time.Time) time.Time {
	asked = slices.Clone(asked)
	for n > 0 {
		k, next := p.Allowed(asked, now)
		if k == 0 {
			now = next
			continue
		}
		for range min(k, n) {
			asked = append(asked, now)
			now = now.Add(perPost)
		}
		n -= min(k, n)
	}
	return now
}
