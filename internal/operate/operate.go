// Package operate is what an administrator sees and does while Repazoo runs: how its parts are, the jobs, what Stripe
// told, what was spent, who is refused, and one person's account when they ask for help.
//
// It shows standing and cost, and no post, quote or report: those are sealed and stay so. Each look at a person leaves
// a line in their audit log before anything is shown, and each act is written into the log before it is tried.
package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river/rivertype"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/proof"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/health"
)

const (
	shownJobs   = 100
	shownEvents = 100
	shownUsers  = 20
	shownDays   = 14
)

// Config is what there is to operate.
type Config struct {
	DB       *db.DB
	Health   *health.Checker
	Audit    *audit.Log
	Accounts *account.Service
	Billing  *billing.Service
	Analyses *analysis.Service
}

// Desk is an administrator's place of work. It does not ask who comes: its caller lets administrators in alone.
type Desk struct{ c Config }

// New makes a Desk.
func New(c Config) *Desk { return &Desk{c} }

// Overview is how the service is at this moment.
type Overview struct {
	Ready   bool
	Parts   map[string]health.Result
	Jobs    []db.JobLook // that failed or wait for another try
	Models  []analysis.ModelLook
	Refused []audit.Refused // in the last day
	Proof   *proof.Proof
}

// Overview probes the parts, and reads the policies from the database itself.
func (d *Desk) Overview(ctx context.Context) (o Overview, err error) {
	o.Ready, o.Parts = d.c.Health.Ready(ctx)
	o.Models = d.c.Analyses.Models()
	if o.Jobs, err = d.c.DB.Jobs(ctx, shownJobs, rivertype.JobStateRetryable, rivertype.JobStateDiscarded); err != nil {
		return o, err
	}
	if o.Refused, err = d.c.Audit.RefusedSince(ctx, d.c.DB.Now().Add(-24*time.Hour)); err != nil {
		return o, err
	}
	o.Proof, err = proof.Of(ctx, d.c.DB)
	return o, err
}

// Jobs are the newest jobs: those that have not ended or were given up, or all.
func (d *Desk) Jobs(ctx context.Context, all bool) ([]db.JobLook, error) {
	states := []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
		rivertype.JobStateRetryable, rivertype.JobStateScheduled, rivertype.JobStateDiscarded,
	}
	if all {
		states = append(states, rivertype.JobStateCompleted, rivertype.JobStateCancelled)
	}
	return d.c.DB.Jobs(ctx, shownJobs, states...)
}

// RetryJob has a job tried again now. Error: not_found.
func (d *Desk) RetryJob(ctx context.Context, adminID string, id int64) error {
	return d.job(ctx, adminID, id, audit.JobRetried, d.c.DB.RetryJob)
}

// CancelJob ends a job. Error: not_found.
func (d *Desk) CancelJob(ctx context.Context, adminID string, id int64) error {
	return d.job(ctx, adminID, id, audit.JobCancelled, d.c.DB.CancelJob)
}

func (d *Desk) job(ctx context.Context, adminID string, id int64, action audit.Action,
	do func(context.Context, int64) error,
) error {
	if err := d.c.Audit.Did(ctx, adminID, action, fmt.Sprintf("job:%d", id)); err != nil {
		return err
	}
	err := do(ctx, id)
	if errors.Is(err, db.ErrNotFound) {
		return fault.NotFound.Saying("There is no such job any more: jobs that have ended are kept for a while " +
			"only.").Because(err)
	}
	return err
}

// Inbox is what Stripe has told, the newest first; open leaves out what was applied.
func (d *Desk) Inbox(ctx context.Context, open bool) ([]billing.InboxEvent, error) {
	return d.c.Billing.Inbox(ctx, open, shownEvents)
}

// Replay has an event of Stripe applied again. Error: not_found.
func (d *Desk) Replay(ctx context.Context, adminID, eventID string) error {
	if err := d.c.Audit.Did(ctx, adminID, audit.EventReplayed, "stripe_event:"+eventID); err != nil {
		return err
	}
	return d.c.Billing.Replay(ctx, eventID)
}

// Spending is what analyses cost, beside what comes in.
type Spending struct {
	Days         []analysis.Cost
	Users        []analysis.Cost // the dearest, in the same days
	RevenueCents int             // a day, of the plans that are paid for now
}

// Spending adds up the last fortnight.
func (d *Desk) Spending(ctx context.Context) (s Spending, err error) {
	since := d.c.DB.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-shownDays)
	if s.Days, s.Users, err = d.c.Analyses.Costs(ctx, since, shownUsers); err != nil {
		return s, err
	}
	m, err := d.c.Billing.MetricsOver(ctx, 24*time.Hour)
	s.RevenueCents = m.MRRCents * 12 / 365
	return s, err
}

// Person is a user's account as an administrator sees it.
type Person struct {
	User         account.User
	X            []account.XAccount
	Sessions     []account.Session
	Subscription billing.Subscription
	Usage        billing.Usage
	Analyses     []analysis.Analysis // the newest
	Log          []audit.Line        // the newest
}

// Find is the id of the user with this id, X handle or e-mail address. Errors: not_found, and conflict when it is two.
func (d *Desk) Find(ctx context.Context, who string) (string, error) {
	return d.c.Accounts.Find(ctx, who)
}

// Person reads an account. The user can see that this was done, by whom and when, also when the rest then fails.
// Error: not_found.
func (d *Desk) Person(ctx context.Context, adminID, userID string) (p Person, err error) {
	if userID, err = d.c.Accounts.Find(ctx, userID); err != nil {
		return p, err
	}
	log, err := d.c.Audit.Look(ctx, adminID, userID)
	if err != nil {
		return p, err
	}
	p.Log = log.Lines
	for _, read := range []func() error{
		func() (err error) { p.User, err = d.c.Accounts.Me(ctx, userID); return err },
		func() (err error) { p.X, err = d.c.Accounts.Accounts(ctx, userID); return err },
		func() (err error) { p.Sessions, err = d.c.Accounts.Sessions(ctx, userID); return err },
		func() (err error) { p.Subscription, err = d.c.Billing.Subscription(ctx, userID); return err },
		func() (err error) { p.Usage, err = d.c.Billing.Usage(ctx, userID); return err },
	} {
		if err := read(); err != nil {
			return p, err
		}
	}
	page, err := d.c.Analyses.List(ctx, userID, analysis.Filter{Limit: shownUsers})
	p.Analyses = page.Analyses
	return p, err
}
