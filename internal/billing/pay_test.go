package billing_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

// One address pays what is open after a payment failed, and the plan is open again.
func TestPay_LeadsToTheOpenInvoiceAndNowhereWhenNothingIsOpen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.subscriber("basic"), w.user()
		for _, user := range []string{ann, bob} {
			if _, err := w.Pay(t.Context(), user, "/account/plan"); !errors.Is(err, fault.NotFound) {
				t.Fatalf("nothing is open: %v", err)
			}
		}
		w.failingCard()
		w.sb.Advance(31 * 24 * time.Hour)
		w.deliver()
		if s := w.subscription(ann); s.Status != "past_due" {
			t.Fatalf("the plan is %s", s.Status)
		}
		page, err := w.Pay(t.Context(), ann, "/account/plan")
		w.must(nil, err)
		if !strings.Contains(page, "/invoice") {
			t.Fatalf("it leads to %s", page)
		}
		res, err := http.PostForm(page, url.Values{"action": {"pay"}, "card": {"visa"}})
		w.must(nil, err)
		res.Body.Close()
		w.deliver()
		if s := w.subscription(ann); s.Status != "active" || s.Tier.Name != "basic" {
			t.Errorf("after the payment (%d) the plan is %s %q", res.StatusCode, s.Status, s.Tier.Name)
		}
	})
}
