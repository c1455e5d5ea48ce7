package billing

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
)

// Money that goes back: refunds, which operators make at Stripe, and disputes, which cardholders begin at their bank. Both
// are heard of by webhook and fetched as they are now. They are shown and counted, and change nothing of what anybody may
// use: access follows the state of the subscription alone (docs/billing.md).

// Kinds of returned.
const (
	aRefund  = "refund"
	aDispute = "dispute"
)

// returned is one refund of a payment, or one dispute about it.
type returned struct {
	ID, Kind, Status string // of Stripe's
	Cents            int64
	Currency         string
	At               time.Time // when it was made, or begun
	Answer           time.Time // of an open dispute: until when evidence is taken
}

// payment is one charge, as far as money of it goes back.
type payment struct {
	Customer, Invoice, Tier string // "" when there is none, or none of ours
	Returns                 []returned
}

// applyReturn acts on an event about a charge or a dispute.
func (s *Service) applyReturn(ctx context.Context, eventID string, e stored) error {
	id, _ := chargeIn([]byte(e.payload))
	if id == "" {
		return notOurs("the event is not about a payment")
	}
	paid, err := s.stripe.payments(ctx, id)
	if unknown(err) {
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
			for _, l := range r.lines(paid, closedAt(e, r.ID)) {
				tx.Later(addLine, l.args(user, tx.Now())...)
			}
		}
		tx.Later(markEvent, eventID, tx.Now(), false, nil)
		return nil
	})
}

// keepReturn stores what was fetched. A verdict is final, and so is a refund that failed: what was fetched before it may be
// saved after it.
func (s *Service) keepReturn(ctx context.Context, tx db.Tx, user string, paid payment, r returned) error {
	n, err := tx.Exec(ctx, `INSERT INTO payment_returns (id, user_id, kind, invoice_id, cents, currency, status, at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET status = excluded.status
		WHERE payment_returns.user_id = $2 AND payment_returns.status <> excluded.status AND payment_returns.status NOT IN ('won', 'lost', 'failed', 'canceled')`,
		r.ID, user, r.Kind, paid.Invoice, r.Cents, r.Currency, r.Status, r.At, tx.Now())
	if err != nil || n == 0 {
		return err
	}
	audit.Record(ctx, tx, audit.Event{
		UserID: user, Actor: "stripe", Action: "payment." + r.Kind, Resource: "payment:" + r.ID, Detail: map[string]any{"cents": r.Cents, "status": r.Status},
	})
	if r.Kind == aRefund && r.bounced() {
		s.log.WarnContext(ctx, "a refund did not reach the cardholder, and the money is back in the Stripe account: pay it back in another way", "user", user, "refund", r.ID)
	}
	if r.Kind == aDispute && r.Status == string(stripe.DisputeStatusNeedsResponse) {
		s.log.WarnContext(ctx, "a payment was disputed: answer in Stripe's Dashboard before the date, or it is lost", "user", user, "dispute", r.ID, "until", stamp(r.Answer))
	}
	return nil
}

// lines tell a return. The day of a verdict is that of the event that brings it, so no other tells of it.
func (r returned) lines(paid payment, closed time.Time) []line {
	l := line{At: r.At, Tier: paid.Tier, Cents: r.Cents, Currency: r.Currency}
	as := func(kind string) line { l.Kind, l.Key = kind, kind+":"+r.ID; return l }
	all := []line{as(map[string]string{aRefund: lineRefunded, aDispute: lineDisputed}[r.Kind])}
	if l.At = closed; closed.IsZero() {
		return all
	}
	if r.Kind == aRefund && r.bounced() {
		return append(all, as(lineBounced))
	}
	switch stripe.DisputeStatus(r.Status) {
	case stripe.DisputeStatusWon:
		all = append(all, as(lineUpheld))
	case stripe.DisputeStatusLost:
		all = append(all, as(lineCharged))
	}
	return all
}

// bounced tells that a refund came to nothing: the bank would not take it, or it was called off.
func (r returned) bounced() bool {
	return r.Status == string(stripe.RefundStatusFailed) || r.Status == string(stripe.RefundStatusCanceled)
}

// closedAt is when an event says how the dispute or the refund of this id ended; zero for any other event.
func closedAt(e stored, id string) time.Time {
	var v struct{ Created int64 }
	ends := e.kind == "charge.dispute.closed" || e.kind == "refund.failed" || e.kind == "refund.updated"
	if !ends || e.object != id || json.Unmarshal([]byte(e.payload), &v) != nil {
		return time.Time{}
	}
	return instant(v.Created)
}

// isReturn tells whether events of a type are about money that goes back.
func isReturn(t stripe.EventType) bool {
	return strings.HasPrefix(string(t), "charge.") || strings.HasPrefix(string(t), "refund.")
}

// needed is the part of a webhook's body that may be stored. The evidence of a dispute tells of people by name, and an
// event about one does not say whose it is, so that nobody could find it to erase it.
func needed(e stripe.Event, payload []byte) []byte {
	if !strings.HasPrefix(string(e.Type), "charge.dispute.") {
		return payload
	}
	kept := map[string]any{}
	for _, name := range []string{"id", "object", "charge", "status", "amount", "currency", "created"} {
		kept[name] = e.Data.Object[name]
	}
	raw, err := json.Marshal(kept)
	if err != nil { // it was read from JSON
		raw = []byte("{}")
	}
	e.Data = &stripe.EventData{Raw: raw}
	return payloadOf(e)
}

// chargeIn tells which charge an event is about, and whose it is if the event says so.
func chargeIn(payload []byte) (charge, customer string) {
	var e struct {
		Data struct {
			Object struct {
				ID       string           `json:"id"`
				Object   string           `json:"object"`
				Charge   *stripe.Charge   `json:"charge"`
				Customer *stripe.Customer `json:"customer"`
			} `json:"object"`
		} `json:"data"`
	}
	if json.Unmarshal(payload, &e) != nil {
		return "", ""
	}
	o := e.Data.Object
	if o.Customer != nil {
		customer = o.Customer.ID
	}
	switch {
	case o.Charge != nil:
		charge = o.Charge.ID
	case o.Object == "charge":
		charge = o.ID
	}
	if !isName(charge) {
		charge = ""
	}
	return charge, customer
}

// concernsReturn tells whether a payment is of a customer we have. An event about a dispute does not say whose it is.
func (s *Service) concernsReturn(ctx context.Context, e stripe.Event) (bool, error) {
	charge, customer := chargeIn(payloadOf(e))
	if charge != "" && customer == "" {
		ch, err := s.stripe.api.V1Charges.Retrieve(ctx, charge, nil)
		switch {
		case missing(err):
			return false, nil
		case err != nil:
			return false, refuse(err)
		case ch.Customer != nil:
			customer = ch.Customer.ID
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
	return db.ReadOne(ctx, s.db, db.System, db.Value[string], `SELECT user_id FROM subscriptions WHERE stripe_customer_id = $1`, customer)
}

// payments fetches a charge with what went back of it.
func (p *provider) payments(ctx context.Context, charge string) (payment, error) {
	ch, err := p.api.V1Charges.Retrieve(ctx, charge, nil)
	if err != nil {
		return payment{}, refuse(err)
	}
	var got payment
	if ch.Customer != nil {
		got.Customer = ch.Customer.ID
	}
	if err := p.whatFor(ctx, ch, &got); err != nil {
		return payment{}, err
	}
	if err := p.refunds(ctx, charge, &got); err != nil {
		return payment{}, err
	}
	if ch.Disputed {
		err = p.disputes(ctx, charge, &got)
	}
	return got, err
}

// whatFor finds the invoice that a charge paid. A charge does not name it.
func (p *provider) whatFor(ctx context.Context, ch *stripe.Charge, got *payment) error {
	if ch.PaymentIntent == nil {
		return nil
	}
	params := &stripe.InvoicePaymentListParams{Payment: &stripe.InvoicePaymentListPaymentParams{Type: new("payment_intent"), PaymentIntent: &ch.PaymentIntent.ID}}
	for paid, err := range p.api.V1InvoicePayments.List(ctx, params).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		if paid.Invoice == nil {
			continue
		}
		in, err := p.api.V1Invoices.Retrieve(ctx, paid.Invoice.ID, nil)
		if err != nil {
			return refuse(err)
		}
		got.Invoice, got.Tier = in.ID, chargeOf(in, p.tierOf).Tier
		return nil
	}
	return nil
}

// refunds adds those of a charge. The charge's own sum leaves out what failed, so they are always asked for.
func (p *provider) refunds(ctx context.Context, charge string, got *payment) error {
	for re, err := range p.api.V1Refunds.List(ctx, &stripe.RefundListParams{Charge: &charge}).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		got.Returns = append(got.Returns, returned{ID: re.ID, Kind: aRefund, Status: string(re.Status), Cents: re.Amount, Currency: string(re.Currency), At: instant(re.Created)})
	}
	return nil
}

// disputes adds those about a charge for which money was taken. A bank's mere question is none.
func (p *provider) disputes(ctx context.Context, charge string, got *payment) error {
	for d, err := range p.api.V1Disputes.List(ctx, &stripe.DisputeListParams{Charge: &charge}).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		if d.Status == stripe.DisputeStatusPrevented || strings.HasPrefix(string(d.Status), "warning_") {
			continue
		}
		r := returned{ID: d.ID, Kind: aDispute, Status: string(d.Status), Cents: d.Amount, Currency: string(d.Currency), At: instant(d.Created)}
		if d.EvidenceDetails != nil {
			r.Answer = instant(d.EvidenceDetails.DueBy)
		}
		got.Returns = append(got.Returns, r)
	}
	return nil
}

// maxReturns bounds what is read for a list of invoices.
const maxReturns = 1_000

// addReturns tells of invoices what went back of them.
func (s *Service) addReturns(ctx context.Context, userID string, all []Invoice) error {
	type sum struct {
		invoice, kind, status string
		cents                 int64
	}
	found, err := db.Read(ctx, s.db, db.User(userID), func(r db.Rows, v *sum) error { return r.Scan(&v.invoice, &v.kind, &v.status, &v.cents) },
		`SELECT invoice_id, kind, status, cents FROM payment_returns WHERE user_id = $1 AND status NOT IN ('failed', 'canceled') ORDER BY at DESC LIMIT $2`, userID, maxReturns)
	for i := range all {
		for _, f := range found {
			switch {
			case f.invoice != all[i].ID:
			case f.kind == aRefund:
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

// countReturns adds what went back in the window to the metrics.
func (s *Service) countReturns(ctx context.Context, m *Metrics) error {
	got, err := db.ReadOne(ctx, s.db, db.System, func(r db.Rows, v *Metrics) error {
		return r.Scan(&v.Refunds, &v.RefundedCents, &v.Disputes, &v.DisputedCents, &v.DisputesWon, &v.DisputesLost)
	}, `SELECT count(*) FILTER (WHERE kind = 'refund'), CAST(COALESCE(sum(cents) FILTER (WHERE kind = 'refund'), 0) AS bigint),
		count(*) FILTER (WHERE kind = 'dispute'), CAST(COALESCE(sum(cents) FILTER (WHERE kind = 'dispute'), 0) AS bigint),
		count(*) FILTER (WHERE kind = 'dispute' AND status = 'won'), count(*) FILTER (WHERE kind = 'dispute' AND status = 'lost')
		FROM payment_returns WHERE at > $1 AND at <= $2 AND status NOT IN ('failed', 'canceled')`, m.From, m.To)
	m.Refunds, m.RefundedCents, m.Disputes, m.DisputedCents = got.Refunds, got.RefundedCents, got.Disputes, got.DisputedCents
	m.DisputesWon, m.DisputesLost = got.DisputesWon, got.DisputesLost
	return err
}
