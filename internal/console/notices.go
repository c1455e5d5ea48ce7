package console

import (
	"net/url"

	"github.com/repazoo/repazoo/internal/notice"
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
}

func (c *Console) gatherNotices(v *visit, h *homeView) error {
	p, err := c.Notices.List(v.r.Context(), v.me.UserID, notice.Filter{Unread: true, Limit: noticesAtOnce})
	h.Notices = p.Notices
	return err
}

func (c *Console) showNotices(v *visit) error {
	p, err := c.Notices.List(v.r.Context(), v.me.UserID, notice.Filter{Limit: noticesOnPage, Cursor: v.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	n := noticesView{page: c.page(v, "Notices"), Notices: p.Notices}
	if p.Next != "" {
		n.Older = "/account/notices?" + url.Values{"cursor": {p.Next}}.Encode()
	}
	return c.ok(v, noticesPage(n))
}

func (c *Console) readNotice(v *visit) (string, error) {
	_, err := c.Notices.Read(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	return "/?done=notice-read", err
}
