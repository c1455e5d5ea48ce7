package stripe

import (
	"net/http"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

// Dunning: a renewal that fails is tried again, a few times over some days, and then the subscription becomes what the
// account's setting says. Stripe's smart retries choose their moments; here they are always the same.

// retries are the waits before each further try of a renewal. The fifth try, on the sixteenth day, is the last.
var retries = []time.Duration{24 * time.Hour, 3 * 24 * time.Hour, 5 * 24 * time.Hour, 7 * 24 * time.Hour}

// afterRetries are the states in which a subscription may be left, the first unless it is told otherwise.
var afterRetries = []string{"canceled", "unpaid", "past_due"}

// AfterRetries sets what becomes of a subscription whose renewal failed for the last time: "canceled", "unpaid" or
// "past_due". It tells whether it knows that state.
func (c *Server) AfterRetries(status string) bool {
	if !slices.Contains(afterRetries, status) {
		return false
	}
	c.do(c.store.Now(), func(*request) { c.afterRetries = status; c.store.Changed() })
	return true
}

// PostRetries takes {"afterwards":"unpaid"}: what becomes of subscriptions whose renewal cannot be collected.
func (c *Server) PostRetries(w http.ResponseWriter, r *http.Request) {
	var in struct{ Afterwards string }
	if !web.ReadControl(w, r, &in) {
		return
	}
	if !c.AfterRetries(in.Afterwards) {
		http.Error(w, `afterwards must be "canceled", "unpaid" or "past_due"`, http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// owed is the invoice that will be tried again by itself; nil for none.
func (c *request) owed(sub *subscription) *invoice {
	in := c.invoices.byID[*sub.LatestInvoice]
	if in.Status != "open" || in.NextPaymentAttempt == nil {
		return nil
	}
	return in
}

// nextAttempt is when an invoice that was just tried is tried again. Only renewals are.
func (c *request) nextAttempt(in *invoice) *int64 {
	if in.BillingReason != "subscription_cycle" || in.AttemptCount > int64(len(retries)) {
		return nil
	}
	return new(clip(c.now.Add(retries[in.AttemptCount-1])))
}

// retry tries a failed renewal once more; after the last try the subscription is given up.
func (c *request) retry(sub *subscription, in *invoice) {
	c.charge(sub, in)
	if in.Status != "open" || in.NextPaymentAttempt != nil {
		return
	}
	switch c.afterRetries {
	case "past_due":
	case "unpaid":
		sub.Status = "unpaid"
		c.emit("customer.subscription.updated", sub)
	default:
		c.end(sub, c.now, "payment_failed")
	}
}
