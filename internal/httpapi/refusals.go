package httpapi

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/fault"
)

// noteRefusal gathers for the audit log that a request was refused, if it was for a reason that
// tells of somebody who tries: a sign-in that failed, a credential that is not good, a door that
// is not theirs, too many requests. That a token has expired tells of nobody, and who brings no
// credential was only asked for one.
func (a *API) noteRefusal(r *http.Request, info *request) {
	action, code := refused(info, a.groups[info.route])
	if action == "" || a.Refusals == nil {
		return
	}
	ctx, user := r.Context(), cmp.Or(info.user, info.barred.UserID)
	if key := cmp.Or(info.key, info.barred.KeyID); key != "" {
		o := audit.OriginFrom(ctx)
		o.KeyID = key
		ctx = audit.WithOrigin(ctx, o)
	}
	what := audit.Refusal{UserID: user, Action: action, Code: code, Route: info.route}
	if action == audit.RateRefused {
		what.Route = "" // the limit is the caller's, whichever routes they ask
	}
	a.Refusals.Note(ctx, what)
}

// refused says what was refused, and why; "" for nothing that is noted.
func refused(info *request, g group) (action audit.Action, code string) {
	switch {
	case info.badToken != "" && info.badToken != fault.TokenExpired.Code:
		return audit.TokenRefused, info.badToken
	case g == signInGroup && info.code != "" && info.status < http.StatusInternalServerError, g == signInGroup &&
		info.code == fault.XUnavailable.Code:
		return audit.SignInRefused, info.code
	case g == refreshGroup && (info.status == http.StatusUnauthorized || info.status == http.StatusTooManyRequests):
		return audit.TokenRefused, info.code
	case info.status == http.StatusForbidden:
		return audit.AccessRefused, info.code
	// pages that hide from those they are not for
	case info.status == http.StatusNotFound && strings.HasPrefix(info.route, "GET /admin/"):
		return audit.AccessRefused, fault.Forbidden.Code
	case info.code == fault.RateLimited.Code && info.user+info.barred.UserID != "":
		return audit.RateRefused, info.code
	}
	return "", ""
}
