package console

import (
	"net/url"
	"slices"

	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/words"
)

// Notices: the unread ones on the front page, and all of them on a page of their own. Their words are notice's own.

const (
	noticesAtOnce = 3 // on the front page; the next ones come when these are read
	noticesOnPage = 30
)

type noticesView struct {
	page
	Notices []notice.Notice
	Older   string // the address of the next page; "" on the last
	Choices []notice.Choice
	Mails   bool // this server sends mail
	Address bool // and there is a confirmed address for it
}

type stopView struct {
	page
	Token string // "" once it was used
	Stop  notice.Stop
}

// kindWords name what notices tell of.
func kindWords(l tongue, k notice.Kind) string {
	if key := "kind." + string(k); l.Has(key) {
		return l.Say(key)
	}
	return k.Words()
}

func stopWords(l tongue, s notice.Stop) string {
	if s.Confirmation() {
		return l.Say("kind.confirm")
	}
	return kindWords(l, s.Kind())
}

// languageOf is the language that a notice is said in; that of the page can be another.
func languageOf(n notice.Notice) string { return words.For(n.Language).Tag }

func (c *Console) gatherNotices(v *visit, h *homeView) error {
	p, err := c.Notices.List(v.r.Context(), v.me.UserID, notice.Filter{Unread: true, Limit: noticesAtOnce})
	h.Notices = p.Notices
	return err
}

func (c *Console) showNotices(v *visit) error {
	p, err := c.Notices.List(v.r.Context(), v.me.UserID, notice.Filter{
		Limit:  noticesOnPage,
		Cursor: v.r.URL.Query().Get("cursor"),
	})
	if err != nil {
		return err
	}
	n := noticesView{page: c.page(v, v.tongue().Say("frame.notices")), Notices: p.Notices, Mails: c.Notices.Mails()}
	if n.Choices, err = c.Notices.Choices(v.r.Context(), v.me.UserID); err != nil {
		return err
	}
	email, err := c.Notices.Email(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	n.Address = email.Confirmed != ""
	if p.Next != "" {
		n.Older = "/account/notices?" + url.Values{"cursor": {p.Next}}.Encode()
	}
	return c.ok(v, noticesPage(n))
}

func (c *Console) readNotice(v *visit) (string, error) {
	_, err := c.Notices.Read(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	return "/?done=notice-read", err
}

// choose keeps which boxes were changed. A box that is not ticked is not sent, so each kind is named beside its boxes,
// and so is what the form showed: a box that was left alone changes nothing, even if another tab has changed it
// meanwhile.
func (c *Console) choose(v *visit) (string, error) {
	now, err := c.Notices.Choices(v.r.Context(), v.me.UserID)
	if err != nil {
		return "", err
	}
	form := v.r.PostForm
	var changes []notice.Change
	for _, shown := range now {
		kind := string(shown.Kind)
		if !slices.Contains(form["kind"], kind) {
			continue
		}
		if form.Has("shown") { // a form of before has no such field
			shown.Page, shown.Mail = slices.Contains(form["page-was"], kind), slices.Contains(form["mail-was"], kind)
		}
		change := notice.Change{Kind: shown.Kind}
		if page := slices.Contains(form["page"], kind); page != shown.Page && !shown.Kind.Pinned() {
			change.Page = &page
		}
		if mail := slices.Contains(form["mail"], kind); mail != shown.Mail && c.Notices.Mails() {
			change.Mail = &mail
		}
		changes = append(changes, change)
	}
	return "/account/notices?done=notices-chosen#choices", c.Notices.Change(v.r.Context(), v.me.UserID, changes...)
}

// showUnsubscribe asks, because programs that look into mail follow its links; the button does what one click in a mail
// program does.
func (c *Console) showUnsubscribe(v *visit) error {
	token := v.r.URL.Query().Get("token")
	stop, err := c.Notices.ReadStop(token)
	if err != nil {
		return err
	}
	return c.ok(v, stopPage(stopView{c.page(v, v.tongue().Say("mail.stop")), token, stop}))
}

// unsubscribe is for whoever has the link: a mail program, or a person, signed in or not.
func (c *Console) unsubscribe(v *visit) error {
	stop, err := c.Notices.Unsubscribe(v.r.Context(), v.r.URL.Query().Get("token"))
	if err != nil {
		return err
	}
	return c.ok(v, stopPage(stopView{page: c.page(v, v.tongue().Say("stop.done")), Stop: stop}))
}
