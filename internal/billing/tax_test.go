package billing_test

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/billing/ops"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

func TestTax_IsReckonedByWhereThePersonLivesAndToldApart(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		country, invoices, told string
		tax                     int64
	}{
		"Germany":           {"DE", "$10.71 paid, $10.71 paid", "your card was charged $10.71 for basic until", 171},
		"United Kingdom":    {"GB", "$10.80 paid, $10.80 paid", "$1.80 of it tax.", 180},
		"where none is due": {"US", "$9.00 paid, $9.00 paid", "your card was charged $9.00 for basic until", 0},
	}
	each(t, func(t *testing.T, w *world) {
		w.policy(func(c *billing.Config) { c.Tax = true })
		for name, tt := range tests {
			user := w.user()
			p, err := w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "basic"})
			if err != nil || !p.TaxUnknown || p.NowCents != 900 {
				t.Fatalf("before anything is known: %+v, %v", p, err)
			}
			s, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"})
			w.must(nil, err)
			if p, err = w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "basic"}); err != nil || !p.TaxUnknown {
				t.Fatalf("a customer without an address: %+v, %v", p, err)
			}
			w.checkoutWith(s.CheckoutURL, url.Values{"action": {"pay"}, "country": {tt.country}})
			w.sb.Advance(31 * dayLong)
			w.deliver()
			if got := w.invoices(user); got != tt.invoices {
				t.Errorf("%s: %s", name, got)
			}
			list, err := w.Invoices(t.Context(), user, 1, "")
			if err != nil || list.Invoices[0].TaxCents != tt.tax {
				t.Errorf("%s: %+v, %v", name, list.Invoices, err)
			}
			if got := w.tale(user); !strings.Contains(got, tt.told) {
				t.Errorf("%s: %s", name, got)
			}
			p, err = w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "pro"})
			if err != nil || p.TaxUnknown || (p.NowTax > 0) != (tt.tax > 0) || p.NextTax != tt.tax*2900/900 &&
				p.NextTax != tt.tax*2900/900+1 || p.Next != 2900+p.NextTax {
				t.Errorf("%s: an upgrade is previewed as %+v, %v", name, p, err)
			}
			w.must(w.Change(t.Context(), user, billing.ChangeRequest{Tier: "pro", AsOf: p.AsOf}))
			if list, err = w.Invoices(t.Context(), user, 1, ""); err != nil || list.Invoices[0].Cents != p.NowCents ||
				list.Invoices[0].TaxCents != p.NowTax {
				t.Errorf("%s: %+v was charged, not %d with %d of tax", name, list.Invoices, p.NowCents, p.NowTax)
			}
		}
	})
}

func TestTax_WithoutAnAddressACardIsNotEnoughAndNothingIsLost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.policy(func(c *billing.Config) { c.Tax = true })
		user := w.user()
		_, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
		if f := wantFault(t, err, fault.Conflict); !strings.HasPrefix(f.Message, "Tax depends on where you live") {
			t.Fatal(f.Message)
		}
		w.lives(user, "DE")
		if s, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier:          "basic",
			PaymentMethod: "pm_card_visa",
		}); err != nil || s.Status != "active" || w.invoices(user) != "$10.71 paid" {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}

func TestTax_IsSwitchedOnForAnEarlierPlanWhenItIsChanged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.policy(func(c *billing.Config) { c.Tax = true })
		_, err := w.change(user, "pro")
		wantFault(t, err, fault.Conflict)
		w.lives(user, "GB")
		p, err := w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "pro"})
		w.must(nil, err)
		w.must(w.Change(t.Context(), user, billing.ChangeRequest{Tier: "pro", AsOf: p.AsOf}))
		if list, err := w.Invoices(t.Context(), user, 1, ""); err != nil || list.Invoices[0].Cents != p.NowCents ||
			list.Invoices[0].TaxCents != p.NowTax || p.NowTax == 0 {
			t.Fatalf("%+v, previewed %+v, %v", list.Invoices, p, err)
		}
	})
}

func TestTax_TheDoctorFindsPlansThatAreChargedWithoutAndMendsThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		known, unknown := w.subscriber("basic"), w.subscriber("basic")
		w.lives(known, "DE")
		w.policy(func(c *billing.Config) { c.Tax = true })
		found, seen := w.examine(true)
		w.deliver()
		kinds := map[string]bool{}
		for _, d := range found {
			if d.Kind != "subscription_untaxed" {
				t.Errorf("%+v", d)
			}
			kinds[d.UserID] = d.Fixed
		}
		if seen.Found != 2 || !kinds[known] || kinds[unknown] {
			t.Fatalf("%+v", found)
		}
		if found, _ = w.examine(false); len(found) != 1 || found[0].UserID != unknown ||
			!strings.Contains(found[0].Remedy, "address") {
			t.Fatalf("looked at again: %+v", found)
		}
	})
}

func TestTax_SetupAndDoctorSayWhatTheAccountLacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite)
	bare := sandbox.New(sandbox.Config{Now: w.sb.Now, Stripe: stripesandbox.Config{NoTax: true}})
	srv := httptest.NewServer(bare.Handler())
	t.Cleanup(srv.Close)
	check := func(address string) []string {
		r, err := ops.Setup(t.Context(), ops.SetupConfig{StripeKey: stripesandbox.APIKey, StripeURL: address +
			"/stripe", PublicURL: "https://dash.example", Tax: true, CheckOnly: true})
		w.must(nil, err)
		return r.Problems
	}
	if got := check(w.at); len(got) != 0 {
		t.Fatalf("a ready account: %q", got)
	}
	lacks := check(srv.URL)
	for i, want := range []string{
		"Stripe Tax is not ready in this account (it lacks head_office)",
		"whether your prices include tax", "registered for tax nowhere",
	} {
		if len(lacks) != 3 || !strings.Contains(lacks[i], want) {
			t.Fatalf("lacks %q", lacks)
		}
	}
	w.policy(func(c *billing.Config) { c.Tax, c.StripeURL = true, srv.URL+"/stripe" })
	found, _ := w.examine(false)
	if got := slices.DeleteFunc(found,
		func(d billing.Difference) bool { return d.Kind != "tax_not_ready" }); len(got) != 3 {
		t.Fatalf("%+v", found)
	}
}
