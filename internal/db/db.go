// Package db is the one place that knows there are two databases.
//
// Postgres serves any number of replicas; SQLite serves one process: a laptop,
// a self-hosted machine, a test. They differ here in how a transaction is
// opened, how a row is read, how a violated key is named and how a job is
// queued inside the transaction. Everything above this package writes one SQL
// text with $1 placeholders and passes the [Tx] it was given.
//
//	err := d.InTx(ctx, db.User(id), func(ctx context.Context, tx db.Tx) error { … })
//	user, err := db.ReadOne(ctx, d, db.User(id), scanUser, `SELECT … WHERE id = $1`, id)
//
// # Who asks
//
// Every transaction has an [Actor]. On Postgres it chooses a connection of its
// role, and the user becomes the request.jwt.claims that row-level security
// reads, for that transaction only; the queries still name the user themselves,
// so the policies are a second lock. On SQLite there is no second lock, and the two-user tests of each
// package prove the first.
//
// # What is promised
//
//   - [DB.InTx] commits everything its function did, jobs included, or nothing.
//     Serialization failures are retried, so the function may run more than once
//     and must keep its effects inside the transaction. No network call belongs
//     in it, and it refuses to be nested.
//   - [Read] is one round trip on Postgres: actor and statement are pipelined. [DB.Ask] does so with several.
//   - Nothing is read or written in a context that has a [Gate] before that lets it through.
//   - A database that is away, restarting, full, locked or too slow is fault.DependencyDown (see down.go), everywhere.
//   - Times are UTC, microseconds, and one instant per transaction ([Tx.Now]).
//   - Columns that hold a time are timestamptz or TEXT; either scans into
//     *time.Time or **time.Time. JSON columns take and give strings.
package db

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/tracing"
)

var (
	// ErrNotFound means the row asked for does not exist, or is not the actor's to see.
	ErrNotFound = errors.New("db: not found")
	// ErrConflict means a unique key is already taken.
	ErrConflict = errors.New("db: already exists")

	errNested = errors.New("db: InTx inside InTx: pass the Tx instead") // SQLite would wait for itself
)

// Actor is on whose behalf a transaction runs.
type Actor struct{ role, claims string }

// userRole is what requests run as on Postgres.
const userRole = "repazoo_user"

// User is the actor of a signed-in request: it sees and writes its own rows only.
func User(id string) Actor {
	return Actor{role: userRole, claims: `{"sub":"` + id + `","role":"authenticated"}`}
}

// System is the actor of sign-in, webhooks and workers, before or beyond one user.
var System = Actor{role: "service_role"}

// Tx is an open transaction. Functions that take one never open another.
type Tx interface {
	// Exec runs a statement and tells how many rows it changed.
	Exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	// Query runs a statement that gives rows. Close them before the next statement.
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	// Later queues a statement whose result nobody needs. It is sent with the next
	// statement or the commit, in order, and its failure fails the transaction.
	Later(query string, args ...any)
	// Ask queues a query whose rows are handed to read when the next statement or the
	// commit is sent: an answer that costs no round trip of its own.
	Ask(read func(Rows) error, query string, args ...any)
	// Enqueue queues a job that becomes visible when the transaction commits.
	Enqueue(ctx context.Context, job river.JobArgs) error
	// EnqueueIf queues a job only if a query, with its own arguments, gives a row when its turn has come, as db.System.
	// Like Enqueue it costs no round trip of its own on Postgres.
	EnqueueIf(ctx context.Context, job river.JobArgs, query string, args ...any) error
	// Notify tells whoever listens to the topic, in every process, once the transaction
	// has committed.
	Notify(topic, payload string)
	// Touch names users whose rows the transaction changes, so that what is kept of them is not given any more:
	// see mark.go.
	Touch(users ...string)
	// Now is the moment the transaction began: one instant for all it writes.
	Now() time.Time

	named() []string
}

// Rows is the part of pgx.Rows and sql.Rows they agree on.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// Config says which database to open.
type Config struct {
	URL         string           // postgres://…; empty means SQLite
	Path        string           // the SQLite file, used when URL is empty
	Schema      string           // of PostgreSQL; empty means where our tables are, or beside nobody else's
	MaxConns    int              // Postgres pool; 0 means 24
	AllowBypass bool             // accept a login role that row-level security does not bind; for local only
	Patience    time.Duration    // how long a user's read or transaction may take; 0 means 15 s
	Pragmas     []string         // further ones of SQLite's writer, for tests
	Now         func() time.Time // nil means time.Now
	Log         *slog.Logger     // nil means discard
	Traces      *tracing.Tracer  // nil traces nothing
}

// DB is an open database of either kind, safe for concurrent use.
type DB struct {
	engine
	patience time.Duration
	now      func() time.Time
	log      *slog.Logger
	traces   *tracing.Tracer

	marker   Marker                                    // nil: nothing is kept, so nothing is marked
	check    func(context.Context, Tx, []string) error // of tests
	even     func() time.Time                          // a clock that runs on evenly
	untoldAt atomic.Int64                              // when the log last said that a mark failed; 0: never
}

type engine interface {
	begin(ctx context.Context, actor Actor, now time.Time, fn func(Tx) error) error
	ask(ctx context.Context, actor Actor, questions []Question) error
	migrate(ctx context.Context) (int, error)
	pending(ctx context.Context) (bool, error)
	scrub(ctx context.Context) error
	work(ctx context.Context, cfg *river.Config) (stopper, error)
	listen(ctx context.Context, topic string, heard func(payload string)) error
	jobClient() jobClient
	secondsOf(at string) string
	lastOf(column string) string
	dropIdle(actor Actor, why error)
	dayOf(column string) string

	// Name is "postgres" or "sqlite".
	Name() string
	// Ping makes one round trip.
	Ping(ctx context.Context) error
	// Pools tells how the connections stand.
	Pools() []Pool
	Close() error
}

// Open connects to the database. It neither creates nor changes tables: see [DB.Migrate].
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = slog.New(quiet{c.Log.Handler()})
	open := openSQLite
	if c.URL != "" {
		open = openPostgres
	}
	e, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	return &DB{
		engine: e, patience: cmp.Or(c.Patience, 15*time.Second), now: c.Now, log: c.Log, traces: c.Traces, even: time.Now,
	}, nil
}

// quiet drops what the queue and the migrations say of their everyday doings.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }
func (q quiet) WithGroup(name string) slog.Handler   { return quiet{q.Handler.WithGroup(name)} }

// Now is the instant a transaction begun at this moment would carry.
func (d *DB) Now() time.Time { return d.now().UTC().Truncate(time.Microsecond) }

// Migrate brings the schema up to date under a lock and tells how many steps it took.
func (d *DB) Migrate(ctx context.Context) (int, error) { return d.migrate(ctx) }

// Pending tells whether the schema is behind this binary.
func (d *DB) Pending(ctx context.Context) (bool, error) { return d.pending(ctx) }

type inTxKey struct{}

// maxTries bounds how often a transaction that lost a race is run again.
const maxTries = 5

// InTx runs fn in a transaction as actor and commits if it returns nil.
func (d *DB) InTx(ctx context.Context, actor Actor, fn func(context.Context, Tx) error) (err error) {
	if ctx.Value(inTxKey{}) != nil {
		return errNested
	}
	ctx, end := d.traces.Start(ctx, "transaction")
	defer func() { end(err) }()
	if err := d.pass(ctx, actor); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, d.bound(actor))
	defer cancel()
	inner := context.WithValue(bounded, inTxKey{}, true)
	for try := 1; ; try++ {
		var m marking
		err := d.begin(bounded, actor, d.Now(), func(tx Tx) error {
			if err := fn(inner, tx); err != nil {
				return err
			}
			return d.markBefore(inner, tx, &m)
		})
		d.markAfter(ctx, m)
		if try == maxTries || !lostRace(err) {
			return down(ctx, err)
		}
	}
}

// Read runs one statement as actor and returns every row. On Postgres it is one round trip. If the connection turns out
// to be broken, it is tried once more.
func Read[T any](
	ctx context.Context, d *DB, actor Actor, scan func(Rows, *T) error, query string, args ...any,
) ([]T, error) {
	var all []T
	if err := d.Ask(ctx, actor, Every(scan, &all, query, args...)); err != nil {
		return nil, err
	}
	return all, nil
}

// ReadOne is [Read] for a single row, or [ErrNotFound].
func ReadOne[T any](ctx context.Context, d *DB, actor Actor, scan func(Rows, *T) error, query string,
	args ...any,
) (T, error) {
	return first(Read(ctx, d, actor, scan, query, args...))
}

// All reads every row of a statement inside a transaction.
func All[T any](ctx context.Context, tx Tx, scan func(Rows, *T) error, query string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}

// One is [All] for a single row, or [ErrNotFound].
func One[T any](ctx context.Context, tx Tx, scan func(Rows, *T) error, query string, args ...any) (T, error) {
	return first(All(ctx, tx, scan, query, args...))
}

// Want is an Ask for one row: *v is set when the next statement returns, and found tells
// whether there was a row.
func Want[T any](tx Tx, scan func(Rows, *T) error, v *T, found *bool, query string, args ...any) {
	tx.Ask(oneRow(scan, v, found), query, args...)
}

// oneRow reads a row, if there is one.
func oneRow[T any](scan func(Rows, *T) error, v *T, found *bool) func(Rows) error {
	return func(r Rows) error {
		*found = r.Next()
		if !*found {
			return r.Err()
		}
		return scan(r, v)
	}
}

// statement is one that waits to be sent; read is nil for a Later.
type statement struct {
	query string
	args  []any
	read  func(Rows) error
}

// Value scans a row of one column.
func Value[T any](r Rows, v *T) error { return r.Scan(v) }

func collect[T any](rows Rows, scan func(Rows, *T) error) ([]T, error) {
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	rows.Close()
	return all, rows.Err()
}

func first[T any](all []T, err error) (T, error) {
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return all[0], nil
}

// NewID returns a fresh UUIDv7: unique, and sorted by time of creation.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// IsID tells whether s is written as the databases write an id: what is not is in no table.
func IsID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil && strings.ToLower(s) == s }
