package stripe

import "time"

const unpaidLives = 23 * time.Hour // how long a first payment, or that of a pending update, may take

// catchUp does what the passing of time brings: unpaid starts expire, scheduled cancels and changes happen, periods
// renew, and renewals that failed are tried again (dunning.go).
func (c *request) catchUp() {
	for _, sub := range c.subscriptions.list {
		for due := true; due; {
			due = sub.live() && (c.warnOfTrialEnd(sub) || c.advance(sub))
		}
		if c.dropEnded(sub) && sub.live() {
			c.emit("customer.subscription.updated", sub)
		}
	}
	c.failRefunds()
	for _, cs := range c.sessions.list {
		if cs.Status == "open" && clip(c.now) >= cs.ExpiresAt {
			c.expire(cs)
		}
	}
}

// advance takes one step that is due, at the time it was due, and tells whether it took one.
func (c *request) advance(sub *subscription) bool {
	at, step := sub.item().CurrentPeriodEnd, func() { c.renew(sub) }
	switch {
	case sub.Status == "paused" && sub.CancelAt == nil:
		return false
	case sub.Status == "paused":
		at, step = *sub.CancelAt, func() { c.end(sub, c.now, "cancellation_requested") }
	case sub.Status == "trialing" && (sub.CancelAt == nil || *sub.CancelAt > at):
		step = func() { c.endTrial(sub) }
	case sub.Status == "incomplete":
		at, step = sub.Created+int64(unpaidLives/time.Second), func() {
			sub.Status = "incomplete_expired"
			c.emit("customer.subscription.updated", sub)
		}
	case sub.PendingUpdate != nil:
		at, step = sub.PendingUpdate.ExpiresAt, func() { c.discard(sub) }
	case sub.CancelAt != nil && *sub.CancelAt <= at:
		at, step = *sub.CancelAt, func() { c.end(sub, c.now, "cancellation_requested") }
	}
	if in := c.owed(sub); in != nil && *in.NextPaymentAttempt < at {
		at, step = *in.NextPaymentAttempt, func() { c.retry(sub, in) }
	}
	if clip(c.now) < at {
		return false
	}
	now := c.now
	c.now = time.Unix(at, 0).UTC()
	step()
	c.now = now
	return true
}

// renew begins the next period. What an unpaid subscription owes for it stays a draft that nobody collects.
func (c *request) renew(sub *subscription) {
	it := sub.item()
	anchor := time.Unix(sub.BillingCycleAnchor, 0).UTC()
	n := 1
	for clip(monthAfter(anchor, n)) <= it.CurrentPeriodEnd {
		n++
	}
	it.CurrentPeriodStart, it.CurrentPeriodEnd = it.CurrentPeriodEnd, clip(monthAfter(anchor, n))
	c.enterPhase(sub)
	in := c.bill(sub, "subscription_cycle", c.periodLine(sub, it))
	if sub.Status == "unpaid" {
		in.Status, in.Number, in.StatusTransitions.FinalizedAt = "draft", "", nil
	} else if c.settle(sub, in, true); in.Status != "paid" {
		sub.Status = "past_due"
	}
	c.emit("customer.subscription.updated", sub)
}

// end is the last thing that happens to a subscription.
func (c *request) end(sub *subscription, at time.Time, reason string) {
	sub.Status, sub.EndedAt, sub.PendingUpdate, sub.PendingSetupIntent = "canceled", new(clip(at)), nil, nil
	if sub.CanceledAt == nil {
		sub.CanceledAt = new(clip(at))
	}
	sub.CancellationDetails["reason"] = reason
	if sub.Schedule != nil {
		sched := c.schedules.byID[*sub.Schedule]
		sched.Status, sched.CanceledAt, sched.CurrentPhase, sub.Schedule = "canceled", new(clip(at)), nil, nil
	}
	if in := c.invoices.byID[*sub.LatestInvoice]; in.Status == "open" {
		c.void(in)
	}
	c.emit("customer.subscription.deleted", sub)
}
