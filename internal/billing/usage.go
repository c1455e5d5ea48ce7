package billing

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/plan"
)

// Subscription is what a user should know of their plan. The zero value is none.
type Subscription struct {
	Tier plan.Tier `json:"tier"` // what they may use now; zero when nothing, whatever Plan says
	Plan string    `json:"plan"` // what they subscribed to, paid or not
	// Stripe's, or "creating", "checkout", "none"; "included" when billing is off
	Status            plan.Status        `json:"status"`
	PeriodStart       time.Time          `json:"period_start,omitzero"`
	PeriodEnd         time.Time          `json:"period_end,omitzero"`
	EntitledUntil     time.Time          `json:"entitled_until,omitzero"` // with grace, if there is any
	CancelAtPeriodEnd bool               `json:"cancel_at_period_end"`    // it will end, at CancelAt
	CancelAt          time.Time          `json:"cancel_at,omitzero"`
	Pending           plan.PendingChange `json:"pending,omitzero"` // a change that is not in force yet
	// after a failed payment: the plan counts until then
	GraceUntil time.Time `json:"grace_until,omitzero"`
	NextTry    time.Time `json:"next_try,omitzero"`  // after a failed payment: when it is charged again
	TrialEnd   time.Time `json:"trial_end,omitzero"` // of a trial that runs
	NoCard     bool      `json:"no_card"`            // there is nothing to charge

	ChangesAt time.Time `json:"-"` // when time alone may change the above; zero if it does not
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
	Tier        plan.Tier   `json:"tier"`
	Status      plan.Status `json:"status"`
	PeriodStart time.Time   `json:"period_start,omitzero"`
	PeriodEnd   time.Time   `json:"period_end,omitzero"`
	Quota       Allowance   `json:"quota"` // analyses
	Reads       Allowance   `json:"reads"` // posts read from X; a page that is under way counts as used

	ChangesAt time.Time `json:"-"` // when time alone may change the above; zero if it does not
}

// Subscription reads the user's plan.
func (s *Service) Subscription(ctx context.Context, userID string) (Subscription, error) {
	r, err := s.rowOf(ctx, db.User(userID), userID)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return Subscription{}, err
	}
	return s.show(r), nil
}

// SubscriptionAndUsage reads both in one round trip.
func (s *Service) SubscriptionAndUsage(ctx context.Context, userID string) (Subscription, Usage, error) {
	var row plan.Row
	var st plan.Standing
	var found, known bool
	err := s.db.Ask(ctx, db.User(userID),
		db.Maybe(scanRow, &row, &found, rowQuery, userID),
		db.Maybe(scanStanding, &st, &known, standingQuery, userID, s.now()))
	if err != nil {
		return Subscription{}, Usage{}, err
	}
	return s.show(row), s.showUsage(st), nil
}

// show says of a row what concerns its user.
func (s *Service) show(r plan.Row) Subscription {
	now := s.now()
	if s.off {
		start, end := plan.Month(now)
		return Subscription{
			Tier: s.offer.Pro, Plan: s.offer.Pro.Name, Status: plan.Included,
			PeriodStart: start, PeriodEnd: end, EntitledUntil: end, ChangesAt: end,
		}
	}
	v := Subscription{
		ChangesAt: plan.Standing{Sub: r}.Moment(now),
		Plan:      r.TierAt(now), Status: r.Status,
		PeriodStart: r.PeriodStart, PeriodEnd: r.PeriodEnd, EntitledUntil: r.EntitledUntil,
		CancelAtPeriodEnd: r.Cancelling(), CancelAt: r.CancelAt, NoCard: r.NoCard,
	}
	if r.CancelAtPeriodEnd && r.CancelAt.IsZero() {
		v.CancelAt = r.PeriodEnd
	}
	if r.EntitledUntil.After(now) {
		v.Tier = s.offer.Gives(v.Plan, r)
	}
	if r.Pending.At.After(now) && r.Status.Live() && !r.Cancelling() {
		v.Pending = r.Pending
	}
	if r.Status == plan.Trialing {
		v.TrialEnd = r.TrialEnd
	}
	if r.Status == plan.PastDue {
		v.GraceUntil = r.EntitledUntil
		v.NextTry = plan.Later(r.NextTry, now)
	}
	return v
}

// Usage tells what is left, in one round trip.
func (s *Service) Usage(ctx context.Context, userID string) (Usage, error) {
	st, err := s.standing(ctx, db.User(userID), userID)
	if err != nil {
		return Usage{}, err
	}
	return s.showUsage(st), nil
}

// showUsage says how a user stands.
func (s *Service) showUsage(st plan.Standing) Usage {
	now := s.now()
	p, _ := s.inForce(st, now)
	u := Usage{Tier: s.offer.Named(p.Tier), Status: st.Sub.Status, ChangesAt: st.Moment(now)}
	if s.off {
		u.Status = plan.Included
		_, month := plan.Month(now)
		u.ChangesAt = st.Moment(now, month)
	}
	if !p.None() {
		u.PeriodStart, u.PeriodEnd = p.Start, p.End
		u.Quota = newAllowance(p.Quota, p.Used, p.Reserved)
		u.Reads = newAllowance(p.ReadsLimit, p.ReadsUsed, 0)
	}
	return u
}

const standingQuery = `SELECT COALESCE(s.tier, ''), COALESCE(s.status, ''), s.period_start, s.period_end,
	s.entitled_until,
	COALESCE(s.pending_tier, ''), COALESCE(s.pending_how, ''), s.pending_at, s.trial_end,
	q.period_start, q.period_end, q.entitled_until, COALESCE(q.tier, ''), COALESCE(q.quota, 0), COALESCE(q.reserved, 0), COALESCE(q.used, 0),
	COALESCE(q.reads_limit, 0), COALESCE(q.reads_used, 0),
	(SELECT min(period_start) FROM quota_periods WHERE user_id = $1 AND period_start > $2)
	FROM (SELECT 1 AS one) o LEFT JOIN subscriptions s ON s.user_id = $1
	LEFT JOIN (SELECT * FROM quota_periods WHERE user_id = $1 AND period_start <= $2 ORDER BY period_start DESC
		LIMIT 1) q ON TRUE`

func (s *Service) standing(ctx context.Context, actor db.Actor, userID string) (plan.Standing, error) {
	return db.ReadOne(ctx, s.db, actor, scanStanding, standingQuery, userID, s.now())
}

func scanStanding(rows db.Rows, v *plan.Standing) error {
	var at [9]*time.Time
	p := &v.Period
	err := rows.Scan(&v.Sub.Tier, &v.Sub.Status, &at[0], &at[1], &at[2], &v.Sub.Pending.Tier, &v.Sub.Pending.How,
		&at[6], &at[7], &at[3], &at[4], &at[5],
		&p.Tier, &p.Quota, &p.Reserved, &p.Used, &p.ReadsLimit, &p.ReadsUsed, &at[8])
	v.Sub.PeriodStart, v.Sub.PeriodEnd, v.Sub.EntitledUntil = orZero(at[0]), orZero(at[1]), orZero(at[2])
	v.Sub.Pending.At, v.Sub.TrialEnd, v.Next = orZero(at[6]), orZero(at[7]), orZero(at[8])
	p.Start, p.End, p.EntitledUntil = orZero(at[3]), orZero(at[4]), orZero(at[5])
	return err
}

// inForce is the period a user is in, and whether its ledger row is there already. Without a plan it is none.
func (s *Service) inForce(st plan.Standing, now time.Time) (p plan.Period, open bool) {
	if s.off {
		return s.offer.Included(st.Period, now)
	}
	return s.offer.InForce(st, now)
}
