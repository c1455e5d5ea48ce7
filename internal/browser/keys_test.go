package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func TestBrowser_MakesAKeyUsesItAndReadsWhatHappened(t *testing.T) {
	t.Parallel()
	base := start(t, nil)
	for _, scripts := range []bool{true, false} {
		v := visit(t, base)
		tell(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
		v.signIn(map[bool]string{true: gus, false: "ada_fernhill"}[scripts])
		v.open("/account")
		v.click(`.tabs a[href="/account/keys"]`)
		v.sees("#make")
		v.do(chromedp.SendKeys(chromedp.CSS("#key-name"), "Weekly report"))
		v.click(`input[value="account:read"]`)
		v.click(`form[action="/account/keys"] button`)
		v.sees("#secret")
		secret := v.text("#secret")
		first := program{t, base, secret}
		first.must(http.StatusOK, "GET", "/api/v1/users/me", "")
		first.must(http.StatusForbidden, "GET", "/api/v1/api-keys", "")
		if scripts {
			v.accessible("the page with a new key")
		}
		v.click(".keys details:first-of-type summary")
		v.click(`.keys form[action$="/rotate"] button`)
		v.sees("#before")
		if scripts {
			v.accessible("the page of keys")
		}
		renewed := program{t, base, v.text("#secret")}
		for _, p := range []program{first, renewed} {
			p.must(http.StatusOK, "GET", "/api/v1/users/me", "")
		}
		v.click(".keys details:last-of-type summary")
		v.click(`.keys form[action$="/revoke"] button`)
		v.sees("p.notice.good")
		for _, p := range []program{first, renewed} {
			p.must(http.StatusUnauthorized, "GET", "/api/v1/users/me", "")
		}
		v.click(`.tabs a[href="/account/activity"]`)
		v.sees(".events")
		if got := v.text(".events li:first-child p"); !strings.HasPrefix(got, "An API key was revoked: rpz_…") {
			t.Errorf("the newest line says %q", got)
		}
		if scripts {
			v.accessible("the page of what happened")
		}
		v.do(chromedp.SetValue(chromedp.CSS("#kind"), "session"))
		v.click(".fields button")
		v.sees("#everything")
		if got := v.text(".events"); strings.Contains(got, "API key") || !strings.Contains(got, "You signed in") {
			t.Errorf("the filter shows %q", got)
		}
		v.stayed()
	}
}
