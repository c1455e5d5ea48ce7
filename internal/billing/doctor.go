package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// Examined counts what an examination looked at and found.
type Examined struct {
	Rows          int `json:"users"`         // with a subscription or a customer, here
	Subscriptions int `json:"subscriptions"` // at Stripe, ended ones included
	Found         int `json:"differences"`
	Fixed         int `json:"fixed"`
}

// Left is how many differences remain.
func (e Examined) Left() int { return e.Found - e.Fixed }

const (
	stuckAfter = time.Hour // an event that was stored longer ago than this should have been applied
	maxStuck   = 1_000
)

// Examine compares everything here with Stripe, and Stripe with everything here, and tells each difference as it is
// found. With fix set it mends what it can, always by fetching from Stripe and mirroring, as a webhook would: it never
// writes what it believes. It holds a page of either side at a time. Whoever pays meanwhile may be told as a difference
// that is gone a moment later.
func (s *Service) Examine(ctx context.Context, fix bool, tell func(Difference) error) (Examined, error) {
	if s.off {
		return Examined{}, errOff
	}
	c := &checkup{s: s, fix: fix, tell: tell}
	for _, step := range []func(context.Context) error{
		c.rows, c.remotes, c.missed, c.stuck, c.drifts, c.tax,
		c.endpoints,
	} {
		if err := step(ctx); err != nil {
			return c.out, explainExamine(err)
		}
	}
	return c.out, nil
}

// explainExamine tells who runs the command why Stripe gave no answer. The plain fault speaks to somebody who pays.
func explainExamine(err error) error {
	f := fault.From(err)
	if !errors.Is(err, fault.PaymentProviderError) || f.Cause == nil {
		return err
	}
	return fault.PaymentProviderError.Saying("Stripe could not be asked (%v). See that this machine reaches "+
		"api.stripe.com, "+
		"or STRIPE_API_URL if that is set, and that STRIPE_SECRET_KEY is right, and run this again.",
		f.Cause).Because(f.Cause)
}

// checkup is one examination.
type checkup struct {
	s    *Service
	fix  bool
	tell func(Difference) error
	out  Examined
}

func (c *checkup) report(d Difference) error {
	c.out.Found++
	if d.Fixed {
		c.out.Fixed++
		d.Remedy = ""
	}
	return c.tell(d)
}

// attempt reports a difference, mended by do if mending is wanted.
func (c *checkup) attempt(ctx context.Context, d Difference, do func(context.Context) error) error {
	if c.fix && do != nil {
		err := do(ctx)
		if d.Fixed = err == nil; err != nil {
			d.Remedy = strings.TrimSpace(d.Remedy + " It could not be mended: " + fault.From(err).Message)
		}
	}
	return c.report(d)
}

// rows looks at every row here.
func (c *checkup) rows(ctx context.Context) error {
	last := "00000000-0000-0000-0000-000000000000"
	for {
		page, err := db.Read(ctx, c.s.db, db.System, scanRow,
			`SELECT `+rowColumns+` FROM subscriptions WHERE id > $1 ORDER BY id LIMIT $2`, last, reconcilePage)
		if err != nil {
			return err
		}
		for _, r := range page {
			c.out.Rows++
			if err := c.row(ctx, r); err != nil {
				return err
			}
		}
		if len(page) < reconcilePage {
			return nil
		}
		last = page[len(page)-1].ID
	}
}

// row finds out what is wrong with one row, mends it, and looks again: what is not found any more was fixed.
func (c *checkup) row(ctx context.Context, r plan.Row) error {
	found, err := c.s.compare(ctx, r)
	if err != nil || len(found) == 0 {
		return err
	}
	left := found
	if c.fix {
		if left, err = c.mend(ctx, r); err != nil {
			return err
		}
	}
	for _, d := range found {
		d.Fixed = !slices.ContainsFunc(left, func(l Difference) bool { return l.Kind == d.Kind })
		if err := c.report(d); err != nil {
			return err
		}
	}
	return nil
}

func (c *checkup) mend(ctx context.Context, r plan.Row) ([]Difference, error) {
	_, err := c.s.refresh(ctx, r, "operator")
	if err != nil && !stripeapi.Unknown(err) { // what Stripe does not have is told again by the second look
		return nil, err
	}
	if err := c.s.settleLedger(ctx, r.UserID); err != nil {
		return nil, err
	}
	again, err := c.s.rowOf(ctx, db.System, r.UserID)
	if err != nil {
		return nil, err
	}
	return c.s.compare(ctx, again)
}

// settleLedger makes the ledger agree with the mirrored row, which it holds meanwhile.
func (s *Service) settleLedger(ctx context.Context, userID string) error {
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		r, err := db.One(ctx, tx, scanRow, `UPDATE subscriptions SET tier = tier WHERE user_id = $1 RETURNING `+rowColumns,
			userID)
		if err == nil {
			s.openLedger(tx, r)
		}
		return err
	})
}

// remotes looks at every subscription that Stripe has.
func (c *checkup) remotes(ctx context.Context) error {
	for sub, err := range c.s.stripe.Subscriptions(ctx, "all") {
		if err != nil {
			return err
		}
		c.out.Subscriptions++
		if !sub.Status.Live() || sub.Customer == "" {
			continue
		}
		if err := c.remote(ctx, sub.ID, sub.Customer, sub.User); err != nil {
			return err
		}
	}
	return nil
}

// remote looks for the row of a live subscription. A row that should follow its customer's subscription was seen by
// rows.
func (c *checkup) remote(ctx context.Context, subscription, customer, user string) error {
	r, err := c.s.rowOfStripe(ctx, subscription, customer)
	if errors.Is(err, db.ErrNotFound) && isUser(user) {
		r, err = c.s.rowOf(ctx, db.System, user)
	}
	d := Difference{UserID: r.UserID, About: subscription}
	switch {
	case errors.Is(err, db.ErrNotFound):
		return c.stranger(ctx, subscription, customer, user)
	case err != nil || r.SubscriptionID == subscription:
		return err
	case r.Status.Live():
		d.Kind = "second_subscription"
		d.Sentence = fmt.Sprintf("Stripe charges this user twice: the subscription %s counts here, and %s is live too.",
			r.SubscriptionID, subscription)
		d.Remedy = "Cancel and refund one of them in Stripe's Dashboard."
		return c.report(d)
	case r.CustomerID == customer:
		return nil
	}
	d.Kind = "subscription_of_another_customer"
	d.Sentence = fmt.Sprintf("Stripe has the live subscription %s for this user under the customer %s, but the "+
		"customer here is %s.", subscription, customer, orNone(r.CustomerID))
	return c.attempt(ctx, d, func(ctx context.Context) error { return c.s.adoptFrom(ctx, r.UserID, customer, subscription) })
}

// stranger is a live subscription that no row leads to.
func (c *checkup) stranger(ctx context.Context, subscription, customer, user string) error {
	erased, err := c.s.exists(ctx, `SELECT count(*) FROM billing_records WHERE stripe_customer_id = $1`, customer)
	if err != nil {
		return err
	}
	d := Difference{
		UserID: user, About: subscription,
		Remedy: "Cancel it in Stripe's Dashboard, and refund what was charged since.",
	}
	switch {
	case erased:
		d.Kind, d.UserID = "erased_user_is_charged", ""
		d.Sentence = fmt.Sprintf("Stripe charges for the subscription %s of a user who was erased here.", subscription)
		return c.report(d)
	case !isUser(user): // nothing says that it is ours: the account sells other things too
		return nil
	}
	known, err := c.s.exists(ctx, `SELECT count(*) FROM users WHERE id = $1`, user)
	if err != nil {
		return err
	}
	if !known {
		d.Kind = "user_unknown"
		d.Sentence = fmt.Sprintf("Stripe charges for the subscription %s of a user who is not in this database.",
			subscription)
		return c.report(d)
	}
	d.Kind, d.Remedy = "subscription_unknown", ""
	d.Sentence = fmt.Sprintf("Stripe has the live subscription %s for this user; here there is nothing.", subscription)
	return c.attempt(ctx, d, func(ctx context.Context) error { return c.s.adoptFrom(ctx, user, customer, subscription) })
}

// isUser tells whether what stands in metadata can be the id of a user.
func isUser(id string) bool { return uuid.Validate(id) == nil }

// adoptFrom gives a user without a live plan the customer that Stripe has for them, and mirrors the subscription.
func (s *Service) adoptFrom(ctx context.Context, userID, customer, subscription string) error {
	err := s.db.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Touch(userID)
		tx.Later(`INSERT INTO subscriptions (id, user_id, stripe_customer_id, tier, status, created_at, updated_at)
			VALUES ($1, $2, $3, '', 'none', $4, $4)
			ON CONFLICT (user_id) DO UPDATE SET stripe_customer_id = excluded.stripe_customer_id
			WHERE subscriptions.status IN ('none', 'checkout', 'canceled', 'incomplete_expired')`, db.NewID(), userID,
			customer, tx.Now())
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.sync(ctx, change{
		actor: "operator",
		load:  func(ctx context.Context) (plan.Row, error) { return s.rowOf(ctx, db.System, userID) },
		fetch: func(ctx context.Context) (plan.Remote, error) { return s.stripe.Subscription(ctx, subscription) },
	})
	return err
}

// missed looks for events whose webhooks never arrived.
func (c *checkup) missed(ctx context.Context) error {
	return c.s.missed(ctx, c.s.now().Add(-eventsReach), func(ctx context.Context, e stripeapi.Event) error {
		at := e.Created.Format("2 January 15:04 UTC")
		d := Difference{
			Kind: "event_missed", About: e.ID,
			Sentence: fmt.Sprintf("The webhook %s of %s (%s) never arrived.", e.Kind, at, e.ID),
		}
		return c.attempt(ctx, d, func(ctx context.Context) error {
			if err := c.s.receive(ctx, e); err != nil {
				return err
			}
			return c.s.Apply(ctx, e.ID)
		})
	})
}

// stuck looks for events that arrived and were never applied.
func (c *checkup) stuck(ctx context.Context) error {
	type event struct {
		id, kind string
		tries    int
		at       time.Time
		note     *string
	}
	all, err := db.Read(ctx, c.s.db, db.System,
		func(r db.Rows, v *event) error { return r.Scan(&v.id, &v.kind, &v.tries, &v.at, &v.note) },
		`SELECT id, type, attempts, received_at, last_error FROM stripe_events WHERE handled_at IS NULL
			AND received_at <= $1 ORDER BY received_at LIMIT $2`,
		c.s.now().Add(-stuckAfter), maxStuck)
	for _, e := range all {
		d := Difference{Kind: "event_not_applied", About: e.id}
		d.Sentence = fmt.Sprintf("The webhook %s arrived on %s and was not applied yet, after %d tries.", e.kind,
			e.at.UTC().Format("2 January 15:04 UTC"), e.tries)
		if e.note != nil {
			d.Sentence += " The last try failed with: " + *e.note + "."
		}
		d.Remedy = "See that a process runs jobs (WORKERS)."
		if err := c.attempt(ctx, d, func(ctx context.Context) error { return c.s.Apply(ctx, e.id) }); err != nil {
			return err
		}
	}
	return err
}

// drifts looks for periods whose ledger the analyses contradict.
func (c *checkup) drifts(ctx context.Context) error {
	all, err := c.s.Drifts(ctx)
	for _, x := range all {
		d := Difference{Kind: "ledger_drift", UserID: x.UserID, About: plan.Stamp(x.PeriodStart)}
		d.Sentence = fmt.Sprintf("In the period from %s the ledger holds %d reserved and %d used analyses, but %d are "+
			"under way and %d completed.",
			dayOf(x.PeriodStart), x.Reserved, x.Used, x.Active, x.Completed)
		if err := c.attempt(ctx, d,
			func(ctx context.Context) error { return c.s.recount(ctx, x.UserID, x.PeriodStart) }); err != nil {
			return err
		}
	}
	return err
}

// recount takes the ledger's numbers from the analyses. It holds the ledger's row first, as everything does that
// changes either, so that nothing is counted halfway.
func (s *Service) recount(ctx context.Context, userID string, periodStart time.Time) error {
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE quota_periods SET tier = tier WHERE user_id = $1 AND period_start = $2`, userID,
			periodStart); err != nil {
			return err
		}
		tx.Touch(userID)
		tx.Later(`UPDATE quota_periods SET
			reserved = (SELECT count(*) FROM analyses a WHERE a.user_id = $1 AND a.period_start = $2
				AND a.status IN ('queued', 'running')),
			used = CASE WHEN used < (SELECT count(*) FROM analyses a WHERE a.user_id = $1 AND a.period_start = $2
				AND a.status = 'completed' AND NOT a.free)
				THEN (SELECT count(*) FROM analyses a WHERE a.user_id = $1 AND a.period_start = $2 AND a.status = 'completed'
					AND NOT a.free) ELSE used END
			WHERE user_id = $1 AND period_start = $2`, userID, periodStart)
		return nil
	})
}
