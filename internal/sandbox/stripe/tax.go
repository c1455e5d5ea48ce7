package stripe

import (
	"maps"
	"math"
	"strings"
)

// Automatic tax, with one rate for each country the account is registered in: enough to see that amounts with tax are
// told apart, and what Stripe refuses as long as nobody knows where the customer lives.

var taxRoutes = []apiRoute{
	{"GET /v1/tax/settings", "expand[]", (*request).retrieveTaxSettings},
	{"GET /v1/tax/registrations", "status limit starting_after expand[]", (*request).listRegistrations},
	{"POST /v1/customers/{id}", "address[country] address[line1] address[city] address[postal_code] address[state] " +
		"email name description metadata[] expand[]", (*request).updateCustomer},
}

// taxRates are percentages, by country. Elsewhere the account collects nothing.
var taxRates = map[string]int64{"DE": 19, "GB": 20}

type address struct {
	City       *string `json:"city"`
	Country    *string `json:"country"`
	Line1      *string `json:"line1"`
	Line2      *string `json:"line2"`
	PostalCode *string `json:"postal_code"`
	State      *string `json:"state"`
}

// country is where the customer lives; "" when nobody knows.
func (cu *customer) country() string {
	if cu.Address == nil || cu.Address.Country == nil {
		return ""
	}
	return *cu.Address.Country
}

// readAddress takes over what the request says of where a customer lives.
func (c *request) readAddress(cu *customer) *apiError {
	country := c.form.get("address[country]")
	switch {
	case !strings.Contains(strings.Join(c.form.roots(), " "), "address"):
		return nil
	case len(country) != 2:
		return badRequest("", "address[country]",
			"Country '%s' is unknown. Try using a 2-character alphanumeric country code instead, such as 'US', 'EG', or "+
				"'GB'.", country)
	}
	cu.Address = &address{
		City: c.form.optional("address[city]"), Country: new(strings.ToUpper(country)),
		Line1:      c.form.optional("address[line1]"),
		PostalCode: c.form.optional("address[postal_code]"), State: c.form.optional("address[state]"),
	}
	return nil
}

func (c *request) updateCustomer() (any, *apiError) {
	cu, refusal := c.customer("id", c.id)
	if refusal == nil {
		refusal = c.readAddress(cu)
	}
	if refusal != nil {
		return nil, refusal
	}
	for name, into := range map[string]**string{"email": &cu.Email, "name": &cu.Name, "description": &cu.Description} {
		if c.form.has(name) {
			*into = c.form.optional(name)
		}
	}
	maps.Copy(cu.Metadata, c.form.metadata("metadata"))
	c.emit("customer.updated", cu)
	return cu, nil
}

// readTax reads automatic_tax[enabled]. The customer may be nil, where only a page will know.
func (c *request) readTax(cu *customer, asks bool) (bool, *apiError) {
	switch {
	case c.form.get("automatic_tax[enabled]") != "true":
		return false, nil
	case c.cfg.NoTax:
		return false, badRequest("", "automatic_tax[enabled]",
			"You must have a valid head office address to enable automatic tax calculation in test mode. Visit "+
				"https://dashboard.stripe.com/test/settings/tax to update it.")
	case cu != nil && cu.country() == "" && !asks:
		return false, badRequest("customer_tax_location_invalid", "",
			"The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.")
	}
	return true, nil
}

type automaticTax struct {
	DisabledReason *string        `json:"disabled_reason"`
	Enabled        bool           `json:"enabled"`
	Liability      map[string]any `json:"liability"`
}

func autoTax(on bool) automaticTax {
	if !on {
		return automaticTax{}
	}
	return automaticTax{Enabled: true, Liability: map[string]any{"type": "self"}}
}

type invoiceTax struct {
	automaticTax
	Provider *string `json:"provider"`
	Status   *string `json:"status"`
}

type taxAmount struct {
	Amount           int64          `json:"amount"`
	TaxBehavior      string         `json:"tax_behavior"`
	TaxRateDetails   map[string]any `json:"tax_rate_details"`
	TaxabilityReason string         `json:"taxability_reason"`
	TaxableAmount    int64          `json:"taxable_amount"`
	Type             string         `json:"type"`
}

// tax puts the customer's tax on top of an invoice that is added up otherwise.
func (c *request) tax(in *invoice, on bool) {
	in.TotalExcludingTax, in.TotalTaxes = in.Total, []taxAmount{}
	in.AutomaticTax = invoiceTax{automaticTax: autoTax(on)}
	if !on {
		return
	}
	country := ""
	if cu := c.customers.byID[in.Customer]; cu != nil {
		country = cu.country()
	}
	in.AutomaticTax.Provider = new("stripe")
	if country == "" {
		in.AutomaticTax.Status = new("requires_location_inputs")
		return
	}
	in.AutomaticTax.Status = new("complete")
	t := taxAmount{
		Amount: int64(math.Round(float64(in.Total*taxRates[country]) / 100)), TaxBehavior: "exclusive",
		TaxableAmount: in.Total, TaxabilityReason: "standard_rated",
		TaxRateDetails: map[string]any{"tax_rate": "txr_" + strings.ToLower(country)}, Type: "tax_rate_details",
	}
	if taxRates[country] == 0 {
		t.TaxabilityReason, t.TaxableAmount = "not_collecting", 0
	}
	in.TotalTaxes = append(in.TotalTaxes, t)
	in.Total += t.Amount
}

// reckon makes an invoice that is added up what the customer owes: less discounts, with tax, after what is to their
// credit.
func (c *request) reckon(in *invoice, discounts []*discount, taxed bool) {
	c.takeOff(in, discounts)
	c.tax(in, taxed)
	if cu := c.customers.byID[in.Customer]; cu != nil {
		in.StartingBalance = cu.Balance
	}
	after := in.Total + in.StartingBalance
	in.AmountDue, in.EndingBalance = max(0, after), new(min(0, after))
	in.AmountRemaining = in.AmountDue
}

// spendBalance keeps what an invoice left to the customer's credit.
func (c *request) spendBalance(in *invoice) {
	if cu := c.customers.byID[in.Customer]; cu != nil && in.EndingBalance != nil {
		cu.Balance = *in.EndingBalance
	}
}

// returnBalance gives back what a voided invoice had taken of it.
func (c *request) returnBalance(in *invoice) {
	if cu := c.customers.byID[in.Customer]; cu != nil && in.EndingBalance != nil {
		cu.Balance -= *in.EndingBalance - in.StartingBalance
	}
}

func (c *request) retrieveTaxSettings() (any, *apiError) {
	settings := map[string]any{
		"object": "tax.settings", "livemode": false, "status": "active",
		"status_details": map[string]any{"active": map[string]any{}},
		"defaults":       map[string]any{"provider": "stripe", "tax_behavior": "exclusive", "tax_code": "txcd_10103000"},
		"head_office": map[string]any{"address": map[string]any{
			"city": "Berlin", "country": "DE", "line1": "Sandweg 1",
			"line2": nil, "postal_code": "10115", "state": nil,
		}},
	}
	if c.cfg.NoTax {
		settings["status"], settings["head_office"] = "pending", nil
		settings["status_details"] = map[string]any{"pending": map[string]any{"missing_fields": []string{"head_office"}}}
		settings["defaults"] = map[string]any{"provider": "stripe", "tax_behavior": nil, "tax_code": nil}
	}
	return settings, nil
}

type registration struct {
	ID             string         `json:"id"`
	Object         string         `json:"object"`
	ActiveFrom     int64          `json:"active_from"`
	Country        string         `json:"country"`
	CountryOptions map[string]any `json:"country_options"`
	Created        int64          `json:"created"`
	ExpiresAt      *int64         `json:"expires_at"`
	Livemode       bool           `json:"livemode"`
	Status         string         `json:"status"`
}

func (c *request) listRegistrations() (any, *apiError) {
	var all []*registration
	for _, country := range []string{"DE", "GB"} {
		options := map[string]any{"type": "standard", "standard": map[string]any{"place_of_supply_scheme": "standard"}}
		all = append(all, &registration{
			ID: "taxreg_" + strings.ToLower(country), Object: "tax.registration", ActiveFrom: 1_767_225_600,
			Created: 1_767_225_600, Country: country, Status: "active",
			CountryOptions: map[string]any{strings.ToLower(country): options},
		})
	}
	return page(c, "/v1/tax/registrations", all, func(r *registration) string { return r.ID },
		func(r *registration) bool {
			return !c.cfg.NoTax && (!c.form.has("status") || c.form.get("status") == "all" || c.form.get("status") == r.Status)
		}, func(r *registration) any { return r })
}
