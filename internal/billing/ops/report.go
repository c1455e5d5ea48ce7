package ops

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/plan"
)

// SetupConfig says what an account at Stripe should hold.
type SetupConfig struct {
	StripeKey  string     // its prefix says test or live
	StripeURL  string     // empty means the real one
	Tiers      plan.Tiers // zero means DefaultTiers
	BasicPrice string     // as configured; empty lets Setup find or make the price
	ProPrice   string
	PublicURL  string // where the customer portal leads back to
	WebhookURL string // where Stripe sends events; empty makes no endpoint
	CheckOnly  bool   // change nothing, and name what would be changed
	Tax        bool   // Stripe reckons tax: check that it can
	Replace    bool   // make a webhook endpoint anew when its API version is wrong
	HTTP       *http.Client
}

// SetupStep is one thing the account should hold, and what became of it.
type SetupStep struct {
	Name string // such as "price of pro"
	ID   string // Stripe's; empty when it does not exist
	Did  string // "made", "changed", "kept"; with CheckOnly also "missing" and "different"
	Note string // what was changed; may be empty
}

// Setting is a line for the configuration.
type Setting struct{ Name, Value string }

// SetupReport is what Setup did and found.
type SetupReport struct {
	Live     bool // real money
	Steps    []SetupStep
	Settings []Setting
	Problems []string // what a person has to decide, in sentences
}

// Done tells that the account is as it should be.
func (r *SetupReport) Done() bool {
	return len(r.Problems) == 0 && !slices.ContainsFunc(r.Steps,
		func(s SetupStep) bool { return s.Did == "missing" || s.Did == "different" })
}

// setup is one run.
type setup struct {
	SetupConfig
	SetupReport
	stripe *stripeapi.Client
}

func (s *setup) did(name, id, did, note string) {
	s.Steps = append(s.Steps, SetupStep{name, id, did, note})
}

func (s *setup) problem(format string, args ...any) {
	s.Problems = append(s.Problems, fmt.Sprintf(format, args...))
}

// mode says that an object is of the other mode than the key.
func (s *setup) mode(name, id string, live bool) {
	if live != s.Live {
		s.problem("The %s %s is of %s mode, but STRIPE_SECRET_KEY is of %s mode. Use a key and ids of the same mode.",
			name, id, modeName(live), modeName(s.Live))
	}
}

func modeName(live bool) string {
	if live {
		return "live"
	}
	return "test"
}
