package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/console"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/health"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/operate"
	"github.com/repazoo/repazoo/internal/privacy"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/schedule"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/share"
	"github.com/repazoo/repazoo/internal/xapi"
)

const (
	home     = "http://localhost:8000"
	ada, gus = "ada_fernhill", "gravelpit_gus" // people of the sandbox
)

// world is the pages on the real services, on SQLite and the stand-ins of X and Stripe. The
// pages hold no query, so one database is enough for them. No worker runs: a test runs an
// analysis when it wants to.
type world struct {
	t        *testing.T
	db       *db.DB
	accounts *account.Service
	billing  *billing.Service
	notices  *notice.Service
	analyses *analysis.Service
	cleanups *cleanup.Service
	shares   *share.Service
	privacy  *privacy.Service
	schedule *schedule.Service
	pages    http.Handler
	routes   map[string]http.Handler
	console  *console.Console
	log      *strings.Builder
	sandbox  *sandbox.Sandbox
	stripe   string // where the stand-in of Stripe is
}

// newWorld is one world; changes are to the configuration of billing.
func newWorld(t *testing.T, changes ...func(*billing.Config)) *world {
	t.Helper()
	clock := dbtest.NewClock()
	d := dbtest.SQLite(t, clock.Now)
	w := &world{t: t, db: d, log: &strings.Builder{}}
	sb := sandbox.New(sandbox.Config{Now: clock.Now})
	w.sandbox = sb
	srv := httptest.NewServer(sb.Handler())
	t.Cleanup(srv.Close)
	sealer := must(seal.New("a sealing secret of more than 32 bytes, for tests"))(t)
	w.stripe = srv.URL + "/stripe"
	x := xapi.New(xapi.Config{
		ClientID: xsandbox.ClientID, ClientSecret: xsandbox.ClientSecret, HTTP: srv.Client(), Now: clock.Now,
		APIURL: srv.URL + "/x", AuthorizeURL: srv.URL + "/x/i/oauth2/authorize",
	})
	w.accounts = must(account.New(account.Config{
		DB: d, Seal: sealer, X: x, JWTKeys: []string{"a signing key of more than 32 bytes, for tests"},
		PublicURL: home, Local: true, Now: clock.Now,
	}))(t)
	bill := billing.Config{
		DB: d, StripeKey: stripesandbox.APIKey, StripeURL: srv.URL + "/stripe", WebhookSecret: stripesandbox.WebhookSecret,
		BasicPrice: stripesandbox.BasicPrice, ProPrice: stripesandbox.ProPrice, PublicURL: home, Now: clock.Now,
	}
	for _, change := range changes {
		change(&bill)
	}
	w.billing = must(billing.New(bill))(t)
	w.analyses = analysis.New(analysis.Config{DB: d, Seal: sealer, Accounts: w.accounts, Billing: w.billing, X: x})
	w.cleanups = cleanup.New(cleanup.Config{
		DB: d, Seal: sealer, Accounts: w.accounts, Billing: w.billing,
		Analyses: w.analyses, X: x,
	})
	w.shares = share.New(share.Config{DB: d, Accounts: w.accounts, Analyses: w.analyses})
	w.privacy = privacy.New(privacy.Config{
		DB: d, Accounts: w.accounts, Billing: w.billing, Analyses: w.analyses, Cleanups: w.cleanups, Shares: w.shares,
	})
	w.schedule = schedule.New(schedule.Config{DB: d, Accounts: w.accounts, Billing: w.billing, Analyses: w.analyses})
	w.notices = notice.New(notice.Config{DB: d, Seal: sealer})
	w.serve(console.New(console.Config{
		Accounts: w.accounts, Billing: w.billing, Notices: w.notices, Analyses: w.analyses, Schedules: w.schedule,
		Cleanups: w.cleanups,
		Shares:   w.shares, Privacy: w.privacy, Audit: audit.NewLog(d), Desk: operate.New(operate.Config{
			DB: d, Health: health.New(map[string]health.Part{"db": {Probe: d.Ping}}, clock.Now, slog.New(slog.DiscardHandler)),
			Audit: audit.NewLog(d), Accounts: w.accounts, Billing: w.billing, Analyses: w.analyses,
		}), Sandboxed: []string{"Claude", "X", "Stripe"},
		Site: console.Site{
			URL: home, Operator: "Example Ltd, Harbour Street 1", Contact: "help@example.com", Judged: true, PostDays: 30,
			ReportDays: 90, Now: clock.Now,
		},
		Version: "1.2.3", DocsEnabled: true, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}))
	return w
}

// stopStripe makes the stand-in of Stripe fail from now on.
func (w *world) stopStripe() {
	w.sandbox.Fail(sandbox.Fault{Path: "/stripe/**", Times: -1, Status: http.StatusServiceUnavailable})
}

// recorded is the body that a handler answers a GET with.
func (w *world) recorded(h http.HandlerFunc, path string) string {
	rec := httptest.NewRecorder()
	h(rec, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil))
	return rec.Body.String()
}

// site changes what the pages for everybody say, and serves them anew.
func (w *world) site(change func(*console.Site)) {
	c := w.console.Config
	change(&c.Site)
	w.serve(console.New(c))
}

func (w *world) serve(c *console.Console) {
	w.console = c
	mux := http.NewServeMux()
	w.routes = c.Routes()
	for pattern, h := range w.routes {
		mux.Handle(pattern, h)
	}
	w.pages = mux
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// person is somebody at a browser; without a session a stranger.
type person struct {
	*world
	me      account.Principal
	account string // the id of the linked X account
	former  string // of a stranger: whose session has ended in this browser
}

// stranger has not signed in.
func (w *world) stranger() *person { return &person{world: w} }

// signIn lets somebody sign in at the stand-in of X.
func (w *world) signIn(handle string) *person {
	w.t.Helper()
	auth := must(w.accounts.BeginSignIn(w.t.Context(), account.SignInRequest{}))(w.t)
	u := must(url.Parse(auth.URL))(w.t)
	form := u.Query()
	form.Set("person", handle)
	form.Set("decision", "allow")
	u.RawQuery = ""
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response := must(client.PostForm(u.String(), form))(w.t)
	response.Body.Close()
	back := must(url.Parse(response.Header.Get("Location")))(w.t).Query()
	in := must(w.accounts.CompleteSignIn(w.t.Context(), account.Callback{
		State: back.Get("state"), Code: back.Get("code"), Browser: auth.Browser,
		Device: "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Safari/537.36",
	}))(w.t)
	me := must(w.accounts.Authenticate(w.t.Context(), in.Tokens.Access))(w.t)
	return &person{world: w, me: me, account: in.Account.ID}
}

// subscribe pays for a plan.
func (p *person) subscribe(tier string) *person {
	p.t.Helper()
	must(p.billing.Subscribe(p.t.Context(), p.me.UserID, billing.SubscribeRequest{
		Tier:          tier,
		PaymentMethod: "pm_card_visa",
	}))(p.t)
	return p
}

// completed starts an analysis by the form, runs it to its end and returns the path of its page.
func (p *person) completed() string {
	p.t.Helper()
	at := p.post("/analyses", url.Values{"source": {p.account}, "purpose": {"job_search"}, "consent": {"yes"}}).leadsTo()
	if err := p.analyses.Run(p.t.Context(), strings.TrimPrefix(at, "/a/"), true); err != nil {
		p.t.Fatal(err)
	}
	return at
}

// seen is an answer as a browser has it.
type seen struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

func (p *person) get(path string) seen {
	p.t.Helper()
	path, _, _ = strings.Cut(path, "#") // browsers keep that part
	r := httptest.NewRequestWithContext(p.context(), http.MethodGet, path, nil)
	r.Header.Set("Accept", "text/html")
	return p.send(r)
}

// with asks with one more header.
func (p *person) with(header, value, path string) seen {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.context(), http.MethodGet, path, nil)
	r.Header.Set(header, value)
	return p.send(r)
}

func (p *person) post(path string, form url.Values) seen {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.send(r)
}

func (p *person) send(r *http.Request) seen {
	p.t.Helper()
	recorder := httptest.NewRecorder()
	recorder.Header().Set("X-Request-ID", "request-1234")
	p.pages.ServeHTTP(recorder, r)
	body := must(io.ReadAll(recorder.Result().Body))(p.t)
	return seen{p.t, recorder.Code, recorder.Result().Header, string(body)}
}

func (p *person) context() context.Context {
	if p.me.UserID == "" {
		return account.WithFormer(p.t.Context(), p.former)
	}
	return account.WithPrincipal(p.t.Context(), p.me)
}

// shows fails unless the page has the status and each text.
func (s seen) shows(status int, texts ...string) seen {
	s.t.Helper()
	if s.status != status {
		s.t.Fatalf("status %d, want %d:\n%s", s.status, status, s.body)
	}
	for _, text := range texts {
		if !strings.Contains(s.body, text) {
			s.t.Fatalf("the page does not say %q:\n%s", text, s.body)
		}
	}
	return s
}

// hides fails if the page has one of the texts.
func (s seen) hides(texts ...string) seen {
	s.t.Helper()
	for _, text := range texts {
		if strings.Contains(s.body, text) {
			s.t.Fatalf("the page says %q:\n%s", text, s.body)
		}
	}
	return s
}

// leadsTo is where a posted form goes on.
func (s seen) leadsTo() string {
	s.t.Helper()
	if s.status != http.StatusSeeOther {
		s.t.Fatalf("status %d, want 303:\n%s", s.status, s.body)
	}
	return s.header.Get("Location")
}
