package plan

import (
	"slices"
	"time"
)

// Remote is the part of a Stripe subscription that matters here.
type Remote struct {
	ID, Customer           string
	Status                 Status
	Tier                   string // by price; empty for a price that is not ours
	PeriodStart, PeriodEnd time.Time
	CancelAt               time.Time
	CancelAtPeriodEnd      bool
	StartedAt, EndedAt     time.Time
	OldCard                bool // the planned change names another card than the subscription
	Pending                PendingChange
	Paid                   bool // the present period was paid, and stayed so
	// of what is past due: when the first period began that was not paid; zero for the present one
	OwedSince time.Time
	EndReason string // why it ended, in Stripe's word
	GivenUp   bool   // its owner ended it at once, and with it what was paid
	// by which the owner of a card confirms it with their bank; "" when that is not wanted
	Secret                 string
	Item, Schedule, Method string // Stripe's ids: of the item of a known price, of what plans its changes, of its card
	Invoice                Charge // the latest
	Unstarted              bool   // its first invoice was not paid
	MonthlyCents           int64  // what it asks for each month, less lasting discounts
	TrialEnd               time.Time
	Discounts              []Given
	NoCard                 bool // neither of its own nor its customer's
	Taxed                  bool // Stripe reckons its tax

	CollectionPaused bool      // its invoices are not collected (pause_collection), so a period that begins is not paid
	PaidUntil        time.Time // while collection is paused: the end of the last period that was paid; zero for none
}

// Why a subscription ended, where it was not asked for.
const (
	EndUnpaid   = "payment_failed"
	EndDisputed = "payment_disputed"
)

// nextTry is when Stripe charges again what is past due; zero when nothing is, or it has given up.
func (r Remote) nextTry() time.Time {
	if r.Status != PastDue || r.Invoice.Status != "open" {
		return time.Time{}
	}
	return r.Invoice.NextTry
}

// endsBy bounds until by a scheduled end. Whoever cancels keeps the period they paid for.
func (r Remote) endsBy(until time.Time) time.Time {
	end := r.CancelAt
	if r.CancelAtPeriodEnd || !end.IsZero() && end.Before(r.PeriodEnd) {
		end = r.PeriodEnd
	}
	if !end.IsZero() && end.Before(until) {
		return end
	}
	return until
}

// inTrial tells whether the present period is the trial.
func (r Remote) inTrial() bool { return !r.TrialEnd.IsZero() && !r.PeriodEnd.After(r.TrialEnd) }

// AsksBank tells that the owner of the card has something to confirm: the first payment, or the card of a trial.
func (r Remote) AsksBank() bool {
	return r.Secret != "" && r.Status.AsksBank()
}

// Charge is what one invoice asked for and became.
type Charge struct {
	ID, Status, Reason string
	Cents              int64 // paid, or due
	Off, Tax           int64 // what discounts took off, and the tax within
	Currency           string
	Tier               string    // by the line that cost most; "" for none of ours
	From, Until        time.Time // what it pays for
	At                 time.Time // when it was paid, else when it was made
	Attempts           int64
	NextTry            time.Time
	Secret, Page       string
}

// OwedSince is when the first period began that is owed: earlier than the present one when nothing was paid since.
func OwedSince(all []Charge) (since time.Time) {
	for _, c := range slices.Backward(all) {
		switch {
		case c.Reason != "subscription_cycle":
		case c.Status == "open" || c.Status == "uncollectible":
			since = c.From
		default: // paid, or forgiven
			return since
		}
	}
	return since
}
