package dbtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// databases is what this process has of the cluster's databases: tests of one package share nothing else.
var databases pool

// pool lends databases to tests. Which process has which is known to all by an advisory lock that its session
// holds, so a process that ends, in whatever way, leaves its databases to the next. None is dropped at
// the end: there are never more than tests that ran at once.
type pool struct {
	mu       sync.Mutex
	admin    *pgx.Conn // of the database "postgres"; holds the locks
	template *template
	taken    []string // names that this process holds, lent or not
	free     []*lent  // last in, first out
}

// lent is a database that a test has, had or will have.
type lent struct {
	name  string
	conn  *pgx.Conn // a superuser's, for the reset
	query string    // see birth.written
}

// take finds a database, or makes one, that is as the template is.
func (p *pool) take(ctx context.Context) (*lent, error) {
	l, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	fresh, err := l.reset(ctx, &p.template.birth)
	if err != nil || fresh {
		return l, err
	}
	if err := l.conn.Close(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := run(ctx, p.admin, "DROP DATABASE "+l.name+" WITH (FORCE)", p.create(l.name)); err != nil {
		return nil, err
	}
	return l, l.connect(ctx, &p.template.birth)
}

func (p *pool) giveBack(l *lent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, l)
}

func (p *pool) find(ctx context.Context) (*lent, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	if n := len(p.free); n > 0 {
		l := p.free[n-1]
		p.free = p.free[:n-1]
		return l, nil
	}
	l := &lent{}
	var err error
	if l.name, err = p.claim(ctx); err != nil {
		return nil, err
	}
	return l, l.connect(ctx, &p.template.birth)
}

func (p *pool) open(ctx context.Context) error {
	if p.template != nil {
		return nil
	}
	url, err := addressOf("", "postgres")
	if err != nil {
		return err
	}
	if p.admin, err = pgx.Connect(ctx, url); err != nil {
		return err
	}
	p.template, err = openTemplate(ctx, p.admin)
	return err
}

// claim locks the first name that nobody holds, and makes its database if there is none yet.
func (p *pool) claim(ctx context.Context) (string, error) {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s_%d", strings.Replace(p.template.name, "template", "test", 1), n)
		if slices.Contains(p.taken, name) { // a session may take a lock of its own twice
			continue
		}
		var ours, exists bool
		if err := p.admin.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))",
			name).Scan(&ours); err != nil {
			return "", err
		}
		if !ours {
			continue
		}
		p.taken = append(p.taken, name)
		err := p.admin.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
		if err == nil && !exists {
			err = run(ctx, p.admin, p.create(name))
		}
		return name, err
	}
}

func (p *pool) create(name string) string {
	return "CREATE DATABASE " + name + " TEMPLATE " + p.template.name
}

// connect opens the superuser's connection that stays with the database as long as the process has it.
func (l *lent) connect(ctx context.Context, b *birth) error {
	url, err := addressOf("", l.name)
	if err != nil {
		return err
	}
	if l.conn, err = pgx.Connect(ctx, url); err != nil {
		return err
	}
	// The reset deletes rows without foreign keys and triggers in the way, and starts no parallel workers.
	err = run(ctx, l.conn, "SET session_replication_role = replica", "SET max_parallel_workers_per_gather = 0")
	if err != nil {
		return err
	}
	l.query, err = b.written(ctx, l.conn)
	return err
}

// reset ends whoever is still connected, empties every table and rewinds every sequence. It
// tells whether the database is as at its birth then; it is not if its schema was changed.
//
// Where rows were deleted, VACUUM shrinks the file to nothing: the next test's rows stand in
// the order in which it writes them, as in a new database.
func (l *lent) reset(ctx context.Context, b *birth) (bool, error) {
	if _, err := l.conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`); err != nil {
		return false, err
	}
	rows, fresh, err := count(ctx, l.conn, l.query)
	if err != nil || rows != b.Rows || fresh != 0 {
		return false, err
	}
	filled, err := names(ctx, l.conn, filledTables+" AND t <> ALL ($1)", b.Seeded)
	if err != nil {
		return false, err
	}
	for _, table := range filled {
		if _, err := l.conn.Exec(ctx, "DELETE FROM "+table); err != nil {
			return false, err
		}
	}
	if len(filled) > 0 {
		if _, err := l.conn.Exec(ctx, "VACUUM (INDEX_CLEANUP ON, TRUNCATE ON) "+strings.Join(filled, ", ")); err != nil {
			return false, err
		}
	}
	return true, l.rewind(ctx, b)
}

// rewind puts each sequence to where it stood at birth, which for most is before their start.
func (l *lent) rewind(ctx context.Context, b *birth) error {
	_, err := l.conn.Exec(ctx, `SELECT setval(s::regclass, coalesce(used, start_value), used IS NOT NULL)
		FROM (`+sequences+`) AS t LEFT JOIN unnest($1::text[], $2::bigint[]) AS born (name, used) ON name = s
		WHERE last_value IS DISTINCT FROM used`, b.Drawn, b.Last)
	return err
}

func run(ctx context.Context, c *pgx.Conn, statements ...string) error {
	for _, s := range statements {
		if _, err := c.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

func names(ctx context.Context, c *pgx.Conn, query string, args ...any) ([]string, error) {
	rows, err := c.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
