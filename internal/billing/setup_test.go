package billing_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/billing/ops"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// shop is an account at Stripe, and how it is set up.
type shop struct {
	ops.SetupConfig
	t   *testing.T
	sb  *sandbox.Sandbox
	api *stripe.Client
}

const hookURL = "https://repazoo.example/webhooks/stripe"

func newShop(t *testing.T, key string) *shop {
	t.Helper()
	sb := sandbox.New(sandbox.Config{Stripe: stripesandbox.Config{APIKey: key}})
	srv := httptest.NewServer(sb.Handler())
	t.Cleanup(srv.Close)
	return &shop{
		ops.SetupConfig{StripeKey: key, StripeURL: srv.URL +
			"/stripe", PublicURL: "https://repazoo.example", WebhookURL: hookURL},
		t, sb,
		stripe.NewClient(key, stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
			URL: &srv.URL, HTTPClient: &http.Client{Transport: recorder{tape: &tape{}}},
			LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		}))),
	}
}

func (s *shop) setup() ops.SetupReport {
	s.t.Helper()
	r, err := ops.Setup(s.t.Context(), s.SetupConfig)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *shop) must(_ any, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// outcome is what was done, in order.
func outcome(r ops.SetupReport) string {
	var all []string
	for _, s := range r.Steps {
		all = append(all, s.Name+" "+s.Did)
	}
	return strings.Join(all, ", ")
}

const (
	allMade = "product basic made, price of basic made, product pro made, price of pro made, customer portal made, " +
		"webhook endpoint made"
	allKept = "price of basic kept, price of pro kept, customer portal kept, webhook endpoint kept"
)

func TestSetup_MakesEverythingOnceAndTellsTheSecretOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripesandbox.APIKey)
	first := s.setup()
	if got := outcome(first); got != allMade || !first.Done() || len(first.Settings) != 3 ||
		!strings.HasPrefix(first.Settings[2].Value, "whsec_") {
		t.Fatalf("%s, %+v", got, first)
	}
	before := len(s.sb.Calls("/stripe/**"))
	second := s.setup()
	if got := outcome(second); got != allKept || !second.Done() || len(second.Settings) != 2 ||
		second.Settings[0] != first.Settings[0] {
		t.Fatalf("%s, %+v", got, second)
	}
	for _, c := range s.sb.Calls("/stripe/**")[before:] {
		if c.Method != http.MethodGet {
			t.Errorf("the second run asked %s %s", c.Method, c.Path)
		}
	}
}

func TestSetup_WhatItMadeIsWhatBillingNeeds(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripesandbox.APIKey)
	r := s.setup()
	for i, cents := range []int64{900, 2900} {
		p, err := s.api.V1Prices.Retrieve(t.Context(), r.Settings[i].Value, nil)
		if err != nil || p.UnitAmount != cents || p.Currency != "usd" || p.Recurring.Interval != "month" ||
			p.LookupKey == "" {
			t.Errorf("%+v, %v", p, err)
		}
	}
	for e, err := range s.api.V1WebhookEndpoints.List(t.Context(), nil).All(t.Context()) {
		if err != nil || e.APIVersion != stripe.APIVersion || e.URL != hookURL || len(e.EnabledEvents) == 0 {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

func TestSetup_CheckOnlyChangesNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripesandbox.APIKey)
	s.CheckOnly = true
	r := s.setup()
	if got := outcome(r); got != "price of basic missing, price of pro missing, customer portal missing, webhook "+
		"endpoint missing" || r.Done() {
		t.Fatal(got)
	}
	for _, c := range s.sb.Calls("/stripe/**") {
		if c.Method != http.MethodGet {
			t.Errorf("it asked %s %s", c.Method, c.Path)
		}
	}
}

func TestSetup_MendsAnExistingAccount(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil         func(s *shop, endpoint, portal string)
		checked, want string
		note          string
	}{
		"an endpoint that lacks events": {
			func(s *shop, endpoint, _ string) {
				s.must(s.api.V1WebhookEndpoints.Update(s.t.Context(), endpoint,
					&stripe.WebhookEndpointUpdateParams{EnabledEvents: []*string{new("invoice.paid"), new("charge.succeeded")}}))
			}, "webhook endpoint different", "webhook endpoint changed", "it lacked customer.subscription.created",
		},
		"an endpoint that is switched off": {
			func(s *shop, endpoint, _ string) {
				s.must(s.api.V1WebhookEndpoints.Update(s.t.Context(), endpoint,
					&stripe.WebhookEndpointUpdateParams{Disabled: new(true)}))
			}, "webhook endpoint different", "webhook endpoint changed", "it was disabled",
		},
		"a portal where people change plans": {
			func(s *shop, _, portal string) {
				s.must(s.api.V1BillingPortalConfigurations.Update(s.t.Context(), portal,
					&stripe.BillingPortalConfigurationUpdateParams{
						Features: &stripe.BillingPortalConfigurationUpdateFeaturesParams{
							SubscriptionUpdate: &stripe.BillingPortalConfigurationUpdateFeaturesSubscriptionUpdateParams{Enabled: new(true)},
						},
					}))
			}, "customer portal different", "customer portal changed", "what people may do there",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, stripesandbox.APIKey)
			made := s.setup().Steps
			tt.spoil(s, made[5].ID, made[4].ID)
			s.CheckOnly = true
			if r := s.setup(); !strings.Contains(outcome(r), tt.checked) || r.Done() {
				t.Errorf("checked: %s", outcome(r))
			}
			s.CheckOnly = false
			r := s.setup()
			if !strings.Contains(outcome(r), tt.want) || !r.Done() ||
				!strings.Contains(r.Steps[2].Note+r.Steps[3].Note, tt.note) {
				t.Errorf("mended: %+v", r)
			}
			if r := s.setup(); outcome(r) != allKept {
				t.Errorf("again: %s", outcome(r))
			}
		})
	}
}

func TestSetup_NamesWhatAPersonMustDecide(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		key   string
		spoil func(s *shop)
		want  string
	}{
		"a wrong amount": {
			"", func(s *shop) { s.Tiers = plan.DefaultTiers(); s.Tiers.Pro.MonthlyCents = 3900 },
			"asks for 29.00 USD, but Repazoo says 39.00 USD",
		},
		"a configured amount": {
			"", func(s *shop) { s.ProPrice = stripesandbox.BasicPrice },
			"The price price_basic of pro asks for 9.00 USD",
		},
		"another currency": {"", func(s *shop) { s.BasicPrice = s.price("eur", 900, "month") }, "asks for 9.00 EUR"},
		"another interval": {"", func(s *shop) { s.BasicPrice = s.price("usd", 900, "year") }, "is not for each month"},
		"an archived price": {"", func(s *shop) {
			s.BasicPrice = s.price("usd", 900, "month")
			s.must(s.api.V1Prices.Update(s.t.Context(), s.BasicPrice, &stripe.PriceUpdateParams{Active: new(false)}))
		}, "is archived"},
		"a price of another account": {
			"", func(s *shop) { s.BasicPrice = "price_elsewhere" },
			"which this account does not have in test mode",
		},
		"test objects with a live key": {
			"sk_" + "live_shop", func(*shop) {},
			"is of test mode, but STRIPE_SECRET_KEY is of live mode",
		},
		"an endpoint of an old version": {"", func(s *shop) {
			s.WebhookURL = "https://old.example/webhooks/stripe"
			s.endpoint("2020-08-27")
		}, "sends events of API version 2020-08-27"},
		"an endpoint of no version": {"", func(s *shop) {
			s.WebhookURL = "https://old.example/webhooks/stripe"
			s.endpoint("")
		}, "sends events of the account's own API version"},
		"two endpoints": {"", func(s *shop) { s.endpoint(stripe.APIVersion) }, "from 2 webhook endpoints"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.key == "" {
				tt.key = stripesandbox.APIKey
			}
			s := newShop(t, tt.key)
			s.setup()
			tt.spoil(s)
			r := s.setup()
			if r.Done() || !strings.Contains(strings.Join(r.Problems, "\n"), tt.want) {
				t.Fatalf("%q", r.Problems)
			}
		})
	}
}

func TestSetup_ReplacesAnEndpointOnlyWhenTold(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripesandbox.APIKey)
	s.endpoint("2020-08-27")
	if r := s.setup(); len(r.Problems) != 1 || len(r.Settings) != 2 {
		t.Fatalf("%+v", r)
	}
	s.Replace = true
	r := s.setup()
	if !r.Done() || !strings.Contains(outcome(r), "webhook endpoint made, old webhook endpoint deleted") ||
		r.Settings[2].Name != "STRIPE_WEBHOOK_SECRET" {
		t.Fatalf("%+v", r)
	}
	if r := s.setup(); outcome(r) != allKept {
		t.Fatal(outcome(r))
	}
}

func (s *shop) price(currency string, cents int64, interval string) string {
	s.t.Helper()
	product, err := s.api.V1Products.Create(s.t.Context(), &stripe.ProductCreateParams{Name: new("Another")})
	s.must(nil, err)
	p, err := s.api.V1Prices.Create(s.t.Context(), &stripe.PriceCreateParams{
		Product: &product.ID, Currency: &currency, UnitAmount: &cents,
		Recurring: &stripe.PriceCreateRecurringParams{Interval: &interval},
	})
	s.must(nil, err)
	return p.ID
}

func (s *shop) endpoint(version string) {
	s.t.Helper()
	params := &stripe.WebhookEndpointCreateParams{URL: &s.WebhookURL, EnabledEvents: []*string{new("*")}}
	if version != "" {
		params.APIVersion = &version
	}
	s.must(s.api.V1WebhookEndpoints.Create(s.t.Context(), params))
}

// Who runs the command is told what happened and what to look at, not that nothing was charged.
func TestSetup_WithoutAnAnswerNamesTheCause(t *testing.T) {
	t.Parallel()
	s := newShop(t, "sk_test_x")
	s.HTTP = &http.Client{Transport: silent{}}
	_, err := ops.Setup(t.Context(), s.SetupConfig)
	f := wantFault(t, err, fault.PaymentProviderError)
	if !strings.Contains(f.Message, "Stripe did not answer (no route to host)") ||
		!strings.Contains(f.Message, "STRIPE_API_URL") {
		t.Fatalf("%q", f.Message)
	}
}

func TestExamine_WithoutAnAnswerNamesTheCause(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.subscriber("basic")
		w.policy(func(c *billing.Config) { c.HTTP = &http.Client{Transport: silent{}} })
		_, err := w.Examine(t.Context(), false, func(billing.Difference) error { return nil })
		f := wantFault(t, err, fault.PaymentProviderError)
		if !strings.Contains(f.Message, "Stripe could not be asked (no route to host)") {
			t.Fatalf("%q", f.Message)
		}
	})
}

// silent is a network on which nobody answers.
type silent struct{}

func (silent) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}
