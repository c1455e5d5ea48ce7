package cleanup

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/xapi"
)

const home = "http://localhost:8000"

// world is the service on the stand-ins of X and Stripe, with a clock that only the test moves. No worker runs: a test
// does the work of the jobs itself.
type world struct {
	*Service
	t  testing.TB
	d  *db.DB
	sb *sandbox.Sandbox
	// onDelete, if set, answers a deletion instead of the stand-in when it returns true; next is the stand-in.
	onDelete func(rw http.ResponseWriter, id string, next func() *httptest.ResponseRecorder) bool

	mu    sync.Mutex
	asked []string // the posts that X was asked to delete, in the order
}

// each runs f on both databases.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{
		"sqlite":   dbtest.SQLite,
		"postgres": dbtest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newWorld(t, open))
		})
	}
}

func newWorld(t testing.TB, open func(testing.TB, func() time.Time) *db.DB) *world {
	t.Helper()
	w := &world{t: t, sb: sandbox.New(sandbox.Config{Now: dbtest.NewClock().Now})}
	w.d = open(t, w.sb.Now)
	srv := httptest.NewServer(w.watched(w.sb.Handler()))
	t.Cleanup(srv.Close)
	sealer := must(seal.New("a sealing secret of more than 32 bytes, for tests"))(t)
	x := xapi.New(xapi.Config{
		ClientID: xsandbox.ClientID, ClientSecret: xsandbox.ClientSecret, HTTP: srv.Client(), Now: w.sb.Now,
		APIURL: srv.URL + "/x", AuthorizeURL: srv.URL + "/x/i/oauth2/authorize",
	})
	accounts := must(account.New(account.Config{
		DB: w.d, Seal: sealer, X: x, JWTKeys: []string{"a signing key of more than 32 bytes, for tests"},
		PublicURL: home, Local: true, Now: w.sb.Now,
	}))(t)
	plans := must(billing.New(billing.Config{
		DB: w.d, StripeKey: stripesandbox.APIKey, StripeURL: srv.URL + "/stripe", WebhookSecret: stripesandbox.WebhookSecret,
		BasicPrice: stripesandbox.BasicPrice, ProPrice: stripesandbox.ProPrice, PublicURL: home, Now: w.sb.Now, Off: true,
	}))(t)
	analyses := analysis.New(analysis.Config{DB: w.d, Seal: sealer, Accounts: accounts, Billing: plans, X: x})
	w.Service = New(Config{DB: w.d, Seal: sealer, Accounts: accounts, Billing: plans, Analyses: analyses, X: x})
	return w
}

// watched notes every deletion before the stand-in sees it.
func (w *world) watched(stand http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		id, deletion := strings.CutPrefix(r.URL.Path, "/x/2/tweets/")
		if !deletion || r.Method != http.MethodDelete {
			stand.ServeHTTP(rw, r)
			return
		}
		w.mu.Lock()
		w.asked = append(w.asked, id)
		answer := w.onDelete
		w.mu.Unlock()
		next := func() *httptest.ResponseRecorder {
			rec := httptest.NewRecorder()
			stand.ServeHTTP(rec, r)
			return rec
		}
		if answer == nil || !answer(rw, id, next) {
			stand.ServeHTTP(rw, r)
		}
	})
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

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	w.ok(w.d.InTx(w.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	}))
}

func (w *world) number(query string, args ...any) int {
	w.t.Helper()
	return must(db.ReadOne(w.t.Context(), w.d, db.System, db.Value[int], query, args...))(w.t)
}

// person is somebody who signed in with X.
type person struct {
	*world
	account.SignedIn
	report analysis.Analysis
}

// at X agrees to what was asked, as a person.
func (w *world) agree(auth account.Authorization, handle string) (account.SignedIn, error) {
	w.t.Helper()
	u := must(url.Parse(auth.URL))(w.t)
	form := u.Query()
	form.Set("person", handle)
	form.Set("decision", "allow")
	u.RawQuery = ""
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res := must(client.PostForm(u.String(), form))(w.t)
	res.Body.Close()
	back := must(url.Parse(res.Header.Get("Location")))(w.t).Query()
	return w.c.Accounts.CompleteSignIn(w.t.Context(), account.Callback{
		State: back.Get("state"), Code: back.Get("code"), Browser: auth.Browser, Device: "Firefox",
	})
}

func (w *world) signIn(handle string) *person {
	w.t.Helper()
	auth := must(w.c.Accounts.BeginSignIn(w.t.Context(), account.SignInRequest{}))(w.t)
	return &person{world: w, SignedIn: must(w.agree(auth, handle))(w.t)}
}

// author is a person with a report on n posts that are a risk, newly written.
func (w *world) author(n int) *person {
	w.t.Helper()
	for range n {
		w.sb.X().AddPost("ada_fernhill", xsandbox.Post{
			Text: "You are a fucking idiot and everybody knows it", Lang: "en",
			Likes: 2, Replies: 1,
		})
		w.sb.Advance(time.Second)
	}
	p := w.signIn("ada_fernhill")
	a, _, err := w.c.Analyses.Start(w.t.Context(), p.UserID, analysis.StartRequest{AccountID: p.Account.ID, Consent: true})
	w.ok(err)
	w.ok(w.c.Analyses.Run(w.t.Context(), a.ID, true))
	p.report = must(w.c.Analyses.Get(w.t.Context(), p.UserID, a.ID))(w.t)
	if p.report.Status != analysis.Completed {
		w.t.Fatalf("the analysis is %s", p.report.Status)
	}
	return p
}

// ids are the posts that author wrote, the newest first.
func (p *person) ids(n int) []string {
	var ids []string
	for _, post := range p.sb.X().Posts("ada_fernhill")[:n] {
		ids = append(ids, post.ID)
	}
	return ids
}

// plan is a draft of those posts.
func (p *person) plan(posts ...string) Cleanup {
	p.t.Helper()
	return must(p.Create(p.t.Context(), p.UserID, Choice{AnalysisID: p.report.ID, Posts: posts}))(p.t)
}

// ready is a plan for which all has been done but the start.
func (p *person) ready(posts ...string) Cleanup {
	p.t.Helper()
	c := p.plan(posts...)
	must(p.DryRun(p.t.Context(), p.UserID, c.ID))(p.t)
	must(p.Backup(p.t.Context(), p.UserID, c.ID))(p.t)
	p.leave(c)
	return p.show(c)
}

// leave asks X for the leave and gets it.
func (p *person) leave(c Cleanup) {
	p.t.Helper()
	auth := must(p.AskLeave(p.context(), p.UserID, p.Tokens.SessionID, c.ID, "/", true))(p.t)
	in := must(p.agree(auth, "ada_fernhill"))(p.t)
	if !in.Leave {
		p.t.Fatal("no leave came of it")
	}
}

func (p *person) context() context.Context {
	return audit.WithOrigin(p.t.Context(), audit.Origin{SessionID: p.Tokens.SessionID})
}

func (p *person) show(c Cleanup) Cleanup {
	p.t.Helper()
	return must(p.Get(p.t.Context(), p.UserID, c.ID))(p.t)
}

// run starts a plan and does the work of its job once.
func (p *person) run(c Cleanup) Cleanup {
	p.t.Helper()
	must(p.Start(p.t.Context(), p.UserID, c.ID))(p.t)
	p.ok(p.Run(p.t.Context(), c.ID))
	return p.show(c)
}

// again does what the sweep and the next job would.
func (p *person) again(c Cleanup) Cleanup {
	p.t.Helper()
	must(p.Sweep(p.t.Context()))(p.t)
	p.ok(p.Run(p.t.Context(), c.ID))
	return p.show(c)
}

func (p *person) wantState(c Cleanup, want removal.State) {
	p.t.Helper()
	if got := p.show(c); got.State != want {
		p.t.Fatalf("the plan is %s (%s), want %s", got.State, got.Why, want)
	}
}

// wantOutcomes fails unless the posts of the plan have these outcomes, in its order.
func (p *person) wantOutcomes(c Cleanup, want ...removal.Outcome) {
	p.t.Helper()
	var got []removal.Outcome
	for _, it := range must(p.Posts(p.t.Context(), p.UserID, c.ID))(p.t) {
		got = append(got, it.Outcome)
	}
	if !slices.Equal(got, want) {
		p.t.Fatalf("the outcomes are %q, want %q", got, want)
	}
}

func (w *world) asks() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.asked)
}

func (w *world) answer(f func(rw http.ResponseWriter, id string, next func() *httptest.ResponseRecorder) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onDelete = f
}

// onX tells whether a post stands on X.
func (w *world) onX(id string) bool {
	return slices.ContainsFunc(w.sb.X().Posts("ada_fernhill"), func(p xsandbox.Post) bool { return p.ID == id })
}
