package store

import (
	"sync"
	"time"
)

// clock is a real or injected clock plus the time it was moved ahead.
type clock struct {
	base func() time.Time

	mu      sync.Mutex
	ahead   time.Duration
	watches []func(now time.Time)
}

// Now is the time all stand-ins agree on, in UTC.
func (s *Store) Now() time.Time {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	return s.clock.base().Add(s.clock.ahead).UTC()
}

// moved is how far the clock is ahead of its base.
func (c *clock) moved() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

// Advance moves the clock ahead by d, then tells every stand-in that asked. A negative d is ignored: time never goes
// back.
func (s *Store) Advance(d time.Duration) {
	s.clock.mu.Lock()
	s.clock.ahead += max(0, d)
	s.Changed()
	now := s.clock.base().Add(s.clock.ahead).UTC()
	watches := s.clock.watches
	s.clock.mu.Unlock()
	for _, w := range watches {
		w(now)
	}
	_ = s.Save() // after a failure the next call tries again
}

// OnAdvance registers a function for a stand-in that has to act when time moves, such as a renewal of a subscription.
// It runs in the caller of Advance, after the clock has moved.
func (s *Store) OnAdvance(f func(now time.Time)) {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	s.clock.watches = append(s.clock.watches, f)
}
