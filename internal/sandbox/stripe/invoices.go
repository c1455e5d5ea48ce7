package stripe

import (
	"fmt"
	"strings"
)

type invoice struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	AmountDue          int64             `json:"amount_due"`
	AmountPaid         int64             `json:"amount_paid"`
	AmountRemaining    int64             `json:"amount_remaining"`
	AttemptCount       int64             `json:"attempt_count"`
	Attempted          bool              `json:"attempted"`
	AutomaticTax       invoiceTax        `json:"automatic_tax"`
	BillingReason      string            `json:"billing_reason"`
	Created            int64             `json:"created"`
	Currency           string            `json:"currency"`
	Customer           string            `json:"customer"`
	Discounts          []string          `json:"discounts"`
	EndingBalance      *int64            `json:"ending_balance"`
	Lines              invoiceLines      `json:"lines"`
	Livemode           bool              `json:"livemode"`
	Metadata           map[string]string `json:"metadata"`
	NextPaymentAttempt *int64            `json:"next_payment_attempt"`
	Number             string            `json:"number"`
	Parent             map[string]any    `json:"parent"`
	PeriodEnd          int64             `json:"period_end"`
	PeriodStart        int64             `json:"period_start"`
	StartingBalance    int64             `json:"starting_balance"`
	Status             string            `json:"status"`
	StatusTransitions  transitions       `json:"status_transitions"`
	Subtotal           int64             `json:"subtotal"`
	Total              int64             `json:"total"`
	TotalExcludingTax  int64             `json:"total_excluding_tax"`

	TotalDiscountAmounts []discountAmount `json:"total_discount_amounts"`
	TotalTaxes           []taxAmount      `json:"total_taxes"`

	secret  string
	refused string // the last try's payment intent: requires_action, requires_payment_method; "" for none
}

type transitions struct {
	FinalizedAt           *int64 `json:"finalized_at"`
	MarkedUncollectibleAt *int64 `json:"marked_uncollectible_at"`
	PaidAt                *int64 `json:"paid_at"`
	VoidedAt              *int64 `json:"voided_at"`
}

type invoiceLines struct {
	Object  string        `json:"object"`
	Data    []invoiceLine `json:"data"`
	HasMore bool          `json:"has_more"`
	URL     string        `json:"url"`
}

type invoiceLine struct {
	ID              string            `json:"id"`
	Object          string            `json:"object"`
	Amount          int64             `json:"amount"`
	Currency        string            `json:"currency"`
	Description     string            `json:"description"`
	Discountable    bool              `json:"discountable"`
	DiscountAmounts []discountAmount  `json:"discount_amounts"`
	Discounts       []string          `json:"discounts"`
	Livemode        bool              `json:"livemode"`
	Metadata        map[string]string `json:"metadata"`
	Parent          map[string]any    `json:"parent"`
	Period          map[string]int64  `json:"period"`
	Pricing         map[string]any    `json:"pricing"`
	Quantity        int64             `json:"quantity"`
	Subtotal        int64             `json:"subtotal"`
}

func newStripeLine(p *price, sub, item string, amount, start, end int64, proration bool, what string) invoiceLine {
	return invoiceLine{
		ID: newID("il"), Object: "line_item", Amount: amount, Currency: "usd", Description: what,
		Discountable: amount >= 0, Discounts: []string{}, Metadata: map[string]string{},
		Parent: map[string]any{
			"type": "subscription_item_details", "invoice_item_details": nil,
			"subscription_item_details": map[string]any{
				"invoice_item": nil, "proration": proration, "proration_details": nil, "subscription": sub,
				"subscription_item": item,
			},
		},
		Period: map[string]int64{"start": start, "end": end},
		Pricing: map[string]any{"type": "price_details", "price_details": map[string]any{
			"price":   p.ID,
			"product": p.Product,
		}, "unit_amount_decimal": fmt.Sprint(p.UnitAmount)},
		Quantity: 1, Subtotal: amount,
	}
}

// periodLine is the line of one whole period.
func (c *request) periodLine(sub *subscription, it *item) []invoiceLine {
	what := "1 × " + it.Price.Nickname + " (at " + dollars(it.Price.UnitAmount) + " / month)"
	return []invoiceLine{newStripeLine(it.Price, sub.ID, it.ID, it.Price.UnitAmount, it.CurrentPeriodStart,
		it.CurrentPeriodEnd, false, what)}
}

func dollars(cents int64) string { return fmt.Sprintf("$%d.%02d", cents/100, cents%100) }

func (in *invoice) subscription() string {
	return in.Parent["subscription_details"].(map[string]any)["subscription"].(string)
}

// draft adds lines up; the invoice is nobody's yet.
func (c *request) draft(customer, sub, reason string, metadata map[string]string, lines []invoiceLine) *invoice {
	in := &invoice{
		ID: newID("in"), Object: "invoice", BillingReason: reason, Created: clip(c.now), Currency: "usd",
		Customer: customer, Metadata: map[string]string{},
		Parent: map[string]any{
			"type": "subscription_details", "quote_details": nil,
			"subscription_details": map[string]any{"subscription": sub, "metadata": metadata},
		},
		Status: "draft", secret: newID("pi") + "_secret_" + newID("s")[2:], PeriodStart: clip(c.now), PeriodEnd: clip(c.now),
	}
	in.Lines = invoiceLines{Object: "list", Data: lines, URL: "/v1/invoices/" + in.ID + "/lines"}
	for _, l := range lines {
		in.Total += l.Amount
	}
	in.Subtotal = in.Total
	return in
}

// bill makes an invoice of the subscription, open, with the subscription's discounts.
func (c *request) bill(sub *subscription, reason string, lines []invoiceLine) *invoice {
	in := c.billWith(sub, reason, lines, c.discountsOf(sub, clip(c.now)))
	c.usedOnce(sub, in)
	return in
}

func (c *request) billWith(sub *subscription, reason string, lines []invoiceLine, discounts []*discount) *invoice {
	in, n := c.draft(sub.Customer, sub.ID, reason, sub.Metadata, lines), 1
	c.reckon(in, discounts, sub.AutomaticTax.Enabled)
	c.spendBalance(in)
	for _, other := range c.invoices.list {
		if other.Customer == sub.Customer {
			n++
		}
	}
	in.Number = fmt.Sprintf("%s-%04d", strings.ToUpper(sub.Customer[len(sub.Customer)-8:]), n)
	in.Status, in.StatusTransitions.FinalizedAt = "open", new(clip(c.now))
	in.PeriodStart, in.PeriodEnd = sub.item().CurrentPeriodStart, sub.item().CurrentPeriodEnd
	c.invoices.put(in.ID, in)
	sub.LatestInvoice = &in.ID
	return in
}

// settle tries the subscription's card on the invoice, if it may.
func (c *request) settle(sub *subscription, in *invoice, try bool) {
	c.emit("invoice.finalized", in)
	if try {
		c.charge(sub, in)
	}
}

// charge tries the card once, by itself.
func (c *request) charge(sub *subscription, in *invoice) {
	in.AttemptCount++
	in.NextPaymentAttempt = c.nextAttempt(in)
	c.try(sub, in)
}

// try tries the card once. As with the real one, a try that a person asks for changes nothing of when the next comes.
func (c *request) try(sub *subscription, in *invoice) {
	in.Attempted, in.AttemptCount = true, max(1, in.AttemptCount)
	card := c.cardOf(sub)
	switch {
	case in.AmountDue == 0 || card.pays() || card.asks() && card.behaves != askedOnceCard &&
		in.BillingReason == "subscription_cycle":
		c.pay(sub, in)
	case card.asks():
		in.refused = "requires_action"
		c.emit("invoice.payment_action_required", in)
	default:
		in.refused = "requires_payment_method"
		c.emit("invoice.payment_failed", in)
	}
}

// cardOf is the subscription's own card, or else the customer's.
func (c *request) cardOf(sub *subscription) *method {
	if sub.DefaultPaymentMethod != nil {
		return c.methods.byID[*sub.DefaultPaymentMethod]
	}
	id, _ := c.customers.byID[sub.Customer].InvoiceSettings["default_payment_method"].(string)
	return c.methods.byID[id]
}

// pay marks the invoice paid, its subscription active, and what waited for the payment done.
func (c *request) pay(sub *subscription, in *invoice) {
	in.Status, in.AmountPaid, in.AmountRemaining, in.refused, in.StatusTransitions.PaidAt = "paid", in.AmountDue, 0, "",
		new(clip(c.now))
	in.NextPaymentAttempt = nil
	charge := c.collect(sub, in)
	c.emit("invoice.paid", in)
	defer c.disputeFamous(sub, charge)
	switch {
	case sub.PendingUpdate != nil && *sub.LatestInvoice == in.ID:
		c.applyPending(sub, in)
		c.emit("customer.subscription.pending_update_applied", sub)
		c.emit("customer.subscription.updated", sub)
	case sub.Status == "paused":
		sub.Status = "active"
		c.emit("customer.subscription.resumed", sub)
		c.emit("customer.subscription.updated", sub)
	case *sub.LatestInvoice == in.ID && (sub.Status == "incomplete" || sub.Status == "past_due" || sub.Status == "unpaid"):
		sub.Status = "active"
		c.emit("customer.subscription.updated", sub)
	}
}

func (c *request) void(in *invoice) {
	in.Status, in.refused, in.StatusTransitions.VoidedAt, in.NextPaymentAttempt = "void", "", new(clip(c.now)), nil
	c.returnBalance(in)
	c.emit("invoice.voided", in)
}

// voidInvoice also discards the update that waited for its payment.
func (c *request) voidInvoice() (any, *apiError) {
	in := c.invoices.byID[c.id]
	switch {
	case in == nil:
		return nil, missing("invoice", "id", c.id)
	case in.Status != "open":
		return nil, badRequest("", "", "You can only pass in open invoices. This invoice isn't open.")
	}
	if sub := c.subscriptions.byID[in.subscription()]; sub.PendingUpdate != nil && *sub.LatestInvoice == in.ID {
		c.discard(sub)
	} else {
		c.void(in)
	}
	return c.renderInvoice(in, ""), nil
}

// renderInvoice shows an invoice with what was asked to be expanded under the prefix.
func (c *request) renderInvoice(in *invoice, prefix string) any {
	m := snapshot(in)
	m["hosted_invoice_url"], m["invoice_pdf"] = nil, nil
	if in.Number == "" {
		m["number"] = nil
	}
	if c.base != "" && in.Status != "draft" {
		page := strings.TrimSuffix(c.base, "/") + "/stripe/invoice/" + in.ID
		m["hosted_invoice_url"], m["invoice_pdf"] = page, page+"/pdf"
	}
	if c.form.expands(prefix+"confirmation_secret") && in.Status == "open" {
		m["confirmation_secret"] = map[string]any{"client_secret": in.secret, "type": "payment_intent"}
	}
	if c.form.expands(prefix + "payments") {
		whole := c.form.expands(prefix + "payments.data.payment.payment_intent")
		m["payments"] = map[string]any{
			"object": "list", "has_more": false, "url": "/v1/invoice_payments",
			"data": []any{c.renderPayment(in, whole)},
		}
	}
	return m
}

// intent is the id of the invoice's payment intent.
func (in *invoice) intent() string {
	id, _, _ := strings.Cut(in.secret, "_secret_")
	return id
}

// renderPayment shows how the payment of an invoice stands, with the payment intent whole or by its id.
func (c *request) renderPayment(in *invoice, whole bool) map[string]any {
	status, intent := "open", map[string]any{
		"id": in.intent(), "object": "payment_intent", "created": in.Created,
		"livemode": false, "status": "requires_payment_method", "last_payment_error": nil,
	}
	switch {
	case in.Status == "paid":
		status, intent["status"] = "paid", "succeeded"
	case in.Status == "void":
		status, intent["status"] = "canceled", "canceled"
	case in.refused == "requires_action":
		intent["status"] = "requires_action"
	case in.refused != "":
		intent["last_payment_error"] = map[string]any{
			"type": "card_error", "code": "card_declined",
			"decline_code": "generic_decline", "message": "Your card was declined.",
		}
	}
	payment := map[string]any{"type": "payment_intent", "payment_intent": in.intent()}
	if whole {
		payment["payment_intent"] = intent
	}
	return map[string]any{
		"id": "inpay_" + in.ID[3:], "object": "invoice_payment", "amount_requested": in.AmountDue, "created": in.Created,
		"currency": "usd", "invoice": in.ID,
		"is_default": true, "livemode": false, "status": status,
		"status_transitions": map[string]any{"canceled_at": nil, "paid_at": in.StatusTransitions.PaidAt},
		"payment":            payment,
	}
}

func (c *request) retrieveInvoice() (any, *apiError) {
	in := c.invoices.byID[c.id]
	if in == nil {
		return nil, missing("invoice", "id", c.id)
	}
	return c.renderInvoice(in, ""), nil
}

func (c *request) listInvoices() (any, *apiError) {
	is := func(name, v string) bool { return !c.form.has(name) || c.form.get(name) == v }
	return page(c, "/v1/invoices", c.invoices.list, func(in *invoice) string { return in.ID },
		func(in *invoice) bool {
			return is("customer", in.Customer) && is("subscription", in.subscription()) && is("status", in.Status)
		},
		func(in *invoice) any { return c.renderInvoice(in, "data.") })
}
