package billing_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// ask is a person with curl at the stand-in of Stripe.
func (w *world) ask(method, path, form string) map[string]any {
	w.t.Helper()
	address, body := w.at+"/stripe"+path, form
	if method == http.MethodGet {
		address, body = address+"?"+form, ""
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(body))
	w.must(nil, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+stripesandbox.APIKey)
	client := http.DefaultClient
	if w.tests != nil {
		client = w.tests
	}
	res, err := client.Do(r)
	w.must(nil, err)
	defer res.Body.Close()
	var out map[string]any
	w.must(nil, json.NewDecoder(res.Body).Decode(&out))
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s %s: %v", method, path, out)
	}
	return out
}

// code makes a coupon and a promotion code of it, and gives what people type.
func (w *world) code(coupon, restrictions string) string {
	w.t.Helper()
	made := w.ask(http.MethodPost, "/v1/coupons", coupon)
	form := "promotion[type]=coupon&promotion[coupon]=" + made["id"].(string)
	if restrictions != "" {
		form += "&" + restrictions
	}
	return w.ask(http.MethodPost, "/v1/promotion_codes", form)["code"].(string)
}

func unixIn(w *world, d time.Duration) string {
	return strconv.FormatInt(w.sb.Now().Add(d).Unix(), 10)
}

// customer is Stripe's id of a user who has one.
func (w *world) customer(user string) string {
	w.t.Helper()
	for _, cu := range w.ask(http.MethodGet, "/v1/customers", "limit=100")["data"].([]any) {
		cu := cu.(map[string]any)
		if cu["metadata"].(map[string]any)["repazoo_user"] == user {
			return cu["id"].(string)
		}
	}
	w.t.Fatalf("%s is no customer", user)
	return ""
}

// lives tells Stripe where a user lives, as the billing page does.
func (w *world) lives(user, country string) {
	w.t.Helper()
	w.ask(http.MethodPost, "/v1/customers/"+w.customer(user), "address[country]="+cmp.Or(country, "DE"))
}

// checkoutWith fills in the page and returns where it leads.
func (w *world) checkoutWith(page string, form url.Values) string {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(page, form)
	w.must(nil, err)
	res.Body.Close()
	return res.Header.Get("Location")
}
