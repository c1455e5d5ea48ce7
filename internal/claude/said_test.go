package claude

import (
	"net/http"
	"strings"
	"testing"
)

// What the provider says is in the log, unless it quotes what was asked.
func TestFailure_KeepsTheProvidersWordsUnlessTheyQuoteTheRequest(t *testing.T) {
	t.Parallel()
	sent := []byte(`{"model":"claude-haiku-5-5","messages":[{"content":"p1: You are a fucking idiot and everybody knows it"}]}`)
	for said, kept := range map[string]bool{
		"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.": true,
		"invalid x-api-key": true,
		"This request would exceed your organization's rate limit of 50 requests per minute": true,
		`messages.0.content: "You are a fucking idiot" is not allowed`:                       false,
		"messages.0: YOU ARE A FUCKING idiot":                                                false,
		strings.Repeat("x", 280) + " everybody knows it":                                     false,
	} {
		body := []byte(`{"type":"error","error":{"type":"invalid_request_error","message":` + quoted(said) + `}}`)
		f := failure(&refusedCall{http.StatusBadRequest, http.Header{}, body, sent})
		if got := strings.Contains(f.Error(), said); got != kept {
			t.Errorf("%q became %q", said, f.Error())
		}
		if strings.Contains(f.Error(), "idiot") || strings.Contains(f.Error(), "everybody") {
			t.Errorf("the request is quoted: %q", f.Error())
		}
	}
	long := failure(&refusedCall{
		http.StatusBadRequest,
		http.Header{},
		[]byte(`{"error":{"message":` + quoted(strings.Repeat("é", 4000)) + `}}`), sent,
	})
	if len(long.Said) > maxSaid {
		t.Errorf("%d bytes are kept", len(long.Said))
	}
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
