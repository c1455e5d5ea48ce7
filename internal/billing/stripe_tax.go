package billing

import (
	"context"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// Tax is reckoned by Stripe, when the operator says so (STRIPE_TAX). It needs to know where the customer lives: the
// checkout page asks, and keeps the answer with the customer.

const taxNeedsPlace = "Tax depends on where you live, and no address of yours is known yet. Choose the plan on the payment page, which asks for it, or enter your address on the billing page of the payment provider."

// errorCodeTaxLocation is Stripe's word for a customer whose tax cannot be told.
const errorCodeTaxLocation = stripe.ErrorCodeCustomerTaxLocationInvalid

// ensureTax switches tax on for a subscription from before it was wanted: from its next invoice on.
func (p *provider) ensureTax(ctx context.Context, now plan.Remote) error {
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
