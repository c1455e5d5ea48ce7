package httpapi

import (
	"net/http"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/limit"
)

// group is a set of routes with rate limits of its own, counted for each address whoever
// is signed in: where somebody could guess.
type group string

const (
	signInGroup  group = "sign-in"
	refreshGroup group = "refresh"
)

func (a *API) windows(g group) []limit.Window {
	switch g {
	case signInGroup:
		return a.SignInWindows
	case refreshGroup:
		return a.RefreshWindows
	}
	return a.Windows
}

// budget says whose requests are counted with this one, and how many there may be.
func (a *API) budget(r *http.Request) (key string, windows []limit.Window) {
	info := requestFrom(r.Context())
	if g, ok := a.groups[info.route]; ok {
		return a.addressKey(r, g), a.windows(g)
	}
	if info.user != "" {
		return a.LimitKey("user " + info.user), a.Windows
	}
	return a.addressKey(r, ""), a.Windows
}

// takeRefresh counts a refresh token that arrives as a cookie with those that arrive at the
// route for them.
func (a *API) takeRefresh(r *http.Request) error {
	d, err := a.Limiter.Take(r.Context(), a.addressKey(r, refreshGroup), a.RefreshWindows)
	if err == nil && !d.Allowed {
		err = fault.RateLimited.After(d.RetryAfter)
	}
	return err
}
