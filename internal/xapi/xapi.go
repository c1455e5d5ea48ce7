// Package xapi is a thin client of the X API v2: sign-in with PKCE, the signed-in user, their posts, and deleting a
// post.
//
// One [Client] serves the whole process and is safe for concurrent use. A sign-in goes
//
//	verifier := xapi.NewVerifier()                                   // keep it sealed beside the state
//	url := c.AuthorizeURL(state, verifier, redirectURI, scopes)      // the browser goes there
//	token, err := c.Exchange(ctx, code, verifier, redirectURI)       // within 30 s of the callback
//	user, err := c.Me(ctx, token.Access)
//
// and posts are read page by page, newest first:
//
//	for page, err := range c.Posts(ctx, token.Access, user.ID, xapi.Query{Max: 200}) {
//
// What can go wrong, and what the caller does about it:
//
//   - [ErrDead]: the code or refresh token is spent or revoked. Re-read the stored token, another process may have
//     rotated it; if it is still the same, the user must reconnect.
//   - [ErrUnauthorized]: the access token is not accepted. Refresh once, then try again.
//   - [ErrForbidden]: a scope is missing, or the post is somebody else's.
//   - [*RateLimited]: wait until Reset; with MonthlyCap the whole app is out of reads.
//   - [ErrCreditsGone]: the app's prepaid credits are used up. The client refuses every call that costs credits until a
//     cool-down has passed, so that X is not asked again once per user.
//   - [*Refused]: any other answer that is not a success.
//
// Every error is, or wraps, a fault.XUnavailable with a sentence for the user. No error holds a token, a code, a query
// string or anything X wrote in a body but its error type.
//
// Only reads (GET) are tried again, at most 3 times in all, after a 5xx answer, a timeout or a broken connection. Calls
// to the token endpoint never are: a refresh token is good for one use, and a lost answer must not spend the family.
package xapi

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
)

// The addresses of the real X, used where [Config] names none.
const (
	DefaultAPIURL       = "https://api.x.com"
	DefaultAuthorizeURL = "https://x.com/i/oauth2/authorize"
)

const (
	callTimeout   = 20 * time.Second // one try of one call, body included
	maxBody       = 8 << 20          // bytes read of any answer
	creditsPause  = 10 * time.Minute // after a 402
	windowGuess   = 15 * time.Minute // X's rate limit window, when a 429 does not say when it ends
	defaultExpiry = 2 * time.Hour    // an access token's life, when X does not say
)

// Config says who we are to X and where X is.
type Config struct {
	ClientID     string
	ClientSecret string           // empty for a public client
	APIURL       string           // default DefaultAPIURL; no trailing slash needed
	AuthorizeURL string           // default DefaultAuthorizeURL
	HTTP         *http.Client     // default a plain client; redirects are never followed
	Now          func() time.Time // default time.Now
}

// Client talks to X for one developer app.
type Client struct {
	api   string
	oauth oauth2.Config // without the secret
	http  *http.Client
	now   func() time.Time

	secret atomic.Pointer[string]

	mu     sync.Mutex
	paused time.Time // no call that costs credits before this
}

// New makes a Client. It makes no call.
func New(cfg Config) *Client {
	api := strings.TrimRight(cmp.Or(cfg.APIURL, DefaultAPIURL), "/")
	c := &Client{
		api:  api,
		http: withoutRedirects(cfg.HTTP),
		now:  cfg.Now,
		oauth: oauth2.Config{
			ClientID: cfg.ClientID,
			Endpoint: oauth2.Endpoint{AuthURL: cmp.Or(cfg.AuthorizeURL, DefaultAuthorizeURL), TokenURL: api + "/2/oauth2/token"},
		},
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.SetSecret(cfg.ClientSecret)
	return c
}

// SetSecret replaces the client's secret for the calls that begin from now on; "" makes the client public.
func (c *Client) SetSecret(secret string) { c.secret.Store(&secret) }

// grant is what the token endpoint is asked with: a public client names itself, another one proves who it is.
func (c *Client) grant() *oauth2.Config {
	o := c.oauth
	o.ClientSecret, o.Endpoint.AuthStyle = *c.secret.Load(), oauth2.AuthStyleInHeader
	if o.ClientSecret == "" {
		o.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &o
}

// withoutRedirects copies h so that a bearer token never follows a redirect to another place.
func withoutRedirects(h *http.Client) *http.Client {
	own := http.Client{}
	if h != nil {
		own = *h
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
