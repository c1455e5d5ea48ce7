package plan

import (
	"time"
)

// Sentence says a line as one would tell it, as of now.
func (l Line) Sentence(now time.Time) string {
	day := func(t time.Time) string {
		if t.Year() == now.Year() {
			return t.Format("2 January")
		}
		return t.Format("2 January 2006")
	}
	on, sum, until := "On "+day(l.At)+" ", Amount(l.Cents, l.Currency), day(l.Until)
	switch l.Kind {
	case lineStarted:
		return on + "you chose " + orPlan(l.Tier) + "."
	case lineUnconfirmed:
		return on + "the first payment of " + sum + " was to be confirmed with your bank."
	case lineNeverBegan:
		return on + orPlan(l.Tier) + " was given up, because its first payment was not made in time. Nothing was charged."
	case linePaid:
		return on + l.charged(sum) + " for " + orPlan(l.Tier) + unless(l.Until, " until "+until) + l.noted() + "."
	case lineFailed:
		say := on + "your card was declined when " + sum + " for " + orPlan(l.Tier) + " was due."
		if !l.Until.IsZero() {
			say += " You could go on using it until " + until + "."
		}
		return say
	case linePaused:
		return on + orPlan(l.Tier) + " was paused, because it was not paid."
	case lineChanged:
		return on + "your plan changed from " + l.From + " to " + l.Tier + "."
	case linePlanned:
		return on + "you asked to move from " + l.From + " to " + l.Tier + unless(l.Until, " on "+until) + "."
	case lineTakenBack:
		return on + "you took the move to " + l.From + " back, and stayed on " + orPlan(l.Tier) + "."
	case lineWaiting:
		return on + "you asked to move from " + l.From + " to " + l.Tier +
			", and your bank wanted to confirm the payment of " + sum + " with you."
	case LineDeclined:
		return on + "your card was declined when " + sum + " for the move to " + l.Tier + " was due. You stayed on " +
			l.From + ", and nothing was charged."
	case lineLapsed:
		return on + "the move to " + l.From + " was dropped before it was paid. You stayed on " + orPlan(l.Tier) +
			", and nothing was charged."
	case lineEnding:
		return on + "you cancelled " + orPlan(l.Tier) + unless(l.Until, ", which stays yours until "+until) + "."
	case lineResumed:
		return on + "you took the cancellation back, and kept " + orPlan(l.Tier) + "."
	case lineTrial:
		return on + "you began to try " + orPlan(l.Tier) + " for free" + unless(l.Until, " until "+until) + "."
	case lineTrialOver:
		return on + "your free trial ended, and " + orPlan(l.Tier) + " began."
	case lineTrialPaused:
		return on + orPlan(l.Tier) + " was paused, because its free trial ended and there was no card."
	case lineTrialLapsed:
		return on + orPlan(l.Tier) + " ended with its free trial, because there was no card."
	case lineReopened:
		return on + "you took " + orPlan(l.Tier) + " up again."
	case lineDiscount:
		return on + "you got a discount: " + l.Note + "."
	case lineEnded:
		return on + orPlan(l.Tier) + " ended" + unless(l.Until, ". What you paid for stays usable until "+until) + "."
	case lineGivenUp:
		return on + orPlan(l.Tier) + " ended, because its payment did not go through."
	case lineEndedOver:
		return on + orPlan(l.Tier) + " ended, because its payment was disputed."
	case lineRefunded:
		return on + sum + " of what you paid for " + orPlan(l.Tier) + " was given back to you."
	case lineBounced:
		return on + "the " + sum + " that was to be given back to you did not reach you: the money came back to us."
	case lineDisputed:
		return on + "the payment of " + sum + " for " + orPlan(l.Tier) + " was disputed at your bank."
	case lineUpheld:
		return on + "the dispute about " + sum + " for " + orPlan(l.Tier) + " was closed, and the payment stands."
	case lineCharged:
		return on + "the dispute about " + sum + " for " + orPlan(l.Tier) +
			" was closed, and your bank gave you the money back."
	}
	return on + "something about your plan changed."
}

// charged begins the sentence of a payment. A discount may leave nothing to pay.
func (l Line) charged(sum string) string {
	if l.Cents == 0 {
		return "nothing was charged"
	}
	return "your card was charged " + sum
}

func (l Line) noted() string {
	if l.Note == "" {
		return ""
	}
	return ", " + l.Note
}

func orPlan(tier string) string {
	if tier == "" {
		return "your plan"
	}
	return tier
}

// unless drops words about a time that is not known.
func unless(t time.Time, words string) string {
	if t.IsZero() {
		return ""
	}
	return words
}
