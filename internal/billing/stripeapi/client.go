// Package stripeapi is every question that Repazoo asks Stripe, and the only user of Stripe's SDK.
//
// A [Client] takes and gives values of internal/plan, so nobody above it knows a type of the SDK. Its errors are faults:
// a sentence for who pays, or, in account.go, for the operator who sets an account up; a fault's cause holds no client
// secret and nothing that a user typed. What it creates carries an idempotency key or metadata by which a second attempt
// finds it again.
//
// Webhooks are read here too (webhook.go): [Verify] checks a signature and its age, [About] and [ChargeIn] take ids out of
// an event, and [Handled] lists the types that are acted on.
package stripeapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// Client asks Stripe. It is safe for concurrent use.
type Client struct {
	api     *stripe.Client
	priceOf map[string]string // tier to price id
	tierOf  map[string]string // price id to tier
	codes   bool              // promotion codes are taken
	tax     bool              // Stripe reckons tax
	standIn bool              // it is not Stripe that is asked, so its pages may be unencrypted
	key     *atomic.Pointer[string]
	log     *slog.Logger
}

// Config is what a provider needs.
type Config struct {
	Key        string // sk_test_… or sk_live_…
	URL        string // where Stripe's API is; empty means the real one
	BasicPrice string // Stripe's id of the monthly price of basic
	ProPrice   string
	Tiers      plan.Tiers
	Codes      bool         // promotion codes are taken
	Tax        bool         // Stripe reckons tax
	HTTP       *http.Client // nil means one with a timeout of 20 seconds
	Log        *slog.Logger // nil means discard
}

// New makes a client of the service's own: nothing of the SDK's package state is used or changed.
func New(c Config) (*Client, error) {
	backend := &stripe.BackendConfig{
		HTTPClient: cmp.Or(c.HTTP, &http.Client{Timeout: 20 * time.Second}), EnableTelemetry: new(false), MaxNetworkRetries: new(int64(1)),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, // its lines would hold what Stripe answered
	}
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil || u.Host == "" {
			return nil, errors.New("the address of Stripe's API is not an address: leave STRIPE_API_URL empty for the real one")
		}
		backend.URL = new(u.Scheme + "://" + u.Host)
		backend.HTTPClient = below(backend.HTTPClient, u.Path)
	}
	key := &atomic.Pointer[string]{}
	key.Store(&c.Key)
	backend.HTTPClient = authenticated(backend.HTTPClient, key)
	return &Client{
		key:     key,
		log:     cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
		api:     stripe.NewClient(c.Key, stripe.WithBackends(stripe.NewBackendsWithConfig(backend))),
		priceOf: map[string]string{c.Tiers.Basic.Name: c.BasicPrice, c.Tiers.Pro.Name: c.ProPrice},
		codes:   c.Codes, tax: c.Tax,
		standIn: strings.HasPrefix(c.URL, "http://"),
		tierOf:  map[string]string{c.BasicPrice: c.Tiers.Basic.Name, c.ProPrice: c.Tiers.Pro.Name},
	}, nil
}

// SetKey replaces the key that Stripe is asked with, for the calls that begin from now on.
func (p *Client) SetKey(key string) { p.key.Store(&key) }

// TakesCodes tells whether promotion codes are taken.
func (p *Client) TakesCodes() bool { return p.codes }

// ReckonsTax tells whether Stripe reckons tax.
func (p *Client) ReckonsTax() bool { return p.tax }

// Sells tells whether a tier has a price.
func (p *Client) Sells(tier string) bool { return p.priceOf[tier] != "" }

// below makes client ask under a path, which the SDK refuses to have in its address.
func below(client *http.Client, path string) *http.Client {
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return client
	}
	return changing(client, func(r *http.Request) {
		r.URL.Path = path + r.URL.Path
		r.URL.RawPath = ""
	})
}

// authenticated makes client ask with the key as it is then, because the SDK keeps the one it was made with.
func authenticated(client *http.Client, key *atomic.Pointer[string]) *http.Client {
	return changing(client, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+*key.Load()) })
}

// changing makes client change a copy of each request before it is sent.
func changing(client *http.Client, change func(*http.Request)) *http.Client {
	c := *client
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = transport(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		change(r)
		return next.RoundTrip(r)
	})
	return &c
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const (
	MetaUser         = "repazoo_user"                       // on everything we make there: whose it is
	expandSecret     = "latest_invoice.confirmation_secret" // whether it was paid, and how to confirm it when not
	unknownToThem    = stripe.ErrorCodeResourceMissing
	MaxSubscriptions = 100 // subscriptions of one customer that are looked at
)

// Customer finds the user's customer, or makes it. The known id is tried first; search is a minute late, so the key keeps
// two attempts in that minute from making two.
func (p *Client) Customer(ctx context.Context, userID, known string) (string, error) {
	if known != "" {
		cu, err := p.api.V1Customers.Retrieve(ctx, known, nil)
		if err == nil && !cu.Deleted {
			return known, nil
		}
		if err != nil && !missing(err) {
			return "", refuse(err)
		}
	}
	search := &stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{Query: fmt.Sprintf("metadata['%s']:'%s'", MetaUser, userID), Single: true}}
	for cu, err := range p.api.V1Customers.Search(ctx, search).All(ctx) {
		if err != nil {
			return "", refuse(err)
		}
		return cu.ID, nil
	}
	params := &stripe.CustomerCreateParams{Metadata: map[string]string{MetaUser: userID}}
	params.SetIdempotencyKey("repazoo-customer-" + userID + "-" + known)
	cu, err := p.api.V1Customers.Create(ctx, params)
	if err != nil {
		return "", refuse(err)
	}
	return cu.ID, nil
}

// CloseCheckouts ends every checkout page of the customer that could still be paid.
func (p *Client) CloseCheckouts(ctx context.Context, customer string) error {
	params := &stripe.CheckoutSessionListParams{Customer: &customer, Status: new("open")}
	for cs, err := range p.api.V1CheckoutSessions.List(ctx, params).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		// One that was paid between the two calls cannot be expired; the subscription it made is found next.
		if _, err := p.api.V1CheckoutSessions.Expire(ctx, cs.ID, nil); err != nil && !rejected(err) {
			return refuse(err)
		}
	}
	return nil
}

// LiveSubscription finds what the customer already has; none is the zero remote.
func (p *Client) LiveSubscription(ctx context.Context, customer string) (plan.Remote, error) {
	now, _, err := p.Existing(ctx, customer)
	return now, err
}

// expandAll asks for all of a subscription that is mirrored.
func expandAll() []*string {
	return []*string{new(expandSecret), new(expandDiscounts), new("discounts.promotion_code"), new("schedule"), new("customer"), new("pending_setup_intent")}
}

// Subscription fetches one as it is now.
func (p *Client) Subscription(ctx context.Context, id string) (plan.Remote, error) {
	r, err := p.read(p.api.V1Subscriptions.Retrieve(ctx, id, &stripe.SubscriptionRetrieveParams{Expand: expandAll()}))
	if err == nil && r.Status == plan.Canceled && !r.Paid && r.EndReason != plan.EndDisputed && r.Invoice.Reason == string(stripe.InvoiceBillingReasonSubscriptionUpdate) {
		r.Paid, err = p.paidBefore(ctx, r) // the latest invoice was of a change that was never paid: the period itself may be
	}
	if err == nil && r.CollectionPaused {
		r.PaidUntil, err = p.paidUntil(ctx, r)
	}
	if err == nil && r.Status == plan.PastDue {
		var all []plan.Charge
		all, err = p.Charges(ctx, r.ID)
		r.OwedSince = plan.OwedSince(all)
	}
	return r, err
}

func (p *Client) read(sub *stripe.Subscription, err error) (plan.Remote, error) {
	if err != nil {
		return plan.Remote{}, refuse(err)
	}
	return remoteOf(sub, p.tierOf), nil
}

// Start is what begins a subscription: whose it is, for which tier, and on what terms.
type Start struct {
	User, Customer string // ours, and Stripe's
	Tier           string
	Key            string // the idempotency key: a repeated request makes nothing new
	Terms          Terms
}

// Subscribe attaches the payment method and starts the subscription: active once paid, incomplete when the bank must ask.
func (p *Client) Subscribe(ctx context.Context, s Start, method string) (plan.Remote, error) {
	m, err := p.api.V1PaymentMethods.Attach(ctx, method, &stripe.PaymentMethodAttachParams{Customer: &s.Customer})
	if err != nil {
		return plan.Remote{}, refuse(err)
	}
	params := &stripe.SubscriptionCreateParams{
		Customer:             &s.Customer,
		Items:                []*stripe.SubscriptionCreateItemParams{{Price: new(p.priceOf[s.Tier])}},
		DefaultPaymentMethod: &m.ID,
		PaymentBehavior:      new("allow_incomplete"),
		Metadata:             map[string]string{MetaUser: s.User},
		Expand:               expandAll(),
	}
	if p.tax {
		params.AutomaticTax = &stripe.SubscriptionCreateAutomaticTaxParams{Enabled: new(true)}
	}
	s.Terms.on(params)
	params.SetIdempotencyKey(s.Key)
	return p.read(p.api.V1Subscriptions.Create(ctx, params))
}

// Checkout makes a page on which the user pays, and answers its address. Afterwards the page leads to done, or to back
// when the user does not pay.
func (p *Client) Checkout(ctx context.Context, s Start, done, back string) (string, error) {
	params := &stripe.CheckoutSessionCreateParams{
		Mode:              new("subscription"),
		Customer:          &s.Customer,
		ClientReferenceID: &s.User,
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{
			{Price: new(p.priceOf[s.Tier]), Quantity: new(int64(1))},
		},
		SuccessURL: &done,
		CancelURL:  &back,
		SubscriptionData: &stripe.CheckoutSessionCreateSubscriptionDataParams{
			Metadata: map[string]string{MetaUser: s.User},
		},
	}
	p.taxOnPage(params)
	s.Terms.onPage(params, p.codes)
	params.SetIdempotencyKey(s.Key)
	cs, err := p.api.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return "", refuse(err)
	}
	return cs.URL, nil
}
