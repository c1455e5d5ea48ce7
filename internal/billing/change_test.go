package billing_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// card puts another card in place for everybody.
func (w *world) card(test string) {
	w.t.Helper()
	for _, sub := range w.stripeSubscriptions() {
		m, err := w.api.V1PaymentMethods.Attach(w.t.Context(), test,
			&stripe.PaymentMethodAttachParams{Customer: &sub.Customer.ID})
		w.must(nil, err)
		w.must(w.api.V1Subscriptions.Update(w.t.Context(), sub.ID,
			&stripe.SubscriptionUpdateParams{DefaultPaymentMethod: &m.ID}))
	}
	w.deliver()
}

func (w *world) change(user, tier string) (billing.Changed, error) {
	return w.Change(w.t.Context(), user, billing.ChangeRequest{Tier: tier})
}

// invoices are the amounts of what the user was billed and what became of it, oldest first.
func (w *world) invoices(user string) string {
	w.t.Helper()
	p, err := w.Invoices(w.t.Context(), user, 100, "")
	w.must(nil, err)
	var all []string
	for _, in := range p.Invoices {
		all = append([]string{plan.Amount(in.Cents, in.Currency) + " " + in.Status}, all...)
	}
	return strings.Join(all, ", ")
}

func TestChange_AnUpgradeIsChargedForTheRestAndRaisesTheQuotaAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, other := w.subscriber("basic"), w.subscriber("basic")
		held, err := w.reserve(user)
		w.must(nil, err)
		before := w.subscription(user)
		w.sb.Advance(before.PeriodEnd.Sub(w.sb.Now()) / 2)
		got, err := w.change(user, "pro")
		if err != nil || got.Tier.Name != "pro" || got.Plan != "pro" || got.Pending != (plan.PendingChange{}) ||
			got.ClientSecret != "" || !got.PeriodEnd.Equal(before.PeriodEnd) {
			t.Fatalf("%+v, %v", got, err)
		}
		if u := w.usage(user); u.Quota != (billing.Allowance{Limit: 10_000, Reserved: 1, Remaining: 9_999}) ||
			!u.PeriodStart.Equal(held.PeriodStart) || u.Reads.Limit != 4_000 {
			t.Fatalf("%+v", u)
		}
		if got := w.invoices(user); got != "$9.00 paid, $10.00 paid" {
			t.Fatal(got)
		}
		w.deliver()
		if s := w.subscription(other); s.Tier.Name != "basic" {
			t.Fatalf("another user's plan is %+v", s)
		}
		w.sb.Advance(before.PeriodEnd.Sub(w.sb.Now()) + time.Hour)
		w.deliver()
		if s := w.subscription(user); s.Tier.Name != "pro" || w.invoices(user) != "$9.00 paid, $10.00 paid, $29.00 paid" {
			t.Fatalf("after the renewal: %+v, %s", s, w.invoices(user))
		}
	})
}

func TestChange_ADeclinedCardLeavesThePlanAsItIs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.card("pm_card_chargeCustomerFail")
		for range 2 {
			_, err := w.change(user, "pro")
			if f := wantFault(t, err, fault.ValidationFailed); f.Message != "The card was declined. Use another card, or ask "+
				"your bank why. You stay on basic, and nothing was charged." {
				t.Fatal(f.Message)
			}
			w.deliver()
			if s := w.subscription(user); s.Tier.Name != "basic" || s.Status != "active" ||
				s.Pending != (plan.PendingChange{}) || w.usage(user).Quota.Limit != 1_000 {
				t.Fatalf("%+v", s)
			}
		}
		w.card("pm_card_visa")
		if got, err := w.change(user, "pro"); err != nil || got.Tier.Name != "pro" {
			t.Fatalf("with another card: %+v, %v", got, err)
		}
		if got := w.invoices(user); got != "$9.00 paid, $20.00 void, $20.00 void, $20.00 paid" {
			t.Fatal(got)
		}
	})
}

func TestChange_ABankThatAsksLeavesTheChangeWaitingUntilItIsConfirmed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.card("pm_card_authenticationRequired")
		first, err := w.change(user, "pro")
		want := plan.PendingChange{Tier: "pro", How: plan.AfterPayment, At: first.Pending.At}
		if err != nil || first.Tier.Name != "basic" || first.Pending != want || first.ClientSecret == "" ||
			!strings.HasPrefix(first.ConfirmURL, w.at+"/stripe/invoice/in_") {
			t.Fatalf("%+v, %v", first, err)
		}
		if left := first.Pending.At.Sub(w.sb.Now()); left > 23*time.Hour || left < 22*time.Hour {
			t.Fatalf("it may be confirmed for %v", left)
		}
		if again, err := w.change(user, "pro"); err != nil || again.ClientSecret != first.ClientSecret ||
			again.ConfirmURL != first.ConfirmURL {
			t.Fatalf("asked again: %+v, %v", again, err)
		}
		w.deliver()
		if s := w.subscription(user); s.Pending != want || w.usage(user).Quota.Limit != 1_000 {
			t.Fatalf("%+v", s)
		}
		w.must(nil, w.sb.Stripe().Authenticate(first.ClientSecret))
		w.deliver()
		if s := w.subscription(user); s.Tier.Name != "pro" || s.Pending != (plan.PendingChange{}) ||
			w.usage(user).Quota.Limit != 10_000 {
			t.Fatalf("after the bank's confirmation: %+v", s)
		}
	})
}

func TestChange_OneThatIsNeverConfirmedLapses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for name, undo := range map[string]func(user string){
			"time passes": func(string) { w.sb.Advance(23 * time.Hour) },
			"taken back":  func(user string) { w.must(w.change(user, "basic")) },
			"cancelled":   func(user string) { w.must(w.Cancel(t.Context(), user, true)) },
		} {
			user := w.subscriber("basic")
			w.card("pm_card_authenticationRequired")
			got, err := w.change(user, "pro")
			w.must(nil, err)
			undo(user)
			w.deliver()
			if s := w.subscription(user); s.Tier.Name != "basic" || s.Pending != (plan.PendingChange{}) ||
				w.invoices(user) != "$9.00 paid, $20.00 void" {
				t.Errorf("%s: %+v, %s", name, s, w.invoices(user))
			}
			if w.sb.Stripe().Authenticate(got.ClientSecret) == nil {
				t.Errorf("%s: it could still be paid", name)
			}
		}
	})
}

func TestChange_ADowngradeWaitsForThePeriodsEnd(t *testing.T) {
	t.Parallel()
	for name, heard := range map[string]bool{"heard of": true, "not heard of": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				user := w.subscriber("pro")
				got, err := w.change(user, "basic")
				want := plan.PendingChange{Tier: "basic", How: plan.AfterPeriodEnd, At: got.PeriodEnd}
				if err != nil || got.Tier.Name != "pro" || got.Pending != want || w.usage(user).Quota.Limit != 10_000 {
					t.Fatalf("%+v, %v", got, err)
				}
				if again, err := w.change(user, "basic"); err != nil || again.Pending != want {
					t.Fatalf("asked again: %+v, %v", again, err)
				}
				w.deliver()
				if !heard {
					w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
				}
				w.sb.Advance(got.PeriodEnd.Sub(w.sb.Now()) + time.Hour)
				w.deliver()
				_, err = w.reserve(user)
				w.must(nil, err)
				if s := w.subscription(user); s.Tier.Name != "basic" || s.Plan != "basic" ||
					s.Pending != (plan.PendingChange{}) || w.usage(user).Quota.Limit != 1_000 {
					t.Fatalf("in the next period: %+v, %+v", s, w.usage(user))
				}
				if got := w.invoices(user); got != "$29.00 paid, $9.00 paid" {
					t.Fatal(got)
				}
				w.must(nil, w.Reconcile(t.Context()))
				if u := w.usage(user); u.Quota.Limit != 1_000 || u.Quota.Reserved != 1 ||
					!w.subscription(user).PeriodStart.Equal(got.PeriodEnd) {
					t.Fatalf("after the reconciliation: %+v", u)
				}
				w.must(w.change(user, "pro")) // while the schedule still lasts
				w.sb.Advance(40 * 24 * time.Hour)
				w.deliver()
				w.must(nil, w.Reconcile(t.Context()))
				if s := w.subscription(user); s.Tier.Name != "pro" || s.Status != "active" {
					t.Fatalf("after going back up: %+v", s)
				}
			})
		})
	}
}

func TestChange_ToThePresentPlanTakesADowngradeBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("pro")
		w.must(w.change(user, "basic"))
		if got, err := w.change(user, "pro"); err != nil || got.Pending != (plan.PendingChange{}) || got.Tier.Name != "pro" {
			t.Fatalf("%+v, %v", got, err)
		}
		w.sb.Advance(32 * 24 * time.Hour)
		w.deliver()
		if s := w.subscription(user); s.Tier.Name != "pro" || w.invoices(user) != "$29.00 paid, $29.00 paid" {
			t.Fatalf("%+v, %s", s, w.invoices(user))
		}
	})
}

func TestChange_CancellingDropsAPlannedDowngrade(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("pro")
		w.must(w.change(user, "basic"))
		s, err := w.Cancel(t.Context(), user, true)
		if err != nil || !s.CancelAtPeriodEnd || s.Pending != (plan.PendingChange{}) {
			t.Fatalf("%+v, %v", s, err)
		}
		w.sb.Advance(s.PeriodEnd.Sub(w.sb.Now()) + time.Hour)
		w.deliver()
		if s := w.subscription(user); s.Status != "canceled" {
			t.Fatalf("%+v", s)
		}
	})
}

func TestChange_RefusesWithWhatToDoFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		refused := func(user, tier string, want *fault.Fault, say string) {
			t.Helper()
			_, err := w.change(user, tier)
			if f := wantFault(t, err, want); !strings.Contains(f.Message, say) {
				t.Errorf("it says %q", f.Message)
			}
		}
		refused(w.user(), "pro", fault.NotFound, "Choose one first.")
		user := w.subscriber("basic")
		refused(user, "gold", fault.ValidationFailed, "choose basic or pro")
		w.must(w.Cancel(t.Context(), user, true))
		refused(user, "pro", fault.Conflict, "Take the cancellation back first")
		w.must(w.Resume(t.Context(), user))
		w.failingCard()
		w.sb.Advance(32 * 24 * time.Hour)
		refused(user, "pro", fault.Conflict, "Put another card in place")
		w.must(w.Cancel(t.Context(), user, false))
		refused(user, "pro", fault.NotFound, "Choose one first.")
		waiting := w.user()
		w.must(w.Subscribe(t.Context(), waiting, billing.SubscribeRequest{
			Tier:          "basic",
			PaymentMethod: "pm_card_authenticationRequired",
		}))
		refused(waiting, "pro", fault.Conflict, "Confirm that payment first")
	})
}

func TestChange_TwoAtOnceMakeOne(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{"basic": "pro", "pro": "basic"} {
		t.Run(from+" to "+to, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				user := w.subscriber(from)
				var done atomic.Int64
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						_, err := w.change(user, to)
						switch {
						case err == nil:
							done.Add(1)
						case !errors.Is(err, fault.Conflict):
							t.Error(err)
						}
					})
				}
				wg.Wait()
				made := map[string]int{
					"pro":   len(strings.Split(w.invoices(user), ", ")) - 1,
					"basic": len(w.calls("/stripe/v1/subscription_schedules")),
				}[to]
				if done.Load() == 0 || made != 1 {
					t.Fatalf("%d calls succeeded and made %d changes", done.Load(), made)
				}
			})
		})
	}
}

func (w *world) calls(path string) []sandbox.Call { return w.sb.Calls(path) }

func TestChange_ACrashAfterAnyStepIsRepaired(t *testing.T) {
	t.Parallel()
	steps := map[string]struct{ from, to, path string }{
		"upgrade, charged":      {"basic", "pro", "/stripe/v1/subscriptions/*"},
		"downgrade, scheduled":  {"pro", "basic", "/stripe/v1/subscription_schedules"},
		"downgrade, planned":    {"pro", "basic", "/stripe/v1/subscription_schedules/*"},
		"taken back, downgrade": {"pro", "pro", "/stripe/v1/subscription_schedules/*/release"},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				user := w.subscriber(step.from)
				if step.from == step.to {
					w.must(w.change(user, "basic"))
				}
				w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
				w.sb.Fail(sandbox.Fault{Method: "POST", Path: step.path, Truncate: true, Times: 2}) // Stripe did it; we never hear
				_, err := w.change(user, step.to)
				wantFault(t, err, fault.PaymentProviderError)
				w.sb.Heal()
				_, err = w.change(user, step.to)
				wantFault(t, err, fault.Conflict) // the claim stands while it is not known what became of the first
				w.must(nil, w.Reconcile(t.Context()))
				w.sb.Advance(3 * time.Minute)
				got, err := w.change(user, step.to)
				w.must(nil, err)
				if (step.to == "pro") != (got.Tier.Name == "pro" && got.Pending == (plan.PendingChange{})) {
					t.Fatalf("%+v", got)
				}
				w.sb.Advance(32 * 24 * time.Hour)
				w.must(nil, w.Reconcile(t.Context()))
				if s := w.subscription(user); s.Tier.Name != step.to || s.Status != "active" {
					t.Fatalf("a month on: %+v", s)
				}
				if step.to == "pro" && step.from == "basic" && w.invoices(user) != "$9.00 paid, $20.00 paid, $29.00 paid" {
					t.Fatal(w.invoices(user))
				}
			})
		})
	}
}

func TestChange_ADeclineWhoseClearingCrashedIsClearedByTheNext(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.card("pm_card_chargeCustomerFail")
		w.sb.Fail(sandbox.Fault{
			Method: "POST", Path: "/stripe/v1/invoices/*/void", Status: 500, Times: 2,
			Body: `{"error":{"type":"api_error"}}`,
		})
		_, err := w.change(user, "pro")
		wantFault(t, err, fault.PaymentProviderError)
		w.sb.Heal()
		w.deliver()
		if s := w.subscription(user); s.Tier.Name != "basic" || s.Pending.How != plan.AfterPayment {
			t.Fatalf("%+v", s)
		}
		w.card("pm_card_visa")
		if got, err := w.change(user, "pro"); err != nil || got.Tier.Name != "pro" ||
			w.invoices(user) != "$9.00 paid, $20.00 void, $20.00 paid" {
			t.Fatalf("%+v, %v, %s", got, err, w.invoices(user))
		}
	})
}

func TestChange_KeepsWhatWasPaidWhenAFailedUpgradeIsFollowedByACancellation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.card("pm_card_chargeCustomerFail")
		_, err := w.change(user, "pro")
		wantFault(t, err, fault.ValidationFailed)
		w.endInDashboard(user)
		if s := w.subscription(user); s.Tier.Name != "basic" || !s.EntitledUntil.Equal(s.PeriodEnd) {
			t.Fatalf("%+v", s)
		}
	})
}

func TestChange_ChargesThePricesThatWereShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.sb.Advance(10 * 24 * time.Hour)
		p, err := w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "pro"})
		w.must(nil, err)
		w.sb.Advance(29 * time.Minute)
		w.must(w.Change(t.Context(), user, billing.ChangeRequest{Tier: "pro", AsOf: p.AsOf}))
		if got := w.invoices(user); !strings.HasSuffix(got, ", "+plan.Amount(p.NowCents, "usd")+" paid") {
			t.Fatalf("shown %d, charged %s", p.NowCents, got)
		}
		w.must(w.change(user, "basic"))
		for _, asOf := range []time.Time{w.sb.Now().Add(-31 * time.Minute), w.sb.Now().Add(time.Hour)} {
			_, err := w.Change(t.Context(), user, billing.ChangeRequest{Tier: "pro", AsOf: asOf})
			if f := wantFault(t, err, fault.Conflict); !strings.Contains(f.Message, "out of date") {
				t.Fatal(f.Message)
			}
		}
	})
}

func TestPreview_TellsWhatIsChargedNowAndNext(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		day := func(p billing.Preview) string { return p.NextAt.Format(time.DateOnly) }
		stranger, user := w.user(), w.subscriber("basic")
		p, err := w.Preview(t.Context(), stranger, billing.PreviewRequest{Tier: "pro"})
		if err != nil || p.Kind != plan.Start || p.NowCents != 2900 || p.Next != 2900 || p.From != (plan.Tier{}) ||
			len(p.Lines) != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
		s := w.subscription(user)
		w.sb.Advance(s.PeriodEnd.Sub(w.sb.Now()) / 2)
		p, err = w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "pro"})
		if err != nil || p.Kind != plan.Upgrade || p.NowCents != 1000 || p.Next != 2900 ||
			day(p) != s.PeriodEnd.Format(time.DateOnly) ||
			len(p.Lines) != 2 || p.Lines[0].Cents != -450 || p.Lines[1].Cents != 1450 {
			t.Fatalf("%+v, %v", p, err)
		}
		if p, err = w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "basic"}); err != nil ||
			p.Kind != plan.Keep || p.NowCents != 0 || p.Next != 900 {
			t.Fatalf("%+v, %v", p, err)
		}
		w.must(w.change(user, "pro"))
		if p, err = w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "basic"}); err != nil ||
			p.Kind != plan.Downgrade || p.NowCents != 0 || p.Next != 900 || len(p.Lines) != 0 {
			t.Fatalf("%+v, %v", p, err)
		}
		w.must(w.Cancel(t.Context(), user, true))
		_, err = w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "basic"})
		wantFault(t, err, fault.Conflict)
		_, err = w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "gold"})
		wantFault(t, err, fault.ValidationFailed)
	})
}

func TestInvoices_AreTheUsersOwnPageByPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, other := w.subscriber("basic"), w.subscriber("pro")
		w.sb.Advance(100 * 24 * time.Hour)
		w.deliver()
		p, err := w.Invoices(t.Context(), user, 3, "")
		if err != nil || len(p.Invoices) != 3 || p.Next == "" {
			t.Fatalf("%+v, %v", p, err)
		}
		rest, err := w.Invoices(t.Context(), user, 3, p.Next)
		if err != nil || len(rest.Invoices) != 1 || rest.Next != "" || rest.Invoices[0].Cents != 900 ||
			rest.Invoices[0].Number == "" || !strings.HasPrefix(rest.Invoices[0].Page, w.at) {
			t.Fatalf("%+v, %v", rest, err)
		}
		foreign, err := w.Invoices(t.Context(), other, 100, p.Next)
		w.must(nil, err)
		for _, in := range foreign.Invoices {
			if in.Cents != 2900 {
				t.Fatalf("another user's invoice: %+v", in)
			}
		}
		for _, bad := range []string{"x", "in_", "in_nobody", "in_a b"} {
			_, err := w.Invoices(t.Context(), user, 3, bad)
			wantFault(t, err, fault.ValidationFailed)
		}
		if p, err := w.Invoices(t.Context(), w.user(), 3, ""); err != nil || len(p.Invoices) != 0 {
			t.Fatalf("%+v, %v", p, err)
		}
	})
}

func TestPortal_CancelsByDateAndTakesAnotherCard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("pro")
		page, err := w.Portal(t.Context(), user, "/account/plan")
		if err != nil || !strings.HasPrefix(page, w.at+"/stripe/portal/") {
			t.Fatal(page, err)
		}
		press := func(form url.Values) {
			t.Helper()
			res, err := http.PostForm(page, form)
			w.must(nil, err)
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Fatalf("the page answers %d", res.StatusCode)
			}
			w.deliver()
		}
		press(url.Values{"action": {"cancel"}})
		if s := w.subscription(user); !s.CancelAtPeriodEnd || !s.CancelAt.Equal(s.PeriodEnd) ||
			w.stripeSubscriptions()[0].CancelAtPeriodEnd {
			t.Fatalf("%+v", s)
		}
		press(url.Values{"action": {"renew"}})
		w.failingCard()
		w.sb.Advance(32 * 24 * time.Hour)
		w.deliver()
		if s := w.subscription(user); s.Status != "past_due" || !s.GraceUntil.Equal(s.PeriodStart.Add(72*time.Hour)) {
			t.Fatalf("%+v", s)
		}
		press(url.Values{"action": {"card"}, "card": {"pm_card_visa"}})
		if s := w.subscription(user); s.Status != "active" || !s.GraceUntil.IsZero() || s.Tier.Name != "pro" {
			t.Fatalf("after another card: %+v", s)
		}
		_, err = w.Portal(t.Context(), w.user(), "/")
		wantFault(t, err, fault.NotFound)
		_, err = w.Portal(t.Context(), user, "https://evil.test/")
		wantFault(t, err, fault.ValidationFailed)
	})
}

func TestResume_APlannedDowngradeSurvivesACancellation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("pro")
		w.must(w.Change(t.Context(), user, billing.ChangeRequest{Tier: "basic"}))
		w.deliver()
		planned := w.subscription(user).Pending
		if planned.Tier != "basic" {
			t.Fatalf("planned %+v", planned)
		}
		ended, err := w.Cancel(t.Context(), user, true)
		w.must(nil, err)
		w.deliver()
		if ended.Pending != (plan.PendingChange{}) || !ended.CancelAtPeriodEnd {
			t.Fatalf("cancelled: %+v", ended)
		}
		kept, err := w.Resume(t.Context(), user)
		w.must(nil, err)
		w.deliver()
		w.must(nil, w.Reconcile(t.Context()))
		if got := w.subscription(user); kept.Pending != planned || got.Pending != planned || got.CancelAtPeriodEnd {
			t.Fatalf("kept %+v, then %+v, planned %+v", kept.Pending, got, planned)
		}
		if n := w.count(`SELECT count(*) FROM billing_timeline WHERE user_id = $1 AND kind = 'change_taken_back'`,
			user); n != 0 {
			t.Error("the story says that the move was taken back")
		}
		w.sb.Advance(33 * 24 * time.Hour)
		w.deliver()
		if got := w.subscription(user); got.Tier.Name != "basic" {
			t.Errorf("after the period: %+v", got)
		}
	})
}
