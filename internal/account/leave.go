package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/xapi"
)

// The leave to delete posts is a grant of X of its own, beside the one that reads. It is asked for by a clean-up, by
// the rules of a link (a fresh sign-in, the session that began it), belongs to one linked account, and is told to X as
// void as soon as the clean-up ends. So a Repazoo that is not cleaning up can only read.

const (
	writeScope = "tweet.write"
	leaveLife  = 7 * 24 * time.Hour // a plan ends before
)

// ErrNoLeave means that there is no leave to delete posts of an account, or none any more. It arrives wrapped in a
// fault.
var ErrNoLeave = errors.New("account: there is no leave to delete posts of this account")

func noLeave() error {
	return fault.Forbidden.Saying("There is no leave to delete posts of this account. Ask X for it " +
		"again.").Because(ErrNoLeave)
}

// LeaveRequest asks X for the leave to delete the posts of a linked account.
type LeaveRequest struct {
	UserID, Session, AccountID string
	RedirectTo                 string
}

// BeginLeave is [Service.BeginSignIn] for the leave to delete posts. The same callback completes it. Errors: not_found
// when the account is not linked, sign_in_again when the session began more than 15 minutes ago.
func (s *Service) BeginLeave(ctx context.Context, r LeaveRequest) (Authorization, error) {
	if !isID(r.AccountID) {
		return Authorization{}, noAccount()
	}
	returnTo, err := s.returns.resolve(r.RedirectTo, "")
	if err != nil {
		return Authorization{}, err
	}
	return s.begin(ctx, beginning{
		by: linker{r.UserID, r.Session}, leaveFor: r.AccountID, returnTo: returnTo,
		scopes: []string{"tweet.read", "users.read", writeScope, "offline.access"},
	})
}

// takeLeave keeps what X granted for deletions, if it was granted for the right account.
func (s *Service) takeLeave(ctx context.Context, st state, g grant) (in SignedIn, err error) {
	in = SignedIn{UserID: st.by.user, Linked: true, Leave: true}
	var former [][]byte
	if !slices.Contains(g.token.Scopes, writeScope) {
		return in, fault.Forbidden.Saying("X gave no leave to delete, so nothing was deleted. Your list is kept.")
	}
	err = s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := st.by.stillSignedIn(ctx, tx); err != nil {
			return err
		}
		// The row lock comes first: an account that is unlinked at the same time either has no leave yet or loses it.
		a, err := db.One(ctx, tx, s.scanAccount, `UPDATE x_accounts SET updated_at = updated_at
			WHERE id = $1 AND user_id = $2 AND status <> 'revoked' RETURNING `+accountColumns, st.leaveFor, st.by.user)
		if err != nil {
			return orNoAccount(err)
		}
		if a.XUserID != g.who.ID {
			return fault.Forbidden.Saying("You allowed this as another account than @%s, whose posts these are. "+
				"Switch to @%s on X and ask again.", a.Handle, a.Handle)
		}
		in.Account = a
		former, err = db.All(ctx, tx, db.Value[[]byte],
			`SELECT tokens FROM x_leaves WHERE account_id = $1 AND user_id = $2`, a.ID, st.by.user)
		if err != nil {
			return err
		}
		tx.Later(`INSERT INTO x_leaves (account_id, user_id, tokens, token_expires_at, given_at, ends_at)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (account_id) DO UPDATE SET tokens = excluded.tokens, token_expires_at = excluded.token_expires_at,
				given_at = excluded.given_at, ends_at = excluded.ends_at`,
			a.ID, st.by.user, s.sealLeave(a.ID, g.token), g.token.ExpiresAt, tx.Now(), tx.Now().Add(leaveLife))
		audit.Record(ctx, tx, audit.Event{
			UserID: st.by.user, Actor: "user", Action: audit.LeaveGiven,
			Resource: "x_account:" + a.ID,
		})
		return nil
	})
	if err == nil {
		s.tellFormer(ctx, in.Account.ID, former)
	}
	return in, err
}

// tellFormer gives back the leave that a new one has replaced.
func (s *Service) tellFormer(ctx context.Context, accountID string, former [][]byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellBound)
	defer cancel()
	for _, sealed := range former {
		var p pair
		if plain, err := s.seal.Open(sealed, leaveBound(accountID)); err == nil && json.Unmarshal(plain, &p) == nil {
			s.tellRevoked(ctx, accountID, p)
		}
	}
}

func (s *Service) sealLeave(accountID string, t xapi.Token) []byte {
	plain, err := json.Marshal(pair{t.Access, t.Refresh})
	if err != nil {
		panic(err) // two strings
	}
	return s.seal.Seal(plain, leaveBound(accountID))
}

// leaveBound is what a leave's box is bound to, so that it never opens in the place of the tokens that read.
func leaveBound(accountID string) []byte { return []byte("leave/" + accountID) }

// leave is a row of x_leaves.
type leave struct {
	sealed        []byte
	expires, ends time.Time
	pair          pair
}

func (s *Service) leave(ctx context.Context, userID, accountID string) (l leave, err error) {
	l, err = db.ReadOne(ctx, s.db, db.System,
		func(r db.Rows, l *leave) error { return r.Scan(&l.sealed, &l.expires, &l.ends) },
		`SELECT tokens, token_expires_at, ends_at FROM x_leaves WHERE account_id = $1 AND user_id = $2`, accountID, userID)
	if errors.Is(err, db.ErrNotFound) {
		return l, noLeave()
	}
	if err != nil {
		return l, err
	}
	plain, err := s.seal.Open(l.sealed, leaveBound(accountID))
	if err != nil {
		return l, fmt.Errorf("leave of X account %s: %w", accountID, err)
	}
	return l, json.Unmarshal(plain, &l.pair)
}

// HasLeave tells whether there is a leave to delete posts of an account now.
func (s *Service) HasLeave(ctx context.Context, userID, accountID string) (bool, error) {
	n, err := db.ReadOne(ctx, s.db, db.System, db.Value[int],
		`SELECT count(*) FROM x_leaves WHERE account_id = $1 AND user_id = $2 AND ends_at > $3`, accountID, userID,
		s.db.Now())
	return n > 0, err
}

// LeaveToken gives an access token that may delete posts and lives at least five minutes more. rejected is one that X
// has just refused, or "". One caller at a time may ask for an account: who holds the lease of its clean-up. Without a
// leave it is [ErrNoLeave].
func (s *Service) LeaveToken(ctx context.Context, userID, accountID, rejected string) (string, error) {
	l, err := s.leave(ctx, userID, accountID)
	if err != nil {
		return "", err
	}
	now := s.db.Now()
	switch {
	case !now.Before(l.ends):
		return "", noLeave()
	case l.expires.Sub(now) >= renewEarly && l.pair.Access != rejected:
		return l.pair.Access, nil
	case l.pair.Refresh == "":
		return "", noLeave()
	}
	token, err := s.x.Refresh(ctx, l.pair.Refresh)
	if errors.Is(err, xapi.ErrDead) {
		return "", noLeave()
	}
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeBound)
	defer cancel()
	return token.Access, s.storeLeave(ctx, userID, accountID, l, token)
}

// storeLeave keeps a renewed pair in the place of the one it was renewed from. If that has gone meanwhile, X is told.
func (s *Service) storeLeave(ctx context.Context, userID, accountID string, old leave, t xapi.Token) error {
	var n int64
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE x_leaves SET tokens = $4, token_expires_at = $5 WHERE account_id = $1
			AND user_id = $2 AND tokens = $3`,
			accountID, userID, old.sealed, s.sealLeave(accountID, t), t.ExpiresAt)
		return err
	})
	if err == nil && n == 0 {
		s.tellRevoked(ctx, accountID, pair{t.Access, t.Refresh})
		return noLeave()
	}
	return err
}

// EndLeave gives the leave to delete posts of an account back: X is told first and our copy goes then, so that a
// process that dies in between tells it again. What X answers changes nothing. Without a leave it does nothing.
func (s *Service) EndLeave(ctx context.Context, userID, accountID string) error {
	l, err := s.leave(ctx, userID, accountID)
	switch {
	case errors.Is(err, ErrNoLeave):
		return nil
	case err != nil && l.sealed == nil:
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellBound)
	defer cancel()
	s.tellRevoked(ctx, accountID, l.pair) // the zero pair, where it does not open: the person is rid of it all the same
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM x_leaves WHERE account_id = $1 AND user_id = $2 AND tokens = $3`, accountID,
			userID, l.sealed)
		if n > 0 {
			audit.Record(ctx, tx, audit.Event{
				UserID: userID, Actor: "system", Action: audit.LeaveEnded,
				Resource: "x_account:" + accountID,
			})
		}
		return err
	})
}

// endOldLeaves gives back every leave that is past its time.
func (s *Service) endOldLeaves(ctx context.Context) error {
	type place struct{ user, account string }
	old, err := db.Read(ctx, s.db, db.System, func(r db.Rows, p *place) error { return r.Scan(&p.user, &p.account) },
		`SELECT user_id, account_id FROM x_leaves WHERE ends_at <= $1 LIMIT 100`, s.db.Now())
	for _, p := range old {
		err = errors.Join(err, s.EndLeave(ctx, p.user, p.account))
	}
	return err
}
