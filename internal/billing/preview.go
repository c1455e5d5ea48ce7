package billing

import (
	"context"
	"errors"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/db"
)

// What a preview is of.
const (
	PreviewStart     = "start"     // a first plan, or one after another has ended
	PreviewUpgrade   = "upgrade"   // at once
	PreviewDowngrade = "downgrade" // at the period's end
	PreviewKeep      = "keep"      // the plan one has; what waits is dropped
)

// Preview is what a plan would cost, as Stripe reckons it.
type Preview struct {
	Tier     Tier
	From     Tier // the present plan; zero for none
	Kind     string
	AsOf     time.Time // pass it to [Service.Change], and exactly this is charged
	NowCents int64     // charged at once
	Lines    []PreviewLine
	NextAt   time.Time // when it is charged next
	Next     int64     // cents then, and every month from then on
	Currency string
}

// PreviewLine is one part of what is charged at once.
type PreviewLine struct {
	What  string
	Cents int64 // below zero for a credit
}

// Preview reckons what the user would pay for a plan, now and next. It changes nothing. What cannot be changed now is
// refused as [Service.Change] does.
func (s *Service) Preview(ctx context.Context, userID, tier string) (Preview, error) {
	if s.off {
		return Preview{}, errOff
	}
	if err := s.checkTier(tier); err != nil {
		return Preview{}, err
	}
	r, err := s.rowOf(ctx, db.User(userID), userID)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return Preview{}, err
	}
	p := Preview{Tier: s.tiers.named(tier), AsOf: s.now().Truncate(time.Second), Currency: "usd"}
	if !live(r.Status) {
		return s.previewStart(ctx, r.CustomerID, p)
	}
	now, err := s.stripe.subscription(ctx, r.SubscriptionID)
	if err == nil {
		err = s.changeable(now, time.Time{})
	}
	if err != nil {
		return Preview{}, err
	}
	p.From, p.NextAt = s.tiers.named(now.Tier), now.PeriodEnd
	switch {
	case p.Tier == p.From:
		p.Kind = PreviewKeep
	case p.Tier.MonthlyCents < p.From.MonthlyCents:
		p.Kind = PreviewDowngrade
	default:
		p.Kind = PreviewUpgrade
		if err := s.previewNow(ctx, now, &p); err != nil {
			return Preview{}, err
		}
	}
	next, err := s.stripe.preview(ctx, s.stripe.changePreview(now, tier, "none", time.Time{}))
	if err == nil {
		p.Next = next.Total
	}
	return p, err
}

func (s *Service) previewStart(ctx context.Context, customer string, p Preview) (Preview, error) {
	in, err := s.stripe.preview(ctx, s.stripe.startPreview(customer, p.Tier.Name))
	if err != nil {
		return Preview{}, err
	}
	p.Kind, p.NextAt = PreviewStart, nextMonth(p.AsOf)
	p.take(in)
	p.Next = in.Total
	return p, nil
}

func (s *Service) previewNow(ctx context.Context, now remote, p *Preview) error {
	in, err := s.stripe.preview(ctx, s.stripe.changePreview(now, p.Tier.Name, "always_invoice", p.AsOf))
	if err == nil {
		p.take(in)
	}
	return err
}

func (p *Preview) take(in *stripe.Invoice) {
	p.NowCents, p.Currency = in.AmountDue, string(in.Currency)
	if in.Lines == nil {
		return
	}
	for _, l := range in.Lines.Data {
		p.Lines = append(p.Lines, PreviewLine{l.Description, l.Amount})
	}
}

func (p *provider) preview(ctx context.Context, params *stripe.InvoiceCreatePreviewParams) (*stripe.Invoice, error) {
	in, err := p.api.V1Invoices.CreatePreview(ctx, params)
	if err != nil {
		return nil, refuse(err)
	}
	return in, nil
}

func (p *provider) startPreview(customer, tier string) *stripe.InvoiceCreatePreviewParams {
	params := &stripe.InvoiceCreatePreviewParams{SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
		Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{Price: new(p.priceOf[tier])}},
	}}
	if customer == "" {
		params.Currency = new("usd")
	} else {
		params.Customer = &customer
	}
	return params
}

func (p *provider) changePreview(now remote, tier, prorate string, asOf time.Time) *stripe.InvoiceCreatePreviewParams {
	details := &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
		Items:             []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{ID: &now.Item, Price: new(p.priceOf[tier])}},
		ProrationBehavior: &prorate,
	}
	if !asOf.IsZero() {
		details.ProrationDate = new(asOf.Unix())
	}
	return &stripe.InvoiceCreatePreviewParams{Customer: &now.Customer, Subscription: &now.ID, SubscriptionDetails: details}
}
