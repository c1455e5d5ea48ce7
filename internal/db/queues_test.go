package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// slowJob waits in the queue of webhooks until its test lets it go.
type slowJob struct {
	N int `json:"n"`
}

func (slowJob) Kind() string                 { return "slow" }
func (slowJob) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: db.Webhooks} }

type quickJob struct{}

func (quickJob) Kind() string                 { return "quick" }
func (quickJob) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: db.Analyses} }

// bench works slow and quick jobs, and tells of each as it begins.
type bench struct {
	t       *testing.T
	d       *db.DB
	began   chan string
	release chan struct{}
}

func newBench(t *testing.T, d *db.DB) *bench {
	return &bench{t: t, d: d, began: make(chan string, 100), release: make(chan struct{})}
}

func (b *bench) work(p db.Pulse, begun string) (stop func(context.Context) error) {
	b.t.Helper()
	workers := river.NewWorkers()
	db.Work(workers, func(ctx context.Context, _ slowJob) error {
		b.began <- begun + "slow"
		select {
		case <-b.release:
		case <-ctx.Done():
		}
		return nil
	})
	db.Work(workers, func(context.Context, quickJob) error { b.began <- begun + "quick"; return nil })
	stop, err := b.d.Work(context.Background(), db.Jobs{
		Workers: workers, Queues: db.Queues(2), Pulse: p,
		SoftStop: time.Millisecond,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { stop(context.Background()) })
	return stop
}

func (b *bench) enqueue(jobs ...river.JobArgs) {
	b.t.Helper()
	err := b.d.InTx(b.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		for _, j := range jobs {
			if err := tx.Enqueue(ctx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// want waits for the next jobs to begin, in any order.
func (b *bench) want(jobs map[string]int) {
	b.t.Helper()
	late := time.After(60 * time.Second)
	for missing := len(jobs); missing > 0; {
		select {
		case got := <-b.began:
			if jobs[got]--; jobs[got] < 0 {
				b.t.Fatalf("%s began, which was not to", got)
			} else if jobs[got] == 0 {
				missing--
			}
		case <-late:
			b.t.Fatalf("these never began: %v", jobs)
		}
	}
}

func TestQueues_SlowWorkOfOneKindDelaysNoOther(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		defer close(b.release)
		b.work(db.Pulse{}, "")
		slots := db.Queues(2)[db.Webhooks]
		for n := range 5 * slots {
			b.enqueue(slowJob{n})
		}
		b.want(map[string]int{"slow": slots}) // all that may run do, and none ends
		b.enqueue(quickJob{})
		b.want(map[string]int{"quick": 1})
	})
}

// The process that held the job is gone without a word, as after kill -9: its row stays as it was, and its heart is
// silent.
func TestHeart_JobsOfADeadProcessComeBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		defer close(b.release)
		const held = `INSERT INTO river_job (kind, args, queue, state, attempt, max_attempts, attempted_at, attempted_by,
			metadata, priority, tags)`
		lists := map[string]string{
			"postgres": `ARRAY['first', 'dead'], '{}', 1, '{}'`,
			"sqlite":   `jsonb('["first","dead"]'), jsonb('{}'), 1, jsonb('[]')`,
		}
		args := map[string]string{"postgres": `'{}'`, "sqlite": `jsonb('{}')`}
		plant := func(kind string, attempt int) {
			exec(t, d, held+` VALUES ('`+kind+`', `+args[d.Name()]+`, '`+db.Analyses+`', 'running', $1, 3, CURRENT_TIMESTAMP, `+lists[d.Name()]+`)`, attempt)
		}
		plant("quick", 1)
		plant("quick", 3) // tried to the end, it is given up
		if d.Name() == "postgres" {
			exec(t, d, `INSERT INTO job_workers (id, seen_at) VALUES ('dead', $1)`, time.Now().Add(-time.Hour))
		}
		b.work(db.Pulse{Beat: 20 * time.Millisecond, Dead: 200 * time.Millisecond}, "")
		b.want(map[string]int{"quick": 1})
		n, err := db.ReadOne(t.Context(), d, db.System, db.Value[int],
			`SELECT count(*) FROM river_job WHERE state = 'discarded'`)
		if err != nil || n != 1 {
			t.Errorf("%d were given up, %v", n, err)
		}
	})
}

// After a silence of its own, as of a suspended machine, a process trusts no other's: theirs may be as long.
func TestHeart_AfterASilenceOfItsOwnNobodyCountsAsDead(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for silence, trusts := range map[time.Duration]bool{
			5 * time.Second: true, 20 * time.Second: false,
			time.Hour: false,
		} {
			if got, err := db.TrustsAfter(t.Context(), d, silence); err != nil || got != trusts {
				t.Errorf("after %v: %v, %v", silence, got, err)
			}
		}
	})
}

// A job may take longer than its process may be silent, as long as the process is not.
func TestHeart_ALivingProcessKeepsItsJobs(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t, time.Now)
	b := newBench(t, d)
	defer close(b.release)
	pulse := db.Pulse{Beat: 20 * time.Millisecond, Dead: 500 * time.Millisecond}
	b.work(pulse, "first ")
	b.enqueue(slowJob{})
	b.want(map[string]int{"first slow": 1})
	b.work(pulse, "second ")
	beats := func() time.Time {
		at, err := db.ReadOne(t.Context(), d, db.System, db.Value[time.Time], `SELECT min(seen_at) FROM job_workers`)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for begun := time.Now(); beats().Sub(begun) < 3*pulse.Dead; { // each look is a round trip
		select {
		case got := <-b.began:
			t.Fatalf("%s began, which the first process still works", got)
		default:
		}
	}
}

// PostgreSQL ended between a fetch and its answer: the job is "running" for a living process that has not heard of it.
func TestHeart_AJobThatItsLivingProcessNeverHeardOfComesBack(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t, time.Now)
	b := newBench(t, d)
	defer close(b.release)
	b.work(db.Pulse{Beat: 20 * time.Millisecond, Dead: 500 * time.Millisecond}, "")
	b.enqueue(slowJob{})
	b.want(map[string]int{"slow": 1}) // this one the process knows
	exec(t, d, `INSERT INTO river_job
			(kind, args, queue, state, attempt, max_attempts, attempted_at, attempted_by, metadata, priority, tags)
		SELECT 'quick', '{}', '`+db.Analyses+`', 'running', 1, 1, now(), ARRAY[id], '{}', 1, '{}' FROM job_workers`)
	b.want(map[string]int{"quick": 1})
	select {
	case got := <-b.began:
		t.Errorf("%s began, which the process works already", got)
	default:
	}
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
