package limit

import (
	"context"
	"hash/maphash"
	"math"
	"sync"
	"time"
)

const (
	shards = 64
	// maxKeys is how many keys are counted at the same time; typically 300 bytes each.
	maxKeys = 1 << 16
	// sweepEvery is how often a shard looks for keys that count nothing any more.
	sweepEvery = 30 * time.Second
	// candidates is how many keys are looked at to find one to give up.
	candidates = 8
)

// Local counts in this process. It is safe for concurrent use.
//
// Its memory is bounded: when too many keys are counted at once, a new key
// takes the place of one that has made few calls, which thereby starts afresh.
// So nobody is refused for lack of room, and a caller near a limit stays counted
// however many new keys come.
type Local struct {
	now    func() time.Time
	seed   maphash.Seed
	shards [shards]shard

	versions *versions // of callers, where this process is the only one; else nil
}

type shard struct {
	mu       sync.Mutex
	capacity int
	swept    int64 // microseconds since 1970
	counters map[string]*counter
}

// counter is what is known of one key.
type counter struct {
	series  []series // one for each window
	expires int64    // when nothing is counted any more, in microseconds since 1970
}

// NewLocal makes a Local that reads the time from now.
func NewLocal(now func() time.Time) *Local {
	l := &Local{now: now, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].capacity = maxKeys / shards
		l.shards[i].counters = map[string]*counter{}
	}
	return l
}

// Take decides about one call of key and counts it if it is allowed. It fails
// only for windows out of bounds.
func (l *Local) Take(_ context.Context, key string, ws []Window) (Decision, error) {
	d, err := l.decide(key, ws, true)
	if d.Allowed {
		d.Version = l.versions.of(key)
	}
	return d, err
}

// takeMarking is Take, and replaces the caller's version if the call is allowed.
func (l *Local) takeMarking(ctx context.Context, key string, ws []Window) (Decision, error) {
	d, err := l.Take(ctx, key, ws)
	if d.Allowed && l.versions != nil {
		l.versions.mark([]string{key})
		d.Version = l.versions.of(key)
	}
	return d, err
}

// Look decides like Take and counts nothing; it takes no room either.
func (l *Local) Look(_ context.Context, key string, ws []Window) (Decision, error) {
	return l.decide(key, ws, false)
}

func (l *Local) decide(key string, ws []Window, count bool) (Decision, error) {
	if err := check(ws); err != nil {
		return Decision{}, err
	}
	s := &l.shards[maphash.String(l.seed, key)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	now := l.now().UnixMicro()
	s.sweep(now)
	if _, known := s.counters[key]; !known && !count {
		return (&counter{series: make([]series, len(ws))}).take(now, ws, false), nil
	}
	return s.counter(key, len(ws)).take(now, ws, count), nil
}

// take decides, then counts.
func (c *counter) take(now int64, ws []Window, count bool) Decision {
	d := Decision{Allowed: true, Windows: make([]State, len(ws))}
	for i, w := range ws {
		c.series[i].forget(now, w.width())
		if c.series[i].total >= w.Limit {
			d.Allowed = false
			d.RetryAfter = max(d.RetryAfter, seconds(c.series[i].below(w.Limit, now, w.width())))
		}
	}
	for i, w := range ws {
		s := &c.series[i]
		if d.Allowed && count {
			s.add(now, w.width())
			c.expires = max(c.expires, s.gone(s.cells[len(s.cells)-1], 0, w.width()))
		}
		d.Windows[i] = State{w, max(0, w.Limit-s.total), seconds(s.relief(now, w.width()))}
	}
	return d
}

// counter finds the counter of key or makes room for a new one.
func (s *shard) counter(key string, windows int) *counter {
	c, found := s.counters[key]
	if !found {
		if len(s.counters) >= s.capacity {
			s.evict()
		}
		c = &counter{}
		s.counters[key] = c
	}
	if len(c.series) < windows {
		c.series = append(c.series, make([]series, windows-len(c.series))...)
	}
	return c
}

// sweep removes, now and then, the keys that count nothing any more.
func (s *shard) sweep(now int64) {
	if now-s.swept < sweepEvery.Microseconds() && now >= s.swept {
		return
	}
	s.swept = now
	for key, c := range s.counters {
		if c.expires <= now {
			delete(s.counters, key)
		}
	}
}

// evict gives up the key with the fewest calls among a few. Ranging over a map
// starts at a random place.
func (s *shard) evict() {
	var victim string
	fewest, seen := math.MaxInt, 0
	for key, c := range s.counters {
		if calls := c.calls(); calls < fewest {
			victim, fewest = key, calls
		}
		if seen++; seen == candidates {
			break
		}
	}
	delete(s.counters, victim)
}

// calls is the number of calls in the fullest window.
func (c *counter) calls() int {
	most := 0
	for _, s := range c.series {
		most = max(most, s.total)
	}
	return most
}
