package httpapi

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/fault"
)

// toBrowser is the answer a browser gets in the place of JSON.
func toBrowser(where string) map[string]*huma.Response {
	return map[string]*huma.Response{"302": {
		Description: where,
		Headers:     map[string]*huma.Header{"Location": {Description: where, Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
}

func exampleTokens() TokensBody {
	return TokensBody{
		AccessToken: "the-access-token", TokenType: "bearer", ExpiresIn: 1800, RefreshToken: "the-refresh-token",
		RefreshTokenExpiresAt: *exampleLater(7), SessionID: exampleID,
	}
}

func signInEntries() map[string]entry {
	sessions := sessionsOutput{}
	sessions.Body.Data = []sessionBody{{
		exampleID, "Firefox on Linux", exampleTime(), exampleTime(), *exampleLater(7),
		true,
	}}
	return map[string]entry{
		"GET /auth/x/login": {
			text: "A browser is sent to X. A program that accepts application/json gets the address in the answer instead; " +
				"it must keep the cookie that comes along, and send it to the callback.\n\n" +
				"Signed in, this links a further X account to you. It needs a sign-in of the last 15 minutes, and ends with the " +
				"session that began it.",
			refusals: []*fault.Fault{fault.SignInAgain},
			answered: loginBody{
				"https://x.com/i/oauth2/authorize?response_type=code&state=the-state", "the-state",
				exampleTime(),
			},
			also: toBrowser("X's page, on which you agree or do not."),
		},
		"GET /auth/x/callback": {
			text: "X leads here when you have agreed. The state counts once, for ten minutes, and only with the cookie of " +
				"the browser that began. Parameters that are not listed are ignored.\n\n" +
				"A browser gets cookies and is sent on; a program that accepts application/json gets tokens, unless it was " +
				"signed in and has linked a further account.",
			answered: signedInBody{TokensBody: new(exampleTokens()), UserID: exampleUser, New: true, Account: exampleXAccount()},
			also:     toBrowser("Where you wanted to go; after a refusal the front page, with a code that says why."),
			refusals: []*fault.Fault{fault.Forbidden, fault.Conflict, fault.AlreadyLinked, fault.XUnavailable},
		},
		"POST /auth/token/refresh": {
			text: "A refresh token is good for one use: keep the new one. When an answer was lost, the used one gives the " +
				"same new one again, for as long as nobody has used that. Whoever presents a token whose successor was used, " +
				"more than ten seconds later, ends the session, because one of the two is a thief.",
			sent: map[string]any{"refresh_token": "the-refresh-token"}, answered: exampleTokens(),
			refusals: []*fault.Fault{fault.Unauthenticated, fault.TokenReused, fault.SessionRevoked, fault.Conflict},
		},
		"POST /auth/logout": {text: "The access token of this session is refused from now on, and its refresh " +
			"token too."},
		"GET /auth/sessions": {text: "Each browser and program that is signed in as you, with the one that asks " +
			"marked as current.", answered: sessions.Body},
		"DELETE /auth/sessions/{id}": {text: "Whoever uses that session must sign in again."},
		"DELETE /auth/sessions":      {text: "Signs you out everywhere, here too."},
	}
}
