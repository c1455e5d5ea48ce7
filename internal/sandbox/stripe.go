package sandbox

import "net/http"

// StripeConfig configures the stand-in of Stripe.
type StripeConfig struct{}

// Stripe is the stand-in of Stripe.
type Stripe struct{ s *Sandbox }

func newStripe(s *Sandbox) *Stripe { return &Stripe{s} }

// ServeHTTP sees paths without the prefix /stripe. s.Now() is the time, s.onAdvance hears of its movements.
func (c *Stripe) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
