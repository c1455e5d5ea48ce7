package stripe

import (
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"
)

// Coupons say what is taken off, promotion codes are what people type to get one, and a discount is a coupon that was
// redeemed: for a subscription, once, for some months, or for ever.

// discountRoutes are those of coupons and promotion codes.
var discountRoutes = []apiRoute{
	{"POST /v1/coupons", "id name percent_off amount_off currency duration duration_in_months max_redemptions " +
		"redeem_by metadata[] expand[]", (*request).createCoupon},
	{"GET /v1/coupons/{id}", "expand[]", (*request).retrieveCoupon},
	{"POST /v1/promotion_codes", "promotion[type] promotion[coupon] code customer active expires_at max_redemptions " +
		"restrictions[first_time_transaction] restrictions[minimum_amount] restrictions[minimum_amount_currency] " +
		"metadata[] expand[]", (*request).createPromotionCode},
	{
		"GET /v1/promotion_codes", "active code coupon customer limit starting_after expand[]",
		(*request).listPromotionCodes,
	},
	{"POST /v1/promotion_codes/{id}", "active metadata[] expand[]", (*request).updatePromotionCode},
}

type coupon struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	AmountOff        *int64            `json:"amount_off"`
	Created          int64             `json:"created"`
	Currency         *string           `json:"currency"`
	Duration         string            `json:"duration"`
	DurationInMonths *int64            `json:"duration_in_months"`
	Livemode         bool              `json:"livemode"`
	MaxRedemptions   *int64            `json:"max_redemptions"`
	Metadata         map[string]string `json:"metadata"`
	Name             *string           `json:"name"`
	PercentOff       *float64          `json:"percent_off"`
	RedeemBy         *int64            `json:"redeem_by"`
	TimesRedeemed    int64             `json:"times_redeemed"`
	Valid            bool              `json:"valid"`
}

type promotionCode struct {
	ID              string            `json:"id"`
	Object          string            `json:"object"`
	Active          bool              `json:"active"`
	Code            string            `json:"code"`
	Created         int64             `json:"created"`
	Customer        *string           `json:"customer"`
	CustomerAccount *string           `json:"customer_account"`
	ExpiresAt       *int64            `json:"expires_at"`
	Livemode        bool              `json:"livemode"`
	MaxRedemptions  *int64            `json:"max_redemptions"`
	Metadata        map[string]string `json:"metadata"`
	Promotion       promotion         `json:"promotion"`
	Restrictions    restrictions      `json:"restrictions"`
	TimesRedeemed   int64             `json:"times_redeemed"`
}

type promotion struct {
	Coupon string `json:"coupon"`
	Type   string `json:"type"`
}

type restrictions struct {
	FirstTimeTransaction  bool    `json:"first_time_transaction"`
	MinimumAmount         *int64  `json:"minimum_amount"`
	MinimumAmountCurrency *string `json:"minimum_amount_currency"`
}

type discount struct {
	ID               string    `json:"id"`
	Object           string    `json:"object"`
	CheckoutSession  *string   `json:"checkout_session"`
	Customer         string    `json:"customer"`
	CustomerAccount  *string   `json:"customer_account"`
	End              *int64    `json:"end"`
	Invoice          *string   `json:"invoice"`
	InvoiceItem      *string   `json:"invoice_item"`
	PromotionCode    *string   `json:"promotion_code"`
	Source           promotion `json:"source"`
	Start            int64     `json:"start"`
	Subscription     *string   `json:"subscription"`
	SubscriptionItem *string   `json:"subscription_item"`
}

// number reads a whole number that may be left out.
func (f form) number(name string) (*int64, *apiError) {
	if !f.has(name) {
		return nil, nil
	}
	n, err := strconv.ParseInt(f.get(name), 10, 64)
	if err != nil || n < 1 {
		return nil, badRequest("parameter_invalid_integer", name, "Invalid integer: %s", f.get(name))
	}
	return &n, nil
}

func (c *request) createCoupon() (any, *apiError) {
	k := &coupon{
		ID: c.form.get("id"), Object: "coupon", Created: clip(c.now), Currency: c.form.optional("currency"),
		Duration: c.form.get("duration"),
		Metadata: c.form.metadata("metadata"), Name: c.form.optional("name"),
	}
	if k.ID == "" {
		k.ID = newID("coupon")[7:15]
	}
	for name, into := range map[string]**int64{
		"amount_off": &k.AmountOff, "duration_in_months": &k.DurationInMonths,
		"max_redemptions": &k.MaxRedemptions, "redeem_by": &k.RedeemBy,
	} {
		n, refusal := c.form.number(name)
		if refusal != nil {
			return nil, refusal
		}
		*into = n
	}
	if c.form.has("percent_off") {
		p, err := strconv.ParseFloat(c.form.get("percent_off"), 64)
		if err != nil || p <= 0 || p > 100 {
			return nil, badRequest("", "percent_off", "Invalid percent_off: must be greater than 0 and at most 100")
		}
		k.PercentOff = &p
	}
	if refusal := c.checkCoupon(k); refusal != nil {
		return nil, refusal
	}
	c.discounts.coupons.put(k.ID, k)
	c.emit("coupon.created", c.renderCoupon(k))
	return c.renderCoupon(k), nil
}

func (c *request) checkCoupon(k *coupon) *apiError {
	switch {
	case k.Duration == "":
		k.Duration = "once"
	case k.Duration != "once" && k.Duration != "repeating" && k.Duration != "forever":
		return badRequest("", "duration", "Invalid duration: must be one of forever, once, or repeating")
	}
	switch {
	case (k.AmountOff == nil) == (k.PercentOff == nil):
		return badRequest("", "", "You must pass either percent_off or amount_off, and not both.")
	case k.AmountOff != nil && k.Currency == nil:
		return required("currency")
	case (k.Duration == "repeating") != (k.DurationInMonths != nil):
		return badRequest("", "duration_in_months", "duration_in_months goes with duration=repeating, and only with that.")
	case c.discounts.coupons.byID[k.ID] != nil:
		return badRequest("resource_already_exists", "id", "Coupon already exists.")
	}
	return nil
}

func (c *request) retrieveCoupon() (any, *apiError) {
	if k := c.discounts.coupons.byID[c.id]; k != nil {
		return c.renderCoupon(k), nil
	}
	return nil, missing("coupon", "id", c.id)
}

func (c *request) valid(k *coupon) bool {
	return (k.MaxRedemptions == nil || k.TimesRedeemed < *k.MaxRedemptions) &&
		(k.RedeemBy == nil || clip(c.now) < *k.RedeemBy)
}

func (c *request) renderCoupon(k *coupon) map[string]any {
	m := snapshot(k)
	m["valid"] = c.valid(k)
	return m
}

func (c *request) createPromotionCode() (any, *apiError) {
	coupon := c.discounts.coupons.byID[c.form.get("promotion[coupon]")]
	switch {
	case c.form.get("promotion[type]") != "coupon":
		return nil, required("promotion[type]")
	case coupon == nil:
		return nil, missing("coupon", "promotion[coupon]", c.form.get("promotion[coupon]"))
	case c.form.has("customer") && c.customers.byID[c.form.get("customer")] == nil:
		return nil, missing("customer", "customer", c.form.get("customer"))
	}
	p := &promotionCode{
		ID: newID("promo"), Object: "promotion_code", Active: c.form.get("active") != "false", Code: c.form.get("code"),
		Created: clip(c.now), Customer: c.form.optional("customer"),
		Metadata: c.form.metadata("metadata"), Promotion: promotion{coupon.ID, "coupon"},
		Restrictions: restrictions{
			c.form.get("restrictions[first_time_transaction]") == "true", nil,
			c.form.optional("restrictions[minimum_amount_currency]"),
		},
	}
	if p.Code == "" {
		p.Code = strings.ToUpper(newID("code")[5:13])
	}
	for name, into := range map[string]**int64{
		"expires_at": &p.ExpiresAt, "max_redemptions": &p.MaxRedemptions,
		"restrictions[minimum_amount]": &p.Restrictions.MinimumAmount,
	} {
		n, refusal := c.form.number(name)
		if refusal != nil {
			return nil, refusal
		}
		*into = n
	}
	for _, other := range c.discounts.codes.list {
		if strings.EqualFold(other.Code, p.Code) && c.active(other) && p.Customer == nil && other.Customer == nil {
			return nil, badRequest("resource_already_exists", "code",
				"An active promotion code with `code: %s` already exists.", p.Code)
		}
	}
	c.discounts.codes.put(p.ID, p)
	c.emit("promotion_code.created", c.renderCode(p, ""))
	return c.renderCode(p, ""), nil
}

func (c *request) updatePromotionCode() (any, *apiError) {
	p := c.discounts.codes.byID[c.id]
	if p == nil {
		return nil, missing("promotion code", "id", c.id)
	}
	if c.form.has("active") {
		p.Active = c.form.get("active") == "true"
	}
	maps.Copy(p.Metadata, c.form.metadata("metadata"))
	c.emit("promotion_code.updated", c.renderCode(p, ""))
	return c.renderCode(p, ""), nil
}

// active tells whether a code can be redeemed by anybody now, as the real one's field does.
func (c *request) active(p *promotionCode) bool {
	return p.Active && c.valid(c.discounts.coupons.byID[p.Promotion.Coupon]) &&
		(p.ExpiresAt == nil || clip(c.now) < *p.ExpiresAt) &&
		(p.MaxRedemptions == nil || p.TimesRedeemed < *p.MaxRedemptions)
}

func (c *request) renderCode(p *promotionCode, prefix string) map[string]any {
	m := snapshot(p)
	m["active"] = c.active(p)
	if c.form.expands(prefix + "promotion.coupon") {
		m["promotion"].(map[string]any)["coupon"] = c.renderCoupon(c.discounts.coupons.byID[p.Promotion.Coupon])
	}
	return m
}

func (c *request) listPromotionCodes() (any, *apiError) {
	return page(c, "/v1/promotion_codes", c.discounts.codes.list, func(p *promotionCode) string { return p.ID },
		func(p *promotionCode) bool {
			return (!c.form.has("code") || strings.EqualFold(c.form.get("code"), p.Code)) &&
				(!c.form.has("coupon") || c.form.get("coupon") == p.Promotion.Coupon) &&
				(!c.form.has("active") || c.form.get("active") == strconv.FormatBool(c.active(p))) &&
				(!c.form.has("customer") || p.Customer != nil && *p.Customer == c.form.get("customer"))
		}, func(p *promotionCode) any { return c.renderCode(p, "data.") })
}

// readDiscounts reads name[0], name[1] and so on for a customer: codes to redeem, and discounts to keep. Said tells
// whether the request named any, or took all away. Nothing is redeemed yet.
func (c *request) readDiscounts(name, customer string) (all []*discount, said bool, refusal *apiError) {
	for i := 0; ; i++ {
		at := fmt.Sprintf("%s[%d]", name, i)
		switch {
		case c.form.has(at + "[discount]"):
			d := c.discounts.redeemed.byID[c.form.get(at+"[discount]")]
			if d == nil || d.Customer != customer {
				return nil, true, missing("discount", at+"[discount]", c.form.get(at+"[discount]"))
			}
			all = append(all, d)
		case c.form.has(at + "[promotion_code]"):
			p, refusal := c.redeemable(at+"[promotion_code]", customer)
			if refusal != nil {
				return nil, true, refusal
			}
			all = append(all, c.newDiscount(p, customer))
		default:
			return all, i > 0 || c.form.has(name), nil
		}
	}
}

// redeemable finds the code a parameter names, if this customer may use it.
func (c *request) redeemable(param, customer string) (*promotionCode, *apiError) {
	p := c.discounts.codes.byID[c.form.get(param)]
	refuse := func(format string, args ...any) *apiError {
		return badRequest("", param, format, args...)
	}
	switch {
	case p == nil:
		return nil, missing("promotion code", param, c.form.get(param))
	case !c.active(p):
		return nil, refuse("This promotion code is not active: `%s`.", p.ID)
	case p.Customer != nil && *p.Customer != customer:
		return nil, refuse("The promotion code `%s` cannot be used by this customer.", p.ID)
	case p.Restrictions.FirstTimeTransaction && c.hasPaid(customer):
		return nil, refuse("This promotion code cannot be redeemed because the associated customer has prior transactions.")
	}
	return p, nil
}

func (c *request) hasPaid(customer string) bool {
	for _, in := range c.invoices.list {
		if in.Customer == customer && in.AmountPaid > 0 {
			return true
		}
	}
	return false
}

func (c *request) newDiscount(p *promotionCode, customer string) *discount {
	d := &discount{
		ID: newID("di"), Object: "discount", Customer: customer, PromotionCode: &p.ID, Source: p.Promotion,
		Start: clip(c.now),
	}
	if k := c.coupon(d); k.DurationInMonths != nil {
		d.End = new(clip(monthAfter(c.now, int(*k.DurationInMonths))))
	}
	return d
}

func (c *request) coupon(d *discount) *coupon {
	return c.discounts.coupons.byID[d.Source.Coupon]
}

// redeem gives a subscription these discounts in place of those it has. What is new counts as redeemed.
func (c *request) redeem(sub *subscription, all []*discount) {
	sub.Discounts = []string{}
	for _, d := range all {
		if c.discounts.redeemed.byID[d.ID] == nil {
			d.Subscription = &sub.ID
			c.discounts.redeemed.put(d.ID, d)
			c.coupon(d).TimesRedeemed++
			c.discounts.codes.byID[*d.PromotionCode].TimesRedeemed++
			c.emit("customer.discount.created", d)
		}
		sub.Discounts = append(sub.Discounts, d.ID)
	}
}

// discountsOf are those a subscription has at a time; what has ended by then is not among them.
func (c *request) discountsOf(sub *subscription, at int64) []*discount {
	var all []*discount
	for _, id := range sub.Discounts {
		if d := c.discounts.redeemed.byID[id]; d.End == nil || at < *d.End {
			all = append(all, d)
		}
	}
	return all
}

// dropEnded takes the discounts away whose months are over, and tells whether there were any.
func (c *request) dropEnded(sub *subscription) bool {
	left := []string{}
	for _, d := range c.discountsOf(sub, clip(c.now)) {
		left = append(left, d.ID)
	}
	dropped := len(left) < len(sub.Discounts)
	sub.Discounts = left
	return dropped
}

// usedOnce are the discounts left after an invoice: one for a single charge is gone once there was one.
func (c *request) usedOnce(sub *subscription, in *invoice) {
	left := []string{}
	for _, id := range sub.Discounts {
		if in.Subtotal <= 0 || c.coupon(c.discounts.redeemed.byID[id]).Duration != "once" {
			left = append(left, id)
		}
	}
	sub.Discounts = left
}

// takeOff lowers an invoice by discounts. Credits for unused time are not discountable: they are what was paid.
func (c *request) takeOff(in *invoice, discounts []*discount) {
	in.Discounts, in.TotalDiscountAmounts = []string{}, []discountAmount{}
	for i := range in.Lines.Data {
		l := &in.Lines.Data[i]
		l.DiscountAmounts = []discountAmount{}
		left := l.Amount
		for _, d := range discounts {
			if !l.Discountable || left <= 0 {
				continue
			}
			off := discountAmount{min(left, off(c.coupon(d), left)), d.ID}
			left -= off.Amount
			l.DiscountAmounts, l.Discounts = append(l.DiscountAmounts, off), append(l.Discounts, d.ID)
			in.TotalDiscountAmounts = append(in.TotalDiscountAmounts, off)
			in.Total -= off.Amount
		}
	}
	for _, d := range discounts {
		in.Discounts = append(in.Discounts, d.ID)
	}
}

// off is what a coupon takes off an amount, in cents.
func off(k *coupon, cents int64) int64 {
	if k.AmountOff != nil {
		return *k.AmountOff
	}
	return int64(math.Round(float64(cents) * *k.PercentOff / 100))
}

type discountAmount struct {
	Amount   int64  `json:"amount"`
	Discount string `json:"discount"`
}

// renderDiscounts shows a subscription's discounts as deep as was asked for.
func (c *request) renderDiscounts(ids []string, prefix string) any {
	if !c.form.expands(prefix + "discounts") {
		return ids
	}
	all := []any{}
	for _, id := range ids {
		d := c.discounts.redeemed.byID[id]
		m := snapshot(d)
		if c.form.expands(prefix + "discounts.source.coupon") {
			m["source"].(map[string]any)["coupon"] = c.renderCoupon(c.coupon(d))
		}
		if c.form.expands(prefix + "discounts.promotion_code") {
			m["promotion_code"] = c.renderCode(c.discounts.codes.byID[*d.PromotionCode], "")
		}
		all = append(all, m)
	}
	return all
}

// discounts is what these routes keep.
type discounts struct {
	coupons  shelf[coupon]
	codes    shelf[promotionCode]
	redeemed shelf[discount]
}

// discountsState is that in the state file.
type discountsState struct {
	Coupons  []*coupon        `json:"coupons"`
	Codes    []*promotionCode `json:"codes"`
	Redeemed []*discount      `json:"redeemed"`
}

func (d *discounts) encode() discountsState {
	return discountsState{d.coupons.list, d.codes.list, d.redeemed.list}
}

func (d *discounts) restore(st discountsState) {
	for _, k := range st.Coupons {
		d.coupons.put(k.ID, k)
	}
	for _, p := range st.Codes {
		d.codes.put(p.ID, p)
	}
	for _, r := range st.Redeemed {
		d.redeemed.put(r.ID, r)
	}
}

// words say what a discount takes off, for the stand-in's own pages.
func (k *coupon) words() string {
	var what string
	if k.AmountOff != nil {
		what = dollars(*k.AmountOff) + " off"
	} else {
		what = strconv.FormatFloat(*k.PercentOff, 'f', -1, 64) + "% off"
	}
	switch k.Duration {
	case "once":
		return what + " the first payment"
	case "repeating":
		return what + " for " + strconv.FormatInt(*k.DurationInMonths, 10) + " months"
	}
	return what + " for ever"
}

// codeNamed finds an active code by what a person types on the checkout page; nil when there is none for them.
func (c *request) codeNamed(code, customer string) *promotionCode {
	for _, p := range c.discounts.codes.list {
		if strings.EqualFold(p.Code, strings.TrimSpace(code)) && c.active(p) &&
			(p.Customer == nil || *p.Customer == customer) {
			return p
		}
	}
	return nil
}
