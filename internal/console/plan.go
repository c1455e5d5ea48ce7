package console

import "github.com/repazoo/repazoo/internal/billing"

// The forms about the plan. What they change shows on the front page.

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

// cancelPlan ends the plan with the period that is paid.
func (c *Console) cancelPlan(v *visit) (string, error) {
	_, err := c.Billing.Cancel(v.r.Context(), v.me.UserID, true)
	return "/?done=plan-cancelled#plan", err
}

// resumePlan takes that back.
func (c *Console) resumePlan(v *visit) (string, error) {
	_, err := c.Billing.Resume(v.r.Context(), v.me.UserID)
	return "/?done=plan-kept#plan", err
}
