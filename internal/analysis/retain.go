package analysis

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

const (
	uploadTime = 2 * time.Hour // the longest that an upload may take to become an archive
	erasedAt   = 5_000         // rows a transaction erases at once, so that none holds the database for long
)

// Retain erases what is past its time: raw posts, archives, verdicts, what was read of X accounts that
// were unlinked since, and reports whose user has had no plan for so long.
func (s *Service) Retain(ctx context.Context) error {
	now := s.DB.Now()
	if err := s.forgetSpans(ctx, now); err != nil {
		return err
	}
	if err := s.drain(ctx, `expires_at <= $2`, now); err != nil {
		return err
	}
	return s.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM verdicts WHERE created_at <= $1 AND (keep_until IS NULL OR keep_until <= $2)`, now.Add(-s.KeepFor), now)
		retainUnlinked(tx, now)
		tx.Later(`DELETE FROM archives WHERE expires_at <= $1 AND NOT EXISTS (SELECT 1 FROM analyses a WHERE a.archive_id = archives.id)`, now)
		return s.eraseTimelines(ctx, tx, `account_id IN (SELECT id FROM x_accounts WHERE status = 'revoked')`)
	})
}

// forgetSpans ends what is noted as read before its posts are erased, so that the next run reads them again.
func (s *Service) forgetSpans(ctx context.Context, now time.Time) error {
	return s.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM timeline_spans WHERE expires_at <= $1`, now)
		return nil
	})
}

// retainUnlinked erases what was read of accounts that their user has unlinked: what a run stored while that happened,
// and their archives' posts. An archive that analyses name stays, as a name only.
func retainUnlinked(tx db.Tx, now time.Time) {
	tx.Later(`DELETE FROM posts WHERE collection_id IN (SELECT id FROM x_accounts WHERE status = 'revoked')`)
	tx.Later(`DELETE FROM timeline_spans WHERE account_id IN (SELECT id FROM x_accounts WHERE status = 'revoked')`)
	tx.Later(`UPDATE archives SET expires_at = $1 WHERE expires_at > $1
		AND EXISTS (SELECT 1 FROM x_accounts x WHERE x.user_id = archives.user_id AND COALESCE(x.released_x_user_id, x.x_user_id) = archives.x_user_id AND x.status = 'revoked')`, now)
	tx.Later(`DELETE FROM posts WHERE collection_id IN (SELECT id FROM archives WHERE expires_at <= $1)`, now)
}

// RetainReports erases what analyses found for users who have had no plan for so long as Config.KeepReports says; the
// ledger knows until when they had one, whatever became of the subscription. It reads every analysis, so it is for now
// and then.
func (s *Service) RetainReports(ctx context.Context) error {
	if s.KeepReports == 0 {
		return nil
	}
	return s.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		before := tx.Now().Add(-s.KeepReports)
		tx.Later(`DELETE FROM analyses WHERE finished_at <= $1 AND NOT EXISTS (SELECT 1 FROM quota_periods q WHERE q.user_id = analyses.user_id AND q.entitled_until > $1)`, before)
		tx.Later(`DELETE FROM dismissals WHERE created_at <= $1 AND NOT EXISTS (SELECT 1 FROM quota_periods q WHERE q.user_id = dismissals.user_id AND q.entitled_until > $1)`, before)
		return nil
	})
}

// RetainUploads erases the posts of uploads that were cut off before their archive had a row. It reads every collection's
// id, so it is for now and then.
func (s *Service) RetainUploads(ctx context.Context) error {
	return s.drain(ctx, `fetched_at <= $2 AND NOT EXISTS (SELECT 1 FROM archives a WHERE a.id = posts.collection_id)
		AND NOT EXISTS (SELECT 1 FROM x_accounts x WHERE x.id = posts.collection_id)`, s.DB.Now().Add(-uploadTime))
}

// drain erases the posts that fit a condition over $2, a bounded number in each transaction.
func (s *Service) drain(ctx context.Context, where string, arg any) error {
	for {
		var n int64
		err := s.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
			n, err = tx.Exec(ctx, `DELETE FROM posts WHERE (collection_id, post_id) IN (SELECT collection_id, post_id FROM posts WHERE `+where+` LIMIT $1)`, erasedAt, arg)
			return err
		})
		if err != nil || n < erasedAt {
			return err
		}
	}
}
