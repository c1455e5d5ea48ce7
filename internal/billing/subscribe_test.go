package billing_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

func TestSubscribe_ACardThatPaysOpensThePlanAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, other := w.user(), w.user()
		got, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
		if err != nil || got.Status != "active" || got.Tier.Name != "basic" || got.ClientSecret != "" ||
			got.CheckoutURL != "" {
			t.Fatalf("%+v, %v", got, err)
		}
		if want := got.PeriodEnd.Add(3 * 24 * time.Hour); !got.EntitledUntil.Equal(want) {
			t.Fatalf("entitled until %v, want %v", got.EntitledUntil, want)
		}
		u := w.usage(user)
		if u.Quota != (billing.Allowance{Limit: 1000, Remaining: 1000}) || u.Reads.Limit != 1000 ||
			u.Tier != plan.DefaultTiers().Basic {
			t.Fatalf("%+v", u)
		}
		if u := w.usage(other); u != (billing.Usage{}) {
			t.Fatalf("another user sees %+v", u)
		}
		if s := w.subscription(other); s != (billing.Subscription{}) {
			t.Fatalf("another user sees %+v", s)
		}
	})
}

func TestSubscribe_ADeclinedCardSaysWhyAndLeavesTheWayOpen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		_, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier:          "basic",
			PaymentMethod: "pm_card_chargeDeclined",
		})
		f := wantFault(t, err, fault.ValidationFailed)
		if f.Message != "The card was declined. Use another card, or ask your bank why." || len(f.Fields) != 1 {
			t.Fatalf("%+v", f)
		}
		wantFault(t, w.EnsurePeriod(t.Context(), user), fault.SubscriptionRequired)
		if got, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier:          "pro",
			PaymentMethod: "pm_card_visa",
		}); err != nil || got.Tier.Name != "pro" {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func TestSubscribe_AnIncompleteStartGivesItsClientSecretAndNoPlanUntilPaid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		ask := billing.SubscribeRequest{Tier: "pro", PaymentMethod: "pm_card_authenticationRequired"}
		first, err := w.Subscribe(t.Context(), user, ask)
		if err != nil || first.Status != "incomplete" || first.ClientSecret == "" || first.Tier != (plan.Tier{}) ||
			first.Plan != "pro" {
			t.Fatalf("%+v, %v", first, err)
		}
		wantFault(t, w.EnsurePeriod(t.Context(), user), fault.SubscriptionRequired)
		if again, err := w.Subscribe(t.Context(), user, ask); err != nil || again.ClientSecret != first.ClientSecret {
			t.Fatalf("asked again: %+v, %v", again, err)
		}
		_, err = w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
		wantFault(t, err, fault.SubscriptionExists)
		w.must(nil, w.sb.Stripe().Authenticate(first.ClientSecret))
		w.deliver()
		if s := w.subscription(user); s.Status != "active" || s.Tier.Name != "pro" {
			t.Fatalf("after the bank's confirmation: %+v", s)
		}
	})
}

func TestSubscribe_ALivePlanIsNeverDoubled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		_, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro", PaymentMethod: "pm_card_visa"})
		wantFault(t, err, fault.SubscriptionExists)
		if n := len(w.stripeSubscriptions()); n != 1 {
			t.Fatalf("%d subscriptions at Stripe", n)
		}
	})
}

func TestSubscribe_ParallelCreatesMakeOneSubscription(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		var made atomic.Int64
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				_, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
				switch {
				case err == nil:
					made.Add(1)
				case !errors.Is(err, fault.SubscriptionExists) && !errors.Is(err, fault.Conflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(w.stripeSubscriptions()); made.Load() != 1 || n != 1 {
			t.Fatalf("%d calls succeeded, %d subscriptions at Stripe", made.Load(), n)
		}
	})
}

func TestSubscribe_CheckoutPageOpensThePlanWhenPaid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		got, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro", ReturnURL: "/console?tab=plan"})
		if err != nil || !strings.HasPrefix(got.CheckoutURL, w.at+"/stripe/checkout/") || got.Status != "checkout" {
			t.Fatalf("%+v, %v", got, err)
		}
		wantFault(t, w.EnsurePeriod(t.Context(), user), fault.SubscriptionRequired)
		if to := w.checkout(got.CheckoutURL, "pay"); to != "https://dash.example/console?checkout=done&tab=plan" {
			t.Fatalf("the page led to %s", to)
		}
		w.deliver()
		if s := w.subscription(user); s.Status != "active" || s.Tier.Name != "pro" {
			t.Fatalf("%+v", s)
		}
	})
}

func TestSubscribe_ASecondCheckoutClosesTheFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		first, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		second, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro"})
		w.must(nil, err)
		w.checkout(first.CheckoutURL, "pay")
		w.checkout(second.CheckoutURL, "pay")
		w.deliver()
		if s := w.subscription(user); s.Tier.Name != "pro" || len(w.stripeSubscriptions()) != 1 {
			t.Fatalf("%+v with %d subscriptions at Stripe", s, len(w.stripeSubscriptions()))
		}
	})
}

func TestSubscribe_FindsACheckoutWhoseWebhookWasLost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
		got, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		w.checkout(got.CheckoutURL, "pay")
		if s, err := w.Refresh(t.Context(), user); err != nil || s.Tier.Name != "basic" {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}

func TestSubscribe_ReplaysTheAnswerThatWasLostOnTheWay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sb.Fail(sandbox.Fault{Method: "POST", Path: "/stripe/v1/subscriptions", Truncate: true})
		got, err := w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
		if err != nil || got.Status != "active" || len(w.stripeSubscriptions()) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func TestSubscribe_ACrashAfterAnyStepLeavesNothingPaidAndUnlinked(t *testing.T) {
	t.Parallel()
	for _, step := range []string{
		"/stripe/v1/customers", "/stripe/v1/payment_methods/*/attach",
		"/stripe/v1/subscriptions",
	} {
		t.Run(strings.ReplaceAll(step, "/", "."), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				user := w.user()
				ask := billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}
				w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
				w.sb.Fail(sandbox.Fault{Method: "POST", Path: step, Truncate: true, Times: 2}) // Stripe did it; we never hear
				_, err := w.Subscribe(t.Context(), user, ask)
				wantFault(t, err, fault.PaymentProviderError)
				_, err = w.Subscribe(t.Context(), user, ask)
				if f := wantFault(t, err, fault.Conflict); f.Retry != 5*time.Second {
					t.Fatalf("retry after %v", f.Retry)
				}
				w.sb.Advance(3 * time.Minute)
				got, err := w.Subscribe(t.Context(), user, ask)
				if err != nil || got.Tier.Name != "basic" {
					t.Fatalf("%+v, %v", got, err)
				}
				customers := w.api.V1Customers.List(t.Context(), nil)
				if n, c := len(w.stripeSubscriptions()), len(customers.Data()); n != 1 || c != 1 {
					t.Fatalf("%d subscriptions of %d customers", n, c)
				}
			})
		})
	}
}

func TestSubscribe_MayBeTriedAgainAtOnceOnlyWhenStripeIsDoneWithTheLast(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		http.StatusInternalServerError: nil,
		http.StatusConflict:            fault.Conflict, // Stripe is still at work on the same call
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				user, ask := w.user(), billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}
				w.sb.Fail(sandbox.Fault{
					Method: "POST", Path: "/stripe/v1/subscriptions", Status: status,
					Body: `{"error":{"type":"api_error"}}`,
				})
				_, err := w.Subscribe(t.Context(), user, ask)
				wantFault(t, err, fault.PaymentProviderError)
				if _, err = w.Subscribe(t.Context(), user, ask); !errors.Is(err, want) {
					t.Fatalf("got %v, want %v", err, want)
				}
			})
		})
	}
}

func TestSubscribe_RefusesWhatCannotBeRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite)
	user := w.user()
	tests := map[string]billing.SubscribeRequest{
		"no tier":            {PaymentMethod: "pm_card_visa"},
		"unknown tier":       {Tier: "gold"},
		"a card number":      {Tier: "basic", PaymentMethod: "4242424242424242"},
		"a path in the id":   {Tier: "basic", PaymentMethod: "pm_x/../../customers"},
		"unknown method":     {Tier: "basic", PaymentMethod: "pm_nobody"},
		"another host":       {Tier: "basic", ReturnURL: "https://dash.example.evil.test/"},
		"no scheme":          {Tier: "basic", ReturnURL: "//evil.test/"},
		"user in the host":   {Tier: "basic", ReturnURL: "https://dash.example@evil.test/"},
		"a user":             {Tier: "basic", ReturnURL: "https://a:b@dash.example/"},
		"not encrypted":      {Tier: "basic", ReturnURL: "http://dash.example/"},
		"a script":           {Tier: "basic", ReturnURL: "javascript:alert(1)"},
		"control characters": {Tier: "basic", ReturnURL: "/a\r\nb"},
		"too long":           {Tier: "basic", ReturnURL: "/" + strings.Repeat("a", 3000)},
	}
	for name, r := range tests {
		_, err := w.Subscribe(t.Context(), user, r) // one after the other: an attempt under way refuses the next
		if f := fault.From(err); !errors.Is(err, fault.ValidationFailed) || len(f.Fields) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSubscribe_AnErrorHoldsNothingStripeSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite)
	w.sb.Fail(sandbox.Fault{
		Method: "POST", Path: "/stripe/v1/subscriptions", Status: 402, Times: -1,
		Body: `{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"canary","payment_intent":{"client_secret":"pi_canary"}}}`,
	})
	_, err := w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
	f := wantFault(t, err, fault.ValidationFailed)
	if f.Message != "The card does not have enough money on it. Use another card." ||
		strings.Contains(f.Error()+w.log.String(), "canary") {
		t.Fatalf("%s %s", f.Error(), w.log.String())
	}
}

func TestCancel_AtPeriodEndKeepsThePlanUntilThenAndNotLonger(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		s, err := w.Cancel(t.Context(), user, true)
		if err != nil || !s.CancelAtPeriodEnd || !s.EntitledUntil.Equal(s.PeriodEnd) || s.Tier.Name != "basic" {
			t.Fatalf("%+v, %v", s, err)
		}
		w.sb.Advance(s.PeriodEnd.Sub(w.sb.Now()) + time.Second)
		wantFault(t, w.EnsurePeriod(t.Context(), user), fault.SubscriptionRequired)
		w.deliver()
		if s := w.subscription(user); s.Status != "canceled" || s.Tier != (plan.Tier{}) {
			t.Fatalf("%+v", s)
		}
	})
}

func TestCancel_AtOnceEndsAccessAndStaysSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		s, err := w.Cancel(t.Context(), user, false)
		if err != nil || s.Status != "canceled" || s.Tier.Name != "" || !s.EntitledUntil.IsZero() {
			t.Fatalf("%+v, %v", s, err)
		}
		w.deliver()
		w.must(nil, w.Reconcile(t.Context()))
		_, err = w.reserve(user)
		wantFault(t, err, fault.SubscriptionRequired)
		_, err = w.Cancel(t.Context(), user, false)
		wantFault(t, err, fault.NotFound)
	})
}

func TestMirror_APlanThatTheOperatorEndsKeepsWhatWasPaidFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.endInDashboard(user)
		if s := w.subscription(user); s.Status != "canceled" || s.Tier.Name != "basic" ||
			!s.EntitledUntil.Equal(s.PeriodEnd) {
			t.Fatalf("%+v", s)
		}
		if _, err := w.reserve(user); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCancel_AnUnpaidStartEndsAtOnceAndANewOneMayBegin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier:          "pro",
			PaymentMethod: "pm_card_authenticationRequired",
		}))
		s, err := w.Cancel(t.Context(), user, true)
		if err != nil || s.Status != "canceled" || s.Tier != (plan.Tier{}) {
			t.Fatalf("%+v, %v", s, err)
		}
		got, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
		if err != nil || got.Tier.Name != "basic" {
			t.Fatalf("%+v, %v", got, err)
		}
		w.deliver() // the events of both: the ended one must not win
		if s := w.subscription(user); s.Status != "active" || s.Tier.Name != "basic" {
			t.Fatalf("%+v", s)
		}
	})
}

func TestResume_TakesBackBothWaysOfCancelling(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.must(w.Cancel(t.Context(), user, true))
		if s, err := w.Resume(t.Context(), user); err != nil || s.CancelAtPeriodEnd || !s.EntitledUntil.After(s.PeriodEnd) {
			t.Fatalf("%+v, %v", s, err)
		}
		// Stripe's portal sets only a date.
		sub := w.stripeSubscriptions()[0]
		end := sub.Items.Data[0].CurrentPeriodEnd
		w.must(w.api.V1Subscriptions.Update(t.Context(), sub.ID, &stripe.SubscriptionUpdateParams{CancelAt: &end}))
		w.deliver()
		if s := w.subscription(user); !s.CancelAtPeriodEnd || s.CancelAt.Unix() != end ||
			!s.EntitledUntil.Equal(s.PeriodEnd) {
			t.Fatalf("a cancel in the portal: %+v", s)
		}
		if s, err := w.Resume(t.Context(), user); err != nil || s.CancelAtPeriodEnd || !s.CancelAt.IsZero() {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}

func TestCancel_ASubscriptionStripeLostEndsWithThePaidPeriod(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		gone := `{"error":{"type":"invalid_request_error","code":"resource_missing","param":"id","message":"No such subscription"}}`
		w.sb.Fail(sandbox.Fault{Path: "/stripe/v1/subscriptions/*", Status: 404, Body: gone, Times: -1})
		s, err := w.Cancel(t.Context(), user, false)
		if err != nil || s.Status != "canceled" || !s.EntitledUntil.Equal(s.PeriodEnd) {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}

func TestPlans_AreSoldCheapestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite)
	want := []plan.Tier{plan.DefaultTiers().Basic, plan.DefaultTiers().Pro}
	if got := w.Plans(); !slices.Equal(got, want) {
		t.Fatalf("%+v", got)
	}
}
