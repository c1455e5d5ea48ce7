package stripe_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
)

const upgrade = "&proration_behavior=always_invoice&payment_behavior=pending_if_incomplete&expand[0]=latest_invoice.confirmation_secret"

// parts are what a change of a subscription names.
func parts(sub map[string]any) (id, item string) {
	return sub["id"].(string), sub["items"].(map[string]any)["data"].([]any)[0].(map[string]any)["id"].(string)
}

func price(sub map[string]any) string {
	return sub["items"].(map[string]any)["data"].([]any)[0].(map[string]any)["price"].(map[string]any)["id"].(string)
}

func (b *box) get(sub map[string]any) map[string]any {
	b.t.Helper()
	return b.ok("GET", "/v1/subscriptions/"+sub["id"].(string)+"?expand[0]=latest_invoice&expand[1]=schedule", "")
}

// raise asks for pro with another card.
func (b *box) raise(sub map[string]any, card string) map[string]any {
	b.t.Helper()
	id, item := parts(sub)
	m := b.ok("POST", "/v1/payment_methods/"+card+"/attach", "customer="+sub["customer"].(string))["id"].(string)
	b.ok("POST", "/v1/subscriptions/"+id, "default_payment_method="+m)
	return b.ok("POST", "/v1/subscriptions/"+id, "items[0][id]="+item+"&items[0][price]=price_pro"+upgrade)
}

func TestStripe_AnUpgradeCountsOnlyOnceItIsPaid(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		card string
		then func(b *box, sub map[string]any)
		want string
	}{
		"paid at once":   {"pm_card_visa", func(*box, map[string]any) {}, "price_pro paid 2000 <nil>"},
		"declined":       {"pm_card_chargeCustomerFail", func(*box, map[string]any) {}, "price_basic open 2000 pending"},
		"needs the bank": {"pm_card_authenticationRequired", func(*box, map[string]any) {}, "price_basic open 2000 pending"},
		"confirmed": {"pm_card_authenticationRequired", func(b *box, sub map[string]any) {
			secret := sub["latest_invoice"].(map[string]any)["confirmation_secret"].(map[string]any)["client_secret"].(string)
			if err := b.Stripe().Authenticate(secret); err != nil {
				b.t.Error(err)
			}
		}, "price_pro paid 2000 <nil>"},
		"voided": {"pm_card_authenticationRequired", func(b *box, sub map[string]any) {
			b.ok("POST", "/v1/invoices/"+sub["latest_invoice"].(map[string]any)["id"].(string)+"/void", "")
		}, "price_basic void 2000 <nil>"},
		"forgotten": {
			"pm_card_authenticationRequired", func(b *box, _ map[string]any) { b.Advance(23 * time.Hour) },
			"price_basic void 2000 <nil>",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			sub := b.raise(b.subscribe("pm_card_visa"), tt.card)
			tt.then(b, sub)
			now := b.get(sub)
			pending := now["pending_update"]
			if pending != nil {
				pending = "pending"
			}
			in := now["latest_invoice"].(map[string]any)
			if got := fmt.Sprint(price(now), " ", in["status"], " ", in["total"], " ", pending); got != tt.want ||
				now["status"] != "active" {
				t.Fatal(now["status"], got)
			}
		})
	}
}

func TestStripe_AScheduleChangesThePriceBetweenTwoPeriods(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.raise(b.subscribe("pm_card_visa"), "pm_card_visa")
	sched := b.ok("POST", "/v1/subscription_schedules", "from_subscription="+sub["id"].(string))
	phase := sched["phases"].([]any)[0].(map[string]any)
	phases := fmt.Sprintf("phases[0][start_date]=%.0f&phases[0][end_date]=%.0f&phases[0][items][0][price]=price_pro&phases[1][items][0][price]=price_basic&phases[1][duration][interval]=month",
		phase["start_date"], phase["end_date"])
	card := "&phases[0][default_payment_method]=" + phase["default_payment_method"].(string) +
		"&phases[1][default_payment_method]=" + phase["default_payment_method"].(string)
	b.ok("POST", "/v1/subscription_schedules/"+sched["id"].(string), phases+card)
	status, _ := b.call("POST", "/v1/subscriptions/"+sub["id"].(string), "cancel_at_period_end=true")
	if now := b.get(sub); status != http.StatusBadRequest || price(now) != "price_pro" ||
		now["schedule"].(map[string]any)["id"] != sched["id"] {
		t.Fatal(status, now)
	}
	b.Advance(29 * 24 * time.Hour)
	if now := b.get(sub); price(now) != "price_basic" || now["status"] != "active" || now["schedule"] == nil {
		t.Fatal(now)
	}
	b.Advance(31 * 24 * time.Hour)
	if now := b.get(sub); price(now) != "price_basic" || now["status"] != "active" || now["schedule"] != nil {
		t.Fatal("after the schedule's end:", now)
	}
}

func TestStripe_APhaseWithoutACardLeavesTheSubscriptionWithout(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.subscribe("pm_card_visa")
	sched := b.ok("POST", "/v1/subscription_schedules", "from_subscription="+sub["id"].(string))
	phase := sched["phases"].([]any)[0].(map[string]any)
	b.ok("POST", "/v1/subscription_schedules/"+sched["id"].(string), fmt.Sprintf(
		"phases[0][start_date]=%.0f&phases[0][end_date]=%.0f&phases[0][items][0][price]=price_basic&phases[1][items][0][price]=price_basic&phases[1][duration][interval]=month",
		phase["start_date"], phase["end_date"]))
	b.Advance(29 * 24 * time.Hour)
	if now := b.get(sub); now["status"] != "past_due" {
		t.Fatal(now["status"])
	}
}

func TestStripe_RefusesChangesTheRealOneRefuses(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.subscribe("pm_card_visa")
	id, item := parts(sub)
	change := "items[0][id]=" + item + "&items[0][price]=price_pro"
	b.ok("POST", "/v1/subscription_schedules", "from_subscription="+id)
	paid := sub["latest_invoice"].(map[string]any)["id"].(string)
	tests := map[string]struct{ path, form string }{
		"a parameter beside a pending change": {"/v1/subscriptions/" + id, change + upgrade + "&metadata[a]=b"},
		"a pending change under a schedule":   {"/v1/subscriptions/" + id, change + upgrade},
		"an item of another": {"/v1/subscriptions/" + id, "items[0][id]=si_x&items[0][price]=price_pro" +
			upgrade},
		"an unknown price": {"/v1/subscriptions/" +
			id, strings.Replace(change, "price_pro", "price_x", 1) + upgrade},
		"a date outside the period":           {"/v1/subscriptions/" + id, change + upgrade + "&proration_date=1"},
		"a second schedule":                   {"/v1/subscription_schedules", "from_subscription=" + id},
		"a schedule of nothing":               {"/v1/subscription_schedules", ""},
		"voiding what is paid":                {"/v1/invoices/" + paid + "/void", ""},
		"a preview of nothing":                {"/v1/invoices/create_preview", ""},
		"a preview with an unknown parameter": {"/v1/invoices/create_preview", "coupon=a"},
		"a portal that leads nowhere": {"/v1/billing_portal/sessions", "customer=" + sub["customer"].(string) +
			"&return_url=/"},
	}
	for name, tt := range tests {
		if status, out := b.call("POST", tt.path, tt.form); status != http.StatusBadRequest {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
}

func TestStripe_AWaitingChangeAndAScheduleOutliveTheProcess(t *testing.T) {
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
	waiting := b.raise(b.subscribe("pm_card_visa"), "pm_card_authenticationRequired")
	planned := b.subscribe("pm_card_visa")
	b.ok("POST", "/v1/subscription_schedules", "from_subscription="+planned["id"].(string))
	b.Close()
	b = open(file)
	if now := b.get(planned); now["schedule"].(map[string]any)["status"] != "active" {
		t.Fatal(now["schedule"])
	}
	page := "/stripe/invoice/" + waiting["latest_invoice"].(map[string]any)["id"].(string)
	for _, form := range []string{"", "action=pay"} {
		r := httptest.NewRequest(map[bool]string{true: "GET", false: "POST"}[form == ""], page, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		b.Handler().ServeHTTP(rec, r)
		if want := map[bool]string{
			true:  "Confirm and pay $20.00",
			false: "This invoice is paid.",
		}[form == ""]; rec.Code != http.StatusOK ||
			!strings.Contains(rec.Body.String(), want) {
			t.Fatalf("%q: %d %s", form, rec.Code, rec.Body)
		}
	}
	if now := b.get(waiting); price(now) != "price_pro" || now["pending_update"] != nil {
		t.Fatal(now)
	}
}

func TestStripe_ThePortalShowsAndCancelsByDate(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.subscribe("pm_card_visa")
	portal := b.ok("POST", "/v1/billing_portal/sessions",
		"customer="+sub["customer"].(string)+"&return_url="+url.QueryEscape("https://a.b/plan"))
	page := strings.TrimPrefix(portal["url"].(string), "http://example.com")
	visit := func(method, form string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, page, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		b.Handler().ServeHTTP(rec, r)
		return rec
	}
	for _, want := range []string{"Repazoo Basic", "4242", "It renews on 28 February 2026.", `href="https://a.b/plan"`} {
		if body := visit("GET", "").Body.String(); !strings.Contains(body, want) {
			t.Fatalf("the page does not say %q:\n%s", want, body)
		}
	}
	if rec := visit("POST", "action=cancel"); rec.Code != http.StatusSeeOther ||
		rec.Header().Get("Location") != portal["id"] {
		t.Fatal(rec.Code, rec.Header())
	}
	if now := b.get(sub); now["cancel_at"] == nil || now["cancel_at_period_end"] != false {
		t.Fatal(now)
	}
	if body := visit("GET", "").Body.String(); !strings.Contains(body, "It ends on 28 February 2026.") {
		t.Fatal(body)
	}
	page = "/stripe/portal/nobody"
	if rec := visit("GET", ""); rec.Code != http.StatusNotFound {
		t.Fatal(rec.Code)
	}
}
