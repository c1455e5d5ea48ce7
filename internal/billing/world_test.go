package billing_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

const secret = "whsec_test_secret"

// world is billing between a database and a Stripe that share one clock. Webhooks are accepted as they come; a test
// applies them when it wants to.
type world struct {
	*billing.Service
	t   *testing.T
	d   *db.DB
	sb  *sandbox.Sandbox
	at  string // the sandbox's address
	api *stripe.Client
	log *strings.Builder
	cfg billing.Config

	client *http.Client // of billing, where what it asks is recorded
	tests  *http.Client // of the test, likewise
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

func newWorld(t *testing.T, open func(testing.TB, func() time.Time) *db.DB) *world {
	t.Helper()
	w := &world{t: t, sb: sandbox.New(sandbox.Config{Now: dbtest.NewClock().Now}), log: &strings.Builder{}}
	w.d = open(t, w.sb.Now)
	stand := w.sb.Handler()
	srv := httptest.NewServer(stand)
	t.Cleanup(srv.Close)
	w.at = srv.URL
	w.cfg = billing.Config{
		DB: w.d, StripeKey: stripesandbox.APIKey, StripeURL: srv.URL + "/stripe", WebhookSecret: secret,
		BasicPrice: stripesandbox.BasicPrice, ProPrice: stripesandbox.ProPrice, PublicURL: "https://dash.example",
		Codes: true,
		Log:   slog.New(slog.NewTextHandler(w.log, nil)),
	}
	w.policy(func(*billing.Config) {})
	// the SDK takes no path in its address
	direct := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/stripe" + r.URL.Path
		stand.ServeHTTP(rw, r)
	}))
	t.Cleanup(direct.Close)
	w.api = stripe.NewClient(stripesandbox.APIKey, stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: &direct.URL, LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})))
	hook := httptest.NewServer(http.HandlerFunc(w.receive))
	t.Cleanup(hook.Close)
	w.sb.Stripe().DeliverTo(hook.URL, secret)
	t.Cleanup(func() {
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Lose: true})
		w.sb.Stripe().Delivered(context.Background())
	})
	return w
}

// policy makes the service anew with another configuration, when no webhook is on its way to the present one.
func (w *world) policy(change func(c *billing.Config)) {
	w.t.Helper()
	w.must(nil, w.sb.Stripe().Delivered(w.t.Context()))
	change(&w.cfg)
	service, err := billing.New(w.cfg)
	w.must(nil, err)
	w.Service = service
}

func (w *world) receive(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = w.Accept(r.Context(), body, r.Header.Get("Stripe-Signature"))
	}
	if errors.Is(err, fault.ValidationFailed) {
		rw.WriteHeader(http.StatusBadRequest)
	} else if err != nil {
		rw.WriteHeader(http.StatusInternalServerError)
	}
}

// user adds a person and returns their id.
func (w *world) user() string {
	w.t.Helper()
	id := db.NewID()
	w.exec(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'ann', $2, $2)`, id, w.d.Now())
	return id
}

// subscriber is a user with a paid plan.
func (w *world) subscriber(tier string) string {
	w.t.Helper()
	id := w.user()
	w.must(w.Subscribe(w.t.Context(), id, billing.SubscribeRequest{Tier: tier, PaymentMethod: "pm_card_visa"}))
	w.deliver()
	return id
}

func (w *world) must(_ any, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	w.must(nil, w.d.InTx(w.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	}))
}

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	n, err := db.ReadOne(w.t.Context(), w.d, db.System, db.Value[int], query, args...)
	w.must(nil, err)
	return n
}

// deliver waits for the webhooks under way, then does the work of the event workers.
func (w *world) deliver() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	w.must(nil, w.sb.Stripe().Delivered(ctx))
	for _, id := range w.waiting() {
		w.must(nil, w.Apply(ctx, id))
	}
}

func (w *world) waiting() []string {
	w.t.Helper()
	ids, err := db.Read(w.t.Context(), w.d, db.System, db.Value[string],
		`SELECT id FROM stripe_events WHERE handled_at IS NULL ORDER BY received_at`)
	w.must(nil, err)
	return ids
}

func (w *world) subscription(user string) billing.Subscription {
	w.t.Helper()
	s, err := w.Subscription(w.t.Context(), user)
	w.must(nil, err)
	return s
}

func (w *world) usage(user string) billing.Usage {
	w.t.Helper()
	u, err := w.Usage(w.t.Context(), user)
	w.must(nil, err)
	return u
}

// reserve does what a start of an analysis does.
func (w *world) reserve(user string) (billing.Reservation, error) {
	r, err := w.tryReserve(user)
	if errors.Is(err, billing.ErrNoPeriod) {
		if err := w.EnsurePeriod(w.t.Context(), user); err != nil {
			return r, err
		}
		r, err = w.tryReserve(user)
	}
	return r, err
}

func (w *world) tryReserve(user string) (r billing.Reservation, err error) {
	err = w.d.InTx(w.t.Context(), db.User(user), func(ctx context.Context, tx db.Tx) error {
		r, err = w.Reserve(ctx, tx, user)
		return err
	})
	return r, err
}

// endInDashboard ends a user's plan as an operator can, not as its owner does.
func (w *world) endInDashboard(user string) {
	w.t.Helper()
	id, err := db.ReadOne(w.t.Context(), w.d, db.System, db.Value[string],
		`SELECT stripe_subscription_id FROM subscriptions WHERE user_id = $1`, user)
	w.must(nil, err)
	w.must(w.api.V1Subscriptions.Cancel(w.t.Context(), id, nil))
	w.deliver()
}

// stripeSubscriptions are those Stripe has, in any state.
func (w *world) stripeSubscriptions() []*stripe.Subscription {
	w.t.Helper()
	var all []*stripe.Subscription
	for sub, err := range w.api.V1Subscriptions.List(w.t.Context(),
		&stripe.SubscriptionListParams{Status: new("all")}).All(w.t.Context()) {
		w.must(nil, err)
		all = append(all, sub)
	}
	return all
}

// checkout presses a button of the page and returns where it leads.
func (w *world) checkout(page, action string) string {
	w.t.Helper()
	return w.checkoutWith(page, url.Values{"action": {action}})
}

func wantFault(t *testing.T, err error, want *fault.Fault) *fault.Fault {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %s", err, want.Code)
	}
	return fault.From(err)
}
