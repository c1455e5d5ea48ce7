package console

import "github.com/repazoo/repazoo/internal/notice"

// The address for mail: given on the page of the account, and confirmed by a link that is mailed to it. The link leads
// to a page with a button, because programs that look into mail follow links.

type confirmView struct {
	page
	Token string
}

// setEmail gives an address, or takes it back.
func (c *Console) setEmail(v *visit) (string, error) {
	address := v.field("email")
	next := "/account?done=email-given"
	if address == "" {
		next = "/account?done=email-removed"
	}
	return next, c.Notices.SetEmail(v.r.Context(), v.me.UserID, address)
}

func (c *Console) showConfirm(v *visit) error {
	return c.ok(v, confirmPage(confirmView{
		c.page(v, v.tongue().Say("mail.confirm.subject")),
		v.r.URL.Query().Get("token"),
	}))
}

// confirm is for whoever has the link, signed in or not.
func (c *Console) confirm(v *visit) error {
	_, err := c.submit(v, func(v *visit) (string, error) {
		return "",
			c.Notices.ConfirmEmail(v.r.Context(), v.field("token"))
	})
	if err != nil {
		return err
	}
	return c.ok(v, confirmPage(confirmView{page: c.page(v, v.tongue().Say("confirm.done"))}))
}

func (c *Console) gatherEmail(v *visit, a *accountView) (err error) {
	if a.Mails = c.Notices.Mails(); a.Mails {
		a.Email, err = c.Notices.Email(v.r.Context(), v.me.UserID)
		a.Address = v.typed("email", a.Email.Confirmed)
	}
	return err
}

// emailView is what the account page knows of mail.
type emailView struct {
	Mails bool // this server sends mail
	Email notice.Email

	Address string // in the form
}
