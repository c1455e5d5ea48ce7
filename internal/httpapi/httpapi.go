// Package httpapi is the HTTP surface of Repazoo: one route table (routes.go), one visible
// chain of middleware (chain.go), one place where an error becomes a response (problem.go).
//
// It holds no business rules. A handler decodes, calls one service and shapes the answer;
// a new rule belongs into the service. OpenAPI 3.1 is generated from the operations and is
// the contract; /docs, /redoc and /openapi.json show it.
//
// Access is denied by default: an operation is for signed-in users unless the table says
// otherwise, and the user's id always comes from the access token, never from the request.
package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/health"
	"github.com/repazoo/repazoo/internal/limit"
	"github.com/repazoo/repazoo/internal/privacy"
)

// Config is what the surface needs.
type Config struct {
	Accounts *account.Service
	Billing  *billing.Service
	Analyses *analysis.Service
	Privacy  *privacy.Service
	Limiter  *limit.Limiter
	Windows  []limit.Window // per caller
	Health   *health.Checker
	Pages    Pages // the web console; nil for none
	Log      *slog.Logger

	Info           Info
	PublicURL      string                     // the address browsers see
	LimitKey       func(caller string) string // a short keyed hash, so that the limiter holds no addresses
	CORSOrigins    []string
	TrustedProxies []netip.Prefix
	SignInHosts    []string // further hosts whose forms this server's pages may be sent to
	Docs           bool
	Webhooks       bool // the Stripe webhook exists only with its secret
	MaxArchive     int64
	TempDir        string // where an uploaded archive waits while it is read
}

// Pages is a set of web pages that share the chain. Its handlers find the signed-in user
// with account.PrincipalFrom and decide themselves what to show to a stranger.
type Pages interface {
	Routes() map[string]http.Handler // by ServeMux pattern
}

// API is the surface, ready to serve.
type API struct {
	Config
	mux    *http.ServeMux
	huma   huma.API
	access map[string]access // by ServeMux pattern
	secure bool

	stopping context.Context // ends when Stop is called
	stop     context.CancelFunc
}

// access is who may call a route.
type access uint8

const (
	forUser     access = iota // signed in; the zero value, so that a forgotten entry denies
	forAnyone                 // public, counted by the limiter
	forAdmin                  // signed in with the admin role
	forProbes                 // public and not counted: health, docs, assets
	forWebhooks               // public by signature
)

const (
	maxBody     = 1 << 20
	bodyTimeout = 15 * time.Second
)

// New builds the surface.
func New(c Config) *API {
	a := &API{Config: c, mux: http.NewServeMux(), access: map[string]access{}, secure: isHTTPS(c.PublicURL)}
	a.stopping, a.stop = context.WithCancel(context.Background())
	a.huma = humago.New(a.mux, a.humaConfig())
	a.routes()
	if c.Docs {
		a.docs()
	}
	if c.Pages != nil {
		for pattern, h := range c.Pages.Routes() {
			a.handle(pattern, forAnyone, h)
		}
	}
	return a
}

// Handler is the chain in front of the routes.
func (a *API) Handler() http.Handler { return a.chain(a.mux) }

// Stop ends the streams, which would otherwise outlive a shutdown's patience.
func (a *API) Stop() { a.stop() }

// OpenAPI is the contract as JSON.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

func (a *API) humaConfig() huma.Config {
	c := huma.DefaultConfig("Repazoo", a.Info.Version)
	c.Info.Description = "What your own X posts say about you, before someone else looks. Sign in with X, choose a plan, and get a report of which posts are a risk, how big, why, with the quoted words, and what to do."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", "" // served by docs.go, from embedded assets
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	c.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "An access token from GET /auth/x/callback or POST /auth/token/refresh."},
	}
	c.Tags = tags
	return c
}

var jsonFormat = huma.Format{
	Marshal:   func(w io.Writer, v any) error { return json.MarshalWrite(w, v) },
	Unmarshal: func(data []byte, v any) error { return json.Unmarshal(data, v) },
}

// handle registers a route outside OpenAPI.
func (a *API) handle(pattern string, who access, h http.Handler) {
	a.access[pattern] = who
	a.mux.Handle(pattern, h)
}

// operation registers a handler and turns its errors into problems.
func operation[I, O any](a *API, who access, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	a.access[op.Method+" "+op.Path] = who
	if who == forUser || who == forAdmin {
		op.Security = []map[string][]string{{"bearer": {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized)
	}
	if who != forProbes {
		op.Errors = append(op.Errors, http.StatusTooManyRequests)
	}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody
	}
	if op.BodyReadTimeout == 0 {
		op.BodyReadTimeout = bodyTimeout
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, refusal(ctx, a.Log, err)
		}
		return out, nil
	})
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
	a.refuse(w, r, fault.NotFound.Saying("There is no such address. The API's addresses are listed at /docs."))
}
