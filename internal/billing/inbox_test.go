package billing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// cancelAtEnd is new each time: the SDK writes into what it is given.
func cancelAtEnd() *stripe.SubscriptionUpdateParams {
	return &stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: new(true)}
}

// failingCard makes every subscription's next renewal fail.
func (w *world) failingCard() {
	w.t.Helper()
	for _, sub := range w.stripeSubscriptions() {
		m, err := w.api.V1PaymentMethods.Attach(w.t.Context(), "pm_card_chargeCustomerFail",
			&stripe.PaymentMethodAttachParams{Customer: &sub.Customer.ID})
		w.must(nil, err)
		w.must(w.api.V1Subscriptions.Update(w.t.Context(), sub.ID,
			&stripe.SubscriptionUpdateParams{DefaultPaymentMethod: &m.ID}))
	}
	w.deliver()
}

func event(id, kind string, object map[string]any) []byte {
	body, err := json.Marshal(map[string]any{
		"id": id, "object": "event", "type": kind, "api_version": "2026-05-27.dahlia", "created": 1,
		"data": map[string]any{"object": object},
	})
	if err != nil {
		panic(err)
	}
	return body
}

func sign(body []byte, key string, at time.Time) string {
	return stripe.GenerateTestSignedPayload(&stripe.UnsignedPayload{Payload: body, Secret: key, Timestamp: at}).Header
}

func TestAccept_RefusesWhatStripeDidNotSignNow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		body, now := event("evt_1", "invoice.paid", map[string]any{"id": "in_1"}), w.sb.Now()
		good := sign(body, secret, now)
		thin := []byte(`{"id":"evt_1","object":"v2.core.event","type":"invoice.paid","api_version":"2026-05-27.dahlia"}`)
		tests := map[string]struct {
			body   []byte
			header string
		}{
			"no signature":       {body, ""},
			"another secret":     {body, sign(body, "whsec_other", now)},
			"another body":       {append(bytes.Clone(body), ' '), good},
			"too old":            {body, sign(body, secret, now.Add(-6*time.Minute))},
			"from the future":    {body, sign(body, secret, now.Add(6*time.Minute))},
			"two times":          {body, fmt.Sprintf("t=%d,", now.Unix()) + sign(body, secret, now.Add(-time.Hour))},
			"only an old scheme": {body, fmt.Sprintf("t=%d,v0=abcd", now.Unix())},
			"not JSON":           {[]byte("{"), sign([]byte("{"), secret, now)},
			"null":               {[]byte("null"), sign([]byte("null"), secret, now)},
			"a thin event":       {thin, sign(thin, secret, now)},
			"too large":          {make([]byte, billing.MaxEvent+1), good},
		}
		for name, tt := range tests {
			if err := w.Accept(t.Context(), tt.body, tt.header); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := w.count(`SELECT count(*) FROM stripe_events`); n != 0 {
			t.Fatalf("%d events were stored", n)
		}
		w.must(nil, w.Accept(t.Context(), body, good))
	})
}

// Endpoints that were made in the Dashboard, and `stripe listen`, send the account's own version.
func TestAccept_TakesEveryVersionAndTellsEachMistakeApart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		now := w.sb.Now()
		body := bytes.Replace(event("evt_1", "invoice.paid", map[string]any{"id": "in_1"}), []byte("dahlia"),
			[]byte("acacia"), 1)
		w.must(nil, w.Accept(t.Context(), body, sign(body, secret, now)))
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE id = 'evt_1' AND handled_at IS NULL`); n != 1 {
			t.Fatal("the event was not stored to be applied")
		}
		wantFault(t, w.Accept(t.Context(), body, sign(body, "whsec_other", now)), fault.ValidationFailed)
		wantFault(t, w.Accept(t.Context(), body, sign(body, secret, now.Add(-time.Hour))), fault.ValidationFailed)
		for _, line := range []string{
			"another API version was accepted", "not signed with STRIPE_WEBHOOK_SECRET",
			"Set the clock",
		} {
			if n := strings.Count(w.log.String(), line); n != 1 {
				t.Errorf("%q stands %d times in the log:\n%s", line, n, w.log)
			}
		}
	})
}

func TestSetWebhookSecret_TheNewOneCountsAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const next = "whsec_next"
		accept := func(id, key string) error {
			body := event(id, "invoice.paid", map[string]any{"id": "in_1"})
			return w.Accept(t.Context(), body, sign(body, key, w.sb.Now()))
		}
		w.must(nil, accept("evt_1", secret))
		if err := accept("evt_2", next); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("before: %v", err)
		}
		w.SetWebhookSecret(next)
		w.must(nil, accept("evt_3", next))
		if err := accept("evt_4", secret); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("after: %v", err)
		}
	})
}

func TestAccept_KnowsTheFixedVector(t *testing.T) {
	t.Parallel()
	// The signature is right, so only the body is refused: it is no event.
	s, err := billing.New(billing.Config{
		DB: dbtest.SQLite(t, func() time.Time { return time.Unix(1614556800, 0) }), StripeKey: "sk_test_x",
		WebhookSecret: "whsec_test_secret",
		BasicPrice:    "a", ProPrice: "b", PublicURL: "https://dash.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	const header = "t=1614556800,v1=4b84b790795620969b08a42ba000110ae8bf58a5784f16c215b248752ce65404"
	err = s.Accept(t.Context(), []byte(`{"id":"evt_1"}`), header)
	if f := wantFault(t, err, fault.ValidationFailed); errors.Is(f.Cause, stripe.ErrWebhookNoValidSignature) {
		t.Fatal("the vector's signature was not understood")
	}
	err = s.Accept(t.Context(), []byte(`{"id":"evt_2"}`), header)
	if f := wantFault(t, err, fault.ValidationFailed); !errors.Is(f.Cause, stripe.ErrWebhookNoValidSignature) {
		t.Fatalf("another body: %v", f)
	}
}

func TestAccept_StoresADuplicateOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sb.Stripe().Misdeliver(stripesandbox.Delivery{Duplicate: true})
		w.subscriber("basic")
		told := len(w.api.V1Events.List(t.Context(),
			&stripe.EventListParams{ListParams: stripe.ListParams{Limit: new(int64(100))}}).Data())
		stored, jobs := w.count(`SELECT count(*) FROM stripe_events`),
			w.count(`SELECT count(*) FROM river_job WHERE kind = 'stripe_event'`)
		understood := w.count(`SELECT count(*) FROM stripe_events WHERE NOT ignored`)
		if stored != told || jobs != understood || understood == 0 {
			t.Fatalf("%d told, %d stored, %d understood, %d jobs", told, stored, understood, jobs)
		}
	})
}

func TestAccept_KeepsTypesItDoesNotUse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		body := event("evt_1", "radar.early_fraud_warning.created", map[string]any{"id": "issfr_1"})
		w.must(nil, w.Accept(t.Context(), body, sign(body, secret, w.sb.Now())))
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE id = 'evt_1' AND ignored AND handled_at IS NOT NULL
			AND object_id = 'issfr_1'`); n != 1 {
			t.Fatal("the event was not kept as ignored")
		}
		if n := w.count(`SELECT count(*) FROM river_job`); n != 0 {
			t.Fatalf("%d jobs", n)
		}
	})
}

func TestAccept_StoresTextNoDatabaseLikes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		body := event("evt_1", "invoice.paid", map[string]any{"id": "in_1", "note": "a\x00b"})
		body = bytes.Replace(body, []byte("note"), []byte("no\xffte"), 1)
		w.must(nil, w.Accept(t.Context(), body, sign(body, secret, w.sb.Now())))
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE object_id = 'in_1'`); n != 1 {
			t.Fatal("the event was not stored")
		}
	})
}

func TestApply_OrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.must(w.api.V1Subscriptions.Update(t.Context(), w.stripeSubscriptions()[0].ID, cancelAtEnd()))
		w.sb.Advance(time.Hour)
		w.must(w.api.V1Subscriptions.Cancel(t.Context(), w.stripeSubscriptions()[0].ID, nil))
		w.must(nil, w.sb.Stripe().Delivered(t.Context()))
		waiting := w.waiting()
		if len(waiting) != 2 {
			t.Fatalf("%d events wait", len(waiting))
		}
		for _, id := range slices.Backward(waiting) {
			w.must(nil, w.Apply(t.Context(), id))
			if s := w.subscription(user); s.Status != "canceled" {
				t.Fatalf("%+v", s)
			}
		}
	})
}

func TestApply_TwiceIsOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.subscriber("basic")
		asked := len(w.sb.Calls("/stripe/v1/subscriptions/*"))
		lines := w.count(`SELECT count(*) FROM audit_log`)
		ids, err := db.Read(t.Context(), w.d, db.System, db.Value[string], `SELECT id FROM stripe_events WHERE NOT ignored`)
		w.must(nil, err)
		for _, id := range ids {
			w.must(nil, w.Apply(t.Context(), id))
		}
		if n := len(w.sb.Calls("/stripe/v1/subscriptions/*")); n != asked ||
			w.count(`SELECT count(*) FROM audit_log`) != lines {
			t.Fatalf("handled events were handled again: %d calls, then %d", asked, n)
		}
	})
}

func TestApply_AFailureIsNotedAndTheRetrySucceeds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.must(w.api.V1Subscriptions.Update(t.Context(), w.stripeSubscriptions()[0].ID, cancelAtEnd()))
		w.must(nil, w.sb.Stripe().Delivered(t.Context()))
		id := w.waiting()[0]
		w.sb.Fail(sandbox.Fault{
			Path: "/stripe/v1/subscriptions/*", Status: 500, Times: 2,
			Body: `{"error":{"type":"api_error","message":"canary"}}`,
		})
		wantFault(t, w.Apply(t.Context(), id), fault.PaymentProviderError)
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE id = $1 AND attempts = 1 AND handled_at IS NULL
			AND last_error LIKE '%status 500%' AND last_error NOT LIKE '%canary%'`, id); n != 1 {
			t.Fatal("the failure was not noted")
		}
		w.sb.Heal()
		w.must(nil, w.Apply(t.Context(), id))
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE id = $1 AND attempts = 2 AND handled_at IS NOT NULL
			AND last_error IS NULL`, id); n != 1 {
			t.Fatal("the success was not noted")
		}
		if !w.subscription(user).CancelAtPeriodEnd {
			t.Fatal("the change was not mirrored")
		}
	})
}

func TestApply_AnEventOfAStrangerIsIgnoredWithAReason(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		bodies := map[string][]byte{
			"evt_customer": event("evt_customer", "customer.deleted", map[string]any{"id": "cus_stranger"}),
			"evt_sub": event("evt_sub", "customer.subscription.updated",
				map[string]any{"id": "sub_stranger", "customer": "cus_stranger"}),
			"evt_invoice": event("evt_invoice", "invoice.paid",
				map[string]any{"id": "in_1", "customer": "cus_stranger", "parent": nil}),
		}
		for id, body := range bodies {
			w.must(nil, w.Accept(t.Context(), body, sign(body, secret, w.sb.Now())))
			w.must(nil, w.Apply(t.Context(), id))
		}
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE ignored AND last_error <> ''`); n != 3 {
			t.Fatalf("%d of 3 were ignored with a reason", n)
		}
	})
}

func TestApply_ADeletedCustomerLosesThePlanAndMayBeginAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.must(w.api.V1Customers.Delete(t.Context(), w.stripeSubscriptions()[0].Customer.ID, nil))
		w.deliver()
		if s := w.subscription(user); s.Status != "canceled" {
			t.Fatalf("%+v", s)
		}
		if got, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier:          "pro",
			PaymentMethod: "pm_card_visa",
		}); err != nil || got.Tier.Name != "pro" {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func TestApply_AnUnknownPriceIsNoTier(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		other, err := billing.New(billing.Config{
			DB: w.d, StripeKey: stripesandbox.APIKey, StripeURL: w.at +
				"/stripe", BasicPrice: "price_new_basic", ProPrice: "price_new_pro", PublicURL: "https://dash.example",
		})
		w.must(nil, err)
		w.must(nil, other.Reconcile(t.Context()))
		_, err = w.reserve(user)
		wantFault(t, err, fault.SubscriptionRequired)
		if s := w.subscription(user); s.Status != "active" || s.Tier != (plan.Tier{}) {
			t.Fatalf("%+v", s)
		}
	})
}

func TestWorker_AppliesWhatWasAccepted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		workers := river.NewWorkers()
		w.AddWorkers(workers)
		stop, err := w.d.Work(context.Background(), db.Jobs{Workers: workers, Queues: db.Queues(4)})
		w.must(nil, err)
		t.Cleanup(func() { stop(context.Background()) })
		user := w.user()
		page, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "pro"})
		w.must(nil, err)
		w.checkout(page.CheckoutURL, "pay") // several events of one subscription, worked at once
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		w.must(nil, w.sb.Stripe().Delivered(ctx))
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for len(w.waiting()) > 0 {
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("%d events still wait", len(w.waiting()))
			}
		}
		if s := w.subscription(user); s.Tier.Name != "pro" || s.Status != "active" {
			t.Fatalf("%+v", s)
		}
	})
}

func FuzzAccept(f *testing.F) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	good := event("evt_1", "invoice.paid", map[string]any{"id": "in_1"})
	f.Add(good, sign(good, secret, now), false)
	f.Add(event("evt_2", "customer.subscription.updated", map[string]any{"id": 7, "customer": []int{1}}), "", true)
	f.Add([]byte(`{"id":"evt_3","object":"event","type":"invoice.paid","api_version":"x.dahlia","data":null}`),
		"t=1,v1=", true)
	f.Add([]byte("null"), "t=99999999999999999999,v1=00", true)
	s, err := billing.New(billing.Config{
		DB: dbtest.SQLite(f, func() time.Time { return now }), StripeKey: "sk_test_x", WebhookSecret: secret,
		BasicPrice: "a", ProPrice: "b",
		PublicURL: "https://dash.example", StripeURL: "http://127.0.0.1:1",
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, header string, signed bool) {
		if signed {
			header = sign(body, secret, now)
		}
		err := s.Accept(t.Context(), body, header)
		if err != nil && !errors.Is(err, fault.ValidationFailed) {
			t.Fatalf("neither stored nor refused: %v", err)
		}
		if _, forged := stripe.ConstructEvent(body, header, secret, stripe.WithIgnoreTolerance()); forged != nil &&
			err == nil {
			t.Fatalf("stored without a signature: %v", forged)
		}
	})
}

func TestApply_AnExpiredCheckoutPageWaitsForNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.user()
		w.must(w.Subscribe(t.Context(), user, billing.SubscribeRequest{Tier: "basic"}))
		w.deliver()
		var session *stripe.CheckoutSession
		for cs, err := range w.api.V1CheckoutSessions.List(t.Context(),
			&stripe.CheckoutSessionListParams{}).All(t.Context()) {
			w.must(nil, err)
			session = cs
		}
		expired := func(id string) {
			body := event(id, "checkout.session.expired", map[string]any{"id": session.ID, "customer": session.Customer.ID})
			w.must(nil, w.Accept(t.Context(), body, sign(body, secret, w.sb.Now())))
			w.deliver()
		}
		expired("evt_early") // of an earlier page: this one is open
		if got := w.subscription(user); got.Status != "checkout" {
			t.Fatalf("an open page: %+v", got)
		}
		w.must(w.api.V1CheckoutSessions.Expire(t.Context(), session.ID, nil))
		expired("evt_expired")
		if got := w.subscription(user); got.Status != "none" {
			t.Fatalf("%+v", got)
		}
	})
}
