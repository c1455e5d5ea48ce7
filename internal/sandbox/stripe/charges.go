package stripe

import (
	"slices"
	"strconv"
	"time"
)

// A card that pays, and whose bank sends refunds back some time after they were made.
const (
	refundFailCard = "pm_card_refundFail"
	refundFails    = 24 * time.Hour
)

// moneyRoutes are about money that was taken, and that goes back.
var moneyRoutes = []apiRoute{
	{
		"GET /v1/invoice_payments", "invoice payment[type] payment[payment_intent] status limit starting_after expand[]",
		(*request).listInvoicePayments,
	},
	{"GET /v1/charges", "customer payment_intent limit starting_after expand[]", (*request).listCharges},
	{"GET /v1/charges/{id}", "expand[]", (*request).retrieveCharge},
	{"POST /v1/refunds", "charge payment_intent amount reason metadata[] expand[]", (*request).createRefund},
	{"GET /v1/refunds", "charge payment_intent limit starting_after expand[]", (*request).listRefunds},
	{"GET /v1/disputes", "charge payment_intent limit starting_after expand[]", (*request).listDisputes},
	{"POST /v1/disputes/{id}", "evidence[uncategorized_text] submit metadata[] expand[]", (*request).updateDispute},
}

// charge is a payment that went through. The real one has charges of failed tries too.
type charge struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	Amount         int64             `json:"amount"`
	AmountCaptured int64             `json:"amount_captured"`
	AmountRefunded int64             `json:"amount_refunded"`
	BillingDetails map[string]any    `json:"billing_details"`
	Captured       bool              `json:"captured"`
	Created        int64             `json:"created"`
	Currency       string            `json:"currency"`
	Customer       string            `json:"customer"`
	Disputed       bool              `json:"disputed"`
	Livemode       bool              `json:"livemode"`
	Metadata       map[string]string `json:"metadata"`
	Paid           bool              `json:"paid"`
	PaymentIntent  string            `json:"payment_intent"`
	PaymentMethod  *string           `json:"payment_method"`
	Refunded       bool              `json:"refunded"`
	Status         string            `json:"status"`
}

// collect makes the charge of an invoice that is being paid; nil when there is nothing to pay.
func (c *request) collect(sub *subscription, in *invoice) *charge {
	if in.AmountDue == 0 {
		return nil
	}
	ch := &charge{
		ID: newID("ch"), Object: "charge", Amount: in.AmountDue, AmountCaptured: in.AmountDue, Captured: true,
		Created: clip(c.now), Currency: in.Currency,
		BillingDetails: map[string]any{"address": nil, "email": nil, "name": nil, "phone": nil, "tax_id": nil},
		Customer:       in.Customer, Metadata: map[string]string{}, Paid: true, PaymentIntent: in.intent(),
		Status: "succeeded",
	}
	if m := c.cardOf(sub); m != nil {
		ch.PaymentMethod = &m.ID
	}
	c.charges.put(ch.ID, ch)
	return ch
}

// chargeOfIntent finds the charge of a payment intent; nil for none.
func (c *request) chargeOfIntent(intent string) *charge {
	if i := slices.IndexFunc(c.charges.list, func(ch *charge) bool { return ch.PaymentIntent == intent }); i >= 0 {
		return c.charges.list[i]
	}
	return nil
}

func (c *request) retrieveCharge() (any, *apiError) {
	if ch := c.charges.byID[c.id]; ch != nil {
		return ch, nil
	}
	return nil, missing("charge", "id", c.id)
}

func (c *request) listCharges() (any, *apiError) {
	return page(c, "/v1/charges", c.charges.list, func(ch *charge) string { return ch.ID },
		func(ch *charge) bool {
			return c.form.is("customer", ch.Customer) && c.form.is("payment_intent", ch.PaymentIntent)
		}, func(ch *charge) any { return ch })
}

// is tells whether a list is not narrowed by a parameter, or to this value.
func (f form) is(name, value string) bool { return !f.has(name) || f.get(name) == value }

func (c *request) listInvoicePayments() (any, *apiError) {
	if c.form.has("payment[payment_intent]") && c.form.get("payment[type]") == "" {
		return nil, required("payment[type]")
	}
	return page(c, "/v1/invoice_payments", c.invoices.list, func(in *invoice) string { return "inpay_" + in.ID[3:] },
		func(in *invoice) bool {
			return in.Status != "draft" && c.form.is("invoice", in.ID) && c.form.is("payment[payment_intent]", in.intent()) &&
				c.form.is("status", c.renderPayment(in, false)["status"].(string))
		}, func(in *invoice) any { return c.renderPayment(in, false) })
}

type refund struct {
	ID                     string            `json:"id"`
	Object                 string            `json:"object"`
	Amount                 int64             `json:"amount"`
	BalanceTransaction     *string           `json:"balance_transaction"`
	Charge                 string            `json:"charge"`
	Created                int64             `json:"created"`
	Currency               string            `json:"currency"`
	FailureReason          *string           `json:"failure_reason,omitempty"`
	Metadata               map[string]string `json:"metadata"`
	PaymentIntent          string            `json:"payment_intent"`
	Reason                 *string           `json:"reason"`
	ReceiptNumber          *string           `json:"receipt_number"`
	SourceTransferReversal *string           `json:"source_transfer_reversal"`
	Status                 string            `json:"status"`
	TransferReversal       *string           `json:"transfer_reversal"`
}

// createRefund gives a payment back, all that is left of it or a part.
func (c *request) createRefund() (any, *apiError) {
	ch, refusal := c.chargeToRefund()
	if refusal != nil {
		return nil, refusal
	}
	left := ch.Amount - ch.AmountRefunded
	cents := left
	if v := c.form.get("amount"); v != "" {
		var err error
		if cents, err = strconv.ParseInt(v, 10, 64); err != nil || cents < 1 {
			return nil, badRequest("parameter_invalid_integer", "amount", "Invalid integer: %s", v)
		}
	}
	switch reason := c.form.get("reason"); {
	case left == 0:
		return nil, badRequest("charge_already_refunded", "", "Charge %s has already been refunded.", ch.ID)
	case c.disputeOf(ch) != nil && c.disputeOf(ch).Status != "won":
		return nil, badRequest("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", ch.ID)
	case cents > left:
		return nil, badRequest("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			dollars(cents), dollars(left))
	case reason != "" && !slices.Contains([]string{"duplicate", "fraudulent", "requested_by_customer"}, reason):
		return nil, badRequest("", "reason", "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer")
	}
	re := &refund{
		ID: newID("re"), Object: "refund", Amount: cents, Charge: ch.ID, Created: clip(c.now), Currency: ch.Currency,
		Metadata: c.form.metadata("metadata"), PaymentIntent: ch.PaymentIntent, Reason: c.form.optional("reason"),
		Status: "succeeded",
	}
	c.refunds.put(re.ID, re)
	ch.AmountRefunded += cents
	ch.Refunded = ch.AmountRefunded == ch.Amount
	c.emit("refund.created", re)
	c.emit("charge.refunded", ch)
	return re, nil
}

// failRefunds sends back what the bank would not take.
func (c *request) failRefunds() {
	for _, re := range c.refunds.list {
		ch, due := c.charges.byID[re.Charge], re.Created+int64(refundFails/time.Second)
		if re.Status != "succeeded" || clip(c.now) < due || ch.PaymentMethod == nil ||
			c.methods.byID[*ch.PaymentMethod].behaves != refundFailCard {
			continue
		}
		now := c.now
		c.now = time.Unix(due, 0).UTC()
		re.Status, re.FailureReason = "failed", new("lost_or_stolen_card")
		ch.AmountRefunded -= re.Amount
		ch.Refunded = false
		c.emit("refund.updated", re)
		c.emit("refund.failed", re)
		c.emit("charge.refund.updated", re)
		c.now = now
	}
}

func (c *request) chargeToRefund() (*charge, *apiError) {
	id, intent := c.form.get("charge"), c.form.get("payment_intent")
	switch {
	case id == "" && intent == "":
		return nil, badRequest("parameter_missing", "",
			"One of the following params should be provided for this request: payment_intent or charge.")
	case id != "" && c.charges.byID[id] == nil:
		return nil, missing("charge", "charge", id)
	case id != "":
		return c.charges.byID[id], nil
	}
	if ch := c.chargeOfIntent(intent); ch != nil {
		return ch, nil
	}
	return nil, missing("payment_intent", "payment_intent", intent)
}

func (c *request) listRefunds() (any, *apiError) {
	return page(c, "/v1/refunds", c.refunds.list, func(re *refund) string { return re.ID },
		func(re *refund) bool {
			return c.form.is("charge", re.Charge) && c.form.is("payment_intent", re.PaymentIntent)
		}, func(re *refund) any { return re })
}
