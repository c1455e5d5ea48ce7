package console

import (
	"net/http"
	"net/url"
	"sync"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/fault"
)

// maxForm is far more than any form here holds.
const maxForm = 64 << 10

// visit is one request to a page: who came, and what the page should say first.
type visit struct {
	w      http.ResponseWriter
	r      *http.Request
	me     account.Principal // zero for a stranger
	alert  *alert            // what was refused; nil for nothing
	upload string            // why an upload was refused
	same   bool              // the page is the same for every stranger
	posted bool              // the form has been read
	bad    error             // why it could not be
	in     tongue            // the language of the page, once it is known
	brief  bool              // the page asks no database for it

	preferences func() (account.Preferences, error) // of who came, read once
}

// visit is a request, by whom the chain has found.
func (c *Console) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{w: w, r: r, me: account.PrincipalFrom(r.Context())}
	v.preferences = sync.OnceValues(func() (account.Preferences, error) {
		return c.Accounts.Preferences(r.Context(), v.me.UserID)
	})
	return v
}

// show renders a page. An error that it returns becomes the error page.
type show func(v *visit) error

// do carries a posted form out and says where to go on.
type do func(v *visit) (next string, err error)

func (c *Console) open(show show) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := c.visit(w, r)
		if err := show(v); err != nil {
			c.fail(v, err)
		}
	})
}

func (c *Console) member(show show) http.Handler {
	return c.open(func(v *visit) error {
		if v.me.UserID == "" {
			return c.askToSignIn(v)
		}
		if v.r.Method == http.MethodPost {
			if by := c.writtenBy(v); by != byMe {
				return c.askWhose(v, by)
			}
		}
		return show(v)
	})
}

func (c *Console) admin(show show) http.Handler {
	return c.member(func(v *visit) error {
		if !v.isAdmin() {
			return fault.NotFound
		}
		return show(v)
	})
}

func (v *visit) isAdmin() bool { return v.me.Role == "admin" }

func (c *Console) form(do do, again show) http.Handler {
	return c.member(func(v *visit) error {
		next, err := c.submit(v, do)
		if err == nil {
			http.Redirect(v.w, v.r, next, http.StatusSeeOther)
			return nil
		}
		v.alert = c.alertFor(v, err)
		v.alert.Again = c.againFor(v.w, v.r, v.alert.status)
		return again(v)
	})
}

func (c *Console) submit(v *visit, do do) (string, error) {
	if err := v.read(); err != nil {
		return "", err
	}
	return do(v)
}

// read reads the posted form, once.
func (v *visit) read() error {
	if v.posted {
		return v.bad
	}
	v.posted = true
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	if err := v.r.ParseForm(); err != nil {
		v.bad = fault.ValidationFailed.Saying("The form could not be read. Go back and send it again.").Because(err)
	}
	return v.bad
}

// field is a value of the posted form.
func (v *visit) field(name string) string { return v.r.PostForm.Get(name) }

// typed is what a form that was refused had in a field, so that it is not lost; without one, what is kept here.
func (v *visit) typed(name, kept string) string {
	if v.alert != nil && v.r.PostForm.Has(name) {
		return v.field(name)
	}
	return kept
}

// askToSignIn leads a stranger to the front page, which says why, and from there back to
// the page they wanted. A form is kept on a page of its own until they are back.
func (c *Console) askToSignIn(v *visit) error {
	q := url.Values{"error": {fault.Unauthenticated.Code}}
	switch {
	case v.r.Method == http.MethodGet:
		q.Set("next", v.r.URL.RequestURI())
	case v.r.URL.Path == "/sign-out":
		q = url.Values{"done": {"signed-out"}}
	default:
		if kept := c.keptForm(v.w, v.r); kept != nil {
			return c.keep(v, kept)
		}
	}
	http.Redirect(v.w, v.r, "/?"+q.Encode(), http.StatusSeeOther)
	return nil
}
