package billing

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/page"
)

// The timeline is the story of a plan. Its lines are written in the transaction that mirrors what they tell of, and come
// from what Stripe has, never from what an event says. A line about an invoice has a key made of the invoice, a line about
// a change of the row is written by the one transaction that changed it; so events that come late, twice or in another
// order tell the same story.

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
	lineDeclined    = "change_declined"
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

// line is one row of billing_timeline.
type line struct {
	Key, Kind  string
	At, Until  time.Time
	Tier, From string
	Cents      int64
	Currency   string // "" when there is no amount
	Note       string // what the sentence also says: of a discount, of tax
}

const addLine = `INSERT INTO billing_timeline (id, user_id, key, kind, at, tier, from_tier, cents, currency, until, created_at, note)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (user_id, key) DO NOTHING`

func (l line) args(userID string, now time.Time) []any {
	var cents *int64
	if l.Currency != "" {
		cents = &l.Cents
	}
	return []any{db.NewID(), userID, l.Key, l.Kind, l.At.Truncate(time.Second), l.Tier, l.From, cents, l.Currency, orNull(l.Until), now, l.Note}
}

// tell writes down what is new. The row went from current to next because of r; news are invoices that may be untold.
func (s *Service) tell(tx db.Tx, current, next row, r remote, news []charge) {
	lines := append(story(current, next, r, tx.Now()), r.discountLines()...)
	for _, c := range news {
		if l, ok := c.line(next); ok {
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.At.Compare(b.At) })
	for _, l := range lines {
		tx.Later(addLine, l.args(next.UserID, tx.Now())...)
	}
}

// line is what an invoice adds to the story. One that is neither paid nor refused adds nothing; what becomes of an unpaid
// start or change is told by the row.
func (c charge) line(next row) (line, bool) {
	l := line{At: c.At, Tier: c.Tier, Cents: c.Cents, Currency: c.Currency, Until: c.Until}
	switch {
	case c.Status == "paid" && (c.Cents > 0 || c.Off > 0):
		l.Key, l.Kind, l.Note = "paid:"+c.ID, linePaid, c.note()
	case c.Status != "paid" && c.Status != "draft" && c.Attempts > 0 && c.Reason == "subscription_cycle":
		l.Key, l.Kind = "failed:"+c.ID, lineFailed
		l.Until = time.Time{}
		if next.Status == "past_due" {
			l.Until = next.EntitledUntil
		}
	default:
		return line{}, false
	}
	return l, true
}

// note says of an amount what is within it.
func (c charge) note() string {
	var parts []string
	if c.Off > 0 {
		parts = append(parts, "after a discount of "+Amount(c.Off, c.Currency))
	}
	if c.Tax > 0 {
		parts = append(parts, Amount(c.Tax, c.Currency)+" of it tax")
	}
	return strings.Join(parts, ", ")
}

// discountLines tell of the discounts that a subscription has, each once.
func (r remote) discountLines() []line {
	var lines []line
	for _, d := range r.Discounts {
		lines = append(lines, line{Key: "discount:" + d.id, Kind: lineDiscount, At: d.at, Tier: r.Tier, Note: d.words()})
	}
	return lines
}

// story compares the row before and after.
func story(current, next row, r remote, now time.Time) []line {
	var lines []line
	version := next.SubscriptionID + ":" + strconv.FormatInt(next.UpdatedAt.UnixMicro(), 36)
	add := func(kind string, at time.Time, l line) {
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
		if r.Status == "trialing" {
			kind, until = lineTrial, r.TrialEnd
		}
		add(kind, r.StartedAt, line{Tier: r.Tier, Until: until})
		current = row{Status: current.Status}
	}
	if next.Status == current.Status && !fresh && next.Tier == current.Tier && next.Pending == current.Pending && next.cancelling() == current.cancelling() {
		return nil
	}
	became := func(status string) bool { return next.Status == status && (current.Status != status || fresh) }
	switch {
	case became("incomplete"):
		add(lineUnconfirmed, now, line{Tier: r.Tier, Cents: r.Invoice.Cents, Currency: r.Invoice.Currency})
	case became("incomplete_expired"):
		add(lineNeverBegan, now, line{Tier: r.Tier})
	case became("paused") && current.Status == "trialing":
		add(lineTrialPaused, r.TrialEnd, line{Tier: r.Tier})
	case current.Status == "trialing" && !fresh && (next.Status == "active" || next.Status == "past_due"):
		add(lineTrialOver, r.TrialEnd, line{Tier: r.Tier})
	case current.Status == "paused" && !fresh && next.Status == "active":
		add(lineReopened, next.PeriodStart, line{Tier: r.Tier})
	case became("unpaid"), became("paused"):
		add(linePaused, now, line{Tier: r.Tier})
	case became("canceled"):
		add(ending(r), r.EndedAt, line{Tier: r.Tier, Until: laterThan(next.EntitledUntil, now)})
	}
	if !fresh && current.Tier != "" && next.Tier != "" && current.Tier != next.Tier {
		at := now
		if next.PeriodStart.After(current.PeriodStart) {
			at = next.PeriodStart
		} else if r.Invoice.Status == "paid" {
			at = r.Invoice.At
		}
		add(lineChanged, at, line{Tier: next.Tier, From: current.Tier})
	}
	if !live(next.Status) {
		return lines
	}
	if next.cancelling() != current.cancelling() {
		if next.cancelling() {
			add(lineEnding, now, line{Tier: next.Tier, Until: next.EntitledUntil})
		} else {
			add(lineResumed, now, line{Tier: next.Tier})
		}
	}
	was, is := current.Pending, next.Pending
	switch {
	case is == was:
	case is.How == AfterPeriodEnd:
		add(linePlanned, now, line{Tier: is.Tier, From: next.Tier, Until: is.At})
	case is.How == AfterPayment:
		add(lineWaiting, now, line{Tier: is.Tier, From: next.Tier, Until: is.At, Cents: r.Invoice.Cents, Currency: r.Invoice.Currency})
	case next.Tier == was.Tier: // it happened
	case was.How == AfterPeriodEnd:
		add(lineTakenBack, now, line{Tier: next.Tier, From: was.Tier})
	default:
		add(lineLapsed, now, line{Tier: next.Tier, From: was.Tier})
	}
	return lines
}

// ending is the kind of line that tells why r ended.
func ending(r remote) string {
	switch {
	case r.EndReason == endDisputed:
		return lineEndedOver
	case r.EndReason == endUnpaid && r.inTrial():
		return lineTrialLapsed
	case r.EndReason == endUnpaid:
		return lineGivenUp
	}
	return lineEnded
}

func laterThan(t, now time.Time) time.Time {
	if t.After(now) {
		return t
	}
	return time.Time{}
}

// untold are the invoices the timeline may lack: the latest, that of the event, and when one of them is not there yet, all
// others too, because their events may have been lost.
func (s *Service) untold(ctx context.Context, current row, r remote, invoice string) ([]charge, error) {
	var want []string
	if l, ok := r.Invoice.line(current); ok {
		want = append(want, l.Key)
	}
	if invoice != "" && invoice != r.Invoice.ID {
		want = append(want, "paid:"+invoice)
	}
	if len(want) == 0 || !follows(current, r) {
		return nil, nil
	}
	told, err := db.Read(ctx, s.db, db.System, db.Value[string], `SELECT key FROM billing_timeline WHERE user_id = $1 AND key IN ($2, $3)`, current.UserID, want[0], want[len(want)-1])
	if err != nil || !slices.ContainsFunc(want, func(key string) bool { return !slices.Contains(told, key) }) {
		return nil, err
	}
	if r.Invoice.Reason == "subscription_create" && len(want) == 1 && want[0] == "paid:"+r.Invoice.ID {
		return []charge{r.Invoice}, nil
	}
	return s.stripe.charges(ctx, r.ID)
}

// Entry is one line of the story, in plain words.
type Entry struct {
	ID       string
	At       time.Time
	Kind     string
	Sentence string
	Tier     string
	Cents    *int64 // nil when it is not about money
	Currency string
	Until    time.Time
}

// Story is one page of the timeline, newest first.
type Story struct {
	Entries []Entry
	Next    string // "" on the last page
	Total   int
}

// Timeline tells what happened to the user's plan and what was paid: limit is 1 to 100, cursor that of the page before.
func (s *Service) Timeline(ctx context.Context, userID string, limit int, cursor string) (Story, error) {
	from, err := page.Parse(cursor)
	if err != nil {
		return Story{}, err
	}
	var st Story
	if st.Total, err = db.ReadOne(ctx, s.db, db.User(userID), db.Value[int], `SELECT count(*) FROM billing_timeline WHERE user_id = $1`, userID); err != nil {
		return Story{}, err
	}
	now := s.now()
	st.Entries, err = db.Read(ctx, s.db, db.User(userID), func(rows db.Rows, e *Entry) error {
		var l line
		var until *time.Time
		err := rows.Scan(&e.ID, &l.Kind, &l.At, &l.Tier, &l.From, &e.Cents, &l.Currency, &until, &l.Note)
		if l.At, l.Until = l.At.UTC(), orZero(until); e.Cents != nil {
			l.Cents = *e.Cents
		}
		e.At, e.Kind, e.Tier, e.Currency, e.Until, e.Sentence = l.At, l.Kind, l.Tier, l.Currency, l.Until, l.sentence(now)
		return err
	}, `SELECT id, kind, at, tier, from_tier, cents, currency, until, note FROM billing_timeline
		WHERE user_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`, userID, from.At, from.ID, limit+1)
	st.Entries, st.Next = page.Cut(st.Entries, limit, func(e Entry) page.Place { return page.Place{At: e.At, ID: e.ID} })
	return st, err
}

// sentence says a line as one would tell it, as of now.
func (l line) sentence(now time.Time) string {
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
		return on + "you asked to move from " + l.From + " to " + l.Tier + ", and your bank wanted to confirm the payment of " + sum + " with you."
	case lineDeclined:
		return on + "your card was declined when " + sum + " for the move to " + l.Tier + " was due. You stayed on " + l.From + ", and nothing was charged."
	case lineLapsed:
		return on + "the move to " + l.From + " was dropped before it was paid. You stayed on " + orPlan(l.Tier) + ", and nothing was charged."
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
		return on + "the dispute about " + sum + " for " + orPlan(l.Tier) + " was closed, and your bank gave you the money back."
	}
	return on + "something about your plan changed."
}

// charged begins the sentence of a payment. A discount may leave nothing to pay.
func (l line) charged(sum string) string {
	if l.Cents == 0 {
		return "nothing was charged"
	}
	return "your card was charged " + sum
}

func (l line) noted() string {
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

// Amount writes money as people do: $29.00, or 29.00 EUR.
func Amount(cents int64, currency string) string {
	n := fmt.Sprintf("%d.%02d", cents/100, cents%100)
	if currency == "usd" || currency == "" {
		return "$" + n
	}
	return n + " " + strings.ToUpper(currency)
}
