package db_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/proof"
)

// shared is a database with another program's tables, two of which bear names of ours.
func shared(t *testing.T) (address string, conn *pgx.Conn) {
	t.Helper()
	address = emptyPostgres(t)
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	_, err = conn.Exec(t.Context(), `CREATE TABLE users (id int, secret text); INSERT INTO users VALUES (1, 'theirs');
		CREATE TABLE river_job (id int); CREATE TABLE orders (id int)`)
	if err != nil {
		t.Fatal(err)
	}
	return address, conn
}

func openIn(t *testing.T, address, schema string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Config{URL: address, Schema: schema, AllowBypass: true, MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func relations(t *testing.T, conn *pgx.Conn, schema string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND relkind = 'r' ORDER BY 1`, schema)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Another program's tables stay as they were, its users are not ours, and the whole proof of policies holds where ours
// are.
func TestSchema_BesideAnotherProgramsTablesNothingOfTheirsIsTouched(t *testing.T) {
	t.Parallel()
	for what, schema := range map[string]string{"chosen by looking": "", "named": "guests"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			address, conn := shared(t)
			before := relations(t, conn, "public")
			d := openIn(t, address, schema)
			if pending, err := d.Pending(t.Context()); err != nil || !pending {
				t.Fatalf("before anything is made: %v, %v", pending, err)
			}
			if _, err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			ann := addUser(t, d, "ann")
			addUser(t, d, "bob")
			again := openIn(t, address, schema) // a second process, and every later start
			if pending, err := again.Pending(t.Context()); err != nil || pending {
				t.Errorf("after it: %v, %v", pending, err)
			}
			if got := names(t, again, db.User(ann)); !slices.Equal(got, []string{"ann"}) {
				t.Errorf("ann sees %v", got)
			}
			if got := names(t, again, db.System); len(got) != 2 {
				t.Errorf("the system sees %v", got)
			}
			p, err := proof.Of(t.Context(), again)
			if err != nil || len(p.Tables) < 30 {
				t.Fatalf("%d tables, %v", len(p.Tables), err)
			}
			for _, f := range p.Faults {
				if f != "the login postgres is a superuser or bypasses row-level security: connect as another (see "+
					"docs/database.md)" {
					t.Error(f)
				}
			}
			if after := relations(t, conn, "public"); !slices.Equal(before, after) {
				t.Errorf("public had %v and has %v", before, after)
			}
			var theirs string
			if err := conn.QueryRow(t.Context(),
				`SELECT string_agg(secret, ',') FROM public.users`).Scan(&theirs); err != nil || theirs != "theirs" {
				t.Errorf("their users: %q, %v", theirs, err)
			}
		})
	}
}

// Jobs and messages of one installation reach it alone: two may share a database.
func TestSchema_TwoInstallationsShareADatabaseAndNothingElse(t *testing.T) {
	t.Parallel()
	address := emptyPostgres(t)
	one, two := openIn(t, address, "one"), openIn(t, address, "two")
	for _, d := range []*db.DB{one, two} {
		if _, err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	here, there := newBench(t, one), newBench(t, two)
	here.work(db.Pulse{}, "first: ")
	there.work(db.Pulse{}, "second: ")
	here.enqueue(quickJob{}, quickJob{}, quickJob{})
	here.want(map[string]int{"first: quick": 3})
	there.enqueue(quickJob{})
	there.want(map[string]int{"second: quick": 1})
	select {
	case again := <-here.began:
		t.Errorf("the first also began %s", again)
	default:
	}
	addUser(t, one, "ann")
	if got := names(t, two, db.System); len(got) != 0 {
		t.Errorf("the second sees %v", got)
	}
	failed := errors.New("as it should")
	err := two.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM river_job`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM users`)
		return errors.Join(err, failed)
	})
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	if got := names(t, one, db.System); len(got) != 1 {
		t.Errorf("the first sees %v", got)
	}
}
