package stripe

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const checkoutLives = 24 * time.Hour

type session struct {
	ID                string            `json:"id"`
	Object            string            `json:"object"`
	AllowCodes        *bool             `json:"allow_promotion_codes"`
	AmountSubtotal    int64             `json:"amount_subtotal"`
	AmountTotal       int64             `json:"amount_total"`
	AutomaticTax      map[string]any    `json:"automatic_tax"`
	BillingAddress    *string           `json:"billing_address_collection"`
	CancelURL         *string           `json:"cancel_url"`
	ClientReferenceID *string           `json:"client_reference_id"`
	Created           int64             `json:"created"`
	Currency          string            `json:"currency"`
	Customer          string            `json:"customer"`
	Discounts         []map[string]any  `json:"discounts"`
	ExpiresAt         int64             `json:"expires_at"`
	Livemode          bool              `json:"livemode"`
	Metadata          map[string]string `json:"metadata"`
	Mode              string            `json:"mode"`
	MethodCollection  string            `json:"payment_method_collection"`
	PaymentStatus     string            `json:"payment_status"`
	Status            string            `json:"status"`
	Subscription      *string           `json:"subscription"`
	SuccessURL        string            `json:"success_url"`
	TotalDetails      map[string]int64  `json:"total_details"`
	UIMode            string            `json:"ui_mode"`
	URL               *string           `json:"url"`

	price    *price
	metadata map[string]string // of the subscription to come
	terms    sessionTerms
}

func (c *request) createSession() (any, *apiError) {
	cu, refusal := c.customer("customer", c.form.get("customer"))
	if refusal != nil {
		return nil, refusal
	}
	price, refusal := c.price("line_items[0][price]", c.form.get("line_items[0][price]"))
	if refusal != nil {
		return nil, refusal
	}
	switch {
	case c.form.get("mode") != "subscription":
		return nil, badRequest("", "mode", "You must provide mode=subscription to use recurring prices.")
	case !webURL(c.form.get("success_url")):
		return nil, badRequest("url_invalid", "success_url", "Not a valid URL")
	case c.form.has("cancel_url") && !webURL(c.form.get("cancel_url")):
		return nil, badRequest("url_invalid", "cancel_url", "Not a valid URL")
	}
	terms, refusal := c.readSessionTerms(cu)
	if refusal != nil {
		return nil, refusal
	}
	cs := &session{
		ID: newID("cs_test"), Object: "checkout.session", CancelURL: c.form.optional("cancel_url"),
		ClientReferenceID: c.form.optional("client_reference_id"), Created: clip(c.now), Currency: "usd", Customer: cu.ID,
		ExpiresAt: clip(c.now.Add(checkoutLives)), Metadata: c.form.metadata("metadata"), Mode: "subscription",
		PaymentStatus: "unpaid",
		Status:        "open", SuccessURL: c.form.get("success_url"), UIMode: "hosted_page",
		price: price, metadata: c.form.metadata("subscription_data[metadata]"), terms: terms,
		BillingAddress:   c.form.optional("billing_address_collection"),
		MethodCollection: cmp.Or(c.form.get("payment_method_collection"), "always"),
	}
	if c.form.has("allow_promotion_codes") {
		cs.AllowCodes = new(c.form.get("allow_promotion_codes") == "true")
	}
	c.addUp(cs)
	cs.URL = new(strings.TrimSuffix(c.base, "/") + "/stripe/checkout/" + cs.ID)
	c.sessions.put(cs.ID, cs)
	return cs, nil
}

func webURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func (c *request) retrieveSession() (any, *apiError) {
	if cs := c.sessions.byID[c.id]; cs != nil {
		return cs, nil
	}
	return nil, missing("checkout.session", "id", c.id)
}

func (c *request) listSessions() (any, *apiError) {
	is := func(name, v string) bool { return !c.form.has(name) || c.form.get(name) == v }
	return page(c, "/v1/checkout/sessions", c.sessions.list, func(cs *session) string { return cs.ID },
		func(cs *session) bool { return is("customer", cs.Customer) && is("status", cs.Status) },
		func(cs *session) any { return cs })
}

func (c *request) expireSession() (any, *apiError) {
	cs := c.sessions.byID[c.id]
	if cs == nil {
		return nil, missing("checkout.session", "id", c.id)
	}
	if cs.Status != "open" {
		return nil, badRequest("", "",
			"Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `%s`.",
			cs.Status)
	}
	c.expire(cs)
	return cs, nil
}

func (c *request) expire(cs *session) {
	cs.Status, cs.URL = "expired", nil
	c.emit("checkout.session.expired", cs)
}

// complete pays an open session with a good card, or leaves the card out where none is asked for.
func (c *request) complete(cs *session, card bool) {
	var m *method
	if card || !cs.cardLess() {
		m = c.newMethod("pm_card_visa")
		m.Customer = &cs.Customer
	}
	c.addUp(cs)
	for _, d := range cs.terms.Discounts {
		d.Start, d.CheckoutSession = clip(c.now), &cs.ID
	}
	sub := c.subscribe(cs.Customer, cs.price, m, cs.metadata, true, cs.terms)
	cs.Status, cs.PaymentStatus, cs.Subscription, cs.URL = "complete", "paid", &sub.ID, nil
	if cs.AmountTotal == 0 {
		cs.PaymentStatus = "no_payment_required"
	}
	c.emit("checkout.session.completed", cs)
}

// servePage is what a person sees: GET /checkout/{id} shows the session, POST with action=pay or action=cancel ends the
// visit.
func (c *Server) servePage(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/checkout/")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	action := ""
	if r.Method == http.MethodPost {
		action = r.PostFormValue("action")
	}
	var view sessionView
	var cs *session
	c.do(c.store.Now(), func(call *request) {
		found := c.sessions.byID[id]
		if found == nil {
			return
		}
		refused := action != "" && action != "cancel" && found.Status == "open" && !call.fill(found, r)
		if action == "pay" && found.Status == "open" && !refused {
			call.complete(found, r.PostFormValue("card") != "none")
		}
		cs, view = new(*found), call.viewOf(found, refused)
	})
	switch {
	case cs == nil:
		http.NotFound(w, r)
	case action == "pay" && cs.Status == "complete":
		http.Redirect(w, r, strings.ReplaceAll(cs.SuccessURL, "{CHECKOUT_SESSION_ID}", cs.ID), http.StatusSeeOther)
	case action == "cancel" && cs.CancelURL != nil:
		http.Redirect(w, r, *cs.CancelURL, http.StatusSeeOther)
	default:
		showCheckout(w, r, view)
	}
}

func showCheckout(w http.ResponseWriter, r *http.Request, v sessionView) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action *")
	_ = checkoutPage(v).Render(r.Context(), w) // fails only when the connection is broken, which the caller notices
}

func (cs *session) back() string {
	if cs.CancelURL == nil {
		return ""
	}
	return *cs.CancelURL
}
