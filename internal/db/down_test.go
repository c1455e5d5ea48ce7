package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
)

// patient opens a database that gives a user's read or transaction one second.
func patient(t *testing.T, c db.Config) *db.DB {
	t.Helper()
	c.Patience = time.Second
	d, err := db.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func readOne(ctx context.Context, d *db.DB) error {
	_, err := db.ReadOne(ctx, d, db.User(db.NewID()), db.Value[int], `SELECT count(*) FROM users`)
	return err
}

func writeOne(ctx context.Context, d *db.DB) error {
	return d.InTx(ctx, db.User(db.NewID()), func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE users SET name = name`)
		return err
	})
}

// wantDown fails unless the error is the one fault that says so, with a time to come again.
func wantDown(t *testing.T, what string, err error) {
	t.Helper()
	if f := fault.From(err); !errors.Is(err, fault.DependencyDown) || f.Retry <= 0 || f.Cause == nil {
		t.Errorf("%s: %v", what, err)
	}
}

func wantFine(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func TestDown_PostgresAway(t *testing.T) {
	t.Parallel()
	g := dbtest.NewGate(t, dbtest.PostgresURL(t))
	d := patient(t, db.Config{URL: g.URL, MaxConns: 4})
	wantFine(t, "before", readOne(t.Context(), d))
	wantFine(t, "before", writeOne(t.Context(), d))
	g.Cut()
	wantFine(t, "a read after a restart", readOne(t.Context(), d))
	g.Shut(true)
	wantDown(t, "a read while it is away", readOne(t.Context(), d))
	wantDown(t, "a write while it is away", writeOne(t.Context(), d))
	g.Shut(false)
	wantFine(t, "a read when it is back", readOne(t.Context(), d))
	g.Stall(true)
	wantDown(t, "a read while nothing passes", readOne(t.Context(), d))
	wantDown(t, "a write while nothing passes", writeOne(t.Context(), d))
	gone, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := readOne(gone, d); errors.Is(err, fault.DependencyDown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who went away was told %v", err)
	}
}

func TestDown_PostgresEndsOrRefusesConnections(t *testing.T) {
	t.Parallel()
	address := dbtest.PostgresURL(t)
	c, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	root, err := pgx.Connect(t.Context(), os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close(t.Context())
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := root.Exec(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	terminate := func() {
		do(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND usename = $2`, c.Database,
			c.User)
	}
	d := patient(t, db.Config{URL: address, MaxConns: 1})
	wantFine(t, "before", readOne(t.Context(), d))
	terminate()
	wantFine(t, "a read on a connection that was ended", readOne(t.Context(), d))
	wantDown(t, "a write that is under way", d.InTx(t.Context(), db.User(db.NewID()),
		func(ctx context.Context, tx db.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE users SET name = name`); err != nil {
				return err
			}
			terminate()
			_, err := tx.Exec(ctx, `UPDATE users SET name = name`)
			return err
		}))
	do(fmt.Sprintf(`ALTER DATABASE %s CONNECTION LIMIT 0`, pgx.Identifier{c.Database}.Sanitize()))
	defer do(fmt.Sprintf(`ALTER DATABASE %s CONNECTION LIMIT -1`, pgx.Identifier{c.Database}.Sanitize()))
	terminate()
	wantDown(t, "a read without a connection to be had", readOne(t.Context(), d))
	wantDown(t, "a write without a connection to be had", writeOne(t.Context(), d))
}

func TestDown_SQLiteLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLiteFile(t, path)
	d, err := db.Open(t.Context(), db.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	wantDown(t, "a write", writeOne(t.Context(), d)) // after five seconds
	wantFine(t, "a read", readOne(t.Context(), d))
	if _, err := other.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	wantFine(t, "a write afterwards", writeOne(t.Context(), d))
}

func TestDown_SQLiteFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLiteFile(t, path)
	// no page more than there are
	d, err := db.Open(t.Context(), db.Config{Path: path, Pragmas: []string{"max_page_count(1)"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	wantDown(t, "a write", d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO job_workers (id, seen_at) VALUES ('a', hex(zeroblob(100000)))`)
		return err
	}))
	wantFine(t, "a read", readOne(t.Context(), d))
	if d.Ping(t.Context()) == nil {
		t.Error("the probe sees nothing")
	}
}

func TestDown_SQLiteFileDeleted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLiteFile(t, path)
	d, err := db.Open(t.Context(), db.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	wantFine(t, "a probe before", d.Ping(t.Context()))
	wantFine(t, "a write before", writeOne(t.Context(), d))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantDown(t, "a write", writeOne(t.Context(), d))
	if d.Ping(t.Context()) == nil {
		t.Error("the probe sees nothing")
	}
	dbtest.SQLiteFile(t, path) // another file in its place
	wantDown(t, "a write", writeOne(t.Context(), d))
}

// After a restart every idle connection is broken, and whoever reads next notices nothing, however many there were.
func TestRead_AfterARestartMeetsNoBrokenConnection(t *testing.T) {
	t.Parallel()
	gate := dbtest.NewGate(t, dbtest.PostgresURL(t))
	d, err := db.Open(t.Context(), db.Config{URL: gate.URL, MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var idle sync.WaitGroup
	for range 6 {
		idle.Go(func() {
			if _, err := db.Read(t.Context(), d, db.System, db.Value[string], `SELECT CAST(pg_sleep(0.3) AS text)`); err != nil {
				t.Error(err)
			}
		})
	}
	idle.Wait()
	gate.Cut()
	if _, err := db.Read(t.Context(), d, db.System, db.Value[int], `SELECT 1`); err != nil {
		t.Error(err)
	}
}
