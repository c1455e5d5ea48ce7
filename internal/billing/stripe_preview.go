package billing

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

func (p *provider) preview(ctx context.Context, params *stripe.InvoiceCreatePreviewParams) (plan.Quote, error) {
	in, err := p.api.V1Invoices.CreatePreview(ctx, params)
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

// startPreview asks for the first invoice of a plan. Nobody's tax is known before they are a customer.
func (p *provider) startPreview(customer, tier, code string, trialEnd time.Time) *stripe.InvoiceCreatePreviewParams {
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
	return params
}

// previewTax is for what is not taxed by itself yet.
func (p *provider) previewTax(params *stripe.InvoiceCreatePreviewParams) {
	if p.tax {
		params.AutomaticTax = &stripe.InvoiceCreatePreviewAutomaticTaxParams{Enabled: new(true)}
	}
}

func withCode(params *stripe.InvoiceCreatePreviewParams, code string) {
	if code != "" {
		params.Discounts = []*stripe.InvoiceCreatePreviewDiscountParams{{PromotionCode: &code}}
	}
}

// changePreview asks for the next invoice of a subscription with another price, and with its own discounts without a code.
func (p *provider) changePreview(now plan.Remote, tier, prorate string, asOf time.Time, code string) *stripe.InvoiceCreatePreviewParams {
	details := &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
		Items:             []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{ID: &now.Item, Price: new(p.priceOf[tier])}},
		ProrationBehavior: &prorate,
	}
	if !asOf.IsZero() {
		details.ProrationDate = new(asOf.Unix())
	}
	params := &stripe.InvoiceCreatePreviewParams{Customer: &now.Customer, Subscription: &now.ID, SubscriptionDetails: details}
	if !now.Taxed {
		p.previewTax(params)
	}
	withCode(params, code)
	return params
}

// plainPreview is changePreview of the next period without any discount.
func (p *provider) plainPreview(now plan.Remote, tier string) *stripe.InvoiceCreatePreviewParams {
	params := p.changePreview(now, tier, "none", time.Time{}, "")
	params.UnsetFields = []stripe.InvoiceCreatePreviewParamsUnsetField{stripe.InvoiceCreatePreviewParamsUnsetFieldDiscounts}
	return params
}
