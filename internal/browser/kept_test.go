package browser

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A session ends while somebody types. They sign in in another tab, come back, and send what they had typed.
func TestBrowser_WhatWasTypedOutlivesTheSession(t *testing.T) {
	t.Parallel()
	base := start(t, nil)
	v := visit(t, base)
	v.signIn(gus)
	v.open("/account/webhooks")
	v.do(chromedp.SetValue(chromedp.CSS("#url"), "https://example.com/hook"))
	tell(v, network.ClearBrowserCookies, cdp.Empty{})
	v.click(`form[action="/account/webhooks"] button`)
	v.sees(".steps-on")
	v.accessible("the page that keeps a form")
	v.shoot("kept")

	tab, closeTab := chromedp.NewContext(v.ctx)
	t.Cleanup(closeTab)
	tab, cancel := context.WithTimeout(tab, time.Minute)
	t.Cleanup(cancel)
	other := &visitor{t: t, ctx: tab, base: base}
	other.open("/auth/x/login?redirect_to=/signed-in")
	other.click(`input[value="` + gus + `"]`)
	other.click(`button[value="allow"]`)
	other.sees(`.narrow a[href="/"]`)
	if got := other.text("main h1"); got != "You are signed in again" {
		t.Errorf("the other tab says %q", got)
	}

	tell(v, page.BringToFront, cdp.Empty{}) // a tab behind another draws nothing, and answers no click
	v.click(".steps-on form button")
	v.sees(".narrow p b") // with the cookies, what tells who typed it has gone: they are asked
	if got := v.text(".narrow p b"); got != "@"+gus {
		t.Errorf("the page asks for %q", got)
	}
	v.accessible("the page that asks who typed it")
	v.click(".narrow form button")
	v.sees("#secret")
	v.stayed()
}
