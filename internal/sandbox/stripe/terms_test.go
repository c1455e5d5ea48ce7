package stripe_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// begin starts a subscription of basic with what the form adds to it; without a card when there is none.
func (b *box) begin(card, form string) map[string]any {
	b.t.Helper()
	customer := b.ok("POST", "/v1/customers", "address[country]=DE")["id"].(string)
	params := "customer=" + customer + "&items[0][price]=price_basic"
	if card != "" {
		params += "&default_payment_method=" + b.ok("POST", "/v1/payment_methods/"+card+"/attach",
			"customer="+customer)["id"].(string)
	}
	return b.ok("POST", "/v1/subscriptions", params+form)
}

// promotion makes a code of a coupon and gives its id.
func (b *box) promotion(coupon, form string) string {
	b.t.Helper()
	id := b.ok("POST", "/v1/coupons", coupon)["id"].(string)
	return b.ok("POST", "/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]="+id+form)["id"].(string)
}

// kinds are the types of the events since the beginning, oldest first.
func (b *box) kinds() (all []string) {
	for _, e := range b.ok("GET", "/v1/events?limit=100", "")["data"].([]any) {
		all = append([]string{e.(map[string]any)["type"].(string)}, all...)
	}
	return all
}

func TestStripe_ATrialEndsAsItsSettingsSay(t *testing.T) {
	t.Parallel()
	const trial = "&trial_period_days=10&trial_settings[end_behavior][missing_payment_method]="
	tests := map[string]struct{ card, form, want string }{
		"with a card":               {"pm_card_visa", trial + "cancel", "active paid 900"},
		"with one that never pays":  {"pm_card_chargeCustomerFail", trial + "cancel", "past_due open 900"},
		"without one, cancelled":    {"", trial + "cancel", "canceled paid 0"},
		"without one, paused":       {"", trial + "pause", "paused paid 0"},
		"without one, and it owes":  {"", trial + "create_invoice", "past_due open 900"},
		"without a word about that": {"", "&trial_period_days=10", "past_due open 900"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			sub := b.begin(tt.card, tt.form)
			if sub["status"] != "trialing" || period(sub) != "2026-01-31 2026-02-10" {
				t.Fatal(sub["status"], period(sub))
			}
			warned := func() bool { return strings.Contains(strings.Join(b.kinds(), " "), "trial_will_end") }
			if b.Advance(7*24*time.Hour - time.Minute); warned() {
				t.Fatal("it was warned of too early")
			}
			if b.Advance(2 * time.Minute); !warned() {
				t.Fatal("nobody was warned three days before")
			}
			b.Advance(3 * 24 * time.Hour)
			now := b.get(sub)
			in := now["latest_invoice"].(map[string]any)
			if got := fmt.Sprint(now["status"], " ", in["status"], " ", in["total"]); got != tt.want {
				t.Fatalf("%s, want %s", got, tt.want)
			}
			if n := strings.Count(strings.Join(b.kinds(), " "), "trial_will_end"); n != 1 {
				t.Fatalf("warned %d times", n)
			}
		})
	}
}

func TestStripe_APausedSubscriptionIsResumedOnceItIsPaid(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.begin("", "&trial_period_days=1&trial_settings[end_behavior][missing_payment_method]=pause")
	id := sub["id"].(string)
	if status, _ := b.call("POST", "/v1/subscriptions/"+id+"/resume", ""); status != http.StatusBadRequest {
		t.Fatalf("a trial is resumed: %d", status)
	}
	b.Advance(40 * 24 * time.Hour)
	for _, tt := range []struct {
		card, want string
		status     int
	}{{"", "paused", 400}, {"pm_card_chargeCustomerFail", "paused", 200}, {"pm_card_visa", "active", 200}} {
		if tt.card != "" {
			m := b.ok("POST", "/v1/payment_methods/"+tt.card+"/attach", "customer="+sub["customer"].(string))["id"].(string)
			b.ok("POST", "/v1/subscriptions/"+id, "default_payment_method="+m)
		}
		status, _ := b.call("POST", "/v1/subscriptions/"+id+"/resume", "")
		if now := b.get(sub); status != tt.status || now["status"] != tt.want {
			t.Fatalf("%q: %d, %v", tt.card, status, now["status"])
		}
	}
	if got := period(b.get(sub)); got != "2026-03-12 2026-04-12" {
		t.Fatal(got)
	}
}

func TestStripe_ADiscountLastsAsLongAsItsCouponSays(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ coupon, want string }{
		"once":             {"percent_off=50", "450 900 900 900"},
		"for two months":   {"percent_off=33.3&duration=repeating&duration_in_months=2", "600 600 900 900"},
		"for ever":         {"amount_off=250&currency=usd&duration=forever", "650 650 650 650"},
		"more than it is":  {"amount_off=5000&currency=usd&duration=once", "0 900 900 900"},
		"all of it always": {"percent_off=100&duration=forever", "0 0 0 0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			sub := b.begin("pm_card_visa", "&discounts[0][promotion_code]="+b.promotion(tt.coupon, ""))
			b.Advance(93 * 24 * time.Hour)
			var got []string
			for _, in := range b.ok("GET", "/v1/invoices?subscription="+sub["id"].(string), "")["data"].([]any) {
				in := in.(map[string]any)
				if in["status"] != "paid" || in["total"] != in["amount_paid"] {
					t.Errorf("%v", in)
				}
				got = append([]string{fmt.Sprint(in["total"])}, got...)
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Fatalf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestStripe_RefusesTermsAsTheRealOneDoes(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	bare := sandbox.New(sandbox.Config{Now: b.Now, Stripe: stripe.Config{NoTax: true}})
	customer, method := b.customer("pm_card_visa") // lives nowhere
	stranger, _ := b.customer("pm_card_visa")
	spent := b.promotion("percent_off=10", "&max_redemptions=1")
	b.begin("pm_card_visa", "&discounts[0][promotion_code]="+spent)
	theirs := b.promotion("percent_off=10", "&customer="+stranger)
	over := b.promotion("percent_off=10", fmt.Sprintf("&expires_at=%d", b.Now().Unix()+5))
	b.Advance(time.Minute)
	sub := "customer=" + customer + "&items[0][price]=price_basic&default_payment_method=" + method
	page := "mode=subscription&customer=" + customer + "&line_items[0][price]=price_pro&success_url=https://a.b"
	tests := map[string]struct{ path, form, want string }{
		"a used code": {"/v1/subscriptions", sub + "&discounts[0][promotion_code]=" +
			spent, " discounts[0][promotion_code]"},
		"another's code": {"/v1/subscriptions", sub + "&discounts[0][promotion_code]=" +
			theirs, " discounts[0][promotion_code]"},
		"an expired code": {"/v1/subscriptions", sub + "&discounts[0][promotion_code]=" +
			over, " discounts[0][promotion_code]"},
		"an unknown code": {"/v1/subscriptions", sub +
			"&discounts[0][promotion_code]=promo_x", "resource_missing discounts[0][promotion_code]"},
		"another's discount": {
			"/v1/invoices/create_preview", "customer=" + customer +
				"&subscription_details[items][0][price]=price_pro&discounts[0][discount]=di_x",
			"resource_missing discounts[0][discount]",
		},
		"a trial of no days": {"/v1/subscriptions", sub +
			"&trial_period_days=0", "parameter_invalid_integer trial_period_days"},
		"a trial of years": {"/v1/subscriptions", sub + "&trial_period_days=731", " trial_period_days"},
		"an end that is none": {
			"/v1/subscriptions", sub +
				"&trial_period_days=7&trial_settings[end_behavior][missing_payment_method]=wait",
			" trial_settings[end_behavior][missing_payment_method]",
		},
		"tax without an address": {"/v1/subscriptions", sub +
			"&automatic_tax[enabled]=true", "customer_tax_location_invalid "},
		"tax on a page, likewise": {"/v1/checkout/sessions", page +
			"&automatic_tax[enabled]=true", "customer_tax_location_invalid customer_update[address]"},
		"codes given and asked": {"/v1/checkout/sessions", page +
			"&allow_promotion_codes=true&discounts[0][promotion_code]=" + b.promotion("percent_off=5", ""), " "},
		"an odd card collection": {"/v1/checkout/sessions", page +
			"&payment_method_collection=never", " payment_method_collection"},
		"a coupon of nothing":      {"/v1/coupons", "duration=once", " "},
		"a coupon of both":         {"/v1/coupons", "percent_off=5&amount_off=5&currency=usd", " "},
		"a coupon without money":   {"/v1/coupons", "amount_off=5", "parameter_missing currency"},
		"months without repeating": {"/v1/coupons", "percent_off=5&duration_in_months=3", " duration_in_months"},
		"more than all of it":      {"/v1/coupons", "percent_off=101", " percent_off"},
		"a code for no coupon": {
			"/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=NONE",
			"resource_missing promotion[coupon]",
		},
		"a country that is none": {"/v1/customers", "address[country]=Germany", " address[country]"},
	}
	for name, tt := range tests {
		status, out := b.call("POST", tt.path, tt.form)
		e, _ := out["error"].(map[string]any)
		str := func(k string) string { v, _ := e[k].(string); return v }
		if got := str("code") + " " + str("param"); status != http.StatusBadRequest || got != tt.want {
			t.Errorf("%s: %d %q, want %q", name, status, got, tt.want)
		}
	}
	none := &box{bare, t}
	cu := none.ok("POST", "/v1/customers", "address[country]=DE")["id"].(string)
	if status, _ := none.call("POST", "/v1/checkout/sessions",
		strings.Replace(page, customer, cu, 1)+"&automatic_tax[enabled]=true"); status != http.StatusBadRequest {
		t.Errorf("an account without a head office reckons tax: %d", status)
	}
}

func TestStripe_TaxIsOnTopOfWhatDiscountsLeave(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.begin("pm_card_visa",
		"&automatic_tax[enabled]=true&discounts[0][promotion_code]="+b.promotion("percent_off=50&duration=forever", ""))
	in := b.get(sub)["latest_invoice"].(map[string]any)
	if got := fmt.Sprint(in["subtotal"], in["total_excluding_tax"], in["total"],
		in["amount_paid"]); got != "900 450 536 536" {
		t.Fatal(got)
	}
}

// A change that credits more than it costs leaves the rest to the customer's balance, and a void gives it back.
func TestStripe_WhatIsCreditedPaysTheNextInvoice(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.begin("pm_card_visa", "")
	id, item := parts(sub)
	all := b.promotion("percent_off=100&duration=once", "")
	b.ok("POST", "/v1/subscriptions/"+id,
		"items[0][id]="+item+"&items[0][price]=price_pro&discounts[0][promotion_code]="+all+upgrade)
	if got := b.ok("GET", "/v1/customers/"+sub["customer"].(string), "")["balance"]; got != -900.0 {
		t.Fatalf("to the customer's credit: %v", got)
	}
	b.Advance(29 * 24 * time.Hour)
	if in := b.get(sub)["latest_invoice"].(map[string]any); in["total"] != 2900.0 || in["amount_paid"] != 2000.0 {
		t.Fatalf("%v was charged of %v", in["amount_paid"], in["total"])
	}
}

func TestStripe_TrialsAndDiscountsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	open := func(file string) *box {
		s, err := sandbox.Open(sandbox.Config{Now: func() time.Time { return at }, StateFile: file})
		if err != nil {
			t.Fatal(err)
		}
		return &box{s, t}
	}
	file := filepath.Join(t.TempDir(), "state.json")
	b := open(file)
	half := b.promotion("percent_off=50&duration=forever", "")
	sub := b.begin("pm_card_visa", "&trial_period_days=2&discounts[0][promotion_code]="+half) // warned of at once
	customer, _ := b.customer("pm_card_visa")
	cs := b.ok("POST", "/v1/checkout/sessions", "mode=subscription&customer="+customer+"&line_items[0][price]=price_basic&success_url=https://a.b&subscription_data[trial_period_days]=5&discounts[0][promotion_code]="+half)
	b.Close()
	b = open(file)
	at = at.Add(3 * 24 * time.Hour)
	if in := b.get(sub)["latest_invoice"].(map[string]any); in["total"] != 450.0 {
		t.Fatal(in["total"])
	}
	if n := strings.Count(strings.Join(b.kinds(), " "), "trial_will_end"); n != 1 {
		t.Fatalf("warned %d times", n)
	}
	page := "/stripe/checkout/" + cs["id"].(string)
	rec := httptest.NewRecorder()
	b.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, page, nil))
	if rec.Code != http.StatusOK { // a day is over
		t.Fatal(rec.Code)
	}
	if status := b.ok("GET", "/v1/checkout/sessions/"+cs["id"].(string), "")["status"]; status != "expired" {
		t.Fatal(status)
	}
}

func TestStripe_TheCheckoutPageTellsTheTermsAndTakesACode(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.promotion("amount_off=300&currency=usd&duration=forever", "&code=THREE")
	customer, _ := b.customer("pm_card_visa")
	cs := b.ok("POST", "/v1/checkout/sessions",
		"mode=subscription&customer="+customer+"&line_items[0][price]=price_basic&success_url=https://a.b"+
			"&subscription_data[trial_period_days]=7&allow_promotion_codes=true&payment_method_collection=if_required"+
			"&automatic_tax[enabled]=true&customer_update[address]=auto")
	page := "/stripe/checkout/" + cs["id"].(string)
	visit := func(form string) string {
		method := map[bool]string{true: "GET", false: "POST"}[form == ""]
		r := httptest.NewRequest(method, page, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		b.Handler().ServeHTTP(rec, r)
		return rec.Body.String() + rec.Header().Get("Location")
	}
	for _, tt := range []struct{ form, want string }{
		{"", "Free until 7 February 2026."},
		{"", "Promotion code"},
		{"", "None yet"},
		{"", "Country"},
		{"action=apply&code=four", "This code is invalid."},
		{"action=apply&code=three", "$3.00 off for ever"},
		{"action=pay&code=three&card=none", "https://a.b"},
	} {
		if got := visit(tt.form); !strings.Contains(got, tt.want) {
			t.Fatalf("%q does not show %q:\n%s", tt.form, tt.want, got)
		}
	}
	done := b.ok("GET", "/v1/checkout/sessions/"+cs["id"].(string), "")
	if done["payment_status"] != "no_payment_required" || done["status"] != "complete" {
		t.Fatal(done)
	}
}
