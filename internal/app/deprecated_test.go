package app_test

import (
	"io"
	"net/http"
	"testing"
)

// Stripe's webhook is no operation of the contract, and its earlier address says what replaces it all the same.
func TestAliases_TheEarlierWebhookAddressSaysSoToo(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"WORKERS": "0"})
	old, _ := ask(t, http.MethodPost, base+"/api/webhooks/stripe")
	current, _ := ask(t, http.MethodPost, base+"/webhooks/stripe")
	if old.StatusCode != http.StatusBadRequest || current.StatusCode != http.StatusBadRequest {
		t.Errorf("unsigned events are answered %d and %d", old.StatusCode, current.StatusCode)
	}
	want := `</webhooks/stripe>; rel="successor-version", </docs>; rel="deprecation"`
	if got := old.Header.Get("Link"); got != want || old.Header.Get("Deprecation") != "@1795305600" || old.Header.Get("Sunset") != "Fri, 31 Dec 2027 23:59:59 GMT" {
		t.Errorf("the earlier address: %v", old.Header)
	}
	for _, name := range []string{"Link", "Deprecation", "Sunset"} {
		if got := current.Header.Get(name); got != "" {
			t.Errorf("the present address: %s: %s", name, got)
		}
	}
}
