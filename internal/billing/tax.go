package billing

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v86"
)

// Tax is reckoned by Stripe, when the operator says so (STRIPE_TAX). It needs to know where the customer lives: the
// checkout page asks, and keeps the answer with the customer.

const taxNeedsPlace = "Tax depends on where you live, and no address of yours is known yet. Choose the plan on the payment page, which asks for it, or enter your address on the billing page of the payment provider."

// errorCodeTaxLocation is Stripe's word for a customer whose tax cannot be told.
const errorCodeTaxLocation = stripe.ErrorCodeCustomerTaxLocationInvalid

// ensureTax switches tax on for a subscription from before it was wanted: from its next invoice on.
func (p *provider) ensureTax(ctx context.Context, now remote) error {
	if !p.tax || now.Taxed {
		return nil
	}
	_, err := p.api.V1Subscriptions.Update(ctx, now.ID, &stripe.SubscriptionUpdateParams{AutomaticTax: &stripe.SubscriptionUpdateAutomaticTaxParams{Enabled: new(true)}})
	return refuse(err)
}

// taxOnPage makes a checkout page reckon tax, and ask for the address that it depends on.
func (p *provider) taxOnPage(params *stripe.CheckoutSessionCreateParams) {
	if !p.tax {
		return
	}
	params.AutomaticTax = &stripe.CheckoutSessionCreateAutomaticTaxParams{Enabled: new(true)}
	params.BillingAddressCollection = new("required")
	params.CustomerUpdate = &stripe.CheckoutSessionCreateCustomerUpdateParams{Address: new("auto")}
}

// taxOf is the tax within an invoice, and whether Stripe could tell it.
func taxOf(in *stripe.Invoice) (cents int64, unknown bool) {
	for _, t := range in.TotalTaxes {
		cents += t.Amount
	}
	return cents, in.AutomaticTax != nil && in.AutomaticTax.Status == stripe.InvoiceAutomaticTaxStatusRequiresLocationInputs
}

// offOf is what discounts take off an invoice.
func offOf(in *stripe.Invoice) (cents int64) {
	for _, d := range in.TotalDiscountAmounts {
		cents += d.Amount
	}
	return cents
}

// taxTroubles says what an account at Stripe lacks for tax, a sentence each.
func taxTroubles(ctx context.Context, api *stripe.Client) ([]string, error) {
	settings, err := api.V1TaxSettings.Retrieve(ctx, nil)
	if err != nil {
		return nil, err
	}
	var all []string
	if settings.Status != stripe.TaxSettingsStatusActive {
		all = append(all, "STRIPE_TAX is on, but Stripe Tax is not ready in this account"+lacking(settings)+". Complete it in the Dashboard under Tax, Settings, or set STRIPE_TAX=off.")
	}
	if settings.Defaults == nil || settings.Defaults.TaxBehavior == "" {
		all = append(all, "Stripe does not know whether your prices include tax. Choose a default tax behavior in the Dashboard under Tax, Settings; exclusive puts the tax on top.")
	}
	params := &stripe.TaxRegistrationListParams{Status: new("active")}
	for _, err := range api.V1TaxRegistrations.List(ctx, params).All(ctx) {
		return all, err
	}
	return append(all, "This account is registered for tax nowhere, so Stripe adds none to any invoice. Add the countries and states in which you must collect it in the Dashboard under Tax, Registrations."), nil
}

func lacking(s *stripe.TaxSettings) string {
	if s.StatusDetails == nil || s.StatusDetails.Pending == nil || len(s.StatusDetails.Pending.MissingFields) == 0 {
		return ""
	}
	return fmt.Sprintf(" (it lacks %s)", strings.Join(s.StatusDetails.Pending.MissingFields, ", "))
}

// tax checks what Stripe needs to reckon tax, where that is wanted.
func (s *setup) tax(ctx context.Context) error {
	if !s.Tax {
		return nil
	}
	troubles, err := taxTroubles(ctx, s.api)
	s.Problems = append(s.Problems, troubles...)
	if err == nil && len(troubles) == 0 {
		s.did("automatic tax", "", "kept", "ready")
	}
	return err
}

// tax is the same for an examination, and finds live subscriptions that are charged without tax. It is the last step,
// for what it mends sends webhooks, which are not missing because they are under way.
func (c *checkup) tax(ctx context.Context) error {
	if !c.s.stripe.tax {
		return nil
	}
	troubles, err := taxTroubles(ctx, c.s.stripe.api)
	if err != nil {
		return refuse(err)
	}
	for _, say := range troubles {
		if err := c.report(Difference{Kind: "tax_not_ready", About: "STRIPE_TAX", Sentence: say}); err != nil {
			return err
		}
	}
	params := &stripe.SubscriptionListParams{} // those that have not ended
	params.Limit = new(int64(100))
	for sub, err := range c.s.stripe.api.V1Subscriptions.List(ctx, params).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		if err := c.untaxed(ctx, sub); err != nil {
			return err
		}
	}
	return nil
}

// untaxed reports a live subscription of ours that is charged without tax although it is wanted.
func (c *checkup) untaxed(ctx context.Context, sub *stripe.Subscription) error {
	if !live(string(sub.Status)) || !isUser(sub.Metadata[metaUser]) || sub.AutomaticTax != nil && sub.AutomaticTax.Enabled {
		return nil
	}
	d := Difference{
		Kind: "subscription_untaxed", UserID: sub.Metadata[metaUser], About: sub.ID,
		Sentence: fmt.Sprintf("STRIPE_TAX is on, but the subscription %s is charged without tax.", sub.ID),
		Remedy:   "Its customer has to enter an address, on the billing page of Stripe.",
	}
	return c.attempt(ctx, d, func(ctx context.Context) error { return c.s.stripe.ensureTax(ctx, remote{ID: sub.ID}) })
}

// taxBehavior is that of a price that setup makes: the prices here are told without tax.
func (s *setup) taxBehavior() *string {
	if !s.Tax {
		return nil
	}
	return new(string(stripe.PriceTaxBehaviorExclusive))
}
