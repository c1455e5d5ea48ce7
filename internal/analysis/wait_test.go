package analysis

import (
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

// Whoever refuses and says for how long is not asked before; else the rests grow.
func TestRestOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused *fault.Fault
		tries   int
		wait    time.Duration
		why     WaitingFor
	}{
		"the model names an hour":   {fault.ModelUnavailable.After(time.Hour), 0, time.Hour, WaitsForModel},
		"the model names nothing":   {fault.ModelUnavailable, 1, 4 * time.Second, WaitsForModel},
		"X is down":                 {fault.XUnavailable, 0, 2 * time.Second, WaitsForX},
		"the database, many times":  {fault.DependencyDown.After(5 * time.Second), 9, time.Minute, WaitsForService},
		"trouble of our own, first": {fault.Internal, 0, 2 * time.Second, WaitsForService},
	} {
		if wait, why := restOf(c.refused, c.tries); wait != c.wait || why != c.why {
			t.Errorf("%s: %v for %q, want %v for %q", name, wait, why, c.wait, c.why)
		}
	}
}
