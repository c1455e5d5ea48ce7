package plan

import (
	"strconv"
	"strings"
	"time"
)

// The timeline is the story of a plan. Its lines are written in the transaction that mirrors what they tell of, and
// come from what Stripe has, never from what an event says. A line about an invoice has a key made of the invoice, a
// line about a change of the row is written by the one transaction that changed it; so events that come late, twice or
// in another order tell the same story.

// The kinds of lines.
const (
	lineStarted     = "started"
	lineUnconfirmed = "unconfirmed" // the first payment waits for the bank
	lineNeverBegan  = "never_began"
	linePaid        = "paid"
	lineFailed      = "failed"
	linePaused      = "paused"
	lineChanged     = "changed"
	linePlanned     = "change_planned"
	lineTakenBack   = "change_taken_back"
	lineWaiting     = "change_waiting" // for the bank
	LineDeclined    = "change_declined"
	lineLapsed      = "change_lapsed"
	lineEnding      = "cancelled" // at the period's end
	lineResumed     = "resumed"
	lineEnded       = "ended"
	lineGivenUp     = "ended_unpaid"
	lineEndedOver   = "ended_disputed"
	lineRefunded    = "refunded"
	lineBounced     = "refund_failed"
	lineDisputed    = "disputed"     // at the bank
	lineUpheld      = "dispute_won"  // by the operator: the payment stands
	lineCharged     = "dispute_lost" // the bank gave the money back

	lineTrial       = "trial_started"
	lineTrialOver   = "trial_over"
	lineTrialPaused = "trial_paused" // there was no card at its end
	lineTrialLapsed = "trial_lapsed" // the same, where the plan ends with it
	lineReopened    = "reopened"     // after a pause
	lineDiscount    = "discount"
)

// Line is one row of billing_timeline.
type Line struct {
	Key, Kind  string
	At, Until  time.Time
	Tier, From string
	Cents      int64
	Currency   string // "" when there is no amount
	Note       string // what the sentence also says: of a discount, of tax
}

// Line is what an invoice adds to the story. One that is neither paid nor refused adds nothing; what becomes of an
// unpaid start or change is told by the row.
func (c Charge) Line(next Row) (Line, bool) {
	l := Line{At: c.At, Tier: c.Tier, Cents: c.Cents, Currency: c.Currency, Until: c.Until}
	switch {
	case c.Status == "paid" && (c.Cents > 0 || c.Off > 0):
		l.Key, l.Kind, l.Note = "paid:"+c.ID, linePaid, c.note()
	case c.Status != "paid" && c.Status != "draft" && c.Attempts > 0 && c.Reason == "subscription_cycle":
		l.Key, l.Kind = "failed:"+c.ID, lineFailed
		l.Until = time.Time{}
		if next.Status == PastDue {
			l.Until = next.EntitledUntil
		}
	default:
		return Line{}, false
	}
	return l, true
}

// note says of an amount what is within it.
func (c Charge) note() string {
	var parts []string
	if c.Off > 0 {
		parts = append(parts, "after a discount of "+Amount(c.Off, c.Currency))
	}
	if c.Tax > 0 {
		parts = append(parts, Amount(c.Tax, c.Currency)+" of it tax")
	}
	return strings.Join(parts, ", ")
}

// DiscountLines tell of the discounts that a subscription has, each once.
func (r Remote) DiscountLines() []Line {
	var lines []Line
	for _, d := range r.Discounts {
		lines = append(lines, Line{Key: "discount:" + d.ID, Kind: lineDiscount, At: d.At, Tier: r.Tier, Note: d.words()})
	}
	return lines
}

// Story compares the row before and after.
func Story(current, next Row, r Remote, now time.Time) []Line {
	var lines []Line
	version := next.SubscriptionID + ":" + strconv.FormatInt(next.UpdatedAt.UnixMicro(), 36)
	add := func(kind string, at time.Time, l Line) {
		if at.IsZero() || at.After(now) {
			at = now
		}
		at = at.Truncate(time.Second) // as Stripe's times are; within a second, what was heard of first comes first
		l.Key, l.Kind, l.At = kind+":"+version, kind, at
		lines = append(lines, l)
	}
	fresh := current.SubscriptionID != next.SubscriptionID
	if fresh {
		kind, until := lineStarted, time.Time{}
		if r.Status == Trialing {
			kind, until = lineTrial, r.TrialEnd
		}
		add(kind, r.StartedAt, Line{Tier: r.Tier, Until: until})
		current = Row{Status: current.Status}
	}
	if next.Status == current.Status && !fresh && next.Tier == current.Tier && next.Pending == current.Pending &&
		next.Cancelling() == current.Cancelling() {
		return nil
	}
	became := func(status Status) bool { return next.Status == status && (current.Status != status || fresh) }
	switch {
	case became(Incomplete):
		add(lineUnconfirmed, now, Line{Tier: r.Tier, Cents: r.Invoice.Cents, Currency: r.Invoice.Currency})
	case became(IncompleteExpired):
		add(lineNeverBegan, now, Line{Tier: r.Tier})
	case became(Paused) && current.Status == Trialing:
		add(lineTrialPaused, r.TrialEnd, Line{Tier: r.Tier})
	case current.Status == Trialing && !fresh && (next.Status == Active || next.Status == PastDue):
		add(lineTrialOver, r.TrialEnd, Line{Tier: r.Tier})
	case current.Status == Paused && !fresh && next.Status == Active:
		add(lineReopened, next.PeriodStart, Line{Tier: r.Tier})
	case became(Unpaid), became(Paused):
		add(linePaused, now, Line{Tier: r.Tier})
	case became(Canceled):
		add(ending(r), r.EndedAt, Line{Tier: r.Tier, Until: Later(next.EntitledUntil, now)})
	}
	if !fresh && current.Tier != "" && next.Tier != "" && current.Tier != next.Tier {
		at := now
		if next.PeriodStart.After(current.PeriodStart) {
			at = next.PeriodStart
		} else if r.Invoice.Status == "paid" {
			at = r.Invoice.At
		}
		add(lineChanged, at, Line{Tier: next.Tier, From: current.Tier})
	}
	if !next.Status.Live() {
		return lines
	}
	if next.Cancelling() != current.Cancelling() {
		if next.Cancelling() {
			add(lineEnding, now, Line{Tier: next.Tier, Until: next.EntitledUntil})
		} else {
			add(lineResumed, now, Line{Tier: next.Tier})
		}
	}
	was, is := current.Pending, next.Pending
	switch {
	case is == was:
	case is.How == AfterPeriodEnd:
		add(linePlanned, now, Line{Tier: is.Tier, From: next.Tier, Until: is.At})
	case is.How == AfterPayment:
		add(lineWaiting, now, Line{
			Tier: is.Tier, From: next.Tier, Until: is.At, Cents: r.Invoice.Cents,
			Currency: r.Invoice.Currency,
		})
	case next.Tier == was.Tier: // it happened
	case was.How == AfterPeriodEnd:
		add(lineTakenBack, now, Line{Tier: next.Tier, From: was.Tier})
	default:
		add(lineLapsed, now, Line{Tier: next.Tier, From: was.Tier})
	}
	return lines
}

// ending is the kind of line that tells why r ended.
func ending(r Remote) string {
	switch {
	case r.EndReason == EndDisputed:
		return lineEndedOver
	case r.EndReason == EndUnpaid && r.inTrial():
		return lineTrialLapsed
	case r.EndReason == EndUnpaid:
		return lineGivenUp
	}
	return lineEnded
}
