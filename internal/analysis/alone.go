package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

// One analysis at a time has an account to itself while the model is asked: two that ask side by side would pay twice
// for the same posts. Whoever comes second waits, and finds the verdicts of the first. The first is named in the row of
// the account in timelines, and holds it
//
//   - while it runs, or rests for its batch or for the model. A process that died holds nothing: its lease has ended;
//   - for a while after it was cancelled or failed, until the answers of its batch were kept (leftover.go).
//
// The second looks again each minute at the latest, so a cancellation of the first is soon noticed. Without a model, or
// where the account is not linked, nobody waits.

const (
	aloneWait  = 2 * time.Second  // between two looks whether the other still judges
	aloneLater = time.Minute      // the same of one that waits for its batch
	aloneAfter = 10 * time.Minute // for the answers of a batch that was cancelled
)

// aloneErr ends a try of a run because another analysis has the account.
type aloneErr struct {
	until time.Time
	why   WaitingFor
	by    *time.Time
}

func (*aloneErr) Error() string { return "analysis: another analysis has this account to itself" }

// alone is true of an analysis r that holds its account at $3; $4 is aloneAfter before that.
const alone = `(r.status = 'running' AND (r.lease_until >= $3 OR r.waiting_for IN ('batch', 'model', 'model_silent'))
	OR r.status IN ('cancelled', 'failed') AND r.finished_at > $4 AND EXISTS (SELECT 1 FROM model_batches b
		WHERE b.analysis_id = r.id AND b.state <> 'taken' AND b.sealed IS NOT NULL))`

type holder struct {
	id, status, why string
	until, by       *time.Time
}

// takeAlone takes an account for an analysis, or returns an *aloneErr.
func (s *Service) takeAlone(ctx context.Context, a Analysis, accountID string) error {
	if accountID == "" {
		return nil
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		tx.Later(`INSERT INTO timelines (account_id, user_id) VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING`,
			accountID, a.UserID)
		// The row lock comes first, so that the next statement sees who has the account now.
		by, err := db.One(ctx, tx, db.Value[*string], `UPDATE timelines SET user_id = user_id
			WHERE account_id = $1 AND user_id = $2 RETURNING judged_by`, accountID, a.UserID)
		if err != nil {
			return err
		}
		if by != nil && *by != a.ID {
			now := tx.Now()
			h, err := db.One(ctx, tx, func(r db.Rows, v *holder) error {
				return r.Scan(&v.id, &v.status, &v.why, &v.until, &v.by)
			}, `SELECT r.id, r.status, r.waiting_for, r.wait_until, r.wait_by FROM analyses r
				WHERE r.id = $1 AND r.user_id = $2 AND `+alone, *by, a.UserID, now, now.Add(-aloneAfter))
			if err == nil {
				return h.wait(now)
			}
			if !errors.Is(err, db.ErrNotFound) {
				return err
			}
		}
		tx.Later(`UPDATE timelines SET judged_by = $3 WHERE account_id = $1 AND user_id = $2`, accountID, a.UserID, a.ID)
		return nil
	})
}

// wait is until when somebody waits for the holder.
func (h holder) wait(now time.Time) *aloneErr {
	if Status(h.status) == Running && WaitingFor(h.why) == WaitsForBatch {
		return &aloneErr{now.Add(aloneLater), WaitsForRunBatch, h.by}
	}
	return &aloneErr{now.Add(aloneWait), WaitsForRun, nil}
}
