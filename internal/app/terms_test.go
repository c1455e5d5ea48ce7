package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/db"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// code makes a promotion code in the stand-in's account, as an operator would.
func code(t *testing.T, base, code, coupon string) {
	t.Helper()
	ask := func(path, form string) (out struct{ ID string }) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/stripe"+path, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+stripesandbox.APIKey)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
		}
		return out
	}
	ask("/v1/promotion_codes", "promotion[type]=coupon&code="+code+"&promotion[coupon]="+ask("/v1/coupons", coupon).ID)
}

func TestPlans_ATrialACodeAndTaxByConfiguration(t *testing.T) {
	t.Parallel()
	base := start(t, &syncBuffer{}, map[string]string{
		"TRIAL_DAYS": "14", "TRIAL_QUOTA": "3", "TRIAL_X_READS": "50",
		"STRIPE_TAX": "on",
	})
	code(t, base, "WELCOME", "percent_off=50&duration=forever")
	ann := signIn(t, base, gus)
	has := func(answer string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(answer, w) {
				t.Errorf("the answer lacks %s:\n%s", w, answer)
			}
		}
	}
	has(ann.must(200, "GET", "/api/v1/plans", ""), `"trial_days":14`)
	has(ann.must(200, "POST", "/api/v1/subscriptions/preview", `{"tier":"pro","promotion_code":"welcome"}`),
		`"discount":{"code":"WELCOME","words":"50% off every month"}`, `"tax_unknown":true`, `"regular_cents":1450`,
		`"trial_end":"20`)
	has(ann.must(422, "POST", "/api/v1/subscriptions", `{"tier":"pro","promotion_code":"GUESS"}`),
		`"code":"validation_failed"`, `body.promotion_code`, "There is no such promotion code.")
	has(ann.must(409, "POST", "/api/v1/subscriptions", `{"tier":"pro","payment_method_id":"pm_card_visa"}`),
		"Tax depends on where you live")
	var s struct {
		CheckoutURL string `json:"checkout_url"`
	}
	if err := json.Unmarshal([]byte(ann.must(201, "POST", "/api/v1/subscriptions",
		`{"tier":"pro","promotion_code":"WELCOME"}`)), &s); err != nil {
		t.Fatal(err)
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ann.fetch(c, "POST", s.CheckoutURL, map[string][]string{"action": {"pay"}, "country": {"DE"}})
	eventually(t, "the trial", func() bool {
		return strings.Contains(ann.must(200, "GET", "/api/v1/subscriptions", ""), `"status":"trialing"`)
	})
	has(ann.must(200, "GET", "/api/v1/subscriptions", ""), `"entitled":true`, `"trial_end":"20`, `"limit":3`,
		`"no_card":false`)
	has(ann.must(200, "GET", "/api/v1/subscriptions/timeline", ""), "you began to try pro for free until",
		"50% off every month, with the code WELCOME")
	has(ann.must(200, "POST", "/api/v1/subscriptions/preview", `{"tier":"basic"}`), `"kind":"trial"`,
		`"amount_cents":536`, `"tax_cents":86`)
}

func TestLimits_PromotionCodesCannotBeFoundByTrying(t *testing.T) {
	t.Parallel()
	base := start(t, &syncBuffer{}, map[string]string{"RATE_LIMIT_CODES_PER_MINUTE": "3"})
	code(t, base, "WELCOME", "percent_off=50&duration=forever")
	ann, bob := signIn(t, base, gus), signIn(t, base, "ada_fernhill")
	for range 3 {
		ann.must(422, "POST", "/api/v1/subscriptions/preview", `{"tier":"pro","promotion_code":"GUESS"}`)
	}
	status, header, answer := ann.call("POST", "/api/v1/subscriptions", `{"tier":"pro","promotion_code":"WELCOME"}`)
	if status != http.StatusTooManyRequests || header.Get("Retry-After") == "" ||
		!strings.Contains(answer, "many promotion codes") {
		t.Fatalf("%d, Retry-After %q: %s", status, header.Get("Retry-After"), answer)
	}
	ann.must(200, "POST", "/api/v1/subscriptions/preview", `{"tier":"pro"}`)
	bob.must(200, "POST", "/api/v1/subscriptions/preview", `{"tier":"pro","promotion_code":"WELCOME"}`)
}

// users counts everybody.
func users(t *testing.T, a *app.App) int {
	t.Helper()
	n, err := db.ReadOne(t.Context(), a.DB, db.System, db.Value[int], `SELECT count(*) FROM users`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Whoever erases themselves and signs in again with the same X account pays from the first day.
func TestErase_DoesNotGiveTheTrialBack(t *testing.T) {
	t.Parallel()
	a := run(t, &syncBuffer{}, map[string]string{"TRIAL_DAYS": "14"})
	base := a.URL()
	begin := func() (p *person, status string) {
		p = signIn(t, base, gus)
		var s struct{ Status string }
		if err := json.Unmarshal([]byte(p.must(201, "POST", "/api/v1/subscriptions",
			`{"tier":"basic","payment_method_id":"pm_card_visa"}`)), &s); err != nil {
			t.Fatal(err)
		}
		return p, s.Status
	}
	p, status := begin()
	if status != "trialing" {
		t.Fatalf("the first plan begins %s", status)
	}
	p.must(202, "DELETE", "/api/v1/users/me", `{"confirm":"`+gus+`"}`)
	eventually(t, "the erasure", func() bool { return users(t, a) == 0 })
	if _, status := begin(); status != "active" {
		t.Fatalf("after the erasure it begins %s", status)
	}
}
