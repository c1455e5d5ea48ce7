package ops

import (
	"context"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
)

// portal makes the configuration of the customer portal: people see invoices, change their card, and cancel at the end
// of what they paid for. They change plans in Repazoo, where an upgrade counts only once it is paid.
func (s *setup) portal(ctx context.Context) error {
	const name = "customer portal"
	found, err := s.stripe.PortalConfig(ctx, s.PublicURL)
	switch {
	case err != nil:
		return err
	case found == nil && s.CheckOnly:
		s.did(name, "", "missing", "")
		return nil
	case found == nil:
		id, err := s.stripe.MakePortalConfig(ctx, s.PublicURL)
		if err == nil {
			s.did(name, id, "made", "")
		}
		return err
	}
	s.mode("customer portal's configuration", found.ID, found.Live)
	return s.keepPortal(ctx, name, found)
}

func (s *setup) keepPortal(ctx context.Context, name string, found *stripeapi.PortalConfig) error {
	switch {
	case found.Right:
		s.did(name, found.ID, "kept", "")
		return nil
	case s.CheckOnly:
		s.did(name, found.ID, "different", "")
		return nil
	}
	err := s.stripe.ChangePortalConfig(ctx, found.ID, s.PublicURL)
	if err == nil {
		s.did(name, found.ID, "changed", "what people may do there")
	}
	return err
}
