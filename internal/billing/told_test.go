package billing_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// told are a user's notices of a kind, the newest first.
func (w *world) told(user string, kind notice.Kind) []notice.Notice {
	w.t.Helper()
	p, err := notice.New(notice.Config{DB: w.d}).List(w.t.Context(), user, notice.Filter{Limit: 100})
	w.must(nil, err)
	return slices.DeleteFunc(p.Notices, func(n notice.Notice) bool { return n.Kind != kind })
}

// unpaid is a subscriber whose renewal has failed a minute ago.
func (w *world) unpaid() string {
	w.t.Helper()
	user := w.subscriber("basic")
	w.failingCard()
	w.sb.Advance(w.usage(user).PeriodEnd.Sub(w.sb.Now()) + time.Minute)
	return user
}

func TestNotices_RacingStartsMakeOneAtEachMark(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, other := w.subscriber("basic"), w.subscriber("basic")
		start := func(used, starts int) {
			w.exec(`UPDATE quota_periods SET used = $2, reserved = 0 WHERE user_id = $1`, user, used)
			var wg sync.WaitGroup
			for range starts {
				wg.Go(func() {
					if _, err := w.reserve(user); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		start(780, 19)
		if n := w.told(user, notice.QuotaNearlyUsed); len(n) != 0 {
			t.Fatalf("told at 799 of 1000: %+v", n)
		}
		start(780, 40)
		start(790, 40) // units that were given back and taken again
		start(980, 20)
		nearly, all := w.told(user, notice.QuotaNearlyUsed), w.told(user, notice.QuotaUsedUp)
		if len(nearly) != 1 || len(all) != 1 || nearly[0].Data.Used != 800 || all[0].Data.Used != 1000 ||
			!all[0].Data.Until.Equal(w.usage(user).PeriodEnd) {
			t.Fatalf("told %+v and %+v", nearly, all)
		}
		if n := w.count(`SELECT count(*) FROM notices WHERE user_id = $1`, other); n != 0 {
			t.Fatalf("another user was told %d times", n)
		}
	})
}

func TestNotices_AStartThatIsTakenBackTellsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.exec(`UPDATE quota_periods SET used = quota - 1 WHERE user_id = $1`, user)
		err := w.in(user, func(ctx context.Context, tx db.Tx) error {
			_, err := w.Reserve(ctx, tx, user)
			w.must(nil, err)
			return context.Canceled
		})
		if err == nil || len(w.told(user, notice.QuotaUsedUp)) != 0 {
			t.Fatalf("%v, %+v", err, w.told(user, notice.QuotaUsedUp))
		}
	})
}

func TestNotices_AFailedPaymentIsToldOnceHoweverStripeTellsIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.failingCard()
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Duplicate: true})
		w.sb.Advance(w.usage(user).PeriodEnd.Sub(w.sb.Now()) + time.Minute)
		w.must(nil, w.sb.Stripe().Delivered(t.Context()))
		for _, id := range slices.Backward(w.waiting()) { // the last one first
			w.must(nil, w.Apply(t.Context(), id))
		}
		w.must(nil, w.Reconcile(t.Context()))
		told := w.told(user, notice.PaymentFailed)
		if len(told) != 1 || told[0].Data.Plan != "basic" ||
			!told[0].Data.Until.Equal(w.subscription(user).EntitledUntil) || told[0].ReadAt != nil {
			t.Fatalf("%+v", told)
		}
	})
}

func TestNotices_GraceIsToldADayBeforeItsEndAndAtItsEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.unpaid()
		w.deliver()
		end := w.subscription(user).EntitledUntil
		at := func(when time.Time, ending, ended int) {
			t.Helper()
			w.sb.Advance(when.Sub(w.sb.Now()))
			var wg sync.WaitGroup
			for range 4 { // processes
				wg.Go(func() {
					if err := w.TellGrace(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if a, b := len(w.told(user, notice.GraceEnding)), len(w.told(user, notice.GraceEnded)); a != ending || b != ended {
				t.Fatalf("at %v before the end: told %d times that grace ends, %d times that it has ended", end.Sub(w.sb.Now()),
					a, b)
			}
		}
		at(end.Add(-24*time.Hour-time.Minute), 0, 0)
		at(end.Add(-24*time.Hour+time.Minute), 1, 0)
		at(end.Add(-time.Minute), 1, 0)
		at(end.Add(time.Minute), 1, 1)
		at(end.Add(24*time.Hour), 1, 1)
	})
}

func TestNotices_ACancellationIsToldWithItsEndAndSettledWhenTakenBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("pro")
		w.must(w.Cancel(t.Context(), user, true))
		w.deliver() // its webhooks tell nothing new
		first := w.told(user, notice.PlanCancelled)
		if len(first) != 1 || !first[0].Data.Until.Equal(w.subscription(user).PeriodEnd) || first[0].ReadAt != nil {
			t.Fatalf("%+v", first)
		}
		w.must(w.Resume(t.Context(), user))
		w.deliver()
		if again := w.told(user, notice.PlanCancelled); len(again) != 1 || again[0].ReadAt == nil {
			t.Fatalf("after it was taken back: %+v", again)
		}
		w.endInDashboard(user)
		ended := w.told(user, notice.PlanEnded)
		if len(ended) != 1 || !ended[0].Data.Until.Equal(w.subscription(user).PeriodEnd) ||
			len(w.told(user, notice.PlanCancelled)) != 1 {
			t.Fatalf("%+v", ended)
		}
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}))
		if ended := w.told(user, notice.PlanEnded); ended[0].ReadAt == nil || len(w.told(user, notice.PlanChanged)) != 0 {
			t.Fatalf("with a new plan: %+v", ended)
		}
	})
}
