package stripe_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestControl_WebhooksAreLostWhenToldAndArriveAgainAfter(t *testing.T) {
	t.Parallel()
	b, in := newBox(t), &mailbox{}
	srv := httptest.NewServer(in)
	defer srv.Close()
	b.Stripe().DeliverTo(srv.URL, "whsec_x")
	for _, tt := range []struct {
		body, want string
		status     int
	}{
		{`{"lose":true}`, "", 204},
		{`{}`, "customer.created", 204},
		{`{"duplicate":true,"delay":"1ms"}`, "customer.created customer.created customer.created", 204},
		{`{"delay":"2 days"}`, "", 400},
		{`{"delay":"2h"}`, "", 400},
		{`{"drop":true}`, "", 400},
	} {
		w := httptest.NewRecorder()
		b.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/sandbox/webhooks", strings.NewReader(tt.body)))
		if w.Code != tt.status {
			t.Errorf("%s: %d, want %d", tt.body, w.Code, tt.status)
		}
		if tt.status != 204 {
			continue
		}
		b.ok("POST", "/v1/customers", "")
		if err := b.Stripe().Delivered(t.Context()); err != nil {
			t.Fatal(err)
		}
		in.mu.Lock()
		if got := strings.Join(in.types, " "); got != tt.want {
			t.Errorf("%s: %q arrived, want %q", tt.body, got, tt.want)
		}
		in.mu.Unlock()
	}
}
