package stripe

import (
	"strconv"
	"time"
)

// A trial is a first period that costs nothing. At its end the card is charged; without a card the subscription ends,
// pauses or owes, as its trial_settings say. customer.subscription.trial_will_end comes three days before, or at once
// when the trial is shorter.

const trialWarning = 3 * 24 * time.Hour

// trialRoutes is what only trials need.
var trialRoutes = []apiRoute{
	{
		"POST /v1/subscriptions/{id}/resume", "billing_cycle_anchor proration_behavior proration_date expand[]",
		(*request).resumeSubscription,
	},
}

// sessionTerms is how a subscription begins, besides its price and card.
type sessionTerms struct {
	TrialDays int         `json:"trial_days,omitempty"`
	CardLess  string      `json:"card_less,omitempty"` // missing_payment_method
	Tax       bool        `json:"tax,omitempty"`
	Discounts []*discount `json:"discounts,omitempty"` // not redeemed yet
	Session   *string     `json:"-"`
}

// readTrial reads the trial of a request, below a prefix such as "subscription_data".
func (c *request) readTrial(t *sessionTerms, prefix string) *apiError {
	name := func(first, rest string) string {
		if prefix == "" {
			return first + rest
		}
		return prefix + "[" + first + "]" + rest
	}
	days, behavior := name("trial_period_days", ""), name("trial_settings", "[end_behavior][missing_payment_method]")
	n, refusal := c.form.number(days)
	if refusal != nil {
		return refusal
	}
	if n != nil {
		t.TrialDays = int(*n)
	}
	if t.TrialDays > 730 {
		return badRequest("", days, "trial_period_days must be less than or equal to 730.")
	}
	t.CardLess = c.form.get(behavior)
	switch t.CardLess {
	case "", "cancel", "pause", "create_invoice":
		return nil
	}
	return badRequest("", behavior, "Invalid %s: must be one of cancel, create_invoice, or pause", behavior)
}

// beginTrial makes the first period a free one.
func (c *request) beginTrial(sub *subscription, t sessionTerms) {
	if t.CardLess != "" {
		sub.TrialSettings = map[string]any{"end_behavior": map[string]any{"missing_payment_method": t.CardLess}}
	}
	if t.TrialDays == 0 {
		return
	}
	end := clip(c.now.AddDate(0, 0, t.TrialDays))
	sub.Status, sub.TrialStart, sub.TrialEnd, sub.BillingCycleAnchor = "trialing", new(sub.StartDate), &end, end
	sub.item().CurrentPeriodEnd = end
}

// trialLine is the one line of a trial's first invoice.
func trialLine(sub *subscription, it *item) []invoiceLine {
	return []invoiceLine{newStripeLine(it.Price, sub.ID, it.ID, 0, it.CurrentPeriodStart, it.CurrentPeriodEnd, false,
		"Trial period for "+it.Price.Nickname)}
}

// warnOfTrialEnd tells once that a trial will end, when that is due, and whether it did.
func (c *request) warnOfTrialEnd(sub *subscription) bool {
	if sub.Status != "trialing" || c.trialsTold[sub.ID] == *sub.TrialEnd {
		return false
	}
	at := max(sub.Created, *sub.TrialEnd-int64(trialWarning/time.Second))
	if clip(c.now) < at {
		return false
	}
	c.trialsTold[sub.ID] = *sub.TrialEnd
	now := c.now
	c.now = time.Unix(at, 0).UTC()
	c.emit("customer.subscription.trial_will_end", sub)
	c.now = now
	return true
}

// endTrial is what happens when a trial is over: the first charge, or what was agreed for want of a card.
func (c *request) endTrial(sub *subscription) {
	cardLess := "create_invoice"
	if sub.TrialSettings != nil {
		cardLess, _ = sub.TrialSettings["end_behavior"].(map[string]any)["missing_payment_method"].(string)
	}
	switch {
	case c.cardOf(sub) != nil || cardLess == "create_invoice":
		sub.Status = "active"
		c.renew(sub)
	case cardLess == "cancel":
		c.end(sub, c.now, "payment_failed")
	default:
		sub.Status = "paused"
		c.emit("customer.subscription.paused", sub)
		c.emit("customer.subscription.updated", sub)
	}
}

// resumeSubscription takes a paused subscription up again: a period begins now, and counts once it is paid.
func (c *request) resumeSubscription() (any, *apiError) {
	sub, refusal := c.subscription()
	switch {
	case refusal != nil:
		return nil, refusal
	case sub.Status != "paused":
		return nil, badRequest("", "", "You can only resume a subscription that is paused. The subscription `%s` is %s.",
			sub.ID, sub.Status)
	case c.form.get("billing_cycle_anchor") == "unchanged":
		return nil, badRequest("", "billing_cycle_anchor", "The sandbox resumes with billing_cycle_anchor=now only.")
	case c.cardOf(sub) == nil:
		return nil, badRequest("resource_missing", "",
			"This customer has no attached payment source or default payment method. Please consider adding a default "+
				"payment method.")
	}
	if in := c.invoices.byID[*sub.LatestInvoice]; in.Status == "open" { // of an earlier try
		c.void(in)
	}
	it := sub.item()
	sub.BillingCycleAnchor = clip(c.now)
	it.CurrentPeriodStart, it.CurrentPeriodEnd = clip(c.now), clip(monthAfter(c.now, 1))
	c.settle(sub, c.bill(sub, "subscription_cycle", c.periodLine(sub, it)), true)
	c.emit("customer.subscription.updated", sub)
	return c.renderSubscription(sub), nil
}

// readTrialEnd reads the end of a trial of a preview; 0 for none.
func (c *request) readTrialEnd(name string) (int64, *apiError) {
	if !c.form.has(name) {
		return 0, nil
	}
	at, err := strconv.ParseInt(c.form.get(name), 10, 64)
	if err != nil || at <= clip(c.now) {
		return 0, badRequest("", name, "Invalid timestamp: must be in the future.")
	}
	return at, nil
}
