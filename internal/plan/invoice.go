package plan

import (
	"time"
)

// Invoice is one of Stripe's, as its owner sees it.
type Invoice struct {
	ID       string
	Number   string // "" before it is final
	Status   string // draft, open, paid, void, uncollectible
	Cents    int64  // tax included
	OffCents int64  // what discounts took off
	TaxCents int64  // within Cents
	Currency string // ISO 4217, in lower case

	RefundedCents int64  // of Cents
	Dispute       string // about its payment: "open", "won" or "lost" by the operator; "" for none

	CreatedAt time.Time
	Page      string // Stripe's page of it; "" for none
	PDF       string
}
