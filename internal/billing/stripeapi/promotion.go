package stripeapi

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// Promotion asks for every code of this spelling: those that are over too, so that one can say why.
func (p *Client) Promotion(ctx context.Context, code string, r plan.Row, now time.Time) (plan.Promotion, error) {
	params := &stripe.PromotionCodeListParams{
		Code:       &code,
		ListParams: stripe.ListParams{Limit: new(int64(20)), Single: true},
	}
	params.AddExpand("data.promotion.coupon")
	why := plan.ErrNoCode
	for found, err := range sdk(p).V1PromotionCodes.List(ctx, params).All(ctx) {
		if err != nil {
			return plan.Promotion{}, refuse(err)
		}
		reason := unusable(found, r, now)
		if reason == "" {
			coupon := found.Promotion.Coupon
			return plan.Promotion{
				Discount: plan.Discount{Code: found.Code, Words: offWords(coupon)}, ID: found.ID,
				Once: coupon.Duration == stripe.CouponDurationOnce, Forever: coupon.Duration == stripe.CouponDurationForever,
			}, nil
		}
		if why == plan.ErrNoCode { // the newest says it
			why = plan.BadCode(reason)
		}
	}
	return plan.Promotion{}, why
}

// unusable says why a code cannot be used by a person now; "" when it can.
func unusable(p *stripe.PromotionCode, r plan.Row, now time.Time) string {
	over := func(unix int64) bool { return unix != 0 && !now.Before(instant(unix)) }
	usedUp := func(times, most int64) bool { return most != 0 && times >= most }
	if p.Promotion == nil || p.Promotion.Coupon == nil {
		return "This promotion code cannot be used here."
	}
	coupon := p.Promotion.Coupon
	switch {
	case p.Customer != nil && p.Customer.ID != r.CustomerID:
		return "This promotion code is for another customer. Use one of your own, or go on without one."
	case over(p.ExpiresAt) || over(coupon.RedeemBy):
		return "This promotion code has expired. Go on without one."
	case usedUp(p.TimesRedeemed, p.MaxRedemptions) || usedUp(coupon.TimesRedeemed, coupon.MaxRedemptions):
		return "This promotion code has been used as often as it may be. Go on without one."
	case !p.Active || !coupon.Valid:
		return "This promotion code is not in use any more. Go on without one."
	case coupon.AmountOff != 0 && coupon.Currency != stripe.CurrencyUSD:
		return "This promotion code is for another currency. Go on without one."
	case p.Restrictions != nil && p.Restrictions.FirstTimeTransaction && r.SubscriptionID != "":
		return "This promotion code is for a first plan only. Go on without one."
	}
	return ""
}
