package recall

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a time that moves only when a test moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func memory(t *testing.T, bytes int, c *clock, count func(Outcome)) *Memory {
	t.Helper()
	m, err := New(bytes, c.now, count)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	ann     = Key{User: "ann", Route: "GET /me"}
	settled = Version{Epoch: 1, ID: 7, Settled: true}
)

func TestRecall_GivesAnAnswerOnlyUnderTheVersionItWasKeptUnder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kept, asked Version
		key         Key
		want        bool
	}{
		"the same":                        {settled, settled, ann, true},
		"the same, replaced a moment ago": {settled, Version{1, 7, false}, ann, true},
		"another version":                 {settled, Version{1, 8, true}, ann, false},
		"another connection":              {settled, Version{2, 7, true}, ann, false},
		"an unknown one":                  {settled, Version{}, ann, false},
		"unknown but settled":             {settled, Version{1, 0, true}, ann, false},
		"kept under an unknown one":       {Version{1, 0, true}, Version{1, 0, true}, ann, false},
		"kept within a mark's moment":     {Version{1, 7, false}, settled, ann, false},
		"another person":                  {settled, settled, Key{User: "bob", Route: ann.Route}, false},
		"another route":                   {settled, settled, Key{User: "ann", Route: "GET /usage"}, false},
		"another language":                {settled, settled, Key{User: "ann", Route: ann.Route, Language: "de"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			m := memory(t, 1<<20, clock, nil)
			m.Keep(ann, c.kept, Answer{Body: []byte("ann"), Type: "text/plain", Began: clock.now()})
			a, ok := m.Recall(c.key, c.asked)
			if ok != c.want || ok && (string(a.Body) != "ann" || a.Type != "text/plain") {
				t.Errorf("got %q, %v", a.Body, ok)
			}
		})
	}
}

func TestRecall_NothingOutlivesItsMomentNorFiveSeconds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		until, after time.Duration // 0: never
		want         bool
	}{
		"at once":                       {0, 0, true},
		"just before five seconds":      {0, Life - 1, true},
		"at five seconds":               {0, Life, false},
		"just before its moment":        {time.Second, time.Second - 1, true},
		"at its moment":                 {time.Second, time.Second, false},
		"a moment beyond five seconds":  {time.Hour, Life, false},
		"a moment that had passed":      {-time.Second, 0, false},
		"a clock that was set back":     {0, -time.Nanosecond, false},
		"a clock that was set far back": {time.Hour, -24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			m := memory(t, 1<<20, clock, nil)
			a := Answer{Body: []byte("ann"), Began: clock.now()}
			if c.until != 0 {
				a.Until = clock.now().Add(c.until)
			}
			m.Keep(ann, settled, a)
			clock.advance(c.after)
			if _, ok := m.Recall(ann, settled); ok != c.want {
				t.Errorf("given: %v", ok)
			}
		})
	}
}

func TestKeep_CountsTheLifeFromBeforeTheRead(t *testing.T) {
	t.Parallel()
	clock := newClock()
	m := memory(t, 1<<20, clock, nil)
	began := clock.now()
	clock.advance(Life - time.Second) // a slow read
	m.Keep(ann, settled, Answer{Body: []byte("ann"), Began: began})
	if _, ok := m.Recall(ann, settled); !ok {
		t.Error("a second is left, and nothing was given")
	}
	clock.advance(time.Second)
	if _, ok := m.Recall(ann, settled); ok {
		t.Error("five seconds after the read began the answer was given")
	}
}

func TestKeep_LeavesLongAnswersOut(t *testing.T) {
	t.Parallel()
	clock := newClock()
	m := memory(t, 1<<20, clock, nil)
	m.Keep(ann, settled, Answer{Body: make([]byte, MaxAnswer+1), Began: clock.now()})
	if _, ok := m.Recall(ann, settled); ok {
		t.Error("it was kept")
	}
	m.Keep(ann, settled, Answer{Body: make([]byte, MaxAnswer), Began: clock.now()})
	if _, ok := m.Recall(ann, settled); !ok {
		t.Error("the longest was not kept")
	}
}

func TestRecall_EachLookIsCountedOnce(t *testing.T) {
	t.Parallel()
	clock, got := newClock(), map[Outcome]int{}
	m := memory(t, 1<<20, clock, func(o Outcome) { got[o]++ })
	m.Recall(ann, Version{}) // no look: there is nothing to look for
	m.Recall(ann, settled)
	m.Keep(ann, settled, Answer{Began: clock.now()})
	m.Recall(ann, settled)
	m.Recall(ann, settled)
	m.Recall(ann, Version{1, 8, true})
	clock.advance(Life)
	m.Recall(ann, settled)
	want := map[Outcome]int{Miss: 1, Hit: 2, Changed: 1, Old: 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMemory_NilKeepsNothing(t *testing.T) {
	t.Parallel()
	var m *Memory
	m.Keep(ann, settled, Answer{Began: time.Now()})
	if _, ok := m.Recall(ann, settled); ok || m.Keeps(settled) || m.Weight() != 0 {
		t.Error("a nil memory kept something")
	}
}

// Not parallel: it measures the heap.
func TestMemory_StaysWithinItsBytes(t *testing.T) {
	const bound = 8 << 20
	for name, size := range map[string]func() int{
		"short answers": func() int { return 60 },
		"long answers":  func() int { return MaxAnswer },
		"all kinds":     func() int { return rand.IntN(MaxAnswer) }, //nolint:gosec // a test
		"empty answers": func() int { return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			clock, gone := newClock(), 0
			before := heap()
			m := memory(t, bound, clock, func(o Outcome) {
				if o == Room {
					gone++
				}
			})
			written := 0
			for i := 0; written < 5*bound && i < 200_000; i++ {
				k := Key{User: strings.Clone(fmt.Sprintf("%036d", i)), Route: "GET /api/v1/users/me"}
				a := Answer{Body: make([]byte, size()), Type: "application/json", Began: clock.now()}
				m.Keep(k, settled, a)
				written += int(weight(k, a))
				if w := m.Weight(); w > bound {
					t.Fatalf("%d bytes are kept after %d answers", w, i+1)
				}
			}
			if grown := heap() - before; grown > bound {
				t.Errorf("the heap has grown by %d bytes, and %d are said to be kept", grown, m.Weight())
			} else {
				t.Logf("heap %d KiB, said %d KiB, %d went for others", grown>>10, m.Weight()>>10, gone)
			}
			if gone == 0 {
				t.Error("nothing had to go, so nothing was shown")
			}
			runtime.KeepAlive(m)
		})
	}
}

func heap() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}
