package billing

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

const rowColumns = `id, user_id, stripe_customer_id, COALESCE(stripe_subscription_id, ''), tier, status,
	period_start, period_end, entitled_until, cancel_at, cancel_at_period_end, pending_tier, pending_how, pending_at, trial_end, no_card, next_try_at, created_at, updated_at`

func scanRow(rows db.Rows, v *plan.Row) error {
	var start, end, until, cancel, pending, trial, try *time.Time
	err := rows.Scan(&v.ID, &v.UserID, &v.CustomerID, &v.SubscriptionID, &v.Tier, &v.Status,
		&start, &end, &until, &cancel, &v.CancelAtPeriodEnd, &v.Pending.Tier, &v.Pending.How, &pending, &trial, &v.NoCard,
		&try, &v.CreatedAt, &v.UpdatedAt)
	v.Pending.At, v.TrialEnd, v.NextTry = orZero(pending), orZero(trial), orZero(try)
	v.PeriodStart, v.PeriodEnd, v.EntitledUntil, v.CancelAt = orZero(start), orZero(end), orZero(until), orZero(cancel)
	return err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

const rowQuery = `SELECT ` + rowColumns + ` FROM subscriptions WHERE user_id = $1`

// rowOf reads a user's row.
func (s *Service) rowOf(ctx context.Context, actor db.Actor, userID string) (plan.Row, error) {
	return db.ReadOne(ctx, s.db, actor, scanRow, rowQuery, userID)
}

// rowOfStripe reads the row that Stripe's ids lead to: of the subscription or, when that is new to us, of its customer.
func (s *Service) rowOfStripe(ctx context.Context, subscription, customer string) (plan.Row, error) {
	r, err := db.ReadOne(ctx, s.db, db.System, scanRow,
		`SELECT `+rowColumns+` FROM subscriptions WHERE stripe_subscription_id = $1`, subscription)
	if !errors.Is(err, db.ErrNotFound) || customer == "" {
		return r, err
	}
	return db.ReadOne(ctx, s.db, db.System, scanRow,
		`SELECT `+rowColumns+` FROM subscriptions WHERE stripe_customer_id = $1`, customer)
}

// errStale means that somebody changed the row after it was read: what was fetched since may be older than theirs.
var errStale = errors.New("billing: the row changed meanwhile")

// maxSyncs bounds how often one mirroring fetches again because another was quicker.
const maxSyncs = 5

// change says who makes a change, and what belongs in its transaction.
type change struct {
	actor   string                                     // of the audit line
	invoice string                                     // Stripe's id of the one this is about; "" for none
	also    func(context.Context, db.Tx) error         // nil for nothing
	load    func(context.Context) (plan.Row, error)    // the row as it is
	fetch   func(context.Context) (plan.Remote, error) // the subscription as Stripe has it, asked after load
}

// sync makes the row say what Stripe says. Because the row is read before Stripe is asked and saved only if it is still
// the same, no older answer can overwrite a newer one.
func (s *Service) sync(ctx context.Context, c change) (plan.Row, error) {
	for range maxSyncs {
		current, err := c.load(ctx)
		if err != nil {
			return plan.Row{}, err
		}
		r, err := c.fetch(ctx)
		if err != nil {
			return plan.Row{}, err
		}
		if r.OldCard && r.Status.Live() {
			if err := s.stripe.CarryCard(ctx, r); err != nil { // the next reconciliation tries again
				s.log.WarnContext(ctx, "the new card was not carried over to a planned change of plan", "user", current.UserID,
					"error", err)
			}
		}
		news, err := s.untold(ctx, current, r, c.invoice)
		if err != nil {
			return plan.Row{}, err
		}
		next, err := s.save(ctx, current, r, news, c)
		if !errors.Is(err, errStale) {
			return next, err
		}
	}
	return plan.Row{}, fault.Overloaded.Because(errStale)
}

// save writes the mirrored row, its ledger and its timeline, or errStale when current is no longer the row.
func (s *Service) save(ctx context.Context, current plan.Row, r plan.Remote, news []plan.Charge,
	c change,
) (plan.Row, error) {
	var next plan.Row
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		next = plan.Mirror(current, r, tx.Now())
		if plan.Follows(current, r) {
			next.UpdatedAt = after(tx.Now(), current.UpdatedAt)
			if err := update(ctx, tx, next, current.UpdatedAt); err != nil {
				return err
			}
			s.openLedger(tx, next)
			record(ctx, tx, c.actor, current, next)
			s.tell(tx, current, next, r, news)
			if err := errors.Join(noteWorth(ctx, tx, next, r.MonthlyCents), s.notify(ctx, tx, current, next)); err != nil {
				return err
			}
		} else {
			s.warnSecond(ctx, current, r)
		}
		if c.also == nil {
			return nil
		}
		return c.also(ctx, tx)
	})
	return next, err
}

func (s *Service) warnSecond(ctx context.Context, current plan.Row, r plan.Remote) {
	if current.Status.Live() && r.Status.Live() {
		s.log.ErrorContext(ctx, "a user has a second live subscription: cancel and refund one of them in Stripe",
			"user", current.UserID, "kept", current.SubscriptionID, "second", r.ID)
	}
}

// after is now, or just past the version before it when another replica's clock is ahead.
func after(now, version time.Time) time.Time {
	if now.After(version) {
		return now
	}
	return version.Add(time.Microsecond)
}

func update(ctx context.Context, tx db.Tx, r plan.Row, version time.Time) error {
	tx.Touch(r.UserID)
	n, err := tx.Exec(ctx, `UPDATE subscriptions SET stripe_subscription_id = $3, tier = $4, status = $5, period_start =
		$6, period_end = $7,
		entitled_until = $8, cancel_at = $9, cancel_at_period_end = $10, updated_at = $11, pending_tier = $12, pending_how = $13, pending_at = $14, trial_end = $15, no_card = $16, next_try_at = $17
		WHERE id = $1 AND updated_at = $2`,
		r.ID, version, r.SubscriptionID, r.Tier, string(r.Status), db.OrNull(r.PeriodStart), db.OrNull(r.PeriodEnd),
		db.OrNull(r.EntitledUntil), db.OrNull(r.CancelAt), r.CancelAtPeriodEnd, r.UpdatedAt, r.Pending.Tier, r.Pending.How,
		db.OrNull(r.Pending.At), db.OrNull(r.TrialEnd), r.NoCard, db.OrNull(r.NextTry))
	if err == nil && n == 0 {
		err = errStale
	}
	return err
}

// record writes down what the user would want to know of.
func record(ctx context.Context, tx db.Tx, actor string, old, now plan.Row) {
	detail := map[string]any{}
	note := func(name string, from, to any) {
		if from != to {
			detail[name] = map[string]any{"from": from, "to": to}
		}
	}
	note("status", old.Status, now.Status)
	note("tier", old.Tier, now.Tier)
	note("subscription", old.SubscriptionID, now.SubscriptionID)
	note("period_end", plan.Stamp(old.PeriodEnd), plan.Stamp(now.PeriodEnd))
	note("cancel", old.Cancelling(), now.Cancelling())
	note("pending", old.Pending.Tier, now.Pending.Tier)
	if len(detail) == 0 {
		return
	}
	audit.Record(ctx, tx, audit.Event{
		UserID: now.UserID, Actor: actor, Action: audit.SubscriptionChanged,
		Resource: "subscription:" + now.ID, Detail: detail,
	})
}

func (s *Service) exists(ctx context.Context, query string, args ...any) (bool, error) {
	n, err := db.ReadOne(ctx, s.db, db.System, db.Value[int], query, args...)
	return n > 0, err
}
