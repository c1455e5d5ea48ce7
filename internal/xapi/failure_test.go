package xapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

// Whatever X refuses has a name for the figure, its cause in the log, and a sentence for who must act. What X wrote in
// words, which may echo what it was asked, is in none of them.
func TestRefusal_HasANameACauseAndASentenceForWhoMustAct(t *testing.T) {
	t.Parallel()
	const secret = "words-of-a-person"
	for what, c := range map[string]struct {
		status      int
		body        string
		name, cause string
		says        string
	}{
		"an access token that is spent": {
			401, `{"title":"Unauthorized","type":"about:blank","status":401,"detail":"` + secret + `"}`,
			"token_refused", "the access token is not accepted: xapi: X answered 401", "reconnect the account",
		},
		"credits that are used up": {
			402, `{"type":"https://api.x.com/2/problems/credits-depleted","detail":"` + secret + `"}`,
			"credits_used_up", "the app's prepaid credits are used up", "paused for everyone",
		},
		"a scope that was not allowed": {
			403, `{"type":"https://api.x.com/2/problems/not-authorized-for-resource","detail":"` + secret + `"}`,
			"not_permitted", "the access token does not permit this: xapi: X answered 403 not-authorized-for-resource",
			"Reconnect it and allow",
		},
		"an app that X does not let do this": {
			403, `{"type":"https://api.twitter.com/2/problems/client-forbidden","reason":"client-not-enrolled","detail":"` +
				secret + `"}`,
			"app_not_permitted", "X answered 403 client-forbidden", "Its operator has to look at the app",
		},
		"a wrong secret of the app": {
			401, `{"error":"unauthorized_client","error_description":"` + secret + `"}`,
			"app_credentials", "X answered 401 unauthorized_client", "Its operator has to check X_CLIENT_ID, X_CLIENT_SECRET",
		},
		"a callback address that X does not know": {
			400, `{"error":"invalid_request","error_description":"Value passed for the redirect uri was invalid. ` + secret +
				`"}`,
			"app_credentials", "X answered 400 invalid_request", "callback address",
		},
		"too much in a window": {
			429, `{"title":"Too Many Requests"}`, "rate_limited", "rate limited until",
			"X asks us to wait",
		},
		"the month's reads": {
			429, `{"type":"https://api.x.com/2/problems/usage-capped","detail":"` + secret + `"}`,
			"monthly_cap", "the monthly cap of post reads is reached", "Upload your X archive instead",
		},
		"trouble at X": {503, `<html>` + secret +
			`</html>`, "unavailable", "X answered 503", "Try again in a few minutes"},
		"a request X cannot take": {
			400, `{"errors":[{"type":"invalid-request"}]}`, "refused",
			"X answered 400 invalid-request", "operator has to look at the log",
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			c0 := New(Config{Now: func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }})
			f := fault.From(c0.refusal(c.status, http.Header{}, []byte(c.body)))
			if name := FailureName(c.status, []byte(c.body)); name != c.name {
				t.Errorf("it is counted as %q", name)
			}
			if f.Code != fault.XUnavailable.Code || !strings.Contains(f.Cause.Error(), c.cause) ||
				!strings.Contains(f.Message, c.says) {
				t.Errorf("%s: %q because %q", f.Code, f.Message, f.Cause)
			}
			if strings.Contains(f.Message+f.Cause.Error(), secret) {
				t.Errorf("words of the answer are in %q because %q", f.Message, f.Cause)
			}
		})
	}
	ended := `{"error":"invalid_grant"}`
	if name := FailureName(400, []byte(ended)); name != "grant_ended" {
		t.Errorf("a grant that has ended is counted as %q", name)
	}
}
