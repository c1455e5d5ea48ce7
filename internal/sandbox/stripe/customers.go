package stripe

import (
	"regexp"
	"time"
)

type customer struct {
	ID              string            `json:"id"`
	Object          string            `json:"object"`
	Address         *address          `json:"address"`
	Balance         int64             `json:"balance"`
	Created         int64             `json:"created"`
	Deleted         bool              `json:"deleted,omitempty"`
	Description     *string           `json:"description"`
	Email           *string           `json:"email"`
	InvoiceSettings map[string]any    `json:"invoice_settings"`
	Livemode        bool              `json:"livemode"`
	Metadata        map[string]string `json:"metadata"`
	Name            *string           `json:"name"`
	Shipping        *struct{}         `json:"shipping"`
}

func (c *request) createCustomer() (any, *apiError) {
	cu := &customer{
		ID: newID("cus"), Object: "customer", Created: clip(c.now), Metadata: c.form.metadata("metadata"),
		Email: c.form.optional("email"), Name: c.form.optional("name"), Description: c.form.optional("description"),
		InvoiceSettings: map[string]any{
			"custom_fields": nil, "default_payment_method": nil, "footer": nil,
			"rendering_options": nil,
		},
	}
	if refusal := c.readAddress(cu); refusal != nil {
		return nil, refusal
	}
	c.customers.put(cu.ID, cu)
	c.emit("customer.created", cu)
	return cu, nil
}

func (f form) optional(name string) *string {
	if v := f.get(name); v != "" {
		return &v
	}
	return nil
}

func (c *request) listCustomers() (any, *apiError) {
	return page(c, "/v1/customers", c.customers.list, func(cu *customer) string { return cu.ID },
		func(cu *customer) bool {
			return !cu.Deleted && (!c.form.has("email") || cu.Email != nil && *cu.Email == c.form.get("email"))
		},
		func(cu *customer) any { return cu })
}

var (
	searchMetadata = regexp.MustCompile(`^metadata\[['"]([^'"]+)['"]\]:['"]([^'"]*)['"]$`)
	searchEmail    = regexp.MustCompile(`^email:['"]([^'"]*)['"]$`)
)

// searchCustomers knows the two queries Repazoo could need, and learns of customers a minute late, as the real one
// does.
func (c *request) searchCustomers() (any, *apiError) {
	query := c.form.get("query")
	var match func(*customer) bool
	if m := searchMetadata.FindStringSubmatch(query); m != nil {
		match = func(cu *customer) bool { v, ok := cu.Metadata[m[1]]; return ok && v == m[2] }
	} else if m := searchEmail.FindStringSubmatch(query); m != nil {
		match = func(cu *customer) bool { return cu.Email != nil && *cu.Email == m[1] }
	} else {
		return nil, badRequest("", "query", "We were unable to parse your search query.")
	}
	data := []any{}
	for _, cu := range c.customers.list {
		if !cu.Deleted && match(cu) && c.now.Sub(time.Unix(cu.Created, 0)) >= searchIsLate {
			data = append(data, cu)
		}
	}
	return map[string]any{
		"object": "search_result", "url": "/v1/customers/search", "has_more": false, "next_page": nil,
		"data": data,
	}, nil
}

func (c *request) retrieveCustomer() (any, *apiError) {
	cu := c.customers.byID[c.id]
	switch {
	case cu == nil:
		return nil, missing("customer", "id", c.id)
	}
	return cu.render(), nil
}

// render shows a customer, of whom nothing is left once it was deleted.
func (cu *customer) render() map[string]any {
	if cu.Deleted {
		return map[string]any{"id": cu.ID, "object": "customer", "deleted": true}
	}
	return snapshot(cu)
}

// deleteCustomer also ends the customer's subscriptions at once.
func (c *request) deleteCustomer() (any, *apiError) {
	cu, refusal := c.customer("id", c.id)
	if refusal != nil {
		return nil, refusal
	}
	for _, sub := range c.subscriptions.list {
		if sub.Customer == cu.ID && sub.live() {
			c.end(sub, c.now, "cancellation_requested")
		}
	}
	c.emit("customer.deleted", cu)
	cu.Deleted = true
	return map[string]any{"id": cu.ID, "object": "customer", "deleted": true}, nil
}

// customer finds one that exists and was not deleted.
func (c *request) customer(param, id string) (*customer, *apiError) {
	if id == "" {
		return nil, required(param)
	}
	cu := c.customers.byID[id]
	if cu == nil || cu.Deleted {
		return nil, missing("customer", param, id)
	}
	return cu, nil
}

type method struct {
	ID       string            `json:"id"`
	Object   string            `json:"object"`
	Card     map[string]any    `json:"card"`
	Created  int64             `json:"created"`
	Customer *string           `json:"customer"`
	Livemode bool              `json:"livemode"`
	Metadata map[string]string `json:"metadata"`
	Type     string            `json:"type"`

	behaves string // the test card it was made from
}

// The test cards, by the last four digits Stripe gives them.
var cards = map[string]string{
	"pm_card_visa": "4242", "pm_card_chargeDeclined": "0002", "pm_card_chargeCustomerFail": "0341",
	"pm_card_authenticationRequired": "3184",
	askedOnceCard:                    "3155", disputeCard: "0259", refundFailCard: "5126",
}

// pays tells whether the card pays whatever it is asked for.
func (m *method) pays() bool {
	return m != nil && (m.behaves == "pm_card_visa" || m.behaves == disputeCard || m.behaves == refundFailCard)
}

func (c *request) newMethod(card string) *method {
	m := &method{
		ID: newID("pm"), Object: "payment_method", Created: clip(c.now), Metadata: map[string]string{}, Type: "card",
		behaves: card,
		Card: map[string]any{"brand": "visa", "last4": cards[card], "exp_month": 12, "exp_year": c.now.Year() +
			3, "country": "US", "funding": "credit"},
	}
	c.methods.put(m.ID, m)
	return m
}

func (c *request) retrieveMethod() (any, *apiError) {
	if m := c.methods.byID[c.id]; m != nil {
		return m, nil
	}
	return nil, missing("PaymentMethod", "id", c.id)
}

// attachMethod makes a payment method of the customer's own from a test card, as the real one does.
func (c *request) attachMethod() (any, *apiError) {
	cu, refusal := c.customer("customer", c.form.get("customer"))
	if refusal != nil {
		return nil, refusal
	}
	m := c.methods.byID[c.id]
	switch {
	case m == nil && cards[c.id] == "":
		return nil, missing("PaymentMethod", "id", c.id)
	case c.id == "pm_card_chargeDeclined":
		return nil, declined("card_declined", "generic_decline", "Your card was declined.")
	case m == nil:
		m = c.newMethod(c.id)
	case m.Customer != nil && *m.Customer != cu.ID:
		return nil, badRequest("payment_method_unexpected_state", "",
			"The payment method you provided has already been attached to a customer.")
	}
	m.Customer = &cu.ID
	c.emit("payment_method.attached", m)
	return m, nil
}
