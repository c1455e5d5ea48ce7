package browser

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowser_AReportOpensInATabWithItsStyle opens report.html as a person does, by its address: the answer's own policy
// lets its style apply, and the browser has nothing to complain of.
func TestBrowser_AReportOpensInATabWithItsStyle(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, nil))
	v.signIn(gus)
	v.subscribe("basic")
	v.analyse()
	v.sees("article.report")
	v.open(v.path() + "/") // leads on to the page without the slash
	v.sees("article.report")
	id := v.path()[len("/a/"):]
	v.open("/api/v1/analyses/" + id + "/report.html")
	v.sees("article.report h1")
	var shown struct {
		Rules     int
		Wide      float64
		MaxWidth  string
		Blackness bool
	}
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`JSON.stringify({
		rules: document.styleSheets.length && document.styleSheets[0].cssRules.length,
		wide: Math.max(...[...document.querySelectorAll("svg")].map(e => e.getBoundingClientRect().height)),
		maxWidth: getComputedStyle(document.querySelector("article.report")).maxWidth,
		blackness: [...document.querySelectorAll("svg path, svg circle")].some(e => getComputedStyle(e).fill === "rgb(0, 0, 0)" && e.getBoundingClientRect().width > 100)
	})`))
	if err == nil {
		err = json.Unmarshal([]byte(got), &shown)
	}
	if err != nil {
		t.Fatal(err)
	}
	if shown.Rules < 20 || shown.Wide > 500 || shown.MaxWidth == "none" || shown.Blackness {
		t.Errorf("the style does not apply: %s", got)
	}
	v.stayed()
}
