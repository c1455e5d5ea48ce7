package stripe

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/store"
)

// What the stand-in of Stripe accepts and sells unless [Config] says otherwise.
const (
	APIKey        = "sk_test_sandbox"
	WebhookSecret = "whsec_sandbox" //nolint:gosec // guards nothing; for DeliverTo, which takes any
	BasicPrice    = "price_basic"
	ProPrice      = "price_pro"
)

// Config configures the stand-in of Stripe.
type Config struct {
	APIKey               string // default APIKey
	BasicPrice, ProPrice string // price ids; default BasicPrice, ProPrice
	BasicCents, ProCents int64  // a month, in cents of a US dollar; default 900, 2900
	BasicLabel, ProLabel string // names on the checkout page; default "Repazoo Basic", "Repazoo Pro"
	NoTax                bool   // the account has not switched on automatic tax
}

func (c Config) withDefaults() Config {
	c.APIKey = cmp.Or(c.APIKey, APIKey)
	c.BasicPrice, c.ProPrice = cmp.Or(c.BasicPrice, BasicPrice), cmp.Or(c.ProPrice, ProPrice)
	c.BasicCents, c.ProCents = cmp.Or(c.BasicCents, 900), cmp.Or(c.ProCents, 2900)
	c.BasicLabel, c.ProLabel = cmp.Or(c.BasicLabel, "Repazoo Basic"), cmp.Or(c.ProLabel, "Repazoo Pro")
	return c
}

// Server is the stand-in of Stripe's API 2026-05-27.dahlia: customers, payment methods, prices, subscriptions with
// their invoices, pending updates and schedules, pages of checkout, portal and invoices, and events that are delivered
// as signed webhooks.
//
//   - Every API call needs the key; an unknown parameter, object or version is refused with Stripe's own error shape.
//   - An Idempotency-Key replays its answer for 24 hours, and refuses other parameters.
//   - Periods stand on subscription items; a scheduled cancel sets cancel_at; customers are found by search a minute late.
//   - A change of price is prorated to the second. With pending_if_incomplete it counts once it is paid, for 23 hours at
//     most; a schedule changes the price between two periods: see changes.go and schedules.go.
//   - Subscriptions renew, expire and end as the sandbox's clock passes the moment: see renewal.go. A renewal that
//     fails is tried again four times in 16 days; what becomes of the subscription then is a setting: see dunning.go.
//   - What was paid can be refunded and disputed: see charges.go and disputes.go.
//   - Trials, promotion codes and automatic tax are as they are there: see trials.go, discounts.go, tax.go.
//   - Payment methods: pm_card_visa pays; pm_card_chargeDeclined cannot be attached; pm_card_chargeCustomerFail attaches
//     and never pays; pm_card_createDispute pays, and disputes that at once; pm_card_refundFail pays, and sends refunds
//     back a day later; pm_card_authenticationRequired needs [Server.Authenticate], or the invoice's page, for whatever its
//     owner asks for, and pays renewals by itself; pm_card_authenticationRequiredOnSetup needs it once, also in a trial.
//
// Ids are random, because the databases that hold them may outlive the sandbox's state.
type Server struct {
	cfg       Config
	publicURL string
	store     *store.Store
	prices    []*price
	routes    *http.ServeMux
	outbox    outbox

	mu            sync.Mutex // one call at a time: what a call sees does not change under it
	answers       map[string]answer
	customers     shelf[customer]
	methods       shelf[method]
	subscriptions shelf[subscription]
	invoices      shelf[invoice]
	sessions      shelf[session]
	schedules     shelf[schedule]
	charges       shelf[charge]
	refunds       shelf[refund]
	disputes      shelf[dispute]
	setups        shelf[setupIntent]
	afterRetries  string // one of the states in dunning.go; "" is the first
	portals       shelf[portal]
	catalog       catalog
	discounts     discounts
	trialsTold    map[string]int64 // the end of which trial was told of, by subscription
	events        shelf[event]
	fresh         []*event // happened in the call under way, not yet handed to the outbox
}

// New makes the stand-in and registers what it remembers with st. publicURL is where a browser reaches the sandbox;
// when it is empty, the host of each request is.
func New(cfg Config, publicURL string, st *store.Store) *Server {
	c := &Server{
		cfg: cfg.withDefaults(), publicURL: publicURL, store: st, routes: http.NewServeMux(),
		answers: map[string]answer{}, trialsTold: map[string]int64{},
	}
	c.outbox.now = st.Now
	c.prices = []*price{
		newStripePrice(c.cfg.BasicPrice, c.cfg.BasicLabel, c.cfg.BasicCents),
		newStripePrice(c.cfg.ProPrice, c.cfg.ProLabel, c.cfg.ProCents),
	}
	for _, r := range slices.Concat(baseRoutes, catalogRoutes, moneyRoutes, discountRoutes, taxRoutes, trialRoutes) {
		c.routes.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { c.serveRoute(w, req, r) })
	}
	c.routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refusalOf(http.StatusNotFound, "", "", "Unrecognized request URL (%s: %s).", r.Method, r.URL.Path).write(w)
	})
	c.outbox.arrived = func() { st.Changed(); _ = st.Save() } // after a failure the next call tries again
	st.Keep("stripe", c.encode, c.restore)
	st.OnAdvance(func(now time.Time) { c.do(now, func(*request) {}) })
	return c
}

// ServeHTTP sees paths without the prefix /stripe.
func (c *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for prefix, serve := range map[string]http.HandlerFunc{
		"/checkout/": c.servePage, "/portal/": c.servePortal,
		"/invoice/": c.serveInvoice,
	} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			serve(w, r)
			return
		}
	}
	w.Header().Set("Request-Id", newID("req"))
	if refusal := c.checkHeaders(r.Header); refusal != nil {
		refusal.write(w)
		return
	}
	c.routes.ServeHTTP(w, r)
}

// do runs f alone, at now, after everything that time brought; then the events that happened are sent.
func (c *Server) do(now time.Time, f func(*request)) {
	c.mu.Lock()
	call := &request{Server: c, now: now}
	call.catchUp()
	f(call)
	happened := c.fresh
	c.fresh = nil
	post := c.owe(happened)
	if len(happened) > 0 {
		c.store.Changed()
	}
	c.mu.Unlock()
	_ = c.store.Save() // before anybody hears of it; after a failure the caller's answer tries again, and tells
	c.outbox.send(post)
}

// request is one call with c.mu held.
type request struct {
	*Server
	now  time.Time
	form form
	id   string // from the path
	base string // where a browser reaches the sandbox
}
