package console

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/plan"
)

func rendered(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What people and providers write can neither end an attribute, nor begin an element, nor be a link that runs.
func TestPages_EscapeEveryValueForItsPlace(t *testing.T) {
	t.Parallel()
	const attack = `"><script>alert(1)</script>'&`
	for name, page := range map[string]templ.Component{
		"text and attribute": person(account.XAccount{Name: attack, Handle: attack, Health: attack}),
		"a link's path":      linkedAccount(account.XAccount{ID: attack}, "/"),
		"a form's value":     confirmPage(confirmView{page{files: embeddedAssets()}, attack}),
		"a hidden label":     findingRow(hostile(attack), hostile(attack).R.Findings[0], 0),
		"what to do":         todo(hostile(attack)),
		"a drawing":          charts(hostile(attack)),
		"an address":         filters(hostile(attack)),
		"a refusal":          alertBox(alert{Message: attack, Details: []string{attack}, RequestID: attack}),
	} {
		html := rendered(t, page)
		if strings.Contains(html, "<script>") || !strings.Contains(html, "&lt;script&gt;") {
			t.Errorf("%s: %s", name, html)
		}
	}
	for _, link := range []string{"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x"} {
		for name, page := range map[string]templ.Component{
			"an invoice": invoice(plan.Invoice{Page: link, PDF: link}),
			"a page":     older(link, "Older"),
			"a post":     leading(hostile(""), heavyPost{First: assess.Finding{URL: link}}),
			"an account": linkedAccount(account.XAccount{Health: "reconnect"}, link),
		} {
			if html := rendered(t, page); strings.Contains(html, link) || !strings.Contains(html, "about:invalid") {
				t.Errorf("%s links to %s: %s", name, link, html)
			}
		}
	}
}

// hostile is the page of a report whose every word is an attack.
func hostile(attack string) reportView {
	f := assess.Finding{
		ID: attack, PostID: attack, URL: attack, Before: attack, Quote: attack, After: attack, Reason: attack,
		Severity: assess.Severity(attack), Category: assess.Category(attack),
	}
	v := reportView{R: &assess.Report{
		Findings: []assess.Finding{f}, Themes: []assess.Theme{{Name: attack}},
		Sentiment: assess.Sentiment{Samples: []assess.Sample{{Text: attack, URL: attack}}},
		Recommendations: []assess.Recommendation{{
			Title: attack, Why: attack, Steps: []string{attack},
			Posts: []string{attack},
		}},
	}, Pages: 1, Shown: []assess.Finding{f}}
	v.At.Text, v.At.Page, v.At.path = attack, 1, "/a/1"
	v.addSteps()
	return v
}
