package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/db"
)

// atOnce bounds how many schedules one tick takes; the next tick takes the others.
const atOnce = 100

// Tick settles the runs that have ended, starts what is due, and tells the week where that is due. Every process may
// tick at any time: each claim is one conditional UPDATE, which one of them wins.
func (s *Service) Tick(ctx context.Context) error {
	return errors.Join(s.settleAll(ctx), s.claimAll(ctx), s.digestAll(ctx))
}

// claimAll queues a job for each schedule that is due.
func (s *Service) claimAll(ctx context.Context) error {
	due, err := db.Read(ctx, s.c.DB, db.System, scan,
		`SELECT `+columns+` FROM schedules WHERE paused_at IS NULL AND next_at <= $1 ORDER BY next_at LIMIT $2`,
		s.c.DB.Now(), atOnce)
	if err != nil {
		return err
	}
	for _, v := range due {
		err = errors.Join(err, s.claim(ctx, v))
	}
	return err
}

// claim moves a schedule on to its next run and queues the job of the one that is due, unless another process did.
func (s *Service) claim(ctx context.Context, v Schedule) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		next := v.Rule.Next(tx.Now())
		n, err := tx.Exec(ctx, `UPDATE schedules SET due_at = next_at, next_at = $3
			WHERE id = $1 AND next_at = $2 AND paused_at IS NULL`, v.ID, v.NextAt, next)
		if err != nil || n == 0 {
			return err
		}
		s.c.Analyses.Keep(tx, v.UserID, v.AccountID, next.Add(grace)) // it may be due before this run has read anything
		return tx.Enqueue(ctx, RunJob{ScheduleID: v.ID, Due: v.NextAt.UTC()})
	})
}

// RunJob asks for the run of a schedule that was due at an instant.
type RunJob struct {
	ScheduleID string    `json:"schedule_id"`
	Due        time.Time `json:"due"`
}

// Kind names the job in the queue.
func (RunJob) Kind() string { return "schedule_run" }

// InsertOpts puts the job in the queue of its kind. The tries are over within some minutes.
func (RunJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: db.Schedules, MaxAttempts: 5}
}

type runWorker struct {
	river.WorkerDefaults[RunJob]
	s *Service
}

// Work starts the run; the last try that fails counts as a failure of the schedule.
func (w *runWorker) Work(ctx context.Context, j *river.Job[RunJob]) error {
	return w.s.Run(ctx, j.Args, j.Attempt >= j.MaxAttempts)
}

// AddWorkers registers the jobs of this package.
func (s *Service) AddWorkers(w *river.Workers) { river.AddWorker(w, &runWorker{s: s}) }
