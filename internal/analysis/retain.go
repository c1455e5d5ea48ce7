package analysis

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
)

const uploadTime = 2 * time.Hour // the longest that an upload may take to become an archive

// Retain erases what is past its time: raw posts, archives, verdicts, what was read of X accounts that
// were unlinked since, and reports whose user has had no plan for so long.
func (s *Service) Retain(ctx context.Context) error {
	now := s.c.DB.Now()
	if err := s.forgetSpans(ctx, now); err != nil {
		return err
	}
	if err := s.drain(ctx, `expires_at <= $2`, now); err != nil {
		return err
	}
	err := db.Portions(ctx, s.c.DB, `DELETE FROM verdicts WHERE (user_id, key) IN (
		SELECT user_id, key FROM verdicts WHERE created_at <= $2 AND (keep_until IS NULL OR keep_until <= $3) LIMIT $1)`,
		now.Add(-s.c.KeepFor), now)
	if err != nil {
		return err
	}
	if err := s.retainUnlinked(ctx, now); err != nil {
		return err
	}
	err = db.Portions(ctx, s.c.DB, `DELETE FROM archives WHERE id IN (SELECT id FROM archives WHERE expires_at <= $2
		AND NOT EXISTS (SELECT 1 FROM analyses a WHERE a.archive_id = archives.id)
		AND NOT EXISTS (SELECT 1 FROM posts p WHERE p.collection_id = archives.id) LIMIT $1)`, now)
	if err != nil {
		return err
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		return s.eraseTimelines(ctx, tx, `account_id IN (SELECT id FROM x_accounts WHERE status = 'revoked')`)
	})
}

// forgetSpans ends what is noted as read before its posts are erased, so that the next run reads them again.
func (s *Service) forgetSpans(ctx context.Context, now time.Time) error {
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM timeline_spans WHERE expires_at <= $1`, now)
		return nil
	})
}

// retainUnlinked erases what was read of accounts that their user has unlinked: what a run stored while that happened,
// and their archives' posts. An archive that analyses name stays, as a name only.
func (s *Service) retainUnlinked(ctx context.Context, now time.Time) error {
	err := s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM timeline_spans WHERE account_id IN (SELECT id FROM x_accounts WHERE status = 'revoked')`)
		tx.Later(`UPDATE archives SET expires_at = $1 WHERE expires_at > $1 AND EXISTS (SELECT 1 FROM x_accounts x
			WHERE x.user_id = archives.user_id AND COALESCE(x.released_x_user_id, x.x_user_id) = archives.x_user_id
			AND x.status = 'revoked')`, now)
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.drain(ctx, `collection_id IN (SELECT id FROM x_accounts WHERE status = 'revoked')`); err != nil {
		return err
	}
	return s.drain(ctx, `collection_id IN (SELECT id FROM archives WHERE expires_at <= $2)`, now)
}

// RetainReports erases what analyses found for users who have had no plan for so long as Config.KeepReports says; the
// ledger knows until when they had one, whatever became of the subscription. What notices told of them goes too. It
// reads every analysis, so it is for now and then.
func (s *Service) RetainReports(ctx context.Context) error {
	if s.c.KeepReports == 0 {
		return nil
	}
	before := s.c.DB.Now().Add(-s.c.KeepReports)
	for n := reportsAtOnce; n == reportsAtOnce; {
		var err error
		if n, err = s.dropReports(ctx, before); err != nil {
			return err
		}
	}
	return db.Portions(ctx, s.c.DB, `DELETE FROM dismissals WHERE (user_id, finding_id) IN (
		SELECT d.user_id, d.finding_id FROM dismissals d WHERE d.created_at <= $2
		AND NOT EXISTS (SELECT 1 FROM quota_periods q WHERE q.user_id = d.user_id AND q.entitled_until > $2)
			LIMIT $1)`, before)
}

// reportsAtOnce bounds one transaction of RetainReports.
const reportsAtOnce = 200

// dropReports erases some of the analyses that are past their time, and tells how many.
func (s *Service) dropReports(ctx context.Context, before time.Time) (n int, err error) {
	type row struct{ user, id string }
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		rows, err := db.All(ctx, tx, func(r db.Rows, v *row) error { return r.Scan(&v.user, &v.id) },
			`DELETE FROM analyses WHERE id IN (SELECT a.id FROM analyses a WHERE a.finished_at <= $2
				AND NOT EXISTS (SELECT 1 FROM quota_periods q WHERE q.user_id = a.user_id AND q.entitled_until > $2)
				LIMIT $1) RETURNING user_id, id`, reportsAtOnce, before)
		if err != nil {
			return err
		}
		for _, gone := range rows {
			if err := notice.Forget(ctx, tx, gone.user, gone.id); err != nil {
				return err
			}
		}
		n = len(rows)
		return nil
	})
	return n, err
}

// RetainUploads erases the posts of uploads that were cut off before their archive had a row. It reads every
// collection's id, so it is for now and then.
func (s *Service) RetainUploads(ctx context.Context) error {
	return s.drain(ctx, `fetched_at <= $2 AND NOT EXISTS (SELECT 1 FROM archives a WHERE a.id = posts.collection_id)
		AND NOT EXISTS (SELECT 1 FROM x_accounts x WHERE x.id = posts.collection_id)`, s.c.DB.Now().Add(-uploadTime))
}

// drain erases the posts that fit a condition over $2.
func (s *Service) drain(ctx context.Context, where string, args ...any) error {
	return db.Portions(ctx, s.c.DB, `DELETE FROM posts WHERE (collection_id, post_id) IN (
		SELECT collection_id, post_id FROM posts WHERE `+where+` LIMIT $1)`, args...)
}
