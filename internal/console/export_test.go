package console

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
