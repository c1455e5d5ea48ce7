package stripeapi

import (
	"context"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// Terms are how a subscription begins, besides its price and card.
type Terms struct {
	TrialDays     int
	WithoutCard   string // see Trial
	PromotionCode string // Stripe's id of a code; "" for none
}

// missingCard says what is to become of a trial that ends without a card. Where a card was asked for, it can still be
// gone.
func (t Terms) missingCard() string {
	if t.WithoutCard == "" {
		return plan.CancelWithoutCard
	}
	return t.WithoutCard
}

// on puts the terms into a request for a subscription.
func (t Terms) on(params *stripe.SubscriptionCreateParams) {
	if t.TrialDays > 0 {
		params.TrialPeriodDays = new(int64(t.TrialDays))
		params.TrialSettings = &stripe.SubscriptionCreateTrialSettingsParams{EndBehavior: &stripe.SubscriptionCreateTrialSettingsEndBehaviorParams{
			MissingPaymentMethod: new(t.missingCard()),
		}}
	}
	if t.PromotionCode != "" {
		params.Discounts = []*stripe.SubscriptionCreateDiscountParams{{PromotionCode: &t.PromotionCode}}
	}
}

// onPage puts the terms into a request for a checkout page. A code that was given is not asked for there.
func (t Terms) onPage(params *stripe.CheckoutSessionCreateParams, codes bool) {
	if t.TrialDays > 0 {
		params.SubscriptionData.TrialPeriodDays = new(int64(t.TrialDays))
		params.SubscriptionData.TrialSettings = &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsParams{
			EndBehavior: &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsEndBehaviorParams{MissingPaymentMethod: new(t.missingCard())},
		}
	}
	if t.TrialDays > 0 && t.WithoutCard != "" {
		params.PaymentMethodCollection = new("if_required")
	}
	switch {
	case t.PromotionCode != "":
		params.Discounts = []*stripe.CheckoutSessionCreateDiscountParams{{PromotionCode: &t.PromotionCode}}
	case codes:
		params.AllowPromotionCodes = new(true)
	}
}

// OpenCheckout is the page on which the customer can still pay; "" when there is none.
func (p *Client) OpenCheckout(ctx context.Context, customer string) (string, error) {
	params := &stripe.CheckoutSessionListParams{Customer: &customer, Status: new("open")}
	for cs, err := range sdk(p).V1CheckoutSessions.List(ctx, params).All(ctx) {
		if err != nil {
			return "", refuse(err)
		}
		return cs.URL, nil
	}
	return "", nil
}
