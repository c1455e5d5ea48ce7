package console

import "github.com/repazoo/repazoo/internal/account"

// The account page: name, linked X accounts, and sessions.

type accountView struct {
	page
	User     account.User
	Accounts []account.XAccount
	Link     string
	Sessions []account.Session
	Current  string // the id of this browser's session
	emailView
	preferencesView
}

func (c *Console) showAccount(v *visit) (err error) {
	a := accountView{
		page: c.page(v, v.tongue().Say("frame.your_account")), Link: signIn("/account"),
		Current: v.me.SessionID,
	}
	ctx, user := v.r.Context(), v.me.UserID
	if a.User, err = c.Accounts.Me(ctx, user); err != nil {
		return err
	}
	a.Guess = true
	a.User.Name = v.typed("name", a.User.Name)
	a.preferencesView = preferencesView{
		Language: v.typed("language", a.User.Language), TimeZone: v.typed("time_zone", a.User.TimeZone),
		browser: a.User.BrowserLanguage,
	}
	if a.Accounts, err = c.Accounts.Accounts(ctx, user); err != nil {
		return err
	}
	if a.Sessions, err = c.Accounts.Sessions(ctx, user); err != nil {
		return err
	}
	for i, s := range a.Sessions {
		a.Sessions[i].LastUsedAt = s.LastUsedAt.In(a.User.Place())
	}
	if err = c.gatherEmail(v, &a); err != nil {
		return err
	}
	return c.ok(v, accountPage(a))
}

func (c *Console) rename(v *visit) (string, error) {
	_, err := c.Accounts.Rename(v.r.Context(), v.me.UserID, v.field("name"))
	return "/account?done=renamed", err
}

func (c *Console) refreshX(v *visit) (string, error) {
	_, err := c.Accounts.RefreshX(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	return "/account?done=refreshed#accounts", err
}

func (c *Console) unlink(v *visit) (string, error) {
	err := c.Accounts.RevokeX(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	return "/account?done=unlinked#accounts", err
}

func (c *Console) endSession(v *visit) (string, error) {
	err := c.Accounts.RevokeSession(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	if v.r.PathValue("id") == v.me.SessionID {
		return signedOut, err
	}
	return "/account?done=session-ended#sessions", err
}

// signedOut is where a person is led whose session has ended. The chain sees there that
// the browser's cookies belong to no session, and clears them.
const signedOut = "/?done=signed-out"

func (c *Console) endSessions(v *visit) (string, error) {
	_, err := c.Accounts.RevokeSessions(v.r.Context(), v.me.UserID)
	return signedOut, err
}

func (c *Console) signOut(v *visit) (string, error) {
	return signedOut, c.Accounts.RevokeSession(v.r.Context(), v.me.UserID, v.me.SessionID)
}

func linkedWords(l tongue, x account.XAccount) string {
	if x.LastSyncAt == nil {
		return l.Say("account.linked", "at", l.date(x.LinkedAt))
	}
	return l.Say("account.linked_read", "at", l.date(x.LinkedAt), "read", l.moment(*x.LastSyncAt))
}

func lastUsedWords(l tongue, s account.Session) string {
	if s.IP == "" {
		return l.Say("account.used", "at", l.moment(s.LastUsedAt))
	}
	return l.Say("account.used_from", "at", l.moment(s.LastUsedAt), "ip", s.IP)
}
