// Package cleanup carries out what a report advises: posts that a person chose are deleted at X, by a plan that they
// saw, saved and agreed to. The rules of a plan are in internal/removal; this package stores, asks X and schedules.
//
// # From a report to a receipt
//
//	choose    choose.go   the posts of findings become a draft
//	dry run   dryrun.go   X shows each post as it is now; texts are hashed, the plan is frozen and signed
//	backup    backup.go   the posts as a zip, before anything goes
//	leave     leave.go    consent to this clean-up, and X's leave to delete, which is asked for only now
//	run       run.go      look at each post once more, delete it, note what came of it
//	rest      rest.go     what each answer of X means: wait until, or stop and say who must act
//	receipt   receipt.go  what became of each post, signed
//	ticks     ticks.go    the way without the leave: a list with links, whose ticks are looked up
//	sweep     sweep.go    go on after a death, give leaves back, end what is too old
//	export    export.go   what a user may have of their own data
//
// # What is promised
//
// Nothing is deleted that the signed plan does not name, that says something else than it did, or that is somebody
// else's. X is asked to delete a post only after the row says so; whoever finds such a row without an answer, after a
// death say, looks the post up before X is asked again. One run at a time works on a plan, under a lease. More than 50
// deletions in 15 minutes, or than the daily bound, are never asked for. What the wider leave allows ends with the
// plan.
package cleanup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/metrics"
	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// What a person agrees to before posts are deleted.
const (
	ConsentKind    = "cleanup"
	ConsentVersion = "2026-11-28"
	ConsentText    = "Repazoo may delete the posts of this plan at X, in my name. Deleting is for good: X keeps no " +
		"bin. Likes and replies to them are lost. Copies that others made, and search caches, may stay for a while. X's " +
		"leave to delete is given back when the clean-up ends."
)

const (
	planLife  = 7 * 24 * time.Hour  // a plan, its leave and its backup
	rowsKept  = 90 * 24 * time.Hour // plans that are over, with their receipts
	deleteUSD = 5_000               // millionths of a dollar that X takes for a deletion
	readUSD   = 5_000               // and for a look at a post
)

// Config is what a Service needs.
type Config struct {
	DB       *db.DB
	Seal     *seal.Sealer
	Accounts *account.Service
	Billing  *billing.Service
	Analyses *analysis.Service
	X        *xapi.Client
	PerDay   int           // deletions of one account in 24 hours; 0: 400
	Lease    time.Duration // how long a run may be silent before another process takes it over; 0: a minute
	Metrics  *metrics.Metrics
	Log      *slog.Logger
}

// Service is safe for concurrent use, on any number of replicas.
type Service struct {
	c    Config
	pace removal.Pace
}

// New makes a Service.
func New(c Config) *Service {
	if c.PerDay == 0 {
		c.PerDay = 400
	}
	if c.Lease == 0 {
		c.Lease = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{c: c, pace: removal.XPace(c.PerDay)}
}

// WaitingFor says why a plan that runs does nothing until its WaitUntil.
type WaitingFor string

// The reasons.
const (
	WaitsForNothing  WaitingFor = ""
	WaitsForX        WaitingFor = "x"        // X asked for it
	WaitsForPace     WaitingFor = "pace"     // 50 in 15 minutes are done
	WaitsForDay      WaitingFor = "day"      // the daily bound is reached
	WaitsForAnswer   WaitingFor = "answer"   // X does not answer
	WaitsForOperator WaitingFor = "operator" // this server's credits at X are used up
)

// Cleanup is a plan.
type Cleanup struct {
	ID, UserID, AccountID string
	AnalysisID            *string // nil once the analysis was deleted
	Handle                string
	State                 removal.State
	Before, After         *float64 // the score when the plan was made, and as it stands now
	WaitingFor            WaitingFor
	WaitUntil             *time.Time
	WhyCode, Why          string // of a plan that was stopped: what happened, and who must act
	CreatedAt             time.Time
	FrozenAt              *time.Time
	BackupAt              *time.Time
	ConsentAt             *time.Time
	StartedAt             *time.Time
	FinishedAt            *time.Time
	ExpiresAt             time.Time // of the plan, its leave and its backup

	signature, runner string
	lease             *time.Time
	tries             int
}

const columns = `id, user_id, account_id, analysis_id, handle, state, score_before, score_after, waiting_for, wait_until,
	why_code, why, created_at, frozen_at, backup_at, consent_at, started_at, finished_at, expires_at, signature, runner, lease_until, tries`

func scan(r db.Rows, c *Cleanup) error {
	return r.Scan(&c.ID, &c.UserID, &c.AccountID, &c.AnalysisID, &c.Handle, (*string)(&c.State), &c.Before, &c.After,
		(*string)(&c.WaitingFor), &c.WaitUntil, &c.WhyCode, &c.Why, &c.CreatedAt, &c.FrozenAt, &c.BackupAt, &c.ConsentAt,
		&c.StartedAt, &c.FinishedAt, &c.ExpiresAt, &c.signature, &c.runner, &c.lease, &c.tries)
}

// Item is a post of a plan and what became of it.
type Item struct {
	removal.Post
	Place    int
	Outcome  removal.Outcome
	AskedAt  *time.Time // X was asked to delete it
	DoneAt   *time.Time // its outcome was known
	TickedAt *time.Time // its author says that they deleted it by hand
	SeenAt   *time.Time // X still showed it after that

	asks    int
	counted bool
	kept    bool // its box is there
}

const itemColumns = `post_id, place, sealed, outcome, asks, asked_at, done_at, ticked_at, seen_at, counted`

type itemRow struct {
	Item
	sealed []byte
}

func scanItem(r db.Rows, v *itemRow) error {
	return r.Scan(&v.ID, &v.Place, &v.sealed, (*string)(&v.Outcome), &v.asks, &v.AskedAt, &v.DoneAt, &v.TickedAt,
		&v.SeenAt, &v.counted)
}

// Get returns one of the user's plans.
func (s *Service) Get(ctx context.Context, userID, id string) (Cleanup, error) {
	if uuid.Validate(id) != nil {
		return Cleanup{}, noPlan()
	}
	c, err := db.ReadOne(ctx, s.c.DB, db.User(userID), scan,
		`SELECT `+columns+` FROM cleanups WHERE user_id = $1 AND id = $2`, userID, id)
	return c, orNoPlan(err)
}

// List returns the user's plans, the newest first, at most 100.
func (s *Service) List(ctx context.Context, userID string) ([]Cleanup, error) {
	return db.Read(ctx, s.c.DB, db.User(userID), scan,
		`SELECT `+columns+` FROM cleanups WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 100`, userID)
}

// Posts returns the posts of a plan in the order in which they go.
func (s *Service) Posts(ctx context.Context, userID, id string) ([]Item, error) {
	rows, err := db.Read(ctx, s.c.DB, db.User(userID), scanItem,
		`SELECT `+itemColumns+` FROM cleanup_posts WHERE user_id = $1 AND cleanup_id = $2 ORDER BY place`, userID, id)
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(rows))
	for i, r := range rows {
		if items[i], err = s.open(id, r); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func noPlan() error { return fault.NotFound.Saying("You have no clean-up with this id.") }

func orNoPlan(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return noPlan()
	}
	return err
}

// refused says why an act cannot be done with a plan as it stands.
func refused(c Cleanup) error {
	switch c.State {
	case removal.Draft:
		return fault.Conflict.Saying("Make the dry run first: it shows what would go, as it is on X now.")
	case removal.Frozen:
		return fault.Conflict.Saying("This clean-up has not begun.")
	case removal.Running:
		return fault.Conflict.Saying("Posts are being deleted. Pause the clean-up first.")
	case removal.Paused, removal.Stopped:
		return fault.Conflict.Saying("This clean-up has begun, so its plan stays as it was signed. Go on with it, or end it.")
	}
	return fault.Conflict.Saying("This clean-up is over. Begin another from a report.")
}

func justChanged() error {
	return fault.Conflict.Saying("This clean-up has just changed. Look at it again.")
}

// act takes a plan from a state in which an act may be done to the one that it leads to, with set as further columns,
// whose arguments are numbered from $5 on. What do does belongs to the same transaction.
func (s *Service) act(ctx context.Context, userID, id string, a removal.Act, set string, args []any,
	do func(ctx context.Context, tx db.Tx, c Cleanup) error,
) (c Cleanup, err error) {
	if c, err = s.Get(ctx, userID, id); err != nil {
		return c, err
	}
	next, ok := c.State.After(a)
	if !ok {
		return c, refused(c)
	}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		all := append([]any{id, userID, string(c.State), string(next)}, args...)
		moved, err := db.One(ctx, tx, scan,
			`UPDATE cleanups SET state = $4`+set+` WHERE id = $1 AND user_id = $2 AND state = $3
			RETURNING `+columns, all...)
		if errors.Is(err, db.ErrNotFound) { // it moved on this moment
			return justChanged()
		}
		if err != nil {
			return err
		}
		c = moved
		if do == nil {
			return nil
		}
		return do(ctx, tx, c)
	})
	return c, err
}
