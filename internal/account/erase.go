package account

import (
	"context"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Erasing a user is led by package privacy; these are the steps that concern what this package keeps. Each may be
// repeated.

// notErasing is the condition that user $1 is not on their way out.
const notErasing = `NOT EXISTS (SELECT 1 FROM erasures e WHERE e.user_id = $1 AND e.locked_at IS NOT NULL)`

func erasing() error {
	return fault.Conflict.Saying("This account is being erased. Wait a few minutes; then you can sign in and begin anew.")
}

// EndAll ends whatever could act for a user, in the caller's transaction of db.System: sessions, their refresh tokens,
// API keys, and sign-ins under way. Hand what it returns to [Service.Forget] once the transaction has committed.
func (s *Service) EndAll(ctx context.Context, tx db.Tx, userID string) (e Ended, err error) {
	e.sessions, err = db.All(ctx, tx, db.Value[string], `UPDATE sessions SET revoked_at = $2, revoked_why = 'erased'
		WHERE user_id = $1 AND revoked_at IS NULL RETURNING id`, userID, tx.Now())
	if err != nil {
		return e, err
	}
	e.keys, err = db.All(ctx, tx, func(r db.Rows, v *[2]string) error { return r.Scan(&v[0], &v[1]) },
		`DELETE FROM api_keys WHERE user_id = $1 RETURNING hash, COALESCE(old_hash, '')`, userID)
	for _, id := range e.sessions {
		tx.Notify(ended, id)
	}
	for _, k := range e.keys {
		notifyKey(tx, keyRow{hash: k[0], oldHash: k[1]})
	}
	tx.Later(`DELETE FROM refresh_tokens WHERE user_id = $1`, userID)
	tx.Later(`DELETE FROM oauth_states WHERE user_id = $1`, userID)
	return e, err
}

// Ended is what EndAll has ended.
type Ended struct {
	sessions []string
	keys     [][2]string // hashes
}

// Forget makes this process look again before it believes any of it.
func (s *Service) Forget(e Ended) {
	for _, id := range e.sessions {
		s.live.Invalidate(id)
	}
	for _, hashes := range e.keys {
		s.apiKeys.forget(hashes[:]...)
	}
}

// RevokeAllX ends what X granted for any account of a user: X is told first and our copy wiped then, so that a process
// that dies in between tells it again. What X answers changes nothing.
func (s *Service) RevokeAllX(ctx context.Context, userID string) error {
	ids, err := db.Read(ctx, s.db, db.System, db.Value[string],
		`SELECT id FROM x_accounts WHERE user_id = $1 AND (tokens IS NOT NULL OR status <> 'revoked'
			OR id IN (SELECT account_id FROM x_leaves WHERE user_id = $1))`, userID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.revokeForGood(ctx, userID, id); err != nil {
			return err
		}
	}
	return nil
}

// revokeForGood marks the account first, which keeps a renewal under way from storing another pair.
func (s *Service) revokeForGood(ctx context.Context, userID, accountID string) error {
	var sealed []byte
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		tx.Touch(userID)
		sealed, err = db.One(ctx, tx, db.Value[[]byte],
			`UPDATE x_accounts SET status = 'revoked', refreshing_until = NULL, updated_at = $3
			WHERE id = $1 AND user_id = $2 RETURNING tokens`, accountID, userID, tx.Now())
		return err
	})
	if err != nil {
		return err
	}
	s.tell(ctx, accountID, sealed)
	if err := s.EndLeave(ctx, userID, accountID); err != nil {
		return err
	}
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE x_accounts SET tokens = NULL, token_expires_at = NULL WHERE id = $1 AND user_id = $2
			AND status = 'revoked'`, accountID, userID)
		return err
	})
}

// HoldsX tells whether any token of X is still kept for a user.
func (s *Service) HoldsX(ctx context.Context, tx db.Tx, userID string) (bool, error) {
	n, err := db.One(ctx, tx, db.Value[int],
		`SELECT (SELECT count(*) FROM x_accounts WHERE user_id = $1 AND tokens IS NOT NULL)
		+ (SELECT count(*) FROM x_leaves WHERE user_id = $1)`, userID)
	return n > 0, err
}
