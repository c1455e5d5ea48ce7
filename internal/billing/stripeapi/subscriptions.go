package stripeapi

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// Customer finds the user's customer, or makes it. The known id is tried first; search is a minute late, so the key
// keeps two attempts in that minute from making two.
func (p *Client) Customer(ctx context.Context, userID, known string) (string, error) {
	if known != "" {
		cu, err := sdk(p).V1Customers.Retrieve(ctx, known, nil)
		if err == nil && !cu.Deleted {
			return known, nil
		}
		if err != nil && !missing(err) {
			return "", refuse(err)
		}
	}
	search := &stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{Query: fmt.Sprintf("metadata['%s']:'%s'",
		MetaUser, userID), Single: true}}
	for cu, err := range sdk(p).V1Customers.Search(ctx, search).All(ctx) {
		if err != nil {
			return "", refuse(err)
		}
		return cu.ID, nil
	}
	params := &stripe.CustomerCreateParams{Metadata: map[string]string{MetaUser: userID}}
	params.SetIdempotencyKey("repazoo-customer-" + userID + "-" + known)
	cu, err := sdk(p).V1Customers.Create(ctx, params)
	if err != nil {
		return "", refuse(err)
	}
	return cu.ID, nil
}

// CloseCheckouts ends every checkout page of the customer that could still be paid.
func (p *Client) CloseCheckouts(ctx context.Context, customer string) error {
	params := &stripe.CheckoutSessionListParams{Customer: &customer, Status: new("open")}
	for cs, err := range sdk(p).V1CheckoutSessions.List(ctx, params).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		// One that was paid between the two calls cannot be expired; the subscription it made is found next.
		if _, err := sdk(p).V1CheckoutSessions.Expire(ctx, cs.ID, nil); err != nil && !rejected(err) {
			return refuse(err)
		}
	}
	return nil
}

// LiveSubscription finds what the customer already has; none is the zero remote.
func (p *Client) LiveSubscription(ctx context.Context, customer string) (plan.Remote, error) {
	now, _, err := p.Existing(ctx, customer)
	return now, err
}

// expandAll asks for all of a subscription that is mirrored.
func expandAll() []*string {
	return []*string{
		new(expandSecret), new(expandDiscounts), new("discounts.promotion_code"), new("schedule"),
		new("customer"), new("pending_setup_intent"),
	}
}

// Subscription fetches one as it is now.
func (p *Client) Subscription(ctx context.Context, id string) (plan.Remote, error) {
	r, err := p.read(sdk(p).V1Subscriptions.Retrieve(ctx, id, &stripe.SubscriptionRetrieveParams{Expand: expandAll()}))
	if err == nil && r.Status == plan.Canceled && !r.Paid && r.EndReason != plan.EndDisputed &&
		r.Invoice.Reason == string(stripe.InvoiceBillingReasonSubscriptionUpdate) {
		r.Paid, err = p.paidBefore(ctx, r) // the latest invoice was of a change that was never paid: the period itself may be
	}
	if err == nil && r.CollectionPaused {
		r.PaidUntil, err = p.paidUntil(ctx, r)
	}
	if err == nil && r.Status == plan.PastDue {
		var all []plan.Charge
		all, err = p.Charges(ctx, r.ID)
		r.OwedSince = plan.OwedSince(all)
	}
	return r, err
}

func (p *Client) read(sub *stripe.Subscription, err error) (plan.Remote, error) {
	if err != nil {
		return plan.Remote{}, refuse(err)
	}
	return remoteOf(sub, p.tierOf), nil
}

// Start is what begins a subscription: whose it is, for which tier, and on what terms.
type Start struct {
	User, Customer string // ours, and Stripe's
	Tier           string
	Key            string // the idempotency key: a repeated request makes nothing new
	Terms          Terms
}

// Subscribe attaches the payment method and starts the subscription: active once paid, incomplete when the bank must
// ask.
func (p *Client) Subscribe(ctx context.Context, s Start, method string) (plan.Remote, error) {
	m, err := sdk(p).V1PaymentMethods.Attach(ctx, method, &stripe.PaymentMethodAttachParams{Customer: &s.Customer})
	if err != nil {
		return plan.Remote{}, refuse(err)
	}
	params := &stripe.SubscriptionCreateParams{
		Customer:             &s.Customer,
		Items:                []*stripe.SubscriptionCreateItemParams{{Price: new(p.priceOf[s.Tier])}},
		DefaultPaymentMethod: &m.ID,
		PaymentBehavior:      new("allow_incomplete"),
		Metadata:             map[string]string{MetaUser: s.User},
		Expand:               expandAll(),
	}
	if p.tax {
		params.AutomaticTax = &stripe.SubscriptionCreateAutomaticTaxParams{Enabled: new(true)}
	}
	s.Terms.on(params)
	params.SetIdempotencyKey(s.Key)
	return p.read(sdk(p).V1Subscriptions.Create(ctx, params))
}

// Checkout makes a page on which the user pays, and answers its address. Afterwards the page leads to done, or to back
// when the user does not pay.
func (p *Client) Checkout(ctx context.Context, s Start, done, back string) (string, error) {
	params := &stripe.CheckoutSessionCreateParams{
		Mode:              new("subscription"),
		Customer:          &s.Customer,
		ClientReferenceID: &s.User,
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{
			{Price: new(p.priceOf[s.Tier]), Quantity: new(int64(1))},
		},
		SuccessURL: &done,
		CancelURL:  &back,
		SubscriptionData: &stripe.CheckoutSessionCreateSubscriptionDataParams{
			Metadata: map[string]string{MetaUser: s.User},
		},
	}
	p.taxOnPage(params)
	s.Terms.onPage(params, p.codes)
	params.SetIdempotencyKey(s.Key)
	cs, err := sdk(p).V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return "", refuse(err)
	}
	return cs.URL, nil
}

// Existing finds what the customer already has, none being the zero remote, and whether they ever had a plan that
// began.
func (p *Client) Existing(ctx context.Context, customer string) (now plan.Remote, before bool, err error) {
	params := &stripe.SubscriptionListParams{Customer: &customer, Status: new("all")}
	params.Limit = new(int64(MaxSubscriptions))
	for sub, err := range sdk(p).V1Subscriptions.List(ctx, params).All(ctx) {
		if err != nil {
			return plan.Remote{}, false, refuse(err)
		}
		if plan.Status(sub.Status).Live() {
			now, err = p.Subscription(ctx, sub.ID)
			return now, true, err
		}
		before = before || !plan.Status(sub.Status).NeverPaid()
	}
	return plan.Remote{}, before, nil
}
