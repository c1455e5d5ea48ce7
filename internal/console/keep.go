package console

import "net/http"

// A form that arrives after its session has ended. What was typed stays on the page that says so, in the form that
// sends it again: nothing is stored here or in the browser, nothing stands in an address, and nothing is carried out
// before the person has signed in, in another tab, and pressed the button. Forms of other sites never come so far: the
// chain refuses them.

type keptView struct {
	page
	Form  *again
	Typed []typed // of Form, what a person would know again
}

func (c *Console) keep(v *visit, form *again) error {
	k := keptView{page: c.page(v, "You are signed out"), Form: form}
	for _, f := range form.Fields {
		if f.Value != "" && f.Name != "once" && f.Name != "next" && f.Name != "as_of" {
			k.Typed = append(k.Typed, f)
		}
	}
	v.w.Header().Set("WWW-Authenticate", `Bearer realm="repazoo"`)
	return c.render(v, http.StatusUnauthorized, keptPage(k))
}

// showSignedIn is where a sign-in leads that was begun beside such a page.
func (c *Console) showSignedIn(v *visit) error {
	return c.ok(v, signedInPage(c.page(v, "You are signed in again")))
}
