// Package recall keeps finished answers in memory for as long as nothing has changed: a versioned read cache.
//
//	m, err := recall.New(8<<20, time.Now, counts)
//	if a, ok := m.Recall(key, version); ok { /* send a */ }
//	began := now()                    // before anything is read
//	body, until := readFromDatabase() // until: the next moment at which time alone changes the answer
//	m.Keep(key, version, recall.Answer{Body: body, Began: began, Until: until})
//
// Somewhere else, for each person, there is a version: a random number that whoever changes anything of that person
// replaces before the change is committed ([limit.Limiter.Mark] keeps it). An answer is kept under the version that
// was read before the answer was, and is given only to a request that has just read the same version.
//
// What is promised:
//
//   - An answer is given only under the version that it was kept under, epoch included.
//   - Under a version that is unknown nothing is kept and nothing is given. Under one that was replaced a moment ago
//     nothing is kept, because the change may not be committed yet.
//   - No answer is given that is older than [Life], or at or after its Until. A clock that was set back drops it too.
//   - What is kept weighs no more than the bytes that [New] was given, keys and bookkeeping included.
//
// It is pure: it reads no database, knows no route and starts nothing.
package recall

import (
	"math"
	"time"

	"github.com/maypok86/otter/v2"
)

// Life is how long an answer is given at most. It is the only bound on what no version tells: a change made by SQL
// or by the command line, a mark that did not reach Redis, a clock that was set.
const Life = 5 * time.Second

const (
	// MaxAnswer is the longest body that is kept.
	MaxAnswer = 64 << 10
	// overhead is what one entry costs besides its user's id and its body; TestMemory_StaysWithinItsBytes measures
	// it.
	overhead = 320
)

// Version is how a person's data stood when a request looked. The zero value is unknown.
type Version struct {
	Epoch   uint64 // of the connection to whatever keeps the versions
	ID      uint64 // random, never a counter; 0 is unknown
	Settled bool   // it was not replaced within the last moment, so every change that it stands for is committed
}

// Key names an answer: whose it is, the route as it is registered, and the language that it was asked for in, "" if
// none was. Route and Language are constants of the program, which cost no memory.
type Key struct{ User, Route, Language string }

// Answer is what a request was answered with.
type Answer struct {
	Body  []byte    // Keep makes a copy, which nobody may change
	Type  string    // its media type
	Began time.Time // when its version was asked for, before anything was read
	Until time.Time // when time alone changes it; zero for never
}

// fresh tells whether the answer may be given now.
func (a Answer) fresh(now time.Time) bool {
	return !now.Before(a.Began) && now.Sub(a.Began) < Life && (a.Until.IsZero() || now.Before(a.Until))
}

// Outcome is what became of one look, or of what was kept.
type Outcome string

// The outcomes. Each look is a hit, a miss or a drop; a drop found an answer that was no good any more.
const (
	Hit     Outcome = "hit"
	Miss    Outcome = "miss"
	Changed Outcome = "changed" // a drop: the version is another
	Old     Outcome = "old"     // a drop: its time had come
	Room    Outcome = "room"    // an answer had to go for others; not counted as a look
)

// Outcomes lists them all.
func Outcomes() []Outcome { return []Outcome{Hit, Miss, Changed, Old, Room} }

// Memory keeps answers. It is safe for concurrent use. A nil *Memory keeps and gives nothing.
type Memory struct {
	now   func() time.Time
	count func(Outcome)
	kept  cache
}

// cache is what is used of otter's: with a field of its type, every package that knows a Memory would compile it again.
type cache interface {
	GetIfPresent(k Key) (kept, bool)
	Set(k Key, v kept) (kept, bool)
	WeightedSize() uint64
}

type kept struct {
	version Version
	answer  Answer
}

// New makes a Memory that weighs at most so many bytes; count hears of each outcome, nil for nobody.
func New(bytes int, now func() time.Time, count func(Outcome)) (*Memory, error) {
	if count == nil {
		count = func(Outcome) {}
	}
	m := &Memory{now: now, count: count}
	var err error
	m.kept, err = otter.New(&otter.Options[Key, kept]{
		MaximumWeight: uint64(bytes),
		Weigher:       func(k Key, v kept) uint32 { return weight(k, v.answer) },
		Executor:      func(task func()) { task() }, // makes room before Keep returns
		OnDeletion: func(e otter.DeletionEvent[Key, kept]) {
			if e.WasEvicted() {
				count(Room)
			}
		},
	})
	return m, err
}

// weight is what an entry costs.
func weight(k Key, a Answer) uint32 {
	return uint32(min(len(k.User)+cap(a.Body)+len(a.Type)+overhead, math.MaxUint32))
}

// Recall gives the answer that was kept under this version, if it is still good.
func (m *Memory) Recall(k Key, v Version) (Answer, bool) {
	if m == nil || v.ID == 0 {
		return Answer{}, false
	}
	e, found := m.kept.GetIfPresent(k)
	outcome := Hit
	switch {
	case !found:
		outcome = Miss
	case e.version.ID != v.ID || e.version.Epoch != v.Epoch:
		outcome = Changed
	case !e.answer.fresh(m.now()):
		outcome = Old
	}
	m.count(outcome)
	if outcome != Hit {
		return Answer{}, false
	}
	return e.answer, true
}

// Keeps tells whether an answer under this version would be kept, so that others need not be copied.
func (m *Memory) Keeps(v Version) bool { return m != nil && v.ID != 0 && v.Settled }

// Keep keeps an answer under the version that was asked for before it was read.
func (m *Memory) Keep(k Key, v Version, a Answer) {
	if !m.Keeps(v) || len(a.Body) > MaxAnswer || !a.fresh(m.now()) {
		return
	}
	a.Body = append([]byte(nil), a.Body...) // its capacity is what the allocator gave, which is what it weighs
	m.kept.Set(k, kept{v, a})
}

// Weight is how many bytes are kept now.
func (m *Memory) Weight() int {
	if m == nil {
		return 0
	}
	return int(m.kept.WeightedSize())
}
