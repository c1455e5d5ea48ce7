package account_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/xapi"
)

const (
	home     = "http://localhost:8000"
	jwtKey   = "a signing key of more than 32 bytes, for tests"
	ada, gus = "ada_fernhill", "gravelpit_gus"
)

// world is one database, one stand-in of X and one clock for both, with a Service on them.
type world struct {
	*account.Service
	t     *testing.T
	db    *db.DB
	clock *dbtest.Clock
	sb    *sandbox.Sandbox
	x     *xapi.Client
	url   string // of the stand-in
	log   *buffer

	mu   sync.Mutex
	gate map[string]*gate // by path
}

// each runs f on both databases.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		clock := dbtest.NewClock()
		f(t, newWorld(t, dbtest.SQLite(t, clock.Now), clock))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		clock := dbtest.NewClock()
		f(t, newWorld(t, dbtest.Postgres(t, clock.Now), clock))
	})
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: clock, log: &buffer{}, gate: map[string]*gate{}}
	w.sb = sandbox.New(sandbox.Config{Now: clock.Now})
	srv := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.x = xapi.New(xapi.Config{
		ClientID: x.ClientID, ClientSecret: x.ClientSecret, HTTP: srv.Client(), Now: clock.Now,
		APIURL: srv.URL + "/x", AuthorizeURL: srv.URL + "/x/i/oauth2/authorize",
	})
	w.Service = w.another(jwtKey)
	return w
}

// another is a further process on the same database: it shares nothing but that with the first.
func (w *world) another(keys ...string) *account.Service {
	w.t.Helper()
	return w.with(func(c *account.Config) { c.JWTKeys = keys })
}

// with is a further process that is configured in another way.
func (w *world) with(change func(*account.Config)) *account.Service {
	w.t.Helper()
	sealer, err := seal.New("a sealing secret of more than 32 bytes, for tests")
	if err != nil {
		w.t.Fatal(err)
	}
	c := account.Config{
		DB: w.db, Seal: sealer, X: w.x, JWTKeys: []string{jwtKey}, PublicURL: home,
		ReturnHosts: []string{"dash.repazoo.com"}, Local: true,
		Now: w.clock.Now, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	change(&c)
	s, err := account.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// gate holds requests back until it is opened.
type gate struct {
	arrived chan struct{}
	open    chan struct{}
}

// hold makes the next requests to a path wait. The test hears of each arrival, then closes open.
func (w *world) hold(path string) *gate {
	g := &gate{make(chan struct{}, 100), make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gate[path] = g
	return g
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	g := w.gate[r.URL.Path]
	w.mu.Unlock()
	if g != nil {
		g.arrived <- struct{}{}
		select {
		case <-g.open:
		case <-r.Context().Done():
			return
		}
	}
	w.sb.Handler().ServeHTTP(rw, r)
}

func await(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("it never came")
	}
}

// consent lets a person agree on X's page and gives the callback their browser then makes.
func (w *world) consent(t *testing.T, a account.Authorization, person string) account.Callback {
	t.Helper()
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	form := u.Query()
	form.Set("person", person)
	form.Set("decision", "allow")
	u.RawQuery = ""
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.PostForm(u.String(), form)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	back, err := res.Location()
	if err != nil || back.Path != account.CallbackPath {
		t.Fatalf("X answered %d and sent the browser to %v (%v)", res.StatusCode, back, err)
	}
	return account.Callback{
		State: back.Query().Get("state"), Code: back.Query().Get("code"), Browser: a.Browser,
		Device: "Firefox on Linux",
	}
}

func (w *world) begin(t *testing.T, r account.SignInRequest) account.Authorization {
	t.Helper()
	a, err := w.BeginSignIn(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// signIn is the whole journey of a person without any trouble.
func (w *world) signIn(t *testing.T, person string) account.SignedIn {
	t.Helper()
	return w.complete(t, w.consent(t, w.begin(t, account.SignInRequest{}), person))
}

func (w *world) link(t *testing.T, userID, person string) account.SignedIn {
	t.Helper()
	return w.complete(t, w.consent(t, w.begin(t, w.linkRequest(t, userID)), person))
}

// linkRequest asks to link a further account from the newest session of a user.
func (w *world) linkRequest(t *testing.T, userID string) account.SignInRequest {
	t.Helper()
	id, err := db.ReadOne(t.Context(), w.db, db.System, db.Value[string],
		`SELECT id FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1`, userID)
	if err != nil {
		t.Fatal(err)
	}
	return account.SignInRequest{LinkTo: userID, Session: id}
}

func (w *world) complete(t *testing.T, c account.Callback) account.SignedIn {
	t.Helper()
	in, err := w.CompleteSignIn(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// linked is the X account that somebody signed in with, as its owner sees it now.
func (w *world) linked(t *testing.T, in account.SignedIn) account.XAccount {
	t.Helper()
	all, err := w.Accounts(t.Context(), in.UserID)
	i := slices.IndexFunc(all, func(a account.XAccount) bool { return a.ID == in.Account.ID })
	if err != nil || i < 0 {
		t.Fatalf("the account is not listed: %+v, %v", all, err)
	}
	return all[i]
}

// exec runs a statement behind the Service's back.
func (w *world) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	err := w.db.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) count(t *testing.T, query string, args ...any) int {
	t.Helper()
	n, err := db.ReadOne(t.Context(), w.db, db.System, db.Value[int], query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// renewals counts how often X was asked to renew a token.
func (w *world) renewals() (n int) {
	for _, c := range w.sb.Calls("/x/2/oauth2/token") {
		if form, _ := url.ParseQuery(string(c.Body)); form.Get("grant_type") == "refresh_token" {
			n++
		}
	}
	return n
}

// token is the access token in the row, whatever its age.
func (w *world) token(t *testing.T, in account.SignedIn) string {
	t.Helper()
	token, err := w.XTokenAfter(t.Context(), in.UserID, in.Account.ID, "none")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// buffer is a log that several goroutines write to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) contains(s string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(b.b.String(), s)
}
