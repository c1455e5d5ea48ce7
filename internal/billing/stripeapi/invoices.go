package stripeapi

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

func (p *Client) invoice(in *stripe.Invoice) plan.Invoice {
	tax, _ := taxOf(in)
	return plan.Invoice{
		OffCents: offOf(in), TaxCents: tax,
		ID: in.ID, Number: in.Number, Status: string(in.Status), Cents: in.Total, Currency: string(in.Currency),
		CreatedAt: instant(in.Created),
		Page:      p.link(in.HostedInvoiceURL), PDF: p.link(in.InvoicePDF),
	}
}

// link is an address a person may be led to: encrypted, or the stand-in's; anything else is "".
func (p *Client) link(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !p.standIn) {
		return ""
	}
	return address
}

// Charges lists the invoices of a subscription, oldest first, two years back at most.
func (p *Client) Charges(ctx context.Context, subscription string) ([]plan.Charge, error) {
	params := &stripe.InvoiceListParams{
		Subscription: &subscription,
		ListParams:   stripe.ListParams{Limit: new(int64(50)), Single: true},
	}
	var all []plan.Charge
	for in, err := range sdk(p).V1Invoices.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, refuse(err)
		}
		all = append(all, chargeOf(in, p.tierOf))
	}
	slices.Reverse(all)
	return all, nil
}

// paidBefore tells whether the period of an ended subscription was paid, at its price.
func (p *Client) paidBefore(ctx context.Context, r plan.Remote) (bool, error) {
	all, err := p.Charges(ctx, r.ID)
	return slices.ContainsFunc(all, func(c plan.Charge) bool {
		return c.Status == "paid" && c.Tier == r.Tier && c.Until.Equal(r.PeriodEnd)
	}), err
}

// Invoices lists one page of the customer's, newest first, from after the one of the cursor; more tells that there are
// others.
func (p *Client) Invoices(ctx context.Context, customer string, limit int,
	cursor string,
) (all []plan.Invoice, more bool, err error) {
	params := &stripe.InvoiceListParams{
		Customer:   &customer,
		ListParams: stripe.ListParams{Limit: new(int64(limit)), Single: true},
	}
	if cursor != "" {
		params.StartingAfter = &cursor
	}
	list := sdk(p).V1Invoices.List(ctx, params)
	for in, err := range list.All(ctx) {
		if err != nil {
			return nil, false, refuse(err)
		}
		all = append(all, p.invoice(in))
	}
	return all, list.Meta().HasMore, nil
}

// Portal makes the billing page of a customer and answers its address.
func (p *Client) Portal(ctx context.Context, customer, back string) (string, error) {
	params := &stripe.BillingPortalSessionCreateParams{Customer: &customer, ReturnURL: &back}
	config, err := findPortal(ctx, sdk(p))
	switch {
	case err != nil && !rejected(err):
		return "", refuse(err)
	case err != nil: // a restricted key that may not look: Stripe's default is better than no page
		p.log.WarnContext(ctx, "Stripe does not tell the portal's configurations, so its default is used", "error",
			refuse(err))
	case config != nil:
		params.Configuration = &config.ID
	}
	ps, err := sdk(p).V1BillingPortalSessions.Create(ctx, params)
	if err != nil {
		return "", refuse(err)
	}
	return ps.URL, nil
}

// paidUntil is the end of the last period of a subscription that was paid; zero when none was.
func (p *Client) paidUntil(ctx context.Context, r plan.Remote) (until time.Time, err error) {
	all, err := p.Charges(ctx, r.ID)
	for _, c := range all {
		if c.Status == "paid" && c.Tier != "" && c.Until.After(until) {
			until = c.Until
		}
	}
	return until, err
}
