package account

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
)

const tellBound = 30 * time.Second // for both calls of X

// RevokeX unlinks an X account of a user. Our copy of the tokens and the account's raw posts are gone when it returns
// nil; X is told afterwards, and what it answers changes nothing. Error: not_found.
//
// While another account stays linked, the X account is released with it: it opens nothing of this user's any more,
// signs in as somebody new, and can be linked by anybody. The last linked account is the only way in, so it is emptied
// and not released; whoever wants to be rid of it erases the user. The row stays in both cases, for the reports that
// name it.
func (s *Service) RevokeX(ctx context.Context, userID, accountID string) error {
	if !isID(accountID) {
		return noAccount()
	}
	var sealed []byte
	if err := s.EndLeave(ctx, userID, accountID); err != nil {
		return err
	}
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		if err := lockUser(ctx, tx, userID); err != nil {
			return err
		}
		tx.Touch(userID)
		// Writing first locks the row, so that the tokens read are the last that were stored.
		sealed, err = db.One(ctx, tx, db.Value[[]byte],
			`UPDATE x_accounts SET status = 'revoked', refreshing_until = NULL, updated_at = $3
			WHERE id = $1 AND user_id = $2 RETURNING tokens`, accountID, userID, tx.Now())
		if err != nil {
			return err
		}
		tx.Later(`UPDATE x_accounts SET tokens = NULL, token_expires_at = NULL WHERE id = $1 AND user_id = $2`, accountID,
			userID)
		tx.Later(`DELETE FROM x_leaves WHERE account_id = $1 AND user_id = $2`, accountID, userID)
		tx.Later(`DELETE FROM posts WHERE collection_id = $1 AND user_id = $2`, accountID, userID)
		// The row goes with the next housekeeping, which gives back what is reserved in it. No run holds it any more.
		tx.Later(`UPDATE timelines SET runner = NULL, read_at = NULL, end_id = 0, checked_at = NULL, gone = 0
			WHERE account_id = $1 AND user_id = $2`, accountID, userID)
		tx.Later(`DELETE FROM timeline_spans WHERE account_id = $1 AND user_id = $2`, accountID, userID)
		released, err := s.releaseIdentity(ctx, tx, userID, accountID)
		audit.Record(ctx, tx, audit.Event{
			UserID: userID, Actor: "user", Action: audit.XAccountRevoked, Resource: "x_account:" + accountID,
			Detail: map[string]any{"released": released},
		})
		return err
	})
	if err != nil {
		return orNoAccount(err)
	}
	s.tell(ctx, accountID, sealed)
	return nil
}

// lockUser takes a row lock on the user, with an UPDATE that changes nothing. Of two accounts that are unlinked at the
// same time, the second sees that the first is gone.
func lockUser(ctx context.Context, tx db.Tx, userID string) error {
	_, err := tx.Exec(ctx, `UPDATE users SET updated_at = updated_at WHERE id = $1`, userID)
	return err
}

// releaseIdentity gives the X account of a row free if another account of the user stays linked, and tells the user.
func (s *Service) releaseIdentity(ctx context.Context, tx db.Tx, userID, accountID string) (bool, error) {
	handle, err := db.One(ctx, tx, db.Value[string], `UPDATE x_accounts
		SET released_x_user_id = x_user_id, x_user_id = 'released:' || id
		WHERE id = $1 AND user_id = $2 AND released_x_user_id IS NULL AND EXISTS (
			SELECT 1 FROM x_accounts o WHERE o.user_id = $2 AND o.id <> $1 AND o.status <> 'revoked')
		RETURNING handle`, accountID, userID)
	if errors.Is(err, db.ErrNotFound) {
		return false, nil // the last one, or released before
	}
	if err != nil {
		return false, err
	}
	return true, s.tellUser(ctx, tx, userID, notice.AccountReleased, accountID, notice.Data{Handle: handle})
}

// tellUser writes a notice of what concerns who may sign in. Each time is a fact of its own.
func (s *Service) tellUser(ctx context.Context, tx db.Tx, userID string, k notice.Kind, id string,
	d notice.Data,
) error {
	subject := id + " " + tx.Now().UTC().Format(time.RFC3339Nano)
	return notice.Write(ctx, tx, notice.Fact{UserID: userID, Kind: k, Subject: subject, Data: d})
}

// tell lets X know that a sealed pair is to end, whatever becomes of the caller.
func (s *Service) tell(ctx context.Context, accountID string, sealed []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellBound)
	defer cancel()
	p, err := s.openPair(accountID, sealed)
	if err != nil { // sealed with a lost key: the person is rid of them all the same
		s.log.ErrorContext(ctx, "X was not told that an account was disconnected: its tokens do not open", "account",
			accountID, "error", err)
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
			s.log.WarnContext(ctx, "X was not told that an account was disconnected; our copy of its tokens is gone",
				"account", accountID, "error", err)
		}
	}
}
