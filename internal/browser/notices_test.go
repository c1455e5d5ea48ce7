package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestBrowser_ShowsNoticesAndTriesAWebhook(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard <- r.Header.Get("webhook-signature") }))
	t.Cleanup(receiver.Close)
	v := visit(t, start(t, nil))
	v.signIn(gus)
	v.subscribe("basic")
	v.open("/account/webhooks")
	v.accessible("the page of webhooks without one")
	v.do(chromedp.SetValue(chromedp.CSS("#url"), receiver.URL+"/hook"))
	v.click(`form[action="/account/webhooks"] button`)
	v.sees("#secret")
	v.accessible("the page that shows the secret")
	v.click(`section:has(> #made) a[href^="/account/webhooks/"]`)
	v.click(`form[action$="/test"] button`)
	v.sees(".notice.good")
	if signature := <-heard; !strings.HasPrefix(signature, "v1,") {
		t.Errorf("the test was signed %q", signature)
	}
	webhook := v.path()

	v.open("/")
	v.click("section:has(> #plan) summary")
	v.click(`form[action="/account/plan/cancel"] button`)
	v.sees(`form[action="/account/plan/resume"]`)
	v.open("/")
	v.sees(".told .notice")
	if got := v.text(".told h2"); got != "Your plan is cancelled" {
		t.Errorf("the notice is headed %q", got)
	}
	v.accessible("the home page with a notice")
	<-heard
	v.shoot("notice")
	v.click(".told button")
	v.sees("body:not(:has(.told))")
	v.open("/account/notices")
	v.accessible("the page of notices")
	v.open(webhook)
	v.sees(".badge.low")
	v.accessible("the page of a webhook")
	v.shoot("webhook")
	v.stayed()
}
