package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
)

// State is what a look into a SQLite file found.
type State struct {
	Schema int64    // the number of its last migration
	Keys   []string // ids of the keys that its sealed values need
	Users  int64
}

// CopyFile writes a copy of a SQLite database to a file that must not exist, also while a process writes to the
// database: the copy is of one moment, whole, and without free pages.
func CopyFile(ctx context.Context, from, to string) error {
	d, err := openReadOnly(ctx, from)
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = d.ExecContext(ctx, `VACUUM INTO ?`, to)
	return err
}

// Examine reads a SQLite file from its first page to its last and tells what it holds. Its error says what is damaged,
// or that a newer version of the program made it.
func Examine(ctx context.Context, path string) (s State, err error) {
	d, err := openReadOnly(ctx, path)
	if err != nil {
		return s, err
	}
	defer d.Close()
	if err := whole(ctx, d); err != nil {
		return s, err
	}
	q := `SELECT max(version_id) FROM goose_db_version WHERE is_applied`
	if err := d.QueryRowContext(ctx, q).Scan(&s.Schema); err != nil {
		return s, fmt.Errorf("it is no database of Repazoo: %w", err)
	}
	if ours := newest("sqlite"); s.Schema > ours {
		return s, fmt.Errorf("its schema has version %d and this program knows %d: "+
			"use the version that made it, or a newer one", s.Schema, ours)
	}
	if err := d.QueryRowContext(ctx, `SELECT count(*) FROM users`).Scan(&s.Users); err != nil {
		return s, err
	}
	s.Keys, err = texts(ctx, d, `SELECT key_id FROM seal_keys ORDER BY key_id`)
	return s, err
}

// whole runs SQLite's own checks: every page and index, and every reference between tables.
func whole(ctx context.Context, d *sql.DB) error {
	said, err := texts(ctx, d, `PRAGMA integrity_check(5)`)
	if err != nil {
		return err
	}
	if len(said) != 1 || said[0] != "ok" {
		return fmt.Errorf("it is damaged: %v", said)
	}
	lost, err := texts(ctx, d, `SELECT "table" FROM pragma_foreign_key_check LIMIT 5`)
	if err == nil && len(lost) > 0 {
		err = fmt.Errorf("rows of these tables refer to rows that are missing: %v", lost)
	}
	return err
}

func texts(ctx context.Context, d *sql.DB, query string) (all []string, err error) {
	rows, err := d.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// openReadOnly opens a file that exists and changes nothing in it.
func openReadOnly(ctx context.Context, path string) (*sql.DB, error) {
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)"}}
	d, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	if err := d.PingContext(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("open the database file %s: %w", path, err)
	}
	return d, nil
}
