package console

import (
	"net/url"

	"github.com/repazoo/repazoo/internal/assess"
)

// For the tests.
var (
	SignIn        = signIn
	Steps         = steps
	Device        = device
	Initials      = initials
	SandboxWords  = sandboxWords
	SignInTrouble = signInTrouble
	StageWords    = stageWords
	PurposeWords  = purposeWords
	Count         = count
	Money         = money
	Sentence      = sentence
	EventWords    = eventWords
	ScopeWords    = scopeWords
	PlanWords     = planWords
	Percent       = percent
)

// FindingsPerPage is how many findings stand on a page.
const FindingsPerPage = findingsPerPage

// Reread is an address after it was written into a query and read again.
func Reread(q url.Values) (first, again url.Values) {
	a := readAddress("/a/1", q, assess.PersonalReputation)
	return a.values(), readAddress("/a/1", a.values(), assess.PersonalReputation).values()
}
