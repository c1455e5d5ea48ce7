package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// A request to subscribe that names a key may be sent again: for a day the same request gets what the first one made, as
// it is now, and another request under the same key is refused. The key is written with the claim and forgotten when the
// attempt fails, so that whoever sends it again tries again.

// fingerprint tells whether two requests with one key ask for the same.
func (r SubscribeRequest) fingerprint() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"subscribe", r.Tier, r.PaymentMethod, r.PromotionCode}, "\x00")))
	return hex.EncodeToString(sum[:])
}

func (r SubscribeRequest) checkKey() error {
	if len(r.IdempotencyKey) > 200 {
		return fault.ValidationFailed.At("header.Idempotency-Key", "must be at most 200 characters")
	}
	return nil
}

// noteKey writes the key down in the transaction that claims the row.
func (r SubscribeRequest) noteKey(tx db.Tx, claimed plan.Row) {
	if r.IdempotencyKey != "" {
		tx.Later(`INSERT INTO idempotency_keys (user_id, key, request_hash, status, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (user_id, key) DO NOTHING`,
			claimed.UserID, r.IdempotencyKey, r.fingerprint(), http.StatusCreated, []byte(claimed.ID), tx.Now())
	}
}

// forgetKey takes that back.
func (r SubscribeRequest) forgetKey(tx db.Tx, claimed plan.Row) {
	if r.IdempotencyKey != "" {
		tx.Later(`DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2`, claimed.UserID, r.IdempotencyKey)
	}
}

// repeated answers a request whose key was used before. It finds nothing when there is nothing to answer with: the key is
// new, or what it made is gone, such as a checkout page that has expired.
func (s *Service) repeated(ctx context.Context, userID string, r SubscribeRequest) (out Subscribed, found bool, err error) {
	if r.IdempotencyKey == "" {
		return out, false, nil
	}
	hash, err := db.ReadOne(ctx, s.db, db.User(userID), db.Value[string],
		`SELECT request_hash FROM idempotency_keys WHERE user_id = $1 AND key = $2`, userID, r.IdempotencyKey)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return out, false, nil
	case err != nil:
		return out, false, err
	case hash != r.fingerprint():
		return out, false, fault.IdempotencyMismatch
	}
	made, err := s.rowOf(ctx, db.System, userID)
	if err != nil {
		return out, false, err
	}
	out.Subscription = s.show(made)
	switch made.Status {
	case plan.Creating, plan.None: // the claim decides
		return out, false, nil
	case plan.Checkout:
		out.CheckoutURL, err = s.stripe.openCheckout(ctx, made.CustomerID)
		return out, out.CheckoutURL != "", err
	case plan.Incomplete:
		out, err = s.refuseOrResume(ctx, userID, r.Tier)
	case plan.Trialing: // the bank may have a question all the same
		if asked, err := s.refuseOrResume(ctx, userID, r.Tier); !errors.Is(err, fault.SubscriptionExists) {
			return asked, true, err
		}
	}
	return out, true, err
}

// taken answers a request that finds the user's row taken: by one with the same key, which was quicker, or by another.
func (s *Service) taken(ctx context.Context, userID string, r SubscribeRequest) (Subscribed, error) {
	if out, found, err := s.repeated(ctx, userID, r); found || err != nil {
		return out, err
	}
	out, err := s.refuseOrResume(ctx, userID, r.Tier)
	if errors.Is(err, fault.SubscriptionExists) { // perhaps made under this key between the two looks
		if made, found, err := s.repeated(ctx, userID, r); found || err != nil {
			return made, err
		}
	}
	return out, err
}
