package console

import (
	"net/url"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
)

// For the tests.
var (
	SignIn     = signIn
	Steps      = func(a analysis.Analysis) []step { return steps(english(), a) }
	Device     = device
	Initials   = initials
	StageWords = func(s assess.Stage) string { return stageWords(english(), s) }
	Percent    = english().share
)

// The same in English.
var (
	SandboxWords  = func(standIns []string) string { return sandboxWords(english(), standIns) }
	SignInTrouble = english().signInTrouble
	PurposeWords  = func(p assess.Purpose) string { return purposeWords(english(), p) }
	PlanWords     = func(s billing.Subscription) string { return planWords(english(), s) }
	Sentence      = english().sentence
	EventWords    = func(line audit.Line) string { return eventWords(english(), line) }
	ScopeWords    = func(s account.Scope) string { return scopeWords(english(), s) }
	Count         = english().count
	Money         = english().money
)

// FindingsPerPage is how many findings stand on a page.
const FindingsPerPage = findingsPerPage

// Reread is an address after it was written into a query and read again.
func Reread(q url.Values) (first, again url.Values) {
	a := readAddress("/a/1", q, assess.PersonalReputation)
	return a.values(), readAddress("/a/1", a.values(), assess.PersonalReputation).values()
}
