// Package dbtest runs a test against both databases.
//
// [Each] gives every test a database of its own, a SQLite file in the test's folder and a
// Postgres database, both copied from templates that are migrated once a run. On
// Postgres the test connects as a login that row-level security binds, as in production.
//
// A Postgres database is used again by later tests, after it was emptied: making one takes ten
// times as long. A test notices nothing of this, not even in the order of unsorted rows. A
// database whose schema a test has changed is thrown away (see lent.reset).
//
// Every transaction of the program is compared with what triggers saw of it: see [Compare].
//
// Postgres is found at TEST_DATABASE_URL, a superuser's connection string; `make test`
// starts a private server and sets it.
package dbtest

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

// login is the role tests connect as: no superuser, no BYPASSRLS, member of the four roles.
const login = "repazoo_test"

// Each runs f on SQLite and on Postgres, as parallel subtests. Their names are not those that make race leaves out.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { t.Parallel(); f(t, SQLite(t, NewClock().Now)) })
	t.Run("PostgreSQL", func(t *testing.T) { t.Parallel(); f(t, Postgres(t, NewClock().Now)) })
}

// SQLite opens a migrated file that goes away with the test.
func SQLite(t testing.TB, now func() time.Time) *db.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	SQLiteFile(t, path)
	return open(t, db.Config{Path: path, Now: now})
}

// SQLiteFile writes a migrated file, which spares a program that opens it the migration.
func SQLiteFile(t testing.TB, path string) {
	t.Helper()
	template, err := sqliteTemplate()
	if err == nil {
		err = os.WriteFile(path, template, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sqliteTemplate migrates a file once and returns what is in it.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "repazoo-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	if err := migrate(context.Background(), db.Config{Path: path}); err != nil {
		return nil, err
	}
	if err := watchFile(context.Background(), path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing the database has put everything in this one file
})

// Postgres opens a database of the test's own.
func Postgres(t testing.TB, now func() time.Time) *db.DB {
	t.Helper()
	return open(t, db.Config{URL: PostgresURL(t), Now: now, MaxConns: 12})
}

// PostgresURL lends the test a migrated database, empty as on the first day, and returns the
// connection string of its bound login.
func PostgresURL(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l, err := databases.take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { databases.giveBack(l) })
	return address(t, login, l.name)
}

// AdminURL is a superuser's connection string to the database of url, for tests about the schema itself.
func AdminURL(t testing.TB, of string) string {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	return address(t, "", strings.TrimPrefix(u.Path, "/"))
}

func open(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	Compare(d)
	return d
}

func migrate(ctx context.Context, c db.Config) error {
	d, err := db.Open(ctx, c)
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = d.Migrate(ctx)
	return err
}

func address(t testing.TB, user, name string) string {
	t.Helper()
	s, err := addressOf(user, name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func addressOf(user, name string) (string, error) {
	base := os.Getenv("TEST_DATABASE_URL")
	if base == "" {
		return "", errors.New("TEST_DATABASE_URL is not set: run `make test`, or set it to a superuser's address of a " +
			"PostgreSQL 15")
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", errors.New("TEST_DATABASE_URL is not a URL")
	}
	u.Path = "/" + name
	if user != "" {
		u.User = url.User(user)
	}
	return u.String(), nil
}
