package account

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

const sessionsKept = 30 * 24 * time.Hour // after they are over, so that their owner can still be told of them

// Sweep deletes what has expired: sign-ins under way, refresh tokens, answers that nobody can ask for again, old
// sessions, API keys and leaves to delete posts. Run it every few minutes; nothing depends on when.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.db.Now()
	return errors.Join(
		s.endOldLeaves(ctx),
		db.Portions(ctx, s.db, `DELETE FROM oauth_states WHERE state_hash IN (
			SELECT state_hash FROM oauth_states WHERE expires_at <= $2 LIMIT $1)`, now),
		db.Portions(ctx, s.db, `DELETE FROM refresh_tokens WHERE hash IN (
			SELECT hash FROM refresh_tokens WHERE expires_at <= $2 LIMIT $1)`, now),
		db.Portions(ctx, s.db, `UPDATE refresh_tokens SET successor = NULL WHERE hash IN (
			SELECT t.hash FROM refresh_tokens t WHERE t.used_at < $2 AND t.successor IS NOT NULL AND NOT EXISTS (
				SELECT 1 FROM refresh_tokens c WHERE c.parent = t.hash AND c.used_at IS NULL) LIMIT $1)`, now.Add(-grace)),
		db.Portions(ctx, s.db, `DELETE FROM sessions WHERE id IN (
			SELECT id FROM sessions WHERE expires_at < $2 LIMIT $1)`, now.Add(-sessionsKept)),
		db.Portions(ctx, s.db, `DELETE FROM api_keys WHERE id IN (
			SELECT id FROM api_keys WHERE expires_at < $2 LIMIT $1)`, now.Add(-keysKept)),
	)
}
