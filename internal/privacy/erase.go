package privacy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

const (
	eraseAttempts = 4
	scrubAgain    = 30 * time.Second
)

var errNotYet = errors.New("privacy: something was begun while the user was being erased")

// Erase erases a user for good. They confirm it by typing the handle of an X account that is linked now. Nothing
// of theirs works any more once it returns nil; a job removes the rest within moments. Errors: validation_failed when
// it is not confirmed, and conflict or payment_provider_error when the plan could not be ended: then nothing has
// happened.
func (s *Service) Erase(ctx context.Context, userID, confirm string) error {
	if err := s.confirmed(ctx, userID, confirm); err != nil {
		return err
	}
	// whoever leaves the page does not stop it
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 90*time.Second)
	defer cancel()
	if err := s.note(ctx, userID); err != nil {
		return err
	}
	if err := s.cfg.Billing.Close(ctx, userID); err != nil {
		return s.takeBack(ctx, userID, err)
	}
	return s.lock(ctx, userID)
}

func (s *Service) confirmed(ctx context.Context, userID, typed string) error {
	typed = strings.ToLower(strings.TrimSpace(typed))
	accounts, err := s.cfg.Accounts.Accounts(ctx, userID)
	if err != nil {
		return err
	}
	var handles []string
	for _, a := range accounts {
		if !a.Released { // whoever holds it now confirms nothing here
			handles = append(handles, strings.ToLower(a.Handle))
		}
	}
	if slices.Contains(handles, strings.TrimPrefix(typed, "@")) {
		return nil
	}
	return fault.ValidationFailed.Saying("To erase your account, confirm it by typing the handle of an X account that "+
		"is linked to it.").
		At("body.confirm", "must be the handle of a linked X account")
}

// note writes the wish down, so that it outlives this process.
func (s *Service) note(ctx context.Context, userID string) error {
	return s.cfg.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`INSERT INTO erasures (user_id, asked_at, tried_at) VALUES ($1, $2, $2) ON CONFLICT (user_id) DO UPDATE
			SET tried_at = excluded.tried_at`, userID, tx.Now())
		return nil
	})
}

// takeBack leaves everything as it was, because the plan could not be ended.
func (s *Service) takeBack(ctx context.Context, userID string, why error) error {
	err := s.cfg.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM erasures WHERE user_id = $1 AND locked_at IS NULL`, userID)
		return err
	})
	if err != nil {
		return fault.Internal.Saying("Your plan could not be ended right now. The erasure will be tried again by " +
			"itself.").Because(errors.Join(why, err))
	}
	f := fault.From(why)
	if errors.Is(f, fault.PaymentProviderError) {
		return f.Saying("Your plan could not be ended at the payment provider, so nothing was erased and nothing has " +
			"changed. Try again in a few minutes.")
	}
	return f
}

// lock ends all that works for the user, and leaves the rest to a job.
func (s *Service) lock(ctx context.Context, userID string) error {
	var ended account.Ended
	var runs []string
	err := s.cfg.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		n, err := tx.Exec(ctx, `UPDATE erasures SET locked_at = $2, tried_at = $2 WHERE user_id = $1
			AND locked_at IS NULL`, userID, tx.Now())
		if err != nil || n == 0 {
			return err // it was locked before
		}
		if ended, err = s.cfg.Accounts.EndAll(ctx, tx, userID); err != nil {
			return err
		}
		if runs, err = s.cfg.Analyses.EndRuns(ctx, tx, userID); err != nil {
			return err
		}
		s.cfg.Cleanups.EndAll(tx, userID)
		s.cfg.Shares.EndAll(tx, userID)
		audit.Record(ctx, tx, audit.Event{
			UserID: userID, Actor: "user", Action: audit.UserErasureBegan,
			Resource: "user:" + userID,
		})
		tx.Touch(userID) // nothing is shown of them any more
		return tx.Enqueue(ctx, EraseJob{UserID: userID})
	})
	s.cfg.Accounts.Forget(ended)
	s.cfg.Analyses.Ring(runs)
	return err
}

// EraseJob carries an erasure to its end.
type EraseJob struct {
	UserID string `json:"user_id"`
}

// Kind names the job in the queue.
func (EraseJob) Kind() string { return "erase" }

// InsertOpts bounds the tries; Sweep queues the job anew for as long as the user is there.
func (EraseJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: db.Housekeeping, MaxAttempts: eraseAttempts}
}

// FinishErase takes every step that is left of an erasure that was asked for; without one it does nothing. Two
// processes may do so at once.
func (s *Service) FinishErase(ctx context.Context, userID string) error {
	_, err := db.ReadOne(ctx, s.cfg.DB, db.System, db.Value[string], `SELECT user_id FROM erasures WHERE user_id = $1`,
		userID)
	if errors.Is(err, db.ErrNotFound) { // it is done, but perhaps the last step is not
		return s.scrub(ctx, userID)
	}
	for _, step := range s.steps() {
		if err == nil {
			err = step(ctx, userID)
		}
	}
	if _, told := errors.AsType[*river.JobSnoozeError](err); err != nil && !told {
		s.cfg.Log.WarnContext(ctx, "an erasure is not finished and will go on", "user", userID, "error", err)
	}
	return err
}

// steps are in the order they are taken. Each leaves a state from which all of them can be taken again.
func (s *Service) steps() []func(context.Context, string) error {
	return []func(context.Context, string) error{
		s.cfg.Billing.Close, s.lock, s.cfg.Accounts.RevokeAllX, s.cfg.Analyses.ErasePosts, s.remove, s.scrub,
	}
}

// scrub makes what was deleted unreadable in the database's files. Where somebody is reading them, such as a backup, or
// the disk refuses, its job sleeps and wakes until it is done: the row of the user, by which Sweep finds work, is gone.
func (s *Service) scrub(ctx context.Context, userID string) error {
	err := s.cfg.DB.Scrub(ctx)
	if err == nil {
		return nil
	}
	s.cfg.Log.WarnContext(ctx, "a user is erased, but deleted rows can still be read in the write-ahead log; it is "+
		"emptied "+
		"as soon as nobody reads the database", "user", userID, "again_after", scrubAgain, "cause", err)
	return river.JobSnooze(scrubAgain)
}

// remove deletes the user, and by the schema's own references everything that is theirs. Whatever a request began just
// before the lock was seen everywhere makes it refuse, and the steps are taken again.
func (s *Service) remove(ctx context.Context, userID string) error {
	return s.cfg.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		held, err := s.cfg.Accounts.HoldsX(ctx, tx, userID)
		if err == nil && held {
			err = errNotYet
		}
		if err == nil {
			err = s.cfg.Billing.Forget(ctx, tx, userID)
		}
		if err != nil {
			return err
		}
		audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "system", Action: audit.UserErased, Resource: "user:" +
			userID})
		audit.Anonymize(tx, userID)
		tx.Touch(userID)
		tx.Later(`DELETE FROM users WHERE id = $1`, userID)
		return nil
	})
}
