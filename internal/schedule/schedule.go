// Package schedule starts analyses by themselves: every day, week or month, for one linked X account each.
//
// # How a run comes about
//
//	tick     due.go      every process looks for what is due, claims it (one wins) and queues a job
//	run      run.go      the job checks plan, consent and account, and starts the analysis
//	settle   settle.go   once the analysis has ended, the schedule notes how; after three failures in a row it pauses
//	digest   digest.go   once a week, what happened in one notice
//
// A claim moves next_at forward in one conditional UPDATE, so any number of processes start a run once; the job names
// the instant for which the run was due, and that is the idempotency key of the start. What was missed while no process
// ran is due once (package recur).
//
// # What a run costs
//
// The same as one that a person starts: a unit of the plan, and reads of what X has new. While a schedule is on, the
// posts that were read are kept until its next run (analysis.KeepKind is the consent to it), so that they are not paid
// for again. Each run keeps the schedule's ceiling. Who can wait a day has the model read at half its price; a run that
// cannot be done so any more, because the plan, the model or the server is another, is done at once.
//
// # When it pauses
//
// A run that cannot succeed is not tried each day: the schedule pauses, says in [Pause.Words] what must be done, and
// writes a notice. Only its owner lets it go on.
package schedule

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/recur"
	"github.com/repazoo/repazoo/internal/words"
)

// Config is what a Service needs.
type Config struct {
	DB       *db.DB
	Accounts *account.Service
	Billing  *billing.Service
	Analyses *analysis.Service
	Log      *slog.Logger // nil: discard
}

// Service is safe for concurrent use, on any number of replicas.
type Service struct{ c Config }

// New makes a Service.
func New(c Config) *Service {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return &Service{c}
}

// Schedule starts the analyses of one X account.
type Schedule struct {
	ID           string
	UserID       string
	AccountID    string
	Rule         recur.Rule // checked
	Purpose      assess.Purpose
	MaxCostCents int // of each run; 0: the plan's
	WithinADay   bool
	CreatedAt    time.Time
	NextAt       time.Time  // means nothing while it is paused
	LastAt       *time.Time // when the last run was due
	LastID       *string    // the analysis that the last run started; it may be deleted
	Failures     int        // in a row
	Skipped      Pause      // why the last due run started nothing, though the schedule goes on; "" if it did
	PausedAt     *time.Time
	PausedWhy    Pause

	awaits *string
}

// Wish is what a person wants of a schedule.
type Wish struct {
	AccountID    string
	Rule         recur.Rule
	Purpose      assess.Purpose
	MaxCostCents int
	WithinADay   bool // the model may take a day for each run, for half of its price
	Consent      bool // they agree to analysis.ConsentText and analysis.KeepText now
}

// Pause is why a schedule starts nothing.
type Pause string

// The reasons. All but ByPerson and NoQuota are told in a notice.
const (
	ByPerson    Pause = "person"    // its owner paused it
	NoAccount   Pause = "account"   // the X account is not linked any more
	Reconnect   Pause = "reconnect" // X does not accept the connection any more
	NoConsent   Pause = "consent"   // a consent was withdrawn, or its words have changed
	NoPlan      Pause = "plan"      // there is no plan
	TooOften    Pause = "rhythm"    // the plan has no runs so often
	TooManyFail Pause = "failures"  // three in a row
	NoQuota     Pause = "quota"     // one run was left out: all analyses of the period are used
)

// Words say why, and what must be done for it to go on.
func (p Pause) Words() string {
	if p == "" {
		return ""
	}
	return words.For(words.English).Say("pause." + string(p))
}

// Allowed are the rhythms that a plan has; none without a plan.
func Allowed(tier string) []recur.Every {
	switch tier {
	case "":
		return nil
	case "basic":
		return []recur.Every{recur.Weekly, recur.Monthly}
	}
	return recur.All()
}

const (
	maxFailures = 3
	grace       = 48 * time.Hour // posts are kept so long after the next run is due
)

// digestRule is when the week is told, in a schedule's zone.
func digestRule(zone string) (recur.Rule, error) {
	return recur.Rule{Every: recur.Weekly, Weekday: time.Monday, Minute: 8 * 60, Zone: zone}.Checked()
}
