package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/db"
)

// Whose analysis runs next. A Job is only a wake-up: it says that there is something to run, and whoever works it takes
// the analysis that is next in the line of all users. So a user with a thousand analyses in the queue delays nobody
// else:
//
//   - A place in the line is a moment, analyses.turn. A user's first analysis stands a step behind its start; each further
//     one stands a step behind the user's last that has not ended. Users who queue many are therefore taken in turn, and
//     somebody who comes later with one analysis stands before all but the first of theirs. The step is shorter on a
//     higher plan (this is start-time fair queueing, with the plan as the weight).
//   - At most PerUser analyses of one user run at once. Two processes that look at the same instant may start one more.
//   - What waits for a time (X's limit, a passing trouble) is not in the line until then; wait_until says so.
//
// No wake-up may be missing while somebody waits. A start and a sweep each queue one, and a run that rests has its own
// sleep until then. A wake-up that finds only users who already run PerUser analyses does nothing, so the end of any
// run queues another while its user waits.

// steps are how far a user's analyses stand apart in the line, by plan.
func step(tier string) time.Duration {
	if tier == "pro" {
		return 20 * time.Second
	}
	return time.Minute
}

// newTurn is the place in the line of a user's next analysis, behind their last that has not ended.
func newTurn(now time.Time, last *time.Time, tier string) time.Time {
	if last != nil && last.After(now) {
		now = *last
	}
	return now.Add(step(tier))
}

// Kind names the job in the queue.
func (Job) Kind() string { return "analysis" }

// InsertOpts puts the job in the queue of its kind. Its tries are of the wake-up; the analysis counts its own.
func (Job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: db.Analyses, MaxAttempts: maxAttempts}
}

// RunNext runs the analysis whose turn it is to its end, or until it has to rest: then the error says for how long the
// wake-up sleeps. The analysis is the zero value if it was nobody's turn.
func (s *Service) RunNext(ctx context.Context) (Analysis, error) {
	if s.life.Err() != nil { // the wake-up is for another process, or for the next life of this one
		return Analysis{}, river.JobSnooze(time.Second)
	}
	a, err := s.claimNext(ctx)
	if err != nil || a.ID == "" {
		return a, err
	}
	err = s.run(ctx, a, a.tries+1 >= maxAttempts)
	return a, errors.Join(err, s.wakeNext(context.WithoutCancel(ctx), a.UserID))
}

// claimNext takes the lease of the analysis whose turn it is; a zero Analysis means that there is none. The claims of
// one process take turns, so that each sees what the others have taken.
func (s *Service) claimNext(ctx context.Context) (Analysis, error) {
	s.turns.Lock()
	defer s.turns.Unlock()
	for {
		id, err := s.next(ctx)
		if errors.Is(err, db.ErrNotFound) {
			return Analysis{}, nil
		}
		if err != nil {
			return Analysis{}, err
		}
		a, err := s.take(ctx, id)
		if !errors.Is(err, db.ErrNotFound) { // else another process was faster: look again
			return a, err
		}
	}
}

// open is what has to be true of an analysis a that may be taken at $1.
const open = `a.status IN ('queued', 'running') AND a.lease_until IS NULL AND (a.wait_until IS NULL OR a.wait_until <= $1)`

// busy is how many analyses of a's user run at $1.
const busy = `(SELECT count(*) FROM analyses r WHERE r.user_id = a.user_id AND r.status = 'running'
	AND r.lease_until > $1)`

// next is the analysis whose turn it is, or db.ErrNotFound.
func (s *Service) next(ctx context.Context) (string, error) {
	return db.ReadOne(ctx, s.c.DB, db.System, db.Value[string], `SELECT a.id FROM analyses a
		WHERE `+open+` AND `+busy+` < $2 ORDER BY COALESCE(a.turn, a.created_at) LIMIT 1`, s.c.DB.Now(), s.c.PerUser)
}

// wakeNext queues a wake-up if the end of a run made room for another analysis of its user.
func (s *Service) wakeNext(ctx context.Context, userID string) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := db.One(ctx, tx, db.Value[string], `SELECT a.id FROM analyses a
			WHERE a.user_id = $2 AND `+open+` AND `+busy+` < $3 LIMIT 1`, tx.Now(), userID, s.c.PerUser)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.Enqueue(ctx, Job{})
	})
}

// overlooked is how long something may wait in the line without a wake-up before a sweep queues one.
const overlooked = 10 * time.Second

// wakeOverlooked is for wake-ups that were lost, for example because a clock was set back: if somebody could be taken
// and no wake-up is in the queue, it queues one.
func (s *Service) wakeOverlooked(ctx context.Context) error {
	queued, err := s.c.DB.Waiting(ctx, Job{}.Kind())
	if err != nil || queued > 0 {
		return err
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := db.One(ctx, tx, db.Value[int], `SELECT count(*) FROM analyses a WHERE `+open+` AND `+busy+` < $2
			AND COALESCE(a.wait_until, a.created_at) < $3`, tx.Now(), s.c.PerUser, tx.Now().Add(-overlooked))
		for range min(n, s.c.PerUser) {
			if err == nil {
				err = tx.Enqueue(ctx, Job{})
			}
		}
		return err
	})
}
