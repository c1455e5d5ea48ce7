package share_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/share"
	"github.com/repazoo/repazoo/internal/xapi"
)

const ada, gus = "ada_fernhill", "gravelpit_gus" // people of the sandbox

// world is the service on the stand-ins of X and Stripe, with a clock that only the test moves.
type world struct {
	*share.Service
	t        testing.TB
	d        *db.DB
	sb       *sandbox.Sandbox
	accounts *account.Service
	analyses *analysis.Service
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
	srv := httptest.NewServer(w.sb.Handler())
	t.Cleanup(srv.Close)
	sealer := must(seal.New("a sealing secret of more than 32 bytes, for tests"))(t)
	x := xapi.New(xapi.Config{
		ClientID: xsandbox.ClientID, ClientSecret: xsandbox.ClientSecret, HTTP: srv.Client(), Now: w.sb.Now,
		APIURL: srv.URL + "/x", AuthorizeURL: srv.URL + "/x/i/oauth2/authorize",
	})
	w.accounts = must(account.New(account.Config{
		DB: w.d, Seal: sealer, X: x, JWTKeys: []string{"a signing key of more than 32 bytes, for tests"},
		PublicURL: "http://localhost:8000", Local: true, Now: w.sb.Now,
	}))(t)
	plans := must(billing.New(billing.Config{
		DB: w.d, StripeKey: stripesandbox.APIKey, StripeURL: srv.URL + "/stripe", WebhookSecret: stripesandbox.WebhookSecret,
		BasicPrice: stripesandbox.BasicPrice, ProPrice: stripesandbox.ProPrice, PublicURL: "http://localhost:8000",
		Now: w.sb.Now, Off: true,
	}))(t)
	w.analyses = analysis.New(analysis.Config{DB: w.d, Seal: sealer, Accounts: w.accounts, Billing: plans, X: x})
	w.Service = share.New(share.Config{DB: w.d, Accounts: w.accounts, Analyses: w.analyses})
	return w
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

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	return must(db.ReadOne(w.t.Context(), w.d, db.System, db.Value[int], query, args...))(w.t)
}

// person is somebody who signed in with X and has a report.
type person struct {
	*world
	account.SignedIn
	report analysis.Analysis
}

// author is a person with a report on two posts that are a risk and name somebody.
func (w *world) author(handle string) *person {
	w.t.Helper()
	for _, text := range []string{
		"@grumpy_bert you are a fucking idiot and everybody knows it, call +44 20 7946 0958",
		"You fucking idiot, says Ada Fernhill, bert@grumpy.org",
	} {
		w.sb.X().AddPost(handle, xsandbox.Post{Text: text, Lang: "en", Likes: 2, Replies: 1})
		w.sb.Advance(time.Second)
	}
	ctx := w.t.Context()
	auth := must(w.accounts.BeginSignIn(ctx, account.SignInRequest{}))(w.t)
	u := must(url.Parse(auth.URL))(w.t)
	form := u.Query()
	form.Set("person", handle)
	form.Set("decision", "allow")
	u.RawQuery = ""
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res := must(client.PostForm(u.String(), form))(w.t)
	res.Body.Close()
	back := must(url.Parse(res.Header.Get("Location")))(w.t).Query()
	p := &person{world: w, SignedIn: must(w.accounts.CompleteSignIn(ctx, account.Callback{
		State: back.Get("state"), Code: back.Get("code"), Browser: auth.Browser, Device: "Firefox",
	}))(w.t)}
	a, _, err := w.analyses.Start(ctx, p.UserID, analysis.StartRequest{AccountID: p.Account.ID, Consent: true})
	w.ok(err)
	w.ok(w.analyses.Run(ctx, a.ID, true))
	p.report = must(w.analyses.Get(ctx, p.UserID, a.ID))(w.t)
	return p
}

// link makes a link with these sections.
func (p *person) link(sections ...share.Section) share.Made {
	p.t.Helper()
	return must(p.Create(p.t.Context(), p.UserID, share.Request{AnalysisID: p.report.ID, Sections: sections}))(p.t)
}

// visit is a request of somebody from elsewhere.
func visit(ctx context.Context) context.Context {
	return audit.WithOrigin(ctx, audit.Origin{
		IP: "203.0.113.77", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		RequestID: "request-1",
	})
}

func contains(s string, words ...string) string {
	for _, word := range words {
		if strings.Contains(s, word) {
			return word
		}
	}
	return ""
}
