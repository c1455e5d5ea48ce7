package db

import (
	"context"
	"log/slog"
	"time"
)

// TrustsAfter tells whether a process that beat for an hour, and then was silent for a while, goes by the heartbeats of
// others as soon as its own is back.
func TrustsAfter(ctx context.Context, d *DB, silence time.Duration) (bool, error) {
	h := &heart{d: d, id: "itself", pulse: Pulse{Beat: 5 * time.Second, Dead: 30 * time.Second}}
	now := time.Now().Round(0)
	h.since, h.last = now.Add(-time.Hour), now.Add(-silence)
	err := h.beat(ctx)
	return time.Since(h.since) >= h.pulse.Dead, err
}

// SetEven replaces the clock that runs on evenly.
func SetEven(d *DB, now func() time.Time) { d.even = now }

// SetLog replaces the log.
func SetLog(d *DB, log *slog.Logger) { d.log = log }

// PortionsOf is Portions with bounds of a test.
var PortionsOf = portions
