package console

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/words"
)

// The pages of webhooks: a person's endpoints, and what was sent to each. A new secret is shown in the very answer to
// the form, because no redirect can carry it. A browser that sends the form again makes no second one: the address is
// taken.

const deliveriesOnPage = 30

type webhooksView struct {
	page
	Endpoints []notice.Endpoint
	Made      *notice.NewEndpoint // just now, with its secret; nil otherwise
	Kinds     []notice.Kind
	URL       string   // in a form that was refused
	Chosen    []string // the same
	Full      bool     // no further one may be made
}

func (c *Console) showWebhooks(v *visit) error { return c.showWebhooksWith(v, nil) }

func (c *Console) showWebhooksWith(v *visit, made *notice.NewEndpoint) (err error) {
	w := webhooksView{page: c.page(v, v.tongue().Say("frame.webhooks")), Made: made, Kinds: notice.Kinds()}
	if v.alert != nil {
		w.URL, w.Chosen = v.field("url"), v.r.PostForm["kind"]
	}
	w.Endpoints, err = c.Notices.Endpoints(v.r.Context(), v.me.UserID)
	w.Full = len(w.Endpoints) >= notice.MaxEndpoints
	if err != nil {
		return err
	}
	return c.ok(v, webhooksPage(w))
}

func (c *Console) addWebhook(v *visit) error {
	var made notice.NewEndpoint
	_, err := c.submit(v, func(*visit) (next string, err error) {
		var kinds []notice.Kind
		for _, k := range v.r.PostForm["kind"] {
			kinds = append(kinds, notice.Kind(k))
		}
		made, err = c.Notices.AddEndpoint(v.r.Context(), v.me.UserID, v.field("url"), kinds)
		return "", err
	})
	if err != nil {
		v.alert = c.alertFor(v, err)
		return c.showWebhooks(v)
	}
	return c.showWebhooksWith(v, &made)
}

type webhookView struct {
	page
	Endpoint   notice.Endpoint
	Deliveries []notice.Delivery
	Older      string // the address of the next page; "" on the last
}

func (c *Console) showWebhook(v *visit) (err error) {
	id := v.r.PathValue("id")
	w := webhookView{page: c.page(v, v.tongue().Say("hooks.webhook"))}
	if w.Endpoint, err = c.Notices.Endpoint(v.r.Context(), v.me.UserID, id); err != nil {
		return err
	}
	p, err := c.Notices.Deliveries(v.r.Context(), v.me.UserID, id, deliveriesOnPage, v.r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	w.Deliveries = p.Deliveries
	if p.Next != "" {
		w.Older = webhookAt(id) + "?" + url.Values{"cursor": {p.Next}}.Encode()
	}
	return c.ok(v, webhookPage(w))
}

func webhookAt(id string) string { return "/account/webhooks/" + id }

func (c *Console) testWebhook(v *visit) (string, error) {
	_, err := c.Notices.TestEndpoint(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	return webhookAt(v.r.PathValue("id")) + "?done=webhook-tested", err
}

func (c *Console) enableWebhook(v *visit) (string, error) {
	_, err := c.Notices.EnableEndpoint(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	return webhookAt(v.r.PathValue("id")) + "?done=webhook-enabled", err
}

func (c *Console) removeWebhook(v *visit) (string, error) {
	return "/account/webhooks?done=webhook-removed", c.Notices.RemoveEndpoint(v.r.Context(), v.me.UserID,
		v.r.PathValue("id"))
}

func (c *Console) redeliver(v *visit) (string, error) {
	_, err := c.Notices.Redeliver(v.r.Context(), v.me.UserID, v.r.PathValue("id"), v.r.PathValue("delivery"))
	return webhookAt(v.r.PathValue("id")) + "?done=webhook-again", err
}

// hearsWords says of what an endpoint hears.
func hearsWords(l tongue, e notice.Endpoint) string {
	if len(e.Kinds) == 0 {
		return l.Say("hooks.hears_all")
	}
	var all []string
	for _, k := range e.Kinds {
		all = append(all, kindWords(l, k))
	}
	return l.Say("hooks.hears", "what", strings.Join(all, "; "))
}

// triesWords says what came of a delivery.
func triesWords(l tongue, d notice.Delivery) string {
	answered, trouble := "", ""
	if d.Code != nil {
		answered = l.Say("hooks.answered", "code", strconv.Itoa(*d.Code))
	}
	if d.Trouble != "" {
		trouble = ": " + troubleWords(l, d.Trouble)
	}
	words := l.Say("hooks.tries", "n", d.Attempts, "answered", answered, "trouble", trouble)
	if d.NextTryAt != nil {
		words += " " + l.Say("hooks.next_try", "at", l.moment(*d.NextTryAt))
	}
	return words
}

// troubleWords say what went wrong with a server, which is kept in English.
func troubleWords(l tongue, english string) string {
	if l.Tag == words.English {
		return english
	}
	return l.Say("hooks.trouble")
}

// deliveryWords name the state of a delivery.
func deliveryWords(l tongue, status string) string {
	if key := "delivery." + status; l.Has(key) {
		return l.Say(key)
	}
	return capital(status)
}

func deliveryBadge(status string) string {
	switch status {
	case notice.Delivered:
		return badge("low")
	case notice.Failed:
		return badge("high")
	}
	return badge("")
}
