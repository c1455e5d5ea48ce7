package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/url"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/billing/ops"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/limit"
	"github.com/repazoo/repazoo/internal/plan"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// SetupOptions are what a person says to SetupBilling.
type SetupOptions struct {
	WebhookURL string // empty means under PUBLIC_URL, if Stripe can reach that
	CheckOnly  bool
	Replace    bool
}

// SetupBilling makes what billing needs in the configured account at Stripe. The configuration may lack what that finds
// out.
func SetupBilling(ctx context.Context, cfg *config.Config, o SetupOptions) (ops.SetupReport, error) {
	switch {
	case !bool(cfg.Stripe.Billing):
		return ops.SetupReport{}, fault.ValidationFailed.Saying("BILLING is off, so there is nothing to set up.")
	case !cfg.Stripe.SecretKey.IsSet():
		return ops.SetupReport{}, fault.ValidationFailed.Saying("STRIPE_SECRET_KEY is not set: without it Repazoo stands " +
			"in for Stripe itself, and nothing needs to be set up. Set it to the secret key of your account, from Stripe's " +
			"Dashboard under Developers, and run this again.")
	}
	if o.WebhookURL == "" && reachable(cfg.Server.PublicURL) {
		o.WebhookURL = cfg.Server.PublicURL + "/webhooks/stripe"
	}
	return ops.Setup(ctx, ops.SetupConfig{
		StripeKey: cfg.Stripe.SecretKey.Reveal(), StripeURL: cfg.Stripe.APIURL, Tiers: (&App{cfg: cfg}).tiers(),
		BasicPrice: cfg.Stripe.BasicPriceID, ProPrice: cfg.Stripe.ProPriceID, PublicURL: cfg.Server.PublicURL,
		WebhookURL: o.WebhookURL,
		Tax:        bool(cfg.Stripe.Tax), CheckOnly: o.CheckOnly, Replace: o.Replace, HTTP: httpClient(),
	})
}

// reachable tells whether Stripe could call an address: not one of this machine alone.
func reachable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1"
}

// ExamineBilling compares the database with Stripe; see billing.Service.Examine. With the built-in stand-in it asks the
// server that is running on this machine.
func ExamineBilling(ctx context.Context, cfg *config.Config, fix bool,
	tell func(billing.Difference) error,
) (billing.Examined, error) {
	if !bool(cfg.Stripe.Billing) {
		return billing.Examined{}, fault.ValidationFailed.Saying("BILLING is off, so there is nothing to compare.")
	}
	d, err := openExisting(ctx, cfg)
	if err != nil {
		return billing.Examined{}, err
	}
	defer d.Close()
	c := billing.Config{
		DB: d, StripeKey: cfg.Stripe.SecretKey.Reveal(), StripeURL: cfg.Stripe.APIURL, BasicPrice: cfg.Stripe.BasicPriceID,
		ProPrice:  cfg.Stripe.ProPriceID,
		PublicURL: cfg.Server.PublicURL, Tiers: (&App{cfg: cfg}).tiers(), HTTP: httpClient(), Now: time.Now,
		Trial: trial(cfg), Codes: bool(cfg.Stripe.Codes), Tax: bool(cfg.Stripe.Tax),
	}
	if cfg.UseSandboxStripe() {
		c.StripeKey, c.StripeURL = stripesandbox.APIKey, fmt.Sprintf("http://127.0.0.1:%d/stripe", cfg.Server.Port)
		c.BasicPrice, c.ProPrice = stripesandbox.BasicPrice, stripesandbox.ProPrice
	}
	s, err := billing.New(c)
	if err != nil {
		return billing.Examined{}, err
	}
	return s.Examine(ctx, fix, tell)
}

// trial is the policy of trials.
func trial(cfg *config.Config) plan.Trial {
	t := plan.Trial{
		Days: cfg.Trial.Days, Quota: cfg.Trial.Quota, Reads: cfg.Trial.Reads,
		WithoutCard: cfg.Trial.WithoutCard,
	}
	if t.WithoutCard == "no" {
		t.WithoutCard = ""
	}
	return t
}

// takeCode counts that a user tries a promotion code, wherever they do.
func (a *App) takeCode(ctx context.Context, userID string) error {
	l := a.cfg.Limits
	return a.take(ctx, "code "+userID, windows(l.CodesPerMinute, l.CodesPerHour),
		"You have tried many promotion codes. Wait a little, or go on without one.")
}

// takeDraft counts that a user checks a draft.
func (a *App) takeDraft(ctx context.Context, userID string) error {
	l := a.cfg.Limits
	return a.take(ctx, "draft "+userID, windows(l.DraftsPerMinute, l.DraftsPerHour),
		"You have checked many drafts in a short time. Wait a little, then check this one.")
}

// take counts one use of something with a limit of its own, and refuses with the sentence that is given.
func (a *App) take(ctx context.Context, what string, within []limit.Window, refusal string) error {
	key := string(a.Seal.MAC("limit", []byte(what))[:16])
	d, err := a.limits.Take(ctx, key, within)
	if err == nil && !d.Allowed {
		err = fault.RateLimited.Saying("%s", refusal).After(d.RetryAfter)
	}
	return err
}

// markX makes marks of an X account under every key there is, the current one first.
func (a *App) markX(xUserID string) []string {
	var marks []string
	for _, sum := range a.Seal.MACs("trial spent", []byte(xUserID)) {
		marks = append(marks, hex.EncodeToString(sum[:16]))
	}
	return marks
}
