package analysis

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
	"github.com/repazoo/repazoo/internal/xapi"
)

// How a run survives the death of its process: it holds a lease on its row and renews it
// as it goes. A process that dies stops renewing; Sweep, which every process runs, queues
// the analysis anew, and the next run finds the posts stored and the verdicts cached, so
// it repeats nothing that cost money. Every write of a run names its runner, so that a
// process which only slept through its lease cannot write over its successor.

var errLeaseLost = errors.New("analysis: another process has taken this run over, or it was cancelled")

const (
	maxAttempts = 6  // tries of one run before a passing trouble becomes a failure
	maxClaims   = 12 // lives of one run, deaths of the process included
	beat        = 250 * time.Millisecond
	busyWait    = time.Second // between two looks whether another run still reads the same account
)

// worker runs analyses from the queue.
type worker struct {
	river.WorkerDefaults[Job]
	s *Service
}

// AddWorkers registers what this package does in the background.
func (s *Service) AddWorkers(w *river.Workers) { river.AddWorker(w, &worker{s: s}) }

// Timeout leaves the bound to the pool.
func (w *worker) Timeout(*river.Job[Job]) time.Duration { return 0 }

// NextRetry is for a wake-up that could not take an analysis, because the database was away.
func (w *worker) NextRetry(j *river.Job[Job]) time.Time {
	return time.Now().Add(min(time.Minute, time.Second<<min(j.Attempt, 6)))
}

func (w *worker) Work(ctx context.Context, _ *river.Job[Job]) error {
	_, err := w.s.RunNext(ctx)
	return err
}

// Leave hands every running analysis back to the queue, because this process is to end, and takes no other. What a run
// has read and judged is stored, so whoever takes it next goes on from there.
func (s *Service) Leave() { s.leave() }

// Run carries one analysis to its end. An error means: try again later, unless last says
// there is no later; then the analysis fails with the reason.
func (s *Service) Run(ctx context.Context, id string, last bool) error {
	a, err := s.claim(ctx, id)
	if err != nil {
		return err
	}
	if a.ID == "" {
		return nil // it has ended
	}
	return s.run(ctx, a, last)
}

// run makes the report of an analysis whose lease this process holds.
func (s *Service) run(ctx context.Context, a Analysis, last bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.life, func() { cancel(context.Canceled) })()
	var latest atomic.Pointer[assess.Progress]
	kept := make(chan struct{})
	go func() { defer close(kept); s.keep(ctx, cancel, a, &latest) }()

	report, err := s.makeReport(ctx, a, func(p assess.Progress) { latest.Store(&p) })
	if err == nil {
		err = s.save(ctx, a, report)
	}
	why := context.Cause(ctx)
	cancel(nil)
	<-kept
	s.bells.ring(a.ID)
	if errors.Is(why, errLeaseLost) || errors.Is(err, errLeaseLost) {
		return nil // the row belongs to somebody else now
	}
	return s.end(context.WithoutCancel(ctx), a, err, last)
}

// claim takes the lease. It returns a zero Analysis if the analysis has ended, and asks for
// a later try if another process holds the lease.
func (s *Service) claim(ctx context.Context, id string) (Analysis, error) {
	a, err := s.take(ctx, id)
	if errors.Is(err, db.ErrNotFound) {
		return Analysis{}, s.unclaimed(ctx, id)
	}
	return a, err
}

// take takes the lease, in a name of this claim alone: a process that lost a lease and claims anew must not meet its
// own former run. It answers db.ErrNotFound when another process holds it or the analysis has ended.
func (s *Service) take(ctx context.Context, id string) (a Analysis, err error) {
	runner := s.runner + "/" + db.NewID()
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		now := tx.Now()
		a, err = db.One(ctx, tx, scan, `
			UPDATE analyses SET status = 'running', runner = $2, lease_until = $3, attempts = attempts + 1, started_at =
				COALESCE(started_at, $4),
				wait_until = NULL, waiting_for = '', wait_by = NULL, event_seq = event_seq + 1
			WHERE id = $1 AND status IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < $4)
			RETURNING `+columns, id, runner, now.Add(s.c.Lease), now)
		a.runner = runner
		return err
	})
	switch {
	case err == nil:
		s.bells.ring(id)
	case errors.Is(err, fault.DependencyDown): // the commit may have been made: nobody would work under this lease
		mine := Analysis{ID: id, runner: runner}
		err = errors.Join(err, s.rest(context.WithoutCancel(ctx), mine, rest{}))
	}
	return a, err
}

func (s *Service) unclaimed(ctx context.Context, id string) error {
	status, err := db.ReadOne(ctx, s.c.DB, db.System, db.Value[string], `SELECT status FROM analyses WHERE id = $1`, id)
	if errors.Is(err, db.ErrNotFound) || (err == nil && Status(status).Ended()) {
		return nil
	}
	if err != nil {
		return err
	}
	return river.JobSnooze(s.c.Lease)
}

// keep writes the newest progress and renews the lease until ctx ends. A row that is no
// longer this runner's ends the run: one that was cancelled in this process at once, by its bell, and one that was
// cancelled in another within a second, whatever the run is waiting for.
func (s *Service) keep(ctx context.Context, cancel context.CancelCauseFunc, a Analysis,
	latest *atomic.Pointer[assess.Progress],
) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	written := &a.Progress
	renewed := time.Now()
	looked := renewed
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.bells.next(a.ID):
			looked = time.Time{}
		case <-tick.C:
		}
		p := latest.Load()
		if p != nil && *p == *written {
			p = nil // nothing new to write
		}
		if p == nil && time.Since(renewed) < s.c.Lease/3 {
			if time.Since(looked) < 2*beat {
				continue
			}
			if looked = time.Now(); s.lost(ctx, a) {
				cancel(errLeaseLost)
				return
			}
			continue
		}
		switch err := s.renew(ctx, a, p); {
		case errors.Is(err, errLeaseLost):
			cancel(errLeaseLost)
			return
		case err == nil:
			renewed = time.Now()
			if p != nil {
				written = p
			}
		case time.Since(renewed) > s.c.Lease: // the database is away longer than the lease lives
			cancel(errLeaseLost)
			return
		}
	}
}

// lost tells whether the row is no longer this runner's. A database that does not answer has not said so.
func (s *Service) lost(ctx context.Context, a Analysis) bool {
	n, err := db.ReadOne(ctx, s.c.DB, db.System, db.Value[int],
		`SELECT count(*) FROM analyses WHERE id = $1 AND runner = $2 AND status = 'running'`, a.ID, a.runner)
	return err == nil && n == 0
}

// renew holds the lease for longer and writes p. Without p the progress in the row stays as it is.
func (s *Service) renew(ctx context.Context, a Analysis, p *assess.Progress) error {
	set, args := ``, []any{a.ID, a.runner}
	if p != nil {
		set = `, stage = $4, done = $5, total = $6, findings = $7, event_seq = event_seq + 1`
	}
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		args := append(args, tx.Now().Add(s.c.Lease))
		if p != nil {
			args = append(args, string(p.Stage), p.Done, p.Total, p.Findings)
		}
		n, err := tx.Exec(ctx, `UPDATE analyses SET lease_until = $3`+set+`
			WHERE id = $1 AND runner = $2 AND status = 'running'`, args...)
		if err == nil && n == 0 {
			err = errLeaseLost
		}
		return err
	})
	if err == nil && p != nil {
		s.bells.ring(a.ID)
	}
	return err
}

// save keeps the report, spends the reserved unit and ends the analysis, all at once. A report whose model's part could
// not be used is the screen alone, which is not what the plan sells: its unit goes back.
func (s *Service) save(ctx context.Context, a Analysis, r *assess.Report) error {
	r.ID = a.ID
	free := a.Model != "" && r.Coverage.ModelUnusable
	if free {
		r.Note(words.M("unread.unusable"))
	}
	sealed, err := s.sealReport(a.UserID, r)
	if err != nil {
		return err
	}
	since, err := s.since(ctx, a, r)
	if err != nil {
		return err
	}
	lenses, err := lensScores(r)
	if err != nil {
		return err
	}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE analyses SET status = 'completed', stage = 'done', done = total, score = $3, level = $4, score_now = $3,
				level_now = $4,
				findings = $5, finished_at = $6, free = $7, lens_scores = $8, since_id = $9, since_new = $10, since_gone = $11,
				lease_until = NULL, event_seq = event_seq + 1
			WHERE id = $1 AND runner = $2 AND status = 'running'`,
			a.ID, a.runner, r.Score, string(r.Level), len(r.Findings)+r.LeftOut.Findings, tx.Now(), free,
			lenses, since.id, since.added, since.gone)
		if err != nil {
			return err
		}
		if n == 0 {
			return errLeaseLost
		}
		tx.Later(`INSERT INTO reports (analysis_id, user_id, sealed, created_at) VALUES ($1, $2, $3, $4)`, a.ID, a.UserID,
			sealed, tx.Now())
		tx.Later(`UPDATE timelines SET gone = 0 WHERE user_id = $1 AND account_id IN (SELECT id FROM x_accounts
			WHERE x_user_id = $2)`,
			a.UserID, r.Account.ID)
		if a.AccountID != nil && a.keepUntil != nil {
			s.Keep(tx, a.UserID, *a.AccountID, *a.keepUntil)
		}
		if a.AccountID != nil {
			s.c.Accounts.MarkSynced(ctx, tx, a.UserID, *a.AccountID)
		}
		audit.Record(ctx, tx, audit.Event{UserID: a.UserID, Actor: "system", Action: audit.AnalysisComplete, Resource: a.ID})
		if err := tellFinished(ctx, tx, a, r, since); err != nil {
			return err
		}
		if free {
			return s.c.Billing.Release(ctx, tx, a.UserID, a.PeriodStart)
		}
		return s.c.Billing.Commit(ctx, tx, a.UserID, a.PeriodStart)
	})
	if err == nil {
		s.c.Metrics.Analysis("completed")
	}
	return err
}

// end decides what an error means: later again, or the end with a reason.
func (s *Service) end(ctx context.Context, a Analysis, err error, last bool) error {
	if err == nil {
		return nil
	}
	if limited, ok := errors.AsType[*xapi.RateLimited](err); ok && !limited.MonthlyCap {
		wait := max(time.Second, limited.Reset.Sub(s.c.DB.Now()))
		return s.rest(ctx, a, rest{wait: wait, why: WaitsForX})
	}
	if batch, waits := errors.AsType[*batchWait](err); waits {
		return s.rest(ctx, a, rest{batch.until.Sub(s.c.DB.Now()), WaitsForBatch, false, &batch.by})
	}
	if other, waits := errors.AsType[*aloneErr](err); waits {
		return s.rest(ctx, a, rest{other.until.Sub(s.c.DB.Now()), other.why, false, other.by})
	}
	if errors.Is(err, errBusy) || errors.Is(err, errLostTimeline) { // its posts will do for this run too
		return s.rest(ctx, a, rest{wait: busyWait, why: WaitsForRun})
	}
	if errors.Is(err, context.Canceled) { // this process is stopping
		return s.rest(ctx, a, rest{})
	}
	if claude.Unknown(err) { // the model was retired since the last look: the next try asks a fallback, or none begins
		if err := s.LookAtModels(ctx); err != nil {
			s.c.Log.WarnContext(ctx, "the provider of the language model could not be asked whether the models still answer",
				"cause", err)
		}
	}
	f := fault.From(err)
	if passing(f) && !last {
		wait, why := restOf(f, a.tries)
		s.c.Log.WarnContext(ctx, "analysis will be tried again", "analysis", a.ID, "code", f.Code, "after", wait, "cause",
			f.Cause)
		return errors.Join(err, s.rest(ctx, a, rest{wait: wait, why: why, failed: true}))
	}
	s.c.Log.Log(ctx, levelOf(f), "analysis failed", "analysis", a.ID, "code", f.Code, "cause", f.Cause)
	return s.fail(ctx, a, f)
}

// levelOf is how loud a failure is in the log: what the person can mend themselves is no error of ours.
func levelOf(f *fault.Fault) slog.Level {
	switch f.Kind {
	case fault.KindUpstream, fault.KindUnavailable, fault.KindInternal:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// passing tells whether a trouble may be gone at the next try.
func passing(f *fault.Fault) bool {
	if limited, ok := errors.AsType[*xapi.RateLimited](f); ok && limited.MonthlyCap {
		return false // nobody waits for another month; the archive needs no X
	}
	switch f.Kind {
	case fault.KindUpstream, fault.KindUnavailable, fault.KindInternal:
		return !errors.Is(f, account.ErrReconnect) && !errors.Is(f, xapi.ErrDead) && !errors.Is(f, xapi.ErrCreditsGone)
	}
	return false
}

// fail ends the analysis with its reason and releases the unit of quota, all at once.
func (s *Service) fail(ctx context.Context, a Analysis, f *fault.Fault) error {
	defer s.bells.ring(a.ID)
	var n int64
	err := s.insist(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		n, err = tx.Exec(ctx, `
			UPDATE analyses SET status = 'failed', stage = 'done', error_code = $3, error_message = $4, finished_at = $5,
				lease_until = NULL, event_seq = event_seq + 1
			WHERE id = $1 AND runner = $2 AND status = 'running'`, a.ID, a.runner, f.Code, f.Message, tx.Now())
		if err != nil || n == 0 {
			return err
		}
		audit.Record(ctx, tx, audit.Event{
			UserID: a.UserID, Actor: "system", Action: audit.AnalysisFail, Resource: a.ID,
			Detail: map[string]any{"code": f.Code},
		})
		if err := tellFailed(ctx, tx, a, f); err != nil {
			return err
		}
		return s.c.Billing.Release(ctx, tx, a.UserID, a.PeriodStart)
	})
	if err == nil && n > 0 {
		s.c.Metrics.Analysis("failed")
	}
	return err
}
