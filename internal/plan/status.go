package plan

// Status is the state of a subscription: one of Stripe's, or one of a row for which Stripe has none.
type Status string

// The states at Stripe, in the order in which a subscription may pass them.
const (
	Incomplete        Status = "incomplete"         // the first payment waits, for 23 hours at most
	IncompleteExpired Status = "incomplete_expired" // it was never made
	Trialing          Status = "trialing"
	Active            Status = "active"
	PastDue           Status = "past_due" // a renewal failed, and Stripe tries it again
	Unpaid            Status = "unpaid"   // a renewal failed, and Stripe has given up
	Paused            Status = "paused"   // a trial ended and no card was on file
	Canceled          Status = "canceled"
)

// The states of a row that has no subscription at Stripe yet, and of everybody where billing is off.
const (
	None     Status = "none"     // a customer without a subscription
	Creating Status = "creating" // one attempt to subscribe holds the row
	Checkout Status = "checkout" // a checkout page waits for the user
	Included Status = "included" // billing is off
)

// Live reports whether Stripe may still charge for the subscription, or is about to.
func (s Status) Live() bool {
	switch s {
	case Active, Trialing, PastDue, Unpaid, Paused, Incomplete:
		return true
	}
	return false
}

// LiveStates are the states that are [Status.Live].
func LiveStates() []Status { return []Status{Active, Trialing, PastDue, Unpaid, Paused, Incomplete} }

// Beginning reports whether an attempt to subscribe is under way.
func (s Status) Beginning() bool { return s == Creating || s == Checkout }

// NeverPaid reports whether the first payment is missing.
func (s Status) NeverPaid() bool { return s == Incomplete || s == IncompleteExpired }

// Owes reports whether a renewal was not paid.
func (s Status) Owes() bool { return s == PastDue || s == Unpaid }

// Started reports whether the subscription once began, so that its end is the end of a plan.
func (s Status) Started() bool { return s.Live() && s != Incomplete }

// AsksBank reports whether the owner of the card may have something to confirm with their bank.
func (s Status) AsksBank() bool { return s == Incomplete || s == Trialing }
