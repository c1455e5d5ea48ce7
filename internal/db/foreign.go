package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// A database may belong to another program. Before the first table is made in it, its tables are compared with ours:
// one that bears a name of ours without our migrations is another program's, and then nothing is written.

const steps = "goose_db_version" // the table of migrations

var created = regexp.MustCompile(`(?i)CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)`)

// tables are the names of all tables that the migrations of an engine make.
func tables(dir string) (names []string, err error) {
	files, err := fs.Glob(Migrations, "migrations/"+dir+"/*.sql")
	for _, file := range files {
		text, err := fs.ReadFile(Migrations, file)
		if err != nil {
			return nil, err
		}
		for _, m := range created.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

// foreign refuses a database by the tables that it has and whether a migration was applied in it.
func foreign(dir string, has []string, applied bool) error {
	all, err := tables(dir)
	if err != nil {
		return err
	}
	var same []string
	for _, name := range has {
		if slices.Contains(all, name) {
			same = append(same, name)
		}
	}
	slices.Sort(same)
	const remedy = "Nothing was written. Give Repazoo a schema of its own: set DATABASE_SCHEMA to a new name. Or give " +
		"it a database of its own: make one with `createdb repazoo`, and put its name into DATABASE_URL; on SQLite, set " +
		"DATA_DIR to an empty directory"
	switch {
	case !applied && len(same) > 0:
		return fmt.Errorf("this database belongs to another program: it has the %s %s, which Repazoo would make, and no "+
			"migration of Repazoo's. %s", plural(len(same), "table"), strings.Join(same, ", "), remedy)
	case applied && !slices.Contains(same, "users"):
		return fmt.Errorf("this database belongs to another program: its table %s tells of migrations that are not "+
			"Repazoo's. %s",
			steps, remedy)
	}
	return nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func (p *postgres) ours(ctx context.Context) error {
	rows, err := p.login.Query(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var has []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		has = append(has, name)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	applied := false
	if slices.Contains(has, steps) {
		err = p.login.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM `+steps+` WHERE is_applied
			AND version_id > 0)`).Scan(&applied)
	}
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && pe.Code == "42501" {
		return nil // whoever may not read it may not migrate either, and is told so by the first step
	}
	if err != nil {
		return err
	}
	return foreign("postgres", has, applied)
}

func (l *lite) ours(ctx context.Context) error {
	rows, err := l.writer.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type IN ('table', 'view')`)
	if err != nil {
		return err
	}
	has, err := namesIn(rows)
	if err != nil {
		return err
	}
	applied := false
	if slices.Contains(has, steps) {
		err = l.writer.QueryRowContext(ctx,
			`SELECT EXISTS (SELECT 1 FROM `+steps+` WHERE is_applied AND version_id > 0)`).Scan(&applied)
	}
	if err != nil {
		return err
	}
	return foreign("sqlite", has, applied)
}

func namesIn(rows *sql.Rows) (names []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, errors.Join(rows.Err(), rows.Close())
}
