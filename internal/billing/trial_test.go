package billing_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/plan"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

const dayLong = 24 * time.Hour

// trials switches them on: 14 days, ten analyses and 500 reads.
func (w *world) trials(withoutCard string) {
	w.policy(func(c *billing.Config) {
		c.Trial = plan.Trial{Days: 14, Quota: 10, Reads: 500, WithoutCard: withoutCard}
	})
}

// begun are the trials that Stripe ever had.
func (w *world) begun() (n int) {
	for _, sub := range w.stripeSubscriptions() {
		if sub.TrialEnd != 0 {
			n++
		}
	}
	return n
}

// tale is the user's story in one piece.
func (w *world) tale(user string) string {
	w.t.Helper()
	return strings.Join(w.story(user), "\n")
}

func TestTrial_IsFreeWithAQuotaOfItsOwnAndThenPaid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		user := w.subscriber("pro")
		s := w.subscription(user)
		if s.Status != "trialing" || s.Tier.Name != "pro" || s.Tier.Quota != 10 || !s.TrialEnd.Equal(s.PeriodEnd) ||
			s.NoCard || s.TrialEnd.Sub(w.sb.Now()).Round(time.Hour) != 14*dayLong {
			t.Fatalf("%+v", s)
		}
		if u := w.usage(user); u.Quota.Limit != 10 || u.Reads.Limit != 500 {
			t.Fatalf("%+v", u)
		}
		for range 10 {
			w.must(w.reserve(user))
		}
		_, err := w.reserve(user)
		wantFault(t, err, fault.QuotaExceeded)
		w.sb.Advance(14*dayLong + time.Hour)
		w.deliver()
		if s := w.subscription(user); s.Status != "active" || s.Tier.Quota != 10_000 || !s.TrialEnd.IsZero() ||
			w.usage(user).Quota.Limit != 10_000 {
			t.Fatalf("after the trial: %+v", s)
		}
		if got := w.invoices(user); got != "$0.00 paid, $29.00 paid" {
			t.Fatal(got)
		}
		told := w.tale(user)
		for _, want := range []string{
			"you began to try pro for free until ", "your free trial ended, and pro began.",
			"your card was charged $29.00 for pro until",
		} {
			if !strings.Contains(told, want) {
				t.Errorf("the story lacks %q:\n%s", want, told)
			}
		}
		if n := len(strings.Split(told, "\n")); n != 3 {
			t.Errorf("the story has %d lines:\n%s", n, told)
		}
	})
}

// A trial charges nothing, but the bank of its card may want to hear from its owner before it is charged without them.
func TestTrial_ACardThatTheBankAsksAboutIsConfirmedAtItsBeginning(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		confirmed bool
		want      string
	}{
		"confirmed": {true, "active, $0.00 paid, $9.00 paid"},
		"forgotten": {false, "past_due, $0.00 paid, $9.00 open"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.trials("")
				user, ask := w.user(), billing.SubscribeRequest{
					Tier:          "basic",
					PaymentMethod: "pm_card_authenticationRequiredOnSetup",
				}
				s, err := w.Subscribe(t.Context(), user, ask)
				if err != nil || s.Status != "trialing" || s.Tier.Name != "basic" || !strings.HasPrefix(s.ClientSecret, "seti_") {
					t.Fatalf("%+v, %v", s, err)
				}
				again, err := w.Subscribe(t.Context(), user, ask)
				if err != nil || again.ClientSecret != s.ClientSecret {
					t.Fatalf("asked again: %+v, %v", again, err)
				}
				if tt.confirmed {
					w.must(nil, w.sb.Stripe().Authenticate(s.ClientSecret))
					_, err := w.Subscribe(t.Context(), user, ask)
					wantFault(t, err, fault.SubscriptionExists)
				}
				w.sb.Advance(14*dayLong + time.Hour)
				w.deliver()
				if got := string(w.subscription(user).Status) + ", " + w.invoices(user); got != tt.want {
					t.Fatal(got)
				}
			})
		})
	}
}

func TestTrial_TwoAtOnceBeginOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		user := w.user()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				r := billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}
				if i%2 == 0 {
					r = billing.SubscribeRequest{Tier: "pro"}
				}
				_, _ = w.Subscribe(t.Context(), user, r) // all but some are refused
			})
		}
		wg.Wait()
		if _, err := w.Cancel(t.Context(), user, false); err == nil {
			w.deliver()
		}
		for range 4 {
			wg.Go(func() {
				_, _ = w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
			})
		}
		wg.Wait()
		w.deliver()
		if n := w.begun(); n != 1 {
			t.Fatalf("%d trials", n)
		}
	})
}

func TestTrial_IsOnceForEver(t *testing.T) {
	t.Parallel()
	tests := map[string]func(w *world, user string){
		"cancelled at once, and back": func(w *world, user string) { w.must(w.Cancel(w.t.Context(), user, false)) },
		"run out, and back": func(w *world, user string) {
			w.must(w.Cancel(w.t.Context(), user, true))
			w.sb.Advance(15 * dayLong)
		},
		"the customer was deleted": func(w *world, user string) {
			w.must(w.api.V1Customers.Delete(w.t.Context(), w.stripeSubscriptions()[0].Customer.ID, nil))
		},
	}
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		for name, leave := range tests {
			user := w.subscriber("basic")
			leave(w, user)
			w.deliver()
			if s := w.subscription(user); s.Tier.Name != "" {
				t.Fatalf("%s: a trial that was cancelled gives %+v", name, s)
			}
			before := w.begun()
			got, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
			if err != nil || got.Status != "active" || w.begun() != before {
				t.Fatalf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

// The row never heard of the first plan: it was begun on the checkout page and ended at Stripe, and no webhook came.
func TestTrial_StripeRemembersWhatTheRowNeverHeardOf(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		user := w.user()
		s, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
		w.checkout(s.CheckoutURL, "pay")
		w.must(w.api.V1Subscriptions.Cancel(t.Context(), w.stripeSubscriptions()[0].ID, nil))
		got, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
		if err != nil || got.Status != "active" || w.begun() != 1 {
			t.Fatalf("%+v, %v, %d trials", got, err, w.begun())
		}
	})
}

func TestTrial_ACheckoutThatWasLeftSpendsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		user := w.user()
		for _, action := range []string{"cancel", "pay"} {
			s, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"})
			w.must(nil, err)
			w.checkout(s.CheckoutURL, action)
		}
		w.deliver()
		if s := w.subscription(user); s.Status != "trialing" || s.NoCard {
			t.Fatalf("%+v", s)
		}
	})
}

func TestTrial_IsNotGivenAgainToAnXAccountWhoseUserWasErased(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		key := "old"
		w.policy(func(c *billing.Config) {
			c.Trial = plan.Trial{Days: 14, Quota: 10, Reads: 500}
			c.Mark = func(x string) []string { return []string{key + " hash of " + x, "old hash of " + x} }
		})
		link := func(user, x string) {
			w.exec(`INSERT INTO x_accounts (id, user_id, x_user_id, handle, name, scopes, status, linked_at, updated_at)
				VALUES ($1, $2, $3, $4, 'Ann', '', 'active', $5, $5)`, db.NewID(), user, x, "h"+x, w.sb.Now())
		}
		leave := func(user string) {
			w.must(nil, w.Close(t.Context(), user))
			w.must(nil, w.d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
				if err := w.Forget(ctx, tx, user); err != nil {
					return err
				}
				tx.Later(`DELETE FROM users WHERE id = $1`, user)
				return nil
			}))
		}
		begins := func(x string) string {
			user := w.user()
			link(user, x)
			s, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"})
			w.must(nil, err)
			leave(user)
			return string(s.Status)
		}
		if got := begins("1"); got != "trialing" {
			t.Fatalf("the first begins %s", got)
		}
		key = "new" // the server's key was rotated meanwhile
		if got := begins("1"); got != "active" {
			t.Fatalf("after an erasure the same X account begins %s", got)
		}
		if got := begins("2"); got != "trialing" {
			t.Fatalf("another X account begins %s", got)
		}
		looker := w.user() // who never had a plan leaves no mark
		link(looker, "3")
		leave(looker)
		if n := w.count(`SELECT count(*) FROM trials_spent WHERE mark LIKE '%of 3'`); n != 0 {
			t.Fatal("a mark of somebody without a plan stays")
		}
		w.sb.Advance(3 * 365 * dayLong)
		w.must(nil, w.Retain(t.Context()))
		if n := w.count(`SELECT count(*) FROM trials_spent`); n != 0 {
			t.Fatalf("%d marks stay for ever", n)
		}
	})
}

func TestTrial_EndsAsItWasAgreedWithoutACard(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ status, story string }{
		plan.CancelWithoutCard: {"canceled", "basic ended with its free trial, because there was no card."},
		plan.PauseWithoutCard:  {"paused", "basic was paused, because its free trial ended and there was no card."},
	}
	each(t, func(t *testing.T, w *world) {
		for policy, want := range tests {
			w.trials(policy)
			user := w.user()
			s, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"})
			w.must(nil, err)
			w.checkoutWith(s.CheckoutURL, url.Values{"action": {"pay"}, "card": {"none"}})
			w.deliver()
			if s := w.subscription(user); s.Status != "trialing" || !s.NoCard || s.Tier.Name != "basic" {
				t.Fatalf("%s: %+v", policy, s)
			}
			w.sb.Advance(14*dayLong + time.Minute)
			w.deliver()
			if s := w.subscription(user); string(s.Status) != want.status || s.Tier.Name != "" ||
				!strings.HasSuffix(w.tale(user), want.story) {
				t.Fatalf("%s: %+v\n%s", policy, s, w.tale(user))
			}
			_, err = w.reserve(user)
			wantFault(t, err, fault.SubscriptionRequired)
		}
	})
}

func TestTrial_APausedPlanIsTakenUpOnceThereIsACardThatPays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials(plan.PauseWithoutCard)
		user := w.user()
		s, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		w.checkoutWith(s.CheckoutURL, url.Values{"action": {"pay"}, "card": {"none"}})
		w.sb.Advance(20 * dayLong)
		w.deliver()
		_, err = w.Resume(t.Context(), user)
		if f := wantFault(t, err, fault.Conflict); !strings.Contains(f.Message, "there is no card") {
			t.Fatal(f.Message)
		}
		w.card("pm_card_chargeCustomerFail")
		_, err = w.Resume(t.Context(), user)
		if f := wantFault(t, err, fault.ValidationFailed); !strings.HasSuffix(f.Message,
			"Your plan stays paused, and nothing was charged.") || w.subscription(user).Tier.Name != "" {
			t.Fatal(f.Message)
		}
		w.card("pm_card_visa")
		got, err := w.Resume(t.Context(), user)
		if err != nil || got.Status != "active" || got.Tier.Quota != 1_000 ||
			got.PeriodStart.Before(w.sb.Now().Add(-time.Minute)) {
			t.Fatalf("%+v, %v", got, err)
		}
		w.deliver()
		if told := w.tale(user); !strings.Contains(told, "you took basic up again.") {
			t.Fatal(told)
		}
	})
}

func TestTrial_AFirstPaymentThatFailsLeavesTheTrialsQuotaForTheGrace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		user := w.subscriber("pro")
		w.card("pm_card_chargeCustomerFail")
		w.sb.Advance(14*dayLong + time.Hour)
		w.deliver()
		if s := w.subscription(user); s.Status != "past_due" || s.Tier.Quota != 10 || w.usage(user).Reads.Limit != 500 {
			t.Fatalf("%+v, %+v", s, w.usage(user))
		}
		w.sb.Advance(3 * dayLong)
		if s := w.subscription(user); s.Tier.Name != "" {
			t.Fatalf("after the grace: %+v", s)
		}
	})
}

func TestTrial_AnotherPlanWithinItCostsNothingAndItGoesOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		user := w.subscriber("basic")
		end := w.subscription(user).TrialEnd
		for _, tier := range []string{"pro", "basic", "pro"} {
			p, err := w.Preview(t.Context(), user, billing.PreviewRequest{Tier: tier})
			if err != nil || p.Kind != plan.SwitchTrial || p.NowCents != 0 || !p.NextAt.Equal(end) ||
				p.Next != int64(p.Tier.MonthlyCents) || !p.TrialEnd.Equal(end) {
				t.Fatalf("%+v, %v", p, err)
			}
			got, err := w.change(user, tier)
			if err != nil || got.Plan != tier || got.Status != "trialing" || !got.TrialEnd.Equal(end) || got.Tier.Quota != 10 {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		w.must(w.Cancel(t.Context(), user, true))
		if s := w.subscription(user); !s.EntitledUntil.Equal(end) {
			t.Fatalf("cancelled: %+v", s)
		}
		w.must(w.Resume(t.Context(), user))
		w.sb.Advance(15 * dayLong)
		w.deliver()
		if got := w.invoices(user); got != "$0.00 paid, $29.00 paid" {
			t.Fatal(got)
		}
	})
}

func TestTrial_ItsEndIsToldThreeDaysBefore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		user, leaver := w.subscriber("basic"), w.subscriber("basic")
		w.must(w.Cancel(t.Context(), leaver, true))
		w.deliver()
		w.sb.Advance(10 * dayLong)
		w.deliver()
		w.must(nil, w.Reconcile(t.Context()))
		if n := w.told(user, notice.TrialEnding); len(n) != 0 {
			t.Fatalf("told four days before: %+v", n)
		}
		w.sb.Advance(dayLong)
		w.deliver()
		w.must(nil, w.Reconcile(t.Context()))
		told := w.told(user, notice.TrialEnding)
		if len(told) != 1 || !told[0].Data.Until.Equal(w.subscription(user).TrialEnd) || told[0].ReadAt != nil ||
			len(w.told(leaver, notice.TrialEnding)) != 0 {
			t.Fatalf("%+v", told)
		}
		w.sb.Advance(4 * dayLong)
		w.deliver()
		if again := w.told(user, notice.TrialEnding); len(again) != 1 || again[0].ReadAt == nil {
			t.Fatalf("after the end: %+v", again)
		}
	})
}

func TestTrial_CountsApartFromRevenue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		w.subscriber("pro")
		m, err := w.Metrics(t.Context(), time.Time{}, w.sb.Now().Add(time.Minute))
		if err != nil || m.Trialing != 1 || m.MRRCents != 0 || m.Began != 0 {
			t.Fatalf("%+v, %v", m, err)
		}
		w.sb.Advance(15 * dayLong)
		w.deliver()
		m, err = w.Metrics(t.Context(), time.Time{}, w.sb.Now().Add(time.Minute))
		if err != nil || m.Trialing != 0 || m.MRRCents != 2900 || m.Began != 1 {
			t.Fatalf("paid: %+v, %v", m, err)
		}
	})
}

func TestTrial_ThePreviewSaysWhenTheFirstChargeIs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.trials("")
		p, err := w.Preview(t.Context(), w.user(), billing.PreviewRequest{
			Tier:          "basic",
			PromotionCode: w.code("amount_off=400&currency=usd&duration=once", ""),
		})
		if err != nil || p.NowCents != 0 || p.TrialQuota != 10 || p.Next != 500 || p.Regular != 900 ||
			!p.NextAt.Equal(p.TrialEnd) || p.TrialEnd.Sub(p.AsOf) != 14*dayLong {
			t.Fatalf("%+v, %v", p, err)
		}
		old := w.subscriber("basic")
		w.must(w.Cancel(t.Context(), old, false))
		if p, err := w.Preview(t.Context(), old, billing.PreviewRequest{Tier: "basic"}); err != nil || p.NowCents != 900 ||
			!p.TrialEnd.IsZero() {
			t.Fatalf("who had one: %+v, %v", p, err)
		}
	})
}

func TestNew_RefusesATrialThatIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite)
	for _, bad := range []plan.Trial{{Days: -1}, {Days: 91}, {Days: 7, WithoutCard: "charge"}} {
		c := w.cfg
		c.Trial = bad
		if _, err := billing.New(c); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
