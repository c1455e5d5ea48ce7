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
		"a hidden label":     reviewed(analysisView{Lens: attack}, assess.Finding{ID: attack, Quote: attack, Severity: attack, Category: attack}),
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
			"an account": linkedAccount(account.XAccount{Health: "reconnect"}, link),
		} {
			if html := rendered(t, page); strings.Contains(html, link) || !strings.Contains(html, "about:invalid") {
				t.Errorf("%s links to %s: %s", name, link, html)
			}
		}
	}
}
