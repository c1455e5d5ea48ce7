package stripeapi

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

func (p *Client) preview(ctx context.Context, params *stripe.InvoiceCreatePreviewParams) (plan.Quote, error) {
	in, err := sdk(p).V1Invoices.CreatePreview(ctx, params)
	if err != nil {
		return plan.Quote{}, refuse(err)
	}
	q := plan.Quote{Due: in.AmountDue, Total: in.Total, Currency: string(in.Currency), Off: offOf(in)}
	q.Tax, q.TaxUnknown = taxOf(in)
	if in.Lines == nil {
		return q, nil
	}
	for _, l := range in.Lines.Data {
		q.Lines = append(q.Lines, plan.QuoteLine{What: l.Description, Cents: l.Amount})
	}
	return q, nil
}

// QuoteStart asks for the first invoice of a plan. A zero trialEnd means no trial. The tax of somebody who is no
// customer yet is unknown.
func (p *Client) QuoteStart(ctx context.Context, customer, tier, code string, trialEnd time.Time) (plan.Quote, error) {
	params := &stripe.InvoiceCreatePreviewParams{SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
		Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{Price: new(p.priceOf[tier])}},
	}}
	if !trialEnd.IsZero() {
		params.SubscriptionDetails.TrialEnd = new(trialEnd.Unix())
	}
	if customer == "" {
		params.Currency = new("usd")
	} else {
		params.Customer = &customer
		p.previewTax(params)
	}
	withCode(params, code)
	return p.preview(ctx, params)
}

// previewTax is for what is not taxed by itself yet.
func (p *Client) previewTax(params *stripe.InvoiceCreatePreviewParams) {
	if p.tax {
		params.AutomaticTax = &stripe.InvoiceCreatePreviewAutomaticTaxParams{Enabled: new(true)}
	}
}

func withCode(params *stripe.InvoiceCreatePreviewParams, code string) {
	if code != "" {
		params.Discounts = []*stripe.InvoiceCreatePreviewDiscountParams{{PromotionCode: &code}}
	}
}

// QuoteChange asks for the next invoice of a subscription with another price; with an empty code its own discounts
// count. A price is prorated as of an instant, now when that is zero, in one of Stripe's ways.
func (p *Client) QuoteChange(ctx context.Context, now plan.Remote, tier, prorate string, asOf time.Time,
	code string,
) (plan.Quote, error) {
	params := p.changePreview(now, tier, prorate, asOf)
	withCode(params, code)
	return p.preview(ctx, params)
}

// QuoteUndiscounted asks for the next period's invoice of a subscription with another price and no discount at all.
func (p *Client) QuoteUndiscounted(ctx context.Context, now plan.Remote, tier string) (plan.Quote, error) {
	params := p.changePreview(now, tier, "none", time.Time{})
	params.UnsetFields = []stripe.InvoiceCreatePreviewParamsUnsetField{stripe.InvoiceCreatePreviewParamsUnsetFieldDiscounts}
	return p.preview(ctx, params)
}

func (p *Client) changePreview(now plan.Remote, tier, prorate string,
	asOf time.Time,
) *stripe.InvoiceCreatePreviewParams {
	details := &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
		Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{
			ID:    &now.Item,
			Price: new(p.priceOf[tier]),
		}},
		ProrationBehavior: &prorate,
	}
	if !asOf.IsZero() {
		details.ProrationDate = new(asOf.Unix())
	}
	params := &stripe.InvoiceCreatePreviewParams{
		Customer: &now.Customer, Subscription: &now.ID,
		SubscriptionDetails: details,
	}
	if !now.Taxed {
		p.previewTax(params)
	}
	return params
}
