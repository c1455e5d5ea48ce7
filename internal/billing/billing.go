// Package billing knows who has paid for what, and keeps the ledger of what they used.
//
// # Three things it keeps
//
//   - A mirror of Stripe: one row of subscriptions a user, for ever. Nothing here decides that somebody paid; it copies
//     what Stripe says, through one pure function ([plan.Mirror]).
//   - An entitlement: the instant until which the mirror's tier counts. Past it there is no tier: never a silent basic.
//   - A ledger: one row of quota_periods a user and billing period. An analysis reserves one unit when it starts and
//     commits or releases it when it ends, each with a single conditional statement (quota.go).
//
// # How a start spends
//
//	err := d.InTx(ctx, db.User(id), func(ctx context.Context, tx db.Tx) error {
//		r, err := bill.Reserve(ctx, tx, id)
//		…
//	})
//	if errors.Is(err, billing.ErrNoPeriod) { // no row to take from: why?
//		err = bill.EnsurePeriod(ctx, id)     // a refusal to show, or nil: the row is ready, try once more
//	}
//
// Stripe is asked by internal/billing/stripeapi; what an operator runs to set an account up is internal/billing/ops.
//
// # How Stripe is heard
//
// A webhook is verified and written down ([Service.Accept]), then a job fetches the subscription as it is now and
// mirrors it ([Service.Apply]). So duplicates, order and what the event says stop mattering. Two writers who fetched at
// once are told apart by the row's version: the one who lost fetches again. [Service.Reconcile] does the same without
// an event.
//
// # How a subscription begins
//
// [Service.Subscribe] claims the user's row, finds what Stripe already has for them, and only then creates something,
// all outside of transactions. Whatever step a crash falls between, the next attempt finds what was made.
package billing

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// Config is what a Service needs. With Off set, only DB and Tiers matter.
type Config struct {
	DB            *db.DB
	StripeKey     string // sk_test_… or sk_live_…
	StripeURL     string // where Stripe's API is; empty means the real one
	WebhookSecret string // whsec_…; empty refuses every webhook
	BasicPrice    string // Stripe's id of the monthly price of basic
	ProPrice      string
	PublicURL     string           // where browsers reach Repazoo; they return there from a checkout
	Off           bool             // everyone has pro, by calendar months of UTC, and Stripe is never asked
	Tiers         plan.Tiers       // zero means DefaultTiers
	Trial         plan.Trial       // of a person's first plan; zero means none
	Codes         bool             // promotion codes are taken
	Tax           bool             // Stripe reckons tax
	HTTP          *http.Client     // nil means one with a timeout of 20 seconds
	Now           func() time.Time // nil means the database's clock; must agree with it
	Log           *slog.Logger     // nil means discard

	// TakeCode counts that a user tries a promotion code, and refuses when they try too many. Nil counts none.
	TakeCode func(ctx context.Context, userID string) error
	// Mark makes of the id of an X account something that tells it again and nobody who it is: the first is written, and
	// each of them is looked for. Nil forgets whose trial was spent when a user is erased.
	Mark func(xUserID string) []string
}

// Service is billing. It is safe for concurrent use, on any number of replicas.
type Service struct {
	db     *db.DB
	stripe *stripeapi.Client      // nil when off
	secret atomic.Pointer[string] // of webhooks
	home   *url.URL
	off    bool
	offer  plan.Offer
	now    func() time.Time
	log    *slog.Logger

	takeCode func(ctx context.Context, userID string) error
	markX    func(xUserID string) []string
}

// New checks the configuration. It does not speak to Stripe.
func New(c Config) (*Service, error) {
	if c.Tiers == (plan.Tiers{}) {
		c.Tiers = plan.DefaultTiers()
	}
	if c.Now == nil {
		c.Now = c.DB.Now
	}
	s := &Service{
		db: c.DB, off: c.Off, offer: plan.Offer{Tiers: c.Tiers, Trial: c.Trial}, takeCode: c.TakeCode, markX: c.Mark,
		now: func() time.Time { return c.Now().UTC().Truncate(time.Microsecond) },
		log: cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
	}
	s.SetWebhookSecret(c.WebhookSecret)
	if c.Off {
		return s, nil
	}
	if c.StripeKey == "" || c.BasicPrice == "" || c.ProPrice == "" {
		return nil, errors.New("billing needs a Stripe key and the price ids of basic and pro, or BILLING=off")
	}
	if c.BasicPrice == c.ProPrice {
		return nil, errors.New("basic and pro have the same Stripe price: give each its own")
	}
	if err := c.Trial.Check(); err != nil {
		return nil, err
	}
	var err error
	if s.home, err = url.Parse(c.PublicURL); err != nil || s.home.Host == "" {
		return nil, errors.New("billing needs the public address, such as https://dash.repazoo.com, to return to from a " +
			"checkout")
	}
	s.stripe, err = stripeapi.New(stripeapi.Config{
		Key: c.StripeKey, URL: c.StripeURL, BasicPrice: c.BasicPrice, ProPrice: c.ProPrice, Tiers: c.Tiers,
		Codes: c.Codes, Tax: c.Tax, HTTP: c.HTTP, Log: s.log,
	})
	return s, err
}

// SetWebhookSecret replaces the secret that Stripe signs with, while webhooks go on coming.
func (s *Service) SetWebhookSecret(secret string) { s.secret.Store(&secret) }

// SetStripeKey replaces the key that Stripe is asked with, for the calls that begin from now on.
func (s *Service) SetStripeKey(key string) {
	if s.stripe != nil {
		s.stripe.SetKey(key)
	}
}

// Plans lists what can be subscribed to, cheapest first.
func (s *Service) Plans() []plan.Tier { return []plan.Tier{s.offer.Basic, s.offer.Pro} }

var errOff = fault.Conflict.Saying("Billing is switched off here: everything is included, and there is no plan to " +
	"change.")
