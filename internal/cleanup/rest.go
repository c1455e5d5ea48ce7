package cleanup

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// rest ends a run until a moment.
type rest struct {
	until time.Time
	why   WaitingFor
	try   bool // it counts as one in a row
}

func (r rest) Error() string { return "cleanup: waits for " + string(r.why) }

// stop ends a run until somebody acts. The sentence says who.
type stop struct{ code, words string }

func (s stop) Error() string { return "cleanup: stopped: " + s.code }

// silence is how long a run waits when X does not answer.
const silence = 30 * time.Second

// conclude decides what the end of a run means.
func (s *Service) conclude(ctx context.Context, c Cleanup, err error) error {
	if err == nil {
		return s.settle(ctx, c)
	}
	if errors.Is(err, errLost) || errors.Is(err, context.Canceled) { // the sweep queues it anew, if it is still to run
		return nil
	}
	said := err
	if err = s.meaning(err, c.tries); said != err { //nolint:errorlint // the same value, unless X or a service refused
		s.c.Log.WarnContext(ctx, "a clean-up was refused or had no answer", "cleanup", c.ID, "then", err, "cause", said)
	}
	if r, ok := errors.AsType[rest](err); ok {
		return s.rest(ctx, c, r)
	}
	if st, ok := errors.AsType[stop](err); ok {
		return s.stop(ctx, c, st)
	}
	return err
}

// meaning makes a rest or a stop of what X, or what stands before it, has said. Anything else is our own trouble, and
// the run is tried again.
func (s *Service) meaning(err error, tries int) error {
	if _, ok := errors.AsType[rest](err); ok {
		return err
	}
	if _, ok := errors.AsType[stop](err); ok {
		return err
	}
	if limited, ok := errors.AsType[*xapi.RateLimited](err); ok {
		why := WaitsForX
		if limited.MonthlyCap {
			why = WaitsForOperator
		}
		return rest{limited.Reset, why, false}
	}
	refused, answered := errors.AsType[*xapi.Refused](err)
	switch {
	case errors.Is(err, account.ErrNoLeave), errors.Is(err, xapi.ErrUnauthorized), errors.Is(err, xapi.ErrDead):
		return stop{"leave_ended", "X no longer accepts the leave to delete. Ask X for it again, then go on."}
	case errors.Is(err, xapi.ErrForbidden), xapi.AppRefused(err):
		return stop{"forbidden", "X did not permit a deletion, although you gave the leave. Ask X for it again, then go " +
			"on. If that does not help, this Repazoo's app may not delete posts, and its operator has to allow that at X."}
	case errors.Is(err, xapi.ErrCreditsGone):
		return rest{s.c.DB.Now().Add(10 * time.Minute), WaitsForOperator, false}
	case errors.Is(err, fault.XBudgetExceeded), errors.Is(err, fault.SubscriptionRequired):
		return stop{"reads", fault.From(err).Message}
	case errors.Is(err, xapi.ErrMalformed), answered && refused.Status < 500:
		return stop{"odd_answer", "X gave an answer that says neither that a post is deleted nor why not, so nothing " +
			"more was asked. Look at your newest posts on X; then go on, or end the clean-up."}
	case errors.Is(err, fault.XUnavailable) && tries >= maxSilence: // it may be away for long; the plan ends by its time
		return rest{s.c.DB.Now().Add(longSilence), WaitsForAnswer, true}
	case errors.Is(err, fault.XUnavailable):
		return rest{s.c.DB.Now().Add(silence), WaitsForAnswer, true}
	}
	return err
}

func (s *Service) rest(ctx context.Context, c Cleanup, r rest) error {
	try := 0
	if r.try {
		try = 1
	}
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE cleanups SET wait_until = $4, waiting_for = $5, tries = tries + $6, lease_until = NULL, runner = ''
			WHERE id = $1 AND user_id = $2 AND runner = $3 AND state NOT IN ('done', 'ended')`,
			c.ID, c.UserID, c.runner, r.until, string(r.why), try)
		return nil
	})
}

// stop stops the plan with its sentence. The leave is given back: whoever goes on asks X anew.
func (s *Service) stop(ctx context.Context, c Cleanup, why stop) error {
	s.c.Log.WarnContext(ctx, "a clean-up was stopped", "cleanup", c.ID, "code", why.code)
	var n int64
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE cleanups SET state = 'stopped', why_code = $4, why = $5, wait_until = NULL,
			waiting_for = ''
			WHERE id = $1 AND user_id = $2 AND runner = $3 AND state = 'running'`, c.ID, c.UserID, c.runner, why.code, why.words)
		if err == nil && n > 0 {
			audit.Record(ctx, tx, audit.Event{
				UserID: c.UserID, Actor: "system", Action: audit.CleanupStopped, Resource: c.ID,
				Detail: map[string]any{"code": why.code},
			})
		}
		return err
	})
	if err == nil && n > 0 {
		s.giveBack(ctx, c)
	}
	return err
}

// settle counts what is away, and finishes a plan in which every post has its outcome.
func (s *Service) settle(ctx context.Context, c Cleanup) error {
	if err := s.count(ctx, c); err != nil {
		return err
	}
	var finished bool
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE cleanups SET state = 'done', finished_at = $3, wait_until = NULL, waiting_for = '',
			why = '', why_code = ''
			WHERE id = $1 AND user_id = $2 AND state NOT IN ('done', 'ended')
				AND NOT EXISTS (SELECT 1 FROM cleanup_posts p WHERE p.cleanup_id = cleanups.id AND p.outcome IN ('', 'asked'))`,
			c.ID, c.UserID, tx.Now())
		if finished = n > 0; finished {
			audit.Record(ctx, tx, audit.Event{
				UserID: c.UserID, Actor: "system", Action: audit.CleanupEnded, Resource: c.ID,
				Detail: map[string]any{"state": string(removal.Done)},
			})
		}
		return err
	})
	if err == nil && finished {
		s.giveBack(ctx, c)
	}
	return err
}
