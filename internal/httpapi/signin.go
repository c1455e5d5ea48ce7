package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

// Signing in: /login keeps a secret in the browser's cookie and sends it to X; X sends it
// back to /callback, which takes the code only from the browser that holds the secret.
// Programs ask for application/json and get the same in bodies instead of redirects.

type loginInput struct {
	Accept     string `header:"Accept"`
	RedirectTo string `query:"redirect_to" maxLength:"2000" doc:"Where to go afterwards: a path here, or an address on an allowed host."`
	Domain     string `query:"domain" maxLength:"253" doc:"An allowed host to return to; its front page."`
}

type loginOutput struct {
	Status    int
	Location  string        `header:"Location"`
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      *loginBody
}

type loginBody struct {
	AuthorizationURL string    `json:"authorization_url" doc:"Open this in a browser that keeps the cookie of this answer."`
	State            string    `json:"state"`
	ExpiresAt        time.Time `json:"expires_at"`
}

func (a *API) login(ctx context.Context, in *loginInput) (*loginOutput, error) {
	me := account.PrincipalFrom(ctx)
	auth, err := a.Accounts.BeginSignIn(ctx, account.SignInRequest{
		LinkTo: me.UserID, Session: me.SessionID, RedirectTo: in.RedirectTo, Domain: in.Domain,
	})
	if errors.Is(err, fault.SignInAgain) && strings.Contains(in.Accept, "text/html") { // a person who pressed a button
		return &loginOutput{Status: http.StatusFound, Location: "/?error=" + fault.SignInAgain.Code}, nil
	}
	if err != nil {
		return nil, err
	}
	out := &loginOutput{SetCookie: []http.Cookie{a.cookie(stateCookieOf(auth.State), auth.Browser, auth.ExpiresAt)}}
	if wantsJSON(in.Accept) {
		out.Status, out.Body = http.StatusOK, &loginBody{auth.URL, auth.State, auth.ExpiresAt}
	} else {
		out.Status, out.Location = http.StatusFound, auth.URL
	}
	return out, nil
}

type callbackInput struct {
	Accept           string `header:"Accept"`
	UserAgent        string `header:"User-Agent"`
	Languages        string `header:"Accept-Language" hidden:"true"`
	Cookie           string `header:"Cookie"`
	State            string `query:"state" maxLength:"500"`
	Code             string `query:"code" maxLength:"2000"`
	Issuer           string `query:"iss" maxLength:"500" doc:"Who answers (RFC 9207); X, when it is there."`
	Error            string `query:"error" maxLength:"200"`
	ErrorDescription string `query:"error_description" maxLength:"2000"`
}

type callbackOutput struct {
	Status    int
	Location  string        `header:"Location"`
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      *signedInBody
}

type signedInBody struct {
	*TokensBody
	UserID  string      `json:"user_id" format:"uuid"`
	New     bool        `json:"new" doc:"True at the very first sign-in."`
	Linked  bool        `json:"linked" doc:"True when a further account was linked to the user."`
	Account accountBody `json:"account"`
}

// TokensBody is the tokens of a session in answers. It is exported because huma describes no other embedded struct.
type TokensBody struct {
	AccessToken           string    `json:"access_token"`
	TokenType             string    `json:"token_type" enum:"bearer"`
	ExpiresIn             int       `json:"expires_in" doc:"Seconds."`
	RefreshToken          string    `json:"refresh_token"`
	RefreshTokenExpiresAt time.Time `json:"refresh_token_expires_at"`
	SessionID             string    `json:"session_id" format:"uuid"`
}

func (a *API) tokens(t account.Tokens) TokensBody {
	return TokensBody{
		t.Access, "bearer", seconds(time.Until(t.AccessExpiresAt)), t.Refresh, t.RefreshExpiresAt,
		t.SessionID,
	}
}

// askedFor is the language that a browser asks for; "" when it does not say.
func askedFor(accept string) string {
	if accept == "" {
		return ""
	}
	return words.Choose(accept).Tag
}

// completed is what the cookie of a state holds once its callback has succeeded, so that a browser which asks for the
// same address again (the back button, a reload) is led on and not told of a mistake.
const completed = "completed"

const completedFor = 10 * time.Minute // longer than a state lives

func (a *API) callback(ctx context.Context, in *callbackInput) (*callbackOutput, error) {
	name := stateCookieOf(in.State)
	browser := a.readCookie(in.Cookie, name)
	if browser == completed && caller(ctx) != "" && !wantsJSON(in.Accept) {
		return &callbackOutput{Status: http.StatusFound, Location: "/"}, nil
	}
	cleared := a.cookie(name, "", time.Unix(1, 0))
	done, err := a.Accounts.CompleteSignIn(ctx, account.Callback{
		State: in.State, Code: in.Code, Error: in.Error, Issuer: in.Issuer, Browser: browser, Device: in.UserAgent,
		Language: askedFor(in.Languages), Marks: a.marks(in.Cookie),
	})
	if err != nil && wantsJSON(in.Accept) {
		return nil, err
	}
	if err != nil && done.Leave && done.ReturnTo != "" { // a person: back to their plan
		p := refusal(ctx, a.Log, err)
		return &callbackOutput{
			Status: http.StatusFound, Location: withError(done.ReturnTo, p.Code),
			SetCookie: []http.Cookie{cleared},
		}, nil
	}
	if err != nil { // a person: back to the front page, with a code it knows a sentence for
		p := refusal(ctx, a.Log, err)
		return &callbackOutput{Status: http.StatusFound, Location: "/?error=" +
			url.QueryEscape(p.Code), SetCookie: []http.Cookie{cleared}}, nil
	}
	out := &callbackOutput{SetCookie: []http.Cookie{a.cookie(name, completed, time.Now().Add(completedFor))}}
	if !done.Linked { // whoever links an account keeps the session they have
		out.SetCookie = append(out.SetCookie, a.sessionCookies(done.Tokens)...)
		out.SetCookie = append(out.SetCookie, a.cookie(markCookieOf(done.UserID), done.Mark, time.Now().Add(markLife)))
	}
	if wantsJSON(in.Accept) {
		out.Status = http.StatusOK
		out.Body = &signedInBody{
			UserID: done.UserID, New: done.New, Linked: done.Linked,
			Account: newAccountBody(done.Account),
		}
		if !done.Linked {
			t := a.tokens(done.Tokens)
			out.Body.TokensBody = &t
		}
	} else {
		out.Status, out.Location = http.StatusFound, done.ReturnTo
	}
	return out, nil
}

// withError adds the code of a refusal to an address, for a page that knows a sentence for it.
func withError(address, code string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "/?error=" + url.QueryEscape(code)
	}
	q := u.Query()
	q.Set("error", code)
	u.RawQuery = q.Encode()
	return u.String()
}

// wantsJSON tells a program from a browser: browsers ask for text/html.
func wantsJSON(accept string) bool {
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

func (a *API) readCookie(header, name string) string {
	cookies, _ := http.ParseCookie(header)
	for _, c := range cookies {
		if c.Name == a.cookieName(name) {
			return c.Value
		}
	}
	return ""
}

type refreshInput struct {
	Cookie string `header:"Cookie"`
	Body   *struct {
		RefreshToken string `json:"refresh_token,omitempty" maxLength:"500" doc:"Browsers leave it out and send their cookie."`
	}
}

type tokensOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      TokensBody
}

func (a *API) refreshTokens(ctx context.Context, in *refreshInput) (*tokensOutput, error) {
	token, fromCookie := a.readCookie(in.Cookie, refreshCookie), true
	if in.Body != nil && in.Body.RefreshToken != "" {
		token, fromCookie = in.Body.RefreshToken, false
	}
	if token == "" {
		return nil, fault.Unauthenticated.Saying("Send your refresh_token.")
	}
	t, err := a.Accounts.RefreshSession(ctx, token)
	if err != nil {
		return nil, err
	}
	out := &tokensOutput{Body: a.tokens(t)}
	if fromCookie {
		out.SetCookie = a.sessionCookies(t)
	}
	return out, nil
}

type clearedOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Clear     string        `header:"Clear-Site-Data"`
}

func (a *API) cleared() *clearedOutput { return &clearedOutput{a.expiredCookies(), siteData} }

func (a *API) logout(ctx context.Context, _ *struct{}) (*clearedOutput, error) {
	p := account.PrincipalFrom(ctx)
	if err := a.Accounts.RevokeSession(ctx, p.UserID, p.SessionID); err != nil {
		return nil, err
	}
	return a.cleared(), nil
}

type sessionBody struct {
	ID         string    `json:"id" format:"uuid"`
	Device     string    `json:"device"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Current    bool      `json:"current"`
}

type sessionsOutput struct {
	Body struct {
		Data []sessionBody `json:"data"`
	}
}

func (a *API) sessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	all, err := a.Accounts.Sessions(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	out := &sessionsOutput{}
	out.Body.Data = make([]sessionBody, len(all))
	for i, s := range all {
		out.Body.Data[i] = sessionBody{
			s.ID, s.Device, s.CreatedAt, s.LastUsedAt, s.ExpiresAt,
			s.ID == account.PrincipalFrom(ctx).SessionID,
		}
	}
	return out, nil
}

type idInput struct {
	ID string `path:"id" format:"uuid"`
}

func (a *API) revokeSession(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, a.Accounts.RevokeSession(ctx, caller(ctx), in.ID)
}

func (a *API) revokeSessions(ctx context.Context, _ *struct{}) (*clearedOutput, error) {
	_, err := a.Accounts.RevokeSessions(ctx, caller(ctx))
	return a.cleared(), err
}
