package db_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

func addUser(t *testing.T, d *db.DB, name string) string {
	t.Helper()
	id := db.NewID()
	err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, $2, $3, $3)`, id, name,
			tx.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func names(t *testing.T, d *db.DB, a db.Actor) []string {
	t.Helper()
	// No WHERE on purpose: what a careless query shows.
	got, err := db.Read(t.Context(), d, a, db.Value[string], `SELECT name FROM users ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestInTx_KeepsAllOrNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		addUser(t, d, "ann")
		failed := errors.New("no")
		err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			tx.Later(`UPDATE users SET name = $1`, "changed")
			if _, err := tx.Exec(ctx, `UPDATE users SET role = 'admin'`); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatalf("got %v", err)
		}
		if got := names(t, d, db.System); len(got) != 1 || got[0] != "ann" {
			t.Fatalf("half a transaction was kept: %v", got)
		}
	})
}

func TestInTx_CommitsWhatWasLeftForLater(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		addUser(t, d, "ann")
		err := d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
			tx.Later(`UPDATE users SET name = $1`, "bea")
			tx.Later(`UPDATE users SET name = name || $1`, "trix")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := names(t, d, db.System); got[0] != "beatrix" {
			t.Fatalf("got %v", got)
		}
	})
}

func TestAsk_AnswersWithTheNextStatement(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		id := addUser(t, d, "ann")
		err := d.InTx(t.Context(), db.User(id), func(ctx context.Context, tx db.Tx) error {
			var name, none string
			var found, foundNone bool
			tx.Later(`UPDATE users SET name = 'bea' WHERE id = $1`, id)
			db.Want(tx, db.Value[string], &name, &found, `SELECT name FROM users WHERE id = $1`, id)
			db.Want(tx, db.Value[string], &none, &foundNone, `SELECT name FROM users WHERE id = $1`, db.NewID())
			n, err := tx.Exec(ctx, `UPDATE users SET name = 'cat' WHERE id = $1`, id)
			if n != 1 || name != "bea" || !found || foundNone {
				t.Errorf("changed %d; asked %q %v and %q %v", n, name, found, none, foundNone)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestInTx_AFailedLaterFailsTheTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		id := addUser(t, d, "ann")
		err := d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
			tx.Later(`UPDATE users SET name = 'bea'`)
			tx.Later(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'twin', $2, $2)`, id, tx.Now())
			return nil
		})
		if !errors.Is(err, db.ErrConflict) {
			t.Fatalf("got %v, want ErrConflict", err)
		}
		if got := names(t, d, db.System); len(got) != 1 || got[0] != "ann" {
			t.Fatalf("half a transaction was kept: %v", got)
		}
	})
}

func TestInTx_RefusesToNest(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.InTx(t.Context(), db.System, func(ctx context.Context, _ db.Tx) error {
			return d.InTx(ctx, db.System, func(context.Context, db.Tx) error { return nil })
		})
		if err == nil {
			t.Fatal("a nested InTx was allowed")
		}
	})
}

func TestInTx_RacingConditionalUpdatesNeverOverspend(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		id := addUser(t, d, "ann")
		now := d.Now()
		run(t, d, db.System, `INSERT INTO quota_periods (user_id, period_start, period_end, entitled_until, tier, quota,
			reads_limit) VALUES ($1, $2, $3, $3, 'basic', 5, 0)`, id, now, now.Add(time.Hour))
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				err := d.InTx(t.Context(), db.User(id), func(ctx context.Context, tx db.Tx) error {
					n, err := tx.Exec(ctx, `UPDATE quota_periods SET reserved = reserved + 1 WHERE user_id = $1
						AND used + reserved < quota`, id)
					won.Add(n)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 5 {
			t.Fatalf("%d reservations of a quota of 5", won.Load())
		}
	})
}

func TestTimes_SurviveTheTripAndSortAsTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		id := addUser(t, d, "ann")
		at := []time.Time{
			time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			time.Date(2026, 1, 2, 3, 4, 5, 120_000_000, time.UTC),
			time.Date(2026, 1, 2, 3, 4, 5, 123_456_000, time.FixedZone("x", 3600)).Add(time.Hour),
		}
		for _, when := range at {
			run(t, d, db.System, `INSERT INTO sessions (id, user_id, device, ip, created_at, last_used_at, expires_at,
				revoked_at) VALUES ($1, $2, '', '', $3, $3, $3, $4)`, db.NewID(), id, when, (*time.Time)(nil))
		}
		type row struct {
			created time.Time
			revoked *time.Time
		}
		got, err := db.Read(t.Context(), d, db.User(id),
			func(r db.Rows, v *row) error { return r.Scan(&v.created, &v.revoked) },
			`SELECT created_at, revoked_at FROM sessions WHERE user_id = $1 AND created_at <= $2 ORDER BY created_at`, id, at[2])
		if err != nil || len(got) != 3 {
			t.Fatal(got, err)
		}
		for i := range got {
			if !got[i].created.Equal(at[i]) || got[i].revoked != nil {
				t.Fatalf("row %d: got %v, want %v", i, got[i], at[i])
			}
		}
	})
}

func TestRead_MapsAMissingRowToErrNotFound(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		_, err := db.ReadOne(t.Context(), d, db.System, db.Value[string], `SELECT name FROM users WHERE id = $1`, db.NewID())
		if !errors.Is(err, db.ErrNotFound) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAuditLog_CannotBeChanged(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		run(t, d, db.System, `INSERT INTO audit_log (id, actor, action, resource, ip, user_agent, request_id, detail,
			created_at) VALUES ($1, '', 'a', '', '', '', '', '{}', $2)`, db.NewID(), d.Now())
		ways := []string{
			`UPDATE audit_log SET action = 'b'`, `DELETE FROM audit_log`,
			`INSERT INTO audit_log SELECT * FROM audit_log WHERE TRUE ON CONFLICT (id) DO UPDATE SET action = 'b'`,
		}
		if d.Name() == "sqlite" { // these delete the line in their way without asking the triggers on DELETE
			ways = append(ways, `INSERT OR REPLACE INTO audit_log SELECT id, user_id, actor, 'b', resource, ip, user_agent,
				request_id, detail, created_at FROM audit_log`,
				`REPLACE INTO audit_log (rowid, id, actor, action, resource, ip, user_agent, request_id, detail, created_at)
					SELECT rowid, 'other', '', 'b', '', '', '', '', '{}', '' FROM audit_log`)
		}
		for _, q := range ways {
			err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
				_, err := tx.Exec(ctx, q)
				return err
			})
			if err == nil {
				t.Errorf("%s was allowed", q)
			}
		}
		if got, err := db.Read(t.Context(), d, db.System, db.Value[string], `SELECT action FROM audit_log`); err != nil ||
			len(got) != 1 || got[0] != "a" {
			t.Errorf("the log is %v (%v)", got, err)
		}
	})
}

type countJob struct {
	N int `json:"n"`
}

func (countJob) Kind() string { return "count" }

type countWorker struct {
	river.WorkerDefaults[countJob]
	seen chan int
}

func (w *countWorker) Work(_ context.Context, j *river.Job[countJob]) error {
	w.seen <- j.Args.N
	return nil
}

func TestEnqueue_RunsTheJobOnlyIfTheTransactionCommits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		id := addUser(t, d, "ann")
		w := &countWorker{seen: make(chan int, 9)}
		workers := river.NewWorkers()
		river.AddWorker(workers, w)
		stop, err := d.Work(context.Background(), db.Jobs{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stop(context.Background()) })
		enqueue := func(n int, fail error) {
			err := d.InTx(t.Context(), db.User(id), func(ctx context.Context, tx db.Tx) error {
				if err := tx.Enqueue(ctx, countJob{n}); err != nil {
					return err
				}
				tx.Later(`UPDATE users SET name = $2 WHERE id = $1`, id, "after the job, still the user")
				return fail
			})
			if !errors.Is(err, fail) {
				t.Fatalf("got %v, want %v", err, fail)
			}
		}
		enqueue(1, errors.New("rolled back"))
		enqueue(2, nil)
		select {
		case n := <-w.seen:
			if n != 2 {
				t.Fatalf("job %d ran, want 2", n)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the committed job never ran")
		}
	})
}

func TestMigrate_RunsTwiceAndTellsNothingIsPending(t *testing.T) {
	t.Parallel()
	d, err := db.Open(t.Context(), db.Config{Path: t.TempDir() + "/a b%20?.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if pending, err := d.Pending(t.Context()); err != nil || !pending {
		t.Fatalf("an empty database: pending %v, %v", pending, err)
	}
	if n, err := d.Migrate(t.Context()); err != nil || n == 0 {
		t.Fatalf("first: %d steps, %v", n, err)
	}
	if n, err := d.Migrate(t.Context()); err != nil || n != 0 {
		t.Fatalf("second: %d steps, %v", n, err)
	}
	if pending, err := d.Pending(t.Context()); err != nil || pending {
		t.Fatalf("a migrated database: pending %v, %v", pending, err)
	}
}

// The way back from a build to the one before: the schema has a step that it does not know, and it starts.
func TestPending_IsNothingOnTheSchemaOfTheNextBuild(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		run(t, d, db.System, `INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, TRUE)`, 99_999)
		if pending, err := d.Pending(t.Context()); err != nil || pending {
			t.Errorf("pending %v, %v", pending, err)
		}
	})
}

func run(t *testing.T, d *db.DB, a db.Actor, query string, args ...any) {
	t.Helper()
	err := d.InTx(t.Context(), a, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNotify_IsHeardWhenItsTransactionHasCommittedAndOnlyThen(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		heard := make(chan string, 10)
		go d.Listen(t.Context(), "news", func(payload string) { heard <- payload })
		next := func() string {
			select {
			case payload := <-heard:
				return payload
			case <-time.After(10 * time.Second):
				return "nothing"
			}
		}
		if got := next(); got != "" {
			t.Fatalf("a listener begins with %q", got)
		}
		say := func(topic, payload string, end error) {
			err := d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
				tx.Notify(topic, payload)
				return end
			})
			if end == nil && err != nil {
				t.Fatal(err)
			}
		}
		say("news", "taken back", errors.New("no"))
		say("gossip", "of another topic", nil)
		say("news", "kept", nil)
		if got := next(); got != "kept" {
			t.Fatalf("heard %q", got)
		}
	})
}

func TestEnqueueIf_QueuesOnlyWhatItsQueryGivesARowFor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann := addUser(t, d, "ann")
		for _, id := range []string{db.NewID(), ann} {
			err := d.InTx(t.Context(), db.User(ann), func(ctx context.Context, tx db.Tx) error {
				return tx.EnqueueIf(ctx, countJob{1}, `SELECT 1 FROM users WHERE id = $1 AND name = $2`, id, "ann")
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		args, err := db.Read(t.Context(), d, db.System, db.Value[string], `SELECT CAST(args AS text) FROM river_job`)
		if err != nil || len(args) != 1 {
			t.Errorf("queued are %q, %v", args, err)
		}
	})
}
