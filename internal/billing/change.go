package billing

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// How a plan is changed
//
//   - To a dearer plan: at once. Stripe charges the rest of the period and applies the change only when that is paid
//     (pending_if_incomplete). A declined card leaves everything as it was; a bank that asks leaves the change waiting.
//   - To a cheaper plan: at the period's end, by a schedule of Stripe's.
//   - In a trial: at once to either, for nothing was paid, and the trial goes on.
//   - To the plan one has: whatever waits is dropped.
//
// Each step reads first what Stripe has now, so that a crash between two of them is repaired by asking again; what was
// done is heard of by webhook and [Service.Reconcile] anyway.

// ChangeRequest asks for another plan.
type ChangeRequest struct {
	Tier          string    // "basic" or "pro"
	PromotionCode string    // for a dearer plan, as the person typed it; empty for none
	AsOf          time.Time // of the [Preview] that was agreed to, so that exactly its prices are charged; zero for now
}

// Changed is a plan after a change, or the way to it.
type Changed struct {
	Subscription
	ClientSecret string // set when the bank must confirm the payment: for Stripe.js
	ConfirmURL   string // set then too: Stripe's page on which the person confirms it
}

// Change moves the user to another plan. What cannot be changed now is [fault.Conflict] with a sentence that says what
// to do first, a declined card [fault.ValidationFailed] with the reason.
func (s *Service) Change(ctx context.Context, userID string, r ChangeRequest) (Changed, error) {
	if s.off {
		return Changed{}, errOff
	}
	if err := s.checkTier(r.Tier); err != nil {
		return Changed{}, err
	}
	code, err := s.codeFor(ctx, userID, r.PromotionCode)
	if err != nil {
		return Changed{}, err
	}
	var out Changed
	var refused error // and still mirrored
	sub, err := s.alter(ctx, userID, audit.SubscriptionChangeAsked, func(ctx context.Context, current plan.Row) error {
		now, err := s.stripe.Subscription(ctx, current.SubscriptionID)
		if err == nil {
			err = plan.Changeable(now, r.AsOf, s.now())
		}
		kind := s.offer.KindOf(now, r.Tier)
		if err == nil {
			err = plan.CodeFits(now, code, kind)
		}
		if err != nil {
			return err
		}
		switch kind {
		case plan.Keep:
			return s.stripe.DropChange(ctx, now)
		case plan.SwitchTrial:
			return s.stripe.SwitchTrial(ctx, now, r.Tier, code.ID)
		case plan.Downgrade:
			return s.plan(ctx, now, r.Tier)
		}
		out.ClientSecret, out.ConfirmURL, refused, err = s.raise(ctx, current, now, r, code.ID)
		return err
	})
	out.Subscription = sub
	if err == nil {
		err = refused
	}
	return out, err
}

func (s *Service) checkTier(tier string) error {
	if s.stripe.Sells(tier) {
		return nil
	}
	say := "There is no such plan: choose " + s.offer.Basic.Name + " or " + s.offer.Pro.Name + "."
	return fault.ValidationFailed.Saying("%s", say).At("body.tier", say)
}

// raise moves to a dearer plan. A card that is declined is refused and not err: what that left at Stripe is cleared
// away.
func (s *Service) raise(ctx context.Context, current plan.Row, now plan.Remote, r ChangeRequest,
	code string,
) (secret, page string, refused, err error) {
	if now.Pending.How == plan.AfterPayment && now.Pending.Tier == r.Tier && code == "" { // asked before, and not paid
		if waiting, _, err := s.stripe.Payment(ctx, now.Invoice.ID); err != nil || waiting {
			return now.Secret, now.Invoice.Page, nil, err
		}
	}
	if err := s.stripe.DropChange(ctx, now); err != nil {
		return "", "", nil, err
	}
	if err := s.stripe.EnsureTax(ctx, now); err != nil {
		return "", "", nil, err
	}
	next, err := s.stripe.Raise(ctx, now, r.Tier, code, r.AsOf)
	if err != nil || next.Pending.How != plan.AfterPayment {
		return "", "", nil, err
	}
	waiting, why, err := s.stripe.Payment(ctx, next.Invoice.ID)
	if err != nil || waiting {
		return next.Secret, next.Invoice.Page, nil, err
	}
	if err := s.stripe.DropChange(ctx, next); err != nil {
		return "", "", nil, err
	}
	say := why + " You stay on " + now.Tier + ", and nothing was charged."
	return "", "", fault.ValidationFailed.Saying("%s", say).At("body.tier", say), s.noteDecline(ctx, current, next)
}

// noteDecline puts a declined change on the timeline and in the log of what happened.
func (s *Service) noteDecline(ctx context.Context, current plan.Row, tried plan.Remote) error {
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		in := tried.Invoice
		l := plan.Line{
			Key: "declined:" + in.ID, Kind: plan.LineDeclined, At: tx.Now(), Tier: tried.Pending.Tier, From: tried.Tier,
			Cents: in.Cents, Currency: in.Currency,
		}
		tx.Later(addLine, lineArgs(l, current.UserID, tx.Now())...)
		audit.Record(ctx, tx, audit.Event{
			UserID: current.UserID, Actor: "user", Action: audit.SubscriptionChangeDeclined,
			Resource: "subscription:" + current.ID,
		})
		return nil
	})
}

// plan moves to a cheaper plan at the period's end.
func (s *Service) plan(ctx context.Context, now plan.Remote, tier string) error {
	if now.Pending.How == plan.AfterPeriodEnd && now.Pending.Tier == tier {
		return nil
	}
	if err := s.stripe.DropChange(ctx, now); err != nil {
		return err
	}
	if err := s.stripe.EnsureTax(ctx, now); err != nil {
		return err
	}
	return s.stripe.PlanChange(ctx, now, tier)
}
