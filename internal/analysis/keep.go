package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

// Posts that a schedule will need again are kept until its next run, with their owner's consent ([KeepKind]): otherwise
// every month's run would read and pay for the whole account. What is kept longer is what was read of the account, the
// ranges that are complete with it, and what the model said.

// keepAgreed is the condition that the consent stands, over the user in $1.
const keepAgreed = `EXISTS (SELECT 1 FROM consents c WHERE c.user_id = $1 AND c.kind = '` + KeepKind +
	`' AND c.version = '` +
	KeepVersion + `' AND c.withdrawn_at IS NULL)`

// Keep lets what is kept of an account stay until an instant, in the caller's transaction of db.System. What has
// expired is not brought back, and without the consent nothing is kept longer.
func (s *Service) Keep(tx db.Tx, userID, accountID string, until time.Time) {
	now := tx.Now()
	tx.Later(`UPDATE posts SET expires_at = $3 WHERE user_id = $1 AND collection_id = $2 AND expires_at > $4
		AND expires_at < $3 AND `+
		keepAgreed, userID, accountID, until, now)
	tx.Later(`UPDATE timeline_spans SET expires_at = $3 WHERE user_id = $1 AND account_id = $2 AND expires_at > $4
		AND expires_at < $3 AND `+
		keepAgreed, userID, accountID, until, now)
	tx.Later(`UPDATE verdicts SET keep_until = $2 WHERE user_id = $1 AND (keep_until IS NULL OR keep_until < $2)
		AND `+keepAgreed, userID, until)
}

// KeepNoLonger takes back what Keep did: what is there is kept as long as if it were read now.
func (s *Service) KeepNoLonger(tx db.Tx, userID, accountID string) {
	until := tx.Now().Add(s.c.KeepFor)
	tx.Later(`UPDATE posts SET expires_at = $3 WHERE user_id = $1 AND collection_id = $2 AND expires_at > $3`, userID,
		accountID, until)
	tx.Later(`UPDATE timeline_spans SET expires_at = $3 WHERE user_id = $1 AND account_id = $2 AND expires_at > $3`,
		userID, accountID, until)
	tx.Later(`UPDATE verdicts SET keep_until = $2 WHERE user_id = $1 AND keep_until > $2`, userID, until)
}

// endKeeping ends what the consent to keep posts longer has allowed: what is older than the usual time goes at once.
func (s *Service) endKeeping(tx db.Tx, userID string) {
	now := tx.Now()
	tx.Later(`DELETE FROM timeline_spans WHERE user_id = $1 AND EXISTS (SELECT 1 FROM posts p
		WHERE p.collection_id = timeline_spans.account_id AND p.user_id = $1
			AND p.fetched_at <= $2)`, userID, now.Add(-s.c.KeepFor))
	tx.Later(`DELETE FROM posts WHERE user_id = $1 AND fetched_at <= $2`, userID, now.Add(-s.c.KeepFor))
	tx.Later(`UPDATE verdicts SET keep_until = NULL WHERE user_id = $1`, userID)
	tx.Later(`UPDATE posts SET expires_at = $2 WHERE user_id = $1 AND expires_at > $2`, userID, now.Add(s.c.KeepFor))
	tx.Later(`UPDATE timeline_spans SET expires_at = $2 WHERE user_id = $1 AND expires_at > $2`, userID,
		now.Add(s.c.KeepFor))
}

// keptUntil is until when the last of an analysis' posts is kept: as far as can be told before it has read.
func (s *Service) keptUntil(ctx context.Context, a Analysis) (time.Time, error) {
	until := s.c.DB.Now().Add(s.c.KeepFor)
	if a.AccountID == nil {
		return until, nil
	}
	last, err := db.ReadOne(ctx, s.c.DB, db.System, db.Value[time.Time],
		`SELECT expires_at FROM posts WHERE user_id = $1 AND collection_id = $2 ORDER BY expires_at DESC LIMIT 1`,
		a.UserID, *a.AccountID)
	if errors.Is(err, db.ErrNotFound) {
		err = nil
	}
	for _, t := range []time.Time{last, orZero(a.keepUntil)} {
		if t.After(until) {
			until = t
		}
	}
	return until, err
}
