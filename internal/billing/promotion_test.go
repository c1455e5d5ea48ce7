package billing_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

func TestPromotion_ACodeThatCannotBeUsedSaysWhyAndNothingIsLost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		returning := w.subscriber("basic")
		w.must(w.Cancel(t.Context(), returning, false))
		soon := w.code("percent_off=10", "expires_at="+unixIn(w, time.Hour))
		w.sb.Advance(2 * time.Hour)
		once := w.code("percent_off=10", "max_redemptions=1")
		w.must(w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{
			Tier: "basic", PaymentMethod: "pm_card_visa",
			PromotionCode: once,
		}))
		gone := w.code("percent_off=10&id=GONE", "")
		for _, code := range w.ask(http.MethodGet, "/v1/promotion_codes", "coupon=GONE")["data"].([]any) {
			w.ask(http.MethodPost, "/v1/promotion_codes/"+code.(map[string]any)["id"].(string), "active=false")
		}
		user := w.user()
		tests := map[string]struct{ user, code, want string }{
			"unknown":      {user, "NOTHING", "There is no such promotion code."},
			"no code":      {user, "../v1/x?y", "There is no such promotion code."},
			"far too long": {user, strings.Repeat("A", 65), "There is no such promotion code."},
			"expired":      {user, soon, "This promotion code has expired."},
			"used up":      {user, once, "This promotion code has been used as often as it may be."},
			"withdrawn":    {user, gone, "This promotion code is not in use any more."},
			"another's": {
				user, w.code("percent_off=10", "customer="+w.customer(returning)),
				"This promotion code is for another customer.",
			},
			"other money": {user, w.code("amount_off=100&currency=eur", ""), "This promotion code is for another currency."},
			"for beginners": {
				returning, w.code("percent_off=10", "restrictions[first_time_transaction]=true"),
				"This promotion code is for a first plan only.",
			},
		}
		for name, tt := range tests {
			for _, try := range []func() error{
				func() error {
					_, err := w.Subscribe(t.Context(), tt.user, billing.SubscribeRequest{
						Tier:          "basic",
						PaymentMethod: "pm_card_visa", PromotionCode: tt.code,
					})
					return err
				},
				func() error {
					_, err := w.Preview(t.Context(), tt.user, billing.PreviewRequest{Tier: "basic", PromotionCode: tt.code})
					return err
				},
			} {
				f := wantFault(t, try(), fault.ValidationFailed)
				if !strings.HasPrefix(f.Message, tt.want) || f.Fields[0].Location != "body.promotion_code" {
					t.Errorf("%s: %+v", name, f)
				}
			}
		}
		// Nobody waits two minutes for a claim: the plan is begun at once without a code.
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}))
		w.must(w.Subscribe(t.Context(), returning, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}))
	})
}

// Stripe may know of a reason that we do not: its refusal is a sentence too, and frees the claim.
func TestPromotion_ARefusalOfStripesIsASentence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		// begun, paid and ended before any webhook
		s, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		w.lost(func() {
			w.checkout(s.CheckoutURL, "pay")
			w.must(w.api.V1Subscriptions.Cancel(t.Context(), w.stripeSubscriptions()[0].ID, nil))
		})
		code := w.code("percent_off=10", "restrictions[first_time_transaction]=true")
		_, err = w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier: "basic", PaymentMethod: "pm_card_visa",
			PromotionCode: code,
		})
		if f := wantFault(t, err, fault.ValidationFailed); f.Message != "This promotion code cannot be used for this "+
			"plan. Go on without one." {
			t.Fatal(f.Message)
		}
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}))
	})
}

func TestPromotion_IsPreviewedChargedToldAndCounted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		coupon             string
		now, next, regular int64  // in the preview
		words              string // of the discount
		mrr                int
		invoices           string // after four months
		told               string
	}{
		"half for three months": {
			"percent_off=50&duration=repeating&duration_in_months=3", 450, 450, 900, "50% off for 3 months", 450,
			"$4.50 paid, $4.50 paid, $4.50 paid, $9.00 paid", "you got a discount: 50% off for 3 months, with the code ",
		},
		"five dollars for ever": {
			"amount_off=500&currency=usd&duration=forever", 400, 400, 400, "$5.00 off every month", 400,
			"$4.00 paid, $4.00 paid, $4.00 paid, $4.00 paid", "your card was charged $4.00 for basic until",
		},
		"all of the first": {
			"percent_off=100&duration=once", 0, 900, 900, "100% off the first payment", 900,
			"$0.00 paid, $9.00 paid, $9.00 paid, $9.00 paid", "nothing was charged for basic until",
		},
	}
	each(t, func(t *testing.T, w *world) {
		for name, tt := range tests {
			user, code := w.user(), w.code(tt.coupon, "")
			p, err := w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "basic", PromotionCode: strings.ToLower(code)})
			if err != nil || p.NowCents != tt.now || p.Next != tt.next || p.Regular != tt.regular || p.NowOff != 900-tt.now ||
				p.Discount != (plan.Discount{Code: code, Words: tt.words}) {
				t.Fatalf("%s: %+v, %v", name, p, err)
			}
			before, err := w.Metrics(t.Context(), time.Time{}, w.sb.Now().Add(time.Minute))
			w.must(nil, err)
			w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{
				Tier: "basic", PaymentMethod: "pm_card_visa",
				PromotionCode: code,
			}))
			after, err := w.Metrics(t.Context(), time.Time{}, w.sb.Now().Add(time.Minute))
			if err != nil || after.MRRCents-before.MRRCents != tt.mrr {
				t.Errorf("%s: worth %d, want %d", name, after.MRRCents-before.MRRCents, tt.mrr)
			}
			for range 3 {
				w.sb.Advance(31 * dayLong)
				w.deliver()
			}
			if got := w.invoices(user); got != tt.invoices {
				t.Errorf("%s: %s, want %s", name, got, tt.invoices)
			}
			if got := w.tale(user); !strings.Contains(got, tt.told) {
				t.Errorf("%s: the story lacks %q:\n%s", name, tt.told, got)
			}
		}
	})
}

func TestPromotion_ADiscountThatEndedRaisesTheRevenue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier: "pro", PaymentMethod: "pm_card_visa",
			PromotionCode: w.code("percent_off=50&duration=repeating&duration_in_months=1", ""),
		}))
		w.sb.Advance(40 * dayLong)
		w.deliver()
		if m, err := w.Metrics(t.Context(), time.Time{}, w.sb.Now().Add(time.Minute)); err != nil || m.MRRCents != 2900 {
			t.Fatalf("%+v, %v", m, err)
		}
	})
}

func TestPromotion_AnUpgradeWithACodeCountsItOnlyOncePaid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, code := w.subscriber("basic"), w.code("percent_off=50&duration=forever", "max_redemptions=5")
		p, err := w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "pro", PromotionCode: code})
		if err != nil || p.NowCents != 1450-900 || p.NowOff != 1450 || p.Next != 1450 || p.Regular != 1450 {
			t.Fatalf("%+v, %v", p, err)
		}
		w.card("pm_card_chargeCustomerFail")
		_, err = w.Change(t.Context(), user, billing.ChangeRequest{Tier: "pro", PromotionCode: code, AsOf: p.AsOf})
		wantFault(t, err, fault.ValidationFailed)
		w.deliver()
		if got := w.tale(user); strings.Contains(got, "discount") || w.subscription(user).Plan != "basic" {
			t.Fatalf("a change that was declined gave a discount:\n%s", got)
		}
		w.card("pm_card_visa")
		w.must(w.Change(t.Context(), user, billing.ChangeRequest{Tier: "pro", PromotionCode: code, AsOf: p.AsOf}))
		w.deliver()
		if got := w.invoices(user); got != "$9.00 paid, $5.50 void, $5.50 paid" {
			t.Fatal(got)
		}
		other := w.code("percent_off=90&duration=forever", "")
		for name, r := range map[string]billing.ChangeRequest{
			"kept":    {Tier: "pro", PromotionCode: other},
			"lowered": {Tier: "basic", PromotionCode: other},
		} {
			_, err = w.Change(t.Context(), user, r)
			if f := wantFault(t, err, fault.ValidationFailed); !strings.HasPrefix(f.Message,
				"A promotion code counts for a new plan or for a larger one.") {
				t.Errorf("%s: %s", name, f.Message)
			}
		}
	})
}

func TestPromotion_OneDiscountAtATime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, first := w.user(), w.code("percent_off=10&duration=forever", "")
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier: "basic", PaymentMethod: "pm_card_visa",
			PromotionCode: first,
		}))
		_, err := w.Change(t.Context(), user, billing.ChangeRequest{
			Tier:          "pro",
			PromotionCode: w.code("percent_off=90&duration=forever", ""),
		})
		if f := wantFault(t, err, fault.ValidationFailed); f.Message != "Your plan has a discount already (10% off every "+
			"month, with the code "+first+"), and only one counts at a time. Go on without the code." {
			t.Fatal(f.Message)
		}
		w.must(w.change(user, "pro"))
		w.sb.Advance(31 * dayLong)
		w.deliver()
		if got := w.invoices(user); !strings.HasSuffix(got, "$26.10 paid") {
			t.Fatalf("the discount did not go along: %s", got)
		}
	})
}

// A schedule whose phases do not name them leaves a subscription without its discounts.
func TestPromotion_ADowngradeKeepsTheDiscount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier: "pro", PaymentMethod: "pm_card_visa",
			PromotionCode: w.code("percent_off=50&duration=forever", ""),
		}))
		w.must(w.change(user, "basic"))
		w.sb.Advance(31 * dayLong)
		w.deliver()
		if got := w.invoices(user); got != "$14.50 paid, $4.50 paid" {
			t.Fatal(got)
		}
	})
}

func TestPromotion_IsTypedOnTheCheckoutPageWhereItWasNotGiven(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		code := w.code("percent_off=50&duration=forever", "")
		given, typed, off := w.user(), w.user(), w.user()
		s, err := w.Subscribe(t.Context(), given, billing.SubscribeRequest{Tier: "basic", PromotionCode: code})
		w.must(nil, err)
		w.checkout(s.CheckoutURL, "pay")
		s, err = w.Subscribe(t.Context(), typed, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		if at := w.checkoutWith(s.CheckoutURL, url.Values{"action": {"pay"}, "code": {"WRONG"}}); at != "" {
			t.Fatalf("a wrong code leads to %s", at)
		}
		w.checkoutWith(s.CheckoutURL, url.Values{"action": {"pay"}, "code": {code}})
		w.policy(func(c *billing.Config) { c.Codes = false })
		s, err = w.Subscribe(t.Context(), off, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		w.checkoutWith(s.CheckoutURL, url.Values{"action": {"pay"}, "code": {code}})
		w.deliver()
		for user, want := range map[string]string{given: "$4.50 paid", typed: "$4.50 paid", off: "$9.00 paid"} {
			if got := w.invoices(user); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		_, err = w.Preview(t.Context(), w.user(), billing.PreviewRequest{Tier: "basic", PromotionCode: code})
		if f := wantFault(t, err, fault.ValidationFailed); f.Message != "Promotion codes are not taken here. Go on "+
			"without one." {
			t.Fatal(f.Message)
		}
	})
}

func TestPromotion_EveryTryIsCountedBeforeStripeIsAsked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		left, tries := 3, map[string]int{}
		w.policy(func(c *billing.Config) {
			c.TakeCode = func(_ context.Context, user string) error {
				tries[user]++
				if tries[user] > left {
					return fault.RateLimited.After(time.Minute)
				}
				return nil
			}
		})
		user, good := w.subscriber("basic"), w.code("percent_off=10", "")
		tryAll := []func(code string) error{
			func(code string) error {
				_, err := w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "pro", PromotionCode: code})
				return err
			},
			func(code string) error {
				_, err := w.Change(t.Context(), user, billing.ChangeRequest{Tier: "pro", PromotionCode: code})
				return err
			},
			func(code string) error {
				_, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro", PromotionCode: code})
				return err
			},
		}
		for _, try := range tryAll {
			wantFault(t, try("GUESS-1"), fault.ValidationFailed)
		}
		for _, try := range tryAll {
			wantFault(t, try(good), fault.RateLimited)
		}
		if _, err := w.Preview(t.Context(), user, billing.PreviewRequest{Tier: "pro"}); err != nil || tries[user] != 6 {
			t.Fatalf("without a code: %v, %d tries", err, tries[user])
		}
	})
}
