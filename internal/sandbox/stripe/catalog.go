package stripe

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// catalogRoutes are what an operator sets up once: products and their prices, the customer portal, webhook endpoints.
var catalogRoutes = []apiRoute{
	{"POST /v1/products", "id name description metadata[] expand[]", (*request).createProduct},
	{"GET /v1/products", "active limit starting_after expand[]", (*request).listProducts},
	{"POST /v1/prices", "product currency unit_amount recurring[interval] recurring[interval_count] lookup_key " +
		"transfer_lookup_key nickname tax_behavior metadata[] expand[]", (*request).createPrice},
	{"POST /v1/prices/{id}", "active lookup_key transfer_lookup_key nickname metadata[] expand[]", (*request).updatePrice},
	{"POST /v1/billing_portal/configurations", portalConfigParams, (*request).createPortalConfig},
	{
		"GET /v1/billing_portal/configurations", "active is_default limit starting_after expand[]",
		(*request).listPortalConfigs,
	},
	{"POST /v1/billing_portal/configurations/{id}", "active " + portalConfigParams, (*request).updatePortalConfig},
	{
		"POST /v1/webhook_endpoints", "url api_version enabled_events[] description metadata[] expand[]",
		(*request).createEndpoint,
	},
	{"GET /v1/webhook_endpoints", "limit starting_after expand[]", (*request).listEndpoints},
	{
		"POST /v1/webhook_endpoints/{id}", "url enabled_events[] disabled description metadata[] expand[]",
		(*request).updateEndpoint,
	},
	{"DELETE /v1/webhook_endpoints/{id}", "", (*request).deleteEndpoint},
}

// catalog is what those routes keep. Prices are with Stripe itself, since two of them were always there.
type catalog struct {
	products  shelf[product]
	portals   shelf[portalConfig]
	endpoints shelf[endpoint]
}

type product struct {
	ID          string            `json:"id"`
	Object      string            `json:"object"`
	Active      bool              `json:"active"`
	Created     int64             `json:"created"`
	Description *string           `json:"description"`
	Livemode    bool              `json:"livemode"`
	Metadata    map[string]string `json:"metadata"`
	Name        string            `json:"name"`
	Updated     int64             `json:"updated"`
}

func (c *request) createProduct() (any, *apiError) {
	p := &product{
		ID: c.form.get("id"), Object: "product", Active: true, Created: clip(c.now),
		Description: c.form.optional("description"),
		Metadata:    c.form.metadata("metadata"), Name: c.form.get("name"), Updated: clip(c.now),
	}
	if p.ID == "" {
		p.ID = newID("prod")
	}
	switch {
	case p.Name == "":
		return nil, required("name")
	case c.catalog.products.byID[p.ID] != nil:
		return nil, badRequest("resource_already_exists", "id", "Product already exists.")
	}
	c.catalog.products.put(p.ID, p)
	c.emit("product.created", p)
	return p, nil
}

func (c *request) listProducts() (any, *apiError) {
	return page(c, "/v1/products", c.catalog.products.list, func(p *product) string { return p.ID },
		func(p *product) bool {
			return !c.form.has("active") || c.form.get("active") == strconv.FormatBool(p.Active)
		}, func(p *product) any { return p })
}

func (c *request) createPrice() (any, *apiError) {
	cents, err := strconv.ParseInt(c.form.get("unit_amount"), 10, 64)
	switch {
	case c.form.get("currency") == "":
		return nil, required("currency")
	case err != nil || cents < 0:
		return nil, badRequest("parameter_invalid_integer", "unit_amount", "Invalid integer: %s", c.form.get("unit_amount"))
	case c.catalog.products.byID[c.form.get("product")] == nil:
		return nil, missing("product", "product", c.form.get("product"))
	}
	p := newStripePrice(newID("price"), c.form.get("nickname"), cents)
	p.TaxBehavior = c.form.optional("tax_behavior")
	p.Created, p.Currency, p.Product, p.Metadata = clip(c.now), strings.ToLower(c.form.get("currency")),
		c.form.get("product"), c.form.metadata("metadata")
	if interval := c.form.get("recurring[interval]"); interval != "" {
		p.Recurring["interval"] = interval
	} else {
		p.Recurring, p.Type = nil, "one_time"
	}
	if refusal := c.takeLookupKey(p); refusal != nil {
		return nil, refusal
	}
	c.prices = append(c.prices, p)
	c.emit("price.created", p)
	return p, nil
}

// takeLookupKey gives a price the key of the request. Only one price has a key at a time.
func (c *request) takeLookupKey(p *price) *apiError {
	key := c.form.get("lookup_key")
	if key == "" {
		return nil
	}
	for _, other := range c.prices {
		if other == p || other.LookupKey == nil || *other.LookupKey != key {
			continue
		}
		if c.form.get("transfer_lookup_key") != "true" {
			return badRequest("", "lookup_key", "A price (`%s`) already uses that lookup key.", other.ID)
		}
		other.LookupKey = nil
	}
	p.LookupKey = &key
	return nil
}

func (c *request) updatePrice() (any, *apiError) {
	p, refusal := c.price("id", c.id)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := c.takeLookupKey(p); refusal != nil {
		return nil, refusal
	}
	if c.form.has("active") {
		p.Active = c.form.get("active") == "true"
	}
	if c.form.has("nickname") {
		p.Nickname = c.form.get("nickname")
	}
	maps.Copy(p.Metadata, c.form.metadata("metadata"))
	c.emit("price.updated", p)
	return p, nil
}

const portalConfigParams = "name default_return_url business_profile[headline] metadata[] expand[] " +
	"features[invoice_history][enabled] features[payment_method_update][enabled] features[customer_update][enabled] " +
	"features[customer_update][allowed_updates][] features[subscription_update][enabled] " +
	"features[subscription_cancel][enabled] features[subscription_cancel][mode] " +
	"features[subscription_cancel][cancellation_reason][enabled] " +
	"features[subscription_cancel][cancellation_reason][options][]"

type portalConfig struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	Active           bool              `json:"active"`
	BusinessProfile  map[string]any    `json:"business_profile"`
	Created          int64             `json:"created"`
	DefaultReturnURL *string           `json:"default_return_url"`
	Features         features          `json:"features"`
	IsDefault        bool              `json:"is_default"`
	Livemode         bool              `json:"livemode"`
	LoginPage        map[string]any    `json:"login_page"`
	Metadata         map[string]string `json:"metadata"`
	Name             *string           `json:"name"`
	Updated          int64             `json:"updated"`
}

type features struct {
	CustomerUpdate      map[string]any `json:"customer_update"`
	InvoiceHistory      map[string]any `json:"invoice_history"`
	PaymentMethodUpdate map[string]any `json:"payment_method_update"`
	SubscriptionCancel  map[string]any `json:"subscription_cancel"`
	SubscriptionUpdate  map[string]any `json:"subscription_update"`
}

func (c *request) createPortalConfig() (any, *apiError) {
	p := &portalConfig{
		ID: newID("bpc"), Object: "billing_portal.configuration", Active: true, Created: clip(c.now),
		Metadata:        map[string]string{},
		BusinessProfile: map[string]any{"headline": nil, "privacy_policy_url": nil, "terms_of_service_url": nil},
		LoginPage:       map[string]any{"enabled": false, "url": nil},
		Features: features{
			CustomerUpdate:      map[string]any{"enabled": false, "allowed_updates": []string{}},
			InvoiceHistory:      map[string]any{"enabled": false},
			PaymentMethodUpdate: map[string]any{"enabled": false, "payment_method_configuration": nil},
			SubscriptionCancel: map[string]any{
				"enabled": false, "mode": "at_period_end", "proration_behavior": "none",
				"cancellation_reason": map[string]any{"enabled": false, "options": []string{}},
			},
			SubscriptionUpdate: map[string]any{
				"enabled": false, "billing_cycle_anchor": nil, "default_allowed_updates": []string{}, "proration_behavior": "none",
				"schedule_at_period_end": map[string]any{"conditions": []any{}}, "trial_update_behavior": "end_trial",
			},
		},
	}
	c.fillPortalConfig(p)
	c.catalog.portals.put(p.ID, p)
	return p, nil
}

// fillPortalConfig takes over what the request says.
func (c *request) fillPortalConfig(p *portalConfig) {
	for name, feature := range map[string]map[string]any{
		"customer_update": p.Features.CustomerUpdate, "invoice_history": p.Features.InvoiceHistory,
		"payment_method_update": p.Features.PaymentMethodUpdate, "subscription_cancel": p.Features.SubscriptionCancel,
		"subscription_update": p.Features.SubscriptionUpdate,
	} {
		if field := "features[" + name + "][enabled]"; c.form.has(field) {
			feature["enabled"] = c.form.get(field) == "true"
		}
	}
	if updates := c.form.list("features[customer_update][allowed_updates]"); updates != nil {
		p.Features.CustomerUpdate["allowed_updates"] = updates
	}
	cancel := p.Features.SubscriptionCancel
	if mode := c.form.get("features[subscription_cancel][mode]"); mode != "" {
		cancel["mode"] = mode
	}
	const reason = "features[subscription_cancel][cancellation_reason]"
	if c.form.has(reason + "[enabled]") {
		cancel["cancellation_reason"] = map[string]any{
			"enabled": c.form.get(reason+"[enabled]") == "true",
			"options": c.form.list(reason + "[options]"),
		}
	}
	if c.form.has("business_profile[headline]") {
		p.BusinessProfile["headline"] = c.form.get("business_profile[headline]")
	}
	if c.form.has("default_return_url") {
		p.DefaultReturnURL = c.form.optional("default_return_url")
	}
	if c.form.has("name") {
		p.Name = c.form.optional("name")
	}
	if c.form.has("active") {
		p.Active = c.form.get("active") == "true"
	}
	maps.Copy(p.Metadata, c.form.metadata("metadata"))
	p.Updated = clip(c.now)
}

func (c *request) listPortalConfigs() (any, *apiError) {
	return page(c, "/v1/billing_portal/configurations", c.catalog.portals.list,
		func(p *portalConfig) string { return p.ID },
		func(p *portalConfig) bool {
			return !c.form.has("active") || c.form.get("active") == strconv.FormatBool(p.Active)
		}, func(p *portalConfig) any { return p })
}

func (c *request) updatePortalConfig() (any, *apiError) {
	p := c.catalog.portals.byID[c.id]
	if p == nil {
		return nil, missing("configuration", "id", c.id)
	}
	c.fillPortalConfig(p)
	return p, nil
}

type endpoint struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	APIVersion    *string           `json:"api_version"`
	Created       int64             `json:"created"`
	Description   *string           `json:"description"`
	EnabledEvents []string          `json:"enabled_events"`
	Livemode      bool              `json:"livemode"`
	Metadata      map[string]string `json:"metadata"`
	Status        string            `json:"status"`
	URL           string            `json:"url"`

	secret string // what its webhooks are signed with
}

// createEndpoint is the only answer that tells the endpoint's secret.
func (c *request) createEndpoint() (any, *apiError) {
	e := &endpoint{
		ID: newID("we"), Object: "webhook_endpoint", APIVersion: c.form.optional("api_version"), Created: clip(c.now),
		Description: c.form.optional("description"), Metadata: map[string]string{}, Status: "enabled", secret: newID("whsec"),
	}
	if !c.form.has("url") {
		return nil, required("url")
	}
	if c.form.list("enabled_events") == nil {
		return nil, required("enabled_events")
	}
	if refusal := c.fillEndpoint(e); refusal != nil {
		return nil, refusal
	}
	c.catalog.endpoints.put(e.ID, e)
	m := snapshot(e)
	m["secret"] = e.secret
	return m, nil
}

// fillEndpoint takes over what the request says. Unlike the real one it takes addresses of this machine, because it
// delivers to no others.
func (c *request) fillEndpoint(e *endpoint) *apiError {
	if c.form.has("url") {
		u, err := url.Parse(c.form.get("url"))
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return badRequest("url_invalid", "url", "Invalid URL: An explicit scheme (such as https) must be provided.")
		}
		e.URL = u.String()
	}
	if events := c.form.list("enabled_events"); events != nil {
		e.EnabledEvents = events
	}
	if c.form.has("disabled") {
		e.Status = map[bool]string{true: "disabled", false: "enabled"}[c.form.get("disabled") == "true"]
	}
	if c.form.has("description") {
		e.Description = c.form.optional("description")
	}
	maps.Copy(e.Metadata, c.form.metadata("metadata"))
	return nil
}

func (c *request) listEndpoints() (any, *apiError) {
	return page(c, "/v1/webhook_endpoints", c.catalog.endpoints.list, func(e *endpoint) string { return e.ID },
		func(*endpoint) bool { return true }, func(e *endpoint) any { return e })
}

func (c *request) updateEndpoint() (any, *apiError) {
	e := c.catalog.endpoints.byID[c.id]
	if e == nil {
		return nil, missing("webhook endpoint", "id", c.id)
	}
	if refusal := c.fillEndpoint(e); refusal != nil {
		return nil, refusal
	}
	return e, nil
}

func (c *request) deleteEndpoint() (any, *apiError) {
	shelf := &c.catalog.endpoints
	if shelf.byID[c.id] == nil {
		return nil, missing("webhook endpoint", "id", c.id)
	}
	delete(shelf.byID, c.id)
	shelf.list = slices.DeleteFunc(shelf.list, func(e *endpoint) bool { return e.ID == c.id })
	return map[string]any{"id": c.id, "object": "webhook_endpoint", "deleted": true}, nil
}

// list gathers name[0], name[1] and so on; nil when there is none.
func (f form) list(name string) []string {
	var all []string
	for i := 0; f.has(fmt.Sprintf("%s[%d]", name, i)); i++ {
		all = append(all, f.get(fmt.Sprintf("%s[%d]", name, i)))
	}
	return append(all, f[name+"[]"]...)
}

// catalogState is the catalog in the state file.
type catalogState struct {
	Products  []*product      `json:"products"`
	Prices    []*price        `json:"prices"` // made since the start of the account
	Portals   []*portalConfig `json:"portals"`
	Endpoints []endpointState `json:"endpoints"`
}

type endpointState struct {
	endpoint
	Secret string `json:"secret"`
}

func (c *Server) encodeCatalog() catalogState {
	st := catalogState{Products: c.catalog.products.list, Prices: c.prices[2:], Portals: c.catalog.portals.list}
	for _, e := range c.catalog.endpoints.list {
		st.Endpoints = append(st.Endpoints, endpointState{*e, e.secret})
	}
	return st
}

func (c *Server) restoreCatalog(st catalogState) {
	c.prices = append(c.prices, st.Prices...)
	for _, p := range st.Products {
		c.catalog.products.put(p.ID, p)
	}
	for _, p := range st.Portals {
		c.catalog.portals.put(p.ID, p)
	}
	for _, e := range st.Endpoints {
		e.secret = e.Secret
		c.catalog.endpoints.put(e.ID, &e.endpoint)
	}
}
