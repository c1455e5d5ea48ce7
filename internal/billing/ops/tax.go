package ops

import "context"

// tax checks what Stripe needs to reckon tax, where that is wanted.
func (s *setup) tax(ctx context.Context) error {
	if !s.Tax {
		return nil
	}
	troubles, err := s.stripe.TaxTroublesForOperator(ctx)
	s.Problems = append(s.Problems, troubles...)
	if err == nil && len(troubles) == 0 {
		s.did("automatic tax", "", "kept", "ready")
	}
	return err
}
