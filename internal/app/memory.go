package app

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/httpapi"
	"github.com/repazoo/repazoo/internal/recall"
	"github.com/repazoo/repazoo/internal/seal"
)

// memoryBytes is what all answers that are kept weigh together at most.
const memoryBytes = 8 << 20

// shared tells whether a change can be marked for every process: with Redis, or in the only process there is. Who has
// PostgreSQL without Redis may run several processes, none of which would hear of another's changes.
func (a *App) shared() bool { return a.redis != nil || a.DB.Name() == "sqlite" }

// memory keeps answers, where changes are marked and KEEP_ANSWERS is not off. A process that keeps none, as a worker
// does, marks what it changes all the same, because others may keep.
func (a *App) memory() (*recall.Memory, error) {
	if !a.shared() || a.opt.WorkerOnly || !bool(a.cfg.Store.KeepAnswers) {
		return nil, nil //nolint:nilnil // a nil memory keeps nothing
	}
	return recall.New(memoryBytes, a.opt.Now, func(o recall.Outcome) { a.metrics.Kept(string(o)) })
}

// limitKey is a short keyed hash, so that the limiter holds no addresses and no ids.
func (a *App) limitKey(caller string) string { return string(a.Seal.MAC("limit", []byte(caller))[:16]) }

// markUsers replaces the versions of users, under every key that any process may know them by.
func (a *App) markUsers(ctx context.Context, users []string) error {
	var keys []string
	for _, user := range users {
		for _, sum := range a.Seal.MACs("limit", []byte(httpapi.UserKey(user))) {
			keys = append(keys, string(sum[:16]))
		}
	}
	return a.limits.Mark(ctx, keys...)
}

// versions tells the surface when versions can be relied on.
type versions struct{ seal *seal.Sealer }

// Certain is false while keys are changed: a process that does not have the new key yet marks under the old one alone.
func (v versions) Certain() bool { return len(v.seal.KeyIDs()) == 1 }

// Marked implements [httpapi.Versions].
func (versions) Marked(ctx context.Context, user string, at time.Time) context.Context {
	return db.WithMark(ctx, user, at)
}
