package browser

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A person chooses German on the page of their account, and reads their report in it.
func TestBrowser_AGermanReportCanBeReadByEverybody(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, map[string]string{"BILLING": "off"}))
	v.signIn(gus)
	tell(v, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "America/Bogota"})
	v.open("/account")
	v.becomes(`document.querySelector("#time_zone").value`, `^America/Bogota$`) // a guess, which nobody has saved
	v.do(chromedp.SetValue(chromedp.CSS("#language"), "de"))
	v.do(chromedp.SetValue(chromedp.CSS("#time_zone"), "Europe/Berlin"))
	v.click(`form[action="/account/preferences"] button`)
	v.sees(".notice.good")
	v.accessible("the account with a language")
	v.picture("account-language")
	v.open("/")
	v.analyse()
	v.sees(".board")
	v.becomes(`document.querySelector("#hours").textContent`, `in the time zone Europe/Berlin`)
	v.accessible("a report with its hours")
	v.picture("report-hours")
	v.open("/api/v1/analyses/" + filepath.Base(v.path()) + "/report.html")
	v.sees(".report .gauge .score")
	v.becomes(`document.documentElement.lang`, `^de$`)
	v.becomes(`document.body.innerText`, `Das Wichtigste`)
	v.accessible("a German report")
	v.picture("german-report")
	v.stayed()
}
