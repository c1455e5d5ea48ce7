package analysis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/metrics"
	"github.com/repazoo/repazoo/internal/once"
	"github.com/repazoo/repazoo/internal/screen"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// Consent is what a person agrees to before their posts are read: the kind and the version
// of the text that ConsentText shows.
const (
	ConsentKind    = "analysis"
	ConsentVersion = "2026-11-28.2"
	ConsentText    = "Repazoo may read the posts of this account, the descriptions of their pictures and the profile, " +
		"keep them sealed for at most 30 days, and have them judged by a language model with handles, links, contact " +
		"data, numbers, passwords and the names that can be told as names replaced first; other names can remain. Where " +
		"a post cannot be judged without the one it answers or quotes, Repazoo may read that one for the model in the " +
		"same way, and keeps it nowhere. You can erase them at any time."
)

// RetentionKind is what they agree to by an upload, beside which RetentionText stands.
const (
	RetentionKind    = "retention"
	RetentionVersion = "2026-11-28.3"
	RetentionText    = "Repazoo may keep the posts of the X archives that you upload, the descriptions of their " +
		"pictures " +
		"and the profile, sealed, for at most 30 days."
)

// KeepKind is the consent to keep the posts of an account for its schedule, beyond the usual time.
const (
	KeepKind    = "schedule"
	KeepVersion = "2026-11-28"
	KeepText    = "While a schedule of analyses is on, Repazoo may keep the posts of its account sealed until two " +
		"days after the next run is due, also beyond 30 days, so that only new posts are read from X and paid for. Once " +
		"it is removed, they are kept for at most 30 days more. You can erase them at any time."
)

// Config is what a Service needs.
type Config struct {
	DB          *db.DB
	Seal        *seal.Sealer
	Accounts    *account.Service
	Billing     *billing.Service
	X           *xapi.Client
	Claude      *claude.Client // nil: the screen stands alone
	Prices      map[string]assess.Prices
	SecondModel string        // asked second questions about grave findings; "": the plan's own
	App         string        // this binary's version, kept in each report
	Lease       time.Duration // how long a run may be silent before another process takes it over; 0: 15 s
	BatchFrom   int           // texts from which on an analysis may be done within a day, for less; 0: 400
	PerUser     int           // how many analyses of one user run at once; 0: 4
	KeepFor     time.Duration // how long raw posts are kept; 0: 30 days
	KeepReports time.Duration // how long reports outlive their user's plan; 0: for ever
	// Fallbacks are models that are asked, the first that answers, instead of one that its provider retired.
	Fallbacks []string
	// TakeDraft counts that a user checks a draft; nil: no limit.
	TakeDraft func(ctx context.Context, userID string) error
	Metrics   *metrics.Metrics
	Log       *slog.Logger
}

// Service starts, runs and shows analyses.
type Service struct {
	c      Config
	screen func() *screen.Screener // built at the first use: it would slow the start down
	runner string                  // names this process in the lease of a run
	turns  sync.Mutex              // held while this process takes the next analysis
	bells  *bells
	life   context.Context // ends when this process leaves; see Leave
	leave  context.CancelFunc
	pace   assess.Pace // how the models have answered this process lately
	gone   gone
}

// New makes a Service.
func New(c Config) *Service {
	if c.Lease == 0 {
		c.Lease = 15 * time.Second
	}
	if c.BatchFrom == 0 {
		c.BatchFrom = batchFrom
	}
	if c.PerUser == 0 {
		c.PerUser = 4
	}
	if c.KeepFor == 0 {
		c.KeepFor = 30 * 24 * time.Hour
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{c: c, screen: sync.OnceValue(screen.New), runner: db.NewID(), bells: newBells()}
	s.life, s.leave = context.WithCancel(context.Background())
	return s
}

// Status is where an analysis stands.
type Status string

// An analysis that was accepted ends in one of the last three.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Completed Status = "completed"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Ended tells whether nothing more will happen.
func (s Status) Ended() bool { return s == Completed || s == Failed || s == Cancelled }

// Analysis is one run over one account's posts.
type Analysis struct {
	ID           string
	UserID       string
	AccountID    *string // set for posts read from X
	ArchiveID    *string // set for posts from an uploaded archive
	Handle       string
	Purpose      assess.Purpose
	MaxPosts     int // so many posts are read from X, or given to the model; the screen reads all that are kept
	MaxCostCents int // X and the model together may cost so much; 0: no ceiling
	Since        *time.Time
	Tier         string
	Model        string // as asked for; the report says what was used
	Status       Status
	Progress     assess.Progress
	Seq          int // grows with every change; the id of its server-sent event
	XReads       int
	Score        *float64 // as it was made
	Level        *string
	ScoreNow     *float64 // with the dismissals made since
	LevelNow     *string
	ErrorCode    *string
	ErrorMessage *string
	Scheduled    string     // the rhythm of the schedule that started it: daily, weekly or monthly; "" for a person
	PeriodStart  time.Time  // the quota period it is counted in
	WaitUntil    *time.Time // it does nothing before this moment
	WaitingFor   WaitingFor // and this is why
	WaitBy       *time.Time // what it waits for has ended by then; nil where that is not known
	stepsDone    string     // see [Analysis.Ticked]
	WithinADay   bool       // its owner can wait a day, for half of the model's price
	Free         bool       // it has completed and took no unit, because the model's answers could not be used
	CreatedAt    time.Time
	StartedAt    *time.Time
	FinishedAt   *time.Time
	runner       string // the claim that works on it, set by take

	keepUntil     *time.Time // of a scheduled run
	modelMicroUSD int64      // what the model has cost, in all its tries

	tries int       // that a passing trouble ended
	turn  time.Time // its place in the line, when it is started
}

// StartRequest says whose posts to read and through which lens. Exactly one of AccountID,
// ArchiveID and Handle is set.
type StartRequest struct {
	AccountID      string
	ArchiveID      string
	Handle         string // of a linked account, instead of its id
	Purpose        assess.Purpose
	MaxPosts       int // 0: as many as the plan allows
	MaxCostCents   int // the ceiling of the cost; 0, or more than the plan's: the plan's
	Since          *time.Time
	WithinADay     bool   // the model may take a day, for half of its price
	Consent        bool   // the person agrees to ConsentText now
	IdempotencyKey string // the same key starts the same analysis once; "" for none

	// Of a run that nobody started by hand:
	Scheduled string    // its rhythm; "" for a person's start
	KeepUntil time.Time // its posts are kept so long, if KeepKind was agreed to
}

// Job wakes a worker up to run the analysis whose turn it is.
type Job struct {
	AnalysisID string `json:"analysis_id"` // for whom it was queued, for people who look at the queue
}

// origin is whose posts a start is about, and whether the person has consented.
type origin struct {
	accountID, archiveID *string
	handle               string
	consented            bool
	lastTurn             *time.Time // of the user's analyses that have not ended
	busy                 bool       // another analysis of the same account reads it, or is about to
}

// Start reserves one unit of quota, records the analysis and queues its job: all or none.
// It answers with the quota as it is after the reservation. A request whose key was used
// before gets the analysis that the first one started.
func (s *Service) Start(ctx context.Context, userID string, r StartRequest) (Analysis, billing.Reservation, error) {
	if r.Purpose == "" {
		r.Purpose = assess.PersonalReputation
	}
	if err := r.check(); err != nil {
		return Analysis{}, billing.Reservation{}, err
	}
	a, res, err := s.startAtOnce(ctx, userID, r)
	if errors.Is(err, errNotAtOnce) || errors.Is(err, db.ErrConflict) {
		a, res, err = s.start(ctx, userID, r)
	}
	if errors.Is(err, billing.ErrNoPeriod) {
		if err := s.c.Billing.EnsurePeriod(ctx, userID); err != nil {
			return Analysis{}, billing.Reservation{}, err
		}
		a, res, err = s.start(ctx, userID, r)
	}
	switch {
	case errors.Is(err, errRepeated):
		return s.repeated(ctx, userID, r)
	case errors.Is(err, billing.ErrNoPeriod): // somebody else took the last unit in between
		err = fault.QuotaExceeded
	}
	return a, res, err
}

// errRepeated rolls a start back whose key was used before.
var errRepeated = errors.New("analysis: this key was used before")

func (r *StartRequest) check() error {
	purpose, err := assess.ParsePurpose(string(r.Purpose))
	if err != nil {
		return err
	}
	r.Purpose = purpose
	given := 0
	for _, id := range []string{r.AccountID, r.ArchiveID, r.Handle} {
		if id != "" {
			given++
		}
	}
	if given != 1 {
		return fault.ValidationFailed.Saying("Say whose posts to read: account_id of a linked account, or archive_id of "+
			"an uploaded archive.").At("body.account_id", "exactly one of account_id and archive_id is needed")
	}
	if r.MaxPosts < 0 || (r.MaxPosts > 0 && r.MaxPosts < assess.MinPosts) {
		return fault.ValidationFailed.At("body.max_posts", fmt.Sprintf("must be at least %d", assess.MinPosts))
	}
	if r.MaxCostCents < 0 {
		return fault.ValidationFailed.At("body.max_cost_cents", "must be at least 1")
	}
	return r.once("").Check()
}

// once is the request as its key knows it.
func (r StartRequest) once(userID string) once.Request {
	since := ""
	if r.Since != nil {
		since = r.Since.UTC().Format(time.RFC3339Nano)
	}
	parts := []string{
		r.AccountID, r.ArchiveID, r.Handle, string(r.Purpose), strconv.Itoa(r.MaxPosts), since, strconv.Itoa(r.MaxCostCents),
	}
	if r.WithinADay {
		parts = append(parts, "within a day")
	}
	return once.New(userID, r.IdempotencyKey, "start", parts...)
}

func (s *Service) start(ctx context.Context, userID string,
	r StartRequest,
) (a Analysis, res billing.Reservation, err error) {
	err = s.c.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		id := db.NewID()
		key := r.once(userID).Claim(tx, id)
		var from origin
		var found bool
		askSource(tx, userID, r, &from, &found)
		res, err = s.c.Billing.Reserve(ctx, tx, userID)
		if key.Taken() {
			return errRepeated
		}
		if err != nil {
			if errors.Is(err, billing.ErrNoPeriod) && !found {
				return errNoSource(r)
			}
			return err
		}
		if !found {
			return errNoSource(r)
		}
		if !from.consented && !r.Consent {
			return fault.ValidationFailed.Saying("Agree first: send consent=true. The text you agree to: %s",
				ConsentText).At("body.consent", "must be true the first time")
		}
		a = s.newAnalysis(userID, r, from, res, tx.Now())
		if _, err := s.usable(a.Model); err != nil {
			return err
		}
		if a.WithinADay {
			if err := s.batchable(a); err != nil {
				return err
			}
		}
		a.ID = id
		return s.record(ctx, tx, a, !from.consented)
	})
	return a, res, err
}

func errNoSource(r StartRequest) error {
	if r.ArchiveID != "" {
		return fault.NotFound.Saying("You have no archive with this id. Upload it again: archives are kept for a limited " +
			"time.")
	}
	return fault.NotFound.Saying("You have no linked X account like this. Link it first, or reconnect it.")
}

const (
	// hasConsented is whether user $1 has agreed to being read.
	hasConsented = `EXISTS (SELECT 1 FROM consents c WHERE c.user_id = $1 AND c.kind = '` + ConsentKind +
		`' AND c.version = '` + ConsentVersion + `' AND c.withdrawn_at IS NULL)`
	// lastTurn is the place of the last of user $1's analyses that have not ended.
	lastTurn = `(SELECT max(turn) FROM analyses WHERE user_id = $1 AND status IN ('queued', 'running'))`
	// isBusy is whether another analysis of the same account reads it, or is about to.
	isBusy = `EXISTS (SELECT 1 FROM analyses b WHERE b.user_id = $1 AND b.account_id = x_accounts.id
		AND b.status IN ('queued', 'running') AND (b.stage IN ('queued', 'collect') OR b.model <> ''))`
)

// askSource looks the account or archive up with the reservation, in the same round trip.
func askSource(tx db.Tx, userID string, r StartRequest, from *origin, found *bool) {
	scan := func(rows db.Rows, v *origin) error {
		return rows.Scan(&v.accountID, &v.archiveID, &v.handle, &v.consented, &v.lastTurn, &v.busy)
	}
	const consented = hasConsented + `, ` + lastTurn
	const busy = `, ` + isBusy
	switch {
	case r.AccountID != "":
		db.Want(tx, scan, from, found, `SELECT id, NULL, handle, `+consented+busy+` FROM x_accounts WHERE user_id = $1
			AND id = $2 AND status <> 'revoked'`, userID, r.AccountID)
	case r.Handle != "":
		db.Want(tx, scan, from, found, `SELECT id, NULL, handle, `+consented+busy+` FROM x_accounts WHERE user_id = $1
			AND lower(handle) = lower($2) AND status <> 'revoked'`, userID, r.Handle)
	default:
		db.Want(tx, scan, from, found, `SELECT NULL, id, handle, `+consented+`, 1 = 0 FROM archives WHERE user_id = $1
			AND id = $2 AND expires_at > $3`, userID, r.ArchiveID, tx.Now())
	}
}

func (s *Service) newAnalysis(userID string, r StartRequest, from origin, res billing.Reservation,
	now time.Time,
) Analysis {
	limit := res.Tier.MaxPosts
	if r.MaxPosts > 0 {
		limit = min(limit, r.MaxPosts)
	}
	a := Analysis{
		UserID: userID, AccountID: from.accountID, ArchiveID: from.archiveID, Handle: from.handle,
		Purpose: r.Purpose, MaxPosts: limit, Since: r.Since, Tier: res.Tier.Name, Status: Queued, Scheduled: r.Scheduled,
		WithinADay: r.WithinADay,
		turn:       newTurn(now, from.lastTurn, res.Tier.Name),
		Progress:   assess.Progress{Stage: assess.StageQueued}, PeriodStart: res.PeriodStart, CreatedAt: now,
	}
	if from.busy { // it may be taken at once; whoever takes it waits for the account
		a.WaitingFor, a.WaitUntil = WaitsForRun, &now
	}
	if !r.KeepUntil.IsZero() {
		a.keepUntil = &r.KeepUntil
	}
	a.MaxCostCents = res.Tier.MaxCostCents
	if r.MaxCostCents > 0 && (a.MaxCostCents == 0 || r.MaxCostCents < a.MaxCostCents) {
		a.MaxCostCents = r.MaxCostCents
	}
	if s.c.Claude != nil {
		a.Model = res.Tier.Model
	}
	return a
}

// record writes everything a start leaves behind: none of it needs an answer but the job's.
func (s *Service) record(ctx context.Context, tx db.Tx, a Analysis, consent bool) error {
	tx.Later(`
		INSERT INTO analyses (id, user_id, account_id, archive_id, handle, purpose, max_posts, since, tier, model, status,
			stage, period_start, created_at, turn, max_cost_cents,
			wait_until, waiting_for, scheduled, keep_until, within_a_day)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		a.ID, a.UserID, a.AccountID, a.ArchiveID, a.Handle, string(a.Purpose), a.MaxPosts, a.Since, a.Tier, a.Model,
		string(a.Status), string(a.Progress.Stage), a.PeriodStart, a.CreatedAt, a.turn, a.MaxCostCents,
		a.WaitUntil, string(a.WaitingFor), a.Scheduled, a.keepUntil, a.WithinADay)
	if consent {
		s.c.Accounts.Consent(ctx, tx, a.UserID, ConsentKind, ConsentVersion)
	}
	started := startEvent(a.UserID, a.ID)
	if a.Scheduled != "" {
		started.Actor, started.Detail = "system", map[string]any{"scheduled": a.Scheduled}
	}
	audit.Record(ctx, tx, started)
	return tx.Enqueue(ctx, Job{AnalysisID: a.ID})
}

func startEvent(userID, id string) audit.Event {
	return audit.Event{UserID: userID, Actor: "user", Action: audit.AnalysisStart, Resource: id}
}

// repeated answers a request whose key was used before with what that one started.
func (s *Service) repeated(ctx context.Context, userID string, r StartRequest) (Analysis, billing.Reservation, error) {
	id, found, err := r.once(userID).Find(ctx, s.c.DB)
	if err == nil && !found { // its day ended this very moment
		err = fault.Conflict.Saying("The request under this key has just been forgotten. Send it again.")
	}
	if err != nil {
		return Analysis{}, billing.Reservation{}, err
	}
	a, err := s.Get(ctx, userID, id)
	if err != nil {
		return Analysis{}, billing.Reservation{}, err
	}
	u, err := s.c.Billing.Usage(ctx, userID)
	return a, billing.Reservation{
		PeriodStart: u.PeriodStart, PeriodEnd: u.PeriodEnd, Tier: u.Tier, Quota: u.Quota.Limit, Used: u.Quota.Used,
		Reserved: u.Quota.Reserved,
	}, err
}
