package plan

import (
	"time"
)

// GraceDays is how long a plan outlives a period whose renewal is late or unpaid.
const GraceDays = 3

const grace = GraceDays * 24 * time.Hour

// Mirror is the next row, given the present one and the subscription as Stripe has it now. It is the one place that
// decides what a subscription is worth.
func Mirror(current Row, r Remote, now time.Time) Row {
	if !Follows(current, r) {
		return current
	}
	next := current
	next.SubscriptionID, next.Status = r.ID, r.Status
	next.CancelAt, next.CancelAtPeriodEnd, next.Pending = r.CancelAt, r.CancelAtPeriodEnd, r.Pending
	if r.keepsPlanned(current) {
		next.Pending = current.Pending
	}
	next.TrialEnd, next.NoCard, next.NextTry = r.TrialEnd, r.NoCard && r.Status.Live(), r.nextTry()
	if (r.Status.NeverPaid() || r.Status == Canceled && r.Unstarted) && current.EntitledUntil.After(now) {
		return next // what an earlier subscription paid for stays until the new one is paid
	}
	next.Tier, next.PeriodStart, next.PeriodEnd = r.Tier, r.PeriodStart, r.PeriodEnd
	next.EntitledUntil = entitledUntil(r)
	return next
}

// keepsPlanned reports whether a change that was planned for the period's end stays with the row. A cancellation takes
// its schedule away at Stripe, and the change must be there again when the person takes the cancellation back.
func (r Remote) keepsPlanned(current Row) bool {
	cancelling := r.CancelAtPeriodEnd || !r.CancelAt.IsZero()
	return cancelling && r.Status.Live() && current.SubscriptionID == r.ID && r.Pending == (PendingChange{}) &&
		current.Pending.How == AfterPeriodEnd && !current.Pending.At.Before(r.PeriodEnd)
}

// Follows tells whether the row is about r. A live subscription takes the place of an ended one and never the other way
// round. While an attempt to subscribe is under way, only a live subscription ends it, or on a checkout page one that
// was paid there and ended before we heard of it.
func Follows(current Row, r Remote) bool {
	switch {
	case current.Status.Beginning():
		return r.Status.Live() || current.Status == Checkout && entitledUntil(r).After(current.EntitledUntil)
	case current.SubscriptionID == r.ID || current.SubscriptionID == "":
		return true
	}
	return !current.Status.Live() && r.Status.Live()
}

// entitledUntil is when the tier of r stops counting; zero means it does not count.
//
// Active and trialing count three days past their period, for a renewal we hear of late, unless they are to end then.
// While collection is paused at Stripe, a subscription stays active and its periods go on without a payment: it counts
// to the end of what was paid, and no grace follows, because no renewal is to come. Past due counts three days from the
// start of the first period that is owed: Stripe moves the period on before it is paid, and may leave a subscription
// past due for ever. Canceled counts to the end of what was paid, which a trial was not, unless its owner gave that up.
// Everything else, and a price we do not sell, counts nothing.
func entitledUntil(r Remote) time.Time {
	if r.Tier == "" || !r.PeriodStart.Before(r.PeriodEnd) {
		return time.Time{}
	}
	switch r.Status {
	case Active, Trialing:
		if r.CollectionPaused && !r.inTrial() {
			return r.endsBy(r.PaidUntil)
		}
		return r.endsBy(r.PeriodEnd.Add(grace))
	case PastDue:
		owed := r.PeriodStart
		if !r.OwedSince.IsZero() && r.OwedSince.Before(owed) {
			owed = r.OwedSince
		}
		return r.endsBy(owed.Add(grace))
	case Canceled:
		if r.Paid && !r.inTrial() && !r.GivenUp {
			return r.PeriodEnd
		}
	}
	return time.Time{}
}
