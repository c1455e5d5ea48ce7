package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rs/cors"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/limit"
	"github.com/repazoo/repazoo/internal/recall"
)

// chain is everything a request passes before its handler, innermost first. Probes come often
// and need neither a caller nor a limit: they leave it early.
func (a *API) chain(routes http.Handler) http.Handler {
	h := a.rateLimit(a.remember(routes))
	h = a.authenticate(h)
	h = a.crossOrigin().Handler(h)
	h = a.cors().Handler(h)
	h = compress(h)
	h = a.securityHeaders(h)
	h = probesPass(h, routes)
	h = a.recover(h)
	h = a.log(h)
	h = a.route(h)
	return a.identify(h)
}

var noStore, noSniff = []string{"no-store"}, []string{"nosniff"}

// probesPass takes probes straight to their handlers.
func probesPass(rest, routes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requestFrom(r.Context()).who == forProbes {
			w.Header()["Cache-Control"], w.Header()["X-Content-Type-Options"] = noStore, noSniff
			routes.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

type contextKey uint8

const (
	requestKey contextKey = iota
)

// request is what the chain learns about a request on its way.
type request struct {
	path   string
	route  string // the matched pattern
	who    access
	user   string
	key    string // the id of the API key, if the caller bears one
	status int
	code   string // of the fault that it was answered with, if any

	version recall.Version // of what the user's answers are made of
	began   time.Time      // when the version was asked for
	mayKeep bool           // the handler says that its answer may be kept
	until   time.Time      // and until when; zero for as long as nothing changes

	look     *account.Look     // at the session, which is still to be taken; nil: it was taken. See later.go
	barred   account.Principal // who is known and may not come here
	badToken string            // why a credential was not good
}

func requestFrom(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey).(*request); ok {
		return r
	}
	return &request{}
}

func pathFrom(ctx context.Context) string { return requestFrom(ctx).path }

// identify gives the request its id and its origin.
func (a *API) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-ID")
		if !wellFormed.MatchString(id) {
			id = uuid.NewString()
		}
		w.Header().Set("X-Request-ID", id)
		ctx := audit.WithOrigin(r.Context(), audit.Origin{IP: a.clientAddress(r), UserAgent: r.UserAgent(), RequestID: id})
		ctx = context.WithValue(ctx, requestKey, &request{path: r.URL.Path})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// wellFormed is what is taken over from a caller as a request's id.
var wellFormed = regexp.MustCompile(`^[0-9A-Za-z_-]{8,64}$`)

// log writes one line a request: never a query string, a header or a body.
func (a *API) log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		info := requestFrom(r.Context())
		ctx, answered := a.Traces.Request(r.Context(), r.Method, info.route)
		r = r.WithContext(ctx)
		landed := a.Metrics.Flight()
		defer func() { // also when the connection is broken on purpose
			status := cmp.Or(info.status, http.StatusOK)
			landed()
			answered(status)
			a.Metrics.Request(r.Method, info.route, status, time.Since(start))
		}()
		next.ServeHTTP(&recorder{ResponseWriter: w, info: info, start: start}, r)
		a.noteRefusal(r, info)
		if (info.who == forProbes || info.who == forReaders) && info.status < http.StatusInternalServerError {
			return
		}
		level := slog.LevelInfo
		if info.status >= http.StatusInternalServerError {
			level = slog.LevelError
		} else if !a.logged() {
			return
		}
		a.Log.LogAttrs(r.Context(), level, "request",
			slog.String("method", r.Method), slog.String("route", info.route), slog.Int("status", info.status),
			slog.Duration("took", time.Since(start)), slog.String("user", info.user), slog.String("key", info.key),
			slog.String("request_id", audit.OriginFrom(r.Context()).RequestID))
	})
}

// logged spreads the lines that are kept evenly over the requests.
func (a *API) logged() bool {
	part := int64(a.AccessLog)
	return a.answers.Add(1)*part%100 < part
}

// recorder remembers the status and adds Server-Timing as the headers leave.
type recorder struct {
	http.ResponseWriter
	info  *request
	start time.Time
}

func (w *recorder) WriteHeader(status int) {
	if w.info.status == 0 && status >= 200 {
		w.info.status = status
		w.Header().Set("Server-Timing", "app;dur="+strconv.FormatFloat(float64(time.Since(w.start).Microseconds())/1000,
			'f', 2, 64))
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.info.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Flush lets the compressor send what a stream has so far.
func (w *recorder) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recover turns a panic into a 500 while that is still possible; once the answer has
// begun it breaks the connection, so that nobody takes half an answer for a whole one.
func (a *API) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			p := refusal(r.Context(), a.Log, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
			if requestFrom(r.Context()).status != 0 {
				panic(http.ErrAbortHandler)
			}
			write(w, p)
		}()
		next.ServeHTTP(w, r)
	})
}

// csp allows this server alone: no inline script, no outside host. Forms may also lead to
// where people sign in and pay.
func (a *API) csp() string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https://pbs.twimg.com; " +
		"font-src 'self'; connect-src 'self'; " +
		"form-action " + strings.Join(append([]string{"'self'"}, a.SignInHosts...), " ") +
		"; frame-ancestors 'none'; base-uri 'none'"
}

// securityHeaders says what browsers may do with an answer. Where Repazoo is known by an https address, it is to be
// asked by https alone; whether that is ended here or at a proxy is the same to a browser.
func (a *API) securityHeaders(next http.Handler) http.Handler {
	always := http.Header{}
	always.Set("Content-Security-Policy", a.csp())
	always.Set("X-Content-Type-Options", "nosniff")
	always.Set("Referrer-Policy", "no-referrer")
	always.Set("X-Frame-Options", "DENY")
	always.Set("Cross-Origin-Opener-Policy", "same-origin")
	always.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
	always.Set("Cache-Control", "no-store")
	if a.secure {
		always.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), always) // shares the values, which nobody appends to
		next.ServeHTTP(w, r)
	})
}

// cors answers pre-flights before the limiter counts them, and marks errors too.
func (a *API) cors() *cors.Cors {
	return cors.New(cors.Options{
		AllowedOrigins: append([]string{a.PublicURL}, a.CORSOrigins...),
		AllowedMethods: []string{"GET", "POST", "PATCH", "DELETE"},
		AllowedHeaders: []string{
			"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID",
			"X-Request-ID",
		},
		ExposedHeaders: []string{
			"Deprecation", "ETag", "Link", "Location", "RateLimit", "RateLimit-Policy",
			"Retry-After", "Server-Timing", "Sunset", "X-Quota-Limit", "X-Quota-Remaining", "X-Quota-Reset", "X-Quota-Used",
			"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-ID",
		},
		AllowCredentials: true,
		MaxAge:           600,
	})
}

// crossOrigin refuses what a page of another site makes a browser send, for its cookies would
// come along. The pages that CORS lets in are trusted here too.
func (a *API) crossOrigin() *http.CrossOriginProtection {
	p := http.NewCrossOriginProtection()
	for _, origin := range a.CORSOrigins {
		_ = p.AddTrustedOrigin(origin) // one that is no origin is trusted by nobody
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, fault.Forbidden.Saying("This request comes from a page of another site, and is refused. Send "+
			"it from Repazoo's own pages."))
	}))
	return p
}

// route finds the pattern and who may use it, and answers addresses that do not exist.
func (a *API) route(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := requestFrom(r.Context())
		_, info.route = a.mux.Handler(r)
		who, known := a.access[info.route]
		if info.who = who; !known {
			info.who = forAnyone
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate puts the signed-in user into the context. A bearer token that is presented
// must be good; a stale cookie just leaves a page's visitor a stranger.
func (a *API) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := requestFrom(r.Context())
		if info.who == forReaders || info.who == forWebhooks {
			next.ServeHTTP(w, r)
			return
		}
		p, err := a.principal(w, r)
		if err == nil && info.who == forAnyone && info.route != "" && !a.pages[info.route] && !p.May(a.scopes[info.route]) {
			next.ServeHTTP(w, r) // a key that opens nothing here is a stranger's, and strangers may come
			return
		}
		if err == nil {
			if err = a.admit(info, p); err != nil {
				info.barred = p
			}
		}
		if err != nil && (info.who != forAnyone || r.Header.Get("Authorization") != "" || errors.Is(err, fault.RateLimited)) {
			a.turnAway(w, r, err)
			return
		}
		if err == nil {
			info.user, info.key = p.UserID, p.KeyID
			o := audit.OriginFrom(r.Context())
			o.SessionID, o.KeyID = p.SessionID, p.KeyID
			stranger := r
			r = r.WithContext(account.WithPrincipal(audit.WithOrigin(r.Context(), o), p))
			if info.look != nil {
				a.lookLater(next, w, r, stranger)
				return
			}
		} else if c, _ := r.Cookie(a.cookieName(accessCookie)); c != nil {
			r = r.WithContext(account.WithFormer(r.Context(), a.Accounts.Whose(c.Value)))
		}
		next.ServeHTTP(w, r)
	})
}

// turnAway refuses somebody whose credential is not good, and counts them by their address.
func (a *API) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	if w.Header().Get("Access-Control-Allow-Origin") == "" {
		w.Header().Add("Vary", "Authorization")
	}
	a.limited(w, r, func(r *http.Request) { a.refuse(w, r, err) })
}

// refuse answers a person with a page and a program with a problem.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := refusal(r.Context(), a.Log, err)
	if !a.asksForPage(r) {
		write(w, p)
		return
	}
	a.refusePerson(w, r, p)
}

// forPeople is what a page says of a refusal: a number of seconds where programs are sent to a header.
func forPeople(p *Problem) string {
	switch {
	case p.Code == fault.MethodNotAllowed.Code:
		return "There is no page at this address: it only takes what a form sends. Nothing was changed."
	case p.Status == http.StatusUnauthorized: // a form that a page keeps does not come here, but a file does
		return "You are signed out, and a file cannot be kept for you. Sign in, then choose it again."
	case p.Code != fault.RateLimited.Code || p.retry <= 0:
		return p.Detail
	}
	return "That was too much at once. Wait " + assess.Counting(seconds(p.retry), "second") + ", and try again."
}

// principal knows the caller, and remembers why a credential was not good.
func (a *API) principal(w http.ResponseWriter, r *http.Request) (account.Principal, error) {
	p, presented, err := a.credential(w, r)
	if presented {
		requestFrom(r.Context()).noteBad(err)
	}
	return p, err
}

// noteBad remembers why a credential was not good, if it was not.
func (info *request) noteBad(err error) {
	if f := fault.From(err); err != nil && (f.Kind == fault.KindUnauthenticated || f.Kind == fault.KindTooMany) {
		info.badToken = f.Code
	}
}

// credential reads the bearer token, else the cookies of a browser, which never hold an API key.
func (a *API) credential(w http.ResponseWriter, r *http.Request) (p account.Principal, presented bool, err error) {
	if h := r.Header.Get("Authorization"); h != "" {
		token, ok := strings.CutPrefix(h, "Bearer ")
		switch {
		case !ok:
			err = fault.Unauthenticated
		case account.IsKey(token):
			p, err = a.byKey(r, token)
		case a.mayLookLater(r):
			p, requestFrom(r.Context()).look, err = a.Accounts.AuthenticateLater(token)
		default:
			p, err = a.Accounts.Authenticate(r.Context(), token)
		}
		return p, true, err
	}
	if c, err := r.Cookie(a.cookieName(accessCookie)); err == nil {
		if p, err := a.Accounts.Authenticate(r.Context(), c.Value); err == nil {
			return p, true, nil
		}
	}
	return a.renew(w, r)
}

// renew signs a browser in again with its refresh cookie when the access cookie has run out.
func (a *API) renew(w http.ResponseWriter, r *http.Request) (p account.Principal, presented bool, err error) {
	c, err := r.Cookie(a.cookieName(refreshCookie))
	if err != nil || a.groups[requestFrom(r.Context()).route] == refreshGroup { // whose handler spends the token itself
		return p, false, fault.Unauthenticated
	}
	if err := a.takeRefresh(r); err != nil {
		return p, true, err
	}
	tokens, err := a.Accounts.RefreshSession(r.Context(), c.Value)
	if err != nil {
		a.clearCookies(w)
		return p, true, err
	}
	a.setCookies(w, tokens)
	p, err = a.Accounts.Authenticate(r.Context(), tokens.Access)
	return p, true, err
}

// rateLimit counts the request against its user, or against its address; see groups.go.
func (a *API) rateLimit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := requestFrom(r.Context())
		if info.who == forReaders || info.who == forWebhooks {
			a.serve(next, w, r)
			return
		}
		a.limited(w, r, func(r *http.Request) { a.serve(next, w, r) })
	})
}

// limited calls then if the caller has a request left.
func (a *API) limited(w http.ResponseWriter, r *http.Request, then func(*http.Request)) {
	key, windows, own := a.budget(r)
	start := time.Now()
	d, r, err := a.take(r, key, windows, own)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	a.Metrics.Limited(string(a.groups[requestFrom(r.Context()).route]), d.Allowed, d.Local, time.Since(start))
	limitHeaders(w.Header(), d)
	if !d.Allowed {
		a.refuse(w, r, fault.RateLimited.After(d.RetryAfter))
		return
	}
	then(r)
}

// serve also shapes the mux's own 404 and 405.
func (a *API) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if requestFrom(r.Context()).route == "" {
		if at := a.withoutSlash(r); at != "" {
			http.Redirect(w, r, at, http.StatusPermanentRedirect) // which keeps method and body
			return
		}
		a.missing(w, r, a.allowed(r))
		return
	}
	if a.followed[requestFrom(r.Context()).route] && a.asksForPage(r) {
		a.serveLink(next, w, r)
		return
	}
	next.ServeHTTP(w, r)
}

// withoutSlash is the address that somebody meant who wrote a slash behind it; "" when there is none. A path that
// begins with two slashes would lead to another host.
func (a *API) withoutSlash(r *http.Request) string {
	short, cut := strings.CutSuffix(r.URL.EscapedPath(), "/")
	if !cut || short == "" || path.Clean(short) != short || strings.HasPrefix(short, "//") {
		return ""
	}
	meant := &url.URL{Path: strings.TrimSuffix(r.URL.Path, "/"), RawPath: short}
	if _, pattern := a.mux.Handler(&http.Request{Method: r.Method, URL: meant, Host: r.Host}); pattern == "" {
		return ""
	}
	if r.URL.RawQuery != "" {
		short += "?" + r.URL.RawQuery
	}
	return short
}

// allowed lists the methods a path takes.
func (a *API) allowed(r *http.Request) string {
	var methods []string
	for _, m := range []string{"GET", "POST", "PATCH", "PUT", "DELETE"} {
		probe := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		if _, pattern := a.mux.Handler(probe); pattern != "" {
			methods = append(methods, m)
			if m == http.MethodGet {
				methods = append(methods, http.MethodHead)
			}
		}
	}
	return strings.Join(methods, ", ")
}

// addressKey names an address in a group; "" is everything that is in none.
func (a *API) addressKey(r *http.Request, g group) string {
	return a.LimitKey(string(g) + "address " + network(r))
}

// limitHeaders tells the caller where they stand: the draft's fields, and the older ones
// for the window in which one more call is allowed soonest.
func limitHeaders(h http.Header, d limit.Decision) {
	if len(d.Windows) == 0 {
		return
	}
	var policy, state strings.Builder
	for i, w := range d.Windows {
		if i > 0 {
			policy.WriteString(", ")
			state.WriteString(", ")
		}
		fmt.Fprintf(&policy, "%q;q=%d;w=%d", w.Name, w.Limit, int(w.Per.Seconds()))
		fmt.Fprintf(&state, "%q;r=%d;t=%d", w.Name, w.Remaining, seconds(w.Reset))
	}
	w := slices.MinFunc(d.Windows, func(a, b limit.State) int { return cmp.Compare(a.Reset, b.Reset) })
	h.Set("RateLimit-Policy", policy.String())
	h.Set("RateLimit", state.String())
	h.Set("X-RateLimit-Limit", strconv.Itoa(w.Limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(w.Remaining))
	h.Set("X-RateLimit-Reset", strconv.Itoa(seconds(w.Reset)))
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

func isHTTPS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https"
}
