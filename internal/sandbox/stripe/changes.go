package stripe

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// pendingUpdate is a change of price that waits for its payment: that of the subscription's latest invoice.
type pendingUpdate struct {
	BillingCycleAnchor *int64   `json:"billing_cycle_anchor"`
	Discounts          []string `json:"discounts"` // nil leaves them
	ExpiresAt          int64    `json:"expires_at"`
	SubscriptionItems  []item   `json:"subscription_items"`
	TrialEnd           *int64   `json:"trial_end"`
	TrialFromPlan      *bool    `json:"trial_from_plan"`
}

// withPending is what may stand beside payment_behavior=pending_if_incomplete.
var withPending = []string{"payment_behavior", "proration_behavior", "proration_date", "items", "discounts", "expand"}

// changeItem gives the subscription another price, at once or once it is paid. In a trial nothing is paid yet.
func (c *request) changeItem(sub *subscription) (any, *apiError) {
	if sub.Status == "trialing" && c.form.get("proration_behavior") == "none" && !c.form.has("payment_behavior") {
		return c.changeTrial(sub)
	}
	pending := c.form.get("payment_behavior") == "pending_if_incomplete"
	p, at, refusal := c.readChange(sub, "items[0]", "")
	switch {
	case refusal != nil:
		return nil, refusal
	case pending && slices.ContainsFunc(c.form.roots(),
		func(name string) bool { return !slices.Contains(withPending, name) }):
		return nil, badRequest("", "payment_behavior",
			"When `payment_behavior` is set to `pending_if_incomplete`, you can only pass supported params.")
	case pending && sub.Schedule != nil:
		return nil, badRequest("", "payment_behavior",
			"You cannot use `pending_if_incomplete` while the subscription is managed by the subscription schedule `%s`.",
			*sub.Schedule)
	case pending && sub.Status != "active" && sub.Status != "trialing":
		return nil, badRequest("", "payment_behavior",
			"You cannot use `pending_if_incomplete` on a subscription with a status of `%s`.", sub.Status)
	case c.form.get("proration_behavior") != "always_invoice" || !pending:
		return nil, badRequest("", "proration_behavior",
			"The sandbox changes a price with proration_behavior=always_invoice and payment_behavior=pending_if_incomplete "+
				"only.")
	}
	if sub.PendingUpdate != nil {
		c.discard(sub) // another takes its place
	}
	if p.ID == sub.item().Price.ID {
		return c.renderSubscription(sub), nil
	}
	discounts, said, refusal := c.readDiscounts("discounts", sub.Customer)
	if refusal != nil {
		return nil, refusal
	}
	if !said {
		discounts = c.discountsOf(sub, clip(c.now))
	}
	lines := c.prorate(sub, p, at)
	if p.UnitAmount < sub.item().Price.UnitAmount {
		return nil, badRequest("", "items[0][price]",
			"The sandbox gives no credit: move to a lower price with a subscription schedule.")
	}
	items := slices.Clone(sub.Items.Data)
	items[0].Price = p
	until := min(clip(c.now.Add(unpaidLives)), sub.item().CurrentPeriodEnd)
	sub.PendingUpdate = &pendingUpdate{ExpiresAt: until, SubscriptionItems: items}
	if said {
		c.holdDiscounts(sub, discounts)
	}
	in := c.billWith(sub, "subscription_update", lines, discounts)
	c.settle(sub, in, true)
	if sub.PendingUpdate != nil {
		c.emit("customer.subscription.updated", sub)
	}
	return c.renderSubscription(sub), nil
}

// changeTrial gives a trial another price to go on with, and other discounts.
func (c *request) changeTrial(sub *subscription) (any, *apiError) {
	p, _, refusal := c.readChange(sub, "items[0]", "")
	if refusal == nil {
		refusal = c.changeTerms(sub)
	}
	if refusal != nil {
		return nil, refusal
	}
	sub.item().Price = p
	c.emit("customer.subscription.updated", sub)
	return c.renderSubscription(sub), nil
}

// holdDiscounts redeems discounts that wait with a pending update.
func (c *request) holdDiscounts(sub *subscription, all []*discount) {
	present := sub.Discounts
	c.redeem(sub, all)
	sub.PendingUpdate.Discounts, sub.Discounts = sub.Discounts, present
}

// applyPending makes true what waited for an invoice to be paid.
func (c *request) applyPending(sub *subscription, in *invoice) {
	sub.Items.Data = sub.PendingUpdate.SubscriptionItems
	if sub.PendingUpdate.Discounts != nil {
		sub.Discounts = sub.PendingUpdate.Discounts
	}
	sub.PendingUpdate = nil
	c.usedOnce(sub, in)
}

// readChange reads which price the one item should get, and as of when.
func (c *request) readChange(sub *subscription, item, prefix string) (*price, int64, *apiError) {
	name := func(s string) string {
		if prefix == "" {
			return s
		}
		return prefix + "[" + strings.Replace(s, "[", "][", 1)
	}
	dated := name("proration_date")
	if prefix != "" {
		dated += "]"
	}
	if id := c.form.get(item + "[id]"); id != sub.item().ID {
		return nil, 0, badRequest("resource_missing", item+"[id]", "Invalid subscription_item id: %s", id)
	}
	p, refusal := c.price(item+"[price]", c.form.get(item+"[price]"))
	if refusal != nil {
		return nil, 0, refusal
	}
	at := clip(c.now)
	if c.form.has(dated) {
		var err error
		at, err = strconv.ParseInt(c.form.get(dated), 10, 64)
		if err != nil || at < sub.item().CurrentPeriodStart || at >= sub.item().CurrentPeriodEnd {
			return nil, 0, badRequest("", dated, "Invalid `proration_date`: must be within the current subscription period.")
		}
	}
	return p, at, nil
}

// prorate is a credit for the rest of the period at what was paid for it, and the charge for it at the new price.
func (c *request) prorate(sub *subscription, p *price, at int64) []invoiceLine {
	it := sub.item()
	rest, whole := it.CurrentPeriodEnd-at, it.CurrentPeriodEnd-it.CurrentPeriodStart
	share := func(cents int64) int64 { return (cents*rest + whole/2) / whole }
	after := " after " + time.Unix(at, 0).UTC().Format("02 Jan 2006")
	return []invoiceLine{
		newStripeLine(it.Price, sub.ID, it.ID, -share(c.paidFor(sub)), at, it.CurrentPeriodEnd, true,
			"Unused time on "+it.Price.Nickname+after),
		newStripeLine(p, sub.ID, it.ID, share(p.UnitAmount), at, it.CurrentPeriodEnd, true,
			"Remaining time on "+p.Nickname+after),
	}
}

// paidFor is what the present period cost before tax.
func (c *request) paidFor(sub *subscription) int64 {
	for _, in := range slices.Backward(c.invoices.list) {
		for _, l := range in.Lines.Data {
			if in.Status == "paid" && in.subscription() == sub.ID && l.Amount > 0 &&
				l.Period["end"] == sub.item().CurrentPeriodEnd && in.BillingReason != "subscription_update" {
				return l.Amount - l.taken()
			}
		}
	}
	return sub.item().Price.UnitAmount
}

func (l invoiceLine) taken() (cents int64) {
	for _, d := range l.DiscountAmounts {
		cents += d.Amount
	}
	return cents
}

// discard drops a pending update with its invoice.
func (c *request) discard(sub *subscription) {
	if in := c.invoices.byID[*sub.LatestInvoice]; in.Status == "open" {
		c.void(in)
	}
	sub.PendingUpdate = nil
	c.emit("customer.subscription.pending_update_expired", sub)
	c.emit("customer.subscription.updated", sub)
}

// previewInvoice tells what would be charged: now for a new subscription or a prorated change, else at the period's
// end.
func (c *request) previewInvoice() (any, *apiError) {
	const details = "subscription_details"
	if id := c.form.get("customer"); id != "" {
		if _, refusal := c.customer("customer", id); refusal != nil {
			return nil, refusal
		}
	}
	cu := c.customers.byID[c.form.get("customer")]
	if !c.form.has("subscription") {
		return c.previewStart(cu)
	}
	sub := c.subscriptions.byID[c.form.get("subscription")]
	if sub == nil || !sub.live() {
		return nil, missing("subscription", "subscription", c.form.get("subscription"))
	}
	discounts, said, refusal := c.readDiscounts("discounts", sub.Customer)
	if refusal != nil {
		return nil, refusal
	}
	p, at, refusal := c.readChange(sub, details+"[items][0]", details)
	if refusal != nil {
		return nil, refusal
	}
	taxed, refusal := c.readTax(nil, true)
	if refusal != nil {
		return nil, refusal
	}
	it, u := sub.item(), upcoming{sub.Customer, sub.ID, discounts, taxed || sub.AutomaticTax.Enabled}
	switch c.form.get(details + "[proration_behavior]") {
	case "always_invoice":
		if !said {
			u.discounts = c.discountsOf(sub, clip(c.now))
		}
		return c.upcoming(u, c.prorate(sub, p, at)), nil
	case "none":
		if !said {
			u.discounts = c.discountsOf(sub, it.CurrentPeriodEnd)
		}
		anchor, n := time.Unix(sub.BillingCycleAnchor, 0).UTC(), 1
		for clip(monthAfter(anchor, n)) <= it.CurrentPeriodEnd {
			n++
		}
		line := newStripeLine(p, sub.ID, it.ID, p.UnitAmount, it.CurrentPeriodEnd, clip(monthAfter(anchor, n)), false,
			"1 × "+p.Nickname)
		return c.upcoming(u, []invoiceLine{line}), nil
	}
	return nil, badRequest("", details+"[proration_behavior]",
		"The sandbox previews proration_behavior=always_invoice or none.")
}

// previewStart tells what a new subscription would charge at once; in a trial that is nothing.
func (c *request) previewStart(cu *customer) (any, *apiError) {
	const details = "subscription_details"
	customer := ""
	if cu != nil {
		customer = cu.ID
	}
	p, refusal := c.price(details+"[items][0][price]", c.form.get(details+"[items][0][price]"))
	if refusal != nil {
		return nil, refusal
	}
	trialEnd, refusal := c.readTrialEnd(details + "[trial_end]")
	if refusal != nil {
		return nil, refusal
	}
	discounts, _, refusal := c.readDiscounts("discounts", customer)
	if refusal != nil {
		return nil, refusal
	}
	taxed, refusal := c.readTax(nil, true) // without an address it says that it lacks one
	if refusal != nil {
		return nil, refusal
	}
	line := newStripeLine(p, "", "", p.UnitAmount, clip(c.now), clip(monthAfter(c.now, 1)), false, "1 × "+p.Nickname)
	if trialEnd > 0 {
		line = newStripeLine(p, "", "", 0, clip(c.now), trialEnd, false, "Trial period for "+p.Nickname)
	}
	return c.upcoming(upcoming{customer, "", discounts, taxed}, []invoiceLine{line}), nil
}

// upcoming says whose invoice is previewed.
type upcoming struct {
	customer, subscription string
	discounts              []*discount
	taxed                  bool
}

func (c *request) upcoming(u upcoming, lines []invoiceLine) any {
	in := c.draft(u.customer, u.subscription, "upcoming", map[string]string{}, lines)
	in.ID = "upcoming_" + in.ID
	c.reckon(in, u.discounts, u.taxed)
	return c.renderInvoice(in, "")
}

// roots are the names of a form's parameters, without what is in brackets.
func (f form) roots() []string {
	var names []string
	for k := range f {
		root, _, _ := strings.Cut(k, "[")
		names = append(names, root)
	}
	return names
}
