package billing

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// Cancel ends the plan: at the period's end, or at once, which gives up what was paid for. A plan whose
// first payment was never made always ends at once, and so does one that is paused. What was only tried ends with it. A
// change that waits for its payment is dropped; one that is planned comes back when the cancellation is taken back.
// Without a plan it is [fault.NotFound].
func (s *Service) Cancel(ctx context.Context, userID string, atPeriodEnd bool) (Subscription, error) {
	return s.alter(ctx, userID, audit.SubscriptionCancelled, func(ctx context.Context, r plan.Row) error {
		if !atPeriodEnd || r.Status == plan.Incomplete || r.Status == plan.Paused {
			return s.stripe.CancelNow(ctx, r.SubscriptionID)
		}
		now, err := s.stripe.Subscription(ctx, r.SubscriptionID)
		if err != nil {
			return err
		}
		if err := s.stripe.DropChange(ctx, now); err != nil {
			return err
		}
		return s.stripe.CancelAtEnd(ctx, r.SubscriptionID, true)
	})
}

// Resume takes a scheduled cancellation back, or takes a plan up again that was paused for want of a card.
func (s *Service) Resume(ctx context.Context, userID string) (Subscription, error) {
	return s.alter(ctx, userID, audit.SubscriptionResumed, func(ctx context.Context, r plan.Row) error {
		switch {
		case r.Status == plan.Paused:
			return s.takeUp(ctx, r)
		case r.CancelAtPeriodEnd:
			if err := s.stripe.CancelAtEnd(ctx, r.SubscriptionID, false); err != nil {
				return err
			}
		case !r.CancelAt.IsZero():
			if err := s.stripe.ClearCancelAt(ctx, r.SubscriptionID); err != nil {
				return err
			}
		default:
			return nil
		}
		return s.planAgain(ctx, r)
	})
}

// planAgain plans the cheaper plan anew that the cancellation had taken away.
func (s *Service) planAgain(ctx context.Context, r plan.Row) error {
	if r.Pending.How != plan.AfterPeriodEnd {
		return nil
	}
	now, err := s.stripe.Subscription(ctx, r.SubscriptionID)
	if err != nil || now.Tier == r.Pending.Tier {
		return err
	}
	return s.plan(ctx, now, r.Pending.Tier)
}

// alter asks Stripe for a change to the live plan and mirrors what became of it, whether it was done or refused.
func (s *Service) alter(
	ctx context.Context, userID string, action audit.Action, ask func(context.Context, plan.Row) error,
) (Subscription, error) {
	if s.off {
		return Subscription{}, errOff
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer cancel()
	r, until, err := s.claimChange(ctx, userID)
	if err != nil {
		return Subscription{}, err
	}
	if err := ask(ctx, r); err != nil {
		s.unclaim(ctx, r, until, err)
		return Subscription{}, err
	}
	next, err := s.sync(ctx, change{
		actor: "user",
		load:  func(ctx context.Context) (plan.Row, error) { return s.rowOf(ctx, db.System, userID) },
		fetch: func(ctx context.Context) (plan.Remote, error) { return s.stillThere(ctx, r) },
		also: func(ctx context.Context, tx db.Tx) error {
			audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: action, Resource: "subscription:" + r.ID})
			return nil
		},
	})
	s.unclaim(ctx, r, until, nil)
	return s.show(next), err
}

// claimChange takes the user's live plan for one change, so that of two at once only one speaks to Stripe. It answers
// with when the claim ends by itself.
func (s *Service) claimChange(ctx context.Context, userID string) (r plan.Row, until time.Time, err error) {
	err = s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		until = tx.Now().Add(claimTime)
		r, err = db.One(ctx, tx, scanRow, `UPDATE subscriptions SET changing_until = $3 WHERE user_id = $1
			AND (changing_until IS NULL OR changing_until <= $2)
			AND status IN ('active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete')
				RETURNING `+rowColumns, userID, tx.Now(), until)
		return err
	})
	if !errors.Is(err, db.ErrNotFound) {
		return r, until, err
	}
	r, err = s.rowOf(ctx, db.System, userID)
	switch {
	case errors.Is(err, db.ErrNotFound), err == nil && !r.Status.Live():
		err = fault.NotFound.Saying("You have no plan that could be changed. Choose one first.")
	case err == nil:
		err = fault.Conflict.Saying("Your plan is being changed right now. Look again in a moment.").After(5 * time.Second)
	}
	return r, until, err
}

// unclaim frees the claim, unless it is not known what became of the change at Stripe: then it ends by itself.
func (s *Service) unclaim(ctx context.Context, r plan.Row, until time.Time, why error) {
	if f := fault.From(why); why != nil && errors.Is(f, fault.PaymentProviderError) && !stripeapi.Settled(why) {
		return
	}
	err := s.db.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE subscriptions SET changing_until = NULL WHERE id = $1 AND changing_until = $2`, r.ID, until)
		return nil
	})
	if err != nil {
		s.log.WarnContext(ctx, "the claim of a change of plan was not freed; it frees itself in two minutes", "error", err)
	}
}

// stillThere fetches the row's subscription. One that Stripe no longer has at all has ended, as far as the user who
// just asked for a change is concerned; what they paid for stays.
func (s *Service) stillThere(ctx context.Context, r plan.Row) (plan.Remote, error) {
	now, err := s.stripe.Subscription(ctx, r.SubscriptionID)
	if stripeapi.Unknown(err) {
		return plan.Remote{
			ID: r.SubscriptionID, Customer: r.CustomerID, Status: plan.Canceled, Tier: r.Tier, PeriodStart: r.PeriodStart,
			PeriodEnd: r.PeriodEnd,
			Paid:      r.Status == plan.Active, TrialEnd: r.TrialEnd,
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
func (s *Service) refresh(ctx context.Context, r plan.Row, actor string) (plan.Row, error) {
	id := r.SubscriptionID
	if !r.Status.Live() {
		if r.CustomerID == "" {
			return r, nil
		}
		found, err := s.stripe.LiveSubscription(ctx, r.CustomerID)
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
		load:  func(ctx context.Context) (plan.Row, error) { return s.rowOf(ctx, db.System, r.UserID) },
		fetch: func(ctx context.Context) (plan.Remote, error) { return s.stripe.Subscription(ctx, id) },
	})
}
