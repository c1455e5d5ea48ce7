package claude

import (
	"context"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	firstWindow = 4  // questions in flight before the provider has answered any
	mostFlying  = 32 // questions in flight, however well it answers, unless Config says otherwise
)

// window is how many questions to one model may be in flight at once. It learns that from the answers: it grows with
// each while they come, is halved when the provider refuses for haste or gives no answer, and opens no further question
// while the provider's headers say that its allowance is used up. Those who wait are served in turn: first who has the
// fewest in flight, so that a run of a hundred questions does not keep one of two questions waiting.
//
// It doubles in the time of one answer up to half of where it was last refused, and grows by one from there.
type window struct {
	most int

	mu        sync.Mutex
	size      float64
	threshold float64   // up to it the window doubles
	cut       time.Time // when it was last halved: questions from before tell nothing new
	shut      time.Time // no question begins before
	why       *Failure  // what shut it; nil: an allowance that is used up
	flying    int
	lines     map[string]*line // by turn
	waiting   int
	alarm     *time.Timer // opens again what is shut
	requests  allowance
	input     allowance // of tokens
	output    allowance
}

// line is one turn's questions: those in flight, and those that wait.
type line struct {
	flying int
	queue  []*waiter
}

type waiter struct {
	since    time.Time
	patience time.Duration
	free     chan struct{} // closed when it may begin, or why is set
	why      error
	ahead    bool
}

// allowance is a bucket that the provider fills without pause, as far as its headers tell.
// Source: https://platform.claude.com/docs/en/api/rate-limits, which names the algorithm.
type allowance struct {
	limit float64 // of a minute; 0: not told
	left  float64
	at    time.Time // when left was true
	each  float64   // what a question takes, a running average
}

func newWindow(most int) *window {
	return &window{most: most, size: min(firstWindow, float64(most)), threshold: float64(most), lines: map[string]*line{}}
}

// join puts a waiter behind those who came before it, or before all but those who are ahead as it is.
func (l *line) join(one *waiter) {
	at := len(l.queue)
	if one.ahead {
		if i := slices.IndexFunc(l.queue, func(w *waiter) bool { return !w.ahead }); i >= 0 {
			at = i
		}
	}
	l.queue = slices.Insert(l.queue, at, one)
}

// enter waits until a question of this turn may begin. Where that is known to be no sooner than patience allows, it
// returns at once with the failure that shut the window. Leave it.
func (w *window) enter(ctx context.Context, turn string, ahead bool, patience time.Duration) error {
	w.mu.Lock()
	now := time.Now()
	if wait := w.shut.Sub(now); w.why != nil && wait >= patience {
		again := *w.why
		again.RetryAfter = wait
		w.mu.Unlock()
		return &again
	}
	l := w.lines[turn]
	if l == nil {
		l = &line{}
		w.lines[turn] = l
	}
	me := &waiter{since: now, patience: patience, free: make(chan struct{}), ahead: ahead}
	l.join(me)
	w.waiting++
	w.admit(now)
	w.mu.Unlock()

	select {
	case <-me.free:
		return me.why
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.Index(l.queue, me); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
		w.waiting--
		w.forget(turn, l)
	} else if me.why == nil { // it was let in at the same moment
		w.landed(turn)
		w.admit(time.Now())
	}
	return ctx.Err()
}

// leave ends a question that began at a time, and learns from its answer.
func (w *window) leave(turn string, began time.Time, header http.Header, usage Usage, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.learn(now, began, header, usage, err)
	w.landed(turn)
	w.admit(now)
}

// learn is what an answer says of the window's size.
func (w *window) learn(now, began time.Time, header http.Header, usage Usage, err error) {
	w.requests.note(now, header, "Requests", 1)
	w.input.note(now, header, "Input-Tokens", float64(usage.Input+usage.CacheWrite))
	w.output.note(now, header, "Output-Tokens", float64(usage.Output))
	if err == nil {
		w.grow()
		return
	}
	f := failure(err)
	if f.Permanent || f.cause != nil && !f.timedOut() {
		return
	}
	if f.RetryAfter > 0 && now.Add(f.RetryAfter).After(w.shut) {
		w.shut, w.why = now.Add(f.RetryAfter), f
		w.turnAway(now)
	}
	if began.After(w.cut) {
		w.size = max(1, w.size/2)
		w.threshold, w.cut = w.size, now
	}
}

// turnAway tells those who wait, and have not the patience for it, that the window is shut for long.
func (w *window) turnAway(now time.Time) {
	wait := w.shut.Sub(now)
	for turn, l := range w.lines {
		l.queue = slices.DeleteFunc(l.queue, func(one *waiter) bool {
			if wait < one.patience {
				return false
			}
			again := *w.why
			again.RetryAfter = wait
			one.why = &again
			w.waiting--
			close(one.free)
			return true
		})
		w.forget(turn, l)
	}
}

// grow widens a window that was in use.
func (w *window) grow() {
	switch {
	case w.flying < int(w.size):
		return
	case w.size < w.threshold:
		w.size++
	default:
		w.size += 1 / w.size
	}
	w.size = min(w.size, float64(w.most))
}

func (w *window) landed(turn string) {
	w.flying--
	l := w.lines[turn]
	l.flying--
	w.forget(turn, l)
}

func (w *window) forget(turn string, l *line) {
	if l.flying == 0 && len(l.queue) == 0 {
		delete(w.lines, turn)
	}
}

// admit lets those begin for whom there is room.
func (w *window) admit(now time.Time) {
	for w.waiting > 0 && w.flying < int(w.size) {
		if at := w.opens(now); at.After(now) {
			w.wake(at.Sub(now))
			return
		}
		l := w.next()
		close(l.queue[0].free)
		l.queue = l.queue[1:]
		l.flying++
		w.waiting--
		w.flying++
		for _, a := range []*allowance{&w.requests, &w.input, &w.output} {
			a.take(now)
		}
	}
}

// next is the line whose turn it is: with the fewest questions in flight, then with the longest wait.
func (w *window) next() *line {
	waits := func(yield func(*line) bool) {
		for l := range maps.Values(w.lines) {
			if len(l.queue) > 0 && !yield(l) {
				return
			}
		}
	}
	return slices.MinFunc(slices.Collect(waits), func(a, b *line) int {
		if a.flying != b.flying {
			return a.flying - b.flying
		}
		return a.queue[0].since.Compare(b.queue[0].since)
	})
}

// opens is when the next question may begin.
func (w *window) opens(now time.Time) time.Time {
	at := w.shut
	for _, a := range []*allowance{&w.requests, &w.input, &w.output} {
		if t := a.enough(now); t.After(at) {
			at = t
		}
	}
	return at
}

// wake looks again after a while.
func (w *window) wake(after time.Duration) {
	if w.alarm != nil {
		w.alarm.Stop()
	}
	w.alarm = time.AfterFunc(after, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.admit(time.Now())
	})
}

// allowed is how many questions may be in flight now.
func (w *window) allowed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(w.size)
}

// note reads what the provider says is left. The lower of that and our own count holds: others may use the same key.
func (a *allowance) note(now time.Time, h http.Header, name string, took float64) {
	limit, err := strconv.ParseFloat(h.Get("Anthropic-Ratelimit-"+name+"-Limit"), 64)
	left, err2 := strconv.ParseFloat(h.Get("Anthropic-Ratelimit-"+name+"-Remaining"), 64)
	if err != nil || err2 != nil || !(limit > 0) || !(left >= 0) || math.IsInf(limit, 0) {
		return
	}
	if a.limit == 0 {
		a.left, a.each = left, took
	}
	a.each += (took - a.each) / 8
	a.fill(now)
	a.limit, a.left = limit, min(a.left, left)
}

// fill adds what came since.
func (a *allowance) fill(now time.Time) {
	if !a.at.IsZero() {
		a.left = min(a.limit, a.left+a.limit*now.Sub(a.at).Minutes())
	}
	a.at = now
}

// take is what a question that begins now will probably take.
func (a *allowance) take(now time.Time) {
	if a.limit > 0 {
		a.fill(now)
		a.left -= a.each
	}
}

// enough is when there is enough for a question: now, or the moment at which the bucket will hold it.
func (a *allowance) enough(now time.Time) time.Time {
	if a.limit == 0 {
		return now
	}
	a.fill(now)
	lacks := min(a.each, a.limit) - a.left
	if lacks <= 0 {
		return now
	}
	return now.Add(time.Duration(math.Ceil(lacks / a.limit * float64(time.Minute))))
}
