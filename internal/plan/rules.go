package plan

import (
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

// What a preview is of.
const (
	Start       = "start"     // a first plan, or one after another has ended
	Upgrade     = "upgrade"   // at once
	Downgrade   = "downgrade" // at the period's end
	Keep        = "keep"      // the plan one has; what waits is dropped
	SwitchTrial = "trial"     // another plan in a trial: at once, and nothing is charged before the trial ends
)

// KindOf tells what it means to go from what is now to a tier.
func (o Offer) KindOf(now Remote, tier string) string {
	switch from, to := o.Named(now.Tier), o.Named(tier); {
	case to.Name == from.Name:
		return Keep
	case now.Status == Trialing:
		return SwitchTrial
	case to.MonthlyCents < from.MonthlyCents:
		return Downgrade
	}
	return Upgrade
}

// pricesHold is how long prices that were previewed may be asked for.
const pricesHold = 30 * time.Minute

// Changeable refuses a change of what is not simply running, and says what to do first.
func Changeable(r Remote, asOf, at time.Time) error {
	refuse := func(say string) error { return fault.Conflict.Saying("%s", say) }
	switch {
	case !r.Status.Live():
		return refuse("Your plan has ended, so it cannot be changed. Choose a new one.")
	case r.Status.Owes():
		return refuse("Your last payment did not go through. Put another card in place on the billing page of the payment " +
			"provider first, then change your plan.")
	case r.Status == Incomplete:
		return refuse("Your plan waits for its first payment. Confirm that payment first, or cancel the plan and choose " +
			"another.")
	case r.Status == Paused:
		return refuse("Your plan is paused. Put a card in place on the billing page of the payment provider and take the " +
			"plan up again first, then change it.")
	case r.CancelAtPeriodEnd || !r.CancelAt.IsZero():
		return refuse("Your plan is set to end. Take the cancellation back first, then change your plan.")
	case r.Tier == "":
		return refuse("Your subscription has a price that is not sold here, so it cannot be changed here. Ask for help.")
	}
	if age := at.Sub(asOf); !asOf.IsZero() && (age > pricesHold || age < -time.Minute || asOf.Before(r.PeriodStart)) {
		return refuse("The prices you saw are out of date. Look at them again, then confirm.")
	}
	return nil
}

// CodeFits refuses a code where it would count for nothing, or take another discount's place.
func CodeFits(now Remote, code Promotion, kind string) error {
	switch {
	case code.ID == "":
		return nil
	case kind == Keep || kind == Downgrade:
		return BadCode("A promotion code counts for a new plan or for a larger one. Go on without one.")
	case slices.ContainsFunc(now.Discounts, func(g Given) bool { return g.Words != "" }):
		return BadCode("Your plan has a discount already (" + now.Discounts[0].words() +
			"), and only one counts at a time. Go on without the code.")
	}
	return nil
}

// BadCode refuses a promotion code with a sentence.
func BadCode(say string) *fault.Fault {
	return fault.ValidationFailed.Saying("%s", say).At("body.promotion_code", say)
}

// ErrNoCode refuses a code that does not exist.
var ErrNoCode = BadCode("There is no such promotion code. Check how it is written, or go on without one.")
