package plan

import (
	"time"
)

// Row is one user's line of subscriptions. Times are zero when unknown.
type Row struct {
	ID, UserID, CustomerID, SubscriptionID string
	Tier                                   string
	Status                                 Status
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

// TierAt is the tier that is in force at an instant. A planned change counts from its day on, even before its webhook
// arrives.
func (r Row) TierAt(now time.Time) string {
	if r.Pending.How == AfterPeriodEnd && !now.Before(r.Pending.At) {
		return r.Pending.Tier
	}
	return r.Tier
}

// Cancelling reports whether the plan is set to end.
func (r Row) Cancelling() bool { return r.CancelAtPeriodEnd || !r.CancelAt.IsZero() }

// unpaid reports whether a renewal of the plan was not paid.
func (r Row) unpaid() bool { return r.Status.Owes() }

// Owed names the period whose payment failed.
func (r Row) Owed() string { return r.SubscriptionID + " " + Stamp(r.PeriodStart) }

// endsAt is when a cancelled plan ends.
func (r Row) endsAt() time.Time {
	if r.CancelAt.IsZero() || r.CancelAtPeriodEnd {
		return r.PeriodEnd
	}
	return r.CancelAt
}

// unpaidTrial tells that nothing was paid for the plan yet: it is in its trial, or owes the first payment after it.
func (r Row) unpaidTrial() bool {
	return r.Status == Trialing || r.Status == PastDue && !r.TrialEnd.IsZero() && r.PeriodStart.Equal(r.TrialEnd)
}

// Later is t if it lies after now, otherwise the zero time.
func Later(t, now time.Time) time.Time {
	if t.After(now) {
		return t
	}
	return time.Time{}
}

// Stamp writes an instant for the log and for keys; "" when it is not known.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
