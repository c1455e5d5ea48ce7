package db_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// emptyPostgres makes a database without a table and returns a superuser's connection string to it.
func emptyPostgres(t *testing.T) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	lent := dbtest.PostgresURL(t)
	admin, err := pgx.Connect(ctx, dbtest.AdminURL(t, lent))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(lent)
	if err != nil {
		t.Fatal(err)
	}
	name := "foreign_" + strings.ReplaceAll(db.NewID(), "-", "")
	if _, err := admin.Exec(ctx, `CREATE DATABASE `+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(ctx, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
		admin.Close(ctx)
	})
	u.Path = "/" + name
	return dbtest.AdminURL(t, u.String())
}

// Another program's database is refused before a single table is made in it.
func TestMigrate_RefusesAnotherProgramsDatabaseAndWritesNothing(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ statements, says string }{
		"a table of the same name": {`CREATE TABLE users (id int); CREATE TABLE orders (id int)`, "it has the table users"},
		"two of them": {
			`CREATE TABLE users (id int); CREATE TABLE sessions (id int)`,
			"it has the tables sessions, users",
		},
		"a view of the same name": {
			`CREATE TABLE people (id int); CREATE VIEW users AS SELECT id FROM people`,
			"it has the table users",
		},
		"another program's migrations": {
			`CREATE TABLE goose_db_version (id int, version_id bigint, is_applied boolean); INSERT INTO goose_db_version
				VALUES (1, 42, true)`,
			"migrations that are not Repazoo's",
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			address := emptyPostgres(t)
			conn, err := pgx.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.WithoutCancel(t.Context()))
			count := func() (n int) {
				if err := conn.QueryRow(t.Context(),
					`SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace`).Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			if _, err := conn.Exec(t.Context(), c.statements); err != nil {
				t.Fatal(err)
			}
			before := count()
			d, err := db.Open(t.Context(), db.Config{URL: address, Schema: "public", AllowBypass: true})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if _, err := d.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) ||
				!strings.Contains(err.Error(), "createdb") {
				t.Errorf("it was answered %v", err)
			}
			if after := count(); after != before {
				t.Errorf("there were %d relations, and now there are %d", before, after)
			}
		})
	}
}

func TestMigrate_RefusesAnotherProgramsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "other.db")
	d, err := db.Open(t.Context(), db.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `CREATE TABLE users (id int)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "it has the table users") ||
		!strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("it was answered %v", err)
	}
	n, err := db.ReadOne(t.Context(), d, db.System, db.Value[int], `SELECT count(*) FROM sqlite_master`)
	if err != nil || n != 1 {
		t.Errorf("%d tables, %v", n, err)
	}
}

// The file is its owner's alone, with its log, whatever was there before.
func TestOpen_ClosesTheFileToOthers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "open.db")
	dbtest.SQLiteFile(t, path)
	if err := os.Chmod(path, 0o644); err != nil { //nolint:gosec // as earlier versions left it
		t.Fatal(err)
	}
	for _, at := range []string{path, filepath.Join(t.TempDir(), "new.db")} {
		d, err := db.Open(t.Context(), db.Config{Path: at})
		if err != nil {
			t.Fatal(err)
		}
		err = d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, `CREATE TABLE t (a int)`)
			return err
		})
		for _, name := range []string{at, at + "-wal", at + "-shm"} {
			info, statErr := os.Stat(name)
			if err != nil || statErr != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v, %v", name, info.Mode(), err, statErr)
			}
		}
		d.Close()
	}
}

// Debian makes such a database where no locale is set; the driver's own words for it would not help.
func TestOpen_RefusesADatabaseWithAnotherEncodingInWordsThatHelp(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(emptyPostgres(t))
	if err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	name := "ascii_" + strings.ReplaceAll(db.NewID(), "-", "")
	statement := `CREATE DATABASE ` + name + ` ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`
	if _, err := admin.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
		admin.Close(context.Background())
	})
	u.Path = "/" + name
	d, err := db.Open(t.Context(), db.Config{URL: u.String(), AllowBypass: true})
	if err == nil {
		d.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "ENCODING 'UTF8' TEMPLATE template0") {
		t.Errorf("got %v", err)
	}
}
