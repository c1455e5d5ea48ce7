package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/history"
)

// One run at a time reads an account. Its name stands in the row of the account in timelines, and holds as long as the
// run itself holds its lease in analyses: whatever ends the run, kill -9 included, ends both. Before a page is asked
// for, what it may cost is taken from the budget and noted in the row; what was not delivered goes back. If the run
// dies in between, the next one gives it back, and so does whoever erases the row. A run that lost its lease with a
// page under way keeps nothing of it, and pays for it (pay): X has charged.

// errBusy says that another run reads the account: this one waits, and then uses its posts.
var errBusy = errors.New("analysis: another run is reading this account")

// errBudget ends a reading whose next page the plan's reads no longer allow.
var errBudget = errors.New("analysis: no reads are left")

// timeline is an account that this run alone may read now.
type timeline struct {
	s        *Service
	a        Analysis
	id       string      // of the account
	read     history.Set // what was read from X
	endID    history.ID  // X gave nothing older than this post
	readAt   time.Time   // when X was last asked for what is newest
	checked  time.Time   // when posts were last looked up again
	gone     int         // how many of them were gone
	reserved int         // reads that were taken for the page under way
	cutOff   bool        // X was asked and its answer not waited for: it counts as given
	spent    int         // reads of the analysis, in all its tries
	short    error       // why fewer reads were granted than asked for

	postMicroUSD int64 // what the model's reading of a post costs
}

type timelineRow struct {
	analysisID, runner          *string
	reserved, gone              int
	reservedIn, readAt, checked *time.Time
	endID                       int64
}

func scanTimeline(r db.Rows, v *timelineRow) error {
	return r.Scan(&v.analysisID, &v.runner, &v.reserved, &v.reservedIn, &v.readAt, &v.endID, &v.checked, &v.gone)
}

func scanSpan(r db.Rows, v *history.Span) error { return r.Scan(&v.First, &v.Last) }

const timelineColumns = `analysis_id, runner, reserved, reserved_in, read_at, end_id, checked_at, gone`

// openTimeline takes the lease of an account, or returns errBusy. Close it.
func (s *Service) openTimeline(ctx context.Context, a Analysis, accountID string) (*timeline, error) {
	judge, err := s.judge(a)
	if err != nil {
		return nil, err
	}
	t := &timeline{s: s, a: a, id: accountID, spent: a.XReads, postMicroUSD: judge.PostMicroUSD()}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		tx.Later(`INSERT INTO timelines (account_id, user_id) VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING`,
			accountID, a.UserID)
		// The row lock comes first, so that the next statement sees who holds the lease now.
		row, err := db.One(ctx, tx, scanTimeline,
			`UPDATE timelines SET user_id = user_id WHERE account_id = $1 AND user_id = $2
			RETURNING `+timelineColumns, accountID, a.UserID)
		if err != nil {
			return err
		}
		if busy, err := s.reading(ctx, tx, row, a); err != nil || busy {
			return errors.Join(err, busyErr(busy))
		}
		if row.reservedIn != nil { // of a run that died with a page under way
			s.c.Billing.ReturnReads(tx, a.UserID, *row.reservedIn, row.reserved)
		}
		tx.Later(`UPDATE timelines SET analysis_id = $3, runner = $4, reserved = 0, reserved_in = NULL
			WHERE account_id = $1 AND user_id = $2`, accountID, a.UserID, a.ID, a.runner)
		tx.Later(`DELETE FROM timeline_spans WHERE account_id = $1 AND user_id = $2 AND expires_at <= $3`,
			accountID, a.UserID, tx.Now())
		t.endID, t.readAt, t.checked, t.gone = history.ID(row.endID), orZero(row.readAt), orZero(row.checked), row.gone
		spans, err := db.All(ctx, tx, scanSpan,
			`SELECT first_id, last_id FROM timeline_spans WHERE account_id = $1 AND user_id = $2`, accountID, a.UserID)
		t.read = history.Of(spans...)
		return err
	})
	return t, err
}

func busyErr(busy bool) error {
	if busy {
		return errBusy
	}
	return nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// reading tells whether another run, which lives, holds the lease.
func (s *Service) reading(ctx context.Context, tx db.Tx, row timelineRow, a Analysis) (bool, error) {
	if row.analysisID == nil || row.runner == nil || (*row.analysisID == a.ID && *row.runner == a.runner) {
		return false, nil
	}
	n, err := db.One(ctx, tx, db.Value[int], `SELECT count(*) FROM analyses
		WHERE id = $1 AND user_id = $2 AND runner = $3 AND status = 'running' AND lease_until >= $4`,
		*row.analysisID, a.UserID, *row.runner, tx.Now())
	return n > 0, err
}

// pay counts what X charged for a page that was not kept: its run was cancelled, its account unlinked, or its answer
// not waited for. Where the reservation was given back meanwhile, the reads are taken anew.
func (t *timeline) pay(ctx context.Context, reads int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.s.c.Lease)
	defer cancel()
	return t.s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		row, err := db.One(ctx, tx, scanTimeline, `UPDATE timelines SET user_id = user_id
			WHERE account_id = $1 AND user_id = $2 AND analysis_id = $3 AND (runner = $4 OR runner IS NULL)
			RETURNING `+timelineColumns,
			t.id, t.a.UserID, t.a.ID, t.a.runner)
		switch {
		case errors.Is(err, db.ErrNotFound): // another run has the account, or the row was erased
			t.s.c.Billing.ChargeReads(tx, t.a.UserID, t.a.PeriodStart, reads)
		case err != nil:
			return err
		case row.reservedIn == nil: // the page was kept, and only the answer of the database was lost
			return nil
		default:
			t.s.c.Billing.ReturnReads(tx, t.a.UserID, *row.reservedIn, row.reserved-reads)
			tx.Later(`UPDATE timelines SET reserved = 0, reserved_in = NULL WHERE account_id = $1 AND user_id = $2`,
				t.id, t.a.UserID)
		}
		tx.Later(`UPDATE analyses SET x_reads = x_reads + $3 WHERE id = $1 AND user_id = $2`, t.a.ID, t.a.UserID, reads)
		return nil
	})
}

// eraseTimelines erases what is known of accounts that fit a condition, and gives back what was reserved for them.
func (s *Service) eraseTimelines(ctx context.Context, tx db.Tx, where string, args ...any) error {
	type held struct {
		userID string
		reads  int
		in     time.Time
	}
	all, err := db.All(ctx, tx, func(r db.Rows, v *held) error { return r.Scan(&v.userID, &v.reads, &v.in) },
		`UPDATE timelines SET analysis_id = NULL WHERE reserved_in IS NOT NULL AND `+where+`
			RETURNING user_id, reserved, reserved_in`, args...)
	for _, h := range all {
		s.c.Billing.ReturnReads(tx, h.userID, h.in, h.reads)
	}
	tx.Later(`DELETE FROM timelines WHERE `+where, args...)
	return err
}

// close gives the lease back, and reads that were taken for a page that never came.
func (t *timeline) close(ctx context.Context) error {
	if t.cutOff && t.reserved > 0 {
		if err := t.pay(ctx, t.reserved); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.s.c.Lease)
	defer cancel()
	return t.s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		row, err := db.One(ctx, tx, scanTimeline, `UPDATE timelines SET user_id = user_id
			WHERE account_id = $1 AND user_id = $2 AND analysis_id = $3 AND (runner = $4 OR runner IS NULL)
			RETURNING `+timelineColumns,
			t.id, t.a.UserID, t.a.ID, t.a.runner)
		if errors.Is(err, db.ErrNotFound) { // somebody else has it, or it was erased
			return nil
		}
		if err != nil {
			return err
		}
		if row.reservedIn != nil {
			t.s.c.Billing.ReturnReads(tx, t.a.UserID, *row.reservedIn, row.reserved)
		}
		tx.Later(`UPDATE timelines SET analysis_id = NULL, runner = NULL, reserved = 0, reserved_in = NULL
			WHERE account_id = $1 AND user_id = $2`, t.id, t.a.UserID)
		return nil
	})
}

// reserve takes up to n reads, but not fewer than least, from the budget before X is asked. What was taken for a page
// that did not come is used first.
func (t *timeline) reserve(ctx context.Context, n, least int) (granted int, err error) {
	if t.reserved >= least && t.reserved > 0 {
		return min(n, t.reserved), nil
	}
	if n, err = t.afford(n, least); err != nil {
		return 0, err
	}
	err = t.s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := t.s.mine(ctx, tx, t.a, 0); err != nil {
			return err
		}
		granted, err = t.s.c.Billing.ReserveReads(ctx, tx, t.a.UserID, t.a.PeriodStart, n)
		if errors.Is(err, fault.XBudgetExceeded) || (err == nil && granted < least) {
			return errBudget
		}
		if err != nil {
			return err
		}
		held, err := tx.Exec(ctx, `UPDATE timelines SET reserved = $5, reserved_in = $6
			WHERE account_id = $1 AND user_id = $2 AND analysis_id = $3 AND runner = $4`,
			t.id, t.a.UserID, t.a.ID, t.a.runner, granted, t.a.PeriodStart)
		if err == nil && held == 0 {
			err = errLostTimeline
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	t.reserved = granted
	return granted, nil
}

// settle ends a reservation inside the transaction that keeps what was delivered: reads were, the rest goes back.
func (t *timeline) settle(ctx context.Context, tx db.Tx, reads int) error {
	if err := t.s.mine(ctx, tx, t.a, reads); err != nil {
		return err
	}
	held, err := tx.Exec(ctx, `UPDATE timelines SET reserved = 0, reserved_in = NULL
		WHERE account_id = $1 AND user_id = $2 AND analysis_id = $3 AND runner = $4`,
		t.id, t.a.UserID, t.a.ID, t.a.runner)
	if err == nil && held == 0 {
		err = errLostTimeline
	}
	if err == nil {
		t.s.c.Billing.ReturnReads(tx, t.a.UserID, t.a.PeriodStart, t.reserved-reads)
	}
	return err
}

// mine adds to what a run has read, if it still has its lease: one that was cancelled, or whose user withdrew their
// consent, may not store a page that was under way.
func (s *Service) mine(ctx context.Context, tx db.Tx, a Analysis, reads int) error {
	n, err := tx.Exec(ctx, `UPDATE analyses SET x_reads = x_reads + $2 WHERE id = $1 AND runner = $3
		AND status = 'running'`,
		a.ID, reads, a.runner)
	if err == nil && n == 0 {
		err = errLeaseLost
	}
	return err
}

// note writes a span down as read. It grows downward while its reading goes on, and ends with the posts it was read
// with.
func (t *timeline) note(tx db.Tx, span history.Span) {
	if span.Empty() {
		return
	}
	tx.Later(`INSERT INTO timeline_spans (account_id, last_id, first_id, user_id, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, last_id) DO UPDATE SET first_id = excluded.first_id
			WHERE timeline_spans.first_id > excluded.first_id`,
		t.id, int64(span.Last), int64(span.First), t.a.UserID, tx.Now().Add(t.s.c.KeepFor))
	t.read = t.read.With(span)
}
