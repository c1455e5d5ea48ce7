package stripeapi

import (
	"context"
	"strings"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// Payments fetches a charge with what went back of it.
func (p *Client) Payments(ctx context.Context, charge string) (plan.Payment, error) {
	ch, err := sdk(p).V1Charges.Retrieve(ctx, charge, nil)
	if err != nil {
		return plan.Payment{}, refuse(err)
	}
	var got plan.Payment
	if ch.Customer != nil {
		got.Customer = ch.Customer.ID
	}
	if err := p.whatFor(ctx, ch, &got); err != nil {
		return plan.Payment{}, err
	}
	if err := p.refunds(ctx, charge, &got); err != nil {
		return plan.Payment{}, err
	}
	if ch.Disputed {
		err = p.disputes(ctx, charge, &got)
	}
	return got, err
}

// whatFor finds the invoice that a charge paid. A charge does not name it.
func (p *Client) whatFor(ctx context.Context, ch *stripe.Charge, got *plan.Payment) error {
	if ch.PaymentIntent == nil {
		return nil
	}
	params := &stripe.InvoicePaymentListParams{Payment: &stripe.InvoicePaymentListPaymentParams{Type: new("payment_intent"), PaymentIntent: &ch.PaymentIntent.ID}}
	for paid, err := range sdk(p).V1InvoicePayments.List(ctx, params).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		if paid.Invoice == nil {
			continue
		}
		in, err := sdk(p).V1Invoices.Retrieve(ctx, paid.Invoice.ID, nil)
		if err != nil {
			return refuse(err)
		}
		got.Invoice, got.Tier = in.ID, chargeOf(in, p.tierOf).Tier
		return nil
	}
	return nil
}

// refunds adds those of a charge. The charge's own sum leaves out what failed, so they are always asked for.
func (p *Client) refunds(ctx context.Context, charge string, got *plan.Payment) error {
	for re, err := range sdk(p).V1Refunds.List(ctx, &stripe.RefundListParams{Charge: &charge}).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		got.Returns = append(got.Returns, plan.Returned{
			ID: re.ID, Kind: plan.Refund, Status: string(re.Status),
			Cents: re.Amount, Currency: string(re.Currency), At: instant(re.Created),
		})
	}
	return nil
}

// disputes adds those about a charge for which money was taken. A bank's mere question is none.
func (p *Client) disputes(ctx context.Context, charge string, got *plan.Payment) error {
	for d, err := range sdk(p).V1Disputes.List(ctx, &stripe.DisputeListParams{Charge: &charge}).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		if d.Status == stripe.DisputeStatusPrevented || strings.HasPrefix(string(d.Status), "warning_") {
			continue
		}
		r := plan.Returned{
			ID: d.ID, Kind: plan.Dispute, Status: string(d.Status), Cents: d.Amount,
			Currency: string(d.Currency), At: instant(d.Created),
		}
		if d.EvidenceDetails != nil {
			r.Answer = instant(d.EvidenceDetails.DueBy)
		}
		got.Returns = append(got.Returns, r)
	}
	return nil
}

// ChargeCustomer is whose a charge is; "" when nobody's, or when Stripe does not know the charge.
func (p *Client) ChargeCustomer(ctx context.Context, charge string) (string, error) {
	ch, err := sdk(p).V1Charges.Retrieve(ctx, charge, nil)
	switch {
	case missing(err):
		return "", nil
	case err != nil:
		return "", refuse(err)
	case ch.Customer == nil:
		return "", nil
	}
	return ch.Customer.ID, nil
}
