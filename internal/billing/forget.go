package billing

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

const (
	eventsKept  = 90 * 24 * time.Hour // of handled webhooks: three times as long as Stripe itself gives them
	recordYears = 10                  // the longest that tax law asks for where we know of it
)

// errStillLive means that a plan was begun after [Service.Close]. Close again.
var errStillLive = errors.New("billing: the user has a plan that may still charge")

// Close ends at once everything by which Stripe could still charge the user: open checkout pages and live
// subscriptions. It may be repeated. While a plan is being set up it is [fault.Conflict]; when Stripe does not do it,
// it is [fault.PaymentProviderError], and the plan stands as it stood.
func (s *Service) Close(ctx context.Context, userID string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer cancel()
	r, err := s.rowOf(ctx, db.System, userID)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return nil
	case err != nil:
		return err
	case s.off:
		return s.closedElsewhere(ctx, r)
	case r.Status == plan.Creating && s.now().Sub(r.UpdatedAt) < claimTime:
		return fault.Conflict.Saying("Your plan is being set up right now. Try again in two " +
			"minutes.").After(claimTime - s.now().Sub(r.UpdatedAt))
	case r.CustomerID == "":
		return nil
	}
	// a customer that Stripe does not have is not charged
	if err := s.closeAll(ctx, r.CustomerID); err != nil && !stripeapi.Unknown(err) {
		return err
	}
	if r.SubscriptionID == "" {
		return nil
	}
	_, err = s.sync(ctx, change{
		actor: "user",
		load:  func(ctx context.Context) (plan.Row, error) { return s.rowOf(ctx, db.System, userID) },
		fetch: func(ctx context.Context) (plan.Remote, error) { return s.stillThere(ctx, r) },
	})
	return err
}

// closedElsewhere is Close where Stripe is not configured any more.
func (s *Service) closedElsewhere(ctx context.Context, r plan.Row) error {
	if r.Status.Live() {
		s.log.ErrorContext(ctx, "an erased user had a subscription from before billing was switched off: cancel it in "+
			"Stripe", "subscription", r.SubscriptionID)
	}
	return nil
}

func (s *Service) closeAll(ctx context.Context, customer string) error {
	if err := s.stripe.CloseCheckouts(ctx, customer); err != nil {
		return err
	}
	for range stripeapi.MaxSubscriptions {
		sub, err := s.stripe.LiveSubscription(ctx, customer)
		if err != nil || sub.ID == "" {
			return err
		}
		if err := s.stripe.CancelNow(ctx, sub.ID); err != nil {
			return err
		}
	}
	return fault.PaymentProviderError.Because(errStillLive)
}

// Forget leaves of a user's billing what tax law asks for, without their id, in the caller's transaction of db.System
// that deletes the user. It refuses while there may be a plan that charges.
func (s *Service) Forget(ctx context.Context, tx db.Tx, userID string) error {
	tx.Touch(userID)
	r, err := db.One(ctx, tx, scanRow, `DELETE FROM subscriptions WHERE user_id = $1 RETURNING `+rowColumns, userID)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return nil
	case err != nil:
		return err
	case !s.off && (r.Status.Live() || r.Status == plan.Creating && tx.Now().Sub(r.UpdatedAt) < claimTime):
		return errStillLive
	}
	if err := s.rememberTrial(ctx, tx, r); err != nil {
		return err
	}
	if r.SubscriptionID != "" {
		tx.Later(`INSERT INTO billing_records (id, stripe_customer_id, stripe_subscription_id, tier, started_at, ended_at)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			db.NewID(), r.CustomerID, r.SubscriptionID, r.Tier, r.CreatedAt, tx.Now())
	}
	tx.Later(`DELETE FROM stripe_events WHERE handled_at IS NOT NULL AND object_id IN (SELECT id FROM payment_returns
		WHERE user_id = $1)`, userID)
	if r.CustomerID != "" {
		tx.Later(`DELETE FROM stripe_events WHERE handled_at IS NOT NULL
			AND payload -> 'data' -> 'object' ->> 'customer' = $1`, r.CustomerID)
		// The events of the customer itself, such as customer.created, name it as their object.
		tx.Later(`DELETE FROM stripe_events WHERE handled_at IS NOT NULL AND object_id = $1`, r.CustomerID)
	}
	return nil
}

// Retain deletes what is past its time: webhooks that were handled, at once where they are about somebody who was
// erased, and after ten years what tax law asked for.
func (s *Service) Retain(ctx context.Context) error {
	now := s.db.Now()
	return errors.Join(
		db.Portions(ctx, s.db, `DELETE FROM stripe_events WHERE id IN (
			SELECT id FROM stripe_events WHERE handled_at IS NOT NULL AND received_at <= $2 LIMIT $1)`, now.Add(-eventsKept)),
		db.Portions(ctx, s.db, `DELETE FROM stripe_events WHERE id IN (
			SELECT e.id FROM billing_records b JOIN stripe_events e
				ON e.payload -> 'data' -> 'object' ->> 'customer' = b.stripe_customer_id WHERE e.handled_at IS NOT NULL LIMIT $1)`),
		db.Portions(ctx, s.db, `DELETE FROM stripe_events WHERE id IN (
			SELECT e.id FROM billing_records b JOIN stripe_events e ON e.object_id = b.stripe_customer_id
				WHERE e.handled_at IS NOT NULL LIMIT $1)`),
		db.Portions(ctx, s.db, `DELETE FROM billing_records WHERE id IN (
			SELECT id FROM billing_records WHERE ended_at <= $2 LIMIT $1)`, now.AddDate(-recordYears, 0, 0)),
		db.Portions(ctx, s.db, `DELETE FROM trials_spent WHERE mark IN (
			SELECT mark FROM trials_spent WHERE spent_at <= $2 LIMIT $1)`, now.Add(-marksKept)),
	)
}
