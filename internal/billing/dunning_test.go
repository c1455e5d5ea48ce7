package billing_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// owing is a subscriber since 3 January 2027, noon, whose renewal of 3 February was declined, an hour ago. What becomes
// of it after the last retry is as told.
func (w *world) owing(afterwards string) string {
	w.t.Helper()
	if !w.sb.Stripe().AfterRetries(afterwards) {
		w.t.Fatalf("the stand-in does not know %q", afterwards)
	}
	w.to(time.January, 3)
	user := w.subscriber("basic")
	w.failingCard()
	w.to(time.February, 3)
	w.sb.Advance(time.Hour)
	w.deliver()
	return user
}

// to goes to noon of a day of 2027, and hears of what happened.
func (w *world) to(month time.Month, day int) {
	w.t.Helper()
	w.sb.Advance(time.Date(2027, month, day, 12, 0, 0, 0, time.UTC).Sub(w.sb.Now()))
	w.deliver()
}

// later goes to an hour after noon of a day, and does what the server does every few minutes.
func (w *world) later(month time.Month, day int) {
	w.t.Helper()
	w.to(month, day)
	w.sb.Advance(time.Hour)
	w.deliver()
	w.must(nil, w.TellGrace(w.t.Context()))
}

// newest is the newest invoice of whoever has a plan.
func (w *world) newest() *stripe.Invoice {
	w.t.Helper()
	for in, err := range w.api.V1Invoices.List(w.t.Context(), nil).All(w.t.Context()) {
		w.must(nil, err)
		return in
	}
	w.t.Fatal("there is no invoice")
	return nil
}

// toldOf counts all notices of a user by their kind.
func (w *world) toldOf(user string) map[notice.Kind]int {
	w.t.Helper()
	p, err := notice.New(notice.Config{DB: w.d}).List(w.t.Context(), user, notice.Filter{Limit: 100})
	w.must(nil, err)
	n := map[notice.Kind]int{}
	for _, v := range p.Notices {
		n[v.Kind]++
	}
	return n
}

func TestDunning_ARenewalIsTriedAgainOverDaysAndGraceIsCountedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.owing("canceled")
		next := func(in *stripe.Invoice) string {
			return fmt.Sprintf("%d tries, next %s", in.AttemptCount,
				time.Unix(in.NextPaymentAttempt, 0).UTC().Format("2 January 15:04"))
		}
		for _, step := range []struct {
			day   int
			want  string
			tier  string
			notes map[notice.Kind]int
		}{
			{3, "1 tries, next 4 February 12:00", "basic", map[notice.Kind]int{notice.PaymentFailed: 1}},
			{4, "2 tries, next 7 February 12:00", "basic", map[notice.Kind]int{notice.PaymentFailed: 1}},
			{5, "2 tries, next 7 February 12:00", "basic", map[notice.Kind]int{notice.PaymentFailed: 1, notice.GraceEnding: 1}},
			{6, "2 tries, next 7 February 12:00", "", map[notice.Kind]int{
				notice.PaymentFailed: 1, notice.GraceEnding: 1,
				notice.GraceEnded: 1,
			}},
			{7, "3 tries, next 12 February 12:00", "", map[notice.Kind]int{
				notice.PaymentFailed: 1, notice.GraceEnding: 1,
				notice.GraceEnded: 1,
			}},
			{12, "4 tries, next 19 February 12:00", "", map[notice.Kind]int{
				notice.PaymentFailed: 1, notice.GraceEnding: 1,
				notice.GraceEnded: 1,
			}},
		} {
			w.later(time.February, step.day)
			s := w.subscription(user)
			if at := time.Unix(w.newest().NextPaymentAttempt, 0); !s.NextTry.Equal(at) {
				t.Fatalf("on the %d: charged again on %s, and told is %s", step.day, at, s.NextTry)
			}
			if got := next(w.newest()); got != step.want || s.Status != "past_due" || s.Tier.Name != step.tier {
				t.Fatalf("on the %d: %s, %+v", step.day, got, s)
			}
			if diff := cmp.Diff(step.notes, w.toldOf(user)); diff != "" {
				t.Fatalf("on the %d: %s", step.day, diff)
			}
		}
		w.later(time.February, 19)
		if s := w.subscription(user); s.Status != "canceled" || s.Tier.Name != "" || w.newest().AttemptCount != 5 ||
			w.newest().NextPaymentAttempt != 0 || !s.NextTry.IsZero() {
			t.Fatalf("after the last try: %+v", s)
		}
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE type = 'invoice.payment_failed'`); n != 5 {
			t.Fatalf("%d failures were heard of", n)
		}
		if ended := w.told(user, notice.PlanEnded); len(ended) != 1 || !ended[0].Data.Unpaid {
			t.Fatalf("%+v", ended)
		}
		w.tells(user,
			"On 3 January you chose basic.",
			"On 3 January your card was charged $9.00 for basic until 3 February.",
			"On 3 February your card was declined when $9.00 for basic was due. You could go on using it until 6 February.",
			"On 19 February basic ended, because its payment did not go through.",
		)
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}))
	})
}

func TestDunning_AnotherCardMakesTheNextTrySucceed(t *testing.T) {
	t.Parallel()
	for name, afterwards := range map[string]string{"early": "canceled", "late": "past_due"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				user := w.owing(afterwards)
				w.later(time.February, 8)
				w.card("pm_card_visa")
				_, err := w.reserve(user)
				wantFault(t, err, fault.SubscriptionRequired) // a card alone is no payment
				w.later(time.February, 12)
				if s := w.subscription(user); s.Status != "active" || s.Tier.Name != "basic" || !s.GraceUntil.IsZero() {
					t.Fatalf("%+v", s)
				}
				for _, kind := range []notice.Kind{notice.PaymentFailed, notice.GraceEnded} {
					if told := w.told(user, kind); len(told) != 1 || told[0].ReadAt == nil {
						t.Fatalf("%s is not settled: %+v", kind, told)
					}
				}
				got := w.story(user)
				if last := got[len(got)-1]; last != "On 12 February your card was charged $9.00 for basic until 3 March." {
					t.Fatal(got)
				}
				if all, _ := w.examine(false); len(all) != 0 {
					t.Fatalf("%+v", all)
				}
				w.must(w.reserve(user))
			})
		})
	}
}

// An account may leave subscriptions past due. Then Stripe begins a period each month that nobody pays for.
func TestDunning_ASubscriptionLeftPastDueHasGraceOnlyOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.owing("past_due")
		w.later(time.February, 6)
		for _, month := range []time.Month{time.March, time.April} {
			w.later(month, 3)
			s := w.subscription(user)
			if s.Status != "past_due" || s.Tier.Name != "" ||
				!s.EntitledUntil.Equal(time.Date(2027, time.February, 6, 12, 0, 0, 0, time.UTC)) {
				t.Fatalf("in %s: %+v", month, s)
			}
			_, err := w.reserve(user)
			wantFault(t, err, fault.SubscriptionRequired)
		}
		if diff := cmp.Diff(map[notice.Kind]int{notice.PaymentFailed: 3, notice.GraceEnded: 1}, w.toldOf(user)); diff != "" {
			t.Fatal(diff)
		}
		if all, _ := w.examine(false); len(all) != 0 {
			t.Fatalf("%+v", all)
		}
		w.card("pm_card_visa")
		w.later(time.April, 4) // the next try of April's invoice
		if s := w.subscription(user); s.Status != "active" || s.Tier.Name != "basic" ||
			w.invoices(user) != "$9.00 paid, $9.00 open, $9.00 open, $9.00 paid" {
			t.Fatalf("%+v, %s", s, w.invoices(user))
		}
		w.failingCard()
		w.later(time.May, 4) // what was forgotten before does not count against May
		if s := w.subscription(user); s.Tier.Name != "basic" ||
			!s.GraceUntil.Equal(time.Date(2027, time.May, 6, 12, 0, 0, 0, time.UTC)) {
			t.Fatalf("in May: %+v", s)
		}
	})
}

func TestDunning_ASubscriptionLeftUnpaidGivesNothingAndIsToldOfOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.owing("unpaid")
		w.later(time.February, 19)
		if s := w.subscription(user); s.Status != "unpaid" || s.Tier.Name != "" {
			t.Fatalf("%+v", s)
		}
		got := w.story(user)
		if last := got[len(got)-1]; last != "On 19 February basic was paused, because it was not paid." {
			t.Fatal(got)
		}
		w.later(time.April, 3)
		if s := w.subscription(user); s.Status != "unpaid" || s.Tier.Name != "" ||
			w.invoices(user) != "$9.00 paid, $9.00 open, $9.00 draft, $9.00 draft" {
			t.Fatalf("months later: %+v, %s", s, w.invoices(user))
		}
		if diff := cmp.Diff(map[notice.Kind]int{notice.PaymentFailed: 1, notice.GraceEnded: 1}, w.toldOf(user)); diff != "" {
			t.Fatal(diff)
		}
		if all, _ := w.examine(false); len(all) != 0 {
			t.Fatalf("%+v", all)
		}
	})
}

func TestDunning_ACardPutInPlaceOnThePortalPaysWhatIsOwed(t *testing.T) {
	t.Parallel()
	for _, afterwards := range []string{"canceled", "unpaid", "past_due"} {
		t.Run(afterwards, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				user := w.owing(afterwards)
				day := map[string]int{"canceled": 18, "unpaid": 25, "past_due": 25}[afterwards]
				w.later(time.February, day)
				page, err := w.Portal(t.Context(), user, "/account/plan")
				w.must(nil, err)
				res, err := http.PostForm(page, url.Values{"action": {"card"}, "card": {"pm_card_visa"}})
				w.must(nil, err)
				res.Body.Close()
				w.deliver()
				if s := w.subscription(user); s.Status != "active" || s.Tier.Name != "basic" ||
					w.invoices(user) != "$9.00 paid, $9.00 paid" {
					t.Fatalf("%+v, %s", s, w.invoices(user))
				}
			})
		})
	}
}

// However badly the webhooks of a failing renewal travel, the same is told.
func TestDunning_LateAndLostWebhooksTellTheSame(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
		user := w.owing("unpaid")
		w.later(time.February, 20)
		w.sweep()
		got := w.story(user)
		want := []string{
			"On 3 February your card was declined when $9.00 for basic was due.",
			"On 20 February basic was paused, because it was not paid.",
		}
		if !slices.Equal(got[len(got)-2:], want) || w.subscription(user).Tier.Name != "" {
			t.Fatal(got)
		}
	})
}
