package billing_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

func TestCancel_APlanThatWasNeverPaidLeavesWhatAnEarlierOnePaidFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.endInDashboard(user)
		paid := w.subscription(user)
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier:          "pro",
			PaymentMethod: "pm_card_chargeCustomerFail",
		}))
		w.must(w.Cancel(t.Context(), user, false))
		w.deliver()
		w.must(nil, w.Reconcile(t.Context()))
		if got := w.subscription(user); got.Tier.Name != "basic" || !got.EntitledUntil.Equal(paid.EntitledUntil) {
			t.Fatalf("%+v, was %+v", got, paid)
		}
	})
}

// Somebody pays on the checkout page and ends the plan at Stripe before any webhook arrives: what they paid for is
// theirs.
func TestMirror_AnEndedPlanThatWasPaidUnheardCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		s, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
		w.checkout(s.CheckoutURL, "pay")
		at := w.sb.Now().Add(time.Hour).Unix()
		w.must(w.api.V1Subscriptions.Update(t.Context(), w.stripeSubscriptions()[0].ID,
			&stripe.SubscriptionUpdateParams{CancelAt: &at}))
		w.sb.Advance(48 * time.Hour)
		w.sweep()
		if got := w.subscription(user); got.Tier.Name != "basic" || got.Status != "canceled" {
			t.Fatalf("%+v", got)
		}
	})
}
