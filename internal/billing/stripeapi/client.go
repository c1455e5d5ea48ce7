// Package stripeapi is every question that Repazoo asks Stripe, and the only user of Stripe's SDK.
//
// A [Client] takes and gives values of internal/plan, so nobody above it knows a type of the SDK. Its errors are
// faults: a sentence for who pays, or, in account.go, for the operator who sets an account up; a fault's cause holds no
// client secret and nothing that a user typed. What it creates carries an idempotency key or metadata by which a second
// attempt finds it again.
//
// Webhooks are read here too (webhook.go): [Verify] checks a signature and its age, [About] and [ChargeIn] take ids out
// of an event, and [Handled] lists the types that are acted on.
package stripeapi

import (
	"cmp"
	"errors"
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
	api     any                      // the *stripe.Client, see sdk
	raw     stripe.RawRequestBackend // for what is fetched by its path
	priceOf map[string]string        // tier to price id
	tierOf  map[string]string        // price id to tier
	codes   bool                     // promotion codes are taken
	tax     bool                     // Stripe reckons tax
	standIn bool                     // it is not Stripe that is asked, so its pages may be unencrypted
	key     *atomic.Pointer[string]
	log     *slog.Logger
}

// sdk is what asks. With a field of its type, every package that knows a Client would compile the SDK's hundreds of
// generic lists again.
func sdk(p *Client) *stripe.Client { return p.api.(*stripe.Client) }

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
		HTTPClient: cmp.Or(c.HTTP, &http.Client{Timeout: 20 * time.Second}), EnableTelemetry: new(false),
		MaxNetworkRetries: new(int64(1)),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull}, // its lines would hold what Stripe answered
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
	backends := stripe.NewBackendsWithConfig(backend)
	raw, ok := backends.API.(stripe.RawRequestBackend)
	if !ok {
		return nil, errors.New("Stripe's SDK cannot fetch by a path") // a programmer's mistake, after an update of the SDK
	}
	return &Client{
		key:     key,
		raw:     raw,
		log:     cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
		api:     stripe.NewClient(c.Key, stripe.WithBackends(backends)),
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
	// MetaUser is the metadata that everything we make at Stripe carries: the id of whose it is.
	MetaUser = "repazoo_user"
	// MaxSubscriptions is how many subscriptions of one customer are looked at.
	MaxSubscriptions = 100

	expandSecret = "latest_invoice.confirmation_secret" // whether it was paid, and how to confirm it when not
)
