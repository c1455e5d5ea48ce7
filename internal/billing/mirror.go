package billing

import (
	"time"

	"github.com/stripe/stripe-go/v86"
)

// grace is how long a plan outlives a period whose renewal is late or unpaid.
const grace = 3 * 24 * time.Hour

// States of a row that Stripe does not have.
const (
	statusNone     = "none"     // a customer without a subscription
	statusCreating = "creating" // claimed: a Subscribe is at work
	statusCheckout = "checkout" // a checkout page waits for the user
)

// row is one user's line of subscriptions. Times are zero when unknown.
type row struct {
	ID, UserID, CustomerID, SubscriptionID string
	Tier, Status                           string
	PeriodStart, PeriodEnd                 time.Time
	EntitledUntil                          time.Time // the tier counts before this instant
	TrialEnd                               time.Time // also of a trial that is over
	NoCard                                 bool      // nothing could be charged
	NextTry                                time.Time // when what is past due is charged again; zero when it is not
	CancelAt                               time.Time
	CancelAtPeriodEnd                      bool
	Pending                                PendingChange
	CreatedAt                              time.Time
	UpdatedAt                              time.Time // the row's version: every change gives it another
}

// remote is the part of a Stripe subscription that matters here.
type remote struct {
	ID, Customer, Status   string
	Tier                   string // by price; empty for a price that is not ours
	PeriodStart, PeriodEnd time.Time
	CancelAt               time.Time
	CancelAtPeriodEnd      bool
	StartedAt, EndedAt     time.Time
	OldCard                bool // the planned change names another card than the subscription
	Pending                PendingChange
	Paid                   bool      // the present period was paid, and stayed so
	OwedSince              time.Time // of what is past due: when the first period began that was not paid; zero for the present one
	EndReason              string    // why it ended, in Stripe's word
	Secret                 string    // by which the owner of a card confirms it with their bank; "" when that is not wanted
	Item, Schedule, Method string    // Stripe's ids: of the item of a known price, of what plans its changes, of its card
	Invoice                charge    // the latest
	Unstarted              bool      // its first invoice was not paid
	MonthlyCents           int64     // what it asks for each month, less lasting discounts
	TrialEnd               time.Time
	Discounts              []given
	NoCard                 bool // neither of its own nor its customer's
	Taxed                  bool // Stripe reckons its tax
}

// Why a subscription ended, where it was not asked for.
const (
	endUnpaid   = string(stripe.SubscriptionCancellationDetailsReasonPaymentFailed)
	endDisputed = string(stripe.SubscriptionCancellationDetailsReasonPaymentDisputed)
)

// What a change of plan waits for.
const (
	AfterPayment   = "payment"    // the bank's confirmation
	AfterPeriodEnd = "period_end" // the end of what is paid
)

// PendingChange is a change of plan that is not in force yet. The zero value is none.
type PendingChange struct {
	Tier string    `json:"tier"`
	How  string    `json:"how"` // AfterPayment or AfterPeriodEnd
	At   time.Time `json:"at"`  // when it begins, or until when it can be paid
}

// remoteOf reads a subscription. Periods stand on its items; the item of a known price decides.
func remoteOf(sub *stripe.Subscription, tierOf map[string]string) remote {
	r := remote{
		ID: sub.ID, Status: string(sub.Status), CancelAt: instant(sub.CancelAt), CancelAtPeriodEnd: sub.CancelAtPeriodEnd,
		StartedAt: instant(sub.StartDate), EndedAt: instant(sub.EndedAt), MonthlyCents: monthlyCents(sub),
		TrialEnd: instant(sub.TrialEnd), Discounts: discountsOf(sub), NoCard: noCard(sub), Taxed: sub.AutomaticTax != nil && sub.AutomaticTax.Enabled,
	}
	if sub.Customer != nil {
		r.Customer = sub.Customer.ID
	}
	if sub.DefaultPaymentMethod != nil {
		r.Method = sub.DefaultPaymentMethod.ID
	}
	if sub.Items != nil {
		for _, item := range sub.Items.Data {
			tier := tierOfPrice(item.Price, tierOf)
			if r.PeriodEnd.IsZero() || r.Tier == "" && tier != "" {
				r.Item, r.Tier, r.PeriodStart, r.PeriodEnd = item.ID, tier, instant(item.CurrentPeriodStart), instant(item.CurrentPeriodEnd)
			}
		}
	}
	r.readPending(sub, tierOf)
	if sub.CancellationDetails != nil {
		r.EndReason = string(sub.CancellationDetails.Reason)
	}
	disputed := r.EndReason == endDisputed
	if in := sub.LatestInvoice; in != nil {
		r.Invoice = chargeOf(in, tierOf)
		r.Paid = in.Status == stripe.InvoiceStatusPaid && !disputed
		r.Secret = r.Invoice.Secret
		r.Unstarted = in.BillingReason == stripe.InvoiceBillingReasonSubscriptionCreate && in.Status != stripe.InvoiceStatusPaid
	}
	if si := sub.PendingSetupIntent; si != nil && si.ClientSecret != "" { // of a trial: nothing is to be paid
		r.Secret = si.ClientSecret
	}
	return r
}

// noCard tells that there is nothing to charge: known only of a customer that was asked to be expanded.
func noCard(sub *stripe.Subscription) bool {
	cu := sub.Customer
	return sub.DefaultPaymentMethod == nil && sub.DefaultSource == nil && cu != nil && cu.InvoiceSettings != nil && cu.InvoiceSettings.DefaultPaymentMethod == nil && cu.DefaultSource == nil
}

func tierOfPrice(p *stripe.Price, tierOf map[string]string) string {
	if p == nil {
		return ""
	}
	return tierOf[p.ID]
}

// readPending finds a change that waits: for its payment, or in a schedule for the period's end.
func (r *remote) readPending(sub *stripe.Subscription, tierOf map[string]string) {
	if u := sub.PendingUpdate; u != nil {
		for _, item := range u.SubscriptionItems {
			if tier := tierOfPrice(item.Price, tierOf); tier != "" && tier != r.Tier {
				r.Pending = PendingChange{tier, AfterPayment, instant(u.ExpiresAt)}
			}
		}
	}
	if sub.Schedule == nil {
		return
	}
	r.Schedule = sub.Schedule.ID
	for _, phase := range sub.Schedule.Phases {
		if r.Pending != (PendingChange{}) || instant(phase.StartDate).Before(r.PeriodEnd) || len(phase.Items) == 0 {
			continue
		}
		if tier := tierOfPrice(phase.Items[0].Price, tierOf); tier != "" && tier != r.Tier {
			r.Pending = PendingChange{tier, AfterPeriodEnd, instant(phase.StartDate)}
		}
	}
	if r.Pending.How == AfterPeriodEnd && r.Method != "" {
		d := sub.Schedule.DefaultSettings
		r.OldCard = d == nil || d.DefaultPaymentMethod == nil || d.DefaultPaymentMethod.ID != r.Method
	}
}

func instant(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

// mirror is the row as it should be after hearing r. It is the one place that decides what a subscription is worth.
func mirror(current row, r remote, now time.Time) row {
	if !follows(current, r) {
		return current
	}
	next := current
	next.SubscriptionID, next.Status = r.ID, r.Status
	next.CancelAt, next.CancelAtPeriodEnd, next.Pending = r.CancelAt, r.CancelAtPeriodEnd, r.Pending
	next.TrialEnd, next.NoCard, next.NextTry = r.TrialEnd, r.NoCard && live(r.Status), r.nextTry()
	if (unpaidStart(r.Status) || r.Status == "canceled" && r.Unstarted) && current.EntitledUntil.After(now) {
		return next // what an earlier subscription paid for stays until the new one is paid
	}
	next.Tier, next.PeriodStart, next.PeriodEnd = r.Tier, r.PeriodStart, r.PeriodEnd
	next.EntitledUntil = entitledUntil(r)
	return next
}

// nextTry is when Stripe charges again what is past due; zero when nothing is, or it has given up.
func (r remote) nextTry() time.Time {
	if r.Status != "past_due" || r.Invoice.Status != string(stripe.InvoiceStatusOpen) {
		return time.Time{}
	}
	return r.Invoice.NextTry
}

// follows tells whether the row is about r. A live subscription takes the place of an ended one and never the other way
// round. While an attempt to subscribe is under way, only a live subscription ends it, or on a checkout page one that was
// paid there and ended before we heard of it.
func follows(current row, r remote) bool {
	switch {
	case pending(current.Status):
		return live(r.Status) || current.Status == statusCheckout && entitledUntil(r).After(current.EntitledUntil)
	case current.SubscriptionID == r.ID || current.SubscriptionID == "":
		return true
	}
	return !live(current.Status) && live(r.Status)
}

// entitledUntil is when the tier of r stops counting; zero means it does not count.
//
// Active and trialing count three days past their period, for a renewal we hear of late, unless they are to end then.
// Past due counts three days from the start of the first period that is owed: Stripe moves the period on before it is paid,
// and may leave a subscription past due for ever.
// Canceled counts to the end of what was paid, which a trial was not. Everything else, and a price we do not sell, counts nothing.
func entitledUntil(r remote) time.Time {
	if r.Tier == "" || !r.PeriodStart.Before(r.PeriodEnd) {
		return time.Time{}
	}
	switch r.Status {
	case "active", "trialing":
		return r.endsBy(r.PeriodEnd.Add(grace))
	case "past_due":
		owed := r.PeriodStart
		if !r.OwedSince.IsZero() && r.OwedSince.Before(owed) {
			owed = r.OwedSince
		}
		return r.endsBy(owed.Add(grace))
	case "canceled":
		if r.Paid && !r.inTrial() {
			return r.PeriodEnd
		}
	}
	return time.Time{}
}

// endsBy bounds until by a scheduled end. Whoever cancels keeps the period they paid for.
func (r remote) endsBy(until time.Time) time.Time {
	end := r.CancelAt
	if r.CancelAtPeriodEnd || !end.IsZero() && end.Before(r.PeriodEnd) {
		end = r.PeriodEnd
	}
	if !end.IsZero() && end.Before(until) {
		return end
	}
	return until
}

// tierAt is the plan as of a moment: a planned change is in force from its day on, even before Stripe was heard of it.
func (r row) tierAt(now time.Time) string {
	if r.Pending.How == AfterPeriodEnd && !now.Before(r.Pending.At) {
		return r.Pending.Tier
	}
	return r.Tier
}

// live statuses are those in which Stripe may still charge, or is about to.
func live(status string) bool {
	switch status {
	case "active", "trialing", "past_due", "unpaid", "paused", "incomplete":
		return true
	}
	return false
}

func pending(status string) bool { return status == statusCreating || status == statusCheckout }

func unpaidStart(status string) bool { return status == "incomplete" || status == "incomplete_expired" }
