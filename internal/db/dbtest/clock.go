package dbtest

import (
	"sync"
	"time"
)

// Clock is a clock that a test moves. It also ticks a millisecond at every look, so that
// no two transactions carry the same instant.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock starts at a fixed instant.
func NewClock() *Clock { return &Clock{at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

// Now ticks and returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
