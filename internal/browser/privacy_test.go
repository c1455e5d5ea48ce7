package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// fill types over what stands in a field.
func (v *visitor) fill(selector, text string) {
	v.t.Helper()
	v.do(chromedp.SetValue(chromedp.CSS(selector), text))
}

func TestBrowser_TakesEverythingAndLeaves(t *testing.T) {
	t.Parallel()
	t.Run("with scripts", func(t *testing.T) {
		t.Parallel()
		v := visit(t, start(t, nil))
		takeEverythingAndLeave(v, v.accessible)
	})
	t.Run("without scripts", func(t *testing.T) {
		t.Parallel()
		v := visit(t, start(t, nil))
		tell(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		takeEverythingAndLeave(v, func(string) {})
	})
}

func takeEverythingAndLeave(v *visitor, accessible func(page string)) {
	v.t.Helper()
	v.signIn(gus)
	v.subscribe("basic")
	v.analyse()
	v.sees(".board")
	v.click(`header a[href="/privacy"]`)
	v.click(`form[action="/privacy/export"] button`)
	v.sees(`a[href$="/package.zip"]`) // the page asked for itself until it was there
	accessible("the page of one's data")
	v.click(`section:has(#consents) details summary`)
	v.click(`form[action="/privacy/consents/analysis/withdraw"] button`)
	v.sees(".notice.good")
	v.click(`section:has(#erase) details summary`)
	v.click(`form[action="/privacy/erase"] button`)
	v.fill("#confirm", "somebody else")
	v.click(`form[action="/privacy/erase"] button`)
	v.sees(`[role="alert"]`)
	accessible("the page of one's data with an alert")
	v.fill("#confirm", "@"+gus)
	v.click(`form[action="/privacy/erase"] button`)
	v.sees(".hero")
	if got := v.text(".notice.good"); !strings.HasPrefix(got, "Your account is being erased") {
		v.t.Errorf("the page says %q", got)
	}
	v.stayed()
}
