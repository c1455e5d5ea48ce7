package billing_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

func TestSubscribe_TheSameKeyAndRequestGetTheSamePlan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, other := w.user(), w.user()
		ask := billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa", IdempotencyKey: "once"}
		first, err := w.Subscribe(t.Context(), user, ask)
		w.must(nil, err)
		again, err := w.Subscribe(t.Context(), user, ask)
		if err != nil || again != first {
			t.Errorf("again: %+v, %v, want %+v", again, err, first)
		}
		for name, change := range map[string]func(*billing.SubscribeRequest){
			"tier": func(r *billing.SubscribeRequest) { r.Tier = "pro" },
			"card": func(r *billing.SubscribeRequest) { r.PaymentMethod = "pm_card_mastercard" },
			"code": func(r *billing.SubscribeRequest) { r.PromotionCode = "WELCOME" },
		} {
			changed := ask
			change(&changed)
			if _, err := w.Subscribe(t.Context(), user, changed); !errors.Is(err, fault.IdempotencyMismatch) {
				t.Errorf("another %s: %v", name, err)
			}
		}
		if _, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier: "basic", PaymentMethod: "pm_card_visa",
			IdempotencyKey: "twice",
		}); !errors.Is(err, fault.SubscriptionExists) {
			t.Errorf("another key: %v", err)
		}
		if theirs, err := w.Subscribe(t.Context(), other, billing.SubscribeRequest{
			Tier:          "pro",
			PaymentMethod: "pm_card_visa", IdempotencyKey: "once",
		}); err != nil || theirs.Plan != "pro" {
			t.Errorf("another user with the same key: %+v, %v", theirs, err)
		}
		if n := len(w.stripeSubscriptions()); n != 2 {
			t.Errorf("%d subscriptions at Stripe, want one for each user", n)
		}
	})
}

func TestSubscribe_TheSameKeyGetsTheSamePageUntilItIsGone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		ask := billing.SubscribeRequest{Tier: "pro", IdempotencyKey: "once"}
		first, err := w.Subscribe(t.Context(), user, ask)
		w.must(nil, err)
		if again, err := w.Subscribe(t.Context(), user, ask); err != nil || again.CheckoutURL != first.CheckoutURL {
			t.Errorf("again: %+v, %v", again, err)
		}
		other, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"}) // which closes the first page
		w.must(nil, err)
		if again, err := w.Subscribe(t.Context(), user, ask); err != nil || again.CheckoutURL == "" ||
			again.CheckoutURL == first.CheckoutURL {
			t.Errorf("after another page (%s): %+v, %v", other.CheckoutURL, again, err)
		}
	})
}

func TestSubscribe_AFailedAttemptForgetsItsKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		ask := billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_chargeDeclined", IdempotencyKey: "once"}
		for range 2 {
			_, err := w.Subscribe(t.Context(), user, ask)
			wantFault(t, err, fault.ValidationFailed)
		}
		if n := w.count(`SELECT count(*) FROM idempotency_keys`); n != 0 {
			t.Errorf("%d keys are kept", n)
		}
		ask.PaymentMethod = "pm_card_visa"
		if got, err := w.Subscribe(t.Context(), user, ask); err != nil || got.Status != "active" {
			t.Errorf("with a card that pays: %+v, %v", got, err)
		}
	})
}

func TestSubscribe_TheSameKeyAtOnceHasOneEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		ask := billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa", IdempotencyKey: "once"}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				got, err := w.Subscribe(t.Context(), user, ask)
				if (err != nil || got.Status != "active") && !errors.Is(err, fault.Conflict) { // it is being set up
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		wg.Wait()
		if n := len(w.stripeSubscriptions()); n != 1 {
			t.Errorf("%d subscriptions at Stripe", n)
		}
		if got, err := w.Subscribe(t.Context(), user, ask); err != nil || got.Status != "active" {
			t.Errorf("afterwards: %+v, %v", got, err)
		}
	})
}

func TestSubscribe_AKeyHasABound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, err := w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{
			Tier:           "basic",
			IdempotencyKey: strings.Repeat("k", 201),
		})
		wantFault(t, err, fault.ValidationFailed)
	})
}

// A bank's question is asked again until it is answered, and then the plan is shown.
func TestSubscribe_TheSameKeyGetsTheBanksQuestionUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		card         string
		begins, ends plan.Status
		trial        bool
	}{
		"of the first payment": {"pm_card_authenticationRequired", "incomplete", "active", false},
		"of a trial":           {"pm_card_authenticationRequiredOnSetup", "trialing", "trialing", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				if c.trial {
					w.trials("")
				}
				user, ask := w.user(), billing.SubscribeRequest{Tier: "basic", PaymentMethod: c.card, IdempotencyKey: "once"}
				first, err := w.Subscribe(t.Context(), user, ask)
				if err != nil || first.Status != c.begins || first.ClientSecret == "" {
					t.Fatalf("%+v, %v", first, err)
				}
				if again, err := w.Subscribe(t.Context(), user, ask); err != nil || again != first {
					t.Errorf("before the answer: %+v, %v", again, err)
				}
				w.must(nil, w.sb.Stripe().Authenticate(first.ClientSecret))
				w.deliver()
				if again, err := w.Subscribe(t.Context(), user, ask); err != nil || again.Status != c.ends ||
					again.ClientSecret != "" {
					t.Errorf("after it: %+v, %v", again, err)
				}
			})
		})
	}
}
