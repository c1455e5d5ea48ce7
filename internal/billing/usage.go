package billing

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

// Subscription is what a user should know of their plan. The zero value is none.
type Subscription struct {
	Tier              Tier          `json:"tier"`   // what they may use now; zero when nothing, whatever Plan says
	Plan              string        `json:"plan"`   // what they subscribed to, paid or not
	Status            string        `json:"status"` // Stripe's, or "creating", "checkout", "none"; "included" when billing is off
	PeriodStart       time.Time     `json:"period_start,omitzero"`
	PeriodEnd         time.Time     `json:"period_end,omitzero"`
	EntitledUntil     time.Time     `json:"entitled_until,omitzero"` // with grace, if there is any
	CancelAtPeriodEnd bool          `json:"cancel_at_period_end"`    // it will end, at CancelAt
	CancelAt          time.Time     `json:"cancel_at,omitzero"`
	Pending           PendingChange `json:"pending,omitzero"`     // a change that is not in force yet
	GraceUntil        time.Time     `json:"grace_until,omitzero"` // after a failed payment: the plan counts until then
	NextTry           time.Time     `json:"next_try,omitzero"`    // after a failed payment: when it is charged again
	TrialEnd          time.Time     `json:"trial_end,omitzero"`   // of a trial that runs
	NoCard            bool          `json:"no_card"`              // there is nothing to charge
}

// Allowance is a budget of one period.
type Allowance struct {
	Limit     int `json:"limit"`
	Used      int `json:"used"`
	Reserved  int `json:"reserved"`
	Remaining int `json:"remaining"`
}

func newAllowance(limit, used, reserved int) Allowance {
	return Allowance{limit, used, reserved, max(0, limit-used-reserved)}
}

// Usage is what is left of a user's plan. Without a plan every number is zero.
type Usage struct {
	Tier        Tier      `json:"tier"`
	Status      string    `json:"status"`
	PeriodStart time.Time `json:"period_start,omitzero"`
	PeriodEnd   time.Time `json:"period_end,omitzero"`
	Quota       Allowance `json:"quota"` // analyses
	Reads       Allowance `json:"reads"` // posts read from X; nothing is ever reserved
}

// statusIncluded is everyone's status when billing is off.
const statusIncluded = "included"

// Subscription reads the user's plan.
func (s *Service) Subscription(ctx context.Context, userID string) (Subscription, error) {
	r, err := s.rowOf(ctx, db.User(userID), userID)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return Subscription{}, err
	}
	return s.show(r), nil
}

// show says of a row what concerns its user.
func (s *Service) show(r row) Subscription {
	now := s.now()
	if s.off {
		start, end := month(now)
		return Subscription{Tier: s.tiers.Pro, Plan: s.tiers.Pro.Name, Status: statusIncluded, PeriodStart: start, PeriodEnd: end, EntitledUntil: end}
	}
	v := Subscription{
		Plan: r.tierAt(now), Status: r.Status, PeriodStart: r.PeriodStart, PeriodEnd: r.PeriodEnd, EntitledUntil: r.EntitledUntil,
		CancelAtPeriodEnd: r.cancelling(), CancelAt: r.CancelAt, NoCard: r.NoCard,
	}
	if r.CancelAtPeriodEnd && r.CancelAt.IsZero() {
		v.CancelAt = r.PeriodEnd
	}
	if r.EntitledUntil.After(now) {
		v.Tier = s.gives(v.Plan, r)
	}
	if r.Pending.At.After(now) && live(r.Status) {
		v.Pending = r.Pending
	}
	if r.Status == "trialing" {
		v.TrialEnd = r.TrialEnd
	}
	if r.Status == "past_due" {
		v.GraceUntil = r.EntitledUntil
		v.NextTry = later(r.NextTry, now)
	}
	return v
}

// Usage tells what is left, in one round trip.
func (s *Service) Usage(ctx context.Context, userID string) (Usage, error) {
	st, err := s.standing(ctx, db.User(userID), userID)
	if err != nil {
		return Usage{}, err
	}
	p, _ := s.inForce(st, s.now())
	u := Usage{Tier: s.tiers.named(p.Tier), Status: st.sub.Status}
	if s.off {
		u.Status = statusIncluded
	}
	if !p.none() {
		u.PeriodStart, u.PeriodEnd = p.Start, p.End
		u.Quota = newAllowance(p.Quota, p.Used, p.Reserved)
		u.Reads = newAllowance(p.ReadsLimit, p.ReadsUsed, 0)
	}
	return u, nil
}

// standing is what the two tables say of a user; of sub only what entitlement needs.
type standing struct {
	sub    row
	period period // the newest that began; zero when there is none
}

const standingQuery = `SELECT COALESCE(s.tier, ''), COALESCE(s.status, ''), s.period_start, s.period_end, s.entitled_until,
	COALESCE(s.pending_tier, ''), COALESCE(s.pending_how, ''), s.pending_at, s.trial_end,
	q.period_start, q.period_end, q.entitled_until, COALESCE(q.tier, ''), COALESCE(q.quota, 0), COALESCE(q.reserved, 0), COALESCE(q.used, 0),
	COALESCE(q.reads_limit, 0), COALESCE(q.reads_used, 0)
	FROM (SELECT 1 AS one) o LEFT JOIN subscriptions s ON s.user_id = $1
	LEFT JOIN (SELECT * FROM quota_periods WHERE user_id = $1 AND period_start <= $2 ORDER BY period_start DESC LIMIT 1) q ON TRUE`

func (s *Service) standing(ctx context.Context, actor db.Actor, userID string) (standing, error) {
	return db.ReadOne(ctx, s.db, actor, scanStanding, standingQuery, userID, s.now())
}

func scanStanding(rows db.Rows, v *standing) error {
	var at [8]*time.Time
	p := &v.period
	err := rows.Scan(&v.sub.Tier, &v.sub.Status, &at[0], &at[1], &at[2], &v.sub.Pending.Tier, &v.sub.Pending.How, &at[6], &at[7], &at[3], &at[4], &at[5],
		&p.Tier, &p.Quota, &p.Reserved, &p.Used, &p.ReadsLimit, &p.ReadsUsed)
	v.sub.PeriodStart, v.sub.PeriodEnd, v.sub.EntitledUntil = orZero(at[0]), orZero(at[1]), orZero(at[2])
	v.sub.Pending.At, v.sub.TrialEnd = orZero(at[6]), orZero(at[7])
	p.Start, p.End, p.EntitledUntil = orZero(at[3]), orZero(at[4]), orZero(at[5])
	return err
}

// inForce is the period a user is in, and whether its ledger row is there already. Without a plan it is none.
func (s *Service) inForce(st standing, now time.Time) (p period, open bool) {
	if s.off {
		return s.included(st.period, now)
	}
	tier := s.gives(st.sub.tierAt(now), st.sub)
	if tier.Name == "" || !now.Before(st.sub.EntitledUntil) {
		return period{}, false
	}
	if st.period.covers(now) {
		return st.period, true
	}
	start, end := st.sub.PeriodStart, st.sub.PeriodEnd
	if !now.Before(end) { // the renewal is late: go on for now, from where Stripe's next period will begin
		start, end = end, nextMonth(end)
	}
	return newPeriod(tier, start, end, st.sub.EntitledUntil), false
}

// included is the period in force when billing is off. A period from before it was switched off goes on as pro.
func (s *Service) included(newest period, now time.Time) (p period, open bool) {
	start, end := month(now)
	switch {
	case newest.covers(now) && newest.Tier == s.tiers.Pro.Name:
		return newest, true
	case newest.covers(now):
		p = newPeriod(s.tiers.Pro, newest.Start, newest.End, newest.End)
		p.Used, p.Reserved, p.ReadsUsed = newest.Used, newest.Reserved, newest.ReadsUsed
		return p, false
	case newest.Start.After(start) && newest.EntitledUntil.Before(newest.End):
		start = newest.EntitledUntil
	case newest.Start.After(start):
		start = newest.End
	}
	return newPeriod(s.tiers.Pro, start, end, end), false
}

// month is the calendar month of UTC around now.
func month(now time.Time) (start, end time.Time) {
	start = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	return start, start.AddDate(0, 1, 0)
}

// nextMonth is the same day a month on, or that month's last day.
func nextMonth(t time.Time) time.Time {
	next := t.AddDate(0, 1, 0)
	if next.Day() != t.Day() { // 31 January + 1 month overflows into March
		next = next.AddDate(0, 0, -next.Day())
	}
	return next
}
