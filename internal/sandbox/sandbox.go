// Package sandbox stands in for the three services Repazoo talks to: X, Stripe and Claude.
//
// A [Sandbox] is one http.Handler with one movable clock. Each stand-in is strict and stateful: it refuses what the
// real service refuses, keeps what it was told, and records every call. The real clients run against it unchanged,
// because only a base address differs:
//
//	sb := sandbox.New(sandbox.Config{})
//	srv := httptest.NewServer(sb.Handler())
//	// X:      srv.URL + "/x"        (the consent page is /x/i/oauth2/authorize, the API is /x/2/...)
//	// Claude: srv.URL + "/claude"
//	// Stripe: srv.URL + "/stripe"
//
// It serves two purposes: tests, which also use the Go hooks ([Sandbox.Fail], [Sandbox.Advance], [Sandbox.Calls]), and the
// embedded default of a Repazoo with nothing configured, where a person explores /sandbox/ in a browser. Everything in
// it is invented; nothing it says comes from a real person or leaves the machine.
//
// Failures are switched on per path with [Sandbox.Fail] or POST /sandbox/faults; time moves with [Sandbox.Advance] or
// POST /sandbox/clock.
//
// [New] keeps state in memory only. [Open] also keeps it in a file, so that the tokens and subscriptions a database holds
// are still known after a restart, however the process ended (state.go).
package sandbox

import (
	"net/http"
	"time"
)

// Config says what the stand-ins need to know. The zero value works.
type Config struct {
	Now       func() time.Time // the time before any Advance; default time.Now
	PublicURL string           // where a browser reaches Handler, without a trailing slash; only for display and links
	X         XConfig
	Claude    ClaudeConfig
	Stripe    StripeConfig
	StateFile string // where Open keeps state; empty for memory only. New never reads or writes it
}

// Sandbox holds the three stand-ins, their clock, their faults and the calls they saw. It is safe for concurrent use.
type Sandbox struct {
	cfg    Config
	clock  *clock
	faults faults
	calls  calls
	x      *X
	claude *Claude
	stripe *Stripe
	mux    *http.ServeMux
	keeper keeper
}

// New makes a Sandbox with fresh state in memory.
func New(cfg Config) *Sandbox {
	cfg.StateFile = ""
	return build(cfg)
}

func build(cfg Config) *Sandbox {
	s := &Sandbox{cfg: cfg, clock: newClock(cfg.Now), mux: http.NewServeMux()}
	s.x = newX(s)
	s.claude = newClaude(s)
	s.stripe = newStripe(s)
	s.mux.Handle("/x/", s.saving(http.StripPrefix("/x", s.x)))
	s.mux.Handle("/claude/", http.StripPrefix("/claude", s.claude))
	s.mux.Handle("/stripe/", s.saving(http.StripPrefix("/stripe", s.stripe)))
	s.mux.HandleFunc("/sandbox/", s.serveControl)
	return s
}

// Handler serves the stand-ins and the control pages. Faults are applied to, and calls recorded for, the stand-ins only.
// Forms and calls that a browser sends from another site are refused.
func (s *Sandbox) Handler() http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isControl(r.URL.Path) {
			s.mux.ServeHTTP(w, r)
			return
		}
		s.calls.record(r, s.Now())
		s.faults.apply(s.mux, w, r)
	}))
}

// X is the stand-in of X.
func (s *Sandbox) X() *X { return s.x }

// Claude is the stand-in of Anthropic's Messages API.
func (s *Sandbox) Claude() *Claude { return s.claude }

// Stripe is the stand-in of Stripe.
func (s *Sandbox) Stripe() *Stripe { return s.stripe }
