package analysis

import (
	"context"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Withdraw ends a user's consent of a kind and, in the same transaction, what it allowed. Without [ConsentKind] no post
// of theirs is kept, whatever it came from, and no analysis runs; without [RetentionKind] that holds for uploaded
// archives; without [KeepKind] none is kept beyond the usual time. Reports stay. Error: not_found when no such consent
// holds.
//
// A start at the same moment may have seen the consent, and be committed after the runs were ended. If that was before
// the withdrawal, it is ended next; if it was later, its run finds no consent ([Service.mayRun]).
func (s *Service) Withdraw(ctx context.Context, userID, kind string) error {
	runs, posts := `TRUE`, `TRUE`
	switch kind {
	case ConsentKind:
	case KeepKind:
		runs, posts = `FALSE`, `FALSE`
	case RetentionKind:
		runs, posts = `archive_id IS NOT NULL`, `collection_id IN (SELECT id FROM archives WHERE user_id = $1)`
	default:
		return fault.NotFound.Saying("There is no consent of this kind.")
	}
	var ended []string
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		if err := s.c.Accounts.WithdrawConsent(ctx, tx, userID, kind); err != nil {
			return err
		}
		if ended, err = s.endRuns(ctx, tx, userID, runs); err != nil {
			return err
		}
		tx.Later(`DELETE FROM posts WHERE user_id = $1 AND `+posts, userID)
		if kind == KeepKind {
			s.endKeeping(tx, userID)
			return nil
		}
		tx.Later(`UPDATE archives SET expires_at = $2 WHERE user_id = $1 AND expires_at > $2`, userID, tx.Now())
		if kind == ConsentKind {
			tx.Later(`UPDATE model_batches SET sealed = NULL WHERE analysis_id IN
				(SELECT id FROM analyses WHERE user_id = $1)`, userID)
			tx.Later(`DELETE FROM timeline_spans WHERE user_id = $1`, userID)
			tx.Later(`DELETE FROM verdicts WHERE user_id = $1`, userID)
			return s.eraseTimelines(ctx, tx, `user_id = $1`, userID)
		}
		return nil
	})
	if err == nil && kind == ConsentKind {
		var late []string
		err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
			late, err = s.endRuns(ctx, tx, userID, `NOT `+agreed)
			return err
		})
		ended = append(ended, late...)
	}
	s.Ring(ended)
	return err
}

// agreed is whether user $1 has a consent of [ConsentKind], to whichever text, that stands.
const agreed = `EXISTS (SELECT 1 FROM consents c WHERE c.user_id = $1 AND c.kind = '` + ConsentKind +
	`' AND c.withdrawn_at IS NULL)`

// mayRun refuses a run whose user has withdrawn their consent since it was started.
func (s *Service) mayRun(ctx context.Context, a Analysis) error {
	may, err := db.ReadOne(ctx, s.c.DB, db.System, db.Value[bool], `SELECT `+agreed, a.UserID)
	if err == nil && !may {
		err = fault.Forbidden.Saying("You have withdrawn your consent to having your posts read, so nothing was read.")
	}
	return err
}

// EndRuns cancels every analysis of a user that has not ended, in the caller's transaction of db.System. Hand the ids
// that it returns to [Service.Ring] once that has committed.
func (s *Service) EndRuns(ctx context.Context, tx db.Tx, userID string) (ended []string, err error) {
	return s.endRuns(ctx, tx, userID, `TRUE`)
}

func (s *Service) endRuns(ctx context.Context, tx db.Tx, userID, where string) (ended []string, err error) {
	all, err := db.All(ctx, tx, scan, `
		UPDATE analyses SET status = 'cancelled', stage = 'done', finished_at = $2, lease_until = NULL, event_seq =
			event_seq + 1
		WHERE user_id = $1 AND status IN ('queued', 'running') AND `+where+` RETURNING `+columns, userID, tx.Now())
	for _, a := range all {
		if err := s.c.Billing.Release(ctx, tx, userID, a.PeriodStart); err != nil {
			return nil, err
		}
		audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.AnalysisCancel, Resource: a.ID})
		ended = append(ended, a.ID)
	}
	return ended, err
}

// Ring tells those who watch these analyses that they have changed.
func (s *Service) Ring(ids []string) {
	for _, id := range ids {
		s.bells.ring(id)
	}
}

// ErasePosts erases every raw post of a user and what the model said of them, a bounded number in each transaction.
func (s *Service) ErasePosts(ctx context.Context, userID string) error {
	err := db.AllPortions(ctx, s.c.DB, `DELETE FROM posts WHERE (collection_id, post_id) IN (
		SELECT collection_id, post_id FROM posts WHERE user_id = $2 LIMIT $1)`, userID)
	if err != nil {
		return err
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM timeline_spans WHERE user_id = $1`, userID)
		tx.Later(`DELETE FROM verdicts WHERE user_id = $1`, userID)
		return s.eraseTimelines(ctx, tx, `user_id = $1`, userID)
	})
}
