package stripeapi

import (
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// remoteOf reads a subscription. Periods stand on its items; the item of a known price decides.
func remoteOf(sub *stripe.Subscription, tierOf map[string]string) plan.Remote {
	r := plan.Remote{
		ID: sub.ID, Status: plan.Status(sub.Status), CancelAt: instant(sub.CancelAt),
		CancelAtPeriodEnd: sub.CancelAtPeriodEnd,
		StartedAt:         instant(sub.StartDate), EndedAt: instant(sub.EndedAt), MonthlyCents: monthlyCents(sub),
		TrialEnd: instant(sub.TrialEnd), Discounts: discountsOf(sub), NoCard: noCard(sub),
		Taxed: sub.AutomaticTax != nil && sub.AutomaticTax.Enabled,
	}
	if sub.Customer != nil {
		r.Customer = sub.Customer.ID
	}
	if sub.DefaultPaymentMethod != nil {
		r.Method = sub.DefaultPaymentMethod.ID
	}
	if sub.Items != nil {
		for _, item := range sub.Items.Data {
			tier := tierOfPrice(item.Price, tierOf)
			if r.PeriodEnd.IsZero() || r.Tier == "" && tier != "" {
				r.Item, r.Tier, r.PeriodStart, r.PeriodEnd = item.ID, tier, instant(item.CurrentPeriodStart),
					instant(item.CurrentPeriodEnd)
			}
		}
	}
	r.CollectionPaused = sub.PauseCollection != nil
	readPending(&r, sub, tierOf)
	if sub.CancellationDetails != nil {
		r.EndReason, r.GivenUp = string(sub.CancellationDetails.Reason), sub.CancellationDetails.Comment == givenUp
	}
	disputed := r.EndReason == plan.EndDisputed
	if in := sub.LatestInvoice; in != nil {
		r.Invoice = chargeOf(in, tierOf)
		r.Paid = in.Status == stripe.InvoiceStatusPaid && !disputed
		r.Secret = r.Invoice.Secret
		r.Unstarted = in.BillingReason == stripe.InvoiceBillingReasonSubscriptionCreate &&
			in.Status != stripe.InvoiceStatusPaid
	}
	if si := sub.PendingSetupIntent; si != nil && si.ClientSecret != "" { // of a trial: nothing is to be paid
		r.Secret = si.ClientSecret
	}
	return r
}

// noCard tells that there is nothing to charge: known only of a customer that was asked to be expanded.
func noCard(sub *stripe.Subscription) bool {
	cu := sub.Customer
	return sub.DefaultPaymentMethod == nil && sub.DefaultSource == nil && cu != nil && cu.InvoiceSettings != nil &&
		cu.InvoiceSettings.DefaultPaymentMethod == nil && cu.DefaultSource == nil
}

func tierOfPrice(p *stripe.Price, tierOf map[string]string) string {
	if p == nil {
		return ""
	}
	return tierOf[p.ID]
}

// readPending finds a change that waits: for its payment, or in a schedule for the period's end.
func readPending(r *plan.Remote, sub *stripe.Subscription, tierOf map[string]string) {
	if u := sub.PendingUpdate; u != nil {
		for _, item := range u.SubscriptionItems {
			if tier := tierOfPrice(item.Price, tierOf); tier != "" && tier != r.Tier {
				r.Pending = plan.PendingChange{Tier: tier, How: plan.AfterPayment, At: instant(u.ExpiresAt)}
			}
		}
	}
	if sub.Schedule == nil {
		return
	}
	r.Schedule = sub.Schedule.ID
	for _, phase := range sub.Schedule.Phases {
		if r.Pending != (plan.PendingChange{}) || instant(phase.StartDate).Before(r.PeriodEnd) || len(phase.Items) == 0 {
			continue
		}
		if tier := tierOfPrice(phase.Items[0].Price, tierOf); tier != "" && tier != r.Tier {
			r.Pending = plan.PendingChange{Tier: tier, How: plan.AfterPeriodEnd, At: instant(phase.StartDate)}
		}
	}
	if r.Pending.How == plan.AfterPeriodEnd && r.Method != "" {
		d := sub.Schedule.DefaultSettings
		r.OldCard = d == nil || d.DefaultPaymentMethod == nil || d.DefaultPaymentMethod.ID != r.Method
	}
}

func instant(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

// discountsOf are a subscription's discounts, as far as they were asked to be expanded.
func discountsOf(sub *stripe.Subscription) []plan.Given {
	var all []plan.Given
	for _, d := range sub.Discounts {
		if d.Source == nil || d.Source.Coupon == nil || d.Source.Coupon.Duration == "" {
			continue
		}
		g := plan.Given{
			Discount: plan.Discount{Words: offWords(d.Source.Coupon)}, ID: d.ID, At: instant(d.Start),
			Ends: d.Source.Coupon.Duration != stripe.CouponDurationForever,
		}
		if d.PromotionCode != nil {
			g.Code = d.PromotionCode.Code
		}
		all = append(all, g)
	}
	return all
}

func chargeOf(in *stripe.Invoice, tierOf map[string]string) plan.Charge {
	c := plan.Charge{
		ID: in.ID, Status: string(in.Status), Reason: string(in.BillingReason), Cents: in.AmountDue,
		Currency: string(in.Currency), At: instant(in.Created),
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

// expandDiscounts asks for what lowers a subscription's price.
const expandDiscounts = "discounts.source.coupon"

// monthlyCents is what a subscription asks for each month: its items, less the discounts that last for more than one
// invoice. Prices of a year count a twelfth.
func monthlyCents(sub *stripe.Subscription) int64 {
	var cents int64
	if sub.Items != nil {
		for _, item := range sub.Items.Data {
			cents += perMonth(item)
		}
	}
	for _, d := range sub.Discounts {
		if d.Source == nil || d.Source.Coupon == nil || d.Source.Coupon.Duration == stripe.CouponDurationOnce {
			continue
		}
		c := d.Source.Coupon
		cents -= c.AmountOff + int64(float64(cents)*c.PercentOff/100+0.5)
	}
	return max(0, cents)
}

func perMonth(item *stripe.SubscriptionItem) int64 {
	p := item.Price
	if p == nil || p.Recurring == nil {
		return 0
	}
	cents, count := p.UnitAmount*max(1, item.Quantity), max(1, p.Recurring.IntervalCount)
	switch p.Recurring.Interval {
	case stripe.PriceRecurringIntervalMonth:
		return cents / count
	case stripe.PriceRecurringIntervalYear:
		return cents / (12 * count)
	}
	return 0
}

// offWords say what a coupon takes off, and for how long.
func offWords(c *stripe.Coupon) string {
	what := strconv.FormatFloat(c.PercentOff, 'f', -1, 64) + "% off"
	if c.AmountOff != 0 {
		what = plan.Amount(c.AmountOff, string(c.Currency)) + " off"
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

// taxOf is the tax within an invoice, and whether Stripe could tell it.
func taxOf(in *stripe.Invoice) (cents int64, unknown bool) {
	for _, t := range in.TotalTaxes {
		cents += t.Amount
	}
	return cents, in.AutomaticTax != nil &&
		in.AutomaticTax.Status == stripe.InvoiceAutomaticTaxStatusRequiresLocationInputs
}

// offOf is what discounts take off an invoice.
func offOf(in *stripe.Invoice) (cents int64) {
	for _, d := range in.TotalDiscountAmounts {
		cents += d.Amount
	}
	return cents
}
