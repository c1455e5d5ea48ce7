package xapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/repazoo/repazoo/internal/fault"
)

// The names of X's refusals, for the figure that counts them. Each has one who must act.
const (
	nameToken       = "token_refused"     // the person connects the account anew
	nameGrant       = "grant_ended"       // the person connects the account anew
	nameScope       = "not_permitted"     // the person allows what is asked for
	nameCredentials = "app_credentials"   // the operator: client id, secret or callback address
	nameApp         = "app_not_permitted" // the operator: the app at X's developer portal
	nameCredits     = "credits_used_up"   // the operator: credits at X
	nameCap         = "monthly_cap"       // the operator, or the next month
	nameWindow      = "rate_limited"      // nobody: it passes
	nameUnavailable = "unavailable"       // nobody: it passes
	nameRefused     = "refused"           // the operator looks at the log
)

// appProblems are the problem types of a 403 that is about the operator's app and no person.
var appProblems = []string{
	"client-forbidden", "client-not-enrolled", "unsupported-authentication",
	"official-client-forbidden",
}

// FailureName names an answer of X that is no success.
func FailureName(status int, body []byte) string {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &said) // a page of HTML has no code
	if dead(said.Error, said.Description) {
		return nameGrant
	}
	return nameOf(status, problemType(body))
}

// nameOf names a status and the word that X gave with it.
func nameOf(status int, kind string) string {
	switch {
	case slices.Contains([]string{"invalid_client", "unauthorized_client", "invalid_request"}, kind):
		return nameCredentials
	case status == http.StatusUnauthorized:
		return nameToken
	case status == http.StatusPaymentRequired:
		return nameCredits
	case status == http.StatusForbidden && slices.Contains(appProblems, kind):
		return nameApp
	case status == http.StatusForbidden:
		return nameScope
	case status == http.StatusTooManyRequests && kind == "usage-capped":
		return nameCap
	case status == http.StatusTooManyRequests:
		return nameWindow
	case status >= http.StatusInternalServerError:
		return nameUnavailable
	}
	return nameRefused
}

// AppRefused tells whether X refused this server's app itself, its credentials or what it may do, and so everybody's
// calls.
func AppRefused(err error) bool {
	r, ok := errors.AsType[*Refused](err)
	if !ok {
		return false
	}
	name := nameOf(r.Status, r.Type)
	return name == nameCredentials || name == nameApp
}

// refusedAs is one of the causes to compare with, and what X said beside it.
type refusedAs struct {
	cause error
	Refused
}

func (e *refusedAs) Error() string { return e.cause.Error() + ": " + e.Refused.Error() }

// Unwrap gives the cause to compare with.
func (e *refusedAs) Unwrap() error { return e.cause }

// said is the fault of a refusal, with the sentence for who must act.
func (r *Refused) said() error {
	out := fault.XUnavailable.Because(r)
	switch nameOf(r.Status, r.Type) {
	case nameCredentials:
		return out.Saying("X does not accept how this server presents itself. " +
			"Its operator has to check X_CLIENT_ID, X_CLIENT_SECRET and the callback address at X.")
	case nameApp:
		return out.Saying("X does not let this server's app do this. Its operator has to look at the app in X's developer " +
			"portal.")
	case nameRefused:
		return out.Saying("X does not take this request. If it stays, this server's operator has to look at the log.")
	}
	return out
}
