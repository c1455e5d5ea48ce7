package httpapi

import (
	"net/http"
	"slices"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/limit"
)

// group is a set of routes with rate limits of its own, counted for each address whoever
// is signed in: where somebody could guess.
type group string

const (
	signInGroup  group = "sign-in"
	refreshGroup group = "refresh"
	sharedGroup  group = "shared"
)

func (a *API) windows(g group) []limit.Window {
	switch g {
	case signInGroup, sharedGroup:
		return a.SignInWindows
	case refreshGroup:
		return a.RefreshWindows
	}
	return a.Windows
}

// pageFactor is how much more the pages of somebody who is signed in may ask for: a click there is two requests, and a
// person who goes through their findings clicks fast. Programs, with a token or a key, have the figures of the
// configuration.
const pageFactor = 10

func generous(windows []limit.Window) []limit.Window {
	all := slices.Clone(windows)
	for i := range all {
		all[i].Limit *= pageFactor
	}
	return all
}

// budget says whose requests are counted with this one, and how many there may be. The key that all of a user's own
// requests have in common, whose version is the user's, is theirs alone.
func (a *API) budget(r *http.Request) (key string, windows []limit.Window, own bool) {
	info := requestFrom(r.Context())
	if g, ok := a.groups[info.route]; ok {
		return a.addressKey(r, g), a.windows(g), false
	}
	if info.user != "" && a.pages[info.route] && r.Header.Get("Authorization") == "" {
		return a.LimitKey("pages of user " + info.user), a.pageWindows, false
	}
	if info.user != "" {
		return a.LimitKey(UserKey(info.user)), a.Windows, true
	}
	return a.addressKey(r, ""), a.Windows, false
}

// UserKey is what LimitKey is given for the requests of a user, and for the version of their data.
func UserKey(user string) string { return "user " + user }

// takeRefresh counts a refresh token that arrives as a cookie with those that arrive at the
// route for them.
func (a *API) takeRefresh(r *http.Request) error {
	d, err := a.Limiter.Take(r.Context(), a.addressKey(r, refreshGroup), a.RefreshWindows)
	if err == nil && !d.Allowed {
		err = fault.RateLimited.After(d.RetryAfter)
	}
	return err
}
