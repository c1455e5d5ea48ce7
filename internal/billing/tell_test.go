package billing

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/plan"
)

// teller is a user whose subscription Stripe tells of as a test says.
type teller struct {
	t    *testing.T
	d    *db.DB
	s    *Service
	user string
}

func newTeller(t *testing.T, d *db.DB) *teller {
	t.Helper()
	s, err := New(Config{DB: d, StripeKey: "sk_test_x", BasicPrice: "a", ProPrice: "b", PublicURL: "https://dash.example"})
	if err != nil {
		t.Fatal(err)
	}
	w := &teller{t, d, s, db.NewID()}
	w.exec(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'ann', $2, $2)`, w.user, d.Now())
	if _, err := s.claim(t.Context(), w.user, SubscribeRequest{}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *teller) exec(query string, args ...any) {
	w.t.Helper()
	err := w.d.InTx(w.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// hear mirrors a subscription of this status and tier.
func (w *teller) hear(status plan.Status, tier string) {
	w.t.Helper()
	_, err := w.s.sync(w.t.Context(), change{
		actor: "stripe", load: func(ctx context.Context) (plan.Row, error) { return w.s.rowOf(ctx, db.System, w.user) },
		fetch: func(context.Context) (plan.Remote, error) {
			return plan.Remote{
				ID: "sub", Status: status, Tier: tier, PeriodStart: storeNoon.Add(-storeDay),
				PeriodEnd: storeEnd,
			}, nil
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// unread are the kinds of what the user should still look at, the newest first.
func (w *teller) unread(want ...notice.Kind) {
	w.t.Helper()
	p, err := notice.New(notice.Config{DB: w.d}).List(w.t.Context(), w.user, notice.Filter{Unread: true})
	if err != nil {
		w.t.Fatal(err)
	}
	var kinds []notice.Kind
	for _, n := range p.Notices {
		kinds = append(kinds, n.Kind)
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		w.t.Fatal(diff)
	}
}

// A tier that changes in the middle of a period, there and back: each time is told, and what was told of the smaller
// quota is settled by the larger one.
func TestSync_TellsEachChangeOfTierAndLooksAtTheQuotaAnew(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTeller(t, d)
		w.hear("active", "pro")
		w.hear("active", "pro")
		w.exec(`UPDATE quota_periods SET used = 5000 WHERE user_id = $1`, w.user)
		w.unread()
		w.hear("active", "basic") // which allows 1,000
		w.hear("active", "basic")
		w.unread(notice.QuotaUsedUp, notice.PlanChanged)
		w.hear("active", "pro")
		w.unread(notice.PlanChanged, notice.PlanChanged)
	})
}

func TestSync_APaymentThatComesAfterAllSettlesWhatWasTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTeller(t, d)
		w.hear("active", "basic")
		w.hear("past_due", "basic")
		w.hear("past_due", "basic")
		w.unread(notice.PaymentFailed)
		w.hear("unpaid", "basic")
		w.unread(notice.GraceEnded, notice.PaymentFailed)
		w.hear("active", "basic")
		w.unread()
		w.hear("past_due", "basic") // of the same period: it was told
		w.unread()
	})
}
