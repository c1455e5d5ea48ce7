package billing_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/sandbox"
)

// thinEvent is an event of API v2 as Stripe sends it.
func thinEvent(id, kind, object, path string) []byte {
	e := map[string]any{
		"id": id, "object": "v2.core.event", "type": kind, "livemode": false,
		"created": "2026-11-27T10:00:00.000Z",
	}
	if object != "" {
		e["related_object"] = map[string]any{"id": object, "type": "subscription", "url": path}
	}
	body, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return body
}

func (w *world) accept(body []byte) {
	w.t.Helper()
	w.must(nil, w.Accept(w.t.Context(), body, sign(body, secret, w.sb.Now())))
}

func (w *world) stored(id string) (payload, note string) {
	w.t.Helper()
	type row struct{ payload, note string }
	r, err := db.ReadOne(context.WithoutCancel(w.t.Context()), w.d, db.System,
		func(s db.Rows, v *row) error { return s.Scan(&v.payload, &v.note) },
		`SELECT CAST(payload AS text), COALESCE(last_error, '') FROM stripe_events WHERE id = $1`, id)
	w.must(nil, err)
	return r.payload, r.note
}

// asked counts the calls of Stripe.
func (w *world) asked() (n int) {
	for _, path := range []string{"/stripe/*", "/stripe/*/*", "/stripe/*/*/*", "/stripe/*/*/*/*"} {
		n += len(w.sb.Calls(path))
	}
	return n
}

// endpoint makes a webhook endpoint at Stripe; version "" is the account's own.
func (w *world) endpoint(address, version string) {
	w.t.Helper()
	c := &stripe.WebhookEndpointCreateParams{URL: &address, EnabledEvents: []*string{new("invoice.paid")}}
	if version != "" {
		c.APIVersion = &version
	}
	w.must(w.api.V1WebhookEndpoints.Create(w.t.Context(), c))
}

func TestThin_AnEventIsFetchedAndActsAsASnapshot(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ann := w.subscriber("basic")
		sub := w.stripeSubscriptions()[0]
		w.lost(func() { w.must(w.api.V1Subscriptions.Update(t.Context(), sub.ID, cancelAtEnd())) })
		if w.subscription(ann).CancelAtPeriodEnd {
			t.Fatal("the change was not lost")
		}
		w.accept(thinEvent("evt_thin", "v1.customer.subscription.updated", sub.ID, "/v1/subscriptions/"+sub.ID))
		w.must(nil, w.Apply(t.Context(), "evt_thin"))
		if !w.subscription(ann).CancelAtPeriodEnd {
			t.Error("the thin event changed nothing")
		}
		payload, _ := w.stored("evt_thin")
		if !strings.Contains(payload, sub.Customer.ID) || strings.Contains(payload, "related_object") {
			t.Errorf("who erases the user does not find %s", payload)
		}
		w.must(nil, w.Apply(t.Context(), "evt_thin"))
	})
}

// A thin event names where its object is. Nothing but an object below /v1/ is asked for.
func TestThin_APathThatIsNoObjectsIsNeverAsked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, path := range []string{
			"", "https://evil.example/v1/subscriptions/sub_1", "//evil.example/sub_1", "/v2/core/accounts/sub_1",
			"/v1/../v2/sub_1", "/v1/subscriptions/sub_1?expand=x",
			"/v1/subscriptions/sub_1#", "/v1/subscriptions/%2e%2e/sub_1", "/v1/subscriptions/sub_2",
			"/v1/sub_1\r\nHost: evil", "/v1//sub_1",
		} {
			before := w.asked()
			id := "evt_" + db.NewID()
			w.accept(thinEvent(id, "v1.customer.subscription.updated", "sub_1", path))
			w.must(nil, w.Apply(t.Context(), id))
			if _, note := w.stored(id); !strings.Contains(note, "no object that could be fetched") || w.asked() != before {
				t.Errorf("%q: %q, %d calls", path, note, w.asked()-before)
			}
		}
		w.accept(thinEvent("evt_other", "v2.core.account.updated", "acct_1", "/v2/core/accounts/acct_1"))
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE id = 'evt_other' AND ignored`); n != 1 {
			t.Error("an event of another kind is not kept as ignored")
		}
	})
}

func TestThin_WhatStripeDoesNotKnowIsIgnoredAndWhatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ann := w.subscriber("basic")
		sub := w.stripeSubscriptions()[0]
		w.accept(thinEvent("evt_gone", "v1.customer.subscription.updated", "sub_gone", "/v1/subscriptions/sub_gone"))
		w.must(nil, w.Apply(t.Context(), "evt_gone"))
		if _, note := w.stored("evt_gone"); !strings.Contains(note, "Stripe does not know") {
			t.Errorf("it is noted as %q", note)
		}
		w.accept(thinEvent("evt_later", "v1.customer.subscription.updated", sub.ID, "/v1/subscriptions/"+sub.ID))
		w.sb.Fail(sandbox.Fault{
			Path: "/stripe/v1/subscriptions/*", Status: http.StatusInternalServerError, Body: `{}`,
			Times: -1,
		})
		if err := w.Apply(t.Context(), "evt_later"); err == nil {
			t.Error("Stripe failed, and the event counts as handled")
		}
		w.sb.Heal()
		w.sb.Advance(time.Second)
		w.must(nil, w.Apply(t.Context(), "evt_later"))
		if s := w.subscription(ann); s.Status != plan.Status("active") {
			t.Errorf("the plan is %s", s.Status)
		}
	})
}

// Events of an endpoint in another version of the API are accepted, and `billing doctor` names the endpoint.
func TestExamine_NamesAnEndpointOfAnotherVersion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for path, version := range map[string]string{
			"/webhooks/stripe": "2020-08-27", "/api/webhooks/stripe": "",
			"/elsewhere": "2020-08-27",
		} {
			w.endpoint("https://dash.example"+path, version)
		}
		all, _ := w.examine(false)
		if len(all) != 2 || kinds(all) != "endpoint_version" ||
			!strings.Contains(all[0].Sentence, "API version 2020-08-27") ||
			!strings.Contains(all[1].Sentence, "the account's own API version") || all[0].Remedy == "" {
			t.Errorf("got %+v", all)
		}
	})
}
