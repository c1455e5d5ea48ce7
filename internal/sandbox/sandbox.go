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
// It serves two purposes: tests, which also use the Go hooks ([Sandbox.Fail], [Sandbox.Advance], [Sandbox.Calls]), and
// the embedded default of a Repazoo with nothing configured, where a person explores /sandbox/ in a browser. Everything
// in it is invented; nothing it says comes from a real person or leaves the machine.
//
// Failures are switched on per path with [Sandbox.Fail] or POST /sandbox/faults; time moves with [Sandbox.Advance] or
// POST /sandbox/clock.
//
// [New] keeps state in memory only. [Open] also keeps it in a file, so that the tokens and subscriptions a database
// holds are still known after a restart, however the process ended.
package sandbox

import (
	"net/http"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/claude"
	"github.com/repazoo/repazoo/internal/sandbox/store"
	"github.com/repazoo/repazoo/internal/sandbox/stripe"
	"github.com/repazoo/repazoo/internal/sandbox/x"
)

// Config says what the stand-ins need to know. The zero value works.
type Config struct {
	Now       func() time.Time // the time before any Advance; default time.Now
	PublicURL string           // where a browser reaches Handler, without a trailing slash; only for display and links
	X         x.Config
	Claude    claude.Config
	Stripe    stripe.Config
	StateFile string // where Open keeps state; empty for memory only. New never reads or writes it
}

// Sandbox holds the three stand-ins, their store with its clock, their faults and the calls they saw. It is safe for
// concurrent use.
type Sandbox struct {
	cfg    Config
	store  *store.Store
	faults faults
	calls  calls
	x      *x.Server
	claude *claude.Server
	stripe *stripe.Server
	mux    *http.ServeMux
}

// New makes a Sandbox with fresh state in memory.
func New(cfg Config) *Sandbox {
	cfg.StateFile = ""
	return build(cfg)
}

// Open makes a Sandbox that keeps its state in cfg.StateFile and continues from what the file holds. A file that does
// not exist yet is fresh state; one that cannot be understood is refused with an error that says what to do.
//
// Kept are X's tokens and changed posts, all of Stripe, webhooks that did not arrive yet, and how far the clock was
// moved; not kept are X's sign-in codes and rate limits, faults, calls, and anything of Claude. Only one Sandbox at a
// time may use a file.
func Open(cfg Config) (*Sandbox, error) {
	s := build(cfg)
	if err := s.store.Load(); err != nil {
		return nil, err
	}
	return s, nil
}

// Close writes what is not written yet and lets go of the state file: whatever changes afterwards is answered with an
// error.
func (s *Sandbox) Close() error { return s.store.Close() }

func build(cfg Config) *Sandbox {
	st := store.New(cfg.Now, cfg.StateFile)
	s := &Sandbox{
		cfg: cfg, store: st, mux: http.NewServeMux(),
		x: x.New(cfg.X, cfg.PublicURL, st), claude: claude.New(cfg.Claude, st.Now),
		stripe: stripe.New(cfg.Stripe, cfg.PublicURL, st),
	}
	s.mux.Handle("/x/", st.Saving(http.StripPrefix("/x", s.x)))
	s.mux.Handle("/claude/", http.StripPrefix("/claude", s.claude))
	s.mux.Handle("/stripe/", st.Saving(http.StripPrefix("/stripe", s.stripe)))
	s.mux.HandleFunc("/sandbox/", s.serveControl)
	return s
}

// Now is the time all stand-ins agree on, in UTC.
func (s *Sandbox) Now() time.Time { return s.store.Now() }

// Advance moves the clock ahead by d, and what time brings happens at once, such as a renewal of a subscription. A
// negative d is ignored: time never goes back.
func (s *Sandbox) Advance(d time.Duration) { s.store.Advance(d) }

// Handler serves the stand-ins and the control pages. Faults are applied to, and calls recorded for, the stand-ins
// only. Forms and calls that a browser sends from another site are refused.
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
func (s *Sandbox) X() *x.Server { return s.x }

// Claude is the stand-in of Anthropic's Messages API.
func (s *Sandbox) Claude() *claude.Server { return s.claude }

// Stripe is the stand-in of Stripe.
func (s *Sandbox) Stripe() *stripe.Server { return s.stripe }
