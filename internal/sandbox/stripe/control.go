package stripe

import (
	"net/http"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

// maxWebhookDelay keeps a slip of the keyboard from leaving webhooks under way for days.
const maxWebhookDelay = time.Hour

// PostWebhooks takes {"duplicate":true,"reorder":true,"lose":true,"delay":"2s"}: how badly Stripe's webhooks travel
// from now on. What is left out is off, so {} makes them well again.
func (c *Server) PostWebhooks(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Duplicate, Reorder, Lose bool
		Delay                    string
	}
	if !web.ReadControl(w, r, &in) {
		return
	}
	delay, err := time.Duration(0), error(nil)
	if in.Delay != "" {
		delay, err = time.ParseDuration(in.Delay)
	}
	if err != nil || delay < 0 || delay > maxWebhookDelay {
		http.Error(w, `delay must be a duration of at most an hour, such as "500ms"`, http.StatusBadRequest)
		return
	}
	c.Misdeliver(Delivery{Duplicate: in.Duplicate, Reorder: in.Reorder, Lose: in.Lose, Delay: delay})
	w.WriteHeader(http.StatusNoContent)
}
