// Package httpapi is the HTTP surface of Repazoo: one route table (routes.go), one visible
// chain of middleware (chain.go), one place where an error becomes a response (problem.go).
//
// It holds no business rules. A handler decodes, calls one service and shapes the answer;
// a new rule belongs into the service. OpenAPI 3.1 is generated from the operations and is
// the contract; /docs, /redoc and /openapi.json show it.
//
// Access is denied by default: an operation is for signed-in users unless the table says
// otherwise, and the user's id always comes from the access token, never from the request.
// An API key is let through only where the table names a scope that it has.
package httpapi

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/health"
	"github.com/repazoo/repazoo/internal/limit"
	"github.com/repazoo/repazoo/internal/metrics"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/privacy"
	"github.com/repazoo/repazoo/internal/recall"
	"github.com/repazoo/repazoo/internal/schedule"
	"github.com/repazoo/repazoo/internal/share"
	"github.com/repazoo/repazoo/internal/tracing"
)

// Config is what the surface needs.
type Config struct {
	Accounts       *account.Service
	Billing        *billing.Service
	Notices        *notice.Service
	Analyses       *analysis.Service
	Schedules      *schedule.Service
	Cleanups       *cleanup.Service
	Shares         *share.Service
	Privacy        *privacy.Service
	Audit          *audit.Log
	Refusals       *audit.Refusals // what is refused, gathered for the audit log; nil for nowhere
	Limiter        *limit.Limiter
	Windows        []limit.Window // per caller
	SignInWindows  []limit.Window // per address, for the routes of a sign-in, and by themselves for links to reports
	RefreshWindows []limit.Window // per address, for refresh tokens, however they are presented
	Health         *health.Checker
	Metrics        *metrics.Metrics
	Traces         *tracing.Tracer
	AccessLog      int   // of a hundred answers, how many are logged; those of level error all are
	Pages          Pages // the web console; nil for none
	Log            *slog.Logger

	Info           Info
	PublicURL      string                     // the address browsers see
	LimitKey       func(caller string) string // a short keyed hash, so that the limiter holds no addresses
	Memory         *recall.Memory             // of answers; nil keeps none
	Now            func() time.Time           // the clock of the services and of Memory; nil: time.Now
	Versions       Versions                   // nil: none are known, and nothing is kept
	CORSOrigins    []string
	TrustedProxies []netip.Prefix
	SignInHosts    []string // further hosts whose forms this server's pages may be sent to
	Docs           bool
	Webhooks       bool // the Stripe webhook exists only with its secret
	MaxArchive     int64
	TempDir        string        // where an uploaded archive waits while it is read
	BodyTimeout    time.Duration // for a body of JSON to arrive; 0: 15 s
	UploadIdle     time.Duration // for the next piece of an upload to arrive; 0: 30 s
}

// Pages is a set of web pages that share the chain. Its handlers find the signed-in user
// with account.PrincipalFrom and decide themselves what to show to a stranger.
type Pages interface {
	Routes() map[string]http.Handler // by ServeMux pattern
	// Refuse shows a person what the chain refused.
	Refuse(w http.ResponseWriter, r *http.Request, status int, sentence string)
	// RefuseUpload shows a person, on the page where they began it, why an upload was refused.
	RefuseUpload(w http.ResponseWriter, r *http.Request, status int, sentence string)
}

// API is the surface, ready to serve.
type API struct {
	Config
	mux    *http.ServeMux
	huma   huma.API
	access map[string]access        // by ServeMux pattern
	scopes map[string]account.Scope // the same; what an API key needs there. None: keys are refused
	pages  map[string]bool          // the patterns of pages

	followed map[string]bool // by ServeMux pattern; where a person's link may lead to

	groups map[string]group  // by ServeMux pattern; the routes that are counted by themselves
	ending map[string]ending // by ServeMux pattern; the addresses that are deprecated
	kept   map[string]bool   // by ServeMux pattern; whose answers are kept
	looks  map[string]bool   // by ServeMux pattern; whose first statement looks the session up
	secure bool
	gates  *gates // where unknown API keys wait

	pageWindows []limit.Window // of somebody who is signed in, on pages

	uploads uploads

	answers atomic.Int64 // that went well, for the access log

	stopping context.Context // ends when Stop is called
	stop     context.CancelFunc
}

// access is who may call a route.
type access uint8

const (
	forUser     access = iota // signed in; the zero value, so that a forgotten entry denies
	forAnyone                 // public, counted by the limiter
	forAdmin                  // signed in with the admin role
	forReaders                // public and not counted: docs and assets
	forProbes                 // public, not counted, past most of the chain: health
	forWebhooks               // public by signature
)

const (
	maxBody     = 1 << 20
	bodyTimeout = 15 * time.Second
)

// New builds the surface.
func New(c Config) *API {
	a := &API{
		Config: c, mux: http.NewServeMux(), secure: isHTTPS(c.PublicURL), gates: newGates(), pageWindows: generous(c.Windows),
		access: map[string]access{}, scopes: map[string]account.Scope{}, pages: map[string]bool{}, groups: map[string]group{},
		ending: map[string]ending{}, followed: map[string]bool{}, kept: map[string]bool{}, looks: map[string]bool{},
	}
	if a.Now == nil {
		a.Now = time.Now
	}
	a.stopping, a.stop = context.WithCancel(context.Background())
	a.huma = humago.New(a.mux, a.humaConfig())
	for _, r := range a.routes() {
		a.add(r)
	}
	a.describe()
	if a.errorPage(docsFiles); c.Docs {
		a.docs()
	}
	if c.Pages != nil {
		a.add(route{At: fromPage, Serve: raw(a.uploadFromPage, nil)})
		a.pages[fromPage] = true
		for pattern, h := range c.Pages.Routes() {
			a.handle(pattern, accessOf(pattern), h)
			a.pages[pattern] = true
			if strings.Contains(pattern, " /shared/") { // where somebody could guess the link to a report
				a.groups[pattern] = sharedGroup
			}
		}
	}
	return a
}

// accessOf lets a page's scripts and pictures, and what programs look for on every site, be read without counting them.
func accessOf(pattern string) access {
	switch pattern {
	case "GET /robots.txt", "GET /sitemap.xml", "GET /favicon.ico", "GET /apple-touch-icon.png",
		"GET /.well-known/security.txt":
		return forReaders
	}
	if strings.HasPrefix(pattern, "GET /assets/") {
		return forReaders
	}
	return forAnyone
}

// Handler is the chain in front of the routes.
func (a *API) Handler() http.Handler { return a.chain(a.mux) }

// Stop ends the streams, which would otherwise outlive a shutdown's patience.
func (a *API) Stop() { a.stop() }

// OpenAPI is the contract as JSON.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

func (a *API) humaConfig() huma.Config {
	c := huma.DefaultConfig("Repazoo", a.Info.Version)
	c.Info.Description = "What your own X posts say about you, before someone else looks. Sign in with X, choose a " +
		"plan, and get a report of which posts are a risk, how big, why, with the quoted words, and what to do."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", "" // served by docs.go, from embedded assets
	c.CreateHooks = nil
	c.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {
			Type: "http", Scheme: "bearer", BearerFormat: "JWT",
			Description: "An access token from GET /auth/x/callback or POST /auth/token/refresh.",
		},
		"key": {
			Type: "http", Scheme: "bearer", BearerFormat: account.KeyPattern,
			Description: "An API key from POST /api/v1/api-keys, with the scope that the operation names. Operations that " +
				"need a sign-in and name none refuse keys; those that are open to all answer as to a stranger.",
		},
	}
	c.Tags = tags
	c.Info.License = &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"}
	c.Servers = []*huma.Server{{URL: cmp.Or(a.PublicURL, "/")}}
	return c
}

var jsonFormat = huma.Format{
	Marshal:   marshal,
	Unmarshal: func(data []byte, v any) error { return json.Unmarshal(data, v) },
}

// marshal writes a value so that a repeated answer is the same to the letter. An answer without a body, such as a
// redirect, has none.
func marshal(w io.Writer, v any) error {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() {
		return nil
	}
	return json.MarshalWrite(w, v, json.Deterministic(true))
}

// handle registers a page or a document, which the route table does not list.
func (a *API) handle(pattern string, who access, h http.Handler) {
	a.access[pattern] = who
	a.mux.Handle(pattern, h)
}

// caller is the signed-in user's id. The chain has made sure that there is one.
func caller(ctx context.Context) string { return account.PrincipalFrom(ctx).UserID }

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// notFound and wrong methods answer with problems too.
func (a *API) missing(w http.ResponseWriter, r *http.Request, allow string) {
	if allow != "" {
		w.Header().Set("Allow", allow)
		a.refuse(w, r, fault.MethodNotAllowed)
		return
	}
	if a.Docs && !a.asksForPage(r) {
		a.refuse(w, r, fault.NotFound.Saying("There is nothing at this address. It may have been deleted, or "+
			"the link is not whole; the API's addresses are listed at /docs."))
		return
	}
	a.refuse(w, r, fault.NotFound.Saying("There is nothing at this address. It may have been deleted, or the link is not "+
		"whole."))
}
