package stripeapi

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// Raise asks for a dearer price, to count once the rest of the period is paid.
func (p *Client) Raise(ctx context.Context, now plan.Remote, tier, code string, asOf time.Time) (plan.Remote, error) {
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
	return p.read(sdk(p).V1Subscriptions.Update(ctx, now.ID, params))
}

// Payment tells how the payment of an open invoice stands: waiting for the person and their bank, or refused and why.
func (p *Client) Payment(ctx context.Context, invoice string) (waiting bool, why string, err error) {
	in, err := sdk(p).V1Invoices.Retrieve(ctx, invoice,
		&stripe.InvoiceRetrieveParams{Expand: []*string{new("payments.data.payment.payment_intent")}})
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
		case stripe.PaymentIntentStatusRequiresAction, stripe.PaymentIntentStatusRequiresConfirmation,
			stripe.PaymentIntentStatusProcessing:
			return true, "", nil
		}
		if intent.LastPaymentError != nil {
			why = decline(intent.LastPaymentError)
		}
	}
	return false, why, nil
}

// DropChange takes back a change that waits: its invoice, or its schedule.
func (p *Client) DropChange(ctx context.Context, now plan.Remote) error {
	if now.Pending.How == plan.AfterPayment {
		if _, err := sdk(p).V1Invoices.VoidInvoice(ctx, now.Invoice.ID, nil); err != nil {
			return refuse(err)
		}
	}
	if now.Schedule == "" {
		return nil
	}
	_, err := sdk(p).V1SubscriptionSchedules.Release(ctx, now.Schedule, nil)
	return refuse(err)
}

// PlanChange puts the subscription under a schedule: this period as it is, then the other price. The schedule names the
// card and each phase the discounts, because a phase that finds none would leave the subscription without; see
// [Client.CarryCard].
func (p *Client) PlanChange(ctx context.Context, now plan.Remote, tier string) error {
	sched, err := sdk(p).V1SubscriptionSchedules.Create(ctx,
		&stripe.SubscriptionScheduleCreateParams{FromSubscription: &now.ID})
	if err != nil {
		return refuse(err)
	}
	start, end := now.PeriodStart.Unix(), now.PeriodEnd.Unix()
	if sched.CurrentPhase != nil {
		start, end = sched.CurrentPhase.StartDate, sched.CurrentPhase.EndDate
	}
	var discounts []*stripe.SubscriptionScheduleUpdatePhaseDiscountParams
	for _, d := range now.Discounts {
		discounts = append(discounts, &stripe.SubscriptionScheduleUpdatePhaseDiscountParams{Discount: new(d.ID)})
	}
	phase := func(tier string) *stripe.SubscriptionScheduleUpdatePhaseParams {
		return &stripe.SubscriptionScheduleUpdatePhaseParams{
			Items: []*stripe.SubscriptionScheduleUpdatePhaseItemParams{{
				Price:    new(p.priceOf[tier]),
				Quantity: new(int64(1)),
			}},
			Discounts: discounts, ProrationBehavior: new("none"),
		}
	}
	present, next := phase(now.Tier), phase(tier)
	present.StartDate, present.EndDate = &start, &end
	next.Duration = &stripe.SubscriptionScheduleUpdatePhaseDurationParams{
		Interval:      new("month"),
		IntervalCount: new(int64(1)),
	}
	_, err = sdk(p).V1SubscriptionSchedules.Update(ctx, sched.ID, &stripe.SubscriptionScheduleUpdateParams{
		EndBehavior: new("release"), Phases: []*stripe.SubscriptionScheduleUpdatePhaseParams{present, next},
		DefaultSettings: scheduleCard(now.Method),
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

// CarryCard gives the schedule of a planned change the card that the subscription has now: it was put in place since.
func (p *Client) CarryCard(ctx context.Context, now plan.Remote) error {
	_, err := sdk(p).V1SubscriptionSchedules.Update(ctx, now.Schedule,
		&stripe.SubscriptionScheduleUpdateParams{DefaultSettings: scheduleCard(now.Method)})
	return refuse(err)
}

// CancelAtEnd lets the subscription run out, or takes that back.
func (p *Client) CancelAtEnd(ctx context.Context, id string, on bool) error {
	_, err := sdk(p).V1Subscriptions.Update(ctx, id, &stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: &on})
	return refuse(err)
}

// ClearCancelAt takes back an end that was set by date, as Stripe's own pages do.
func (p *Client) ClearCancelAt(ctx context.Context, id string) error {
	params := &stripe.SubscriptionUpdateParams{UnsetFields: []stripe.SubscriptionUpdateParamsUnsetField{stripe.SubscriptionUpdateParamsUnsetFieldCancelAt}}
	_, err := sdk(p).V1Subscriptions.Update(ctx, id, params)
	return refuse(err)
}

// givenUp is noted at Stripe of a subscription whose owner gave up what they had paid for. Only that tells it from one
// that an operator ended in the Dashboard, which leaves the paid period usable.
const givenUp = "The owner ended their access at once."

// CancelNow ends the subscription, and what was paid of it. One that Stripe does not have, or has ended, is ended.
func (p *Client) CancelNow(ctx context.Context, id string) error {
	_, err := sdk(p).V1Subscriptions.Cancel(ctx, id, &stripe.SubscriptionCancelParams{
		CancellationDetails: &stripe.SubscriptionCancelCancellationDetailsParams{Comment: new(givenUp)},
	})
	if missing(err) {
		return nil
	}
	return refuse(err)
}

// SwitchTrial gives a trial another plan to go on with. Nothing is prorated, for nothing was paid.
func (p *Client) SwitchTrial(ctx context.Context, now plan.Remote, tier, promotion string) error {
	params := &stripe.SubscriptionUpdateParams{
		Items:             []*stripe.SubscriptionUpdateItemParams{{ID: &now.Item, Price: new(p.priceOf[tier])}},
		ProrationBehavior: new("none"),
	}
	if promotion != "" {
		params.Discounts = []*stripe.SubscriptionUpdateDiscountParams{{PromotionCode: &promotion}}
	}
	_, err := sdk(p).V1Subscriptions.Update(ctx, now.ID, params)
	return refuse(err)
}

// TakeUp begins a paused subscription anew, from now on.
func (p *Client) TakeUp(ctx context.Context, id string) (plan.Remote, error) {
	return p.read(sdk(p).V1Subscriptions.Resume(ctx, id, &stripe.SubscriptionResumeParams{
		BillingCycleAnchor: new("now"), Expand: []*string{new(expandSecret), new("customer")},
	}))
}
