package console

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"

	"github.com/repazoo/repazoo/internal/account"
)

// A form that arrives after its session has ended. What was typed stays on the page that says so, in the form that
// sends it again: nothing is stored here or in the browser, nothing stands in an address, and nothing is carried out
// before the person has signed in, in another tab, and pressed the button. Forms of other sites never come so far: the
// chain refuses them.
//
// A browser may have several users, so a kept form holds a sum over who has written it, as the browser's last access
// token tells. Sent by another user it is refused. Where the token was gone, whoever sends it is asked first, by name.

type keptView struct {
	page
	Form  *again
	Typed []typed // of Form, what a person would know again
}

// writtenField holds the sum over who has written a kept form.
const writtenField = "written"

// unseen are fields that no person has typed.
var unseen = []string{"once", "next", "as_of", "key", "chosen", writtenField}

func (c *Console) keep(v *visit, form *again) error {
	k := keptView{page: c.page(v, v.tongue().Say("keep.title")), Form: form}
	for _, f := range form.Fields {
		if f.Value != "" && !slices.Contains(unseen, f.Name) {
			k.Typed = append(k.Typed, f)
		}
	}
	v.w.Header().Set("WWW-Authenticate", `Bearer realm="repazoo"`)
	return c.render(v, http.StatusUnauthorized, keptPage(k))
}

// writer is who sent a form; "" where that is not known.
func writer(r *http.Request) string {
	return cmp.Or(account.PrincipalFrom(r.Context()).UserID, account.FormerFrom(r.Context()))
}

func (c *Console) written(userID, path string) typed {
	return typed{writtenField, base64.RawURLEncoding.EncodeToString(c.Accounts.Written(userID, path))}
}

// author is who has written the form that somebody sends.
type author int

const (
	byMe      author = iota // or it was never kept
	bySomeone               // it is not known who
	byAnother
)

func (c *Console) writtenBy(v *visit) author {
	if v.read() != nil || !v.r.PostForm.Has(writtenField) {
		return byMe
	}
	sum, err := base64.RawURLEncoding.DecodeString(v.field(writtenField))
	switch path := v.r.URL.Path; {
	case err != nil:
		return byAnother
	case c.Accounts.WroteIt(v.me.UserID, path, sum):
		return byMe
	case c.Accounts.WroteIt("", path, sum):
		return bySomeone
	}
	return byAnother
}

type whoseView struct {
	page
	Handle string
	Form   *again // as the signed-in user would send it; nil for a form of somebody else
}

// askWhose carries nothing out: the form may be, or is, of somebody else.
func (c *Console) askWhose(v *visit, by author) error {
	accounts, err := c.Accounts.Accounts(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	view := whoseView{page: c.page(v, v.tongue().Say("keep.other"))}
	if i := slices.IndexFunc(accounts, func(x account.XAccount) bool { return !x.Released }); i >= 0 {
		view.Handle = "@" + accounts[i].Handle
	}
	if by == byAnother {
		return c.render(v, http.StatusForbidden, whosePage(view))
	}
	view.Title = v.tongue().Say("keep.yours")
	if view.Form = c.keptForm(v.w, v.r); view.Form == nil {
		return c.render(v, http.StatusForbidden, whosePage(view))
	}
	mine := func(f typed) bool { return f.Name == writtenField }
	view.Form.Fields = append(slices.DeleteFunc(view.Form.Fields, mine), c.written(v.me.UserID, v.r.URL.Path))
	return c.render(v, http.StatusConflict, whosePage(view))
}

// showSignedIn is where a sign-in leads that was begun beside such a page.
func (c *Console) showSignedIn(v *visit) error {
	return c.ok(v, signedInPage(c.page(v, v.tongue().Say("keep.again"))))
}
