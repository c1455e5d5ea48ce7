package x

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

// How long X's grants live.
const (
	codeLife    = 30 * time.Second
	accessLife  = 2 * time.Hour
	refreshLife = 180 * 24 * time.Hour
)

// grants are the codes and tokens X has given out. A family is everything that came from one code: reuse of its code or
// of a spent refresh token ends all of it.
type grants struct {
	mu      sync.Mutex
	codes   map[string]*code
	access  map[string]*token
	refresh map[string]*token
}

type family struct {
	client  string
	person  string // handle
	scopes  []string
	revoked bool
}

type code struct {
	*family
	redirect, challenge string
	expires             time.Time
	used                bool
}

type token struct {
	*family
	expires time.Time
	used    bool
}

func newGrants() grants {
	return grants{codes: map[string]*code{}, access: map[string]*token{}, refresh: map[string]*token{}}
}

// allow makes a code for a sign-in that a person agreed to.
func (g *grants) allow(a authorization, person string, now time.Time) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := rand.Text()
	f := &family{client: a.client.ID, person: person, scopes: a.scopes}
	g.codes[c] = &code{family: f, redirect: a.redirect, challenge: a.challenge, expires: now.Add(codeLife)}
	return c
}

// caller finds who a living access token speaks for.
func (g *grants) caller(access string, now time.Time) (family, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.access[access]
	if t == nil || t.revoked || !now.Before(t.expires) {
		return family{}, false
	}
	return *t.family, true
}

// pair issues tokens for f. The caller holds the lock.
func (g *grants) pair(f *family, now time.Time) map[string]any {
	access := rand.Text()
	g.access[access] = &token{family: f, expires: now.Add(accessLife)}
	out := map[string]any{
		"token_type": "bearer", "access_token": access, "expires_in": int(accessLife.Seconds()),
		"scope": strings.Join(f.scopes, " "),
	}
	if slices.Contains(f.scopes, "offline.access") {
		refresh := rand.Text()
		g.refresh[refresh] = &token{family: f, expires: now.Add(refreshLife)}
		out["refresh_token"] = refresh
	}
	return out
}

// oauthError is RFC 6749's refusal.
type oauthError struct {
	status            int
	Code, Description string
}

func (e oauthError) write(w http.ResponseWriter) {
	web.JSON(w, e.status, map[string]string{"error": e.Code, "error_description": e.Description})
}

var (
	badClient  = oauthError{http.StatusUnauthorized, "unauthorized_client", "Missing valid authorization header"}
	badCode    = oauthError{http.StatusBadRequest, "invalid_grant", "Value passed for the authorization code was invalid."}
	badRefresh = oauthError{http.StatusBadRequest, "invalid_grant", "Value passed for the token was invalid."}
)

func badRequest(why string) oauthError {
	return oauthError{http.StatusBadRequest, "invalid_request", why}
}

// exchange spends a code. Any failed attempt to use a code that exists spends it too.
func (g *grants) exchange(form url.Values, client string, now time.Time) (map[string]any, *oauthError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.codes[form.Get("code")]
	if c == nil {
		return nil, &badCode
	}
	if c.used {
		c.revoked = true
		return nil, &badCode
	}
	c.used = true
	if c.client != client || !now.Before(c.expires) || c.redirect != form.Get("redirect_uri") ||
		!verifies(form.Get("code_verifier"), c.challenge) {
		return nil, &badCode
	}
	return g.pair(c.family, now), nil
}

// rotate spends a refresh token.
func (g *grants) rotate(refresh, client string, now time.Time) (map[string]any, *oauthError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.refresh[refresh]
	if t == nil { // X says this of a token it never gave out
		e := badRequest("Value passed for the token was invalid.")
		return nil, &e
	}
	if t.used {
		t.revoked = true
	}
	if t.used || t.revoked || t.client != client || !now.Before(t.expires) {
		return nil, &badRefresh
	}
	t.used = true
	return g.pair(t.family, now), nil
}

// revoke ends the family of a refresh token, or one access token.
func (g *grants) revoke(tok, client string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.refresh[tok]; t != nil && t.client == client {
		t.revoked = true
		return true
	}
	if t := g.access[tok]; t != nil && t.client == client {
		delete(g.access, tok)
		return true
	}
	return false
}

var verifierShape = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// verifies is PKCE with S256.
func verifies(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	return verifierShape.MatchString(verifier) && subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) == 1
}

// postToken is POST /2/oauth2/token.
func (x *Server) postToken(w http.ResponseWriter, r *http.Request) {
	form, client, ok := x.tokenForm(w, r, "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token")
	if !ok {
		return
	}
	var out map[string]any
	var refused *oauthError
	switch form.Get("grant_type") {
	case "authorization_code":
		out, refused = x.grants.exchange(form, client, x.store.Now())
	case "refresh_token":
		out, refused = x.grants.rotate(form.Get("refresh_token"), client, x.store.Now())
	default:
		refused = &oauthError{http.StatusBadRequest, "unsupported_grant_type", "Grant type is not supported."}
	}
	x.store.Changed() // also by a refusal: reuse ends a family
	if refused != nil {
		refused.write(w)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	web.JSON(w, http.StatusOK, out)
}

// postRevoke is POST /2/oauth2/revoke.
func (x *Server) postRevoke(w http.ResponseWriter, r *http.Request) {
	form, client, ok := x.tokenForm(w, r, "token", "token_type_hint")
	if !ok {
		return
	}
	if !x.grants.revoke(form.Get("token"), client) {
		badRequest("Value passed for the token was invalid.").write(w)
		return
	}
	x.store.Changed()
	web.JSON(w, http.StatusOK, map[string]bool{"revoked": true})
}

// tokenForm reads the form of a token call and proves which app calls. It answers the refusal itself.
func (x *Server) tokenForm(w http.ResponseWriter, r *http.Request, known ...string) (url.Values, string, bool) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(w, r.Body, web.MaxBody)
	if kind != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" || r.ParseForm() != nil {
		badRequest("The parameters belong in a form body.").write(w)
		return nil, "", false
	}
	for name, values := range r.PostForm {
		if !slices.Contains(known, name) && name != "client_id" || len(values) > 1 {
			x.refused(r, "unknown or repeated parameter "+name)
			badRequest("The parameter " + name + " is unknown or repeated.").write(w)
			return nil, "", false
		}
	}
	client, ok := x.provenClient(r)
	if !ok {
		badClient.write(w)
		return nil, "", false
	}
	return r.PostForm, client.ID, true
}

// provenClient is the app that calls: Basic with its secret for a confidential one, client_id in the body for a public
// one.
func (x *Server) provenClient(r *http.Request) (Client, bool) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		c, ok := x.client(r.PostForm.Get("client_id"))
		return c, ok && c.Secret == ""
	}
	id, err1 := url.QueryUnescape(id)
	secret, err2 := url.QueryUnescape(secret)
	c, ok := x.client(id)
	return c, ok && err1 == nil && err2 == nil && c.Secret != "" &&
		subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) == 1
}
