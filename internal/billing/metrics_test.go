package billing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// worth writes down what a new user's subscription was worth from some days ago on.
func (w *world) worth(changes ...worth) {
	w.t.Helper()
	user := w.user()
	for _, c := range changes {
		w.exec(`INSERT INTO subscription_changes (id, user_id, changed_at, tier, status, monthly_cents)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			db.NewID(), user, w.sb.Now().AddDate(0, 0, -c.daysAgo), c.tier, c.status, c.cents)
	}
}

type worth struct {
	daysAgo      int
	tier, status string
	cents        int
}

func TestMetrics_CountAsTheDocumentationSays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.worth(worth{90, "basic", "active", 900})
		// changed the plan
		w.worth(worth{60, "basic", "active", 900}, worth{10, "pro", "active", 2900})
		// half price for good
		w.worth(worth{60, "pro", "active", 1450})
		// still tried
		w.worth(worth{60, "pro", "active", 2900}, worth{10, "pro", "past_due", 2900})
		// gone
		w.worth(worth{60, "pro", "active", 2900}, worth{10, "pro", "canceled", 2900})
		// gone and back
		w.worth(worth{60, "pro", "active", 2900}, worth{20, "pro", "canceled", 2900}, worth{5, "basic", "active", 900})
		// gone long ago
		w.worth(worth{60, "basic", "canceled", 900})
		w.worth(worth{5, "basic", "active", 900}) // new
		// came and went
		w.worth(worth{5, "basic", "active", 900}, worth{2, "basic", "canceled", 900})
		w.worth(worth{5, "pro", "trialing", 2900})
		w.worth(worth{5, "pro", "incomplete", 2900})
		now := w.sb.Now()
		got, err := w.Metrics(t.Context(), time.Time{}, now)
		w.must(nil, err)
		want := billing.Metrics{
			From: now.AddDate(0, 0, -30), To: now, MRRCents: 900 + 2900 + 1450 + 2900 + 900 + 900,
			Tiers:    []billing.TierCount{{Tier: "basic", Active: 3, MRRCents: 2700}, {Tier: "pro", Active: 3, MRRCents: 7250}},
			Trialing: 1, PastDue: 1, Paid: 6, Ended: 1, Began: 1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if got.Churn() != 1.0/6 {
			t.Fatal(got.Churn())
		}
		then, err := w.Metrics(t.Context(), time.Time{}, w.sb.Now().AddDate(0, 0, -15))
		w.must(nil, err)
		if then.MRRCents != 900+900+1450+2900+2900 || then.Ended != 1 || then.Trialing != 0 {
			t.Fatalf("15 days ago: %+v", then)
		}
	})
}

func TestMetrics_FollowTheMirror(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.subscriber("basic")
		ann := w.subscriber("pro")
		metrics := func() billing.Metrics {
			m, err := w.Metrics(t.Context(), time.Time{}, w.sb.Now().Add(time.Minute))
			w.must(nil, err)
			return m
		}
		if m := metrics(); m.MRRCents != 3800 || m.Began != 2 || m.Paid != 0 {
			t.Fatalf("%+v", m)
		}
		w.sb.Advance(10 * 24 * time.Hour)
		w.failingCard()
		w.must(w.Cancel(t.Context(), ann, false))
		w.sb.Advance(23 * 24 * time.Hour)
		w.deliver()
		if m := metrics(); m.MRRCents != 900 || m.PastDue != 1 || m.Ended != 1 || m.Paid != 2 || m.FailedPayments != 1 ||
			m.FailedCents != 900 || m.Recovered != 0 {
			t.Fatalf("%+v", m)
		}
		changes := w.count(`SELECT count(*) FROM subscription_changes`)
		w.must(nil, w.Reconcile(t.Context()))
		if n := w.count(`SELECT count(*) FROM subscription_changes`); n != changes {
			t.Fatalf("%d changes became %d by looking", changes, n)
		}
		w.exec(`INSERT INTO stripe_events (id, type, object_id, payload, received_at) SELECT 'evt_paid', 'invoice.paid',
			object_id, '{}', received_at
			FROM stripe_events WHERE type = 'invoice.payment_failed' LIMIT 1`)
		if m := metrics(); m.FailedPayments != 1 || m.Recovered != 1 {
			t.Fatalf("%+v", m)
		}
	})
}

func TestMetrics_RefuseAWindowThatIsNone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		now := w.sb.Now()
		for _, from := range []time.Time{now, now.AddDate(-2, 0, 0)} {
			_, err := w.Metrics(t.Context(), from, now)
			wantFault(t, err, fault.ValidationFailed)
		}
	})
}
