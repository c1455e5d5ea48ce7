package stripeapi

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// Tax is reckoned by Stripe, when the operator says so (STRIPE_TAX). It needs to know where the customer lives: the
// checkout page asks, and keeps the answer with the customer.

// EnsureTax switches tax on for a subscription from before it was wanted: from its next invoice on.
func (p *Client) EnsureTax(ctx context.Context, now plan.Remote) error {
	if !p.tax || now.Taxed {
		return nil
	}
	_, err := sdk(p).V1Subscriptions.Update(ctx, now.ID,
		&stripe.SubscriptionUpdateParams{AutomaticTax: &stripe.SubscriptionUpdateAutomaticTaxParams{Enabled: new(true)}})
	return refuse(err)
}

// taxOnPage makes a checkout page reckon tax, and ask for the address that it depends on.
func (p *Client) taxOnPage(params *stripe.CheckoutSessionCreateParams) {
	if !p.tax {
		return
	}
	params.AutomaticTax = &stripe.CheckoutSessionCreateAutomaticTaxParams{Enabled: new(true)}
	params.BillingAddressCollection = new("required")
	params.CustomerUpdate = &stripe.CheckoutSessionCreateCustomerUpdateParams{Address: new("auto")}
}

// TaxTroubles says what the account lacks for tax, a sentence each.
func (p *Client) TaxTroubles(ctx context.Context) ([]string, error) {
	all, err := p.taxTroubles(ctx)
	return all, refuse(err)
}

// TaxTroublesForOperator is [Client.TaxTroubles] with errors for who runs a command.
func (p *Client) TaxTroublesForOperator(ctx context.Context) ([]string, error) {
	all, err := p.taxTroubles(ctx)
	return all, forOperator(err)
}

func (p *Client) taxTroubles(ctx context.Context) ([]string, error) {
	settings, err := sdk(p).V1TaxSettings.Retrieve(ctx, nil)
	if err != nil {
		return nil, err
	}
	var all []string
	if settings.Status != stripe.TaxSettingsStatusActive {
		all = append(all, "STRIPE_TAX is on, but Stripe Tax is not ready in this account"+lacking(settings)+". Complete "+
			"it in the Dashboard under Tax, Settings, or set STRIPE_TAX=off.")
	}
	if settings.Defaults == nil || settings.Defaults.TaxBehavior == "" {
		all = append(all, "Stripe does not know whether your prices include tax. Choose a default tax behavior in the "+
			"Dashboard under Tax, Settings; exclusive puts the tax on top.")
	}
	params := &stripe.TaxRegistrationListParams{Status: new("active")}
	for _, err := range sdk(p).V1TaxRegistrations.List(ctx, params).All(ctx) {
		return all, err
	}
	return append(all, "This account is registered for tax nowhere, so Stripe adds none to any invoice. Add the "+
		"countries and states in which you must collect it in the Dashboard under Tax, Registrations."), nil
}

func lacking(s *stripe.TaxSettings) string {
	if s.StatusDetails == nil || s.StatusDetails.Pending == nil || len(s.StatusDetails.Pending.MissingFields) == 0 {
		return ""
	}
	return fmt.Sprintf(" (it lacks %s)", strings.Join(s.StatusDetails.Pending.MissingFields, ", "))
}
