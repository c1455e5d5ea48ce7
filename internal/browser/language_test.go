package browser

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A person chooses German on the page of their account, and reads their report in it, on its page and as a file. The
// sample is in the language of the browser.
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
	v.becomes(`document.querySelector("#hours").textContent`, `in der Zeitzone Europe/Berlin`)
	v.becomes(`document.body.textContent`, `Beste Stunden \(Europe/Berlin\)`)
	v.becomes(`document.querySelector(".keys-hint button").textContent`, `^Tasten sind an$`)
	v.accessible("a report with its hours")
	v.picture("report-hours")
	v.open("/api/v1/analyses/" + filepath.Base(v.path()) + "/report.html")
	v.sees(".report .gauge .score")
	v.becomes(`document.documentElement.lang`, `^de$`)
	v.becomes(`document.body.innerText`, `Das Wichtigste`)
	v.becomes(`document.body.textContent`, `Beste Stunden \(Europe/Berlin\)`)
	v.becomes(`document.body.textContent`, `Zeitzone der Tage und Stunden *Europe/Berlin`)
	v.accessible("a German report")
	v.picture("german-report")
	v.open("/")
	v.click(`form[action="/sign-out"] button`)
	v.sees(".hero")
	tell(v, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "x", AcceptLanguage: "es"})
	v.open("/sample")
	v.becomes(`document.documentElement.lang`, `^es$`)
	v.accessible("the sample in Spanish")
	v.picture("spanish-sample")
	v.stayed()
}
