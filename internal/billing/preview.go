package billing

import (
	"context"
	"errors"
	"slices"
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
	PreviewTrial     = "trial"     // another plan in a trial: at once, and nothing is charged before the trial ends
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
	Next     int64     // cents then
	Regular  int64     // cents every month from then on, or once a discount has ended
	Currency string

	TrialEnd   time.Time // nothing is charged before; zero without a trial
	TrialQuota int       // analyses until then
	Discount   Discount  // of the code that was given, or that the plan has; zero for none
	NowOff     int64     // cents that discounts take off what is charged now
	NowTax     int64     // cents of tax within what is charged now
	NextTax    int64     // and then
	TaxUnknown bool      // tax comes on top, once it is known where the person lives
}

// PreviewLine is one part of what is charged at once.
type PreviewLine struct {
	What  string
	Cents int64 // below zero for a credit
}

// PreviewRequest asks what a plan would cost.
type PreviewRequest struct {
	Tier          string // "basic" or "pro"
	PromotionCode string // as the person typed it; empty for none
}

// Preview reckons what the user would pay for a plan, now and next. It changes nothing. What cannot be changed now is
// refused as [Service.Change] does, and so is a code that cannot be used.
func (s *Service) Preview(ctx context.Context, userID string, q PreviewRequest) (Preview, error) {
	if s.off {
		return Preview{}, errOff
	}
	if err := s.checkTier(q.Tier); err != nil {
		return Preview{}, err
	}
	r, err := s.rowOf(ctx, db.User(userID), userID)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return Preview{}, err
	}
	code, err := s.promotion(ctx, r, userID, q.PromotionCode)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Tier: s.tiers.named(q.Tier), AsOf: s.now().Truncate(time.Second), Currency: "usd", Discount: code.Discount}
	if !live(r.Status) {
		return s.previewStart(ctx, r, userID, code, p)
	}
	now, err := s.stripe.subscription(ctx, r.SubscriptionID)
	if err == nil {
		err = s.changeable(now, time.Time{})
	}
	if err == nil {
		err = codeFits(now, code, s.kindOf(now, q.Tier))
	}
	if err != nil {
		return Preview{}, err
	}
	return s.previewChange(ctx, now, code, p)
}

func (s *Service) previewStart(ctx context.Context, r row, userID string, code promotion, p Preview) (Preview, error) {
	days, err := s.trialFor(ctx, r, userID)
	if err != nil {
		return Preview{}, err
	}
	p.Kind, p.NextAt = PreviewStart, nextMonth(p.AsOf)
	if days > 0 {
		p.TrialEnd = p.AsOf.AddDate(0, 0, days)
		p.NextAt, p.TrialQuota = p.TrialEnd, s.gives(p.Tier.Name, row{Status: "trialing"}).Quota
	}
	first, err := s.stripe.preview(ctx, s.stripe.startPreview(r.CustomerID, p.Tier.Name, code.id, p.TrialEnd))
	if err != nil {
		return Preview{}, err
	}
	p.take(first)
	p.TaxUnknown = p.TaxUnknown || s.stripe.tax && r.CustomerID == ""
	ask := func(code string) (*stripe.Invoice, error) {
		return s.stripe.preview(ctx, s.stripe.startPreview(r.CustomerID, p.Tier.Name, code, time.Time{}))
	}
	return p, p.lookAhead(first, days > 0 || code.once(), code, ask)
}

// lookAhead finds what is charged next, and regularly, by asking with the code and without it as far as these differ.
func (p *Preview) lookAhead(next *stripe.Invoice, askNext bool, code promotion, ask func(code string) (*stripe.Invoice, error)) (err error) {
	with := code.id
	if code.once() && p.TrialEnd.IsZero() { // the charge now uses it up
		with = ""
	}
	if askNext {
		if next, err = ask(with); err != nil {
			return err
		}
	}
	p.Next, p.Regular = next.Total, next.Total
	p.NextTax, _ = taxOf(next)
	if with == "" || code.duration == stripe.CouponDurationForever {
		return nil
	}
	regular, err := ask("")
	if err == nil {
		p.Regular = regular.Total
	}
	return err
}

func (c promotion) once() bool { return c.id != "" && c.duration == stripe.CouponDurationOnce }

func (s *Service) previewChange(ctx context.Context, now remote, code promotion, p Preview) (Preview, error) {
	p.From, p.NextAt, p.Kind = s.tiers.named(now.Tier), now.PeriodEnd, s.kindOf(now, p.Tier.Name)
	if now.Status == "trialing" {
		p.TrialEnd, p.TrialQuota = now.TrialEnd, s.gives(p.Tier.Name, row{Status: now.Status}).Quota
	}
	if len(now.Discounts) > 0 {
		p.Discount = now.Discounts[0].Discount
	}
	if p.Kind == PreviewUpgrade {
		in, err := s.stripe.preview(ctx, s.stripe.changePreview(now, p.Tier.Name, "always_invoice", p.AsOf, code.id))
		if err != nil {
			return Preview{}, err
		}
		p.take(in)
	}
	with := code.id
	if code.once() && p.Kind == PreviewUpgrade { // the charge now uses it up
		with = ""
	}
	next, err := s.stripe.preview(ctx, s.stripe.changePreview(now, p.Tier.Name, "none", time.Time{}, with))
	if err != nil {
		return Preview{}, err
	}
	p.Next, p.Regular = next.Total, next.Total
	var unknown bool
	p.NextTax, unknown = taxOf(next)
	p.TaxUnknown = p.TaxUnknown || unknown
	if with != "" && code.duration != stripe.CouponDurationForever || slices.ContainsFunc(now.Discounts, given.ends) {
		regular, err := s.stripe.preview(ctx, s.stripe.plainPreview(now, p.Tier.Name))
		if err != nil {
			return Preview{}, err
		}
		p.Regular = regular.Total
	}
	return p, nil
}

func (p *Preview) take(in *stripe.Invoice) {
	p.NowCents, p.Currency, p.NowOff = in.AmountDue, string(in.Currency), offOf(in)
	p.NowTax, p.TaxUnknown = taxOf(in)
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
func (p *provider) changePreview(now remote, tier, prorate string, asOf time.Time, code string) *stripe.InvoiceCreatePreviewParams {
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
func (p *provider) plainPreview(now remote, tier string) *stripe.InvoiceCreatePreviewParams {
	params := p.changePreview(now, tier, "none", time.Time{}, "")
	params.UnsetFields = []stripe.InvoiceCreatePreviewParamsUnsetField{stripe.InvoiceCreatePreviewParamsUnsetFieldDiscounts}
	return params
}
