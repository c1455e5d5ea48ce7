package db_test

import (
	"context"
	"database/sql"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

func TestPolicies_ShowAUserTheirOwnRowsEvenToACarelessQuery(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t, dbtest.NewClock().Now)
	ann, bob := addUser(t, d, "ann"), addUser(t, d, "bob")
	if got := names(t, d, db.User(ann)); len(got) != 1 || got[0] != "ann" {
		t.Fatalf("ann sees %v", got)
	}
	err := d.InTx(t.Context(), db.User(ann), func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE users SET name = 'mine' WHERE id = $1`, bob)
		if n != 0 {
			t.Errorf("ann changed %d rows of bob", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, d, db.System); !slices.Equal(got, []string{"ann", "bob"}) {
		t.Fatalf("got %v", got)
	}
}

// A job costs what its indexes cost; those that River makes for searches in arguments and metadata serve nobody here.
func TestJobs_HaveNoIndexThatNobodyAsks(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t, dbtest.NewClock().Now)
	got, err := db.Read(t.Context(), d, db.System, db.Value[string],
		`SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND indexdef LIKE '%USING gin%'`)
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// Erasing a person follows each reference to them; without an index it would read the whole table that refers.
func TestSchema_EveryReferenceIsFoundByAnIndex(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t, dbtest.NewClock().Now)
	got, err := db.Read(t.Context(), d, db.System, db.Value[string], `
		SELECT c.conrelid::regclass || ' (' || a.attname || ')' FROM pg_constraint c
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
		WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace AND NOT EXISTS (
			SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL)
		ORDER BY 1`)
	if err != nil || len(got) != 0 {
		t.Errorf("no index leads to %v, %v", got, err)
	}
}

// Each refusal is what a person could try with their own token, or a bug with a user's actor.
func TestGrants_RefuseWhatAUserMayNotWrite(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t, dbtest.NewClock().Now)
	ann := addUser(t, d, "ann")
	for _, q := range []string{
		`UPDATE users SET role = 'admin'`,
		`UPDATE quota_periods SET quota = 1000000`,
		`INSERT INTO subscriptions (id, user_id, stripe_customer_id, tier, status, created_at, updated_at)
			VALUES (gen_random_uuid(), '` + ann + `', 'x', 'pro', 'active', now(), now())`,
		`SELECT tokens FROM x_accounts`,
		`SELECT hash FROM refresh_tokens`,
		`SELECT args FROM river_job`,
		`INSERT INTO audit_log (id, user_id, actor, action, resource, ip, user_agent, request_id, detail, created_at)
			VALUES (gen_random_uuid(), gen_random_uuid(), '', '', '', '', '', '', '{}', now())`,
	} {
		err := d.InTx(t.Context(), db.User(ann), func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, q)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "42501") { // insufficient_privilege, policies included
			t.Errorf("%s: got %v, want a refusal", q, err)
		}
	}
}

// The trigger binds even the owner and a superuser, whom no grant binds.
func TestAuditLog_CannotBeChangedByItsOwner(t *testing.T) {
	t.Parallel()
	c, err := pgx.Connect(t.Context(), dbtest.AdminURL(t, dbtest.PostgresURL(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), `INSERT INTO audit_log (id, actor, action, resource, ip, user_agent, request_id,
		detail, created_at) VALUES (gen_random_uuid(), '', 'a', '', '', '', '', '{}', now())`); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{`UPDATE audit_log SET action = 'b'`, `DELETE FROM audit_log`, `TRUNCATE audit_log`} {
		if _, err := c.Exec(t.Context(), q); err == nil || !strings.Contains(err.Error(), "the audit log is append-only") {
			t.Errorf("%s: got %v, want a refusal", q, err)
		}
	}
}

func TestOpen_RefusesALoginThatBypassesPolicies(t *testing.T) {
	t.Parallel()
	super := dbtest.AdminURL(t, dbtest.PostgresURL(t))
	if _, err := db.Open(t.Context(), db.Config{URL: super}); err == nil ||
		!strings.Contains(err.Error(), "bypasses row-level security") {
		t.Fatalf("got %v", err)
	}
	d, err := db.Open(t.Context(), db.Config{URL: super, AllowBypass: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ann := addUser(t, d, "ann")
	addUser(t, d, "bob")
	if got := names(t, d, db.User(ann)); len(got) != 1 {
		t.Fatalf("even a superuser's login must run requests under the policies: ann sees %v", got)
	}
}

func TestOpen_NeverQuotesThePassword(t *testing.T) {
	t.Parallel()
	_, err := db.Open(t.Context(), db.Config{URL: "postgres://u:hunter2@%zz/x"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
}

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	address, writes := countingProxy(t, dbtest.PostgresURL(t))
	d, err := db.Open(t.Context(), db.Config{URL: address, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ann := addUser(t, d, "ann")
	start := func() {
		err := d.InTx(t.Context(), db.User(ann), func(ctx context.Context, tx db.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE users SET name = $2 WHERE id = $1`, ann, "ann"); err != nil {
				return err
			}
			tx.Later(`UPDATE users SET name = $2 WHERE id = $1`, ann, "ann")
			return tx.Enqueue(ctx, countJob{1})
		})
		if err != nil {
			t.Error(err)
		}
	}
	two := func(ctx context.Context) {
		var names []string
		var read bool
		if err := d.Ask(ctx, db.User(ann), asking(&names, &read), asking(&names, &read)); err != nil {
			t.Error(err)
		}
	}
	asks := func(ctx context.Context, ask func(context.Context, db.Question) error) error {
		return ask(ctx, before("open"))
	}
	for name, c := range map[string]struct {
		do   func()
		want int64
	}{
		"Read":                                   {func() { names(t, d, db.User(ann)) }, 1},
		"Ask of two, behind a gate that asks":    {func() { two(db.WithGate(t.Context(), asks)) }, 1},
		"InTx of a write, a later one and a job": {start, 2},
	} {
		c.do() // prepares the statements
		c.do()
		before := writes.Load()
		c.do()
		if got := writes.Load() - before; got != c.want {
			t.Errorf("%s took %d round trips, want %d", name, got, c.want)
		}
	}
}

// countingProxy counts the messages a client sends towards Postgres.
func countingProxy(t *testing.T, to string) (address string, writes *atomic.Int64) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	target := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	writes = new(atomic.Int64)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go forward(in, target, writes)
		}
	}()
	u.Host = l.Addr().String()
	return u.String(), writes
}

func forward(in net.Conn, target string, writes *atomic.Int64) {
	out, err := net.Dial("tcp", target)
	if err != nil {
		in.Close()
		return
	}
	pipe := func(from, to net.Conn, count func()) {
		defer from.Close()
		defer to.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := from.Read(buf)
			if n > 0 {
				count()
				to.Write(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}
	go pipe(in, out, func() { writes.Add(1) })
	go pipe(out, in, func() {})
}

func TestSchema_IsTheSameOnBothEngines(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(postgresColumns(t), sqliteColumns(t)); diff != "" {
		t.Fatalf("Postgres (-) and SQLite (+) differ:\n%s", diff)
	}
}

func postgresColumns(t *testing.T) []string {
	c, err := pgx.Connect(t.Context(), dbtest.AdminURL(t, dbtest.PostgresURL(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	rows, _ := c.Query(t.Context(), `
		SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'river%'
			AND table_name <> 'goose_db_version'`)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return got
}

func sqliteColumns(t *testing.T) []string {
	path := t.TempDir() + "/schema.db"
	d, err := db.Open(t.Context(), db.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	rows, err := raw.Query(`
		SELECT m.name || '.' || c.name || CASE WHEN c."notnull" THEN ' not null' ELSE '' END
		FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'river%' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'goose_db_version'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]bool{}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		found[s] = true
	}
	return slices.Sorted(maps.Keys(found))
}

func BenchmarkRead(b *testing.B) {
	d := dbtest.Postgres(b, dbtest.NewClock().Now)
	id := db.NewID()
	for b.Loop() {
		if _, err := db.Read(b.Context(), d, db.User(id), db.Value[string], `SELECT name FROM users WHERE id = $1`,
			id); err != nil {
			b.Fatal(err)
		}
	}
}
