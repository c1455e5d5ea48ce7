package billing_test

import (
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

func TestSweep_EverythingEndsRightThoughEveryWebhookIsLost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
		user := w.user()
		page, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro"})
		w.must(nil, err)
		w.checkout(page.CheckoutURL, "pay")
		if got := w.subscription(user); got.Tier.Name != "" {
			t.Fatalf("heard of it already: %+v", got)
		}
		w.sweep()
		if got := w.subscription(user); got.Status != "active" || got.Tier.Name != "pro" {
			t.Fatalf("%+v", got)
		}
		w.failingCard()
		w.sb.Advance(32 * 24 * time.Hour)
		w.sweep()
		if got := w.subscription(user); got.Status != "past_due" {
			t.Fatalf("%+v", got)
		}
		w.sb.Advance(32 * 24 * time.Hour)
		w.sweep()
		if got := w.subscription(user); got.Status != "canceled" || got.Tier.Name != "" {
			t.Fatalf("%+v", got)
		}
		if all, _ := w.examine(false); len(all) != 0 {
			t.Fatalf("%+v", all)
		}
	})
}

// sweep looks for lost events and does the work of the event workers.
func (w *world) sweep() {
	w.t.Helper()
	w.must(nil, w.Sweep(w.t.Context()))
	for _, id := range w.waiting() {
		w.must(nil, w.Apply(w.t.Context(), id))
	}
}

func TestSweep_ReadsOnlyWhatIsNewSinceTheLastOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.subscriber("basic")
		w.sweep()
		stored := w.count(`SELECT count(*) FROM stripe_events`)
		w.sb.Advance(3 * time.Hour)
		w.sweep()
		w.exec(`DELETE FROM stripe_events`) // three hours ago is behind the second sweep
		w.sweep()
		if n := w.count(`SELECT count(*) FROM stripe_events`); n != 0 {
			t.Fatalf("%d of %d old events were read again", n, stored)
		}
	})
}

func TestSweep_AFailureIsReadAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sweep()
		w.lost(func() {
			w.must(w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{Tier: "pro", PaymentMethod: "pm_card_visa"}))
		})
		w.sb.Fail(sandbox.Fault{Path: "/stripe/v1/events", Status: 500, Times: 2})
		if err := w.Sweep(t.Context()); err == nil {
			t.Fatal("no error")
		}
		w.sb.Advance(2 * time.Hour)
		w.sweep()
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE type = 'invoice.paid'`); n != 1 {
			t.Fatalf("%d", n)
		}
	})
}

func TestSweep_ReplaysTypesAnEarlierVersionIgnored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.exec(`UPDATE stripe_events SET ignored = TRUE, handled_at = $1, last_error = NULL WHERE type = 'invoice.paid'`,
			w.sb.Now())
		w.exec(`UPDATE stripe_events SET ignored = TRUE, last_error = 'no user has this customer'
			WHERE type = 'customer.subscription.created'`)
		w.exec(`UPDATE subscriptions SET status = 'past_due' WHERE user_id = $1`, user)
		w.sweep()
		if got := w.subscription(user); got.Status != "active" {
			t.Fatalf("%+v", got)
		}
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE ignored
			AND type = 'customer.subscription.created'`); n != 1 {
			t.Fatal("what was ignored for a reason was replayed")
		}
	})
}
