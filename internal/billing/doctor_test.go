package billing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// examine gives the differences that are found.
func (w *world) examine(fix bool) ([]billing.Difference, billing.Examined) {
	w.t.Helper()
	var all []billing.Difference
	seen, err := w.Examine(w.t.Context(), fix, func(d billing.Difference) error {
		all = append(all, d)
		return nil
	})
	w.must(nil, err)
	return all, seen
}

func kinds(all []billing.Difference) string {
	var names []string
	for _, d := range all {
		names = append(names, d.Kind)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// lost does something at Stripe of which no webhook comes.
func (w *world) lost(do func()) {
	w.t.Helper()
	w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
	do()
	w.sb.Stripe().Misdeliver(stripesandbox.Delivery{})
}

func TestExamine_FindsNothingWhereNothingIsWrong(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.subscriber("basic"), w.subscriber("pro")
		w.must(w.Cancel(t.Context(), bob, true))
		w.must(w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{Tier: "pro"}))
		w.must(w.reserve(ann))
		w.exec(`UPDATE quota_periods SET reserved = 0`)
		w.deliver()
		for range 2 {
			if all, seen := w.examine(false); len(all) != 0 || seen.Rows != 3 || seen.Subscriptions != 2 {
				t.Fatalf("%+v, %+v", all, seen)
			}
			w.sb.Advance(45 * 24 * time.Hour) // one renewed, one ended
			w.deliver()
			w.must(nil, w.EnsurePeriod(t.Context(), ann))
		}
	})
}

// sabotage is one way to be wrong, the kinds of difference it makes, and a part of what is said.
type sabotage struct {
	do    func(w *world, user string)
	kinds string
	says  string
	stays bool // a person must act
}

var sabotages = map[string]sabotage{
	"a state that is not Stripe's": {func(w *world, user string) {
		w.exec(`UPDATE subscriptions SET status = 'past_due' WHERE user_id = $1`, user)
	}, "subscription_differs", "its state is past_due here and active by Stripe", false},
	"a plan that was not paid": {func(w *world, user string) {
		w.exec(`UPDATE subscriptions SET tier = 'pro' WHERE user_id = $1`, user)
	}, "ledger_differs subscription_differs", "its plan is pro here and basic by Stripe", false},
	"access for too long": {func(w *world, user string) {
		w.exec(`UPDATE subscriptions SET entitled_until = $2 WHERE user_id = $1`, user, w.sb.Now().AddDate(1, 0, 0))
	}, "ledger_differs subscription_differs", "the end of access is", false},
	"a cancellation nobody heard of": {func(w *world, user string) {
		w.lost(func() {
			w.must(w.api.V1Subscriptions.Update(w.t.Context(), w.stripeSubscriptions()[0].ID, cancelAtEnd()))
		})
	}, "event_missed subscription_differs", "ending with its period is no here and yes by Stripe", false},
	"a ledger without the period": {func(w *world, user string) {
		w.exec(`DELETE FROM quota_periods WHERE user_id = $1`, user)
	}, "ledger_missing", "the ledger has no such period", false},
	"a ledger that gives more": {func(w *world, user string) {
		w.exec(`UPDATE quota_periods SET quota = 5000 WHERE user_id = $1`, user)
	}, "ledger_differs", "quota 5000 instead of 1000", false},
	"a ledger open without a plan": {func(w *world, user string) {
		w.must(w.Cancel(w.t.Context(), user, false))
		w.deliver()
		w.sb.Advance(40 * 24 * time.Hour)
		w.exec(`UPDATE quota_periods SET entitled_until = $2 WHERE user_id = $1`, user, w.sb.Now().AddDate(1, 0, 0))
	}, "ledger_open", "no plan that counts now is behind it", false},
	"a subscription the row has lost": {func(w *world, user string) {
		w.exec(`UPDATE subscriptions SET status = 'none', stripe_subscription_id = NULL, tier = '' WHERE user_id = $1`, user)
	}, "ledger_open subscription_unknown", "for this user; here the plan is none", false},
	"a user whose row is gone": {func(w *world, user string) {
		w.exec(`DELETE FROM subscriptions WHERE user_id = $1`, user)
		w.exec(`DELETE FROM quota_periods WHERE user_id = $1`, user)
	}, "subscription_unknown", "here there is nothing", false},
	"a row with another customer": {func(w *world, user string) {
		w.exec(`UPDATE subscriptions SET status = 'none', stripe_subscription_id = NULL, stripe_customer_id = '', tier = ''
			WHERE user_id = $1`, user)
		w.exec(`DELETE FROM quota_periods WHERE user_id = $1`, user)
	}, "subscription_of_another_customer", "but the customer here is none", false},
	"an event that was never applied": {func(w *world, _ string) {
		w.exec(`UPDATE stripe_events SET handled_at = NULL WHERE type = 'invoice.paid'`)
		w.sb.Advance(2 * time.Hour)
	}, "event_not_applied", "The webhook invoice.paid arrived on", false},
	"a webhook that was lost": {func(w *world, _ string) {
		w.exec(`DELETE FROM stripe_events WHERE type = 'customer.subscription.created'`)
	}, "event_missed", "never arrived", false},
	"a customer deleted unheard": {func(w *world, _ string) {
		w.lost(func() { w.must(w.api.V1Customers.Delete(w.t.Context(), w.stripeSubscriptions()[0].Customer.ID, nil)) })
	}, "customer_deleted event_missed subscription_differs", "was deleted at Stripe", false},
	"a reservation of no analysis": {func(w *world, user string) {
		w.exec(`UPDATE quota_periods SET reserved = 3 WHERE user_id = $1`, user)
	}, "ledger_drift", "holds 3 reserved and 0 used analyses, but 0 are under way", false},
	"a second subscription": {func(w *world, _ string) {
		sub := w.stripeSubscriptions()[0]
		w.must(w.api.V1Subscriptions.Create(w.t.Context(), &stripe.SubscriptionCreateParams{
			Customer: &sub.Customer.ID, DefaultPaymentMethod: &sub.DefaultPaymentMethod.ID,
			Items: []*stripe.SubscriptionCreateItemParams{{Price: new(stripesandbox.ProPrice)}},
		}))
		w.deliver()
	}, "second_subscription", "Stripe charges this user twice", true},
	"a subscription of nobody here": {func(w *world, user string) {
		w.exec(`DELETE FROM users WHERE id = $1`, user)
	}, "user_unknown", "of a user who is not in this database", true},
	"an erased user who still pays": {func(w *world, user string) {
		w.exec(`INSERT INTO billing_records (id, stripe_customer_id, stripe_subscription_id, tier, started_at, ended_at)
			VALUES ($1, $2, 'sub', 'basic', $3, $3)`,
			db.NewID(), w.stripeSubscriptions()[0].Customer.ID, w.sb.Now())
		w.exec(`DELETE FROM users WHERE id = $1`, user)
	}, "erased_user_is_charged", "of a user who was erased here", true},
	"a subscription Stripe never had": {func(w *world, user string) {
		w.exec(`UPDATE subscriptions SET stripe_subscription_id = 'sub_elsewhere', stripe_customer_id = 'cus_elsewhere'
			WHERE user_id = $1`, user)
		w.lost(func() { w.must(w.api.V1Subscriptions.Cancel(w.t.Context(), w.stripeSubscriptions()[0].ID, nil)) })
	}, "customer_missing subscription_missing", "Stripe does not have the subscription sub_elsewhere", true},
	"a customer of somebody else": {func(w *world, user string) {
		cu, err := w.api.V1Customers.Create(w.t.Context(),
			&stripe.CustomerCreateParams{Metadata: map[string]string{"repazoo_user": "bob"}})
		w.must(nil, err)
		w.deliver()
		w.exec(`UPDATE subscriptions SET stripe_customer_id = $2 WHERE user_id = $1`, user, cu.ID)
	}, "customer_of_another_user", "of another user by Stripe's account (bob)", true},
}

func TestExamine_NamesEachSabotageAndMendsWhatStripeKnows(t *testing.T) {
	t.Parallel()
	for name, s := range sabotages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				user := w.subscriber("basic")
				before := w.subscription(user)
				s.do(w, user)
				all, seen := w.examine(false)
				if kinds(all) != s.kinds || !slices.ContainsFunc(all,
					func(d billing.Difference) bool { return strings.Contains(d.Sentence, s.says) }) || seen.Fixed != 0 {
					t.Fatalf("found %s: %+v", kinds(all), all)
				}
				mended, seen := w.examine(true)
				if kinds(mended) != s.kinds || (seen.Left() > 0) != s.stays {
					t.Fatalf("mended %s: %+v", kinds(mended), mended)
				}
				if s.stays {
					return
				}
				if again, _ := w.examine(false); len(again) != 0 {
					t.Fatalf("left: %+v", again)
				}
				if after := w.subscription(user); strings.Contains(name, "row") && after != before {
					t.Fatalf("%+v became %+v", before, after)
				}
			})
		})
	}
}

func TestExamine_WithoutFixChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.exec(`UPDATE subscriptions SET tier = 'pro' WHERE user_id = $1`, user)
		w.exec(`DELETE FROM stripe_events`)
		w.examine(false)
		if w.subscription(user).Plan != "pro" || w.count(`SELECT count(*) FROM stripe_events`) != 0 {
			t.Fatal("something was changed")
		}
	})
}

func TestExamine_WhatIsSoldToOthersIsNotOurs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.lost(func() {
			cu, err := w.api.V1Customers.Create(t.Context(), &stripe.CustomerCreateParams{})
			w.must(nil, err)
			m, err := w.api.V1PaymentMethods.Attach(t.Context(), "pm_card_visa",
				&stripe.PaymentMethodAttachParams{Customer: &cu.ID})
			w.must(nil, err)
			w.must(w.api.V1Subscriptions.Create(t.Context(), &stripe.SubscriptionCreateParams{
				Customer: &cu.ID, DefaultPaymentMethod: &m.ID,
				Items: []*stripe.SubscriptionCreateItemParams{{Price: new(stripesandbox.ProPrice)}},
			}))
		})
		if all, seen := w.examine(true); len(all) != 0 || seen.Subscriptions != 1 {
			t.Fatalf("%+v", all)
		}
	})
}

func TestExamine_ReadsMoreThanAPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const users = 120
		for range users {
			w.exec(`INSERT INTO subscriptions (id, user_id, stripe_customer_id, tier, status, created_at, updated_at)
				VALUES ($1, $2, '', '', 'none', $3, $3)`, db.NewID(), w.user(), w.sb.Now())
		}
		if _, seen := w.examine(false); seen.Rows != users {
			t.Fatalf("%+v", seen)
		}
	})
}

func TestExamine_IsRefusedWhereBillingIsOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		s, err := billing.New(billing.Config{DB: w.d, Off: true})
		w.must(nil, err)
		_, err = s.Examine(t.Context(), true, func(billing.Difference) error { return nil })
		wantFault(t, err, fault.Conflict)
	})
}
