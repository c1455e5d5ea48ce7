package account

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

const sessionsKept = 30 * 24 * time.Hour // after they are over, so that their owner can still be told of them

// Sweep deletes what has expired: sign-ins under way, refresh tokens, answers that nobody can ask for again, old sessions,
// API keys and leaves to delete posts.
// Run it every few minutes; nothing depends on when.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.endOldLeaves(ctx), s.db.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM oauth_states WHERE expires_at <= $1`, tx.Now())
		tx.Later(`DELETE FROM refresh_tokens WHERE expires_at <= $1`, tx.Now())
		tx.Later(`UPDATE refresh_tokens SET successor = NULL WHERE used_at < $1 AND successor IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM refresh_tokens c WHERE c.parent = refresh_tokens.hash AND c.used_at IS NULL)`, tx.Now().Add(-grace))
		tx.Later(`DELETE FROM sessions WHERE expires_at < $1`, tx.Now().Add(-sessionsKept))
		tx.Later(`DELETE FROM api_keys WHERE expires_at < $1`, tx.Now().Add(-keysKept))
		return nil
	}))
}
