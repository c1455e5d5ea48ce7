package billing

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/plan"
)

// What billing tells people (package notice). What a change of the row means is told in the transaction that saves it;
// what the passing of time means, by TellGrace; what a start uses up, by the reservation that does so.

// graceWarning is how long before its end grace is warned of.
const graceWarning = 24 * time.Hour

// notify writes what a change of the row means to its user, and settles what is over by it.
func (s *Service) notify(ctx context.Context, tx db.Tx, old, now plan.Row) error {
	for _, f := range append(plan.Facts(old, now, tx.Now()), s.offer.TrialFacts(now, tx.Now())...) {
		if err := notice.Write(ctx, tx, noticeOf(now.UserID, f)); err != nil {
			return err
		}
	}
	for _, k := range plan.Over(old, now) {
		notice.Settle(tx, now.UserID, notice.Kind(k))
	}
	if old.Tier == now.Tier {
		return nil
	}
	return s.tellPeriod(ctx, tx, now.UserID)
}

// noticeOf is the notice that carries a fact to its user.
func noticeOf(userID string, f plan.Fact) notice.Fact {
	return notice.Fact{
		UserID: userID, Kind: notice.Kind(f.Kind), Subject: f.Subject,
		Data: notice.Data{Plan: f.Plan, From: f.From, Until: f.Until, Unpaid: f.Unpaid, NoCard: f.NoCard},
	}
}

// tellQuota writes that a reservation has reached four fifths or all of the quota. Each start reserves one unit, so one
// of them is at the mark exactly.
func (s *Service) tellQuota(ctx context.Context, tx db.Tx, userID string, r Reservation) error {
	taken := r.Used + r.Reserved
	if taken != r.Quota && taken != plan.NearlyUsed(r.Quota) {
		return nil
	}
	return writeQuota(ctx, tx, userID, r)
}

func writeQuota(ctx context.Context, tx db.Tx, userID string, r Reservation) error {
	kind, taken := notice.QuotaNearlyUsed, r.Used+r.Reserved
	if taken >= r.Quota {
		kind = notice.QuotaUsedUp
	}
	return notice.Write(ctx, tx, notice.Fact{
		UserID: userID, Kind: kind, Subject: plan.Stamp(r.PeriodStart) + " of " + strconv.Itoa(r.Quota),
		Data: notice.Data{Plan: r.Tier.Name, Until: r.PeriodEnd, Quota: r.Quota, Used: taken},
	})
}

// tellPeriod looks at the period in force after its quota changed: a smaller one may be used up by what was used
// before, and a larger one makes what was told of the smaller untrue.
func (s *Service) tellPeriod(ctx context.Context, tx db.Tx, userID string) error {
	r, err := db.One(ctx, tx, s.scanReservation,
		`SELECT period_start, period_end, tier, quota, used, reserved FROM quota_periods
		WHERE user_id = $1 AND `+newest+` AND period_end > $2 AND entitled_until > $2`, userID, tx.Now())
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.Used+r.Reserved < plan.NearlyUsed(r.Quota) {
		notice.Settle(tx, userID, notice.QuotaNearlyUsed, notice.QuotaUsedUp)
		return nil
	}
	return writeQuota(ctx, tx, userID, r)
}

// graceBatch bounds one look at whose grace ends; the next look goes on.
const graceBatch = 200

// TellGrace writes the notices that only time makes: that grace ends within a day, and that it has ended. It may run in
// any number of processes at once.
func (s *Service) TellGrace(ctx context.Context) error {
	if s.off {
		return nil
	}
	now := s.now()
	return errors.Join(
		s.tellWhere(ctx, notice.GraceEnding, `entitled_until > $2 AND entitled_until <= $3`, now, now.Add(graceWarning)),
		s.tellWhere(ctx, notice.GraceEnded,
			`entitled_until > $2 AND entitled_until <= $3 AND entitled_until >= s.period_start`, time.Time{}, now),
	)
}

// tellWhere writes a notice for every row that owes a payment, meets a condition, and was not told in the period owed.
func (s *Service) tellWhere(ctx context.Context, kind notice.Kind, where string, from, to time.Time) error {
	due, err := db.Read(ctx, s.db, db.System, scanRow,
		`SELECT `+rowColumns+` FROM subscriptions s WHERE status = 'past_due' AND `+where+`
		AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.user_id = s.user_id AND n.kind = $1
			AND n.created_at >= s.period_start)
		ORDER BY entitled_until LIMIT $4`, string(kind), from, to, graceBatch)
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range due {
		failed = append(failed, s.tellStill(ctx, kind, r))
	}
	return errors.Join(failed...)
}

// tellStill writes the notice if the row is what it was when it was read. It holds the row meanwhile, so that a payment
// that is mirrored at the same time comes wholly before or wholly after.
func (s *Service) tellStill(ctx context.Context, kind notice.Kind, r plan.Row) error {
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE subscriptions SET tier = tier WHERE id = $1 AND updated_at = $2
			AND status = 'past_due'`, r.ID, r.UpdatedAt)
		if err != nil || n == 0 {
			return err
		}
		return notice.Write(ctx, tx, notice.Fact{
			UserID: r.UserID, Kind: kind, Subject: r.Owed(),
			Data: notice.Data{Plan: r.Tier, Until: r.EntitledUntil},
		})
	})
}
