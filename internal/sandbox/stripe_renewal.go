package sandbox

import "time"

const stripeUnpaidLives = 23 * time.Hour // how long a first payment may take

type stripeInvoice struct {
	ID              string            `json:"id"`
	Object          string            `json:"object"`
	AmountDue       int64             `json:"amount_due"`
	AmountPaid      int64             `json:"amount_paid"`
	AmountRemaining int64             `json:"amount_remaining"`
	AttemptCount    int64             `json:"attempt_count"`
	Attempted       bool              `json:"attempted"`
	BillingReason   string            `json:"billing_reason"`
	Created         int64             `json:"created"`
	Currency        string            `json:"currency"`
	Customer        string            `json:"customer"`
	Livemode        bool              `json:"livemode"`
	Metadata        map[string]string `json:"metadata"`
	Parent          map[string]any    `json:"parent"`
	PeriodEnd       int64             `json:"period_end"`
	PeriodStart     int64             `json:"period_start"`
	Status          string            `json:"status"`
	Subtotal        int64             `json:"subtotal"`
	Total           int64             `json:"total"`

	secret string
}

func (in *stripeInvoice) subscription() string {
	return in.Parent["subscription_details"].(map[string]any)["subscription"].(string)
}

// bill makes the invoice of the subscription's present period, open.
func (c *stripeCall) bill(sub *stripeSubscription, reason string) *stripeInvoice {
	it, amount := sub.item(), sub.item().Price.UnitAmount
	in := &stripeInvoice{
		ID: stripeID("in"), Object: "invoice", AmountDue: amount, AmountRemaining: amount, BillingReason: reason, Created: clip(c.now),
		Currency: "usd", Customer: sub.Customer, Metadata: map[string]string{}, PeriodStart: it.CurrentPeriodStart, PeriodEnd: it.CurrentPeriodEnd,
		Parent: map[string]any{"type": "subscription_details", "quote_details": nil, "subscription_details": map[string]any{"subscription": sub.ID, "metadata": sub.Metadata}},
		Status: "open", Subtotal: amount, Total: amount, secret: stripeID("pi") + "_secret_" + stripeID("s")[2:],
	}
	c.invoices.put(in.ID, in)
	sub.LatestInvoice = &in.ID
	return in
}

// settle tries the subscription's card on the invoice, if it may.
func (c *stripeCall) settle(sub *stripeSubscription, in *stripeInvoice, try bool) {
	m := c.methods.byID[*sub.DefaultPaymentMethod]
	c.emit("invoice.finalized", in)
	if !try {
		return
	}
	in.Attempted, in.AttemptCount = true, in.AttemptCount+1
	switch {
	case m.behaves == "pm_card_visa" || m.behaves == "pm_card_authenticationRequired" && in.BillingReason == "subscription_cycle":
		c.pay(sub, in)
	case m.behaves == "pm_card_authenticationRequired":
		c.emit("invoice.payment_action_required", in)
	default:
		c.emit("invoice.payment_failed", in)
	}
}

// pay marks the invoice paid, and its subscription active.
func (c *stripeCall) pay(sub *stripeSubscription, in *stripeInvoice) {
	in.Status, in.AmountPaid, in.AmountRemaining = "paid", in.AmountDue, 0
	c.emit("invoice.paid", in)
	if sub.Status == "incomplete" || sub.Status == "past_due" {
		sub.Status = "active"
		c.emit("customer.subscription.updated", sub)
	}
}

// end is the last thing that happens to a subscription.
func (c *stripeCall) end(sub *stripeSubscription, at time.Time, reason string) {
	sub.Status, sub.EndedAt = "canceled", new(clip(at))
	if sub.CanceledAt == nil {
		sub.CanceledAt = new(clip(at))
	}
	sub.CancellationDetails["reason"] = reason
	if in := c.invoices.byID[*sub.LatestInvoice]; in.Status == "open" {
		in.Status = "void"
	}
	c.emit("customer.subscription.deleted", sub)
}

// catchUp does what the passing of time brings: unpaid starts expire, scheduled cancels happen, periods renew.
// The failed renewal of one period is not retried: the next period's end finds the subscription past due and ends it.
func (c *stripeCall) catchUp() {
	for _, sub := range c.subscriptions.list {
		for due := true; due; {
			due = sub.live() && c.advance(sub)
		}
	}
	for _, cs := range c.sessions.list {
		if cs.Status == "open" && clip(c.now) >= cs.ExpiresAt {
			c.expire(cs)
		}
	}
}

// advance takes one step that is due and tells whether it took one.
func (c *stripeCall) advance(sub *stripeSubscription) bool {
	now, it := clip(c.now), sub.item()
	switch {
	case sub.Status == "incomplete":
		if now < sub.Created+int64(stripeUnpaidLives/time.Second) {
			return false
		}
		sub.Status = "incomplete_expired"
		c.emit("customer.subscription.updated", sub)
	case sub.CancelAt != nil && now >= *sub.CancelAt:
		c.end(sub, time.Unix(*sub.CancelAt, 0), "cancellation_requested")
	case now < it.CurrentPeriodEnd:
		return false
	case sub.Status == "past_due":
		c.end(sub, time.Unix(it.CurrentPeriodEnd, 0), "payment_failed")
	default:
		c.renew(sub)
	}
	return true
}

func (c *stripeCall) renew(sub *stripeSubscription) {
	it := sub.item()
	anchor := time.Unix(sub.BillingCycleAnchor, 0).UTC()
	n := 1
	for clip(monthAfter(anchor, n)) <= it.CurrentPeriodEnd {
		n++
	}
	it.CurrentPeriodStart, it.CurrentPeriodEnd = it.CurrentPeriodEnd, clip(monthAfter(anchor, n))
	in := c.bill(sub, "subscription_cycle")
	c.settle(sub, in, true)
	if in.Status != "paid" {
		sub.Status = "past_due"
	}
	c.emit("customer.subscription.updated", sub)
}

func (c *stripeCall) renderInvoice(in *stripeInvoice, withSecret bool) any {
	m := snapshot(in)
	if withSecret && in.Status == "open" {
		m["confirmation_secret"] = map[string]any{"client_secret": in.secret, "type": "payment_intent"}
	}
	return m
}

func (c *stripeCall) retrieveInvoice() (any, *stripeError) {
	in := c.invoices.byID[c.id]
	if in == nil {
		return nil, missing("invoice", "id", c.id)
	}
	return c.renderInvoice(in, c.form.expands("confirmation_secret")), nil
}

func (c *stripeCall) listInvoices() (any, *stripeError) {
	is := func(name, v string) bool { return !c.form.has(name) || c.form.get(name) == v }
	return page(c, "/v1/invoices", c.invoices.list, func(in *stripeInvoice) string { return in.ID },
		func(in *stripeInvoice) bool {
			return is("customer", in.Customer) && is("subscription", in.subscription()) && is("status", in.Status)
		},
		func(in *stripeInvoice) any { return c.renderInvoice(in, false) })
}
