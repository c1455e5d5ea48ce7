package billing

import (
	"context"
	"errors"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/once"
	"github.com/repazoo/repazoo/internal/plan"
)

// A request to subscribe that names a key may be sent again: for a day the same request gets the plan that the first
// one made, as it is now (internal/once). The key is claimed in the transaction that claims the row and is taken back
// when the attempt fails, so that sending the same request again tries again.

// once is the request as its key knows it.
func (r SubscribeRequest) once(userID string) once.Request {
	return once.New(userID, r.IdempotencyKey, "subscribe", r.Tier, r.PaymentMethod, r.PromotionCode)
}

// repeated answers a request whose key was used before. It finds nothing when there is nothing to answer with: the key
// is new, or what it made is gone, such as a checkout page that has expired.
func (s *Service) repeated(ctx context.Context, userID string,
	r SubscribeRequest,
) (out Subscribed, found bool, err error) {
	if _, found, err = r.once(userID).Find(ctx, s.db); err != nil || !found {
		return out, false, err
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
		out.CheckoutURL, err = s.stripe.OpenCheckout(ctx, made.CustomerID)
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
