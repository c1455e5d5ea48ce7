package billing

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
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

// pricesHold is how long prices that were previewed may be asked for.
const pricesHold = 30 * time.Minute

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

// Change moves the user to another plan. What cannot be changed now is [fault.Conflict] with a sentence that says what to
// do first, a declined card [fault.ValidationFailed] with the reason.
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
	sub, err := s.alter(ctx, userID, "subscription.change_asked", func(ctx context.Context, current row) error {
		now, err := s.stripe.subscription(ctx, current.SubscriptionID)
		if err == nil {
			err = s.changeable(now, r.AsOf)
		}
		kind := s.kindOf(now, r.Tier)
		if err == nil {
			err = codeFits(now, code, kind)
		}
		if err != nil {
			return err
		}
		switch kind {
		case PreviewKeep:
			return s.stripe.drop(ctx, now)
		case PreviewTrial:
			return s.stripe.switchTrial(ctx, now, r.Tier, code.id)
		case PreviewDowngrade:
			return s.plan(ctx, now, r.Tier)
		}
		out.ClientSecret, out.ConfirmURL, refused, err = s.raise(ctx, current, now, r, code.id)
		return err
	})
	out.Subscription = sub
	if err == nil {
		err = refused
	}
	return out, err
}

// kindOf tells what it means to go from what is now to a tier.
func (s *Service) kindOf(now remote, tier string) string {
	switch from, to := s.tiers.named(now.Tier), s.tiers.named(tier); {
	case to.Name == from.Name:
		return PreviewKeep
	case now.Status == "trialing":
		return PreviewTrial
	case to.MonthlyCents < from.MonthlyCents:
		return PreviewDowngrade
	}
	return PreviewUpgrade
}

// changeable refuses a change of what is not simply running, and says what to do first.
func (s *Service) changeable(now remote, asOf time.Time) error {
	refuse := func(say string) error { return fault.Conflict.Saying("%s", say) }
	switch {
	case !live(now.Status):
		return refuse("Your plan has ended, so it cannot be changed. Choose a new one.")
	case now.Status == "past_due" || now.Status == "unpaid":
		return refuse("Your last payment did not go through. Put another card in place on the billing page of the payment provider first, then change your plan.")
	case now.Status == "incomplete":
		return refuse("Your plan waits for its first payment. Confirm that payment first, or cancel the plan and choose another.")
	case now.Status == "paused":
		return refuse("Your plan is paused. Put a card in place on the billing page of the payment provider and take the plan up again first, then change it.")
	case now.CancelAtPeriodEnd || !now.CancelAt.IsZero():
		return refuse("Your plan is set to end. Take the cancellation back first, then change your plan.")
	case now.Tier == "":
		return refuse("Your subscription has a price that is not sold here, so it cannot be changed here. Ask for help.")
	}
	if age := s.now().Sub(asOf); !asOf.IsZero() && (age > pricesHold || age < -time.Minute || asOf.Before(now.PeriodStart)) {
		return refuse("The prices you saw are out of date. Look at them again, then confirm.")
	}
	return nil
}

func (s *Service) checkTier(tier string) error {
	if s.stripe.priceOf[tier] != "" {
		return nil
	}
	say := "There is no such plan: choose " + s.tiers.Basic.Name + " or " + s.tiers.Pro.Name + "."
	return fault.ValidationFailed.Saying("%s", say).At("body.tier", say)
}

// raise moves to a dearer plan. A card that is declined is refused and not err: what that left at Stripe is cleared away.
func (s *Service) raise(ctx context.Context, current row, now remote, r ChangeRequest, code string) (secret, page string, refused, err error) {
	if now.Pending.How == AfterPayment && now.Pending.Tier == r.Tier && code == "" { // asked before, and not paid
		if waiting, _, err := s.stripe.payment(ctx, now.Invoice.ID); err != nil || waiting {
			return now.Secret, now.Invoice.Page, nil, err
		}
	}
	if err := s.stripe.drop(ctx, now); err != nil {
		return "", "", nil, err
	}
	if err := s.stripe.ensureTax(ctx, now); err != nil {
		return "", "", nil, err
	}
	next, err := s.stripe.raise(ctx, now, r.Tier, code, r.AsOf)
	if err != nil || next.Pending.How != AfterPayment {
		return "", "", nil, err
	}
	waiting, why, err := s.stripe.payment(ctx, next.Invoice.ID)
	if err != nil || waiting {
		return next.Secret, next.Invoice.Page, nil, err
	}
	if err := s.stripe.drop(ctx, next); err != nil {
		return "", "", nil, err
	}
	say := why + " You stay on " + now.Tier + ", and nothing was charged."
	return "", "", fault.ValidationFailed.Saying("%s", say).At("body.tier", say), s.noteDecline(ctx, current, next)
}

// noteDecline puts a declined change on the timeline and in the log of what happened.
func (s *Service) noteDecline(ctx context.Context, current row, tried remote) error {
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		in := tried.Invoice
		tx.Later(addLine, line{Key: "declined:" + in.ID, Kind: lineDeclined, At: tx.Now(), Tier: tried.Pending.Tier, From: tried.Tier, Cents: in.Cents, Currency: in.Currency}.args(current.UserID, tx.Now())...)
		audit.Record(ctx, tx, audit.Event{UserID: current.UserID, Actor: "user", Action: "subscription.change_declined", Resource: "subscription:" + current.ID})
		return nil
	})
}

// plan moves to a cheaper plan at the period's end.
func (s *Service) plan(ctx context.Context, now remote, tier string) error {
	if now.Pending.How == AfterPeriodEnd && now.Pending.Tier == tier {
		return nil
	}
	if err := s.stripe.drop(ctx, now); err != nil {
		return err
	}
	if err := s.stripe.ensureTax(ctx, now); err != nil {
		return err
	}
	return s.stripe.plan(ctx, now, tier)
}

// raise asks for a dearer price, to count once the rest of the period is paid.
func (p *provider) raise(ctx context.Context, now remote, tier, code string, asOf time.Time) (remote, error) {
	params := &stripe.SubscriptionUpdateParams{
		Items:             []*stripe.SubscriptionUpdateItemParams{{ID: &now.Item, Price: new(p.priceOf[tier])}},
		ProrationBehavior: new("always_invoice"), PaymentBehavior: new("pending_if_incomplete"),
		Expand: []*string{new(expandSecret), new("schedule")},
	}
	if !asOf.IsZero() {
		params.ProrationDate = new(asOf.Unix())
	}
	if code != "" {
		params.Discounts = []*stripe.SubscriptionUpdateDiscountParams{{PromotionCode: &code}}
	}
	return p.read(p.api.V1Subscriptions.Update(ctx, now.ID, params))
}

// payment tells how the payment of an open invoice stands: waiting for the person and their bank, or refused and why.
func (p *provider) payment(ctx context.Context, invoice string) (waiting bool, why string, err error) {
	in, err := p.api.V1Invoices.Retrieve(ctx, invoice, &stripe.InvoiceRetrieveParams{Expand: []*string{new("payments.data.payment.payment_intent")}})
	if err != nil {
		return false, "", refuse(err)
	}
	why = decline(&stripe.Error{})
	if in.Payments == nil {
		return false, why, nil
	}
	for _, payment := range in.Payments.Data {
		if payment.Payment == nil || payment.Payment.PaymentIntent == nil {
			continue
		}
		intent := payment.Payment.PaymentIntent
		switch intent.Status {
		case stripe.PaymentIntentStatusRequiresAction, stripe.PaymentIntentStatusRequiresConfirmation, stripe.PaymentIntentStatusProcessing:
			return true, "", nil
		}
		if intent.LastPaymentError != nil {
			why = decline(intent.LastPaymentError)
		}
	}
	return false, why, nil
}

// drop takes back a change that waits: its invoice, or its schedule.
func (p *provider) drop(ctx context.Context, now remote) error {
	if now.Pending.How == AfterPayment {
		if _, err := p.api.V1Invoices.VoidInvoice(ctx, now.Invoice.ID, nil); err != nil {
			return refuse(err)
		}
	}
	if now.Schedule == "" {
		return nil
	}
	_, err := p.api.V1SubscriptionSchedules.Release(ctx, now.Schedule, nil)
	return refuse(err)
}

// plan puts the subscription under a schedule: this period as it is, then the other price. The schedule names the card and
// each phase the discounts, because a phase that finds none would leave the subscription without; see [provider.carryCard].
func (p *provider) plan(ctx context.Context, now remote, tier string) error {
	sched, err := p.api.V1SubscriptionSchedules.Create(ctx, &stripe.SubscriptionScheduleCreateParams{FromSubscription: &now.ID})
	if err != nil {
		return refuse(err)
	}
	start, end := now.PeriodStart.Unix(), now.PeriodEnd.Unix()
	if sched.CurrentPhase != nil {
		start, end = sched.CurrentPhase.StartDate, sched.CurrentPhase.EndDate
	}
	var discounts []*stripe.SubscriptionScheduleUpdatePhaseDiscountParams
	for _, d := range now.Discounts {
		discounts = append(discounts, &stripe.SubscriptionScheduleUpdatePhaseDiscountParams{Discount: new(d.id)})
	}
	phase := func(tier string) *stripe.SubscriptionScheduleUpdatePhaseParams {
		return &stripe.SubscriptionScheduleUpdatePhaseParams{
			Items:     []*stripe.SubscriptionScheduleUpdatePhaseItemParams{{Price: new(p.priceOf[tier]), Quantity: new(int64(1))}},
			Discounts: discounts, ProrationBehavior: new("none"),
		}
	}
	present, next := phase(now.Tier), phase(tier)
	present.StartDate, present.EndDate = &start, &end
	next.Duration = &stripe.SubscriptionScheduleUpdatePhaseDurationParams{Interval: new("month"), IntervalCount: new(int64(1))}
	_, err = p.api.V1SubscriptionSchedules.Update(ctx, sched.ID, &stripe.SubscriptionScheduleUpdateParams{
		EndBehavior: new("release"), Phases: []*stripe.SubscriptionScheduleUpdatePhaseParams{present, next}, DefaultSettings: scheduleCard(now.Method),
	})
	return refuse(err)
}

// scheduleCard is the setting of a schedule that names a card; nil for none, so that the customer's counts.
func scheduleCard(card string) *stripe.SubscriptionScheduleUpdateDefaultSettingsParams {
	if card == "" {
		return nil
	}
	return &stripe.SubscriptionScheduleUpdateDefaultSettingsParams{DefaultPaymentMethod: &card}
}

// carryCard gives the schedule of a planned change the card that the subscription has now: it was put in place since.
func (p *provider) carryCard(ctx context.Context, now remote) error {
	_, err := p.api.V1SubscriptionSchedules.Update(ctx, now.Schedule, &stripe.SubscriptionScheduleUpdateParams{DefaultSettings: scheduleCard(now.Method)})
	return refuse(err)
}
