package schedule

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/recur"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// world is the service on the stand-ins of X and Stripe, with a clock that only the test moves. No worker runs: a test
// does the work of the jobs itself.
type world struct {
	*Service
	t  *testing.T
	d  *db.DB
	sb *sandbox.Sandbox

	runs analysis.Config
}

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

func newWorld(t *testing.T, open func(testing.TB, func() time.Time) *db.DB) *world {
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
	accounts := must(account.New(account.Config{
		DB: w.d, Seal: sealer, X: x, JWTKeys: []string{"a signing key of more than 32 bytes, for tests"},
		PublicURL: "http://localhost:8000", Local: true, Now: w.sb.Now,
	}))(t)
	plans := must(billing.New(billing.Config{
		DB: w.d, StripeKey: stripesandbox.APIKey, StripeURL: srv.URL + "/stripe", WebhookSecret: stripesandbox.WebhookSecret,
		BasicPrice: stripesandbox.BasicPrice, ProPrice: stripesandbox.ProPrice, PublicURL: "http://localhost:8000",
		Now: w.sb.Now,
	}))(t)
	w.runs = analysis.Config{DB: w.d, Seal: sealer, Accounts: accounts, Billing: plans, X: x}
	w.Service = New(Config{DB: w.d, Accounts: accounts, Billing: plans, Analyses: analysis.New(w.runs)})
	return w
}

// judge lets a model judge from now on, within a day where there are so many texts.
func (w *world) judge(from int) {
	runs := w.runs
	runs.Claude, runs.BatchFrom = claude.New(claude.Config{APIKey: "sk-ant-of-nobody"}), from
	c := w.c
	c.Analyses = analysis.New(runs)
	w.Service = New(c)
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

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	return must(db.ReadOne(w.t.Context(), w.d, db.System, db.Value[int], query, args...))(w.t)
}

// person is somebody who signed in with X.
type person struct {
	*world
	account.SignedIn
}

func (w *world) signIn(handle string) *person {
	w.t.Helper()
	auth := must(w.c.Accounts.BeginSignIn(w.t.Context(), account.SignInRequest{}))(w.t)
	u := must(url.Parse(auth.URL))(w.t)
	form := u.Query()
	form.Set("person", handle)
	form.Set("decision", "allow")
	u.RawQuery = ""
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res := must(client.PostForm(u.String(), form))(w.t)
	res.Body.Close()
	back := must(url.Parse(res.Header.Get("Location")))(w.t).Query()
	in := must(w.c.Accounts.CompleteSignIn(w.t.Context(), account.Callback{
		State: back.Get("state"), Code: back.Get("code"), Browser: auth.Browser, Device: "Firefox",
	}))(w.t)
	return &person{w, in}
}

// subscriber is gus, signed in, with a plan.
func (w *world) subscriber(tier string) *person {
	w.t.Helper()
	p := w.signIn("gravelpit_gus")
	must(w.c.Billing.Subscribe(w.t.Context(), p.UserID, billing.SubscribeRequest{
		Tier:          tier,
		PaymentMethod: "pm_card_visa",
	}))(w.t)
	return p
}

func (p *person) wish(r recur.Rule) Wish {
	return Wish{AccountID: p.Account.ID, Rule: r, Consent: true}
}

var (
	daily   = recur.Rule{Every: recur.Daily, Minute: 9 * 60, Zone: "Europe/Lisbon"}
	weekly  = recur.Rule{Every: recur.Weekly, Weekday: time.Wednesday, Minute: 9 * 60, Zone: "Europe/Lisbon"}
	monthly = recur.Rule{Every: recur.Monthly, Day: 31, Minute: 9 * 60, Zone: "Europe/Lisbon"}
)

func (p *person) schedule(r recur.Rule) Schedule {
	p.t.Helper()
	return must(p.Create(p.t.Context(), p.UserID, p.wish(r)))(p.t)
}

func (p *person) get(id string) Schedule {
	p.t.Helper()
	return must(p.Get(p.t.Context(), p.UserID, id))(p.t)
}

// untilDue moves the clock to the moment at which a schedule is due.
func (p *person) untilDue(id string) {
	p.t.Helper()
	p.sb.Advance(p.get(id).NextAt.Sub(p.d.Now()))
}

// work does what the queue of runs holds.
func (w *world) work(s *Service) {
	w.t.Helper()
	jobs := must(db.Read(w.t.Context(), w.d, db.System,
		func(r db.Rows, j *RunJob) error { return r.Scan(&j.ScheduleID, &j.Due) },
		`SELECT id, due_at FROM schedules WHERE due_at IS NOT NULL ORDER BY id`))(w.t)
	for _, j := range jobs {
		w.ok(s.Run(w.t.Context(), j, true))
	}
}

// turn lets one run come about from beginning to end: due, started, analysed, settled. fails says how its analysis
// ends.
func (p *person) turn(id string, fails bool) {
	p.t.Helper()
	p.untilDue(id)
	p.ok(p.Tick(p.t.Context()))
	p.work(p.Service)
	s := p.get(id)
	if s.LastID == nil {
		p.t.Fatalf("no run was started: %+v", s)
	}
	if fails {
		p.exec(`UPDATE analyses SET status = 'failed' WHERE id = $1`, *s.LastID)
	} else {
		p.ok(p.c.Analyses.Run(p.t.Context(), *s.LastID, true))
	}
	p.ok(p.Tick(p.t.Context()))
}

func (p *person) told(kind string) int {
	p.t.Helper()
	return p.count(`SELECT count(*) FROM notices WHERE user_id = $1 AND kind = $2`, p.UserID, kind)
}

func (p *person) wantPaused(id string, why Pause) {
	p.t.Helper()
	if s := p.get(id); s.PausedWhy != why || (s.PausedAt == nil) != (why == "") {
		p.t.Errorf("paused because of %q, want %q", s.PausedWhy, why)
	}
}
