package stripe

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"
)

type price struct {
	ID          string            `json:"id"`
	Object      string            `json:"object"`
	Active      bool              `json:"active"`
	Created     int64             `json:"created"`
	Currency    string            `json:"currency"`
	Livemode    bool              `json:"livemode"`
	LookupKey   *string           `json:"lookup_key"`
	Metadata    map[string]string `json:"metadata"`
	Nickname    string            `json:"nickname"`
	Product     string            `json:"product"`
	Recurring   map[string]any    `json:"recurring"`
	TaxBehavior *string           `json:"tax_behavior"`
	Type        string            `json:"type"`
	UnitAmount  int64             `json:"unit_amount"`
}

func newStripePrice(id, label string, cents int64) *price {
	return &price{
		ID: id, Object: "price", Active: true, Created: 1_767_225_600, Currency: "usd", Metadata: map[string]string{},
		Nickname: label,
		Product:  "prod_" + id, Recurring: map[string]any{
			"interval": "month", "interval_count": 1, "meter": nil,
			"usage_type": "licensed",
		},
		Type: "recurring", UnitAmount: cents,
	}
}

func (c *request) price(param, id string) (*price, *apiError) {
	if id == "" {
		return nil, required(param)
	}
	for _, p := range c.prices {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, missing("price", param, id)
}

func (c *request) listPrices() (any, *apiError) {
	return page(c, "/v1/prices", c.prices, func(p *price) string { return p.ID },
		func(p *price) bool {
			keys := c.form.list("lookup_keys")
			byKey := keys == nil || p.LookupKey != nil && slices.Contains(keys, *p.LookupKey)
			return byKey && (!c.form.has("active") || c.form.get("active") == strconv.FormatBool(p.Active)) &&
				(!c.form.has("product") || c.form.get("product") == p.Product)
		}, func(p *price) any { return p })
}

func (c *request) retrievePrice() (any, *apiError) {
	p, refusal := c.price("id", c.id)
	if refusal != nil {
		return nil, refusal
	}
	return p, nil
}

type subscription struct {
	ID                   string            `json:"id"`
	Object               string            `json:"object"`
	AutomaticTax         automaticTax      `json:"automatic_tax"`
	BillingCycleAnchor   int64             `json:"billing_cycle_anchor"`
	BillingMode          map[string]any    `json:"billing_mode"`
	CancelAt             *int64            `json:"cancel_at"`
	CancelAtPeriodEnd    bool              `json:"cancel_at_period_end"`
	CanceledAt           *int64            `json:"canceled_at"`
	CancellationDetails  map[string]any    `json:"cancellation_details"`
	CollectionMethod     string            `json:"collection_method"`
	Created              int64             `json:"created"`
	Currency             string            `json:"currency"`
	Customer             string            `json:"customer"`
	DefaultPaymentMethod *string           `json:"default_payment_method"`
	Discounts            []string          `json:"discounts"`
	EndedAt              *int64            `json:"ended_at"`
	Items                items             `json:"items"`
	LatestInvoice        *string           `json:"latest_invoice"`
	Livemode             bool              `json:"livemode"`
	Metadata             map[string]string `json:"metadata"`
	PendingSetupIntent   *string           `json:"pending_setup_intent"`
	PendingUpdate        *pendingUpdate    `json:"pending_update"`
	Schedule             *string           `json:"schedule"`
	StartDate            int64             `json:"start_date"`
	Status               string            `json:"status"`
	TrialEnd             *int64            `json:"trial_end"`
	TrialSettings        map[string]any    `json:"trial_settings"`
	TrialStart           *int64            `json:"trial_start"`
}

type items struct {
	Object  string `json:"object"`
	Data    []item `json:"data"`
	HasMore bool   `json:"has_more"`
	URL     string `json:"url"`
}

type item struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	Created            int64             `json:"created"`
	CurrentPeriodEnd   int64             `json:"current_period_end"`
	CurrentPeriodStart int64             `json:"current_period_start"`
	Metadata           map[string]string `json:"metadata"`
	Price              *price            `json:"price"`
	Quantity           int64             `json:"quantity"`
	Subscription       string            `json:"subscription"`
}

func (s *subscription) item() *item { return &s.Items.Data[0] }

func (s *subscription) live() bool {
	return s.Status != "canceled" && s.Status != "incomplete_expired"
}

func (c *request) createSubscription() (any, *apiError) {
	cu, refusal := c.customer("customer", c.form.get("customer"))
	if refusal != nil {
		return nil, refusal
	}
	price, refusal := c.price("items[0][price]", c.form.get("items[0][price]"))
	if refusal != nil {
		return nil, refusal
	}
	terms, refusal := c.readTerms(cu)
	if refusal != nil {
		return nil, refusal
	}
	m, refusal := c.methodOf(cu.ID, c.form.get("default_payment_method"))
	if terms.TrialDays > 0 && !c.form.has("default_payment_method") { // nothing is charged yet
		m, refusal = nil, nil
	}
	if refusal != nil {
		return nil, refusal
	}
	behavior := c.form.get("payment_behavior")
	if behavior == "error_if_incomplete" && terms.TrialDays == 0 && !m.pays() {
		return nil, declined("card_declined", "generic_decline", "Your card was declined.")
	}
	sub := c.subscribe(cu.ID, price, m, c.form.metadata("metadata"), behavior != "default_incomplete", terms)
	return c.renderSubscription(sub), nil
}

// methodOf finds a payment method that belongs to the customer.
func (c *request) methodOf(customer, id string) (*method, *apiError) {
	if id == "" {
		return nil, badRequest("resource_missing", "",
			"This customer has no attached payment source or default payment method. Please consider adding a default "+
				"payment method.")
	}
	m := c.methods.byID[id]
	if m == nil {
		return nil, missing("PaymentMethod", "default_payment_method", id)
	}
	if m.Customer == nil || *m.Customer != customer {
		return nil, badRequest("", "default_payment_method",
			"The customer does not have a payment method with the ID %s. The payment method must be attached to the "+
				"customer.", id)
	}
	return m, nil
}

// readTerms reads what a new subscription is to begin with.
func (c *request) readTerms(cu *customer) (t sessionTerms, refusal *apiError) {
	if refusal = c.readTrial(&t, ""); refusal != nil {
		return t, refusal
	}
	if t.Discounts, _, refusal = c.readDiscounts("discounts", cu.ID); refusal != nil {
		return t, refusal
	}
	t.Tax, refusal = c.readTax(cu, false)
	return t, refusal
}

// subscribe begins a subscription: active when its first invoice is paid, incomplete until then; in a trial without
// more.
func (c *request) subscribe(customer string, p *price, m *method, metadata map[string]string, pay bool,
	terms sessionTerms,
) *subscription {
	id, now := newID("sub"), clip(c.now)
	sub := &subscription{
		ID: id, Object: "subscription", BillingCycleAnchor: now, BillingMode: map[string]any{"type": "flexible"},
		CancellationDetails: map[string]any{"comment": nil, "feedback": nil, "reason": nil},
		CollectionMethod:    "charge_automatically",
		Created:             now, Currency: "usd", Customer: customer, Metadata: metadata, AutomaticTax: autoTax(terms.Tax),
		Discounts: []string{}, StartDate: now, Status: "incomplete",
		Items: items{Object: "list", URL: "/v1/subscription_items?subscription=" + id, Data: []item{{
			ID: newID("si"), Object: "subscription_item", Created: now, CurrentPeriodStart: now,
			CurrentPeriodEnd: clip(monthAfter(c.now, 1)),
			Metadata:         map[string]string{}, Price: p, Quantity: 1, Subscription: id,
		}}},
	}
	if m != nil {
		sub.DefaultPaymentMethod = &m.ID
	}
	c.subscriptions.put(id, sub)
	c.redeem(sub, terms.Discounts)
	c.beginTrial(sub, terms)
	c.askLater(sub)
	lines := c.periodLine(sub, sub.item())
	if sub.TrialEnd != nil {
		lines = trialLine(sub, sub.item())
	}
	in := c.bill(sub, "subscription_create", lines)
	if sub.Status == "incomplete" && pay && (m.pays() || in.AmountDue == 0) {
		sub.Status = "active"
	}
	c.emit("customer.subscription.created", sub)
	c.settle(sub, in, pay)
	return sub
}

func (c *request) renderSubscription(sub *subscription) any {
	m := snapshot(sub)
	if in := c.invoices.byID[*sub.LatestInvoice]; c.form.expands("latest_invoice") {
		m["latest_invoice"] = c.renderInvoice(in, "latest_invoice.")
	}
	m["discounts"] = c.renderDiscounts(sub.Discounts, "")
	if c.form.expands("customer") {
		m["customer"] = c.customers.byID[sub.Customer].render()
	}
	if sub.PendingSetupIntent != nil && c.form.expands("pending_setup_intent") {
		m["pending_setup_intent"] = snapshot(c.setups.byID[*sub.PendingSetupIntent])
	}
	if sub.Schedule != nil && c.form.expands("schedule") {
		m["schedule"] = snapshot(c.schedules.byID[*sub.Schedule])
	}
	return m
}

func (c *request) subscription() (*subscription, *apiError) {
	if sub := c.subscriptions.byID[c.id]; sub != nil {
		return sub, nil
	}
	return nil, missing("subscription", "id", c.id)
}

func (c *request) retrieveSubscription() (any, *apiError) {
	sub, refusal := c.subscription()
	if refusal != nil {
		return nil, refusal
	}
	return c.renderSubscription(sub), nil
}

func (c *request) listSubscriptions() (any, *apiError) {
	if id := c.form.get("customer"); id != "" && c.customers.byID[id] == nil {
		return nil, missing("customer", "customer", id)
	}
	status := c.form.get("status")
	return page(c, "/v1/subscriptions", c.subscriptions.list, func(s *subscription) string { return s.ID },
		func(s *subscription) bool {
			byStatus := status == "all" || status == s.Status || status == "ended" && !s.live() || status == "" &&
				s.Status != "canceled"
			return byStatus && (!c.form.has("customer") || s.Customer == c.form.get("customer"))
		},
		func(s *subscription) any { return c.renderSubscription(s) })
}

func (c *request) updateSubscription() (any, *apiError) {
	sub, refusal := c.subscription()
	if refusal != nil {
		return nil, refusal
	}
	if !sub.live() {
		return nil, badRequest("", "", "A canceled subscription can only update its cancellation_details and metadata.")
	}
	if c.form.has("cancel_at") && c.form.has("cancel_at_period_end") {
		return nil, badRequest("", "", "You may only specify one of these parameters: cancel_at, cancel_at_period_end.")
	}
	if c.form.has("items[0][id]") || c.form.has("items[0][price]") {
		return c.changeItem(sub)
	}
	if sub.Schedule != nil && (c.form.has("cancel_at") || c.form.has("cancel_at_period_end")) {
		return nil, badRequest("", "",
			"The subscription is managed by the subscription schedule `%s`, and updating any cancelation behavior directly "+
				"is not allowed. Please update the schedule instead.", *sub.Schedule)
	}
	if id := c.form.get("default_payment_method"); id != "" {
		m, refusal := c.methodOf(sub.Customer, id)
		if refusal != nil {
			return nil, refusal
		}
		sub.DefaultPaymentMethod = &m.ID
		c.askLater(sub)
	}
	if refusal := c.changeTerms(sub); refusal != nil {
		return nil, refusal
	}
	maps.Copy(sub.Metadata, c.form.metadata("metadata"))
	if refusal := c.scheduleCancel(sub); refusal != nil {
		return nil, refusal
	}
	c.emit("customer.subscription.updated", sub)
	return c.renderSubscription(sub), nil
}

// changeTerms gives a subscription other discounts, and switches its tax on or off.
func (c *request) changeTerms(sub *subscription) *apiError {
	discounts, said, refusal := c.readDiscounts("discounts", sub.Customer)
	if refusal != nil {
		return refusal
	}
	if said {
		c.redeem(sub, discounts)
	}
	if !c.form.has("automatic_tax[enabled]") {
		return nil
	}
	on, refusal := c.readTax(c.customers.byID[sub.Customer], false)
	if refusal == nil {
		sub.AutomaticTax = autoTax(on)
	}
	return refusal
}

// scheduleCancel understands both ways to say when a subscription ends, and how to take them back.
func (c *request) scheduleCancel(sub *subscription) *apiError {
	switch {
	case c.form.has("cancel_at_period_end"):
		on, err := strconv.ParseBool(c.form.get("cancel_at_period_end"))
		if err != nil {
			return badRequest("", "cancel_at_period_end", "Invalid boolean: %s", c.form.get("cancel_at_period_end"))
		}
		sub.CancelAtPeriodEnd, sub.CancelAt, sub.CanceledAt = on, nil, nil
		if on {
			sub.CancelAt = new(sub.item().CurrentPeriodEnd)
		}
	case c.form.get("cancel_at") != "":
		at, err := strconv.ParseInt(c.form.get("cancel_at"), 10, 64)
		if err != nil || at <= clip(c.now) {
			return badRequest("", "cancel_at", "`cancel_at` must be a timestamp in the future.")
		}
		sub.CancelAtPeriodEnd, sub.CancelAt = false, &at
	case c.form.has("cancel_at"):
		sub.CancelAtPeriodEnd, sub.CancelAt, sub.CanceledAt = false, nil, nil
	default:
		return nil
	}
	if sub.CancelAt != nil {
		sub.CanceledAt = new(clip(c.now))
		sub.CancellationDetails["reason"] = "cancellation_requested"
	} else {
		sub.CancellationDetails["reason"] = nil
	}
	return nil
}

func (c *request) cancelSubscription() (any, *apiError) {
	sub, refusal := c.subscription()
	if refusal != nil {
		return nil, refusal
	}
	if !sub.live() {
		return nil, missing("subscription", "id", c.id)
	}
	if c.form.has("cancellation_details[comment]") {
		sub.CancellationDetails["comment"] = c.form.get("cancellation_details[comment]")
	}
	c.end(sub, c.now, "cancellation_requested")
	return c.renderSubscription(sub), nil
}

// Authenticate is the cardholder confirming with their bank: it pays the invoice a client secret belongs to, or sets
// the card of a trial up for the payments to come.
func (c *Server) Authenticate(clientSecret string) error {
	err := errors.New("sandbox: no open invoice and no trial has this client secret")
	c.do(c.store.Now(), func(call *request) {
		for _, in := range c.invoices.list {
			if in.secret == clientSecret && in.Status == "open" {
				call.confirmPayment(in)
				err = nil
			}
		}
		if call.confirmSetup(clientSecret) {
			err = nil
		}
	})
	return err
}

// monthAfter is when the period after the n-th of anchor ends: the anchor's day, or the month's last.
func monthAfter(anchor time.Time, n int) time.Time {
	first := time.Date(anchor.Year(), anchor.Month()+time.Month(n), 1, anchor.Hour(), anchor.Minute(), anchor.Second(),
		0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(anchor.Day(), last)-1)
}
