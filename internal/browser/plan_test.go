package browser

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The page of the plan as a person uses it: up with a preview, down with the next period, and that taken back.
func TestBrowser_ChangesThePlanWithAPreview(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, nil))
	v.signIn(gus)
	v.subscribe("basic")
	v.click(`a[href="/account/plan"]`)
	v.sees("#story")
	v.accessible("the page of a plan")

	v.click(`.offer:has([value="pro"]) button`)
	v.sees("#now")
	v.accessible("the preview of an upgrade")
	shown := v.text("#now")
	v.click("main form.actions button")
	v.sees(".notice.good")
	if got := v.text("#standing"); got != "Pro, $29 a month" {
		t.Errorf("after the upgrade the page says %q", got)
	}
	if got := v.text("#story ~ ol"); !strings.Contains(got, "your card was charged "+shown+" for pro until") ||
		!strings.Contains(got, "your plan changed from basic to pro.") {
		t.Errorf("the story is %q", got)
	}
	v.accessible("the page after an upgrade")
	v.shoot("plan")

	v.click(`.offer:has([value="basic"]) button`)
	v.sees("#next")
	if now, next := v.text("#now"), v.text("#next"); now != "$0.00" || next != "$9.00" {
		t.Errorf("a downgrade is shown to cost %s now and %s next", now, next)
	}
	v.click("main form button")
	v.sees("#pending")
	v.accessible("the page with a change that waits")
	v.click(`form:has([name="keep"]) button`)
	v.sees("body:not(:has(#pending))")
	if got := v.text("#story ~ ol li:first-child p"); !strings.Contains(got,
		"you took the move to basic back, and stayed on pro.") {
		t.Errorf("the story ends with %q", got)
	}
	v.click(`form[action="/account/plan/portal"] button`)
	v.sees("#card")
	v.click(`button[value="cancel"]`)
	v.sees(`button[value="renew"]`)
	v.click("#back")
	v.sees("#story")
	v.stayed()
}

// shoot keeps a picture of the page when SCREENSHOTS names a directory.
func (v *visitor) shoot(name string) {
	v.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(90))
	if err == nil {
		err = os.WriteFile(dir+"/"+name+".jpeg", picture, 0o600)
	}
	if err != nil {
		v.t.Fatal(err)
	}
}
