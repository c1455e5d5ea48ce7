package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// stampLayout is how a time stands in a TEXT column: fixed width, so that it sorts as text.
const stampLayout = "2006-01-02T15:04:05.000000Z"

// lite is SQLite in WAL mode. It writes one transaction at a time, so the writer pool
// holds one connection and a writer waits in Go instead of failing busy; readers have
// connections of their own, because a shared pool starves them.
type lite struct {
	path           string
	file           os.FileInfo // of the file when it was opened
	writer, reader *sql.DB
	prepared       *prepared              // of reader
	jobs           *river.Client[*sql.Tx] // inserts only
	wake           *wakeup
	hub            *hub
	log            *slog.Logger
}

func openSQLite(ctx context.Context, c Config) (engine, error) {
	l := &lite{path: c.Path, log: c.Log, wake: newWakeup(), hub: &hub{listeners: map[*listener]struct{}{}}}
	err := private(c.Path)
	if err != nil {
		return nil, err
	}
	if l.writer, err = openFile(ctx, c.Path, 1, "immediate",
		append([]string{"busy_timeout(5000)", "journal_mode(WAL)", "secure_delete(1)"}, c.Pragmas...)...); err != nil {
		return nil, err
	}
	if l.reader, err = openFile(ctx, c.Path, 4, "deferred", "busy_timeout(5000)", "query_only(1)"); err != nil {
		l.writer.Close()
		return nil, err
	}
	if l.file, err = os.Stat(c.Path); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l.prepared = &prepared{db: l.reader, kept: map[string]*sql.Stmt{}}
	if l.jobs, err = river.NewClient(l.driver(), &river.Config{
		Logger:     c.Log,
		Middleware: []rivertype.Middleware{c.Traces.Jobs()},
	}); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func openFile(ctx context.Context, path string, conns int, txlock string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {txlock}, "_pragma": append(pragmas, "foreign_keys(1)", "synchronous(NORMAL)")}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the database file %s: %w", path, err)
	}
	return db, nil
}

func (l *lite) Name() string { return "sqlite" }

func (l *lite) Close() error { return errors.Join(l.reader.Close(), l.writer.Close()) }

func (l *lite) ask(ctx context.Context, _ Actor, questions []Question) error {
	for _, q := range questions {
		if err := l.answer(ctx, q); err != nil {
			return liteErr(err)
		}
	}
	return nil
}

func (l *lite) answer(ctx context.Context, q Question) error {
	rows, err := l.prepared.query(ctx, q.Query, liteArgs(q.Args))
	if err != nil {
		return err
	}
	defer rows.Close()
	return q.Read(liteRows{rows})
}

func (l *lite) begin(ctx context.Context, _ Actor, now time.Time, fn func(Tx) error) error {
	if err := l.there(); err != nil {
		return err
	}
	tx, err := l.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	t := &liteTx{tx: tx, jobs: l.jobs, now: now}
	if err := fn(t); err != nil {
		return err
	}
	if err := t.flush(ctx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return liteErr(err)
	}
	for _, queue := range t.enqueued {
		l.wake.ring(queue)
	}
	l.hub.say(t.notices)
	return nil
}

type liteTx struct {
	tx       *sql.Tx
	jobs     *river.Client[*sql.Tx]
	now      time.Time
	pending  []statement
	notices  []notice
	enqueued []string // the queues that got a job
	touched
}

func (t *liteTx) Now() time.Time { return t.now }

func (t *liteTx) Later(query string, args ...any) { t.Ask(nil, query, args...) }

func (t *liteTx) Ask(read func(Rows) error, query string, args ...any) {
	t.pending = append(t.pending, statement{query, args, read})
}

func (t *liteTx) Notify(topic, payload string) {
	t.notices = append(t.notices, notice{topic, payload})
}

// flush keeps the order that Postgres keeps: what was queued runs before what comes next.
func (t *liteTx) flush(ctx context.Context) error {
	pending := t.pending
	t.pending = nil
	for _, s := range pending {
		if err := t.settle(ctx, s); err != nil {
			return liteErr(err)
		}
	}
	return nil
}

func (t *liteTx) settle(ctx context.Context, s statement) error {
	if s.read == nil {
		_, err := t.tx.ExecContext(ctx, s.query, liteArgs(s.args)...)
		return err
	}
	rows, err := t.tx.QueryContext(ctx, s.query, liteArgs(s.args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := s.read(liteRows{rows}); err != nil {
		return err
	}
	return rows.Err()
}

func (t *liteTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := t.flush(ctx); err != nil {
		return 0, err
	}
	res, err := t.tx.ExecContext(ctx, query, liteArgs(args)...)
	if err != nil {
		return 0, liteErr(err)
	}
	return res.RowsAffected()
}

func (t *liteTx) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	if err := t.flush(ctx); err != nil {
		return nil, err
	}
	rows, err := t.tx.QueryContext(ctx, query, liteArgs(args)...)
	if err != nil {
		return nil, liteErr(err)
	}
	return liteRows{rows}, nil
}

func (t *liteTx) Enqueue(ctx context.Context, job river.JobArgs) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	inserted, err := t.jobs.InsertTx(ctx, t.tx, job, nil)
	if err == nil {
		t.enqueued = append(t.enqueued, inserted.Job.Queue)
	}
	return err
}

// EnqueueIf implements [Tx].
func (t *liteTx) EnqueueIf(ctx context.Context, job river.JobArgs, query string, args ...any) error {
	rows, err := t.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	given := rows.Next()
	rows.Close()
	if err := rows.Err(); err != nil || !given {
		return err
	}
	return t.Enqueue(ctx, job)
}

// liteArgs writes times and JSON as the text that STRICT tables hold.
func liteArgs(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case time.Time:
			out[i] = v.UTC().Format(stampLayout)
		case *time.Time:
			if v != nil {
				out[i] = v.UTC().Format(stampLayout)
			}
		case json.RawMessage:
			out[i] = string(v)
		default:
			out[i] = a
		}
	}
	return out
}

// liteRows scans text columns into times.
type liteRows struct{ *sql.Rows }

func (r liteRows) Scan(dest ...any) error {
	for i, d := range dest {
		switch v := d.(type) {
		case *time.Time:
			dest[i] = (*stamp)(v)
		case **time.Time:
			dest[i] = maybeStamp{v}
		}
	}
	return r.Rows.Scan(dest...)
}

func (r liteRows) Err() error { return liteErr(r.Rows.Err()) }
func (r liteRows) Close()     { r.Rows.Close() }

type stamp time.Time

func (s *stamp) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("db: %T is no timestamp", v)
	}
	t, err := time.Parse(stampLayout, text)
	*s = stamp(t)
	return err
}

// maybeStamp is a stamp that may be NULL.
type maybeStamp struct{ to **time.Time }

func (s maybeStamp) Scan(v any) error {
	if *s.to = nil; v == nil {
		return nil
	}
	*s.to = new(time.Time)
	return (*stamp)(*s.to).Scan(v)
}

func liteErr(err error) error {
	se, ok := errors.AsType[*sqlite.Error](err)
	if ok && (se.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || se.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY) {
		return fmt.Errorf("%w: %s", ErrConflict, se.Error())
	}
	return err
}
