package stripe_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// endpoint is a server that wants webhooks, and notes of each its type and which of its secrets signed it.
type endpoint struct {
	*httptest.Server
	mu      sync.Mutex
	secrets map[string]string // by a name
	got     []string
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	e := &endpoint{secrets: map[string]string{}}
	e.Server = httptest.NewServer(http.HandlerFunc(e.receive))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) receive(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	var v struct {
		Type    string
		Version string `json:"api_version"`
	}
	if err := json.Unmarshal(body, &v); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	signed := ""
	for _, name := range []string{"built in", "made"} {
		if stripe.ValidatePayload(body, r.Header.Get("Stripe-Signature"), e.secrets[name],
			stripe.WithIgnoreTolerance()) == nil {
			signed += " " + name
		}
	}
	e.got = append(e.got, v.Type+signed)
	if v.Version != stripe.APIVersion {
		e.got = append(e.got, v.Version)
	}
}

// takes is what has come since the last look.
func (e *endpoint) takes() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	got := strings.Join(e.got, ", ")
	e.got = nil
	return got
}

// makeEndpoint is what an operator does; the answer tells the secret once.
func (b *box) makeEndpoint(e *endpoint, address, more string) string {
	b.t.Helper()
	made := b.ok("POST", "/v1/webhook_endpoints", "url="+url.QueryEscape(address)+"&enabled_events[0]="+more)
	e.secrets["made"] = made["secret"].(string)
	return made["id"].(string)
}

// happen makes a customer and attaches a card, each an event, and waits for what that brings.
func (b *box) happen() {
	b.t.Helper()
	customer := b.ok("POST", "/v1/customers", "")["id"].(string)
	b.arrive()
	b.ok("POST", "/v1/payment_methods/pm_card_visa/attach", "customer="+customer)
	b.arrive()
}

func (b *box) arrive() {
	b.t.Helper()
	if err := b.Stripe().Delivered(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func TestStripe_AWebhookEndpointGetsWhatItAsksForSignedWithItsSecret(t *testing.T) {
	t.Parallel()
	b, e := newBox(t), newEndpoint(t)
	id := b.makeEndpoint(e, e.URL+"/hook", "customer.created")
	for _, step := range []struct{ change, want string }{
		{"", "customer.created made"},
		{"enabled_events[0]=*", "customer.created made, payment_method.attached made"},
		{"disabled=true", ""},
		{"disabled=false", "customer.created made, payment_method.attached made"},
	} {
		if step.change != "" {
			b.ok("POST", "/v1/webhook_endpoints/"+id, step.change)
		}
		b.happen()
		if got := e.takes(); got != step.want {
			t.Errorf("%s: %s, want %s", step.change, got, step.want)
		}
	}
	if again := b.ok("GET", "/v1/webhook_endpoints", "")["data"].([]any)[0].(map[string]any); again["secret"] != nil {
		t.Error("the secret is told again")
	}
	b.ok("DELETE", "/v1/webhook_endpoints/"+id, "")
	if b.happen(); e.takes() != "" {
		t.Error("an endpoint that was deleted is sent to")
	}
}

func TestStripe_AServerThatIsAlsoAnEndpointGetsEachEventOnce(t *testing.T) {
	t.Parallel()
	b, e := newBox(t), newEndpoint(t)
	e.secrets["built in"] = "whsec_x"
	b.Stripe().DeliverTo(e.URL+"/hook", "whsec_x")
	b.makeEndpoint(e, strings.Replace(e.URL, "127.0.0.1", "localhost", 1)+"/hook", "customer.created")
	b.happen()
	if got := e.takes(); got != "customer.created built in made, payment_method.attached built in" {
		t.Fatal(got)
	}
}

func TestStripe_AnEndpointOfAnotherVersionIsSentThat(t *testing.T) {
	t.Parallel()
	b, e := newBox(t), newEndpoint(t)
	b.makeEndpoint(e, e.URL, "customer.created&api_version=2020-08-27")
	b.happen()
	if got := e.takes(); got != "customer.created made, 2020-08-27" {
		t.Fatal(got)
	}
}

// Whatever is set up in it, a sandbox speaks to this machine alone.
func TestStripe_NothingIsSentToAnotherMachine(t *testing.T) {
	t.Parallel()
	b, e := newBox(t), newEndpoint(t)
	for _, address := range []string{"http://192.0.2.1/hook", "https://hooks.example/hook", "http://localhost.example/"} {
		b.makeEndpoint(e, address, "*")
	}
	began := time.Now()
	b.happen()
	if took := time.Since(began); took > time.Second { // the first retry alone waits for a connection much longer
		t.Fatalf("something was tried for %v", took)
	}
}

func TestStripe_WhatAnEndpointIsOwedOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	open := func() *box {
		s, err := sandbox.Open(sandbox.Config{StateFile: file})
		if err != nil {
			t.Fatal(err)
		}
		return &box{s, t}
	}
	b, e := open(), newEndpoint(t)
	b.makeEndpoint(e, e.URL, "customer.created")
	b.Stripe().Misdeliver(stripesandbox.Delivery{Delay: time.Hour}) // the process ends before
	b.ok("POST", "/v1/customers", "")
	b.Close()
	b = open()
	b.Stripe().DeliverTo("", "")
	b.arrive()
	if got := e.takes(); got != "customer.created made" {
		t.Fatalf("%q", got)
	}
}
