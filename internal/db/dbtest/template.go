package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
)

// template is a migrated database that others are copied from. Its comment in the cluster is
// its birth, as JSON.
type template struct {
	name  string
	birth birth
}

// birth is what a database looked like before any test had it.
type birth struct {
	XID    string   // transactions from this one on are those of tests
	Rows   int64    // rows in the catalogue and in the tables in Seeded
	Seeded []string // tables that the migrations have put rows into
	Drawn  []string // sequences that the migrations have drawn from
	Last   []int64  // what each of them gave last
}

// openTemplate finds the template of this schema, or makes it. Its name carries the schema's hash,
// so that test binaries that run at once share it and a changed schema never does.
func openTemplate(ctx context.Context, c *pgx.Conn) (*template, error) {
	hash, err := schemaHash()
	if err != nil {
		return nil, err
	}
	t := &template{name: "template_" + hash}
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock(4711)"); err != nil {
		return nil, err
	}
	defer func() { _, _ = c.Exec(ctx, "SELECT pg_advisory_unlock(4711)") }()
	var note *string
	const comment = "SELECT (SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1)"
	err = c.QueryRow(ctx, comment, t.name).Scan(&note)
	if err != nil {
		return nil, err
	}
	if note == nil {
		return t, t.make(ctx, c)
	}
	return t, json.Unmarshal([]byte(*note), &t.birth)
}

// make migrates a draft and gives it the template's name last, so that nobody finds it half done.
func (t *template) make(ctx context.Context, c *pgx.Conn) error {
	draft := t.name + "_draft"
	if err := run(ctx, c, "DROP DATABASE IF EXISTS "+draft, "CREATE DATABASE "+draft); err != nil {
		return err
	}
	url, err := addressOf("", draft)
	if err != nil {
		return err
	}
	if err := migrate(ctx, db.Config{URL: url, AllowBypass: true}); err != nil {
		return err
	}
	if err := watch(ctx, url); err != nil {
		return err
	}
	if t.birth, err = readBirth(ctx, url); err != nil {
		return err
	}
	note, err := json.Marshal(t.birth)
	if err != nil {
		return err
	}
	return run(ctx, c,
		`DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '`+login+`')
			THEN CREATE ROLE `+login+` LOGIN NOINHERIT; END IF; END $$`,
		"GRANT anon, authenticated, service_role, repazoo_user TO "+login,
		"COMMENT ON DATABASE "+draft+" IS "+quote(string(note)),
		"ALTER DATABASE "+draft+" RENAME TO "+t.name,
	)
}

func readBirth(ctx context.Context, url string) (b birth, err error) {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return b, err
	}
	defer c.Close(ctx)
	if b.Seeded, err = names(ctx, c, filledTables); err != nil {
		return b, err
	}
	drawn := "SELECT array_agg(s), array_agg(last_value) FROM (" + sequences + ") AS t WHERE last_value IS NOT NULL"
	if err := c.QueryRow(ctx, drawn).Scan(&b.Drawn, &b.Last); err != nil {
		return b, err
	}
	if err := c.QueryRow(ctx, "SELECT pg_current_xact_id()::text").Scan(&b.XID); err != nil {
		return b, err
	}
	written, err := b.written(ctx, c)
	if err != nil {
		return b, err
	}
	b.Rows, _, err = count(ctx, c, written)
	return b, err
}

// ownTables are the tables that are not Postgres's.
const ownTables = `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`

// filledTables are those among them that hold anything, dead rows included.
const filledTables = "SELECT t FROM (" + ownTables + ") AS t (t) WHERE pg_relation_size(t::regclass) > 0"

// sequences are their names and how they stand.
const sequences = "SELECT format('%I.%I', schemaname, sequencename) AS s, start_value, last_value FROM pg_sequences"

// written is the query that counts the rows of the catalogue and of the seeded tables, and those
// among them that were written since the template was made. Every change of a schema writes a row into
// a catalogue; those that are left out change by themselves, or only together with another.
func (b *birth) written(ctx context.Context, c *pgx.Conn) (string, error) {
	tables, err := names(ctx, c, `SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND NOT relisshared
		AND relnamespace = 'pg_catalog'::regnamespace
		AND relname NOT IN ('pg_statistic', 'pg_statistic_ext_data', 'pg_depend', 'pg_description', 'pg_largeobject')`)
	if err != nil {
		return "", err
	}
	var query strings.Builder
	query.WriteString(`SELECT 0 AS rows, (
		SELECT count(*) FROM pg_database d LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid
		WHERE datname = current_database() AND (datacl IS NOT NULL OR setconfig IS NOT NULL)) AS fresh`)
	for _, table := range append(tables, b.Seeded...) {
		fmt.Fprintf(&query, "\nUNION ALL SELECT count(*), count(*) FILTER (WHERE age(xmin) <= age('%s'::xid)) FROM %s",
			b.XID, table)
	}
	return "SELECT sum(rows)::bigint, sum(fresh)::bigint FROM (" + query.String() + ") AS t", nil
}

func count(ctx context.Context, c *pgx.Conn, written string) (rows, fresh int64, err error) {
	err = c.QueryRow(ctx, written).Scan(&rows, &fresh)
	return rows, fresh, err
}

func schemaHash() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(db.Migrations, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(db.Migrations, path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(b), b)
		return err
	})
	fmt.Fprint(h, pgTriggers())
	return hex.EncodeToString(h.Sum(nil))[:12], err
}
