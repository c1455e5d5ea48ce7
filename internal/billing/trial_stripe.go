package billing

import (
	"context"

	"github.com/stripe/stripe-go/v86"
)

// terms are how a subscription begins, besides its price and card.
type terms struct {
	trialDays   int
	withoutCard string // see Trial
	promotion   string // Stripe's id of a code; "" for none
}

// existing finds what the customer already has, none being the zero remote, and whether they ever had a plan that began.
func (p *provider) existing(ctx context.Context, customer string) (now remote, before bool, err error) {
	params := &stripe.SubscriptionListParams{Customer: &customer, Status: new("all")}
	params.Limit = new(int64(maxCustomerSub))
	for sub, err := range p.api.V1Subscriptions.List(ctx, params).All(ctx) {
		if err != nil {
			return remote{}, false, refuse(err)
		}
		if live(string(sub.Status)) {
			now, err = p.subscription(ctx, sub.ID)
			return now, true, err
		}
		before = before || !unpaidStart(string(sub.Status))
	}
	return remote{}, before, nil
}

// missingCard says what is to become of a trial that ends without a card. Where a card was asked for, it can still be gone.
func (t terms) missingCard() string {
	if t.withoutCard == "" {
		return CancelWithoutCard
	}
	return t.withoutCard
}

// on puts the terms into a request for a subscription.
func (t terms) on(params *stripe.SubscriptionCreateParams) {
	if t.trialDays > 0 {
		params.TrialPeriodDays = new(int64(t.trialDays))
		params.TrialSettings = &stripe.SubscriptionCreateTrialSettingsParams{EndBehavior: &stripe.SubscriptionCreateTrialSettingsEndBehaviorParams{
			MissingPaymentMethod: new(t.missingCard()),
		}}
	}
	if t.promotion != "" {
		params.Discounts = []*stripe.SubscriptionCreateDiscountParams{{PromotionCode: &t.promotion}}
	}
}

// onPage puts the terms into a request for a checkout page. A code that was given is not asked for there.
func (t terms) onPage(params *stripe.CheckoutSessionCreateParams, codes bool) {
	if t.trialDays > 0 {
		params.SubscriptionData.TrialPeriodDays = new(int64(t.trialDays))
		params.SubscriptionData.TrialSettings = &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsParams{
			EndBehavior: &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsEndBehaviorParams{MissingPaymentMethod: new(t.missingCard())},
		}
	}
	if t.trialDays > 0 && t.withoutCard != "" {
		params.PaymentMethodCollection = new("if_required")
	}
	switch {
	case t.promotion != "":
		params.Discounts = []*stripe.CheckoutSessionCreateDiscountParams{{PromotionCode: &t.promotion}}
	case codes:
		params.AllowPromotionCodes = new(true)
	}
}

// switchTrial gives a trial another plan to go on with. Nothing is prorated, for nothing was paid.
func (p *provider) switchTrial(ctx context.Context, now remote, tier, promotion string) error {
	params := &stripe.SubscriptionUpdateParams{
		Items: []*stripe.SubscriptionUpdateItemParams{{ID: &now.Item, Price: new(p.priceOf[tier])}}, ProrationBehavior: new("none"),
	}
	if promotion != "" {
		params.Discounts = []*stripe.SubscriptionUpdateDiscountParams{{PromotionCode: &promotion}}
	}
	_, err := p.api.V1Subscriptions.Update(ctx, now.ID, params)
	return refuse(err)
}

// takeUp begins a paused subscription anew, from now on.
func (p *provider) takeUp(ctx context.Context, id string) (remote, error) {
	return p.read(p.api.V1Subscriptions.Resume(ctx, id, &stripe.SubscriptionResumeParams{
		BillingCycleAnchor: new("now"), Expand: []*string{new(expandSecret), new("customer")},
	}))
}
