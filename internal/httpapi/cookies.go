package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/account"
)

const (
	accessCookie  = "rz_access"
	refreshCookie = "rz_refresh"
	stateCookie   = "rz_state_" // and a piece of the state's hash: each sign-in has a cookie of its own
)

// stateCookieOf names the cookie of one sign-in, so that two tabs can sign in side by side.
func stateCookieOf(state string) string {
	sum := sha256.Sum256([]byte(state))
	return stateCookie + hex.EncodeToString(sum[:8])
}

// markCookie keeps that a user signed in from this browser before, for a year.
const (
	markCookie = "rz_seen_"
	markLife   = 365 * 24 * time.Hour
)

// markCookieOf names it, with a cookie for each user of a browser.
func markCookieOf(userID string) string {
	sum := sha256.Sum256([]byte(userID))
	return markCookie + hex.EncodeToString(sum[:4])
}

// marks are what earlier sign-ins left in this browser.
func (a *API) marks(header string) (all []string) {
	cookies, _ := http.ParseCookie(header)
	for _, c := range cookies {
		if strings.HasPrefix(c.Name, a.cookieName(markCookie)) {
			all = append(all, c.Value)
		}
	}
	return all
}

// cookieName adds the prefix that binds a cookie to this host over https. Browsers refuse
// it on plain http, which only a local server speaks.
func (a *API) cookieName(name string) string {
	if a.secure {
		return "__Host-" + name
	}
	return name
}

func (a *API) cookie(name, value string, until time.Time) http.Cookie {
	return http.Cookie{ //nolint:gosec // Secure is false only on plain http, which only a local server speaks
		Name: a.cookieName(name), Value: value, Path: "/", Expires: until,
		HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode,
	}
}

// sessionCookies both stay as long as the session: the access token opens nothing after its own time, and then still
// says who wrote a form that comes after the session has ended.
func (a *API) sessionCookies(t account.Tokens) []http.Cookie {
	return []http.Cookie{
		a.cookie(accessCookie, t.Access, t.RefreshExpiresAt),
		a.cookie(refreshCookie, t.Refresh, t.RefreshExpiresAt),
	}
}

func (a *API) expiredCookies() []http.Cookie {
	gone := time.Unix(1, 0)
	return []http.Cookie{a.cookie(accessCookie, "", gone), a.cookie(refreshCookie, "", gone)}
}

func (a *API) setCookies(w http.ResponseWriter, t account.Tokens) {
	for _, c := range a.sessionCookies(t) {
		http.SetCookie(w, &c)
	}
}

// siteData is what a browser is told to forget when its session ends: the reports that it keeps, for whoever uses it
// next.
const siteData = `"cache"`

func (a *API) clearCookies(w http.ResponseWriter) {
	w.Header().Set("Clear-Site-Data", siteData)
	for _, c := range a.expiredCookies() {
		http.SetCookie(w, &c)
	}
}
