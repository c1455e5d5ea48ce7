package xapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/repazoo/repazoo/internal/fault"
)

// Token is what X grants. It prints as dots everywhere, so that it cannot slip into a log.
type Token struct {
	Access    string
	Refresh   string // empty without the scope offline.access; good for one use
	ExpiresAt time.Time
	Scopes    []string
}

const dots = "Token(••••)"

// String hides the token.
func (Token) String() string { return dots }

// GoString hides the token.
func (Token) GoString() string { return dots }

// Format hides the token from every verb of fmt.
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, dots) }

// LogValue hides the token from slog.
func (Token) LogValue() slog.Value { return slog.StringValue(dots) }

// NewVerifier makes a fresh PKCE verifier: 32 random bytes as 43 characters.
func NewVerifier() string { return oauth2.GenerateVerifier() }

// AuthorizeURL is the address of X's consent page for one sign-in. Only the S256 challenge of the verifier is in it.
func (c *Client) AuthorizeURL(state, verifier, redirectURI string, scopes []string) string {
	o := c.oauth
	o.RedirectURL, o.Scopes = redirectURI, scopes
	return o.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
}

// Exchange trades the code of a callback for a Token. It is tried once. [ErrDead] means the code is spent or older than
// 30 seconds, or that verifier or redirectURI are not those of the sign-in.
func (c *Client) Exchange(ctx context.Context, code, verifier, redirectURI string) (Token, error) {
	ctx, cancel := c.tokenContext(ctx)
	defer cancel()
	o := c.grant()
	o.RedirectURL = redirectURI
	t, err := o.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return Token{}, tokenError(err, "X no longer accepts this sign-in. Start it again.")
	}
	return c.token(t), nil
}

// Refresh trades a refresh token for a new pair. It is tried once, and the old refresh token must be taken as spent
// whatever the outcome. When X returns no new refresh token, Token.Refresh is the old one. [ErrDead] means reconnect.
func (c *Client) Refresh(ctx context.Context, refreshToken string) (Token, error) {
	ctx, cancel := c.tokenContext(ctx)
	defer cancel()
	t, err := c.grant().TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
	if err != nil {
		return Token{}, tokenError(err, "The connection to this X account has ended. Reconnect the account.")
	}
	return c.token(t), nil
}

// Revoke ends an access or refresh token. A token X no longer knows counts as revoked.
func (c *Client) Revoke(ctx context.Context, token string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	form := url.Values{"token": {token}}
	secret := *c.secret.Load()
	if secret == "" {
		form.Set("client_id", c.oauth.ClientID)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.api+"/2/oauth2/revoke",
		strings.NewReader(form.Encode()))
	if err != nil {
		return broken(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if secret != "" {
		req.SetBasicAuth(url.QueryEscape(c.oauth.ClientID), url.QueryEscape(secret))
	}
	status, _, body, err := c.roundTrip(req)
	if err != nil {
		return err
	}
	kind := problemType(body)
	if status == http.StatusOK || kind == "invalid_grant" || kind == "invalid_request" {
		return nil
	}
	return (&Refused{status, kind}).said()
}

func (c *Client) tokenContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, c.http), callTimeout)
}

// token counts the expiry on our clock, not on the library's.
func (c *Client) token(t *oauth2.Token) Token {
	life := time.Duration(t.ExpiresIn) * time.Second
	if life <= 0 {
		life = defaultExpiry
	}
	scope, _ := t.Extra("scope").(string)
	return Token{t.AccessToken, t.RefreshToken, c.now().Add(life), strings.Fields(scope)}
}

// tokenError keeps the code of a refusal and drops its body, which may echo what was sent.
func tokenError(err error, whenDead string) error {
	r, refused := errors.AsType[*oauth2.RetrieveError](err)
	_, failed := errors.AsType[*url.Error](err)
	switch {
	case refused && dead(r.ErrorCode, r.ErrorDescription):
		return fault.XUnavailable.Saying("%s", whenDead).Because(ErrDead)
	case refused:
		return (&Refused{r.Response.StatusCode, lastSegment(r.ErrorCode)}).said()
	case failed:
		return broken(err)
	}
	return fault.XUnavailable.Because(ErrMalformed)
}

// ofValue is how X speaks of a token or code that it does not take. It says invalid_request to many other mistakes too,
// such as a client id or an address that is not registered, and those are the operator's: they end nobody's connection.
var ofValue = regexp.MustCompile(`(?i)^value passed for the (token|refresh token|authorization code) (was|is) invalid\b`)

// dead reports whether a refusal of the token endpoint means that a grant can never be used again. X answers either
// code for a refresh token that was used before.
func dead(code, description string) bool {
	return code == "invalid_grant" || code == "invalid_request" && ofValue.MatchString(description)
}

// Issues tells whether an issuer that an authorization response names (RFC 9207) is X: the origin of its consent page
// or of its API.
func (c *Client) Issues(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return slices.ContainsFunc([]string{c.oauth.Endpoint.AuthURL, c.api}, func(known string) bool {
		k, err := url.Parse(known)
		return err == nil && k.Scheme == u.Scheme && k.Host == u.Host
	})
}
