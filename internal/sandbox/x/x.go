package x

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/store"
	"github.com/repazoo/repazoo/internal/sandbox/web"
)

// The app that is registered when Config.Clients is empty.
const (
	ClientID     = "sandbox-x-client"
	ClientSecret = "sandbox-x-secret"
)

// maxRefusals is how many refused requests are remembered.
const maxRefusals = 20_000

// Config configures the stand-in of X. The zero value has one confidential app and lets it redirect to any loopback
// address.
type Config struct {
	Clients        []Client
	ExactRedirects bool // only registered addresses, as the real X; otherwise loopback addresses may differ in their port
	NewSpelling    bool // answer with referenced_posts, note_post and edit_history_post_ids
}

// Client is a registered app.
type Client struct {
	ID           string
	Name         string   // shown on the consent page; the ID when empty
	Secret       string   // empty for a public app
	RedirectURIs []string // none means any http loopback address, unless ExactRedirects is set
}

// Server is the stand-in of X: the consent page at /i/oauth2/authorize and the API at /2.
//
// It is stricter than the real X where that catches mistakes: an unknown path, method or parameter is answered 400 and
// kept for [Server.Refusals]. What a token may read, how far back a timeline reaches, what a page costs of a rate limit
// and which fields are shown follow X's documentation.
type Server struct {
	cfg       Config
	publicURL string
	store     *store.Store
	mux       *http.ServeMux
	key       []byte // signs page tokens
	grants    grants
	windows   windows

	mu       sync.Mutex
	clients  []Client
	people   map[string]*account // by handle
	refusals []string
}

// New makes the stand-in and registers what it remembers with st. publicURL is where a browser reaches the sandbox;
// when it is empty, the host of each request is.
func New(cfg Config, publicURL string, st *store.Store) *Server {
	x := &Server{
		cfg: cfg, publicURL: publicURL, store: st, mux: http.NewServeMux(), key: []byte(rand.Text()),
		clients: cfg.Clients, people: newAccounts(), grants: newGrants(), windows: windows{},
	}
	st.Keep("x", x.encode, x.restore)
	if len(x.clients) == 0 {
		x.clients = []Client{{ID: ClientID, Name: "Repazoo", Secret: ClientSecret}}
	}
	x.mux.HandleFunc("GET /i/oauth2/authorize", x.showConsent)
	x.mux.HandleFunc("POST /i/oauth2/authorize", x.takeConsent)
	x.mux.HandleFunc("GET /avatars/{handle}", x.showAvatar)
	x.mux.HandleFunc("POST /2/oauth2/token", x.postToken)
	x.mux.HandleFunc("POST /2/oauth2/revoke", x.postRevoke)
	x.mux.HandleFunc("GET /2/users/me", x.getMe)
	x.mux.HandleFunc("GET /2/users/{id}/tweets", x.getPosts)
	x.mux.HandleFunc("GET /2/tweets", x.lookUpPosts)
	x.mux.HandleFunc("DELETE /2/tweets/{id}", x.deletePost)
	x.mux.HandleFunc("/", x.unknownPath)
	return x
}

// ServeHTTP sees paths without the prefix /x.
func (x *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { x.mux.ServeHTTP(w, r) }

// Refusals lists the requests that used a path, method or parameter the stand-in does not know, oldest first, such as
// "GET /2/users/me: unknown parameter foo". A correct client leaves it empty.
func (x *Server) Refusals() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.refusals)
}

func (x *Server) refused(r *http.Request, why string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.refusals) < maxRefusals {
		x.refusals = append(x.refusals, r.Method+" "+r.URL.Path+": "+why)
	}
}

func (x *Server) unknownPath(w http.ResponseWriter, r *http.Request) {
	x.refused(r, "unknown path or method")
	invalid(w, "There is no such address in this stand-in of X.")
}

func (x *Server) client(id string) (Client, bool) {
	i := slices.IndexFunc(x.clients, func(c Client) bool { return c.ID == id && id != "" })
	if i < 0 {
		return Client{}, false
	}
	return x.clients[i], true
}

// takesRedirect reports whether an app may send browsers to uri.
func (x *Server) takesRedirect(c Client, uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	u, err := url.Parse(uri)
	if err != nil || x.cfg.ExactRedirects || !isLoopback(u) {
		return false
	}
	return len(c.RedirectURIs) == 0 || slices.ContainsFunc(c.RedirectURIs, func(known string) bool {
		k, err := url.Parse(known)
		return err == nil && isLoopback(k) && k.Path == u.Path
	})
}

func isLoopback(u *url.URL) bool {
	return u.Scheme == "http" && u.User == nil && u.Fragment == "" &&
		slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
}

// caller is who a bearer token speaks for.
type caller struct {
	account *account
	scopes  []string
}

// enter checks bearer token, rate limit, scopes and parameters, in that order, as X does. It answers the refusal
// itself.
func (x *Server) enter(w http.ResponseWriter, r *http.Request, e endpoint) (caller, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	who, valid := x.grants.caller(token, x.store.Now())
	if !ok || !valid {
		writeXProblem(w, problem{
			Title: "Unauthorized", Detail: "Unauthorized", Type: "about:blank",
			Status: http.StatusUnauthorized,
		})
		return caller{}, false
	}
	c := caller{x.account(who.person), who.scopes}
	if !x.windows.take(w, e, who.person, x.store.Now()) {
		writeXProblem(w, problem{
			Title: "Too Many Requests", Detail: "Too Many Requests", Type: "about:blank",
			Status: http.StatusTooManyRequests,
		})
		return caller{}, false
	}
	if missing := c.missing(e.scopes...); missing != "" {
		forbidden(w, "The scope "+missing+" is missing.")
		return caller{}, false
	}
	return c, x.checkParams(w, r, e.params)
}

// missing is the first of scopes that was not granted.
func (c caller) missing(scopes ...string) string {
	for _, s := range scopes {
		if !slices.Contains(c.scopes, s) {
			return s
		}
	}
	return ""
}

// checkParams refuses parameters that e does not list, and listed ones given twice.
func (x *Server) checkParams(w http.ResponseWriter, r *http.Request, known []string) bool {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		invalid(w, "The query cannot be read.")
		return false
	}
	for name, values := range q {
		if !slices.Contains(known, name) {
			x.refused(r, "unknown parameter "+name)
			invalid(w, fmt.Sprintf("The query parameter [%s] is not one of [%s]", name, strings.Join(known, ",")))
			return false
		}
		if len(values) > 1 {
			invalid(w, fmt.Sprintf("The query parameter [%s] is given more than once", name))
			return false
		}
	}
	return true
}

// problem is X's shape of a refusal.
type problem struct {
	Title  string           `json:"title"`
	Detail string           `json:"detail"`
	Type   string           `json:"type"`
	Status int              `json:"status,omitempty"`
	Errors []map[string]any `json:"errors,omitempty"`
}

const problemBase = "https://api.twitter.com/2/problems/"

func writeXProblem(w http.ResponseWriter, p problem) { web.JSON(w, cmp.Or(p.Status, 400), p) }

func invalid(w http.ResponseWriter, message string) {
	writeXProblem(w, problem{
		Title: "Invalid Request", Detail: "One or more parameters to your request was invalid.",
		Type: problemBase + "invalid-request", Errors: []map[string]any{{"message": message}},
	})
}

func forbidden(w http.ResponseWriter, detail string) {
	writeXProblem(w, problem{Title: "Forbidden", Detail: detail, Type: problemBase +
		"not-authorized-for-resource", Status: http.StatusForbidden})
}

// endpoint is what X demands at, and grants to, one address.
type endpoint struct {
	name   string
	limit  int // calls per account in 15 minutes
	scopes []string
	params []string
}

const window = 15 * time.Minute

// windows counts calls per endpoint and account. X starts a window with its first call.
type windows struct {
	mu   sync.Mutex
	open map[string]*count
}

type count struct {
	ends time.Time
	used int
}

// take counts one call and writes the x-rate-limit headers; it reports whether the call is within the limit.
func (ws *windows) take(w http.ResponseWriter, e endpoint, person string, now time.Time) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.open == nil {
		ws.open = map[string]*count{}
	}
	c := ws.open[e.name+" "+person]
	if c == nil || !now.Before(c.ends) {
		c = &count{ends: now.Add(window)}
		ws.open[e.name+" "+person] = c
	}
	ok := c.used < e.limit
	if ok {
		c.used++
	}
	h := w.Header()
	h.Set("X-Rate-Limit-Limit", fmt.Sprint(e.limit))
	h.Set("X-Rate-Limit-Remaining", fmt.Sprint(e.limit-c.used))
	h.Set("X-Rate-Limit-Reset", fmt.Sprint(c.ends.Unix()))
	return ok
}
