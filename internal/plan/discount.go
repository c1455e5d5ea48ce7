package plan

import (
	"time"
)

// Discount is what a promotion code takes off. The zero value is none.
type Discount struct {
	Code  string // as it is written, such as WELCOME
	Words string // such as "20% off for 3 months"
}

// Promotion is a code that this person may use now.
type Promotion struct {
	Discount
	ID      string // Stripe's; "" for no code
	Once    bool   // it counts for one payment
	Forever bool   // it counts for every payment
}

// Given is a discount that a subscription has.
type Given struct {
	Discount
	ID   string
	At   time.Time // since when
	Ends bool      // it stops some day
}

// words tell of a discount in the story of a plan.
func (d Discount) words() string {
	if d.Code == "" {
		return d.Words
	}
	return d.Words + ", with the code " + d.Code
}
