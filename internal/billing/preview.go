package billing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/plan"
)

// Preview is what a plan would cost, as Stripe reckons it.
type Preview struct {
	Tier     plan.Tier
	From     plan.Tier // the present plan; zero for none
	Kind     string
	AsOf     time.Time // pass it to [Service.Change], and exactly this is charged
	NowCents int64     // charged at once
	Lines    []plan.QuoteLine
	NextAt   time.Time // when it is charged next
	Next     int64     // cents then
	Regular  int64     // cents every month from then on, or once a discount has ended
	Currency string

	TrialEnd   time.Time     // nothing is charged before; zero without a trial
	TrialQuota int           // analyses until then
	Discount   plan.Discount // of the code that was given, or that the plan has; zero for none
	NowOff     int64         // cents that discounts take off what is charged now
	NowTax     int64         // cents of tax within what is charged now
	NextTax    int64         // and then
	TaxUnknown bool          // tax comes on top, once it is known where the person lives
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
	p := Preview{
		Tier: s.offer.Named(q.Tier), AsOf: s.now().Truncate(time.Second), Currency: "usd",
		Discount: code.Discount,
	}
	if !r.Status.Live() {
		return s.previewStart(ctx, r, userID, code, p)
	}
	now, err := s.stripe.Subscription(ctx, r.SubscriptionID)
	if err == nil {
		err = plan.Changeable(now, time.Time{}, s.now())
	}
	if err == nil {
		err = plan.CodeFits(now, code, s.offer.KindOf(now, q.Tier))
	}
	if err != nil {
		return Preview{}, err
	}
	return s.previewChange(ctx, now, code, p)
}

func (s *Service) previewStart(ctx context.Context, r plan.Row, userID string, code plan.Promotion,
	p Preview,
) (Preview, error) {
	days, err := s.trialFor(ctx, r, userID)
	if err != nil {
		return Preview{}, err
	}
	p.Kind, p.NextAt = plan.Start, plan.NextMonth(p.AsOf)
	if days > 0 {
		p.TrialEnd = p.AsOf.AddDate(0, 0, days)
		p.NextAt, p.TrialQuota = p.TrialEnd, s.offer.Gives(p.Tier.Name, plan.Row{Status: plan.Trialing}).Quota
	}
	first, err := s.stripe.QuoteStart(ctx, r.CustomerID, p.Tier.Name, code.ID, p.TrialEnd)
	if err != nil {
		return Preview{}, err
	}
	p.take(first)
	p.TaxUnknown = p.TaxUnknown || s.stripe.ReckonsTax() && r.CustomerID == ""
	ask := func(code string) (plan.Quote, error) {
		return s.stripe.QuoteStart(ctx, r.CustomerID, p.Tier.Name, code, time.Time{})
	}
	return p, p.lookAhead(first, days > 0 || code.Once, code, ask)
}

// lookAhead finds what is charged next, and regularly, by asking with the code and without it as far as these differ.
func (p *Preview) lookAhead(next plan.Quote, askNext bool, code plan.Promotion,
	ask func(code string) (plan.Quote, error),
) (err error) {
	with := code.ID
	if code.Once && p.TrialEnd.IsZero() { // the charge now uses it up
		with = ""
	}
	if askNext {
		if next, err = ask(with); err != nil {
			return err
		}
	}
	p.Next, p.Regular = next.Total, next.Total
	p.NextTax = next.Tax
	if with == "" || code.Forever {
		return nil
	}
	regular, err := ask("")
	if err == nil {
		p.Regular = regular.Total
	}
	return err
}

func (s *Service) previewChange(ctx context.Context, now plan.Remote, code plan.Promotion, p Preview) (Preview, error) {
	p.From, p.NextAt, p.Kind = s.offer.Named(now.Tier), now.PeriodEnd, s.offer.KindOf(now, p.Tier.Name)
	if now.Status == plan.Trialing {
		p.TrialEnd, p.TrialQuota = now.TrialEnd, s.offer.Gives(p.Tier.Name, plan.Row{Status: now.Status}).Quota
	}
	if len(now.Discounts) > 0 {
		p.Discount = now.Discounts[0].Discount
	}
	if p.Kind == plan.Upgrade {
		in, err := s.stripe.QuoteChange(ctx, now, p.Tier.Name, "always_invoice", p.AsOf, code.ID)
		if err != nil {
			return Preview{}, err
		}
		p.take(in)
	}
	with := code.ID
	if code.Once && p.Kind == plan.Upgrade { // the charge now uses it up
		with = ""
	}
	next, err := s.stripe.QuoteChange(ctx, now, p.Tier.Name, "none", time.Time{}, with)
	if err != nil {
		return Preview{}, err
	}
	p.Next, p.Regular = next.Total, next.Total
	p.NextTax = next.Tax
	p.TaxUnknown = p.TaxUnknown || next.TaxUnknown
	if with != "" && !code.Forever || slices.ContainsFunc(now.Discounts, func(g plan.Given) bool { return g.Ends }) {
		regular, err := s.stripe.QuoteUndiscounted(ctx, now, p.Tier.Name)
		if err != nil {
			return Preview{}, err
		}
		p.Regular = regular.Total
	}
	return p, nil
}

// take reads what is charged at once.
func (p *Preview) take(q plan.Quote) {
	p.NowCents, p.Currency, p.NowOff, p.NowTax, p.TaxUnknown = q.Due, q.Currency, q.Off, q.Tax, q.TaxUnknown
	p.Lines = append(p.Lines, q.Lines...)
}
