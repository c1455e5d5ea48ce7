package proof_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/db/proof"
)

const ann, bob = "0198c0de-0000-7000-8000-00000000000a", "0198c0de-0000-7000-8000-00000000000b"

// The catalogue is what Postgres says; here every verb is tried. Each table holds a row of
// ann and a row of bob, and ann asks, as every role.
func TestOf_SaysWhatHappensWhenItIsTried(t *testing.T) {
	t.Parallel()
	url := dbtest.PostgresURL(t)
	p := of(t, open(t, db.Config{URL: url}))
	c := connect(t, dbtest.AdminURL(t, url))
	exec(t, c, `SET session_replication_role = replica`) // rights and policies are tried, not triggers
	dropConstraints(t, c)
	for _, table := range p.Tables {
		if table.Queue {
			continue
		}
		columns := readColumns(t, c, table.Name)
		for _, user := range []string{ann, bob} {
			exec(t, c, insert(table.Name, columns, user))
		}
		for _, role := range proof.Roles() {
			for v, want := range table.Access[role] {
				if got := attempt(t, c, table.Name, role, proof.Verb(v), columns); got != want {
					t.Errorf("%s: when %s tries verb %d it reaches scope %d, and the proof says %d", table.Name, role, v, got, want)
				}
			}
		}
	}
}

// column is what a row needs to be made.
type column struct {
	name, kind string
	needed     bool // not null and no default
}

func readColumns(t *testing.T, c *pgx.Conn, table string) []column {
	t.Helper()
	rows, _ := c.Query(t.Context(),
		`SELECT attname, atttypid::regtype::text, attnotnull AND NOT atthasdef FROM pg_attribute
		WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, table)
	columns, err := pgx.CollectRows(rows,
		func(r pgx.CollectableRow) (v column, err error) { return v, r.Scan(&v.name, &v.kind, &v.needed) })
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

// dropConstraints lets any row be made from its columns' types alone.
func dropConstraints(t *testing.T, c *pgx.Conn) {
	t.Helper()
	exec(t, c, `DO $$ DECLARE r record; BEGIN
		FOR r IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
			AND contype IN ('f', 'c', 'u', 'p')
			ORDER BY contype IN ('u', 'p') LOOP
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', r.t, r.conname);
		END LOOP;
	END $$`)
}

// owner is the column that says whose a row is.
func owner(table string) string {
	if table == "users" {
		return "id"
	}
	return "user_id"
}

func insert(table string, columns []column, user string) string {
	var names, values []string
	for _, v := range columns {
		if v.needed || v.name == owner(table) {
			names, values = append(names, v.name), append(values, value(table, v, user))
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(names, ", "), strings.Join(values, ", "))
}

func value(table string, v column, user string) string {
	switch {
	case v.name == owner(table):
		return "'" + user + "'"
	case v.kind == "uuid":
		return "gen_random_uuid()"
	case v.kind == "jsonb":
		return "'{}'"
	case v.kind == "timestamp with time zone":
		return "now()"
	case v.kind == "boolean":
		return "false"
	}
	return "'0'" // of text, numbers and bytes
}

// attempt tries a verb as ann and tells which of the rows it reached.
func attempt(t *testing.T, c *pgx.Conn, table, role string, v proof.Verb, columns []column) proof.Scope {
	t.Helper()
	reached := func(query string) int { return try(t, c, role, query) }
	switch v {
	case proof.Read:
		return proof.Scope(reached(`SELECT FROM ` + table))
	case proof.Delete:
		return proof.Scope(reached(`DELETE FROM ` + table))
	case proof.Add:
		mine, theirs := reached(insert(table, columns, ann)), reached(insert(table, columns, bob))
		return proof.Scope(mine + theirs)
	}
	most := 0
	for _, col := range columns { // rights may be on some columns only
		most = max(most, reached(fmt.Sprintf(`UPDATE %s SET %s = %s`, table, col.name, value(table, col, ann))))
	}
	return proof.Scope(most)
}

// try runs a statement as ann in a role, takes it back, and tells how many rows it reached.
// A refusal for want of rights reaches none; any other is a mistake of this test.
func try(t *testing.T, c *pgx.Conn, role, query string) int {
	t.Helper()
	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err := tx.Exec(t.Context(), `SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`,
		role, `{"sub":"`+ann+`"}`); err != nil {
		t.Fatal(err)
	}
	tag, err := tx.Exec(t.Context(), query)
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if err != nil && !(ok && refused.Code == "42501") {
		t.Errorf("%s as %s: %v", query, role, err)
	}
	return int(tag.RowsAffected())
}
