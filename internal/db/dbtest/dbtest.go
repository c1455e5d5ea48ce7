// Package dbtest runs a test against both databases.
//
// [Each] gives every test a database of its own, a SQLite file in the test's folder and a
// Postgres database, both copied from templates that are migrated once a run. On
// Postgres the test connects as a login that row-level security binds, as in production.
//
// Postgres is found at TEST_DATABASE_URL, a superuser's connection string; `make test`
// starts a private server and sets it.
package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
)

// login is the role tests connect as: no superuser, no BYPASSRLS, member of the four roles.
const login = "repazoo_test"

// Each runs f on SQLite and on Postgres, as parallel subtests.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, SQLite(t, NewClock().Now)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, Postgres(t, NewClock().Now)) })
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
	return os.ReadFile(path) // closing the database has put everything in this one file
})

// Postgres opens a database of the test's own.
func Postgres(t testing.TB, now func() time.Time) *db.DB {
	t.Helper()
	return open(t, db.Config{URL: PostgresURL(t), Now: now, MaxConns: 12})
}

// PostgresURL makes a migrated database and returns the connection string of its bound login.
func PostgresURL(t testing.TB) string {
	t.Helper()
	name := "t_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	admin(t, "postgres", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template(t))
		return err
	})
	t.Cleanup(func() {
		admin(t, "postgres", func(ctx context.Context, c *pgx.Conn) error {
			_, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
			return err
		})
	})
	return address(t, login, name)
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
	return d
}

var (
	templateOnce sync.Once
	templateName string
)

// template migrates a database once and returns its name. The name carries the schema's
// hash, so that test binaries that run at once share it and a changed schema never does.
func template(t testing.TB) string {
	templateOnce.Do(func() {
		name := "repazoo_" + schemaHash(t)
		admin(t, "postgres", func(ctx context.Context, c *pgx.Conn) error { return makeTemplate(ctx, t, c, name) })
		templateName = name
	})
	if templateName == "" {
		t.Fatal("the template database could not be made: see the first failure")
	}
	return templateName
}

func makeTemplate(ctx context.Context, t testing.TB, c *pgx.Conn, name string) error {
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock(4711)"); err != nil {
		return err
	}
	var exists bool
	if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil || exists {
		return err
	}
	draft := name + "_draft"
	for _, q := range []string{"DROP DATABASE IF EXISTS " + draft, "CREATE DATABASE " + draft} {
		if _, err := c.Exec(ctx, q); err != nil {
			return err
		}
	}
	if err := migrate(ctx, db.Config{URL: address(t, "", draft), AllowBypass: true}); err != nil {
		return err
	}
	for _, q := range []string{
		"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '" + login + "') THEN CREATE ROLE " + login + " LOGIN NOINHERIT; END IF; END $$",
		"GRANT anon, authenticated, service_role, repazoo_user TO " + login,
		"ALTER DATABASE " + draft + " RENAME TO " + name,
	} {
		if _, err := c.Exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
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

func schemaHash(t testing.TB) string {
	h := sha256.New()
	err := fs.WalkDir(db.Migrations, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(db.Migrations, path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(b), b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

func admin(t testing.TB, name string, f func(context.Context, *pgx.Conn) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, address(t, "", name))
	if err == nil {
		defer c.Close(ctx)
		err = f(ctx, c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func address(t testing.TB, user, name string) string {
	t.Helper()
	base := os.Getenv("TEST_DATABASE_URL")
	if base == "" {
		t.Fatal("TEST_DATABASE_URL is not set: run `make test`, or set it to a superuser's address of a PostgreSQL 15")
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal("TEST_DATABASE_URL is not a URL")
	}
	u.Path = "/" + name
	if user != "" {
		u.User = url.User(user)
	}
	return u.String()
}
