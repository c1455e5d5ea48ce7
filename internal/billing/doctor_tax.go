package billing

import (
	"context"
	"fmt"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/plan"
)

// tax is the same for an examination, and finds live subscriptions that are charged without tax. It is the last step,
// for what it mends sends webhooks, which are not missing because they are under way.
func (c *checkup) tax(ctx context.Context) error {
	if !c.s.stripe.ReckonsTax() {
		return nil
	}
	troubles, err := c.s.stripe.TaxTroubles(ctx)
	if err != nil {
		return err
	}
	for _, say := range troubles {
		if err := c.report(Difference{Kind: "tax_not_ready", About: "STRIPE_TAX", Sentence: say}); err != nil {
			return err
		}
	}
	for sub, err := range c.s.stripe.Subscriptions(ctx, stripeapi.NotEnded) {
		if err != nil {
			return err
		}
		if err := c.untaxed(ctx, sub); err != nil {
			return err
		}
	}
	return nil
}

// untaxed reports a live subscription of ours that is charged without tax although it is wanted.
func (c *checkup) untaxed(ctx context.Context, sub stripeapi.Listed) error {
	if !sub.Status.Live() || !isUser(sub.User) || sub.Taxed {
		return nil
	}
	d := Difference{
		Kind: "subscription_untaxed", UserID: sub.User, About: sub.ID,
		Sentence: fmt.Sprintf("STRIPE_TAX is on, but the subscription %s is charged without tax.", sub.ID),
		Remedy:   "Its customer has to enter an address, on the billing page of Stripe.",
	}
	return c.attempt(ctx, d, func(ctx context.Context) error { return c.s.stripe.EnsureTax(ctx, plan.Remote{ID: sub.ID}) })
}
