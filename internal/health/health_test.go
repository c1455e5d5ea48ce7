package health_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/health"
)

func TestCheck_AStormOfProbesCostsOne(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var now atomic.Int64
	c := health.New(map[string]health.Part{"db": {Probe: func(context.Context) error { asked.Add(1); return nil }}},
		func() time.Time { return time.Unix(now.Load(), 0) }, slog.New(slog.DiscardHandler))
	storm := func() {
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if c.Check(t.Context(), "db").Status != health.Up {
					t.Error("down")
				}
			})
		}
		wg.Wait()
	}
	storm()
	if asked.Load() != 1 {
		t.Fatalf("asked %d times, want 1", asked.Load())
	}
	now.Add(1)
	storm()
	if asked.Load() != 2 {
		t.Fatalf("asked %d times after a second, want 2", asked.Load())
	}
}

func TestReady_IsFalseWhenAPartIsDownUnlessItIsNotInUseOrSpared(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	var now atomic.Int64
	c := health.New(map[string]health.Part{
		"vault": {},
		"redis": {Spared: true, Probe: func(context.Context) error { return errors.New("refused") }},
		"db": {Probe: func(context.Context) error {
			if broken.Load() {
				return errors.New("refused")
			}
			return nil
		}},
	}, func() time.Time { return time.Unix(now.Add(10), 0) }, slog.New(slog.DiscardHandler))
	if ready, _ := c.Ready(t.Context()); !ready {
		t.Fatal("not ready though all is well")
	}
	broken.Store(true)
	ready, parts := c.Ready(t.Context())
	if ready || parts["db"].Status != health.Down || parts["vault"].Status != health.NotConfigured ||
		parts["redis"].Status != health.Down {
		t.Fatalf("ready %v, %v", ready, parts)
	}
}
