package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A trial with a code, as a person begins it: the preview, the payment page, and the page of the plan while it runs.
func TestBrowser_TriesAPlanForFreeWithACode(t *testing.T) {
	t.Parallel()
	base := start(t, map[string]string{"TRIAL_DAYS": "14", "STRIPE_TAX": "on"})
	code(t, base, "WELCOME", "percent_off=20&duration=repeating&duration_in_months=3")
	v := visit(t, base)
	v.signIn(gus)
	v.open("/account/plan")
	v.click(`.offer:has([value="pro"]) button`)
	v.sees("#trial")
	v.accessible("the preview of a trial")

	enter := func(code string) {
		v.do(chromedp.SetValue(chromedp.CSS("#code"), code))
		v.click("form.code button")
	}
	enter("nothing")
	v.sees(`[role="alert"]`)
	v.accessible("the preview with a code that is none")
	enter("welcome")
	v.sees("#discount")
	if now, next, regular := v.text("#now"), v.text("#next"), v.text("#regular"); now != "$0.00" ||
		!strings.HasPrefix(next, "$23.20") || regular != "$29.00" {
		t.Errorf("it costs %s now, %s next and %s in the end", now, next, regular)
	}
	v.accessible("the preview of a trial with a code")
	v.shoot("trial-preview")

	v.click(`form[action="/billing/subscribe"] button`)
	v.sees("#country")
	v.shoot("trial-checkout")
	v.click(`button[value="pay"]`)
	v.sees("#quota")
	v.click(`a[href="/account/plan"]`)
	v.sees("#story")
	if got := v.text("#standing ~ .notice"); !strings.HasPrefix(got, "You are trying this plan for free until ") ||
		!strings.HasSuffix(got, "cancel before if you do not want that.") {
		t.Errorf("the page says %q", got)
	}
	if got := v.text("#story ~ ol"); !strings.Contains(got, "you began to try pro for free until ") ||
		!strings.Contains(got, "you got a discount: 20% off for 3 months, with the code WELCOME.") {
		t.Errorf("the story is %q", got)
	}
	v.accessible("the page of a plan in its trial")
	v.shoot("trial")
	v.stayed()
}
