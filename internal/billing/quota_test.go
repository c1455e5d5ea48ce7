package billing_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// in runs f in a transaction of the user.
func (w *world) in(user string, f func(context.Context, db.Tx) error) error {
	return w.d.InTx(w.t.Context(), db.User(user), f)
}

func TestReserve_OfManyAtTheLastUnitExactlyOneWins(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.exec(`UPDATE quota_periods SET used = quota - 1 WHERE user_id = $1`, user)
		var won, refused atomic.Int64
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				_, err := w.reserve(user)
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, fault.QuotaExceeded):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || refused.Load() != 199 {
			t.Fatalf("%d won, %d were refused", won.Load(), refused.Load())
		}
		if q := w.usage(user).Quota; q != (billing.Allowance{Limit: 1000, Used: 999, Reserved: 1}) {
			t.Fatalf("%+v", q)
		}
	})
}

func TestReserve_WithoutAPlanNeedsOneAndWithAFullOneTellsWhenToComeBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, err := w.reserve(w.user())
		wantFault(t, err, fault.SubscriptionRequired)
		user := w.subscriber("basic")
		w.exec(`UPDATE quota_periods SET used = quota WHERE user_id = $1`, user)
		_, err = w.reserve(user)
		f := wantFault(t, err, fault.QuotaExceeded)
		if left := w.usage(user).PeriodEnd.Sub(w.sb.Now()); f.Retry < left || f.Retry > left+2*time.Second ||
			f.Retry%time.Second != 0 {
			t.Fatalf("come back in %v, the period ends in %v", f.Retry, left)
		}
	})
}

func TestReserve_IsSpentByCommitAndGivenBackByRelease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, other := w.subscriber("pro"), w.subscriber("pro")
		var held [2]billing.Reservation
		for i := range held {
			var err error
			held[i], err = w.reserve(user)
			w.must(nil, err)
		}
		if r := held[1]; r.Tier.Name != "pro" || r.Quota != 10_000 || r.Reserved != 2 || r.Used != 0 ||
			!r.PeriodEnd.After(r.PeriodStart) {
			t.Fatalf("%+v", r)
		}
		err := w.in(other, func(ctx context.Context, tx db.Tx) error { return w.Release(ctx, tx, other, held[0].PeriodStart) })
		if err == nil {
			t.Fatal("another user released what they never held")
		}
		w.must(nil, w.in(user, func(ctx context.Context, tx db.Tx) error { return w.Commit(ctx, tx, user, held[0].PeriodStart) }))
		w.must(nil, w.in(user, func(ctx context.Context, tx db.Tx) error { return w.Release(ctx, tx, user, held[1].PeriodStart) }))
		if q := w.usage(user).Quota; q != (billing.Allowance{Limit: 10_000, Used: 1, Remaining: 9_999}) {
			t.Fatalf("%+v", q)
		}
		for _, settle := range []func(context.Context, db.Tx, string, time.Time) error{w.Commit, w.Release} {
			err := w.in(user, func(ctx context.Context, tx db.Tx) error { return settle(ctx, tx, user, held[0].PeriodStart) })
			if err == nil {
				t.Fatal("a reservation was settled that nobody holds")
			}
		}
	})
}

func TestReserve_ARolledBackStartHoldsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		no := errors.New("no")
		err := w.in(user, func(ctx context.Context, tx db.Tx) error {
			_, err := w.Reserve(ctx, tx, user)
			return errors.Join(err, no)
		})
		if !errors.Is(err, no) || w.usage(user).Quota.Reserved != 0 {
			t.Fatalf("%v, %+v", err, w.usage(user).Quota)
		}
	})
}

func TestReserveReads_NeverGrantsMoreThanTheBudgetHoweverManyAsk(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic") // 1,000 reads
		start := w.usage(user).PeriodStart
		spend := func(n int) (granted int, err error) {
			err = w.in(user, func(ctx context.Context, tx db.Tx) error {
				granted, err = w.ReserveReads(ctx, tx, user, start, n)
				return err
			})
			return granted, err
		}
		var total, refused atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				n, err := spend(90)
				total.Add(int64(n))
				if errors.Is(err, fault.XBudgetExceeded) {
					refused.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if total.Load() != 1000 || refused.Load() != 8 { // 11 full grants, one of 10, the rest nothing
			t.Fatalf("%d granted, %d refused", total.Load(), refused.Load())
		}
		if r := w.usage(user).Reads; r != (billing.Allowance{Limit: 1000, Used: 1000}) {
			t.Fatalf("%+v", r)
		}
		w.must(nil, w.in(user, func(_ context.Context, tx db.Tx) error {
			w.ReturnReads(tx, user, start, 60)
			return nil
		}))
		if r := w.usage(user).Reads; r != (billing.Allowance{Limit: 1000, Used: 940, Remaining: 60}) {
			t.Fatalf("after 60 came back: %+v", r)
		}
	})
}

func TestPeriod_RollsOnWhileTheRenewalIsLateAndIsTheSameRowThen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.exec(`UPDATE quota_periods SET used = quota WHERE user_id = $1`, user)
		old := w.usage(user)
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
		w.sb.Advance(old.PeriodEnd.Sub(w.sb.Now()) + time.Hour)
		if u := w.usage(user); u.Quota.Remaining != 1000 || !u.PeriodStart.Equal(old.PeriodEnd) {
			t.Fatalf("before any row: %+v", u)
		}
		r, err := w.reserve(user)
		if err != nil || !r.PeriodStart.Equal(old.PeriodEnd) || r.Reserved != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		w.must(nil, w.Reconcile(t.Context())) // now the renewal is known
		u := w.usage(user)
		if u.Quota.Reserved != 1 || !u.PeriodStart.Equal(r.PeriodStart) ||
			!u.PeriodEnd.Equal(w.subscription(user).PeriodEnd) {
			t.Fatalf("%+v", u)
		}
		if n := w.count(`SELECT count(*) FROM quota_periods WHERE user_id = $1`, user); n != 2 {
			t.Fatalf("%d rows", n)
		}
	})
}

func TestPeriod_ALateRenewalIsTrustedForThreeDays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		end := w.usage(user).PeriodEnd
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
		w.sb.Advance(end.Sub(w.sb.Now()) + 71*time.Hour)
		w.must(w.reserve(user))
		w.sb.Advance(time.Hour)
		_, err := w.reserve(user)
		wantFault(t, err, fault.SubscriptionRequired)
	})
}

func TestPeriod_AnUnpaidRenewalHasThreeDaysOfGrace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.failingCard()
		w.sb.Advance(w.usage(user).PeriodEnd.Sub(w.sb.Now()) + time.Minute)
		w.deliver()
		if s := w.subscription(user); s.Status != "past_due" || !s.EntitledUntil.Equal(s.PeriodStart.Add(3*24*time.Hour)) {
			t.Fatalf("%+v", s)
		}
		w.must(w.reserve(user))
		w.sb.Advance(3 * 24 * time.Hour)
		_, err := w.reserve(user)
		wantFault(t, err, fault.SubscriptionRequired)
	})
}

func TestPeriod_ANewPlanAfterACancelledOneStartsItsOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		held, err := w.reserve(user)
		w.must(nil, err)
		w.must(w.Cancel(t.Context(), user, false))
		w.sb.Advance(5 * 24 * time.Hour)
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro", PaymentMethod: "pm_card_visa"}))
		if u := w.usage(user); u.Quota != (billing.Allowance{Limit: 10_000, Remaining: 10_000}) || u.Tier.Name != "pro" {
			t.Fatalf("%+v", u)
		}
		// What was held in the old period is settled there.
		w.must(nil, w.in(user, func(ctx context.Context, tx db.Tx) error { return w.Commit(ctx, tx, user, held.PeriodStart) }))
		if n := w.count(`SELECT count(*) FROM quota_periods WHERE user_id = $1 AND entitled_until > $2`, user,
			w.d.Now()); n != 1 {
			t.Fatalf("%d periods are open", n)
		}
	})
}

func TestOff_EveryoneHasProByCalendarMonths(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		off, err := billing.New(billing.Config{DB: w.d, Off: true})
		w.must(nil, err)
		w.Service = off
		user := w.user()
		month := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		for range 2 {
			r, err := w.reserve(user)
			if err != nil || r.Tier.Name != "pro" || !r.PeriodStart.Equal(month) || !r.PeriodEnd.Equal(month.AddDate(0, 1, 0)) {
				t.Fatalf("%+v, %v", r, err)
			}
			month = month.AddDate(0, 1, 0)
			w.sb.Advance(month.Sub(w.sb.Now()) + time.Second)
		}
		if s := w.subscription(user); s.Status != "included" || s.Tier.Name != "pro" {
			t.Fatalf("%+v", s)
		}
		_, err = w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro"})
		wantFault(t, err, fault.Conflict)
		if calls := w.sb.Calls("/stripe/**"); len(calls) != 0 {
			t.Fatalf("Stripe was asked %d times", len(calls))
		}
	})
}

func TestOff_APeriodBoughtBeforeGoesOnAsProAndThenByMonths(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.must(w.reserve(user))
		end := w.usage(user).PeriodEnd
		off, err := billing.New(billing.Config{DB: w.d, Off: true})
		w.must(nil, err)
		w.Service = off
		w.exec(`UPDATE quota_periods SET used = 1000 - reserved WHERE user_id = $1`, user)
		if r, err := w.reserve(user); err != nil || r.Quota != 10_000 || r.Reserved != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		w.lost(func() { w.sb.Advance(end.Sub(w.sb.Now()) + time.Second) }) // nobody hears of renewals where billing is off
		if r, err := w.reserve(user); err != nil || r.Reserved != 1 ||
			!r.PeriodStart.Equal(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func TestLedger_CountsEveryUnitOnceWhateverTheOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite)
	rapid.Check(t, func(rt *rapid.T) {
		user := w.user()
		start := w.d.Now()
		w.exec(`INSERT INTO subscriptions (id, user_id, stripe_customer_id, tier, status, period_start, period_end,
			entitled_until, created_at, updated_at)
			VALUES ($1, $2, '', 'basic', 'active', $3, $4, $4, $3, $3)`, db.NewID(), user, start, start.AddDate(0, 1, 0))
		w.exec(`INSERT INTO quota_periods (user_id, period_start, period_end, entitled_until, tier, quota, reads_limit)
			VALUES ($1, $2, $3, $3, 'basic', 3, 0)`,
			user, start, start.AddDate(0, 1, 0))
		used, reserved := 0, 0
		for _, act := range rapid.SliceOfN(rapid.SampledFrom([]string{"reserve", "commit", "release"}), 1, 12).Draw(rt,
			"acts") {
			var err error
			want := reserved > 0
			switch act {
			case "reserve":
				want = used+reserved < 3
				if _, err = w.reserve(user); err == nil {
					reserved++
				}
			case "commit":
				if err = w.in(user, func(ctx context.Context, tx db.Tx) error { return w.Commit(ctx, tx, user, start) }); err == nil {
					reserved, used = reserved-1, used+1
				}
			case "release":
				if err = w.in(user, func(ctx context.Context, tx db.Tx) error { return w.Release(ctx, tx, user, start) }); err == nil {
					reserved--
				}
			}
			if (err == nil) != want {
				rt.Fatalf("%s at used %d, reserved %d: %v", act, used, reserved, err)
			}
		}
		if q := w.usage(user).Quota; q != (billing.Allowance{
			Limit: 3, Used: used, Reserved: reserved,
			Remaining: 3 - used - reserved,
		}) {
			rt.Fatalf("%+v, want used %d and reserved %d", q, used, reserved)
		}
	})
}

func TestReconcile_FindsWhatEveryLostWebhookWouldHaveTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		stays, ends, pays := w.subscriber("basic"), w.subscriber("pro"), w.user()
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
		page, err := w.Subscribe(t.Context(), pays, billing.SubscribeRequest{Tier: "pro"})
		w.must(nil, err)
		w.checkout(page.CheckoutURL, "pay")
		for _, sub := range w.stripeSubscriptions() {
			if sub.Items.Data[0].Price.ID == stripesandbox.ProPrice && sub.Metadata["repazoo_user"] == ends {
				w.must(w.api.V1Subscriptions.Cancel(t.Context(), sub.ID, nil))
			}
		}
		w.must(nil, w.Reconcile(t.Context()))
		got := [3]string{
			string(w.subscription(stays).Status), string(w.subscription(ends).Status),
			string(w.subscription(pays).Status),
		}
		if got != [3]string{"active", "canceled", "active"} {
			t.Fatalf("%v", got)
		}
	})
}

func TestReconcile_OneFailureDoesNotKeepItFromTheOthers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.subscriber("basic")
		second := w.subscriber("basic")
		for _, sub := range w.stripeSubscriptions() {
			w.must(w.api.V1Subscriptions.Update(t.Context(), sub.ID, cancelAtEnd()))
		}
		w.sb.Fail(sandbox.Fault{
			Method: "GET", Path: "/stripe/v1/subscriptions/*", Status: 400,
			Body: `{"error":{"type":"api_error"}}`,
		})
		wantFault(t, w.Reconcile(t.Context()), fault.PaymentProviderError)
		if !w.subscription(second).CancelAtPeriodEnd {
			t.Fatal("the second subscription was not reached")
		}
	})
}

func TestDrifts_ListsReservationsWithoutAnAnalysis(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		good, bad := w.subscriber("basic"), w.subscriber("basic")
		for _, user := range []string{good, bad} {
			w.must(w.reserve(user))
		}
		w.exec(`INSERT INTO analyses (id, user_id, handle, purpose, max_posts, tier, model, status, stage, period_start,
			created_at)
			VALUES ($1, $2, 'ann', 'p', 1, 'basic', '', 'queued', '', $3, $4)`, db.NewID(), good, w.usage(good).PeriodStart,
			w.d.Now())
		drifts, err := w.Drifts(t.Context())
		if err != nil || len(drifts) != 1 || drifts[0].UserID != bad || drifts[0].Reserved != 1 || drifts[0].Active != 0 {
			t.Fatalf("%+v, %v", drifts, err)
		}
		w.must(nil, w.Reconcile(t.Context()))
		if log := w.log.String(); !strings.Contains(log, "disagree") || !strings.Contains(log, bad) ||
			strings.Contains(log, good) {
			t.Fatal(log)
		}
	})
}
