package analysis

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/screen"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/xapi"
)

const home = "http://localhost:8000"

// world is the service on the stand-ins of X and Stripe, with a clock that only the test
// moves. No worker runs: a test does the work of the jobs itself.
type world struct {
	*Service
	t  testing.TB
	d  *db.DB
	sb *sandbox.Sandbox
	// url is where the stand-ins are.
	url string
	// onX, if set, is called before the stand-in of X answers a request for posts.
	onX func()
	// delivered and lookedUp are the posts that X gave on timelines and by their ids, once counting is set.
	counting            bool
	delivered, lookedUp atomic.Int64
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

// screener has read its lexicons for all worlds.
var screener = sync.OnceValue(screen.New)

func newWorld(t testing.TB, open func(testing.TB, func() time.Time) *db.DB) *world {
	t.Helper()
	w := &world{t: t, sb: sandbox.New(sandbox.Config{Now: dbtest.NewClock().Now})}
	w.d = open(t, w.sb.Now)
	stand := w.sb.Handler()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.onX != nil && strings.HasPrefix(r.URL.Path, "/x/2/users/") && strings.HasSuffix(r.URL.Path, "/tweets") {
			w.onX()
		}
		if w.counting && r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/x/2/") {
			w.countPosts(stand, rw, r)
			return
		}
		stand.ServeHTTP(rw, r)
	}))
	t.Cleanup(srv.Close)
	w.url = srv.URL
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
		BasicPrice: stripesandbox.BasicPrice, ProPrice: stripesandbox.ProPrice, PublicURL: home,
	}))(t)
	w.Service = New(Config{
		DB: w.d, Seal: sealer, Accounts: accounts, Billing: plans, X: x,
		KeepReports: 90 * 24 * time.Hour,
	})
	w.screen = screener
	return w
}

// countPosts passes a request on and counts the posts in its answer.
func (w *world) countPosts(stand http.Handler, rw http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	stand.ServeHTTP(rec, r)
	var in struct{ Data []json.RawMessage }
	if json.Unmarshal(rec.Body.Bytes(), &in) == nil && strings.HasSuffix(r.URL.Path, "/tweets") {
		to := &w.delivered
		if r.URL.Path == "/x/2/tweets" {
			to = &w.lookedUp
		}
		to.Add(int64(len(in.Data)))
	}
	maps.Copy(rw.Header(), rec.Header())
	rw.WriteHeader(rec.Code)
	_, _ = rw.Write(rec.Body.Bytes())
}

// replica is the service of another process on the same database.
func (w *world) replica() *Service { return New(w.c) }

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

// subscriber is a signed-in person with a paid plan.
func (w *world) subscriber() *person {
	w.t.Helper()
	p := w.signIn("gravelpit_gus")
	must(w.c.Billing.Subscribe(w.t.Context(), p.UserID, billing.SubscribeRequest{
		Tier:          "basic",
		PaymentMethod: "pm_card_visa",
	}))(w.t)
	return p
}

func (p *person) request(key string) StartRequest {
	return StartRequest{AccountID: p.Account.ID, Consent: true, IdempotencyKey: key}
}

// start starts an analysis of the linked account.
func (p *person) start() Analysis {
	p.t.Helper()
	a, _, err := p.Start(p.t.Context(), p.UserID, p.request(""))
	p.ok(err)
	return a
}

func (p *person) show(id string) Analysis {
	p.t.Helper()
	return must(p.Get(p.t.Context(), p.UserID, id))(p.t)
}

// units tells how many units of quota are used and reserved.
func (p *person) units() (used, reserved int) {
	p.t.Helper()
	u := must(p.c.Billing.Usage(p.t.Context(), p.UserID))(p.t)
	return u.Quota.Used, u.Quota.Reserved
}

// wantUnits fails unless so many units are used and reserved.
func (p *person) wantUnits(used, reserved int) {
	p.t.Helper()
	if u, r := p.units(); u != used || r != reserved {
		p.t.Errorf("%d units used and %d reserved, want %d and %d", u, r, used, reserved)
	}
}

// wantStatus fails unless the analysis is in that status.
func (p *person) wantStatus(id string, want Status) {
	p.t.Helper()
	if a := p.show(id); a.Status != want {
		p.t.Errorf("the analysis is %s, want %s", a.Status, want)
	}
}

// file is an X archive of n posts of an account.
func file(t testing.TB, handle, xUserID string, n int) []byte {
	t.Helper()
	var posts []string
	for i := range n {
		posts = append(posts, fmt.Sprintf(`{"tweet":{"id_str":"%d","full_text":"Quiet day number %d by the river.",`+
			`"created_at":"Sat Feb 18 12:33:11 +0000 2023"}}`, 5000+i, i))
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, content := range map[string]string{
		"data/account.js": `window.YTD.account.part0 = [{"account":{"username":"` + handle + `","accountId":"` + xUserID +
			`","createdAt":"2019-03-01T10:00:00.000Z"}}]`,
		"data/tweets.js": `window.YTD.tweets.part0 = [` + strings.Join(posts, ",") + `]`,
	} {
		must(io.WriteString(must(z.Create(name))(t), content))(t)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
