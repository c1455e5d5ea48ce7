package console

import "github.com/repazoo/repazoo/internal/billing"

// subscribe begins a plan. Its payment happens on the provider's own page, which the person
// comes back from.
func (c *Console) subscribe(v *visit) (string, error) {
	s, err := c.Billing.Subscribe(v.r.Context(), v.me.UserID,
		billing.SubscribeRequest{Tier: v.field("tier"), PromotionCode: v.field("code"), ReturnURL: "/"})
	if err != nil {
		return "", err
	}
	if s.CheckoutURL != "" {
		return s.CheckoutURL, nil
	}
	return "/?checkout=done", nil
}
