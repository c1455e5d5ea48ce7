// Package ops is what an operator runs beside the service: [Setup] makes what billing needs in an account at Stripe,
// and finds it again when it is there.
package ops

import (
	"context"
	"fmt"
	"strings"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/plan"
)

// Setup makes what billing needs in an account at Stripe, and finds it again when it is there: a second run changes
// nothing. What cannot be changed, or is somebody else's, is a problem of the report. The error is of Stripe's
// answering.
func Setup(ctx context.Context, c SetupConfig) (SetupReport, error) {
	if c.Tiers == (plan.Tiers{}) {
		c.Tiers = plan.DefaultTiers()
	}
	client, err := stripeapi.New(stripeapi.Config{Key: c.StripeKey, URL: c.StripeURL, Tiers: c.Tiers, HTTP: c.HTTP})
	if err != nil {
		return SetupReport{}, err
	}
	s := &setup{SetupConfig: c, stripe: client, SetupReport: SetupReport{Live: isLive(c.StripeKey)}}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error {
			return s.plan(ctx, c.Tiers.Basic, c.BasicPrice, "STRIPE_BASIC_PRICE_ID")
		},
		func(ctx context.Context) error { return s.plan(ctx, c.Tiers.Pro, c.ProPrice, "STRIPE_PRO_PRICE_ID") },
		s.portal, s.webhook, s.tax,
	} {
		if err := step(ctx); err != nil {
			return s.SetupReport, err
		}
	}
	return s.SetupReport, nil
}

func isLive(key string) bool { return strings.Contains(key, "k_live_") }

// lookupKey finds a tier's price again.
func lookupKey(tier string) string { return "repazoo_" + tier + "_monthly" }

// plan makes a tier's product and price.
func (s *setup) plan(ctx context.Context, t plan.Tier, configured, setting string) error {
	price, err := s.findPrice(ctx, t, configured, setting)
	if err != nil {
		return err
	}
	name := "price of " + t.Name
	switch {
	case price != nil:
		s.checkPrice(price, t)
		s.did(name, price.ID, "kept", dollars(price.Cents, price.Currency))
	case configured != "": // findPrice has said what is wrong with it
		return nil
	case s.CheckOnly:
		s.did(name, "", "missing", "")
		return nil
	default:
		if price, err = s.makePrice(ctx, t); err != nil {
			return err
		}
		s.did(name, price.ID, "made", dollars(price.Cents, price.Currency))
	}
	s.Settings = append(s.Settings, Setting{setting, price.ID})
	return nil
}

// findPrice is the price that is configured or has our lookup key; nil when there is none.
func (s *setup) findPrice(ctx context.Context, t plan.Tier, configured, setting string) (*stripeapi.Price, error) {
	if configured == "" {
		return s.stripe.PriceByKey(ctx, lookupKey(t.Name))
	}
	price, err := s.stripe.Price(ctx, configured)
	if err == nil && price == nil {
		s.problem("%s is %s, which this account does not have in %s mode: it is of another account, or of %s mode. "+
			"Remove it from the configuration and run this again.",
			setting, configured, modeName(s.Live), modeName(!s.Live))
	}
	return price, err
}

// checkPrice names what is wrong with a price. None of it can be changed at Stripe.
func (s *setup) checkPrice(p *stripeapi.Price, t plan.Tier) {
	want := dollars(int64(t.MonthlyCents), "usd")
	s.mode("price", p.ID, p.Live)
	remedy := fmt.Sprintf("A price cannot be changed at Stripe: archive this one there, without its lookup key, "+
		"leave %s's price out of the configuration, and run this again.", t.Name)
	switch {
	case !p.Active:
		s.problem("The price %s of %s is archived, so nobody can subscribe to it. Activate it in the Dashboard.",
			p.ID, t.Name)
	case p.Currency != "usd" || p.Cents != int64(t.MonthlyCents):
		s.problem("The price %s of %s asks for %s, but Repazoo says %s. %s",
			p.ID, t.Name, dollars(p.Cents, p.Currency), want, remedy)
	case !p.Monthly:
		s.problem("The price %s of %s is not for each month, but Repazoo sells months. %s", p.ID, t.Name, remedy)
	}
}

// dollars writes an amount of minor units.
func dollars(cents int64, currency string) string {
	return fmt.Sprintf("%d.%02d %s", cents/100, cents%100, strings.ToUpper(currency))
}

func (s *setup) makePrice(ctx context.Context, t plan.Tier) (*stripeapi.Price, error) {
	product, err := s.product(ctx, t)
	if err != nil {
		return nil, err
	}
	return s.stripe.MakePrice(ctx, stripeapi.NewPrice{
		Tier: t.Name, Name: productName(t), Product: product, Key: lookupKey(t.Name), Cents: int64(t.MonthlyCents),
		TaxOnTop: s.Tax,
	})
}

func productName(t plan.Tier) string { return "Repazoo " + strings.ToUpper(t.Name[:1]) + t.Name[1:] }

// product finds the tier's product, or makes it.
func (s *setup) product(ctx context.Context, t plan.Tier) (string, error) {
	id, err := s.stripe.Product(ctx, t.Name)
	if err != nil {
		return "", err
	}
	if id != "" {
		s.did("product "+t.Name, id, "kept", "")
		return id, nil
	}
	id, err = s.stripe.MakeProduct(ctx, t.Name, productName(t), fmt.Sprintf("%d analyses a month", t.Quota))
	if err == nil {
		s.did("product "+t.Name, id, "made", "")
	}
	return id, err
}
