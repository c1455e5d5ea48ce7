package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A month in which the card fails, as its owner lives through it: what the pages say, another card, and in the end an
// upgrade that the bank asks about.
func TestBrowser_AFailedPaymentIsExplainedAndMended(t *testing.T) {
	t.Parallel()
	// This person looks again and again until Stripe's news are there: at a limit they would wait for minutes.
	base := start(t, map[string]string{"RATE_LIMIT_PER_MINUTE": "10000", "RATE_LIMIT_PER_HOUR": "100000"})
	v := visit(t, base)
	v.signIn(gus)
	v.subscribe("basic")
	v.open("/account/plan")
	v.card("pm_card_chargeCustomerFail")
	v.month()

	v.signIn(gus) // nobody stays signed in for a month of absence
	v.open("/account/plan")
	v.until("#standing ~ .notice", "The last payment did not go through. Your plan stays open until ")
	if got := v.text("#standing ~ .notice"); !strings.Contains(got,
		", is paused then, and comes back with the payment that is tried again on ") ||
		!strings.HasSuffix(got, "So that nothing stops: put another card in place before then.") {
		t.Errorf("the page says %q", got)
	}
	v.sees(`#standing ~ [role="alert"] + form[action="/account/plan/pay"] button`)
	if got := v.text(`form[action="/account/plan/pay"] button`); got != "Pay $9.00 now" {
		t.Errorf("the button says %q", got)
	}
	v.accessible("the page of a plan whose payment failed")
	v.shoot("failed")
	v.open("/")
	v.until(".told h2", "Your payment did not go through")
	v.accessible("the home page after a failed payment")
	v.shoot("failed-home")

	v.open("/account/plan")
	v.card("pm_card_visa")
	v.until("section:has(> #standing)", "It renews on ")
	if got := v.text("#story ~ ol"); !strings.Contains(got, "your card was charged $9.00 for basic until") ||
		!strings.Contains(got, "your card was declined when $9.00 for basic was due.") {
		t.Errorf("the story is %q", got)
	}

	v.card("pm_card_authenticationRequired")
	v.click(`.offer:has([value="pro"]) button`)
	v.sees("#now")
	v.click("main form.actions button")
	v.sees("button.go") // the bank's question
	v.open("/account/plan")
	v.until("#pending", "waits for your bank")
	v.accessible("the page of a plan that waits for the bank")
	v.shoot("bank")
	v.click("#pending ~ .actions form:first-child button")
	v.click("button.go")
	v.sees("#status")
	v.open("/account/plan")
	v.until("#standing", "Pro, $29 a month")
	v.shoot("mended")
}

// card puts another card in place on the payment provider's page, and comes back to the plan.
func (v *visitor) card(name string) {
	v.t.Helper()
	v.click(`form[action="/account/plan/portal"] button`)
	v.do(chromedp.SetValue(chromedp.CSS("#new"), name))
	v.send(`button[value="card"]`)
	v.click("#back")
	v.sees("#story")
}

// month lets the stand-ins' month pass.
func (v *visitor) month() {
	v.t.Helper()
	r, err := http.Post(v.base+"/sandbox/clock", "application/json", strings.NewReader(`{"advance":"750h"}`))
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		v.t.Fatalf("the clock answers %d", r.StatusCode)
	}
}

// until looks again until the page says so: what Stripe tells arrives when it does.
func (v *visitor) until(selector, words string) {
	v.t.Helper()
	for !strings.Contains(v.text("body"), words) && v.ctx.Err() == nil {
		v.do(chromedp.Reload())
	}
	if got := v.text(selector); !strings.Contains(got, words) {
		v.t.Fatalf("the page says %q", got)
	}
}
