package billing

import (
	"context"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/page"
	"github.com/repazoo/repazoo/internal/plan"
)

const addLine = `INSERT INTO billing_timeline (id, user_id, key, kind, at, tier, from_tier, cents, currency, until,
	created_at, note)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (user_id, key) DO NOTHING`

func lineArgs(l plan.Line, userID string, now time.Time) []any {
	var cents *int64
	if l.Currency != "" {
		cents = &l.Cents
	}
	return []any{
		db.NewID(), userID, l.Key, l.Kind, l.At.Truncate(time.Second), l.Tier, l.From, cents, l.Currency,
		db.OrNull(l.Until), now, l.Note,
	}
}

// tell writes down what is new. The row went from current to next because of r; news are invoices that may be untold.
func (s *Service) tell(tx db.Tx, current, next plan.Row, r plan.Remote, news []plan.Charge) {
	lines := append(plan.Story(current, next, r, tx.Now()), r.DiscountLines()...)
	for _, c := range news {
		if l, ok := c.Line(next); ok {
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b plan.Line) int { return a.At.Compare(b.At) })
	for _, l := range lines {
		tx.Later(addLine, lineArgs(l, next.UserID, tx.Now())...)
	}
}

// untold are the invoices the timeline may lack: the latest, that of the event, and when one of them is not there yet,
// all others too, because their events may have been lost.
func (s *Service) untold(ctx context.Context, current plan.Row, r plan.Remote, invoice string) ([]plan.Charge, error) {
	var want []string
	if l, ok := r.Invoice.Line(current); ok {
		want = append(want, l.Key)
	}
	if invoice != "" && invoice != r.Invoice.ID {
		want = append(want, "paid:"+invoice)
	}
	if len(want) == 0 || !plan.Follows(current, r) {
		return nil, nil
	}
	told, err := db.Read(ctx, s.db, db.System, db.Value[string], `SELECT key FROM billing_timeline WHERE user_id = $1
		AND key IN ($2, $3)`, current.UserID, want[0], want[len(want)-1])
	if err != nil || !slices.ContainsFunc(want, func(key string) bool { return !slices.Contains(told, key) }) {
		return nil, err
	}
	if r.Invoice.Reason == "subscription_create" && len(want) == 1 && want[0] == "paid:"+r.Invoice.ID {
		return []plan.Charge{r.Invoice}, nil
	}
	return s.stripe.Charges(ctx, r.ID)
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
	From     string // the plan before, of a change
	Note     string // what the sentence also says: a discount
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
	if st.Total, err = db.ReadOne(ctx, s.db, db.User(userID), db.Value[int],
		`SELECT count(*) FROM billing_timeline WHERE user_id = $1`, userID); err != nil {
		return Story{}, err
	}
	now := s.now()
	st.Entries, err = db.Read(ctx, s.db, db.User(userID), func(rows db.Rows, e *Entry) error {
		var l plan.Line
		var until *time.Time
		err := rows.Scan(&e.ID, &l.Kind, &l.At, &l.Tier, &l.From, &e.Cents, &l.Currency, &until, &l.Note)
		if l.At, l.Until = l.At.UTC(), orZero(until); e.Cents != nil {
			l.Cents = *e.Cents
		}
		e.At, e.Kind, e.Tier, e.Currency, e.Until, e.Sentence = l.At, l.Kind, l.Tier, l.Currency, l.Until, l.Sentence(now)
		e.From, e.Note = l.From, l.Note
		return err
	}, `SELECT id, kind, at, tier, from_tier, cents, currency, until, note FROM billing_timeline
		WHERE user_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`, userID, from.At, from.ID, limit+1)
	st.Entries, st.Next = page.Cut(st.Entries, limit, func(e Entry) page.Place { return page.Place{At: e.At, ID: e.ID} })
	return st, err
}
