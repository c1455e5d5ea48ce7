package stripe

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"
)

type portal struct {
	ID              string  `json:"id"`
	Object          string  `json:"object"`
	Configuration   string  `json:"configuration"`
	Created         int64   `json:"created"`
	Customer        string  `json:"customer"`
	CustomerAccount *string `json:"customer_account"`
	Livemode        bool    `json:"livemode"`
	ReturnURL       string  `json:"return_url"`
	URL             string  `json:"url"`
}

func (c *request) createPortal() (any, *apiError) {
	cu, refusal := c.customer("customer", c.form.get("customer"))
	if refusal != nil {
		return nil, refusal
	}
	if !webURL(c.form.get("return_url")) {
		return nil, badRequest("url_invalid", "return_url", "Not a valid URL")
	}
	if id := c.form.get("configuration"); id != "" {
		if config := c.catalog.portals.byID[id]; config == nil || !config.Active {
			return nil, missing("configuration", "configuration", id)
		}
	}
	p := &portal{
		ID: newID("bps"), Object: "billing_portal.session", Configuration: cmp.Or(c.form.get("configuration"),
			"bpc_sandbox"), Created: clip(c.now), Customer: cu.ID, ReturnURL: c.form.get("return_url"),
	}
	p.URL = strings.TrimSuffix(c.base, "/") + "/stripe/portal/" + p.ID
	c.portals.put(p.ID, p)
	return p, nil
}

func day(at int64) string { return time.Unix(at, 0).UTC().Format("2 January 2006") }

// portalView is the portal as a person sees it.
type portalView struct {
	*portal
	Sub      *subscription // the newest; nil for none
	Card     *method
	Open     *invoice // what is owed; nil for nothing
	Invoices []*invoice
}

// servePortal is what a person sees: GET /portal/{id} shows plan, card and invoices. POST with action=cancel lets the
// plan end with its period, as the real portal does by a date alone; action=renew takes that back; action=card with
// card=pm_card_… puts another card in place and tries it on what is owed.
func (c *Server) servePortal(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/portal/")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var b strings.Builder
	c.do(c.store.Now(), func(call *request) {
		p := c.portals.byID[id]
		if p == nil {
			return
		}
		if r.Method == http.MethodPost {
			call.usePortal(p, r.PostFormValue("action"), r.PostFormValue("card"))
			c.store.Changed()
		}
		_ = portalPage(call.lookAt(p)).Render(r.Context(), &b) // to memory
	})
	switch {
	case b.Len() == 0:
		http.NotFound(w, r)
	case r.Method == http.MethodPost:
		w.Header().Set("Location", id) // relative, since the path here lacks its beginning
		w.WriteHeader(http.StatusSeeOther)
	default:
		showStripePage(w, b.String())
	}
}

func showStripePage(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action *")
	_, _ = w.Write([]byte(body)) // a broken connection is the caller's to notice
}

func (c *request) lookAt(p *portal) portalView {
	v := portalView{portal: p}
	for _, sub := range c.subscriptions.list {
		if sub.Customer == p.Customer {
			v.Sub, v.Card = sub, c.cardOf(sub)
		}
	}
	for _, in := range c.invoices.list {
		if in.Customer == p.Customer {
			v.Invoices = append([]*invoice{in}, v.Invoices...)
		}
		if v.Sub != nil && *v.Sub.LatestInvoice == in.ID && in.Status == "open" {
			v.Open = in
		}
	}
	return v
}

func (c *request) usePortal(p *portal, action, card string) {
	v := c.lookAt(p)
	if v.Sub == nil || !v.Sub.live() {
		return
	}
	switch {
	case action == "cancel" && v.Sub.Schedule == nil:
		v.Sub.CancelAt, v.Sub.CanceledAt = new(v.Sub.item().CurrentPeriodEnd), new(clip(c.now))
		v.Sub.CancellationDetails["reason"] = "cancellation_requested"
	case action == "renew":
		v.Sub.CancelAt, v.Sub.CanceledAt, v.Sub.CancelAtPeriodEnd = nil, nil, false
		v.Sub.CancellationDetails["reason"] = nil
	case action == "card" && cards[card] != "" && card != "pm_card_chargeDeclined":
		m := c.newMethod(card)
		m.Customer, v.Sub.DefaultPaymentMethod = &p.Customer, &m.ID
		c.customers.byID[p.Customer].InvoiceSettings["default_payment_method"] = m.ID
		c.emit("payment_method.attached", m)
		if v.Open != nil {
			c.try(v.Sub, v.Open)
		}
	default:
		return
	}
	c.emit("customer.subscription.updated", v.Sub)
}

// serveInvoice is the page of an invoice: POST with action=pay is the person confirming the payment with their bank.
func (c *Server) serveInvoice(w http.ResponseWriter, r *http.Request) {
	id, pdf := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/invoice/"), "/pdf")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var b strings.Builder
	c.do(c.store.Now(), func(call *request) {
		in := c.invoices.byID[id]
		if in == nil {
			return
		}
		if r.Method == http.MethodPost && r.PostFormValue("action") == "pay" && in.Status == "open" {
			call.confirmPayment(in)
			c.store.Changed()
		}
		if pdf {
			b.WriteString(in.pdf())
			return
		}
		_ = invoicePage(in).Render(r.Context(), &b) // to memory
	})
	switch {
	case b.Len() == 0:
		http.NotFound(w, r)
	case pdf:
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = w.Write([]byte(b.String()))
	default:
		showStripePage(w, b.String())
	}
}

// pdf is the invoice as the smallest document that readers of PDF take.
func (in *invoice) pdf() string {
	text := fmt.Sprintf("BT /F 14 Tf 72 720 Td (Invoice %s: $%d.%02d, %s. Sandbox, no real money.) Tj ET", in.Number,
		in.Total/100, in.Total%100, in.Status)
	var b strings.Builder
	b.WriteString("%PDF-1.4\n")
	var starts []int
	for i, object := range []string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(text), text),
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
	} {
		starts = append(starts, b.Len())
		fmt.Fprintf(&b, "%d 0 obj%sendobj\n", i+1, object)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(starts)+1)
	for _, at := range starts {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(starts)+1, table)
	return b.String()
}
