package billing_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/billing/ops"
	"github.com/repazoo/repazoo/internal/plan"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// flows are everything that billing asks of Stripe, told as a user or an operator would cause it. Whoever adds a
// request adds a flow: [TestConformance] covers it then, and fails for a route of the stand-in that no flow asks.
var flows = map[string]func(t *testing.T, w *world){
	"a plan is bought with a card, cancelled, resumed and ended": func(t *testing.T, w *world) {
		ann := w.subscriber("basic")
		w.must(w.Cancel(t.Context(), ann, true))
		w.must(w.Resume(t.Context(), ann))
		w.must(w.Refresh(t.Context(), ann))
		w.must(w.Cancel(t.Context(), ann, false))
		w.deliver()
	},
	"a plan is bought on a checkout page": func(t *testing.T, w *world) {
		ann := w.user()
		for _, action := range []string{"cancel", "pay"} {
			s, err := w.Subscribe(t.Context(), ann, billing.SubscribeRequest{Tier: "pro", ReturnURL: "/account?tab=plan"})
			w.must(nil, err)
			w.checkout(s.CheckoutURL, action)
		}
		w.deliver()
	},
	"a bank asks, and a card is declined": func(t *testing.T, w *world) {
		s, err := w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{
			Tier:          "pro",
			PaymentMethod: "pm_card_authenticationRequired",
		})
		w.must(nil, err)
		w.must(nil, w.sb.Stripe().Authenticate(s.ClientSecret))
		for _, card := range []string{"pm_card_chargeDeclined", "pm_nobody"} {
			if _, err := w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{
				Tier:          "basic",
				PaymentMethod: card,
			}); err == nil {
				t.Fatalf("%s was charged", card)
			}
		}
		w.deliver()
	},
	"a bank asks about the card of a trial": func(t *testing.T, w *world) {
		w.trials("")
		s, err := w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{
			Tier:          "pro",
			PaymentMethod: "pm_card_authenticationRequiredOnSetup",
		})
		w.must(nil, err)
		w.must(nil, w.sb.Stripe().Authenticate(s.ClientSecret))
		w.deliver()
	},
	"months pass, well and badly": func(t *testing.T, w *world) {
		w.subscriber("basic")
		w.sb.Advance(32 * 24 * time.Hour)
		w.failingCard()
		w.sb.Advance(32 * 24 * time.Hour)
		w.deliver()
		w.must(nil, w.Reconcile(t.Context()))
		w.sb.Advance(32 * 24 * time.Hour)
		w.deliver()
	},
	"an end is set by date on Stripe's page, and taken back here": func(t *testing.T, w *world) {
		ann := w.subscriber("pro")
		at := w.sb.Now().Add(72 * time.Hour).Unix()
		w.must(w.api.V1Subscriptions.Update(t.Context(), w.stripeSubscriptions()[0].ID,
			&stripe.SubscriptionUpdateParams{CancelAt: &at}))
		w.deliver()
		w.must(w.Resume(t.Context(), ann))
	},
	"an account is closed": func(t *testing.T, w *world) {
		ann := w.subscriber("pro")
		w.must(nil, w.Close(t.Context(), ann))
	},
	"a customer is deleted at Stripe, and the user comes back": func(t *testing.T, w *world) {
		ann := w.subscriber("pro")
		w.must(w.api.V1Customers.Delete(t.Context(), w.stripeSubscriptions()[0].Customer.ID, nil))
		w.deliver()
		w.must(w.Subscribe(t.Context(), ann, billing.SubscribeRequest{Tier: "basic", PaymentMethod: "pm_card_visa"}))
	},
	"an account is set up, checked and mended": func(t *testing.T, w *world) {
		c := ops.SetupConfig{
			StripeKey: stripesandbox.APIKey, StripeURL: w.at + "/stripe", PublicURL: "https://dash.example", WebhookURL: hookURL,
			HTTP: w.client, Replace: true,
		}
		w.must(w.api.V1WebhookEndpoints.Create(t.Context(), &stripe.WebhookEndpointCreateParams{
			URL: &c.WebhookURL, APIVersion: new("2020-08-27"), EnabledEvents: []*string{new("invoice.paid")},
		}))
		first, err := ops.Setup(t.Context(), c)
		w.must(nil, err)
		for _, step := range first.Steps {
			if step.Name == "webhook endpoint" {
				w.must(w.api.V1WebhookEndpoints.Update(t.Context(), step.ID,
					&stripe.WebhookEndpointUpdateParams{Disabled: new(true)}))
			}
		}
		w.must(ops.Setup(t.Context(), c))
		c.BasicPrice, c.PublicURL = stripesandbox.BasicPrice, "https://other.example"
		w.must(ops.Setup(t.Context(), c))
		w.must(w.api.V1Prices.Update(t.Context(), stripesandbox.BasicPrice, &stripe.PriceUpdateParams{Active: new(false)}))
	},
	"an operator looks for differences and lost webhooks": func(t *testing.T, w *world) {
		ann := w.subscriber("pro")
		w.lost(func() {
			w.must(w.api.V1Subscriptions.Update(t.Context(), w.stripeSubscriptions()[0].ID, cancelAtEnd()))
		})
		w.exec(`UPDATE subscriptions SET tier = 'basic' WHERE user_id = $1`, ann)
		if _, seen := w.examine(true); seen.Found == 0 || seen.Left() > 0 {
			t.Fatalf("%+v", seen)
		}
		w.sweep()
	},
	"a plan is looked at, changed up, down and back, and managed at Stripe": func(t *testing.T, w *world) {
		w.must(w.Preview(t.Context(), w.user(), billing.PreviewRequest{Tier: "pro"}))
		ann := w.subscriber("basic")
		for _, tier := range []string{"pro", "basic", "pro", "basic"} { // the second pro takes the first basic back
			w.must(w.Preview(t.Context(), ann, billing.PreviewRequest{Tier: tier}))
			w.must(w.change(ann, tier))
		}
		w.must(w.api.V1SubscriptionSchedules.Retrieve(t.Context(), w.stripeSubscriptions()[0].Schedule.ID, nil))
		w.sb.Advance(32 * 24 * time.Hour)
		w.deliver()
		w.must(w.Invoices(t.Context(), ann, 2, ""))
		w.must(w.Portal(t.Context(), ann, "/account/plan"))
	},
	"a change of plan is declined, and another waits for the bank": func(t *testing.T, w *world) {
		ann := w.subscriber("basic")
		w.card("pm_card_chargeCustomerFail")
		if _, err := w.change(ann, "pro"); err == nil {
			t.Fatal("the card was charged")
		}
		w.card("pm_card_authenticationRequired")
		waits, err := w.change(ann, "pro")
		w.must(nil, err)
		w.must(nil, w.sb.Stripe().Authenticate(waits.ClientSecret))
		w.deliver()
	},
	"a renewal is tried again, and given up in each way": func(t *testing.T, w *world) {
		for _, afterwards := range []string{"past_due", "unpaid", "canceled"} {
			w.sb.Stripe().AfterRetries(afterwards)
			ann := w.subscriber("basic")
			w.failingCard()
			for range 3 {
				w.sb.Advance(16 * 24 * time.Hour)
				w.deliver()
			}
			w.must(w.Invoices(t.Context(), ann, 10, ""))
			for e, err := range w.api.V1Events.List(t.Context(), nil).All(t.Context()) {
				w.must(e, err)
			}
		}
	},
	"payments are given back and disputed": func(t *testing.T, w *world) {
		ann := w.subscriber("pro")
		for _, cents := range []int64{500, 0} {
			w.refund(ann, cents)
			w.deliver()
		}
		w.must(w.Invoices(t.Context(), ann, 10, ""))
		intent := w.chargeOf(ann).PaymentIntent.ID
		if _, err := w.api.V1Refunds.Create(t.Context(), &stripe.RefundCreateParams{PaymentIntent: &intent}); err == nil {
			t.Fatal("what was refunded was refunded again")
		}
		for _, verdict := range []string{"winning_evidence", "losing_evidence"} {
			bob := w.user()
			w.must(w.Subscribe(t.Context(), bob, billing.SubscribeRequest{
				Tier:          "basic",
				PaymentMethod: "pm_card_createDispute",
			}))
			w.lost(func() { w.evidence(bob, verdict) })
			w.deliver()
		}
		w.sweep()
		for e, err := range w.api.V1Events.List(t.Context(), nil).All(t.Context()) {
			w.must(e, err)
		}
	},
	"a refund does not reach the cardholder": func(t *testing.T, w *world) {
		ann := w.user()
		w.must(w.Subscribe(t.Context(), ann, billing.SubscribeRequest{Tier: "pro", PaymentMethod: "pm_card_refundFail"}))
		w.refund(ann, 500)
		w.sb.Advance(25 * time.Hour)
		w.deliver()
		w.refund(ann, 500)
		for e, err := range w.api.V1Events.List(t.Context(), nil).All(t.Context()) {
			w.must(e, err)
		}
	},
	"a card is put in place while a change is planned": func(t *testing.T, w *world) {
		ann := w.subscriber("pro")
		w.must(w.change(ann, "basic"))
		w.card("pm_card_visa")
	},
	"a trial begins without a card, changes its plan, pauses and is taken up": func(t *testing.T, w *world) {
		w.policy(func(c *billing.Config) { c.Trial = plan.Trial{Days: 14, WithoutCard: plan.PauseWithoutCard} })
		ann := w.user()
		w.must(w.Preview(t.Context(), ann, billing.PreviewRequest{Tier: "pro"}))
		s, err := w.Subscribe(t.Context(), ann, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		w.checkoutWith(s.CheckoutURL, url.Values{"action": {"pay"}, "card": {"none"}})
		w.deliver()
		w.must(w.Preview(t.Context(), ann, billing.PreviewRequest{Tier: "pro", PromotionCode: w.code("percent_off=20", "")}))
		w.must(w.change(ann, "pro"))
		w.sb.Advance(15 * 24 * time.Hour)
		w.deliver()
		w.card("pm_card_visa")
		w.must(w.Resume(t.Context(), ann))
		w.deliver()
	},
	"a trial begins with a card, and is paid": func(t *testing.T, w *world) {
		w.policy(func(c *billing.Config) { c.Trial = plan.Trial{Days: 7} })
		w.subscriber("pro")
		w.must(w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{Tier: "basic"}))
		w.sb.Advance(8 * 24 * time.Hour)
		w.deliver()
	},
	"codes are tried, and taken": func(t *testing.T, w *world) {
		w.policy(func(c *billing.Config) { c.Codes = true })
		ann, bob := w.user(), w.user()
		half := w.code("percent_off=50&duration=repeating&duration_in_months=3",
			"max_redemptions=1&expires_at="+unixIn(w, 24*time.Hour))
		w.must(w.Preview(t.Context(), ann, billing.PreviewRequest{Tier: "basic", PromotionCode: half}))
		w.must(w.Subscribe(t.Context(), ann, billing.SubscribeRequest{
			Tier: "basic", PaymentMethod: "pm_card_visa",
			PromotionCode: half,
		}))
		if _, err := w.Subscribe(t.Context(), bob, billing.SubscribeRequest{
			Tier: "basic", PaymentMethod: "pm_card_visa",
			PromotionCode: half,
		}); err == nil {
			t.Fatal("a code was used twice")
		}
		five := w.code("amount_off=500&currency=usd&duration=once", "")
		s, err := w.Subscribe(t.Context(), bob, billing.SubscribeRequest{Tier: "basic", PromotionCode: five})
		w.must(nil, err)
		w.checkout(s.CheckoutURL, "pay")
		w.deliver()
		w.must(w.Preview(t.Context(), bob, billing.PreviewRequest{Tier: "pro", PromotionCode: five}))
		w.must(w.Change(t.Context(), bob, billing.ChangeRequest{Tier: "pro", PromotionCode: five}))
		w.must(w.Preview(t.Context(), ann, billing.PreviewRequest{Tier: "pro"}))
		w.must(w.change(ann, "pro"))
		w.must(w.change(ann, "basic"))
		s, err = w.Subscribe(t.Context(), w.user(), billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		w.checkoutWith(s.CheckoutURL, url.Values{"action": {"pay"}, "code": {five}})
		w.sb.Advance(100 * 24 * time.Hour)
		w.deliver()
	},
	"tax is set up, reckoned and looked for": func(t *testing.T, w *world) {
		early := w.subscriber("basic")
		w.policy(func(c *billing.Config) { c.Tax = true })
		w.must(ops.Setup(t.Context(), ops.SetupConfig{
			StripeKey: stripesandbox.APIKey, StripeURL: w.at + "/stripe", PublicURL: "https://dash.example", Tax: true,
			HTTP: w.client,
		}))
		w.must(w.Preview(t.Context(), w.user(), billing.PreviewRequest{Tier: "pro"}))
		ann := w.user()
		if _, err := w.Subscribe(t.Context(), ann, billing.SubscribeRequest{
			Tier:          "basic",
			PaymentMethod: "pm_card_visa",
		}); err == nil {
			t.Fatal("nobody knows where they live")
		}
		w.must(w.Preview(t.Context(), ann, billing.PreviewRequest{Tier: "pro"}))
		s, err := w.Subscribe(t.Context(), ann, billing.SubscribeRequest{Tier: "basic"})
		w.must(nil, err)
		w.checkoutWith(s.CheckoutURL, url.Values{"action": {"pay"}, "country": {"GB"}})
		w.deliver()
		w.must(w.Preview(t.Context(), ann, billing.PreviewRequest{Tier: "pro"}))
		w.must(w.change(ann, "pro"))
		w.lives(early, "DE")
		w.examine(true)
		bob := w.user()
		w.must(w.Subscribe(t.Context(), bob, billing.SubscribeRequest{Tier: "pro"})) // leaves a customer
		w.lives(bob, "DE")
		w.must(w.Subscribe(t.Context(), bob, billing.SubscribeRequest{Tier: "pro", PaymentMethod: "pm_card_visa"}))
	},
	"what only tests and people with curl ask": func(t *testing.T, w *world) {
		ann := w.user()
		w.must(w.Subscribe(t.Context(), ann, billing.SubscribeRequest{Tier: "pro"}))
		w.subscriber("basic")
		api := w.api
		w.code("percent_off=10&id=TEN", "")
		w.ask(http.MethodGet, "/v1/coupons/TEN", "")
		for _, code := range w.ask(http.MethodGet, "/v1/promotion_codes", "coupon=TEN")["data"].([]any) {
			w.ask(http.MethodPost, "/v1/promotion_codes/"+code.(map[string]any)["id"].(string), "active=false")
		}
		for cs, err := range api.V1CheckoutSessions.List(t.Context(), nil).All(t.Context()) {
			w.must(api.V1CheckoutSessions.Retrieve(t.Context(), cs.ID, nil))
			w.must(nil, err)
		}
		for in, err := range api.V1Invoices.List(t.Context(), nil).All(t.Context()) {
			w.must(api.V1Invoices.Retrieve(t.Context(), in.ID, nil))
			w.must(nil, err)
		}
		for cu, err := range api.V1Customers.List(t.Context(), nil).All(t.Context()) {
			w.must(nil, err)
			w.must(api.V1Customers.Retrieve(t.Context(), cu.ID, nil))
		}
		for p, err := range api.V1Prices.List(t.Context(), nil).All(t.Context()) {
			w.must(nil, err)
			w.must(api.V1Prices.Retrieve(t.Context(), p.ID, nil))
		}
		for _, sub := range w.stripeSubscriptions() {
			w.must(api.V1PaymentMethods.Retrieve(t.Context(), sub.DefaultPaymentMethod.ID, nil))
		}
		for e, err := range api.V1Events.List(t.Context(), nil).All(t.Context()) {
			w.must(nil, err)
			w.must(api.V1Events.Retrieve(t.Context(), e.ID, nil))
			break
		}
	},
}

// TestConformance runs every flow once and holds what was said against Stripe's own word.
func TestConformance(t *testing.T) {
	t.Parallel()
	said, mock, spec := record(t), startStripeMock(t), readStripeSpec(t)
	findsWhatIsWrong(t, mock, spec)
	mockAccepts(t, mock, said)
	for _, fault := range spec.check(said) {
		t.Error("the stand-in's answer is not Stripe's:", fault)
	}
	everyRouteWasAsked(t, said)
}

// mockAccepts asks stripe-mock, at both its listeners, for everything that billing asked the stand-in for.
func mockAccepts(t *testing.T, mock *stripeMock, said []exchange) {
	t.Helper()
	shapes := map[string]exchange{}
	for _, e := range said {
		if e.ours {
			shapes[e.shape()] = e
		}
	}
	for _, shape := range slices.Sorted(maps.Keys(shapes)) {
		for _, address := range []string{mock.http, mock.https} {
			if status, answer := mock.ask(t, address, shapes[shape]); status != http.StatusOK {
				t.Errorf("stripe-mock refuses %s\n\t%d %s", shape, status, answer)
			}
		}
	}
	t.Logf("%d requests, %d shapes of billing's own", len(said), len(shapes))
}

// everyRouteWasAsked fails for what the stand-in offers and no flow uses: its answers would not have been checked.
func everyRouteWasAsked(t *testing.T, said []exchange) {
	t.Helper()
	routes := http.NewServeMux()
	for _, route := range stripesandbox.Routes() {
		routes.Handle(route, http.NotFoundHandler())
	}
	seen := map[string]bool{}
	for _, e := range said {
		if e.status == http.StatusOK {
			_, route := routes.Handler(&http.Request{Method: e.method, URL: &url.URL{Path: e.path}})
			seen[route] = true
		}
	}
	for _, route := range stripesandbox.Routes() {
		if !seen[route] {
			t.Errorf("no flow asks %s: add it to flows", route)
		}
	}
}

// findsWhatIsWrong shows that the checks can fail.
func findsWhatIsWrong(t *testing.T, mock *stripeMock, spec *stripeSpec) {
	t.Helper()
	for name, params := range map[string]string{"an unknown parameter": "nickname=ann", "a wrong type": "balance=much"} {
		e := exchange{
			method: http.MethodPost, path: "/v1/customers", params: params,
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		}
		if status, _ := mock.ask(t, mock.http, e); status != http.StatusBadRequest {
			t.Errorf("%s: stripe-mock answers %d", name, status)
		}
	}
	const good = `{"id":"cus_1","object":"customer","created":1,"livemode":false}`
	for name, tt := range map[string]struct {
		path, answer string
		status       int
		faults       int
	}{
		"as it should be":    {"/v1/customers", good, 200, 0},
		"a field of its own": {"/v1/customers", good[:len(good)-1] + `,"nickname":"ann"}`, 200, 1},
		"a field missing":    {"/v1/customers", `{"id":"cus_1","object":"customer","created":1}`, 200, 1},
		"a wrong type": {
			"/v1/customers",
			`{"id":"cus_1","object":"customer","created":"now","livemode":false}`, 200, 1,
		},
		"an address that Stripe lacks":     {"/v1/clients", good, 200, 1},
		"an error in another shape":        {"/v1/customers", `{"message":"no"}`, 400, 1},
		"an event about a broken customer": {"/v1/events/evt_1", `{"id":"evt_1","object":"event","created":1,"livemode":false,"pending_webhooks":0,"type":"customer.created","data":{"object":{"object":"customer","id":"cus_1"}}}`, 200, 1},
	} {
		method := http.MethodPost
		if strings.HasPrefix(tt.path, "/v1/events") {
			method = http.MethodGet
		}
		found := spec.check([]exchange{{method: method, path: tt.path, status: tt.status, answer: []byte(tt.answer)}})
		if len(found) != tt.faults {
			t.Errorf("%s: %q", name, found)
		}
	}
}
