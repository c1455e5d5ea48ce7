package httpapi

import (
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/repazoo/repazoo/internal/account"
)

// Routes that are asked most (Kept) do nothing but read, and the start of an analysis (Looks) begins with a statement
// that does nothing for a session that has ended (account.Look.Alive). Where this process does not know how the session
// of an access token stands, such a request goes on as its user, and the session is looked up in the same round trip as
// what is read or written first (account.AuthenticateLater). Two locks keep the answer from somebody whose session has
// ended: the database answers nothing that is asked before the session was found alive (db.WithGate), and not a byte
// leaves before either (unseen). They are then refused as if the session had been looked up first, whatever the answer
// was going to be.
//
// Until the session is known, the request is counted as its user's. Of a session that has ended that happens once in
// each process, because this stays known.

// mayLookLater is not for browsers' cookies: whose session has ended may be signed in again by another cookie.
func (a *API) mayLookLater(r *http.Request) bool {
	return a.looks[requestFrom(r.Context()).route]
}

// lookLater serves a request whose session is looked up with what it reads; stranger is the same request before anybody
// was known.
func (a *API) lookLater(next http.Handler, w http.ResponseWriter, r, stranger *http.Request) {
	info := requestFrom(r.Context())
	answer := &unseen{ResponseWriter: w, look: info.look, asked: r.Context(), before: maps.Clone(w.Header())}
	answer.refuse = func(err error) {
		info.user, info.look = "", nil
		info.noteBad(err)
		a.turnAway(w, stranger, err)
	}
	next.ServeHTTP(answer, r.WithContext(info.look.Before(r.Context())))
	answer.seen() // also where the handler wrote nothing
}

// unseen is the answer to somebody whose session may not have been looked up yet.
type unseen struct {
	http.ResponseWriter
	look    *account.Look
	asked   context.Context //nolint:containedctx // the request's own, for the look
	before  http.Header     // as the headers were when it began
	refuse  func(error)
	decided bool
	refused bool
}

// seen tells whether the answer may leave. The first time, it refuses in its place if it may not.
func (u *unseen) seen() bool {
	if u.decided {
		return !u.refused
	}
	u.decided = true
	if err := u.look.Outcome(u.asked); err != nil {
		u.refused = true
		clear(u.Header())
		maps.Copy(u.Header(), u.before)
		u.refuse(err)
	}
	return !u.refused
}

func (u *unseen) WriteHeader(status int) {
	if u.seen() {
		u.ResponseWriter.WriteHeader(status)
	}
}

func (u *unseen) Write(b []byte) (int, error) {
	if u.seen() {
		return u.ResponseWriter.Write(b)
	}
	return len(b), nil
}

// SetReadDeadline is passed on. There is no Unwrap, by which an answer could leave unseen.
func (u *unseen) SetReadDeadline(at time.Time) error {
	return http.NewResponseController(u.ResponseWriter).SetReadDeadline(at)
}
