package billing

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// ErrNoPeriod means that no ledger row could be taken from: none covers this moment, or it is full. Leave the
// transaction and call [Service.EnsurePeriod], which knows why.
var ErrNoPeriod = errors.New("billing: no period to reserve from")

var errNoReservation = errors.New("billing: this period holds no such reservation")

// Reservation is one unit of quota held for an analysis. Keep PeriodStart: Commit and Release need it, even when
// the period has ended by then.
type Reservation struct {
	PeriodStart, PeriodEnd time.Time
	Tier                   plan.Tier
	Quota, Used, Reserved  int // of the period, this unit included
}

// newest is the condition that picks the period in force of user $1 at $2. The period that began last decides, even
// when it no longer counts, so that an earlier one can never be spent again.
const newest = `period_start = (SELECT max(p.period_start) FROM quota_periods p WHERE p.user_id = $1
	AND p.period_start <= $2)`

// Reserve takes one unit in the caller's transaction: one statement, so that of any number of callers at the last unit
// exactly one gets it.
func (s *Service) Reserve(ctx context.Context, tx db.Tx, userID string) (Reservation, error) {
	r, err := db.One(ctx, tx, s.scanReservation, `UPDATE quota_periods SET reserved = reserved + 1
		WHERE user_id = $1 AND `+newest+` AND period_end > $2 AND entitled_until > $2 AND used + reserved < quota
		RETURNING period_start, period_end, tier, quota, used, reserved`, userID, tx.Now())
	if errors.Is(err, db.ErrNotFound) {
		err = ErrNoPeriod
	}
	if err == nil {
		tx.Touch(userID)
		err = s.tellQuota(ctx, tx, userID, r)
	}
	return r, err
}

// Taking is Reserve as a part of a larger statement on PostgreSQL, in which $1 is the user and $2 the moment. It takes
// a unit only where a condition holds, and only while less than three quarters of the quota are taken: there is nothing
// to be told of then. [Service.ScanTaken] reads what it returns. Whoever gets no row asks Reserve, which knows why.
func Taking(condition string) string {
	return `UPDATE quota_periods SET reserved = reserved + 1
		WHERE user_id = $1 AND ` + newest + ` AND period_end > $2 AND entitled_until > $2
			AND 4 * (used + reserved + 1) < 3 * quota AND ` + condition + `
		RETURNING period_start, period_end, tier, quota, used, reserved`
}

// ScanTaken reads what [Taking] has returned, and the columns behind it.
func (s *Service) ScanTaken(rows db.Rows, v *Reservation, more ...any) error {
	var tier string
	err := rows.Scan(append([]any{&v.PeriodStart, &v.PeriodEnd, &tier, &v.Quota, &v.Used, &v.Reserved}, more...)...)
	v.PeriodStart, v.PeriodEnd, v.Tier = v.PeriodStart.UTC(), v.PeriodEnd.UTC(), s.offer.Named(tier)
	return err
}

func (s *Service) scanReservation(rows db.Rows, v *Reservation) error { return s.ScanTaken(rows, v) }

// Commit turns a reservation into use: the analysis completed.
func (s *Service) Commit(ctx context.Context, tx db.Tx, userID string, periodStart time.Time) error {
	return settle(ctx, tx, `reserved = reserved - 1, used = used + 1`, userID, periodStart)
}

// Release gives a reservation back: the analysis failed or was cancelled.
func (s *Service) Release(ctx context.Context, tx db.Tx, userID string, periodStart time.Time) error {
	return settle(ctx, tx, `reserved = reserved - 1`, userID, periodStart)
}

func settle(ctx context.Context, tx db.Tx, set, userID string, periodStart time.Time) error {
	tx.Touch(userID)
	n, err := tx.Exec(ctx, `UPDATE quota_periods SET `+set+` WHERE user_id = $1 AND period_start = $2 AND reserved > 0`,
		userID, periodStart)
	if err == nil && n == 0 {
		err = errNoReservation
	}
	return err
}

// ReserveReads takes up to n reads from X out of the period's budget and tells how many it got. It is called before X
// is asked, so that runs at the same time cannot overspend; what X did not deliver goes back with
// [Service.ReturnReads]. None left is [fault.XBudgetExceeded]. The row stays locked until the transaction ends.
func (s *Service) ReserveReads(ctx context.Context, tx db.Tx, userID string, periodStart time.Time,
	n int,
) (granted int, err error) {
	if n <= 0 {
		return 0, nil
	}
	p, err := db.One(ctx, tx, scanPeriod,
		`UPDATE quota_periods SET reads_used = reads_used WHERE user_id = $1 AND period_start = $2
		RETURNING `+periodColumns, userID, periodStart)
	if err != nil {
		return 0, err
	}
	granted = min(n, p.ReadsLimit-p.ReadsUsed)
	if granted <= 0 {
		return 0, fault.XBudgetExceeded.After(plan.Wait(p.End, tx.Now()))
	}
	tx.Touch(userID)
	tx.Later(`UPDATE quota_periods SET reads_used = reads_used + $3 WHERE user_id = $1 AND period_start = $2`, userID,
		periodStart, granted)
	return granted, nil
}

// ReturnReads gives back reads that were reserved and not used.
func (s *Service) ReturnReads(tx db.Tx, userID string, periodStart time.Time, n int) {
	if n > 0 {
		tx.Touch(userID)
		tx.Later(`UPDATE quota_periods SET reads_used = reads_used - $3 WHERE user_id = $1 AND period_start = $2
			AND reads_used >= $3`,
			userID, periodStart, n)
	}
}

// ChargeReads counts reads that X charged for although their reservation was given back meanwhile. What was spent was
// spent, so the limit does not stop it.
func (s *Service) ChargeReads(tx db.Tx, userID string, periodStart time.Time, n int) {
	if n > 0 {
		tx.Touch(userID)
		tx.Later(`UPDATE quota_periods SET reads_used = reads_used + $3 WHERE user_id = $1 AND period_start = $2`,
			userID, periodStart, n)
	}
}

// EnsurePeriod makes the ledger row that Reserve takes from, rolling a period on that ended while the renewal is still
// to be heard of. It returns nil when there is something to reserve, [fault.SubscriptionRequired] without a plan, and
// [fault.QuotaExceeded], with the time until the period ends, when all is used.
func (s *Service) EnsurePeriod(ctx context.Context, userID string) error {
	st, err := s.standing(ctx, db.System, userID)
	if err != nil {
		return err
	}
	now := s.now()
	due, open := s.inForce(st, now)
	if !open && !due.None() {
		due, err = s.open(ctx, userID, now)
	}
	switch {
	case err != nil:
		return err
	case due.None():
		return fault.SubscriptionRequired
	case due.Used+due.Reserved >= due.Quota:
		return fault.QuotaExceeded.After(plan.Wait(due.End, now))
	}
	return nil
}

// open writes the row of the period in force. It holds the subscription's row meanwhile, so that a cancellation that is
// mirrored at the same time comes wholly before or wholly after.
func (s *Service) open(ctx context.Context, userID string, now time.Time) (plan.Period, error) {
	var due plan.Period
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		var st plan.Standing
		var err error
		st.Sub, err = db.One(ctx, tx, scanRow,
			`UPDATE subscriptions SET tier = tier WHERE user_id = $1 RETURNING `+rowColumns, userID)
		if s.off && errors.Is(err, db.ErrNotFound) {
			err = nil
		}
		if err != nil {
			return err
		}
		st.Period, err = db.One(ctx, tx, scanPeriod,
			`SELECT `+periodColumns+` FROM quota_periods WHERE user_id = $1 AND `+newest, userID, now)
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		if due, _ = s.inForce(st, now); due.None() {
			return nil
		}
		tx.Touch(userID)
		due, err = db.One(ctx, tx, scanPeriod, upsertPeriod+` RETURNING `+periodColumns, periodArgs(due, userID)...)
		return err
	})
	return due, err
}

const periodColumns = `period_start, period_end, entitled_until, tier, quota, reserved, used, reads_limit, reads_used`

// upsertPeriod keeps what was used.
const upsertPeriod = `INSERT INTO quota_periods (user_id, period_start, period_end, entitled_until, tier, quota,
	reads_limit) VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (user_id, period_start) DO UPDATE SET period_end = excluded.period_end, entitled_until =
		excluded.entitled_until,
	tier = excluded.tier, quota = excluded.quota, reads_limit = excluded.reads_limit`

func periodArgs(p plan.Period, userID string) []any {
	return []any{userID, p.Start, p.End, p.EntitledUntil, p.Tier, p.Quota, p.ReadsLimit}
}

func scanPeriod(rows db.Rows, v *plan.Period) error {
	err := rows.Scan(&v.Start, &v.End, &v.EntitledUntil, &v.Tier, &v.Quota, &v.Reserved, &v.Used, &v.ReadsLimit,
		&v.ReadsUsed)
	v.Start, v.End, v.EntitledUntil = v.Start.UTC(), v.End.UTC(), v.EntitledUntil.UTC()
	return err
}

// openLedger makes the ledger agree with a mirrored row, in the same transaction. Use and reservations stay.
func (s *Service) openLedger(tx db.Tx, r plan.Row) {
	tx.Touch(r.UserID)
	tier := s.offer.Gives(r.Tier, r)
	if tier.Name == "" || !r.EntitledUntil.After(r.PeriodStart) {
		tx.Later(`UPDATE quota_periods SET entitled_until = $2 WHERE user_id = $1 AND entitled_until > $2`, r.UserID,
			tx.Now())
		return
	}
	tx.Later(upsertPeriod, periodArgs(plan.NewPeriod(tier, r.PeriodStart, r.PeriodEnd, r.EntitledUntil), r.UserID)...)
	// A later row was rolled on before the renewal was heard of: it counts no longer than the subscription does.
	later := s.offer.Gives(r.TierAt(r.PeriodEnd), r)
	tx.Later(`UPDATE quota_periods SET entitled_until = $3, tier = $4, quota = $5, reads_limit = $6 WHERE user_id = $1
		AND period_start > $2`,
		r.UserID, r.PeriodStart, r.EntitledUntil, later.Name, later.Quota, later.Reads)
	// An earlier row ends where this one begins.
	until := tx.Now()
	if r.PeriodStart.After(until) {
		until = r.PeriodStart
	}
	tx.Later(`UPDATE quota_periods SET entitled_until = $3 WHERE user_id = $1 AND period_start < $2
		AND entitled_until > $3`, r.UserID, r.PeriodStart, until)
}

// ReadsPeriod is the period whose reads a user may take from now, with its ledger row made if need be. Error:
// [fault.SubscriptionRequired] without a plan.
func (s *Service) ReadsPeriod(ctx context.Context, userID string) (start time.Time, err error) {
	// analyses are not asked for
	if err := s.EnsurePeriod(ctx, userID); err != nil && !errors.Is(err, fault.QuotaExceeded) {
		return start, err
	}
	u, err := s.Usage(ctx, userID)
	return u.PeriodStart, err
}
