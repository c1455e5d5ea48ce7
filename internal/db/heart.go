package db

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// How the jobs of a dead process come back. River hands a job that is "running" to somebody else only after an hour and
// a half, because a job may honestly take half an hour. Here the process is what is watched, not the job: each one that
// works writes its heartbeat to job_workers, and when the heartbeat stops, the jobs it held are queued at once, however
// long their kind may take. A process that has no row there is of an earlier version, and River's own time applies to
// it.
//
// A process also holds jobs that it does not know: when PostgreSQL ends between the fetch of some jobs and the answer,
// they are "running" for a process that never heard of them, and that lives. So each process notes which jobs it works,
// and queues those anew that the database says it holds and that it has not begun.
//
// On SQLite there is one process, so at its start every running job is of a dead one.

// Pulse is how processes tell each other that they live. The zero value has the defaults.
type Pulse struct {
	Beat time.Duration // between two heartbeats, and between two looks at those of others; 0 means 5 s
	Dead time.Duration // without a heartbeat, after which a process counts as dead; 0 means 30 s
}

// heart beats for one process and rescues the jobs of those whose heart stopped.
type heart struct {
	d     *DB
	id    string
	pulse Pulse
	begun *begun
	since time.Time // since when every beat of this process reached the database in time; zero: the last one did not
	last  time.Time // when the last one was written, by the wall clock, which runs on while a machine is suspended
}

// startHeart makes the first beat before any job is taken. The heart beats until stop is called.
func (d *DB) startHeart(ctx context.Context, id string, p Pulse, known *begun) (stop func(), err error) {
	p.Beat, p.Dead = cmp.Or(p.Beat, 5*time.Second), cmp.Or(p.Dead, 30*time.Second)
	h := &heart{d: d, id: id, pulse: p, begun: known}
	if err := h.beat(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() { h.run(ctx) })
	return func() { cancel(); done.Wait() }, nil
}

func (h *heart) run(ctx context.Context) {
	tick := time.NewTicker(h.pulse.Beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := h.beat(ctx)
		if err == nil {
			err = errors.Join(h.rescue(ctx), h.reclaimUnknown(ctx))
		}
		if err != nil && ctx.Err() == nil {
			h.d.log.WarnContext(ctx, "this process could not say that it lives; it tries again", "cause", err)
		}
	}
}

// beat goes by the queue's own clock, which a test or a stand-in does not move. One that takes too long has failed: it
// would say that this process lived at a time when others already count it as dead.
func (h *heart) beat(ctx context.Context) error {
	now := time.Now().Round(0)
	ctx, cancel := context.WithTimeout(ctx, h.pulse.Dead/2)
	defer cancel()
	err := h.d.InTx(ctx, System, func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO job_workers (id, seen_at) VALUES ($1, $2)
			ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`, h.id, now)
		return err
	})
	switch {
	case err != nil:
		h.since = time.Time{}
	case h.since.IsZero(), now.Sub(h.last) > h.pulse.Dead/2:
		h.since = now
	}
	h.last = now
	return err
}

// rescue queues the jobs of dead processes. While the database was away or slow, or the machine was suspended, nobody's
// heart could beat, so after that every process first gets the time to be heard again.
func (h *heart) rescue(ctx context.Context) error {
	now := time.Now().Round(0)
	if now.Sub(h.since) < h.pulse.Dead {
		return nil
	}
	return h.d.InTx(ctx, System, func(ctx context.Context, tx Tx) error {
		const dead = `state = 'running' AND EXISTS (SELECT 1 FROM job_workers w WHERE w.seen_at < $1 AND w.id <> $2
			AND w.id = `
		holder := h.d.lastOf("attempted_by") + `)`
		horizon := now.Add(-h.pulse.Dead)
		n, err := tx.Exec(ctx, `UPDATE river_job SET state = 'available' WHERE attempt < max_attempts AND `+dead+holder,
			horizon, h.id)
		if err != nil {
			return err
		}
		m, err := tx.Exec(ctx, `UPDATE river_job SET state = 'discarded', finalized_at = CURRENT_TIMESTAMP
			WHERE `+dead+holder, horizon, h.id)
		if err != nil {
			return err
		}
		if n+m > 0 {
			h.d.log.WarnContext(ctx, "jobs of a process that died are queued again", "jobs", n, "given_up", m)
		}
		tx.Later(`DELETE FROM job_workers WHERE seen_at < $1`, now.Add(-24*time.Hour))
		return nil
	})
}

// lastOf is the last element of a column with a list: who tried a job last.
func (p *postgres) lastOf(column string) string {
	return column + `[array_upper(` + column + `, 1)]`
}
func (l *lite) lastOf(column string) string { return `json_extract(` + column + `, '$[#-1]')` }

// reclaim queues every running job: on SQLite nobody else can be running it. One that was on its last try is given up,
// or a job that ends the process would do so at every start.
func (l *lite) reclaim(ctx context.Context) error {
	const lost = `UPDATE river_job SET state = CASE WHEN attempt < max_attempts THEN 'available' ELSE 'discarded' END,
		finalized_at = CASE WHEN attempt < max_attempts THEN NULL ELSE CURRENT_TIMESTAMP END WHERE state = 'running'`
	res, err := l.writer.ExecContext(ctx, lost)
	if err != nil {
		return liteErr(err)
	}
	if n, err := res.RowsAffected(); err == nil && n > 0 {
		l.log.WarnContext(ctx, "jobs that the last run left unfinished are queued again", "jobs", n)
	}
	return nil
}
