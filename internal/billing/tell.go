package billing

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
)

// What billing tells people (package notice). What a change of the row means is told in the transaction that saves it;
// what the passing of time means, by TellGrace; what a start uses up, by the reservation that does so.

// graceWarning is how long before its end grace is warned of.
const graceWarning = 24 * time.Hour

// notify writes what a change of the row means to its user, and settles what is over by it.
func (s *Service) notify(ctx context.Context, tx db.Tx, old, now row) error {
	for _, f := range append(facts(old, now, tx.Now()), s.trialFacts(now, tx.Now())...) {
		if err := notice.Write(ctx, tx, f); err != nil {
			return err
		}
	}
	notice.Settle(tx, now.UserID, over(old, now)...)
	if old.Tier == now.Tier {
		return nil
	}
	return s.tellPeriod(ctx, tx, now.UserID)
}

// facts are what a change of the row means. A payment that failed and a plan that ended are told once for each period or
// subscription; changes that a person may make and take back are told once for each version of the row.
func facts(old, now row, at time.Time) []notice.Fact {
	var all []notice.Fact
	add := func(kind notice.Kind, subject string, d notice.Data) {
		d.Plan = now.Tier
		all = append(all, notice.Fact{UserID: now.UserID, Kind: kind, Subject: subject, Data: d})
	}
	same := old.SubscriptionID == now.SubscriptionID
	version := now.SubscriptionID + " " + now.UpdatedAt.Format(time.RFC3339Nano)
	told := same && old.unpaid() && (old.PeriodStart.Equal(now.PeriodStart) || old.Status == "unpaid" && now.Status == "unpaid") // nobody tries what is unpaid
	if now.unpaid() && !told {
		add(notice.PaymentFailed, now.owed(), notice.Data{Until: later(now.EntitledUntil, at)})
	}
	if !same {
		return all
	}
	if old.Status == "past_due" && now.Status == "unpaid" {
		add(notice.GraceEnded, old.owed(), notice.Data{})
	}
	if old.Tier != now.Tier && old.Tier != "" && now.Tier != "" && live(now.Status) {
		add(notice.PlanChanged, version, notice.Data{From: old.Tier})
	}
	if !old.cancelling() && now.cancelling() && live(now.Status) {
		add(notice.PlanCancelled, version, notice.Data{Until: now.endsAt()})
	}
	if live(old.Status) && old.Status != "incomplete" && !live(now.Status) {
		add(notice.PlanEnded, now.SubscriptionID, notice.Data{Until: later(now.EntitledUntil, at), Unpaid: old.unpaid()})
	}
	return all
}

// trialFacts tell that a trial will end, from three days before on. Stripe's word of that brings the row here; if it is
// lost, reconciling does.
func (s *Service) trialFacts(now row, at time.Time) []notice.Fact {
	if now.Status != "trialing" || now.cancelling() || at.Before(now.TrialEnd.Add(-trialWarning)) {
		return nil
	}
	ends := ""
	if now.NoCard {
		ends = cmp.Or(s.trial.WithoutCard, CancelWithoutCard)
	}
	return []notice.Fact{{
		UserID: now.UserID, Kind: notice.TrialEnding, Subject: now.SubscriptionID + " " + stamp(now.TrialEnd),
		Data: notice.Data{Plan: now.Tier, Until: now.TrialEnd, NoCard: ends},
	}}
}

// over lists what a change of the row makes untrue.
func over(old, now row) []notice.Kind {
	var kinds []notice.Kind
	if !now.unpaid() && old.unpaid() {
		kinds = append(kinds, notice.PaymentFailed, notice.GraceEnding, notice.GraceEnded)
	}
	if old.Status == "trialing" && (now.Status != "trialing" || now.cancelling()) {
		kinds = append(kinds, notice.TrialEnding)
	}
	if old.cancelling() && !(now.cancelling() && live(now.Status)) {
		kinds = append(kinds, notice.PlanCancelled)
	}
	if live(now.Status) && !live(old.Status) {
		kinds = append(kinds, notice.PlanEnded)
	}
	return kinds
}

func (r row) unpaid() bool { return r.Status == "past_due" || r.Status == "unpaid" }

// owed names the period whose payment failed.
func (r row) owed() string { return r.SubscriptionID + " " + stamp(r.PeriodStart) }

// endsAt is when a cancelled plan ends.
func (r row) endsAt() time.Time {
	if r.CancelAt.IsZero() || r.CancelAtPeriodEnd {
		return r.PeriodEnd
	}
	return r.CancelAt
}

// later is t if it is still to come, else nothing.
func later(t, now time.Time) time.Time {
	if t.After(now) {
		return t
	}
	return time.Time{}
}

// tellQuota writes that a reservation has reached four fifths or all of the quota. Each start reserves one unit, so one of
// them is at the mark exactly.
func (s *Service) tellQuota(ctx context.Context, tx db.Tx, userID string, r Reservation) error {
	taken := r.Used + r.Reserved
	if taken != r.Quota && taken != mark(r.Quota) {
		return nil
	}
	return writeQuota(ctx, tx, userID, r)
}

// mark is four fifths of a quota, rounded up.
func mark(quota int) int { return (quota*4 + 4) / 5 }

func writeQuota(ctx context.Context, tx db.Tx, userID string, r Reservation) error {
	kind, taken := notice.QuotaNearlyUsed, r.Used+r.Reserved
	if taken >= r.Quota {
		kind = notice.QuotaUsedUp
	}
	return notice.Write(ctx, tx, notice.Fact{
		UserID: userID, Kind: kind, Subject: stamp(r.PeriodStart) + " of " + strconv.Itoa(r.Quota),
		Data: notice.Data{Plan: r.Tier.Name, Until: r.PeriodEnd, Quota: r.Quota, Used: taken},
	})
}

// tellPeriod looks at the period in force after its quota changed: a smaller one may be used up by what was used before,
// and a larger one makes what was told of the smaller untrue.
func (s *Service) tellPeriod(ctx context.Context, tx db.Tx, userID string) error {
	r, err := db.One(ctx, tx, s.scanReservation, `SELECT period_start, period_end, tier, quota, used, reserved FROM quota_periods
		WHERE user_id = $1 AND `+newest+` AND period_end > $2 AND entitled_until > $2`, userID, tx.Now())
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.Used+r.Reserved < mark(r.Quota) {
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
		s.tellWhere(ctx, notice.GraceEnded, `entitled_until > $2 AND entitled_until <= $3 AND entitled_until >= s.period_start`, time.Time{}, now),
	)
}

// tellWhere writes a notice for every row that owes a payment, meets a condition, and was not told in the period owed.
func (s *Service) tellWhere(ctx context.Context, kind notice.Kind, where string, from, to time.Time) error {
	due, err := db.Read(ctx, s.db, db.System, scanRow, `SELECT `+rowColumns+` FROM subscriptions s WHERE status = 'past_due' AND `+where+`
		AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.user_id = s.user_id AND n.kind = $1 AND n.created_at >= s.period_start)
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
func (s *Service) tellStill(ctx context.Context, kind notice.Kind, r row) error {
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE subscriptions SET tier = tier WHERE id = $1 AND updated_at = $2 AND status = 'past_due'`, r.ID, r.UpdatedAt)
		if err != nil || n == 0 {
			return err
		}
		return notice.Write(ctx, tx, notice.Fact{UserID: r.UserID, Kind: kind, Subject: r.owed(), Data: notice.Data{Plan: r.Tier, Until: r.EntitledUntil}})
	})
}
