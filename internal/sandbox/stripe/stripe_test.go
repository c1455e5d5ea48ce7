package stripe_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// box is a Stripe whose clock stands still between Advances.
type box struct {
	*sandbox.Sandbox
	t *testing.T
}

func newBox(t *testing.T) *box {
	at := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	return &box{sandbox.New(sandbox.Config{Now: func() time.Time { return at }}), t}
}

// call sends a form as a client with the right key; the header overrides.
func (b *box) call(method, path, form string, header ...string) (int, map[string]any) {
	b.t.Helper()
	r := httptest.NewRequest(method, "/stripe"+path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+stripe.APIKey)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		b.t.Fatalf("status %d, not JSON: %q", w.Code, w.Body)
	}
	return w.Code, out
}

func (b *box) ok(method, path, form string, header ...string) map[string]any {
	b.t.Helper()
	status, out := b.call(method, path, form, header...)
	if status != http.StatusOK {
		b.t.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	return out
}

// customer makes one with a card attached.
func (b *box) customer(card string) (customer, method string) {
	b.t.Helper()
	customer = b.ok("POST", "/v1/customers", "metadata[repazoo_user]=ann")["id"].(string)
	return customer, b.ok("POST", "/v1/payment_methods/"+card+"/attach", "customer="+customer)["id"].(string)
}

func (b *box) subscribe(card string) map[string]any {
	b.t.Helper()
	customer, method := b.customer(card)
	return b.ok("POST", "/v1/subscriptions", "customer="+customer+"&items[0][price]=price_basic&default_payment_method="+method+"&expand[0]=latest_invoice.confirmation_secret")
}

func period(sub map[string]any) string {
	item := sub["items"].(map[string]any)["data"].([]any)[0].(map[string]any)
	at := func(name string) string { return time.Unix(int64(item[name].(float64)), 0).UTC().Format("2006-01-02") }
	return at("current_period_start") + " " + at("current_period_end")
}

func TestStripe_RefusesWhatTheRealOneRefuses(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	customer, method := b.customer("pm_card_visa")
	stranger, _ := b.customer("pm_card_visa")
	good := "customer=" + customer + "&items[0][price]=price_basic&default_payment_method=" + method
	tests := map[string]struct {
		method, path, form string
		header             []string
		want               string
	}{
		"no key": {"GET", "/v1/prices", "", []string{"Authorization", ""}, "401 invalid_request_error"},
		"wrong key": {
			"GET", "/v1/prices", "",
			[]string{"Authorization", "Bearer sk_live_other"},
			"401 invalid_request_error",
		},
		"another version": {
			"GET", "/v1/prices", "",
			[]string{"Stripe-Version", "2020-08-27"},
			"400 invalid_request_error",
		},
		"unknown path": {"GET", "/v1/payouts", "", nil, "404 invalid_request_error"},
		"unknown parameter": {
			"POST", "/v1/customers", "nickname=a", nil,
			"400 invalid_request_error parameter_unknown nickname",
		},
		"unknown nested": {"POST", "/v1/subscriptions", good +
			"&items[0][prize]=a", nil, "400 invalid_request_error parameter_unknown items[0][prize]"},
		"no customer": {
			"POST", "/v1/subscriptions", "items[0][price]=price_basic", nil,
			"400 invalid_request_error parameter_missing customer",
		},
		"unknown customer": {
			"POST", "/v1/subscriptions", "customer=cus_x", nil,
			"400 invalid_request_error resource_missing customer",
		},
		"unknown price": {"POST", "/v1/subscriptions", "customer=" + customer +
			"&items[0][price]=price_x", nil, "400 invalid_request_error resource_missing items[0][price]"},
		"another's method": {
			"POST", "/v1/subscriptions", strings.Replace(good, customer, stranger, 1), nil,
			"400 invalid_request_error default_payment_method",
		},
		"unknown subscription": {"GET", "/v1/subscriptions/sub_x", "", nil, "404 invalid_request_error resource_missing id"},
		"a declined card": {"POST", "/v1/payment_methods/pm_card_chargeDeclined/attach", "customer=" +
			customer, nil, "402 card_error card_declined"},
		"one-off checkout": {"POST", "/v1/checkout/sessions", "mode=payment&customer=" + customer +
			"&line_items[0][price]=price_pro&success_url=https://a.b", nil, "400 invalid_request_error mode"},
		"a path for a URL": {"POST", "/v1/checkout/sessions", "mode=subscription&customer=" + customer +
			"&line_items[0][price]=price_pro&success_url=/done", nil, "400 invalid_request_error url_invalid success_url"},
		"a long key": {
			"POST", "/v1/customers", "",
			[]string{"Idempotency-Key", strings.Repeat("k", 256)},
			"400 invalid_request_error",
		},
		"a limit of 0": {
			"GET", "/v1/events?limit=0", "", nil,
			"400 invalid_request_error parameter_invalid_integer limit",
		},
	}
	for name, tt := range tests {
		status, out := b.call(tt.method, tt.path, tt.form, tt.header...)
		e, _ := out["error"].(map[string]any)
		got := fmt.Sprint(status, " ", e["type"])
		for _, detail := range []string{"code", "param"} {
			if v, ok := e[detail].(string); ok {
				got += " " + v
			}
		}
		if got != tt.want || e["message"] == "" {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestStripe_AnIdempotencyKeyReplaysItsAnswerForADay(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	key := []string{"Idempotency-Key", "k"}
	first := b.ok("POST", "/v1/customers", "name=a", key...)
	if again := b.ok("POST", "/v1/customers", "name=a", key...); again["id"] != first["id"] {
		t.Fatal("the key made a second customer")
	}
	status, out := b.call("POST", "/v1/customers", "name=b", key...)
	if e := out["error"].(map[string]any); status != 400 || e["type"] != "idempotency_error" {
		t.Fatalf("%d %v", status, out)
	}
	b.Advance(24 * time.Hour)
	if later := b.ok("POST", "/v1/customers", "name=b", key...); later["id"] == first["id"] {
		t.Fatal("the key outlived its day")
	}
}

func TestStripe_ARefusalIsNotKeptUnderItsKeyAndADeclineIs(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	customer, _ := b.customer("pm_card_visa")
	b.call("POST", "/v1/subscriptions", "customer=cus_x", "Idempotency-Key", "k")
	status, _ := b.call("POST", "/v1/payment_methods/pm_card_visa/attach", "customer="+customer, "Idempotency-Key", "k")
	if status != 200 {
		t.Fatalf("the refused call kept its key: %d", status)
	}
	for range 2 {
		status, _ := b.call("POST", "/v1/payment_methods/pm_card_chargeDeclined/attach", "customer="+customer,
			"Idempotency-Key", "d")
		if status != 402 {
			t.Fatalf("got %d", status)
		}
	}
}

func TestStripe_SearchLearnsOfACustomerAMinuteLate(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.customer("pm_card_visa")
	find := "/v1/customers/search?query=" + url.QueryEscape("metadata['repazoo_user']:'ann'")
	if n := len(b.ok("GET", find, "")["data"].([]any)); n != 0 {
		t.Fatalf("found %d at once", n)
	}
	b.Advance(time.Minute)
	if n := len(b.ok("GET", find, "")["data"].([]any)); n != 1 {
		t.Fatalf("found %d after a minute", n)
	}
}

func TestStripe_RenewsByTheMonthsLastDay(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.subscribe("pm_card_visa")
	if got := period(sub); sub["status"] != "active" || got != "2026-01-31 2026-02-28" {
		t.Fatal(sub["status"], got)
	}
	b.Advance(70 * 24 * time.Hour) // to 11 April
	now := b.ok("GET", "/v1/subscriptions/"+sub["id"].(string), "")
	if got := period(now); now["status"] != "active" || got != "2026-03-31 2026-04-30" {
		t.Fatal(now["status"], got)
	}
	paid := b.ok("GET", "/v1/events?type=invoice.paid&limit=100", "")["data"].([]any)
	if len(paid) != 3 {
		t.Fatalf("%d invoices were paid", len(paid))
	}
}

func TestStripe_AnUnpaidStartIsConfirmedOrExpires(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		confirm bool
		want    string
	}{"confirmed": {true, "active"}, "forgotten": {false, "incomplete_expired"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			sub := b.subscribe("pm_card_authenticationRequired")
			secret := sub["latest_invoice"].(map[string]any)["confirmation_secret"].(map[string]any)["client_secret"].(string)
			if sub["status"] != "incomplete" || b.Stripe().Authenticate("wrong") == nil {
				t.Fatal(sub["status"])
			}
			if tt.confirm {
				if err := b.Stripe().Authenticate(secret); err != nil {
					t.Fatal(err)
				}
			}
			b.Advance(23 * time.Hour)
			if got := b.ok("GET", "/v1/subscriptions/"+sub["id"].(string), "")["status"]; got != tt.want {
				t.Fatal(got)
			}
		})
	}
}

func TestStripe_CheckoutPageSaysThereIsNoMoneyAndPaysOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	customer, _ := b.customer("pm_card_visa")
	cs := b.ok("POST", "/v1/checkout/sessions", "mode=subscription&customer="+customer+
		"&line_items[0][price]=price_pro&line_items[0][quantity]=1&success_url="+url.QueryEscape("https://a.b/done?s={CHECKOUT_SESSION_ID}")+"&cancel_url=https://a.b/back")
	page := strings.TrimPrefix(cs["url"].(string), "http://example.com")
	visit := func(method, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, page, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		b.Handler().ServeHTTP(w, r)
		return w
	}
	if w := visit("GET", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "Sandbox: no real money") ||
		!strings.Contains(w.Body.String(), "$29.00") {
		t.Fatal(w.Code, w.Body)
	}
	if to := visit("POST", "action=cancel").Header().Get("Location"); to != "https://a.b/back" {
		t.Fatalf("cancel led to %q", to)
	}
	for range 2 { // a reader who presses twice
		if to := visit("POST", "action=pay").Header().Get("Location"); to != "https://a.b/done?s="+cs["id"].(string) {
			t.Fatalf("pay led to %q", to)
		}
	}
	if n := len(b.ok("GET", "/v1/subscriptions?customer="+customer, "")["data"].([]any)); n != 1 {
		t.Fatalf("%d subscriptions", n)
	}
}

func TestStripe_WebhooksTravelAsBadlyAsTold(t *testing.T) {
	t.Parallel()
	const want = "customer.created,payment_method.attached"
	tests := map[string]struct {
		how  stripe.Delivery
		fail int // refusals before the first success
		want string
	}{
		"well": {stripe.Delivery{}, 0, want},
		"duplicated": {
			stripe.Delivery{Duplicate: true},
			0,
			"customer.created,customer.created,payment_method.attached,payment_method.attached",
		},
		"lost":    {stripe.Delivery{Lose: true}, 0, ""},
		"refused": {stripe.Delivery{}, 2, want},
		"delayed": {stripe.Delivery{Delay: time.Millisecond}, 0, want},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, in := newBox(t), &mailbox{fail: tt.fail}
			srv := httptest.NewServer(in)
			t.Cleanup(srv.Close)
			b.Stripe().DeliverTo(srv.URL, "whsec_x")
			b.Stripe().Misdeliver(tt.how)
			customer := b.ok("POST", "/v1/customers", "")["id"].(string)
			if err := b.Stripe().Delivered(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.ok("POST", "/v1/payment_methods/pm_card_visa/attach", "customer="+customer)
			if err := b.Stripe().Delivered(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(in.types, ","); got != tt.want {
				t.Fatalf("got %q", got)
			}
		})
	}
}

func TestStripe_ReorderTurnsTheEventsOfOneCallAround(t *testing.T) {
	t.Parallel()
	order := func(how stripe.Delivery) string {
		b, in := newBox(t), &mailbox{}
		srv := httptest.NewServer(in)
		defer srv.Close()
		customer, method := b.customer("pm_card_visa")
		b.Stripe().DeliverTo(srv.URL, "whsec_x")
		b.Stripe().Misdeliver(how)
		b.ok("POST", "/v1/subscriptions", "customer="+customer+"&items[0][price]=price_pro&default_payment_method="+method)
		if err := b.Stripe().Delivered(t.Context()); err != nil {
			t.Fatal(err)
		}
		return strings.Join(in.types, " ")
	}
	if got := order(stripe.Delivery{}); got != "customer.subscription.created invoice.finalized invoice.paid" {
		t.Fatal(got)
	}
	if got := order(stripe.Delivery{Reorder: true}); got != "invoice.paid invoice.finalized "+
		"customer.subscription.created" {
		t.Fatal(got)
	}
}

// mailbox notes the types of signed webhooks.
type mailbox struct {
	mu    sync.Mutex
	fail  int
	types []string
}

func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail--; m.fail >= 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var e struct{ Type string }
	if err := json.NewDecoder(r.Body).Decode(&e); err == nil &&
		strings.HasPrefix(r.Header.Get("Stripe-Signature"), "t=1769850000,v1=") {
		m.types = append(m.types, e.Type)
	}
}
