package billing

import (
	"context"
	"errors"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Cancel ends the plan: at the period's end, or at once with what was paid for still usable until then. A plan whose
// first payment was never made always ends at once. Without a plan it is [fault.NotFound].
func (s *Service) Cancel(ctx context.Context, userID string, atPeriodEnd bool) (Subscription, error) {
	return s.alter(ctx, userID, "subscription.cancelled", func(ctx context.Context, r row) error {
		if atPeriodEnd && r.Status != "incomplete" {
			return s.stripe.cancelAtEnd(ctx, r.SubscriptionID, true)
		}
		return s.stripe.cancelNow(ctx, r.SubscriptionID)
	})
}

// Resume takes a scheduled cancellation back.
func (s *Service) Resume(ctx context.Context, userID string) (Subscription, error) {
	return s.alter(ctx, userID, "subscription.resumed", func(ctx context.Context, r row) error {
		switch {
		case r.CancelAtPeriodEnd:
			return s.stripe.cancelAtEnd(ctx, r.SubscriptionID, false)
		case !r.CancelAt.IsZero():
			return s.stripe.clearCancelAt(ctx, r.SubscriptionID)
		}
		return nil
	})
}

// alter asks Stripe for a change to the live plan and mirrors what became of it.
func (s *Service) alter(ctx context.Context, userID, action string, ask func(context.Context, row) error) (Subscription, error) {
	if s.off {
		return Subscription{}, errOff
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer cancel()
	r, err := s.rowOf(ctx, db.System, userID)
	if err == nil && !live(r.Status) {
		err = db.ErrNotFound
	}
	if errors.Is(err, db.ErrNotFound) {
		return Subscription{}, fault.NotFound.Saying("You have no plan that could be changed.")
	}
	if err != nil {
		return Subscription{}, err
	}
	if err := ask(ctx, r); err != nil {
		return Subscription{}, err
	}
	next, err := s.sync(ctx, change{
		actor: "user",
		load:  func(ctx context.Context) (row, error) { return s.rowOf(ctx, db.System, userID) },
		fetch: func(ctx context.Context) (remote, error) { return s.stillThere(ctx, r) },
		also: func(ctx context.Context, tx db.Tx) error {
			audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: action, Resource: "subscription:" + r.ID})
			return nil
		},
	})
	return s.show(next), err
}

// stillThere fetches the row's subscription. One that Stripe no longer has at all has ended, as far as the user who just
// asked for a change is concerned; what they paid for stays.
func (s *Service) stillThere(ctx context.Context, r row) (remote, error) {
	now, err := s.stripe.subscription(ctx, r.SubscriptionID)
	if unknown(err) {
		return remote{
			ID: r.SubscriptionID, Customer: r.CustomerID, Status: "canceled", Tier: r.Tier, PeriodStart: r.PeriodStart, PeriodEnd: r.PeriodEnd,
			Paid: r.Status == "active" || r.Status == "trialing",
		}, nil
	}
	return now, err
}

// Refresh mirrors what Stripe has for the user now, without waiting for a webhook: for the return from a checkout page.
func (s *Service) Refresh(ctx context.Context, userID string) (Subscription, error) {
	if s.off {
		return s.Subscription(ctx, userID)
	}
	r, err := s.rowOf(ctx, db.System, userID)
	if errors.Is(err, db.ErrNotFound) {
		return Subscription{}, nil
	}
	if err != nil {
		return Subscription{}, err
	}
	r, err = s.refresh(ctx, r, "user")
	return s.show(r), err
}

// refresh finds the subscription a row should be about and mirrors it.
func (s *Service) refresh(ctx context.Context, r row, actor string) (row, error) {
	id := r.SubscriptionID
	if !live(r.Status) {
		if r.CustomerID == "" {
			return r, nil
		}
		found, err := s.stripe.liveSubscription(ctx, r.CustomerID)
		if err != nil {
			return r, err
		}
		if found.ID != "" {
			id = found.ID
		}
	}
	if id == "" {
		return r, nil
	}
	return s.sync(ctx, change{
		actor: actor,
		load:  func(ctx context.Context) (row, error) { return s.rowOf(ctx, db.System, r.UserID) },
		fetch: func(ctx context.Context) (remote, error) { return s.stripe.subscription(ctx, id) },
	})
}
