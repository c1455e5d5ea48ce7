package account

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
)

const tellBound = 30 * time.Second // for both calls of X

// RevokeX disconnects an X account of a user. Our copy of the tokens and the account's raw posts are gone when it
// returns nil; X is told afterwards, and what it answers changes nothing. The row stays, so that only the same user can
// connect the account again. Error: not_found.
func (s *Service) RevokeX(ctx context.Context, userID, accountID string) error {
	if !isID(accountID) {
		return noAccount()
	}
	var sealed []byte
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		// Writing first locks the row, so that the tokens read are the last that were stored.
		sealed, err = db.One(ctx, tx, db.Value[[]byte], `UPDATE x_accounts SET status = 'revoked', refreshing_until = NULL, updated_at = $3
			WHERE id = $1 AND user_id = $2 RETURNING tokens`, accountID, userID, tx.Now())
		if err != nil {
			return err
		}
		tx.Later(`UPDATE x_accounts SET tokens = NULL, token_expires_at = NULL WHERE id = $1 AND user_id = $2`, accountID, userID)
		tx.Later(`DELETE FROM posts WHERE collection_id = $1 AND user_id = $2`, accountID, userID)
		audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: "x_account.revoked", Resource: "x_account:" + accountID})
		return nil
	})
	if err != nil {
		return orNoAccount(err)
	}
	s.tell(ctx, accountID, sealed)
	return nil
}

// tell lets X know that a sealed pair is to end, whatever becomes of the caller.
func (s *Service) tell(ctx context.Context, accountID string, sealed []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellBound)
	defer cancel()
	p, err := s.openPair(accountID, sealed)
	if err != nil { // sealed with a lost key: the person is rid of them all the same
		s.log.ErrorContext(ctx, "X was not told that an account was disconnected: its tokens do not open", "account", accountID, "error", err)
	}
	s.tellRevoked(ctx, accountID, p)
}

// tellRevoked ends a pair at X as well as it can. The refresh token goes first: it is the one that lives long.
func (s *Service) tellRevoked(ctx context.Context, accountID string, p pair) {
	for _, token := range []string{p.Refresh, p.Access} {
		if token == "" {
			continue
		}
		if err := s.x.Revoke(ctx, token); err != nil {
			s.log.WarnContext(ctx, "X was not told that an account was disconnected; our copy of its tokens is gone", "account", accountID, "error", err)
		}
	}
}
