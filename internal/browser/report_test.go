package browser

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// shownReport is what a browser makes of a report's page.
type shownReport struct {
	Rules  int    // of its style sheet that apply
	Fill   string // of the arc that the score is drawn with: without a style it is a black half-disc
	Track  string
	Gauge  float64 // its height
	Margin string  // of the page, which is 8px without a style
}

const lookAtReport = `({
	Rules: document.styleSheets.length === 1 ? document.styleSheets[0].cssRules.length : 0,
	Fill: getComputedStyle(document.querySelector(".gauge path.fill")).fill,
	Track: getComputedStyle(document.querySelector(".gauge path.track")).fill,
	Gauge: document.querySelector(".gauge").getBoundingClientRect().height,
	Margin: getComputedStyle(document.body).margin,
})`

// A report opens with its style in a tab, at its address as well as from the file that somebody kept: neither the
// answer's own policy nor the page's stops it.
func TestBrowser_AReportHasItsStyleInATabAndAsAFile(t *testing.T) {
	t.Parallel()
	base := start(t, nil)
	v := visit(t, base)
	v.signIn(gus)
	v.subscribe("basic")
	v.analyse()
	v.sees(".board")
	address := "/api/v1/analyses/" + filepath.Base(v.path()) + "/report.html"
	v.open(address)
	v.looksLikeAReport()

	body := program{t, base, signInByAPI(t, base)}.must(200, "GET", address, "")
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	v.do(chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()))
	v.looksLikeAReport()
	v.stayed()
}

func (v *visitor) looksLikeAReport() {
	v.t.Helper()
	v.sees(".report .gauge .score")
	shown, err := chromedp.Run(v.ctx, chromedp.Evaluate[shownReport](lookAtReport))
	if err != nil {
		v.t.Fatal(err)
	}
	if shown.Rules < 20 || shown.Fill != "none" || shown.Track != "none" || shown.Gauge > 300 || shown.Margin != "0px" {
		v.t.Errorf("at %s the style does not apply: %+v", v.whereabouts(), shown)
	}
}
