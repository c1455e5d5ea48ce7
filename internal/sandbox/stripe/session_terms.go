package stripe

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// A checkout session begins a subscription on terms of its own: a trial, a code that is given or may be typed, tax that
// needs an address, a card that may be left out.

// readSessionTerms reads those of a request, and refuses what does not go together.
func (c *request) readSessionTerms(cu *customer) (t sessionTerms, refusal *apiError) {
	if refusal = c.readTrial(&t, "subscription_data"); refusal != nil {
		return t, refusal
	}
	if t.Discounts, _, refusal = c.readDiscounts("discounts", cu.ID); refusal != nil {
		return t, refusal
	}
	asks := c.form.get("customer_update[address]") == "auto"
	switch collects := c.form.get("payment_method_collection"); {
	case c.form.has("allow_promotion_codes") && len(t.Discounts) > 0:
		return t, badRequest("", "", "You may only specify one of these parameters: allow_promotion_codes, discounts.")
	case collects != "" && collects != "always" && collects != "if_required":
		return t, badRequest("", "payment_method_collection",
			"Invalid payment_method_collection: must be one of always or if_required")
	case c.form.get("automatic_tax[enabled]") == "true" && cu.country() == "" && !asks:
		return t, badRequest("customer_tax_location_invalid", "customer_update[address]",
			"Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the "+
				"Customer or set `customer_update[address]` to 'auto' to save the address entered in Checkout to the Customer.")
	}
	t.Tax, refusal = c.readTax(cu, asks)
	return t, refusal
}

// addUp makes the session's amounts those of the invoice to come.
func (c *request) addUp(cs *session) {
	line := newStripeLine(cs.price, "", "", cs.price.UnitAmount, clip(c.now), clip(c.now), false, cs.price.Nickname)
	if cs.terms.TrialDays > 0 {
		line.Amount = 0
	}
	in := c.draft(cs.Customer, "", "upcoming", nil, []invoiceLine{line})
	c.reckon(in, cs.terms.Discounts, cs.terms.Tax)
	cs.AmountSubtotal, cs.AmountTotal = in.Subtotal, in.Total
	cs.TotalDetails = map[string]int64{
		"amount_discount": in.Lines.Data[0].taken(), "amount_shipping": 0,
		"amount_tax": in.Total - in.TotalExcludingTax,
	}
	cs.AutomaticTax = map[string]any{
		"enabled": cs.terms.Tax, "liability": in.AutomaticTax.Liability,
		"provider": in.AutomaticTax.Provider, "status": in.AutomaticTax.Status,
	}
	cs.Discounts = []map[string]any{}
	for _, d := range cs.terms.Discounts {
		cs.Discounts = append(cs.Discounts, map[string]any{"coupon": nil, "promotion_code": *d.PromotionCode})
	}
}

// cardLess tells whether the session may be completed without a card.
func (cs *session) cardLess() bool {
	return cs.MethodCollection == "if_required" && cs.AmountTotal == 0
}

// fill takes over what a person typed on the page, and tells whether it can be used.
func (c *request) fill(cs *session, r *http.Request) bool {
	cu := c.customers.byID[cs.Customer]
	if country := r.PostFormValue("country"); cs.terms.Tax && cu.country() == "" {
		cu.Address = &address{Country: new(cmp.Or(country, "DE"))}
		c.emit("customer.updated", cu)
	}
	typed := strings.TrimSpace(r.PostFormValue("code"))
	if cs.AllowCodes == nil || !*cs.AllowCodes || typed == "" {
		c.addUp(cs)
		return true
	}
	p := c.codeNamed(typed, cs.Customer)
	if p == nil {
		return false
	}
	cs.terms.Discounts = []*discount{c.newDiscount(p, cs.Customer)}
	c.addUp(cs)
	return true
}

// sessionView is the page of a session as a person sees it.
type sessionView struct {
	Open, Codes, Refused, CardLess, Country bool
	Status, Plan, Back, Today, Price, Until string
	Trial, Discount, Tax                    string // "" for none
}

func (c *request) viewOf(cs *session, refused bool) sessionView {
	v := sessionView{
		Open: cs.Status == "open", Status: cs.Status, Plan: cs.price.Nickname, Back: cmp.Or(cs.back(), "/"), Refused: refused,
		Codes: cs.AllowCodes != nil && *cs.AllowCodes, CardLess: cs.cardLess(), Country: cs.terms.Tax &&
			c.customers.byID[cs.Customer].country() == "",
		Today: dollars(cs.AmountTotal), Price: dollars(cs.price.UnitAmount),
		Until: time.Unix(cs.ExpiresAt, 0).UTC().Format("2 January 15:04 UTC"),
	}
	if cs.terms.TrialDays > 0 {
		v.Trial = c.now.AddDate(0, 0, cs.terms.TrialDays).Format("2 January 2006")
	}
	for _, d := range cs.terms.Discounts {
		v.Discount = c.coupon(d).words()
	}
	if cs.terms.Tax && !v.Country {
		v.Tax = dollars(cs.TotalDetails["amount_tax"])
	}
	return v
}
