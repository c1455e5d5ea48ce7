package console

import (
	"cmp"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/words"
)

// The language of reports, mails and notices, and the zone of times: a form on the page of the account.

type preferencesView struct {
	Language, TimeZone string // in the form
	browser            string // the language that the browser asked for at the last sign-in
}

// asBrowser names the choice of no language.
func (v preferencesView) asBrowser(l tongue) string {
	if v.browser == "" {
		return l.Say("account.browser")
	}
	return l.Say("account.browser_is", "language", words.For(v.browser).Name)
}

// prefer takes an empty zone for UTC, as the form says. It is kept as that: the script would fill in a zone again where
// none was chosen.
func (c *Console) prefer(v *visit) (string, error) {
	language, zone := v.field("language"), cmp.Or(v.field("time_zone"), "UTC")
	err := c.Accounts.Prefer(v.r.Context(), v.me.UserID, account.Wish{Language: &language, TimeZone: &zone})
	return "/account?done=preferences-saved#preferences", err
}
