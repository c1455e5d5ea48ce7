package billing

import (
	"context"

	"github.com/stripe/stripe-go/v86"
)

// portal makes the configuration of the customer portal: people see invoices, change their card, and cancel at the end of
// what they paid for. They change plans in Repazoo, where an upgrade counts only once it is paid.
func (s *setup) portal(ctx context.Context) error {
	const name = "customer portal"
	found, err := findPortal(ctx, s.api)
	switch {
	case err != nil:
		return err
	case found == nil && s.CheckOnly:
		s.did(name, "", "missing", "")
		return nil
	case found == nil:
		made, err := s.api.V1BillingPortalConfigurations.Create(ctx, s.portalWanted())
		if err == nil {
			s.did(name, made.ID, "made", "")
		}
		return err
	}
	s.mode("customer portal's configuration", found.ID, found.Livemode)
	return s.keepPortal(ctx, name, found)
}

func (s *setup) keepPortal(ctx context.Context, name string, found *stripe.BillingPortalConfiguration) error {
	switch {
	case s.portalIsRight(found):
		s.did(name, found.ID, "kept", "")
		return nil
	case s.CheckOnly:
		s.did(name, found.ID, "different", "")
		return nil
	}
	_, err := s.api.V1BillingPortalConfigurations.Update(ctx, found.ID, s.portalChange())
	if err == nil {
		s.did(name, found.ID, "changed", "what people may do there")
	}
	return err
}

func (s *setup) portalIsRight(p *stripe.BillingPortalConfiguration) bool {
	f := p.Features
	return p.DefaultReturnURL == s.PublicURL && f != nil && f.InvoiceHistory.Enabled && f.PaymentMethodUpdate.Enabled &&
		f.SubscriptionCancel.Enabled && f.SubscriptionCancel.Mode == stripe.BillingPortalConfigurationFeaturesSubscriptionCancelModeAtPeriodEnd &&
		!f.SubscriptionUpdate.Enabled
}

func (s *setup) portalWanted() *stripe.BillingPortalConfigurationCreateParams {
	return &stripe.BillingPortalConfigurationCreateParams{
		DefaultReturnURL: &s.PublicURL, Metadata: map[string]string{metaSetup: "portal"},
		Features: &stripe.BillingPortalConfigurationCreateFeaturesParams{
			InvoiceHistory:      &stripe.BillingPortalConfigurationCreateFeaturesInvoiceHistoryParams{Enabled: new(true)},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationCreateFeaturesPaymentMethodUpdateParams{Enabled: new(true)},
			SubscriptionCancel:  &stripe.BillingPortalConfigurationCreateFeaturesSubscriptionCancelParams{Enabled: new(true), Mode: new("at_period_end")},
			SubscriptionUpdate:  &stripe.BillingPortalConfigurationCreateFeaturesSubscriptionUpdateParams{Enabled: new(false)},
		},
	}
}

func (s *setup) portalChange() *stripe.BillingPortalConfigurationUpdateParams {
	return &stripe.BillingPortalConfigurationUpdateParams{
		DefaultReturnURL: &s.PublicURL,
		Features: &stripe.BillingPortalConfigurationUpdateFeaturesParams{
			InvoiceHistory:      &stripe.BillingPortalConfigurationUpdateFeaturesInvoiceHistoryParams{Enabled: new(true)},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationUpdateFeaturesPaymentMethodUpdateParams{Enabled: new(true)},
			SubscriptionCancel:  &stripe.BillingPortalConfigurationUpdateFeaturesSubscriptionCancelParams{Enabled: new(true), Mode: new("at_period_end")},
			SubscriptionUpdate:  &stripe.BillingPortalConfigurationUpdateFeaturesSubscriptionUpdateParams{Enabled: new(false)},
		},
	}
}
