package db

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
)

// pgTx is a Postgres transaction that counts round trips: BEGIN, the user and every
// Later statement wait in pending and travel with the next statement that needs an answer.
type pgTx struct {
	conn    *pgx.Conn
	jobs    *river.Client[pgx.Tx]
	own     string // the role the transaction began with
	role    string // the role after what is pending
	now     time.Time
	pending []statement
	begun   bool // BEGIN has been sent
	touched
}

func (t *pgTx) Now() time.Time { return t.now }

func (t *pgTx) Later(query string, args ...any) { t.Ask(nil, query, args...) }

func (t *pgTx) Ask(read func(Rows) error, query string, args ...any) {
	t.as(t.own)
	t.queue(read, query, args...)
}

func (t *pgTx) Notify(topic, payload string) { t.Later(`SELECT pg_notify($1, $2)`, topic, payload) }

func (t *pgTx) queue(read func(Rows) error, query string, args ...any) {
	t.pending = append(t.pending, statement{query, args, read})
}

// as lets the statements from here on run as a role.
func (t *pgTx) as(role string) {
	if t.role != role {
		t.role = role
		t.queue(nil, `SELECT set_config('role', $1, true)`, role)
	}
}

func (t *pgTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	t.as(t.own)
	tag, err := t.exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (t *pgTx) exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	results, err := t.send(ctx, query, args)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer results.Close()
	tag, err := results.Exec()
	return tag, pgErr(err)
}

func (t *pgTx) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	t.as(t.own)
	return t.rows(ctx, query, args)
}

func (t *pgTx) rows(ctx context.Context, query string, args []any) (Rows, error) {
	results, err := t.send(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return lastRows(results)
}

// send flushes what is pending together with one more statement, and leaves the results
// at that one.
func (t *pgTx) send(ctx context.Context, query string, args []any) (pgx.BatchResults, error) {
	pending := t.pending
	t.pending, t.begun = nil, true
	var batch pgx.Batch
	for _, s := range pending {
		batch.Queue(s.query, s.args...)
	}
	batch.Queue(query, args...)
	results := t.conn.SendBatch(ctx, &batch)
	for _, s := range pending {
		if err := settle(results, s); err != nil {
			results.Close()
			return nil, pgErr(err)
		}
	}
	return results, nil
}

// settle reads the answer of one pending statement.
func settle(results pgx.BatchResults, s statement) error {
	if s.read == nil {
		_, err := results.Exec()
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := s.read(rows); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

// Enqueue inserts the job as the service role, because users have no right to the queue.
// It waits like a Later statement: River's fast insert asks for no answer.
func (t *pgTx) Enqueue(ctx context.Context, job river.JobArgs) error {
	return t.enqueue(ctx, job, statement{})
}

// EnqueueIf implements [Tx].
func (t *pgTx) EnqueueIf(ctx context.Context, job river.JobArgs, query string, args ...any) error {
	return t.enqueue(ctx, job, statement{query: query, args: args})
}

func (t *pgTx) enqueue(ctx context.Context, job river.JobArgs, only statement) error {
	t.as(System.role)
	_, err := t.jobs.InsertManyFastTx(ctx, riverTx{t: t, only: only}, []river.InsertManyParams{{Args: job}})
	return err
}

// commit also fails when Postgres answers it with ROLLBACK, as it does after a statement
// whose error the caller swallowed.
func (t *pgTx) commit(ctx context.Context) error {
	tag, err := t.exec(ctx, "COMMIT")
	if err == nil && tag.String() == "ROLLBACK" {
		err = pgx.ErrTxCommitRollback
	}
	return err
}

// rollback also runs when the caller's context has ended, within a bound of its own.
func (t *pgTx) rollback(ctx context.Context) error {
	if !t.begun || t.conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := t.conn.Exec(ctx, "ROLLBACK")
	return err
}

// lastRows are the rows of the last statement of a pipeline.
func lastRows(results pgx.BatchResults) (Rows, error) {
	rows, err := results.Query()
	if err != nil {
		results.Close()
		return nil, pgErr(err)
	}
	return &pgRows{Rows: rows, results: results}, nil
}

// pgRows ends its pipeline when it is closed or read to its end.
type pgRows struct {
	pgx.Rows
	results pgx.BatchResults
	err     error
	closed  bool
}

func (r *pgRows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.Rows.Close()
	r.err = r.results.Close()
}

func (r *pgRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return pgErr(err)
	}
	return pgErr(r.err)
}

// riverTx shows a pgTx to River as the pgx.Tx it expects for a fast insert. River reads no
// answer of it, so all of it (the row, the notification of waiting workers) is queued; only
// once in a process it asks for the server's version.
type riverTx struct {
	pgx.Tx // the methods River does not use for an insert stay nil on purpose
	t      *pgTx
	only   statement // inserts only if this gives a row; none: always
}

func (r riverTx) Conn() *pgx.Conn { return r.t.conn }

func (r riverTx) Exec(_ context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	r.t.queue(nil, query, args...)
	return pgconn.CommandTag{}, nil
}

// CopyFrom becomes inserts: COPY would need a round trip of its own.
func (r riverTx) CopyFrom(_ context.Context, table pgx.Identifier, columns []string,
	rows pgx.CopyFromSource,
) (int64, error) {
	places := make([]string, len(columns))
	for i := range columns {
		places[i] = "$" + strconv.Itoa(len(r.only.args)+i+1)
	}
	insert := "INSERT INTO " + table.Sanitize() +
		" (" + strings.Join(columns, ", ") + ") SELECT " + strings.Join(places, ", ")
	if r.only.query != "" {
		insert += " WHERE EXISTS (" + r.only.query + ")"
	}
	n := int64(0)
	for ; rows.Next(); n++ {
		values, err := rows.Values()
		if err != nil {
			return n, err
		}
		r.t.queue(nil, insert, slices.Concat(r.only.args, values)...)
	}
	return n, rows.Err()
}

func (r riverTx) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	rows, err := r.t.rows(ctx, query, args)
	return pgRow{rows, err}
}

type pgRow struct {
	rows Rows
	err  error
}

func (r pgRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	return r.rows.Scan(dest...)
}
