package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A person shares a report, somebody without a session opens it in another browser and reads it masked, its owner sees
// that it was opened and revokes it; another link ends by its time.
func TestBrowser_SharesAReportUntilItIsRevokedOrEnds(t *testing.T) {
	t.Parallel()
	base := start(t, map[string]string{"BILLING": "off"})
	v := visit(t, base)
	v.signIn(gus)
	v.analyse()
	v.sees(".board")
	v.picture("report-with-share")
	v.click(`.strip a[href*="/shares"]`)
	v.sees(`form[action$="/shares"]`)
	v.accessible("the form for a link")
	v.do(chromedp.SetValue(chromedp.CSS("#note"), "My coach"))
	v.click(`input[value="quotes"]`)
	v.do(chromedp.SetValue(chromedp.CSS("#purpose"), "visa_application"))
	v.click(`form[action$="/shares"] button`)
	v.sees("#secret")
	v.accessible("a link that was made")
	v.picture("shares")
	link := v.text("#secret")

	other := visit(t, base)
	other.do(chromedp.Navigate(link))
	other.sees(`form[action^="/shared/"]`)
	other.accessible("the page of a link")
	other.picture("door")
	if words := other.text("body"); strings.Contains(words, gus) || strings.Contains(words, "Risk") {
		t.Errorf("the page before the report says %q", words)
	}
	other.click(`form[action^="/shared/"] button`)
	other.sees(".report .gauge .score")
	other.accessible("a shared report")
	other.picture("shared-report")
	if words := other.text("body"); strings.Contains(words, gus) || !strings.Contains(words, "visa application") ||
		!strings.Contains(words, "This copy is masked") {
		t.Errorf("the report says %.500q", words)
	}
	leads, err := chromedp.Run(other.ctx, chromedp.Evaluate[int](`document.querySelectorAll("a, script, img").length`))
	if err != nil || leads != 0 {
		t.Errorf("the report has %d links, scripts or pictures (%v)", leads, err)
	}
	other.stayed()

	v.open(v.path()) // the list again
	v.becomes(`document.querySelector(".keys").textContent`, `Opened 1 time\.`)
	v.click(".keys details summary")
	v.becomes(`document.querySelector(".keys details").innerText`, `Chrome on Linux`)
	v.accessible("a link that was opened")
	v.click(`form[action$="/revoke"] button`)
	v.sees(".notice.good")
	other.do(chromedp.Navigate(link))
	other.becomes(`document.body.innerText`, `This link does not open a report`)
	other.accessible("a link that was revoked")
	other.picture("no-door")
	v.stayed()
	second := v.hourLink(base)
	other.do(chromedp.Navigate(second))
	other.sees(`form[action^="/shared/"]`)
	program{t, base, ""}.must(http.StatusOK, "POST", "/sandbox/clock", `{"advance":"61m"}`)
	other.click(`form[action^="/shared/"] button`)
	other.becomes(`document.body.innerText`, `This link does not open a report`)
}

// hourLink makes a link that lives for an hour.
func (v *visitor) hourLink(base string) string {
	v.t.Helper()
	v.do(chromedp.SetValue(chromedp.CSS("#hours"), "1"))
	v.click(`form[action$="/shares"] button`)
	v.sees("#secret")
	at, err := url.Parse(v.text("#secret"))
	if err != nil {
		v.t.Fatal(err)
	}
	return base + at.Path
}
