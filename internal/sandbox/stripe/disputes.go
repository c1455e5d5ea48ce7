package stripe

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

// Disputes: cardholders ask their bank for a payment back. Stripe takes the money at once, and gives it back if the
// bank decides for the merchant. [Server.Dispute] begins one for any payment; with Stripe's famous card every payment
// brings one.

const (
	disputeCard  = "pm_card_createDispute"
	disputeLives = 7 * 24 * time.Hour // to send evidence
)

type dispute struct {
	ID                       string            `json:"id"`
	Object                   string            `json:"object"`
	Amount                   int64             `json:"amount"`
	BalanceTransactions      []any             `json:"balance_transactions"`
	Charge                   string            `json:"charge"`
	Created                  int64             `json:"created"`
	Currency                 string            `json:"currency"`
	EnhancedEligibilityTypes []string          `json:"enhanced_eligibility_types"`
	Evidence                 map[string]any    `json:"evidence"`
	EvidenceDetails          map[string]any    `json:"evidence_details"`
	IsChargeRefundable       bool              `json:"is_charge_refundable"`
	Livemode                 bool              `json:"livemode"`
	Metadata                 map[string]string `json:"metadata"`
	PaymentIntent            string            `json:"payment_intent"`
	Reason                   string            `json:"reason"`
	Status                   string            `json:"status"`
}

// disputeOf is the dispute about a charge; nil for none.
func (c *request) disputeOf(ch *charge) *dispute {
	if i := slices.IndexFunc(c.disputes.list, func(d *dispute) bool { return d.Charge == ch.ID }); i >= 0 {
		return c.disputes.list[i]
	}
	return nil
}

// dispute begins one about what is left of a charge.
func (c *request) dispute(ch *charge) {
	d := &dispute{
		ID: newID("dp"), Object: "dispute", Amount: ch.Amount - ch.AmountRefunded, BalanceTransactions: []any{},
		Charge: ch.ID, Created: clip(c.now),
		Currency: ch.Currency, EnhancedEligibilityTypes: []string{},
		Evidence: map[string]any{"enhanced_evidence": map[string]any{}, "uncategorized_text": nil},
		EvidenceDetails: map[string]any{
			"due_by": clip(c.now.Add(disputeLives)), "enhanced_eligibility": map[string]any{}, "has_evidence": false,
			"past_due": false, "submission_count": 0,
		},
		Metadata: map[string]string{}, PaymentIntent: ch.PaymentIntent, Reason: "fraudulent", Status: "needs_response",
	}
	ch.Disputed = true
	c.disputes.put(d.ID, d)
	c.emit("charge.dispute.created", d)
}

// disputeFamous disputes what the famous card has just paid.
func (c *request) disputeFamous(sub *subscription, ch *charge) {
	if m := c.cardOf(sub); ch != nil && m != nil && m.behaves == disputeCard {
		c.dispute(ch)
	}
}

// decide closes a dispute: "won" by the merchant, who gets the money back, or "lost".
func (c *request) decide(d *dispute, verdict string) {
	d.Status = verdict
	c.emit("charge.dispute.closed", d)
}

func (d *dispute) open() bool { return d.Status != "won" && d.Status != "lost" }

func (c *request) listDisputes() (any, *apiError) {
	return page(c, "/v1/disputes", c.disputes.list, func(d *dispute) string { return d.ID },
		func(d *dispute) bool {
			return c.form.is("charge", d.Charge) && c.form.is("payment_intent", d.PaymentIntent)
		}, func(d *dispute) any { return d })
}

// updateDispute takes evidence. As in Stripe's test mode, what its text says decides.
func (c *request) updateDispute() (any, *apiError) {
	d := c.disputes.byID[c.id]
	switch {
	case d == nil:
		return nil, missing("dispute", "id", c.id)
	case !d.open():
		return nil, badRequest("", "", "This dispute is already closed.")
	}
	text := c.form.get("evidence[uncategorized_text]")
	if text != "" {
		d.Evidence["uncategorized_text"], d.EvidenceDetails["has_evidence"], d.EvidenceDetails["submission_count"] = text,
			true, 1
	}
	switch text {
	case "winning_evidence":
		c.decide(d, "won")
	case "losing_evidence":
		c.decide(d, "lost")
	case "":
	default:
		d.Status = "under_review"
	}
	return d, nil
}

// Dispute lets the cardholder dispute what they paid for an invoice.
func (c *Server) Dispute(invoice string) error {
	return c.withPayment(invoice, func(call *request, ch *charge) error {
		if ch.Disputed || ch.Refunded {
			return errors.New("sandbox: this payment was disputed or refunded already")
		}
		call.dispute(ch)
		return nil
	})
}

// Decide closes the dispute about an invoice: "won" by the merchant, or "lost". With cancel the subscription ends too,
// as the real one does where its settings say so.
func (c *Server) Decide(invoice, verdict string, cancel bool) error {
	return c.withPayment(invoice, func(call *request, ch *charge) error {
		d := call.disputeOf(ch)
		if d == nil || !d.open() || verdict != "won" && verdict != "lost" {
			return errors.New(`sandbox: there is no open dispute about this payment, or the verdict is not "won" or "lost"`)
		}
		call.decide(d, verdict)
		if sub := c.subscriptions.byID[c.invoices.byID[invoice].subscription()]; cancel && sub.live() {
			call.end(sub, call.now, "payment_disputed")
		}
		return nil
	})
}

func (c *Server) withPayment(invoice string, f func(*request, *charge) error) (err error) {
	c.do(c.store.Now(), func(call *request) {
		in := c.invoices.byID[invoice]
		if in == nil || call.chargeOfIntent(in.intent()) == nil {
			err = errors.New("sandbox: nothing was paid for this invoice")
			return
		}
		if err = f(call, call.chargeOfIntent(in.intent())); err == nil {
			c.store.Changed()
		}
	})
	return err
}

// PostDispute takes {"invoice":"in_…"} to begin a dispute about its payment, and
// {"invoice":"in_…","verdict":"lost","cancel":true} to close it.
func (c *Server) PostDispute(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Invoice, Verdict string
		Cancel           bool
	}
	if !web.ReadControl(w, r, &in) {
		return
	}
	var err error
	if in.Verdict == "" {
		err = c.Dispute(in.Invoice)
	} else {
		err = c.Decide(in.Invoice, in.Verdict, in.Cancel)
	}
	if err != nil {
		http.Error(w, strings.TrimPrefix(err.Error(), "sandbox: "), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
