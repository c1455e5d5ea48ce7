package billing

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/plan"
)

// Money that goes back: refunds, which operators make at Stripe, and disputes, which cardholders begin at their bank.
// Both are heard of by webhook and fetched as they are now. They are shown and counted, and change nothing of what
// anybody may use: access follows the state of the subscription alone (docs/billing.md).

// applyReturn acts on an event about a charge or a dispute.
func (s *Service) applyReturn(ctx context.Context, eventID string, e stored) error {
	id, _ := stripeapi.ChargeIn([]byte(e.payload))
	if id == "" {
		return notOurs("the event is not about a payment")
	}
	paid, err := s.stripe.Payments(ctx, id)
	if stripeapi.Unknown(err) {
		return notOurs("Stripe does not know this payment")
	}
	if err != nil {
		return err
	}
	user, err := s.userOfCustomer(ctx, paid.Customer)
	if errors.Is(err, db.ErrNotFound) {
		return notOurs("no user has this customer")
	}
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		for _, r := range paid.Returns {
			if err := s.keepReturn(ctx, tx, user, paid, r); err != nil {
				return err
			}
			for _, l := range r.Lines(paid, closedAt(e, r.ID)) {
				tx.Later(addLine, lineArgs(l, user, tx.Now())...)
			}
		}
		tx.Later(markEvent, eventID, tx.Now(), false, nil)
		return nil
	})
}

var returned = map[string]audit.Action{plan.Refund: audit.PaymentRefund, plan.Dispute: audit.PaymentDispute}

// keepReturn stores what was fetched. A verdict is final, and so is a refund that failed: what was fetched before it
// may be saved after it.
func (s *Service) keepReturn(ctx context.Context, tx db.Tx, user string, paid plan.Payment, r plan.Returned) error {
	n, err := tx.Exec(ctx, `INSERT INTO payment_returns (id, user_id, kind, invoice_id, cents, currency, status, at,
		created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET status = excluded.status
		WHERE payment_returns.user_id = $2 AND payment_returns.status <> excluded.status
			AND payment_returns.status NOT IN ('won', 'lost', 'failed', 'canceled')`,
		r.ID, user, r.Kind, paid.Invoice, r.Cents, r.Currency, r.Status, r.At, tx.Now())
	if err != nil || n == 0 {
		return err
	}
	audit.Record(ctx, tx, audit.Event{
		UserID: user, Actor: "stripe", Action: returned[r.Kind], Resource: "payment:" + r.ID,
		Detail: map[string]any{"cents": r.Cents, "status": r.Status},
	})
	if r.Kind == plan.Refund && r.Bounced() {
		s.log.WarnContext(ctx, "a refund did not reach the cardholder, and the money is back in the Stripe account: pay "+
			"it back in another way", "user", user, "refund", r.ID)
	}
	if r.Kind == plan.Dispute && r.Status == "needs_response" {
		s.log.WarnContext(ctx, "a payment was disputed: answer in Stripe's Dashboard before the date, or it is lost",
			"user", user, "dispute", r.ID, "until", plan.Stamp(r.Answer))
	}
	return nil
}

// closedAt is when an event says how the dispute or the refund of this id ended; zero for any other event.
func closedAt(e stored, id string) time.Time {
	var v struct{ Created int64 }
	ends := e.kind == "charge.dispute.closed" || e.kind == "refund.failed" || e.kind == "refund.updated"
	if !ends || e.object != id || json.Unmarshal([]byte(e.payload), &v) != nil {
		return time.Time{}
	}
	return time.Unix(v.Created, 0).UTC()
}

// concernsReturn tells whether a payment is of a customer we have. An event about a dispute does not say whose it is.
func (s *Service) concernsReturn(ctx context.Context, e stripeapi.Event) (bool, error) {
	charge, customer := stripeapi.ChargeIn(e.Payload)
	if charge != "" && customer == "" {
		var err error
		if customer, err = s.stripe.ChargeCustomer(ctx, charge); err != nil {
			return false, err
		}
	}
	_, err := s.userOfCustomer(ctx, customer)
	if errors.Is(err, db.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// userOfCustomer finds whose customer this is; [db.ErrNotFound] when nobody's.
func (s *Service) userOfCustomer(ctx context.Context, customer string) (string, error) {
	if customer == "" {
		return "", db.ErrNotFound
	}
	return db.ReadOne(ctx, s.db, db.System, db.Value[string],
		`SELECT user_id FROM subscriptions WHERE stripe_customer_id = $1`, customer)
}

// maxReturns bounds what is read for a list of invoices.
const maxReturns = 1_000

// addReturns tells of invoices what went back of them.
func (s *Service) addReturns(ctx context.Context, userID string, all []plan.Invoice) error {
	type sum struct {
		invoice, kind, status string
		cents                 int64
	}
	found, err := db.Read(ctx, s.db, db.User(userID),
		func(r db.Rows, v *sum) error { return r.Scan(&v.invoice, &v.kind, &v.status, &v.cents) },
		`SELECT invoice_id, kind, status, cents FROM payment_returns WHERE user_id = $1
			AND status NOT IN ('failed', 'canceled') ORDER BY at DESC LIMIT $2`, userID, maxReturns)
	for i := range all {
		for _, f := range found {
			switch {
			case f.invoice != all[i].ID:
			case f.kind == plan.Refund:
				all[i].RefundedCents += f.cents
			case f.status == "won" || f.status == "lost":
				all[i].Dispute = f.status
			default:
				all[i].Dispute = "open"
			}
		}
	}
	return err
}
