package stripeapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/fault"
)

// Whatever Stripe refuses has a name for the figure, its cause in the log, and a sentence for who must act. Stripe's
// own words, which may quote what somebody typed, are in none of them.
func TestRefuse_HasANameACauseAndASentenceForWhoMustAct(t *testing.T) {
	t.Parallel()
	const secret = "words-of-a-person"
	for what, c := range map[string]struct {
		status     int
		body       string
		name, code string
		says       string
	}{
		"a declined card": {
			402, `{"error":{"type":"card_error","code":"card_declined","message":"` + secret + `"}}`,
			"card", "validation_failed", "card",
		},
		"a card that is not there": {
			400, `{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such PaymentMethod: '` +
				secret + `'"}}`,
			"no_such_card", "validation_failed", "Enter the card again",
		},
		"a customer without a place": {
			400, `{"error":{"type":"invalid_request_error","code":"customer_tax_location_invalid","message":"` + secret + `"}}`,
			"tax_needs_place", "conflict", "Tax depends on where you live",
		},
		"a promotion code": {
			400, `{"error":{"type":"invalid_request_error","param":"discounts[0][promotion_code]","message":"` + secret + `"}}`,
			"promotion_code", "validation_failed", "Go on without one",
		},
		"a wrong key": {
			401, `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided: ` + secret + `"}}`,
			"key_refused", "payment_provider_error", "operator has to check STRIPE_SECRET_KEY",
		},
		"a restricted key": {
			403, `{"error":{"type":"invalid_request_error","message":"` + secret + `"}}`,
			"key_may_not", "payment_provider_error", "operator has to check STRIPE_SECRET_KEY",
		},
		"too many at once": {
			429, `{"error":{"type":"invalid_request_error","code":"rate_limit","message":"` + secret + `"}}`,
			"rate_limited", "payment_provider_error", "try again in a minute",
		},
		"an earlier try that runs": {
			409, `{"error":{"type":"idempotency_error","message":"` + secret + `"}}`,
			"earlier_try_runs", "payment_provider_error", "You were not charged twice; try again in a minute",
		},
		"a price that is gone": {
			400, `{"error":{"type":"invalid_request_error","code":"resource_missing","param":"items[0][price]","message":"` +
				secret + `"}}`,
			"refused", "payment_provider_error", "operator has to look at the log",
		},
		"trouble at Stripe": {
			500, `{"error":{"type":"api_error","message":"` + secret + `"}}`,
			"unavailable", "payment_provider_error", "did not answer as expected. You were not charged twice",
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var said struct{ Error *stripe.Error }
			if err := json.Unmarshal([]byte(c.body), &said); err != nil {
				t.Fatal(err)
			}
			said.Error.HTTPStatusCode, said.Error.RequestID = c.status, "req_1"
			f := fault.From(refuse(said.Error))
			if name := FailureName(c.status, []byte(c.body)); name != c.name {
				t.Errorf("it is counted as %q", name)
			}
			if f.Code != c.code || !strings.Contains(f.Message, c.says) ||
				!strings.Contains(f.Cause.Error(), `request "req_1"`) {
				t.Errorf("%s: %q because %q", f.Code, f.Message, f.Cause)
			}
			if strings.Contains(f.Message+f.Cause.Error(), secret) {
				t.Errorf("words of the answer are in %q because %q", f.Message, f.Cause)
			}
		})
	}
	if name := FailureName(502, []byte("<html>")); name != "unavailable" {
		t.Errorf("a page of a gateway is counted as %q", name)
	}
}
