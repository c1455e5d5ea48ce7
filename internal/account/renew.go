package account

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/xapi"
)

// A refresh token of X is good for one use, so exactly one caller may spend it. Inside a process callers join one
// flight; between processes the row's refreshing_until is a lease: whoever sets it, in one conditional statement, calls
// X, and its value is also the fence that only the holder's result passes. The others look at the row until it changes.

const (
	leaseLife  = 30 * time.Second // longer than a call of X may take
	renewBound = 45 * time.Second // for a holder that died, and one more try
	storeBound = 15 * time.Second // to store what X gave, whatever happened to the caller
	lookEvery  = 100 * time.Millisecond
)

// renew gives the account with other tokens than old has. It goes on when the caller leaves: others may be waiting, and
// what X gave must be stored.
func (s *Service) renew(ctx context.Context, userID string, old held) (held, error) {
	flight := s.renewals.DoChan(old.account.ID+" "+old.pair.Access, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewBound)
		defer cancel()
		return usable(s.renewInTurn(ctx, userID, old))
	})
	select {
	case r := <-flight:
		h, _ := r.Val.(held)
		return h, r.Err
	case <-ctx.Done():
		return held{}, ctx.Err()
	}
}

// renewInTurn takes the lease and renews, or waits for the one who has it.
func (s *Service) renewInTurn(ctx context.Context, userID string, old held) (held, error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		h, err := s.held(ctx, userID, old.account.ID)
		if err != nil || h.account.Status != "active" || h.pair.Access != old.pair.Access {
			return h, err
		}
		if h.leased == nil || !s.db.Now().Before(*h.leased) {
			h, err := s.lease(ctx, userID, h)
			if !errors.Is(err, db.ErrNotFound) {
				return s.renewLeased(ctx, userID, h, old, err)
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return held{}, fault.XUnavailable.Saying("X took too long to renew the connection. Try again in a " +
				"minute.").Because(ctx.Err())
		}
	}
}

// lease gives the row with a lease that is ours, or ErrNotFound when somebody else was faster.
func (s *Service) lease(ctx context.Context, userID string, h held) (held, error) {
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		h, err = db.One(ctx, tx, s.scanHeld, `UPDATE x_accounts SET refreshing_until = $3
			WHERE id = $1 AND user_id = $2 AND status = 'active' AND (refreshing_until IS NULL OR refreshing_until <= $4)
				RETURNING `+heldColumns,
			h.account.ID, userID, tx.Now().Add(leaseLife), tx.Now())
		return err
	})
	return h, err
}

// renewLeased calls X as the holder of the lease.
func (s *Service) renewLeased(ctx context.Context, userID string, h, old held, err error) (held, error) {
	if err != nil {
		return held{}, err
	}
	if h.pair.Access != old.pair.Access { // renewed between our look and our lease
		return h, s.release(ctx, userID, h)
	}
	token, err := xapi.Token{}, xapi.ErrDead
	if h.pair.Refresh != "" {
		token, err = s.x.Refresh(ctx, h.pair.Refresh)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeBound)
	defer cancel()
	switch {
	case err == nil:
		return s.keep(ctx, userID, h, token)
	case errors.Is(err, xapi.ErrDead):
		return s.bury(ctx, userID, h)
	}
	if failed := s.release(ctx, userID, h); failed != nil {
		s.log.WarnContext(ctx, "a lease on an X account was not given back and will run out", "account", h.account.ID,
			"error", failed)
	}
	return held{}, err
}

func (s *Service) release(ctx context.Context, userID string, h held) error {
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE x_accounts SET refreshing_until = NULL WHERE id = $1 AND user_id = $2
			AND refreshing_until = $3`, h.account.ID, userID, *h.leased)
		return err
	})
}

// keep stores a new pair before anybody uses it. It tries again when the database fails: a pair that is not stored is a
// connection that is lost.
func (s *Service) keep(ctx context.Context, userID string, h held, t xapi.Token) (held, error) {
	again := retrypolicy.NewBuilder[held]().
		HandleIf(func(_ held, err error) bool { return err != nil && !errors.Is(err, db.ErrNotFound) }).
		WithMaxAttempts(4).WithBackoff(100*time.Millisecond, 2*time.Second).ReturnLastFailure().Build()
	kept, err := failsafe.With(again).WithContext(ctx).Get(func() (held, error) { return s.store(ctx, userID, h, t) })
	if !errors.Is(err, db.ErrNotFound) {
		return kept, err
	}
	return s.outdated(ctx, userID, h, t)
}

func (s *Service) store(ctx context.Context, userID string, h held, t xapi.Token) (kept held, err error) {
	err = s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		kept, err = db.One(ctx, tx, s.scanHeld,
			`UPDATE x_accounts SET tokens = $4, token_expires_at = $5, refreshing_until = NULL, updated_at = $6
			WHERE id = $1 AND user_id = $2 AND refreshing_until = $3 RETURNING `+heldColumns,
			h.account.ID, userID, *h.leased, s.sealPair(h.account.ID, t), t.ExpiresAt, tx.Now())
		return err
	})
	return kept, err
}

// outdated deals with a pair whose account was reconnected or revoked while X was asked. The row counts; after a
// revocation the new pair must not live on at X.
func (s *Service) outdated(ctx context.Context, userID string, h held, t xapi.Token) (held, error) {
	now, err := s.held(ctx, userID, h.account.ID)
	if errors.Is(err, fault.NotFound) || err == nil && now.account.Status == "revoked" {
		s.tellRevoked(ctx, h.account.ID, pair{t.Access, t.Refresh})
	}
	return now, err
}

// bury marks an account whose grant X calls dead, unless the row has changed meanwhile: then the row counts.
func (s *Service) bury(ctx context.Context, userID string, h held) (held, error) {
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		tx.Touch(userID)
		n, err := tx.Exec(ctx, `UPDATE x_accounts SET status = 'reconnect', refreshing_until = NULL, updated_at = $4
			WHERE id = $1 AND user_id = $2 AND refreshing_until = $3
				AND status = 'active'`, h.account.ID, userID, *h.leased, tx.Now())
		if err == nil && n == 1 {
			audit.Record(ctx, tx, audit.Event{
				UserID: userID, Actor: "system", Action: audit.XAccountNeedsReconnect,
				Resource: "x_account:" + h.account.ID,
			})
		}
		return err
	})
	if err != nil {
		return held{}, err
	}
	return s.held(ctx, userID, h.account.ID)
}
