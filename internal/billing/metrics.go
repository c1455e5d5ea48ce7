package billing

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// Metrics are figures of the whole service over a window, defined in docs/billing.md. Money is cents of a US dollar.
type Metrics struct {
	From, To time.Time
	MRRCents int         // at To
	Tiers    []TierCount // at To, tiers on sale, cheapest first
	Trialing int         // at To; part of no other figure
	PastDue  int         // at To, of those who pay

	Began int // who pay at To and did not at From
	Ended int // who paid at From and do not at To
	Paid  int // who paid at From

	FailedPayments int // invoices of which a payment failed in the window
	FailedCents    int // what they asked for
	Recovered      int // of them, paid since

	Refunds       int // made in the window
	RefundedCents int
	Disputes      int // begun in the window
	DisputedCents int
	DisputesWon   int // of them, by the operator
	DisputesLost  int
}

// TierCount is who pays for a tier.
type TierCount struct {
	Tier     string
	Active   int
	MRRCents int
}

// Churn is the share of those who paid at From that does not at To, from 0 to 1.
func (m Metrics) Churn() float64 {
	if m.Paid == 0 {
		return 0
	}
	return float64(m.Ended) / float64(m.Paid)
}

// maxWindow bounds a window of metrics.
const maxWindow = 366 * 24 * time.Hour

// Metrics computes the figures from what was mirrored. Zero times mean the 30 days until now.
func (s *Service) Metrics(ctx context.Context, from, to time.Time) (Metrics, error) {
	if to.IsZero() {
		to = s.now()
	}
	if from.IsZero() {
		from = to.AddDate(0, 0, -30)
	}
	if !from.Before(to) || to.Sub(from) > maxWindow {
		const say = "The window must begin before it ends, and be no longer than a year."
		return Metrics{}, fault.ValidationFailed.Saying(say).At("query.from", say)
	}
	m := Metrics{From: from.UTC(), To: to.UTC()}
	return m, errors.Join(s.countTiers(ctx, &m), s.countChurn(ctx, &m), s.countFailures(ctx, &m), s.countReturns(ctx, &m))
}

// MetricsOver computes the figures of a window that ends now.
func (s *Service) MetricsOver(ctx context.Context, window time.Duration) (Metrics, error) {
	now := s.now()
	return s.Metrics(ctx, now.Add(-window), now)
}

// asOf picks each user's last change up to an instant.
const asOf = `(SELECT c.user_id, c.tier, c.status, c.monthly_cents, row_number() OVER (PARTITION BY c.user_id
	ORDER BY c.changed_at DESC, c.id DESC) AS n
	FROM subscription_changes c WHERE c.changed_at <= $1)`

// paying are the states in which a subscription earns: also while a failed payment is tried again.
const paying = `('active', 'past_due')`

func (s *Service) countTiers(ctx context.Context, m *Metrics) error {
	type line struct {
		tier         string
		status       plan.Status
		users, cents int
	}
	all, err := db.Read(ctx, s.db, db.System,
		func(r db.Rows, v *line) error { return r.Scan(&v.tier, &v.status, &v.users, &v.cents) },
		`SELECT tier, status, count(*), CAST(sum(monthly_cents) AS bigint) FROM `+asOf+` x
		WHERE n = 1 AND status IN ('active', 'past_due', 'trialing') GROUP BY tier, status`, m.To)
	for _, t := range s.Plans() {
		count := TierCount{Tier: t.Name}
		for _, l := range all {
			if l.tier == t.Name && l.status != plan.Trialing {
				count.Active += l.users
				count.MRRCents += l.cents
			}
		}
		m.MRRCents += count.MRRCents
		m.Tiers = append(m.Tiers, count)
	}
	for _, l := range all {
		switch l.status {
		case plan.Trialing:
			m.Trialing += l.users
		case plan.PastDue:
			m.PastDue += l.users
		}
	}
	return err
}

func (s *Service) countChurn(ctx context.Context, m *Metrics) error {
	got, err := db.ReadOne(ctx, s.db, db.System,
		func(r db.Rows, v *Metrics) error { return r.Scan(&v.Paid, &v.Ended, &v.Began) },
		`SELECT count(*) FILTER (WHERE was = 1), count(*) FILTER (WHERE was = 1
			AND is_now = 0), count(*) FILTER (WHERE was = 0 AND is_now = 1) FROM
		(SELECT c.user_id,
			max(CASE WHEN c.last_before = 1 AND c.status IN `+paying+` THEN 1 ELSE 0 END) AS was,
			max(CASE WHEN c.last_ever = 1 AND c.status IN `+paying+` THEN 1 ELSE 0 END) AS is_now
		FROM (SELECT user_id, status,
			row_number() OVER (PARTITION BY user_id ORDER BY changed_at DESC, id DESC) AS last_ever,
			CASE WHEN changed_at <= $2 THEN row_number() OVER (PARTITION BY user_id, changed_at <= $2 ORDER BY changed_at DESC, id DESC) ELSE 0 END AS last_before
			FROM subscription_changes WHERE changed_at <= $1) c
		GROUP BY c.user_id) u`, m.To, m.From)
	m.Paid, m.Ended, m.Began = got.Paid, got.Ended, got.Began
	return err
}

func (s *Service) countFailures(ctx context.Context, m *Metrics) error {
	got, err := db.ReadOne(ctx, s.db, db.System, func(r db.Rows, v *Metrics) error {
		return r.Scan(&v.FailedPayments,
			&v.FailedCents, &v.Recovered)
	},
		`SELECT count(*), CAST(COALESCE(sum(cents), 0) AS bigint), count(*) FILTER (WHERE EXISTS
			(SELECT 1 FROM stripe_events p WHERE p.type = 'invoice.paid' AND p.object_id = f.object_id))
		FROM (SELECT object_id, max(CAST(payload -> 'data' -> 'object' ->> 'amount_due' AS bigint)) AS cents
			FROM stripe_events
			WHERE type = 'invoice.payment_failed' AND CAST(payload ->> 'created' AS bigint) > $1
				AND CAST(payload ->> 'created' AS bigint) <= $2
			GROUP BY object_id) f`, m.From.Unix(), m.To.Unix())
	m.FailedPayments, m.FailedCents, m.Recovered = got.FailedPayments, got.FailedCents, got.Recovered
	return err
}

// noteWorth writes down what a mirrored subscription is worth from now on, if that is another than before.
func noteWorth(ctx context.Context, tx db.Tx, r plan.Row, cents int64) error {
	type worth struct {
		tier, status string
		cents        int64
	}
	last, err := db.One(ctx, tx, func(rows db.Rows, v *worth) error { return rows.Scan(&v.tier, &v.status, &v.cents) },
		`SELECT tier, status, monthly_cents FROM subscription_changes WHERE user_id = $1 ORDER BY changed_at DESC, id DESC
			LIMIT 1`, r.UserID)
	if err != nil && !errors.Is(err, db.ErrNotFound) || err == nil && last == (worth{r.Tier, string(r.Status), cents}) {
		return err
	}
	tx.Later(`INSERT INTO subscription_changes (id, user_id, changed_at, tier, status, monthly_cents)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		db.NewID(), r.UserID, tx.Now(), r.Tier, string(r.Status), cents)
	return nil
}

// countReturns adds what went back in the window to the metrics.
func (s *Service) countReturns(ctx context.Context, m *Metrics) error {
	got, err := db.ReadOne(ctx, s.db, db.System, func(r db.Rows, v *Metrics) error {
		return r.Scan(&v.Refunds, &v.RefundedCents, &v.Disputes, &v.DisputedCents, &v.DisputesWon, &v.DisputesLost)
	}, `SELECT count(*) FILTER (WHERE kind = 'refund'), CAST(COALESCE(sum(cents) FILTER (WHERE kind = 'refund'), 0) AS
		bigint),
		count(*) FILTER (WHERE kind = 'dispute'), CAST(COALESCE(sum(cents) FILTER (WHERE kind = 'dispute'), 0) AS bigint),
		count(*) FILTER (WHERE kind = 'dispute' AND status = 'won'), count(*) FILTER (WHERE kind = 'dispute'
			AND status = 'lost')
		FROM payment_returns WHERE at > $1 AND at <= $2 AND status NOT IN ('failed', 'canceled')`, m.From, m.To)
	m.Refunds, m.RefundedCents, m.Disputes, m.DisputedCents = got.Refunds, got.RefundedCents, got.Disputes,
		got.DisputedCents
	m.DisputesWon, m.DisputesLost = got.DisputesWon, got.DisputesLost
	return err
}
