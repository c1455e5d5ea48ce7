package analysis

import (
	"context"
	"iter"
	"sync"
	"time"
)

// bells tell the watchers in this process that an analysis has moved on. Watchers also
// look once a second, for runs on another replica.
type bells struct {
	mu      sync.Mutex
	waiting map[string]chan struct{}
}

func newBells() *bells { return &bells{waiting: map[string]chan struct{}{}} }

// next is closed at the next ring for id.
func (c *bells) next(id string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[id] == nil {
		c.waiting[id] = make(chan struct{})
	}
	return c.waiting[id]
}

func (c *bells) ring(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.waiting[id]; ch != nil {
		close(ch)
		delete(c.waiting, id)
	}
}

// Watch yields the analysis as it is, if it changed since seq, and then at every change
// until it has ended or ctx is done.
func (s *Service) Watch(ctx context.Context, userID, id string, seq int) iter.Seq2[Analysis, error] {
	return func(yield func(Analysis, error) bool) {
		for {
			changed := s.bells.next(id) // before the look, so that no ring is missed
			a, err := s.Get(ctx, userID, id)
			if err != nil {
				yield(a, err)
				return
			}
			if a.Seq > seq || a.Status.Ended() {
				if seq = a.Seq; !yield(a, nil) || a.Status.Ended() {
					return
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-changed:
			case <-time.After(time.Second):
			}
		}
	}
}
