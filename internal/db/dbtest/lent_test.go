package dbtest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/db"
)

// newPool is a pool of the test's own. It is kept until the test ends: a pool that is collected as garbage loses its
// connection, and with it the locks, while its databases are still in use.
func newPool(t *testing.T) *pool {
	p := &pool{}
	t.Cleanup(func() {
		if p.admin != nil {
			p.admin.Close(context.Background())
		}
	})
	return p
}

// lend takes a database from a pool of the test's own and opens a superuser's connection to it.
func lend(t *testing.T, p *pool) (*lent, *pgx.Conn) {
	t.Helper()
	l, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC() // no database is another's as long as the test runs
	c, err := pgx.Connect(t.Context(), address(t, "", l.name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return l, c
}

func must(t *testing.T, c *pgx.Conn, statements ...string) {
	t.Helper()
	if err := run(t.Context(), c, statements...); err != nil {
		t.Fatal(err)
	}
}

func addUser(t *testing.T, c *pgx.Conn, name string) {
	t.Helper()
	must(t, c, "INSERT INTO users (id, name, created_at, updated_at) VALUES (gen_random_uuid(), '"+name+"', now(), now())")
}

// content is every row of every table, the size of each file, and where each sequence stands.
func content(t *testing.T, c *pgx.Conn) []string {
	t.Helper()
	all, err := names(t.Context(), c, ownTables)
	if err != nil {
		t.Fatal(err)
	}
	const rowsAndSize = "SELECT t::text FROM %s t UNION ALL SELECT pg_relation_size('%[1]s')::text"
	for i, table := range all {
		rows, err := names(t.Context(), c, fmt.Sprintf(rowsAndSize, table))
		if err != nil {
			t.Fatal(err)
		}
		all[i] += ": " + strings.Join(rows, " ")
	}
	sequences, err := names(t.Context(), c, "SELECT s::text FROM pg_sequences s")
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, sequences...)
	slices.Sort(all)
	return all
}

func TestTake_GivesADatabaseAsNewAfterItWasUsed(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	l, c := lend(t, p)
	before := content(t, c)
	d := open(t, db.Config{URL: address(t, login, l.name)})
	for range 100 {
		addUser(t, c, strings.Repeat("x", 3000))
	}
	must(t, c,
		`INSERT INTO audit_log (id, actor, action, resource, ip, user_agent, request_id, detail, created_at)
			VALUES (gen_random_uuid(), '', 'a', '', '', '', '', '{}', now())`,
		"SELECT nextval('goose_db_version_id_seq')", "BEGIN", "UPDATE users SET name = 'y'", "ROLLBACK")
	queue := func(ctx context.Context, tx db.Tx) error { return tx.Enqueue(ctx, job{}) }
	if err := d.InTx(t.Context(), db.System, queue); err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(before, content(t, c)) {
		t.Fatal("nothing was written")
	}
	p.giveBack(l)
	again, c := lend(t, p)
	if again.name != l.name {
		t.Fatalf("%s was made although %s is free", again.name, l.name)
	}
	if diff := cmp.Diff(before, content(t, c)); diff != "" {
		t.Fatalf("new (-) and used again (+):\n%s", diff)
	}
}

type job struct{}

func (job) Kind() string                 { return "dbtest" }
func (job) InsertOpts() river.InsertOpts { return river.InsertOpts{} }

// Whoever is still connected holds locks, listens, or has a transaction to commit later.
func TestTake_EndsWhoeverIsStillConnected(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	l, c := lend(t, p)
	must(t, c, "LISTEN bell", "SELECT pg_advisory_lock(1)", "BEGIN")
	addUser(t, c, "late")
	p.giveBack(l)
	again, next := lend(t, p)
	if _, err := c.Exec(t.Context(), "COMMIT"); err == nil {
		t.Error("the last test's transaction was committed into the next one's database")
	}
	var users, others int // besides the pool's own session and this one
	err := next.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), $1))`,
		int32(again.conn.PgConn().PID())).Scan(&users, &others)
	if err != nil || users != 0 || others != 0 {
		t.Fatalf("%d users, %d other sessions (%v)", users, others, err)
	}
}

func TestTake_NeverLendsWhatAnotherHas(t *testing.T) {
	t.Parallel()
	p, q := newPool(t), newPool(t)
	had := map[string]bool{}
	for _, from := range []*pool{p, q, p, q} {
		l, _ := lend(t, from)
		if had[l.name] {
			t.Fatalf("%s was lent twice", l.name)
		}
		had[l.name] = true
	}
}

// Each is a change that deleting rows does not undo.
func TestReset_NoticesEveryChangeOfTheSchema(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	l, c := lend(t, p)
	for _, change := range []string{
		"CREATE TABLE extra (id int)",
		"DROP TABLE dismissals",
		"ALTER TABLE users DROP COLUMN name",
		"ALTER TABLE users ALTER COLUMN name SET DEFAULT 'x'",
		"ALTER TABLE posts NO FORCE ROW LEVEL SECURITY",
		"ALTER TABLE audit_log DISABLE TRIGGER audit_log_keeps",
		"DROP POLICY service ON reports",
		"ALTER POLICY own ON dismissals WITH CHECK (true)",
		"GRANT SELECT ON users TO anon",
		"GRANT UPDATE (role) ON users TO authenticated",
		"REVOKE EXECUTE ON FUNCTION now() FROM PUBLIC",
		"CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"CREATE INDEX ON users (name)",
		"CREATE SCHEMA other",
		"CREATE SEQUENCE other",
		"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
		"DELETE FROM goose_db_version WHERE version_id = 2",
		"INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)",
		"SELECT lo_create(4711)",
		"ALTER DATABASE " + l.name + " SET work_mem = '1MB'",
		"GRANT CREATE ON DATABASE " + l.name + " TO anon",
	} {
		must(t, c, "BEGIN", change)
		rows, fresh, err := count(t.Context(), c, l.query)
		if err != nil || (rows == p.template.birth.Rows && fresh == 0) {
			t.Errorf("%s: is not noticed (%v)", change, err)
		}
		must(t, c, "ROLLBACK")
	}
}

func TestTake_MakesADatabaseAnewWhoseSchemaWasChanged(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	l, c := lend(t, p)
	before := content(t, c)
	must(t, c, "DROP POLICY service ON reports", "CREATE TABLE extra (id int)", "DROP TABLE dismissals")
	p.giveBack(l)
	again, c := lend(t, p)
	if again.name != l.name {
		t.Errorf("%s stays behind for %s", l.name, again.name)
	}
	if diff := cmp.Diff(before, content(t, c)); diff != "" {
		t.Errorf("new (-) and made anew (+):\n%s", diff)
	}
	rows, fresh, err := count(t.Context(), again.conn, again.query)
	if err != nil || rows != p.template.birth.Rows || fresh != 0 {
		t.Errorf("%d rows, %d of them fresh (%v)", rows, fresh, err)
	}
}
