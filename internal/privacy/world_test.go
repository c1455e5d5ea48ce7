package privacy_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/privacy"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/share"
	"github.com/repazoo/repazoo/internal/xapi"
)

const (
	home       = "http://localhost:8000"
	ada, gus   = "ada_fernhill", "gravelpit_gus" // people of the sandbox
	reportsFor = 90 * 24 * time.Hour
)

// world is every service of one process, on the stand-ins of X and Stripe. No worker runs: a test does the work of the
// jobs when it wants to.
type world struct {
	*privacy.Service
	t        testing.TB
	d        *db.DB
	sb       *sandbox.Sandbox
	accounts *account.Service
	billing  *billing.Service
	analyses *analysis.Service
	cleanups *cleanup.Service
	shares   *share.Service
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
		DB: w.d, Seal: sealer, X: x, JWTKeys: []string{"a signing key of more than 32 bytes, for tests"}, PublicURL: home,
		Local: true, Now: w.sb.Now,
	}))(t)
	w.billing = must(billing.New(billing.Config{
		DB: w.d, StripeKey: stripesandbox.APIKey, StripeURL: srv.URL + "/stripe", WebhookSecret: stripesandbox.WebhookSecret,
		BasicPrice: stripesandbox.BasicPrice, ProPrice: stripesandbox.ProPrice, PublicURL: home,
	}))(t)
	w.analyses = analysis.New(analysis.Config{
		DB: w.d, Seal: sealer, Accounts: w.accounts, Billing: w.billing, X: x,
		KeepReports: reportsFor,
	})
	w.cleanups = cleanup.New(cleanup.Config{
		DB: w.d, Seal: sealer, Accounts: w.accounts, Billing: w.billing,
		Analyses: w.analyses, X: x,
	})
	w.shares = share.New(share.Config{DB: w.d, Accounts: w.accounts, Analyses: w.analyses})
	w.Service = privacy.New(privacy.Config{
		DB: w.d, Accounts: w.accounts, Billing: w.billing, Analyses: w.analyses, Cleanups: w.cleanups, Shares: w.shares,
	})
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

// person is somebody who signed in with X.
type person struct {
	*world
	account.SignedIn
	ctx context.Context // of their requests
}

func (w *world) signIn(handle string) *person {
	w.t.Helper()
	auth := must(w.accounts.BeginSignIn(w.t.Context(), account.SignInRequest{}))(w.t)
	in, err := w.accounts.CompleteSignIn(w.t.Context(), w.allow(auth, handle))
	w.ok(err)
	ctx := audit.WithOrigin(w.t.Context(), audit.Origin{IP: "203.0.113.7", UserAgent: "Firefox " +
		handle, RequestID: "request-" + handle, SessionID: in.Tokens.SessionID})
	return &person{w, in, ctx}
}

// allow agrees on X's page.
func (w *world) allow(auth account.Authorization, handle string) account.Callback {
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
	return account.Callback{
		State: back.Get("state"), Code: back.Get("code"), Browser: auth.Browser,
		Device: "Firefox of " + handle,
	}
}

func (p *person) subscribe() *person {
	p.t.Helper()
	must(p.billing.Subscribe(p.ctx, p.UserID, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}))(p.t)
	return p
}

// start starts an analysis of the linked account.
func (p *person) start() string {
	p.t.Helper()
	a, _, err := p.analyses.Start(p.ctx, p.UserID, analysis.StartRequest{
		AccountID: p.Account.ID, Consent: true,
		IdempotencyKey: db.NewID(),
	})
	p.ok(err)
	return a.ID
}

func (p *person) run(id string) {
	p.t.Helper()
	p.ok(p.analyses.Run(p.t.Context(), id, true))
}

// upload keeps an X archive of 12 posts of the linked account.
func (p *person) upload() analysis.Archive {
	p.t.Helper()
	var posts []string
	for i := range 12 {
		posts = append(posts, fmt.Sprintf(`{"tweet":{"id_str":"%d","full_text":"Quiet day number %d by the river.","created_at":"Sat Feb 18 12:33:11 +0000 2023"}}`, 5000+i, i))
	}
	file := pack(p.t, map[string]string{
		"data/account.js": `window.YTD.account.part0 = [{"account":{"username":"` + p.Account.Handle + `","accountId":"` +
			p.Account.XUserID + `","createdAt":"2019-03-01T10:00:00.000Z"}}]`,
		"data/tweets.js": `window.YTD.tweets.part0 = [` + strings.Join(posts, ",") + `]`,
	})
	return must(p.analyses.KeepArchive(p.ctx, p.UserID, bytes.NewReader(file), int64(len(file))))(p.t)
}

func pack(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, content := range files {
		out := must(z.Create(name))(t)
		must(io.WriteString(out, content))(t)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// busy is a person with something in every table.
func (w *world) busy(handle string) *person {
	w.t.Helper()
	p := w.signIn(handle).subscribe()
	p.run(p.start())
	p.upload()
	w.exec(`INSERT INTO dismissals (user_id, finding_id, why, created_at) VALUES ($1, 'finding', $2, $3)`, p.UserID,
		"a joke of "+handle, w.d.Now())
	must(p.Export(p.ctx, p.UserID))(w.t)
	must(p.accounts.RefreshSession(p.ctx, p.Tokens.Refresh))(w.t)
	must(p.accounts.BeginSignIn(p.ctx, account.SignInRequest{LinkTo: p.UserID, Session: p.Tokens.SessionID}))(w.t)
	must(w.accounts.CreateKey(w.t.Context(), p.UserID, account.KeyRequest{
		Name:   "a script",
		Scopes: []account.Scope{account.AccountRead},
	}))(w.t)
	w.exec(`INSERT INTO email_confirmations (user_id, email, token_hash, asked_at, day_began_at, asked_today, expires_at)
		VALUES ($1, $2, $3, $4, $4, 1, $4)`,
		p.UserID, handle+"@waiting.example.org", "hash of "+handle, w.d.Now())
	w.exec(`UPDATE users SET email = $2, email_confirmed_at = $3 WHERE id = $1`, p.UserID, handle+"@example.org",
		w.d.Now())
	told, hook := db.NewID(), db.NewID()
	w.exec(`INSERT INTO schedules (id, user_id, account_id, every, weekday, day, minute, zone, purpose, created_at,
		updated_at, next_at, digest_at)
		VALUES ($1, $2, $3, 'weekly', 1, 0, 540, 'UTC', 'job_search', $4, $4, $4, $4)`, db.NewID(), p.UserID, p.Account.ID,
		w.d.Now())
	w.exec(`INSERT INTO notice_mutes (user_id, kind, way, created_at) VALUES ($1, 'plan.changed', 'mail', $2)`,
		p.UserID, w.d.Now())
	w.exec(`INSERT INTO notices (id, user_id, kind, subject, data, created_at)
		VALUES ($1, $2, 'plan.changed', 's', '{"plan":"pro","from":"basic"}', $3)`, told, p.UserID, w.d.Now())
	w.exec(`INSERT INTO webhook_endpoints (id, user_id, url, secret, kinds, created_at)
		VALUES ($1, $2, $3, $4, '', $5)`, hook, p.UserID, "https://example.com/"+handle, []byte{1}, w.d.Now())
	w.exec(`INSERT INTO webhook_deliveries (id, user_id, endpoint_id, notice_id, kind, message_id, payload, status,
		created_at)
		VALUES ($1, $2, $3, $4, 'plan.changed', 'msg_1', '{}', 'waiting', $5)`, db.NewID(), p.UserID, hook, told, w.d.Now())
	w.exec(`INSERT INTO x_leaves (account_id, user_id, tokens, token_expires_at, given_at, ends_at)
		VALUES ($1, $2, $3, $4, $4, $4)`,
		p.Account.ID, p.UserID, []byte{1}, w.d.Now())
	plan := db.NewID()
	w.exec(`INSERT INTO cleanups (id, user_id, account_id, handle, state, created_at, expires_at)
		VALUES ($1, $2, $3, $4, 'draft', $5, $5)`,
		plan, p.UserID, p.Account.ID, handle, w.d.Now())
	w.exec(`INSERT INTO cleanup_posts (cleanup_id, post_id, user_id, place) VALUES ($1, '5000', $2, 0)`, plan, p.UserID)
	must(w.shares.Create(p.ctx, p.UserID, share.Request{
		AnalysisID: must(w.analyses.List(p.ctx, p.UserID, analysis.Filter{}))(w.t).Analyses[0].ID,
	}))(w.t)
	w.exec(`INSERT INTO share_views (id, share_id, user_id, at) SELECT $1, id, user_id, created_at FROM shares
		WHERE user_id = $2`,
		db.NewID(), p.UserID)
	w.exec(`INSERT INTO verdicts (user_id, key, sealed, created_at) VALUES ($1, 'k', $2, $3)`, p.UserID, []byte{1},
		w.d.Now())
	w.exec(`INSERT INTO stripe_events (id, type, object_id, payload, received_at, handled_at)
		VALUES ($1, 'invoice.paid', 'in_1', $2, $3, $3)`,
		"evt_"+handle, fmt.Sprintf(`{"data":{"object":{"customer":%q,"customer_email":"%s@example.org"}}}`, p.customer(),
			handle), w.d.Now())
	w.exec(`INSERT INTO payment_returns (id, user_id, kind, invoice_id, cents, currency, status, at, created_at)
		VALUES ($1, $2, 'refund', 'in_1', 1, 'usd', 'succeeded', $3, $3)`,
		"re_"+handle, p.UserID, w.d.Now())
	return p
}

func (p *person) customer() string {
	p.t.Helper()
	return must(db.ReadOne(p.t.Context(), p.d, db.System, db.Value[string],
		`SELECT stripe_customer_id FROM subscriptions WHERE user_id = $1`, p.UserID))(p.t)
}

// ready asks for a package and does the work of the job.
func (p *person) ready() privacy.Export {
	p.t.Helper()
	e := must(p.Export(p.ctx, p.UserID))(p.t)
	p.ok(p.MakeExport(p.t.Context(), e.ID))
	return must(p.ShowExport(p.ctx, p.UserID, e.ID))(p.t)
}

// fetch is a package's files by name.
func (p *person) fetch(id string) map[string]string {
	p.t.Helper()
	var buf bytes.Buffer
	p.ok(must(p.Fetch(p.ctx, p.UserID, id))(p.t).Write(p.ctx, &buf))
	z := must(zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len())))(p.t)
	files := map[string]string{}
	for _, f := range z.File {
		r := must(f.Open())(p.t)
		files[f.Name] = string(must(io.ReadAll(r))(p.t))
		r.Close()
	}
	return files
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

// list is a JSON file of a package.
func list(t *testing.T, content string) (all []map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(content), &all); err != nil {
		t.Fatalf("%v in %.300s", err, content)
	}
	return all
}

// refused fails unless the database itself refuses a statement.
func (w *world) refused(query string, args ...any) {
	w.t.Helper()
	err := w.d.InTx(w.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err == nil {
		w.t.Errorf("%s was allowed", query)
	}
}

// pause makes each answer under a path take a moment.
func (w *world) pause(path string) {
	w.sb.Fail(sandbox.Fault{Path: path, Delay: 200 * time.Millisecond, Times: -1})
}

// asked waits until something under a path was asked for.
func (w *world) asked(path string) {
	w.t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for deadline := time.After(20 * time.Second); len(w.sb.Calls(path)) == 0; {
		select {
		case <-again.C:
		case <-deadline:
			w.t.Fatal("it was never asked for")
		}
	}
}
