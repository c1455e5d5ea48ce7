package billing

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v86"
)

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

// taxBehavior is that of a price that setup makes: the prices here are told without tax.
func (s *setup) taxBehavior() *string {
	if !s.Tax {
		return nil
	}
	return new(string(stripe.PriceTaxBehaviorExclusive))
}
