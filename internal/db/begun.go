package db

import (
	"context"
	"sync"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// begun notes which jobs this process has begun, each with the moment of its fetch as the database wrote it. An entry
// stays after the job has ended, until the database has its end, too: River writes that a little later, again and
// again.
type begun struct {
	mu   sync.Mutex
	jobs map[int64]time.Time
}

// middleware notes every job as it begins.
func (b *begun) middleware() rivertype.Middleware { return &noteBegun{b: b} }

type noteBegun struct{ b *begun }

func (*noteBegun) IsMiddleware() bool { return true }

func (n *noteBegun) Work(ctx context.Context, job *rivertype.JobRow, inner func(context.Context) error) error {
	if job.AttemptedAt != nil {
		n.b.note(job.ID, *job.AttemptedAt)
	}
	return inner(ctx)
}

func (b *begun) note(id int64, fetched time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.jobs == nil {
		b.jobs = map[int64]time.Time{}
	}
	b.jobs[id] = fetched
}

// fetch is a job that the database says this process holds.
type fetch struct {
	id int64
	at time.Time
}

// unknown are the fetches that this process has not begun. What the database no longer holds for it is forgotten,
// unless it was fetched after before: the list has none of those.
func (b *begun) unknown(held []fetch, before time.Time) (ids []int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	holds := make(map[int64]bool, len(held))
	for _, f := range held {
		holds[f.id] = true
		if !b.jobs[f.id].Equal(f.at) {
			ids = append(ids, f.id)
		}
	}
	for id, at := range b.jobs {
		if !holds[id] && at.Before(before) {
			delete(b.jobs, id)
		}
	}
	return ids
}

// reclaimUnknown queues the jobs that this process holds without knowing. One that was fetched just now may still be on
// its way to it. On SQLite a fetch has no answer that could be lost.
func (h *heart) reclaimUnknown(ctx context.Context) error {
	if h.d.Name() == "sqlite" {
		return nil
	}
	return h.d.InTx(ctx, System, func(ctx context.Context, tx Tx) error {
		before, err := One(ctx, tx, Value[time.Time],
			`SELECT now() - CAST($1 AS float8) * INTERVAL '1 second'`, h.pulse.Dead.Seconds())
		if err != nil {
			return err
		}
		mine := `state = 'running' AND ` + h.d.lastOf("attempted_by") + ` = $1 AND attempted_at < $2`
		held, err := All(ctx, tx, func(r Rows, f *fetch) error { return r.Scan(&f.id, &f.at) },
			`SELECT id, attempted_at FROM river_job WHERE `+mine+` FOR UPDATE`, h.id, before)
		if err != nil {
			return err
		}
		ids := h.begun.unknown(held, before)
		for _, id := range ids { // a fetch that nobody heard of was no try
			tx.Later(`UPDATE river_job SET state = 'available', attempt = attempt - 1 WHERE id = $1`, id)
		}
		if len(ids) > 0 {
			h.d.log.WarnContext(ctx, "jobs are queued again whose fetch was not answered", "jobs", len(ids))
		}
		return nil
	})
}
