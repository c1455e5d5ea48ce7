package console_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/plan"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// ask is the operator at Stripe.
func (w *world) ask(path, form string) map[string]any {
	w.t.Helper()
	r := must(http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.stripe+path, strings.NewReader(form)))(w.t)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+stripesandbox.APIKey)
	res := must(http.DefaultClient.Do(r))(w.t)
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %v, %v", path, err, out)
	}
	return out
}

func (w *world) code(code, coupon string) {
	w.t.Helper()
	w.ask("/v1/promotion_codes", "promotion[type]=coupon&code="+code+"&promotion[coupon]="+w.ask("/v1/coupons",
		coupon)["id"].(string))
}

func trials(c *billing.Config) {
	c.Trial, c.Codes = plan.Trial{Days: 14, Quota: 10, Reads: 500}, true
}

func TestPlan_ATrialIsToldBeforeItBeginsAndWhileItRuns(t *testing.T) {
	t.Parallel()
	p := newWorld(t, trials).signIn(ada)
	p.get("/account/plan/change?tier=pro").shows(http.StatusOK, "Try it for free until", "with 10 analyses",
		"Nothing is charged before that", "Start the trial", "$0.00", "$29.00")
	p.subscribe("pro")
	p.get("/account/plan").shows(http.StatusOK, "You are trying this plan for free until",
		"Your card is charged for the first time then", "0 of 10 analyses", "you began to try pro for free until",
		"You keep it until the trial ends").
		hides("It renews on")
	p.get("/").shows(http.StatusOK, "You are trying this plan for free until")
	p.get("/account/plan/change?tier=basic").shows(http.StatusOK, "begins at once, and your trial goes on until",
		"Change now")
	p.get(p.post("/account/plan/change", url.Values{"tier": {"basic"}}).leadsTo()).shows(http.StatusOK,
		"Basic, $9 a month", "your plan changed from pro to basic.")
	p.get(p.post("/account/plan/cancel", nil).leadsTo()).shows(http.StatusOK, "It ends then, and nothing is charged.")
}

func TestPlan_ACodeIsAppliedBeforeItIsPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *billing.Config) { c.Codes = true })
	w.code("WELCOME", "percent_off=20&duration=repeating&duration_in_months=3")
	p := w.signIn(ada)
	p.get("/account/plan/change?tier=basic").shows(http.StatusOK, "Promotion code", "$9.00").hides("WELCOME",
		`role="alert"`)
	p.get("/account/plan/change?tier=basic&code=nothing").shows(http.StatusUnprocessableEntity,
		"There is no such promotion code.", `value="nothing"`, "Go on to payment", "$9.00").
		hides(`type="hidden" name="code"`)
	p.get("/account/plan/change?tier=basic&code=welcome").shows(http.StatusOK,
		"With the code <b>WELCOME</b>: 20% off for 3 months.", "−$1.80", "$7.20",
		"Every month once the discount has ended", `type="hidden" name="code" value="welcome"`)
	if at := p.post("/billing/subscribe", url.Values{
		"tier": {"basic"},
		"code": {"welcome"},
	}).leadsTo(); !strings.Contains(at, "/checkout/cs_test_") {
		t.Fatal(at)
	}
	p.post("/billing/subscribe", url.Values{"tier": {"basic"}, "code": {"wrong"}}).shows(http.StatusUnprocessableEntity,
		"There is no such promotion code.",
		"Choose Basic", `id="code" name="code" value="wrong"`)
	p.subscribe("basic")
	p.get("/account/plan/change?tier=pro&code=welcome").shows(http.StatusOK, "With the code <b>WELCOME</b>")
	p.get(p.post("/account/plan/change", url.Values{"tier": {"pro"}, "code": {"welcome"}}).leadsTo()).
		shows(http.StatusOK, "Pro, $29 a month", "you got a discount: 20% off for 3 months, with the code WELCOME.",
			"after a discount of $5.80")
	p.get("/account/plan/change?tier=basic").shows(http.StatusOK).hides("Promotion code")
}

func TestPlan_WithoutCodesTheFieldIsNotThere(t *testing.T) {
	t.Parallel()
	newWorld(t).signIn(ada).get("/account/plan/change?tier=basic").shows(http.StatusOK,
		"Go on to payment").hides("Promotion code")
}

func TestPlan_TaxIsSaidToComeOnTopUntilItIsKnown(t *testing.T) {
	t.Parallel()
	p := newWorld(t, func(c *billing.Config) { c.Tax = true }).signIn(ada)
	p.get("/account/plan/change?tier=basic").shows(http.StatusOK, "Tax comes on top.")
	must(p.billing.Subscribe(t.Context(), p.me.UserID, billing.SubscribeRequest{Tier: "basic"}))(t)
	r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, p.stripe+"/v1/customers", nil))(t)
	r.Header.Set("Authorization", "Bearer "+stripesandbox.APIKey)
	res := must(http.DefaultClient.Do(r))(t)
	defer res.Body.Close()
	var list struct{ Data []struct{ ID string } }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || len(list.Data) != 1 {
		t.Fatal(err, list)
	}
	p.ask("/v1/customers/"+list.Data[0].ID, "address[country]=DE")
	p.get("/account/plan/change?tier=basic").shows(http.StatusOK, "Tax, within what is charged now", "$1.71",
		"$10.71").hides("Tax comes on top.")
	p.subscribe("basic")
	p.get("/account/plan").shows(http.StatusOK, "$10.71", "$1.71 of it tax")
}
