package billing_test

import (
	"testing"

	"github.com/repazoo/repazoo/internal/billing"
)

func TestCancel_APlanThatWasNeverPaidLeavesWhatAnEarlierOnePaidFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		paid, err := w.Cancel(t.Context(), user, false)
		w.must(nil, err)
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro", PaymentMethod: "pm_card_chargeCustomerFail"}))
		w.must(w.Cancel(t.Context(), user, false))
		w.deliver()
		w.must(nil, w.Reconcile(t.Context()))
		if got := w.subscription(user); got.Tier.Name != "basic" || !got.EntitledUntil.Equal(paid.EntitledUntil) {
			t.Fatalf("%+v, was %+v", got, paid)
		}
	})
}
