package billing_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/billing/ops"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// chargeOf is the charge of a user's newest payment.
func (w *world) chargeOf(user string) *stripe.Charge {
	w.t.Helper()
	customer, err := db.ReadOne(w.t.Context(), w.d, db.System, db.Value[string],
		`SELECT stripe_customer_id FROM subscriptions WHERE user_id = $1`, user)
	w.must(nil, err)
	for ch, err := range w.api.V1Charges.List(w.t.Context(),
		&stripe.ChargeListParams{Customer: &customer}).All(w.t.Context()) {
		w.must(nil, err)
		return ch
	}
	return nil
}

// refund gives a part of a user's newest payment back, as an operator does; 0 is all that is left.
func (w *world) refund(user string, cents int64) {
	w.t.Helper()
	params := &stripe.RefundCreateParams{Charge: &w.chargeOf(user).ID, Reason: new("requested_by_customer")}
	if cents > 0 {
		params.Amount = &cents
	}
	w.must(w.api.V1Refunds.Create(w.t.Context(), params))
}

// evidence answers the dispute about a user's newest payment.
func (w *world) evidence(user, text string) {
	w.t.Helper()
	for d, err := range w.api.V1Disputes.List(w.t.Context(),
		&stripe.DisputeListParams{Charge: &w.chargeOf(user).ID}).All(w.t.Context()) {
		w.must(nil, err)
		w.must(w.api.V1Disputes.Update(w.t.Context(), d.ID,
			&stripe.DisputeUpdateParams{Evidence: &stripe.DisputeUpdateEvidenceParams{UncategorizedText: &text}}))
	}
}

// back says of each invoice of a user what went back of it, newest first.
func (w *world) back(user string) string {
	w.t.Helper()
	p, err := w.Invoices(w.t.Context(), user, 100, "")
	w.must(nil, err)
	var all []string
	for _, in := range p.Invoices {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", plan.Amount(in.RefundedCents, in.Currency), in.Status,
			in.Dispute)))
	}
	return strings.Join(all, ", ")
}

// returned are the metrics about what went back, over a year.
func (w *world) returned() string {
	w.t.Helper()
	m, err := w.MetricsOver(w.t.Context(), 365*24*time.Hour)
	w.must(nil, err)
	return fmt.Sprintf("%d refunds of %d, %d disputes of %d: %d won, %d lost", m.Refunds, m.RefundedCents, m.Disputes,
		m.DisputedCents, m.DisputesWon, m.DisputesLost)
}

// ways are how webhooks may travel, and what it takes to hear of everything.
var ways = map[string]stripesandbox.Delivery{
	"well": {}, "twice": {Duplicate: true}, "in reverse": {Reorder: true},
	"not at all": {Lose: true},
}

// everyWay runs f on both databases for every way webhooks travel. hear is what a test calls to let them arrive.
func everyWay(t *testing.T, f func(t *testing.T, w *world, hear func())) {
	t.Helper()
	for name, how := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.to(time.January, 3)
				w.sb.Stripe().Misdeliver(how)
				f(t, w, func() {
					w.deliver()
					w.sweep()
				})
			})
		})
	}
}

func TestReturns_ARefundIsToldCountedAndChangesNoAccess(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w *world, hear func()) {
		user, other := w.subscriber("pro"), w.subscriber("pro")
		before := w.subscription(user)
		w.to(time.January, 5)
		w.refund(user, 500)
		hear()
		if got := w.back(user); got != "$5.00 paid" {
			t.Fatal(got)
		}
		w.to(time.January, 7)
		w.refund(user, 0)
		hear()
		if got := w.back(user) + " and " + w.back(other); got != "$29.00 paid and $0.00 paid" {
			t.Fatal(got)
		}
		w.tells(user,
			"On 3 January you chose pro.",
			"On 3 January your card was charged $29.00 for pro until 3 February.",
			"On 5 January $5.00 of what you paid for pro was given back to you.",
			"On 7 January $24.00 of what you paid for pro was given back to you.",
		)
		if diff := cmp.Diff(before, w.subscription(user)); diff != "" {
			t.Fatal(diff)
		}
		if got := w.returned(); got != "2 refunds of 2900, 0 disputes of 0: 0 won, 0 lost" {
			t.Fatal(got)
		}
		if n := w.count(`SELECT count(*) FROM audit_log WHERE user_id = $1 AND action = 'payment.refund'`, user); n != 2 {
			t.Fatalf("%d lines in the log of what happened", n)
		}
		if len(w.story(other)) != 2 {
			t.Fatal(w.story(other))
		}
	})
}

func TestReturns_ARefundThatTheBankSendsBackIsToldAndCountsNoMore(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w *world, hear func()) {
		user := w.user()
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro", PaymentMethod: "pm_card_refundFail"}))
		w.to(time.January, 5)
		w.refund(user, 500)
		hear()
		if got := w.back(user); got != "$5.00 paid" {
			t.Fatal(got)
		}
		w.to(time.January, 8)
		hear()
		if got := w.back(user); got != "$0.00 paid" {
			t.Fatal(got)
		}
		w.tells(user,
			"On 3 January you chose pro.",
			"On 3 January your card was charged $29.00 for pro until 3 February.",
			"On 5 January $5.00 of what you paid for pro was given back to you.",
			"On 6 January the $5.00 that was to be given back to you did not reach you: the money came back to us.",
		)
		if got := w.returned(); got != "0 refunds of 0, 0 disputes of 0: 0 won, 0 lost" {
			t.Fatal(got)
		}
	})
}

func TestReturns_ADisputeIsToldFromItsBeginningToItsEnd(t *testing.T) {
	t.Parallel()
	for verdict, end := range map[string]struct{ line, status, metrics string }{
		"winning_evidence": {
			"On 20 January the dispute about $9.00 for basic was closed, and the payment stands.",
			"$0.00 paid won", "1 won, 0 lost",
		},
		"losing_evidence": {"On 20 January the dispute about $9.00 for basic was closed, and your bank gave you the " +
			"money back.", "$0.00 paid lost", "0 won, 1 lost"},
	} {
		t.Run(verdict, func(t *testing.T) {
			t.Parallel()
			everyWay(t, func(t *testing.T, w *world, hear func()) {
				user := w.subscriber("basic")
				hear()
				w.to(time.January, 10)
				w.must(nil, w.sb.Stripe().Dispute(w.newest().ID))
				hear()
				if got := w.back(user); got != "$0.00 paid open" ||
					w.returned() != "0 refunds of 0, 1 disputes of 900: 0 won, 0 lost" {
					t.Fatal(got, w.returned())
				}
				if !strings.Contains(w.log.String(), "a payment was disputed: answer in Stripe's Dashboard") {
					t.Fatal("the operator is not told")
				}
				w.to(time.January, 15)
				w.evidence(user, "They used it every day.") // which the bank thinks about
				w.to(time.January, 20)
				w.evidence(user, verdict)
				w.sb.Advance(time.Hour)
				hear()
				if n := w.count(`SELECT count(*) FROM stripe_events WHERE CAST(payload AS text) LIKE '%evidence%'`); n != 0 {
					t.Fatalf("evidence is stored %d times", n)
				}
				if got := w.back(user); got != end.status || w.returned() != "0 refunds of 0, 1 disputes of 900: "+end.metrics {
					t.Fatal(got, w.returned())
				}
				w.tells(user,
					"On 3 January you chose basic.",
					"On 3 January your card was charged $9.00 for basic until 3 February.",
					"On 10 January the payment of $9.00 for basic was disputed at your bank.",
					end.line,
				)
				if s := w.subscription(user); s.Status != "active" || s.Tier.Name != "basic" {
					t.Fatalf("%+v", s)
				}
			})
		})
	}
}

// Stripe ends the subscription of a lost dispute where its settings say so. What was charged back is not paid for.
func TestReturns_ALostDisputeThatEndsThePlanEndsAccess(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w *world, hear func()) {
		user := w.user()
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier:          "basic",
			PaymentMethod: "pm_card_createDispute",
		}))
		hear()
		if s := w.subscription(user); s.Tier.Name != "basic" || w.back(user) != "$0.00 paid open" {
			t.Fatalf("%+v, %s", s, w.back(user))
		}
		w.to(time.January, 20)
		w.must(nil, w.sb.Stripe().Decide(w.newest().ID, "lost", true))
		hear()
		if s := w.subscription(user); s.Status != "canceled" || s.Tier.Name != "" || w.back(user) != "$0.00 paid lost" {
			t.Fatalf("%+v, %s", s, w.back(user))
		}
		got := w.story(user)
		if !strings.Contains(strings.Join(got, "\n"), "On 20 January basic ended, because its payment was disputed.") {
			t.Fatal(got)
		}
		if all, _ := w.examine(false); len(all) != 0 {
			t.Fatalf("%+v", all)
		}
	})
}

// The disputed payment may be of an upgrade: the invoice before it, which was paid, opens nothing again.
func TestReturns_ADisputedUpgradeThatEndsThePlanEndsAccess(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w *world, hear func()) {
		user := w.subscriber("basic")
		w.to(time.January, 20)
		w.must(w.Change(t.Context(), user, billing.ChangeRequest{Tier: "pro"}))
		hear()
		if s := w.subscription(user); s.Tier.Name != "pro" {
			t.Fatalf("%+v", s)
		}
		upgrade := w.newest().ID
		w.must(nil, w.sb.Stripe().Dispute(upgrade))
		w.must(nil, w.sb.Stripe().Decide(upgrade, "lost", true))
		hear()
		if s := w.subscription(user); s.Status != "canceled" || s.Tier.Name != "" {
			t.Fatalf("%+v", s)
		}
	})
}

func TestReturns_WhatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.exec(`UPDATE subscriptions SET stripe_customer_id = 'cus_other' WHERE user_id = $1`, user)
		for id, object := range map[string]map[string]any{
			"evt_gone": {"id": "ch_gone", "object": "charge", "customer": "cus_other"},
			"evt_odd":  {"id": "ch_gone"},
		} {
			body := event(id, "charge.refunded", object)
			w.must(nil, w.Accept(t.Context(), body, sign(body, secret, w.sb.Now())))
			w.must(nil, w.Apply(t.Context(), id))
		}
		ch := w.newestCharge()
		w.must(w.api.V1Refunds.Create(t.Context(), &stripe.RefundCreateParams{Charge: &ch.ID}))
		w.deliver()
		w.sweep()
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE type = 'charge.refunded' AND ignored
			AND last_error IS NOT NULL`); n != 3 {
			t.Fatalf("%d events were left alone", n)
		}
		if n := w.count(`SELECT count(*) FROM payment_returns`); n != 0 {
			t.Fatalf("%d were stored", n)
		}
	})
}

func (w *world) newestCharge() *stripe.Charge {
	w.t.Helper()
	for ch, err := range w.api.V1Charges.List(w.t.Context(), nil).All(w.t.Context()) {
		w.must(nil, err)
		return ch
	}
	return nil
}

func TestChange_ACardPutInPlaceSinceCarriesOverToThePlannedPlan(t *testing.T) {
	t.Parallel()
	for since, tt := range map[string]struct{ planned, status string }{
		"pm_card_visa":               {"pm_card_chargeCustomerFail", "active"},
		"pm_card_chargeCustomerFail": {"pm_card_visa", "past_due"},
	} {
		t.Run(since, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				user := w.subscriber("pro")
				w.card(tt.planned)
				w.must(w.change(user, "basic"))
				w.card(since)
				asked := len(w.calls("/stripe/v1/subscription_schedules/*"))
				w.must(nil, w.Reconcile(t.Context()))
				if n := len(w.calls("/stripe/v1/subscription_schedules/*")); n != asked || asked != 2 { // planned and carried over
					t.Fatalf("%d and then %d changes of a schedule", asked, n-asked)
				}
				if s := w.subscription(user); s.Pending.Tier != "basic" {
					t.Fatalf("the plan was lost: %+v", s)
				}
				w.sb.Advance(w.subscription(user).PeriodEnd.Sub(w.sb.Now()) + time.Hour)
				w.deliver()
				if s := w.subscription(user); string(s.Status) != tt.status || s.Plan != "basic" {
					t.Fatalf("%+v", s)
				}
			})
		})
	}
}

func TestPortal_IsTheOneThatSetupMade(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		opened := func() string {
			w.must(w.Portal(t.Context(), user, "/account/plan"))
			calls := w.calls("/stripe/v1/billing_portal/sessions")
			return string(calls[len(calls)-1].Body)
		}
		if got := opened(); strings.Contains(got, "configuration") {
			t.Fatal(got)
		}
		w.must(w.api.V1BillingPortalConfigurations.Create(t.Context(), &stripe.BillingPortalConfigurationCreateParams{
			Features: &stripe.BillingPortalConfigurationCreateFeaturesParams{InvoiceHistory: &stripe.BillingPortalConfigurationCreateFeaturesInvoiceHistoryParams{Enabled: new(true)}},
		})) // somebody else's
		report, err := ops.Setup(t.Context(), ops.SetupConfig{StripeKey: stripesandbox.APIKey, StripeURL: w.at +
			"/stripe", PublicURL: "https://dash.example"})
		w.must(nil, err)
		ours := ""
		for _, step := range report.Steps {
			if step.Name == "customer portal" {
				ours = step.ID
			}
		}
		if got := opened(); ours == "" || !strings.Contains(got, "configuration="+ours) {
			t.Fatalf("%s is not in %s", ours, got)
		}
		w.sb.Fail(sandbox.Fault{
			Path: "/stripe/v1/billing_portal/configurations", Status: http.StatusForbidden, Times: -1,
			Body: `{"error":{"type":"invalid_request_error","message":"no"}}`,
		})
		if got := opened(); strings.Contains(got, "configuration") {
			t.Fatalf("with a key that may not look: %s", got)
		}
		w.sb.Heal()
		w.must(w.api.V1BillingPortalConfigurations.Update(t.Context(), ours,
			&stripe.BillingPortalConfigurationUpdateParams{Active: new(false)}))
		if got := opened(); strings.Contains(got, "configuration") {
			t.Fatalf("one that is switched off: %s", got)
		}
	})
}

// A server that is configured with what setup printed hears of everything it asked for, and of nothing twice.
func TestSetup_ItsWebhookEndpointIsSentWhatItAsksFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sb.Stripe().DeliverTo("", "") // no server of the stand-in's own
		hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.receive(rw, r) }))
		t.Cleanup(hook.Close)
		report, err := ops.Setup(t.Context(), ops.SetupConfig{
			StripeKey: stripesandbox.APIKey, StripeURL: w.at + "/stripe", PublicURL: "https://dash.example",
			WebhookURL: hook.URL + "/webhooks/stripe",
		})
		w.must(nil, err)
		for _, setting := range report.Settings {
			if setting.Name != "STRIPE_WEBHOOK_SECRET" {
				continue
			}
			w.Service, err = billing.New(billing.Config{
				DB: w.d, StripeKey: stripesandbox.APIKey, StripeURL: w.at + "/stripe", WebhookSecret: setting.Value,
				BasicPrice: stripesandbox.BasicPrice, ProPrice: stripesandbox.ProPrice, PublicURL: "https://dash.example",
			})
			w.must(nil, err)
		}
		w.subscriber("basic")
		heard := w.count(`SELECT count(*) FROM stripe_events`)
		// of the plan and its payment
		if unwanted := w.count(`SELECT count(*) FROM stripe_events WHERE ignored`); heard != 2 || unwanted != 0 {
			t.Fatalf("%d events were heard of, %d of them unwanted", heard, unwanted)
		}
	})
}
