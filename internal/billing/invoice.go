package billing

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Invoice is one of Stripe's, as its owner sees it.
type Invoice struct {
	ID       string
	Number   string // "" before it is final
	Status   string // draft, open, paid, void, uncollectible
	Cents    int64  // tax included
	OffCents int64  // what discounts took off
	TaxCents int64  // within Cents
	Currency string // ISO 4217, in lower case

	RefundedCents int64  // of Cents
	Dispute       string // about its payment: "open", "won" or "lost" by the operator; "" for none

	CreatedAt time.Time
	Page      string // Stripe's page of it; "" for none
	PDF       string
}

// InvoicePage is one page of a list, newest first.
type InvoicePage struct {
	Invoices []Invoice
	Next     string // "" on the last page
}

// Invoices lists what was billed to the user, from Stripe: limit is 1 to 100, cursor that of the page before.
func (s *Service) Invoices(ctx context.Context, userID string, limit int, cursor string) (InvoicePage, error) {
	if cursor != "" && (!isName(cursor) || !strings.HasPrefix(cursor, "in_")) {
		return InvoicePage{}, badCursor
	}
	customer, err := s.customerOf(ctx, userID)
	if err != nil || customer == "" {
		return InvoicePage{}, err
	}
	params := &stripe.InvoiceListParams{Customer: &customer, ListParams: stripe.ListParams{Limit: new(int64(limit)), Single: true}}
	if cursor != "" {
		params.StartingAfter = &cursor
	}
	list := s.stripe.api.V1Invoices.List(ctx, params)
	var p InvoicePage
	for in, err := range list.All(ctx) {
		switch {
		case missing(err) && cursor != "":
			return InvoicePage{}, badCursor.Because(refuse(err))
		case err != nil:
			return InvoicePage{}, refuse(err)
		}
		p.Invoices = append(p.Invoices, s.stripe.invoice(in))
	}
	if list.Meta().HasMore && len(p.Invoices) > 0 {
		p.Next = p.Invoices[len(p.Invoices)-1].ID
	}
	return p, s.addReturns(ctx, userID, p.Invoices)
}

var badCursor = fault.ValidationFailed.At("query.cursor", "use next_cursor of an earlier answer, unchanged")

// customerOf is Stripe's id of the user; "" when they never began to pay, or billing is off.
func (s *Service) customerOf(ctx context.Context, userID string) (string, error) {
	if s.off {
		return "", nil
	}
	found, err := db.Read(ctx, s.db, db.User(userID), db.Value[string], `SELECT stripe_customer_id FROM subscriptions WHERE user_id = $1`, userID)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

func (p *provider) invoice(in *stripe.Invoice) Invoice {
	tax, _ := taxOf(in)
	return Invoice{
		OffCents: offOf(in), TaxCents: tax,
		ID: in.ID, Number: in.Number, Status: string(in.Status), Cents: in.Total, Currency: string(in.Currency), CreatedAt: instant(in.Created),
		Page: p.link(in.HostedInvoiceURL), PDF: p.link(in.InvoicePDF),
	}
}

// link is an address a person may be led to: encrypted, or the stand-in's; anything else is "".
func (p *provider) link(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !p.standIn) {
		return ""
	}
	return address
}

// Portal makes Stripe's billing page for the user and answers its address: there they change their card, see what they
// paid and cancel. It leads back to returnURL, a path of this site.
func (s *Service) Portal(ctx context.Context, userID, returnURL string) (string, error) {
	if s.off {
		return "", errOff
	}
	back, err := s.returnTo(returnURL)
	if err != nil {
		return "", err
	}
	customer, err := s.customerOf(ctx, userID)
	if err != nil {
		return "", err
	}
	if customer == "" {
		return "", fault.NotFound.Saying("There is nothing to show yet: you never had a plan. Choose one first.")
	}
	params := &stripe.BillingPortalSessionCreateParams{Customer: &customer, ReturnURL: new(back.String())}
	config, err := findPortal(ctx, s.stripe.api)
	switch {
	case err != nil && !rejected(err):
		return "", refuse(err)
	case err != nil: // a restricted key that may not look: Stripe's default is better than no page
		s.log.WarnContext(ctx, "Stripe does not tell the portal's configurations, so its default is used", "error", refuse(err))
	case config != nil:
		params.Configuration = &config.ID
	}
	ps, err := s.stripe.api.V1BillingPortalSessions.Create(ctx, params)
	if err != nil {
		return "", refuse(err)
	}
	return ps.URL, nil
}

// charge is what one invoice asked for and became.
type charge struct {
	ID, Status, Reason string
	Cents              int64 // paid, or due
	Off, Tax           int64 // what discounts took off, and the tax within
	Currency           string
	Tier               string    // by the line that cost most; "" for none of ours
	From, Until        time.Time // what it pays for
	At                 time.Time // when it was paid, else when it was made
	Attempts           int64
	NextTry            time.Time
	Secret, Page       string
}

func chargeOf(in *stripe.Invoice, tierOf map[string]string) charge {
	c := charge{
		ID: in.ID, Status: string(in.Status), Reason: string(in.BillingReason), Cents: in.AmountDue, Currency: string(in.Currency), At: instant(in.Created),
		Attempts: in.AttemptCount, NextTry: instant(in.NextPaymentAttempt), Page: in.HostedInvoiceURL,
	}
	c.Off = offOf(in)
	c.Tax, _ = taxOf(in)
	if in.Status == stripe.InvoiceStatusPaid {
		c.Cents = in.AmountPaid
		if in.StatusTransitions != nil && in.StatusTransitions.PaidAt != 0 {
			c.At = instant(in.StatusTransitions.PaidAt)
		}
	}
	if in.ConfirmationSecret != nil {
		c.Secret = in.ConfirmationSecret.ClientSecret
	}
	if in.Lines == nil {
		return c
	}
	most := int64(-1)
	for _, l := range in.Lines.Data {
		if l.Amount <= most || l.Pricing == nil || l.Pricing.PriceDetails == nil || l.Period == nil {
			continue
		}
		if tier := tierOfPrice(l.Pricing.PriceDetails.Price, tierOf); tier != "" {
			most, c.Tier, c.From, c.Until = l.Amount, tier, instant(l.Period.Start), instant(l.Period.End)
		}
	}
	return c
}

// charges lists the invoices of a subscription, oldest first, two years back at most.
func (p *provider) charges(ctx context.Context, subscription string) ([]charge, error) {
	params := &stripe.InvoiceListParams{Subscription: &subscription, ListParams: stripe.ListParams{Limit: new(int64(50)), Single: true}}
	var all []charge
	for in, err := range p.api.V1Invoices.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, refuse(err)
		}
		all = append(all, chargeOf(in, p.tierOf))
	}
	slices.Reverse(all)
	return all, nil
}

// owedSince is when the first period began that is owed: earlier than the present one when nothing was paid since.
func owedSince(all []charge) (since time.Time) {
	for _, c := range slices.Backward(all) {
		switch {
		case c.Reason != string(stripe.InvoiceBillingReasonSubscriptionCycle):
		case c.Status == "open" || c.Status == "uncollectible":
			since = c.From
		default: // paid, or forgiven
			return since
		}
	}
	return since
}

// paidBefore tells whether the period of an ended subscription was paid, at its price.
func (p *provider) paidBefore(ctx context.Context, r remote) (bool, error) {
	all, err := p.charges(ctx, r.ID)
	return slices.ContainsFunc(all, func(c charge) bool {
		return c.Status == "paid" && c.Tier == r.Tier && c.Until.Equal(r.PeriodEnd)
	}), err
}
