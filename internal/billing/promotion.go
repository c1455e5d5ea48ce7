package billing

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/fault"
)

// Discount is what a promotion code takes off. The zero value is none.
type Discount struct {
	Code  string // as it is written, such as WELCOME
	Words string // such as "20% off for 3 months"
}

// promotion is a code that this person may use now.
type promotion struct {
	Discount
	id       string
	duration stripe.CouponDuration
}

// given is a discount that a subscription has.
type given struct {
	Discount
	id       string
	at       time.Time
	duration stripe.CouponDuration
}

// ends tells whether a discount stops some day.
func (g given) ends() bool { return g.duration != stripe.CouponDurationForever }

// codeShape is what a code of Stripe's can look like.
var codeShape = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

func badCode(say string) *fault.Fault {
	return fault.ValidationFailed.Saying("%s", say).At("body.promotion_code", say)
}

// promotion finds the code that a person typed; no code is the zero promotion. Every try is counted, found or not, so
// that nobody finds codes by trying.
func (s *Service) promotion(ctx context.Context, r row, userID, code string) (promotion, error) {
	code = strings.TrimSpace(code)
	switch {
	case code == "":
		return promotion{}, nil
	case !s.stripe.codes:
		return promotion{}, badCode("Promotion codes are not taken here. Go on without one.")
	}
	if s.takeCode != nil {
		if err := s.takeCode(ctx, userID); err != nil {
			return promotion{}, err
		}
	}
	if !codeShape.MatchString(code) {
		return promotion{}, errNoCode
	}
	return s.stripe.promotion(ctx, code, r, s.now())
}

var errNoCode = badCode("There is no such promotion code. Check how it is written, or go on without one.")

// promotion asks for every code of this spelling: those that are over too, so that one can say why.
func (p *provider) promotion(ctx context.Context, code string, r row, now time.Time) (promotion, error) {
	params := &stripe.PromotionCodeListParams{Code: &code, ListParams: stripe.ListParams{Limit: new(int64(20)), Single: true}}
	params.AddExpand("data.promotion.coupon")
	why := errNoCode
	for found, err := range p.api.V1PromotionCodes.List(ctx, params).All(ctx) {
		if err != nil {
			return promotion{}, refuse(err)
		}
		reason := unusable(found, r, now)
		if reason == "" {
			coupon := found.Promotion.Coupon
			return promotion{Discount{found.Code, offWords(coupon)}, found.ID, coupon.Duration}, nil
		}
		if why == errNoCode { // the newest says it
			why = badCode(reason)
		}
	}
	return promotion{}, why
}

// unusable says why a code cannot be used by a person now; "" when it can.
func unusable(p *stripe.PromotionCode, r row, now time.Time) string {
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

// offWords say what a coupon takes off, and for how long.
func offWords(c *stripe.Coupon) string {
	what := strconv.FormatFloat(c.PercentOff, 'f', -1, 64) + "% off"
	if c.AmountOff != 0 {
		what = Amount(c.AmountOff, string(c.Currency)) + " off"
	}
	switch {
	case c.Duration == stripe.CouponDurationOnce:
		return what + " the first payment"
	case c.Duration == stripe.CouponDurationRepeating && c.DurationInMonths == 1:
		return what + " for a month"
	case c.Duration == stripe.CouponDurationRepeating:
		return what + " for " + strconv.FormatInt(c.DurationInMonths, 10) + " months"
	}
	return what + " every month"
}

// discountsOf are a subscription's discounts, as far as they were asked to be expanded.
func discountsOf(sub *stripe.Subscription) []given {
	var all []given
	for _, d := range sub.Discounts {
		if d.Source == nil || d.Source.Coupon == nil || d.Source.Coupon.Duration == "" {
			continue
		}
		g := given{Discount: Discount{Words: offWords(d.Source.Coupon)}, id: d.ID, at: instant(d.Start), duration: d.Source.Coupon.Duration}
		if d.PromotionCode != nil {
			g.Code = d.PromotionCode.Code
		}
		all = append(all, g)
	}
	return all
}

// words tell of a discount in the story of a plan.
func (d Discount) words() string {
	if d.Code == "" {
		return d.Words
	}
	return d.Words + ", with the code " + d.Code
}

// codeFits refuses a code where it would count for nothing, or take another discount's place.
func codeFits(now remote, code promotion, kind string) error {
	switch {
	case code.id == "":
		return nil
	case kind == PreviewKeep || kind == PreviewDowngrade:
		return badCode("A promotion code counts for a new plan or for a larger one. Go on without one.")
	case slices.ContainsFunc(now.Discounts, func(g given) bool { return g.Words != "" }):
		return badCode("Your plan has a discount already (" + now.Discounts[0].words() + "), and only one counts at a time. Go on without the code.")
	}
	return nil
}
