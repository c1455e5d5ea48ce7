package console

import (
	"net/url"
	"strings"

	"github.com/repazoo/repazoo/internal/plan"
)

// The front page of a stranger: what this is, what it costs, and the way in.

type frontView struct {
	page
	SignIn string // where signing in begins
	Plans  []plan.Tier
}

// showFront is the address / for anyone.
func (c *Console) showFront(v *visit) error {
	if v.me.UserID != "" {
		return c.showHome(v)
	}
	f := frontView{page: c.page(v, "See what your posts say about you"), SignIn: signIn(v.r.URL.Query().Get("next")), Plans: c.Billing.Plans()}
	f.Alert = v.trouble()
	return c.ok(v, frontPage(f))
}

// trouble is why a sign-in failed, or why one is needed, when the address says so.
func (v *visit) trouble() *alert {
	code := v.r.URL.Query().Get("error")
	if code == "" {
		return nil
	}
	return &alert{Message: signInTrouble(code)}
}

// signIn is the address where a sign-in, or the linking of an account, begins and from
// which it returns to a path here.
func signIn(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		next = "/"
	}
	return "/auth/x/login?" + url.Values{"redirect_to": {next}}.Encode()
}
