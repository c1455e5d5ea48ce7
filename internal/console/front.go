package console

import (
	"net/url"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/sample"
)

// The front page of a stranger: what this is, what it costs, and the way in.

type frontView struct {
	publicView
	SignIn string // where signing in begins
	Sample reportView
}

// showFront is the address / for anyone.
func (c *Console) showFront(v *visit) error {
	if v.me.UserID != "" {
		return c.showHome(v)
	}
	slice, err := sampleView(v.tongue(), readAddress("/sample", url.Values{}, sample.Purpose))
	if err != nil {
		return err
	}
	f := frontView{
		publicView: c.about(v, "/", v.tongue().Say("front.title"), v.tongue().Say("front.lead")),
		SignIn:     signIn(v.r.URL.Query().Get("next")), Sample: slice,
	}
	f.Sheet = true
	f.Alert = v.trouble()
	v.same = f.Alert == nil && f.Done == ""
	return c.ok(v, frontPage(f))
}

// trouble is why a sign-in failed, or why one is needed, when the address says so.
func (v *visit) trouble() *alert {
	code := v.r.URL.Query().Get("error")
	if code == "" {
		return nil
	}
	return &alert{Message: v.tongue().signInTrouble(code)}
}

// signIn is the address where a sign-in, or the linking of an account, begins and from
// which it returns to a path here.
func signIn(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		next = "/"
	}
	return "/auth/x/login?" + url.Values{"redirect_to": {next}}.Encode()
}

// written is a post as people write it; what the model is shown of it is made when the page is.
const written = "Lunch with @mira_holt at 14 Quayside Terrace, call +44 7911 123456 if you are late"

// shown is that post as a model would see it.
func shown() string { return assess.Shown(written, "en") }
