package analysis

import (
	"context"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// A run that loses the database gives its lease back once that answers again: the others of its user need not wait
// until the lease runs out, and the next wake-up ends the analysis and settles its unit once.
func TestRun_ARestartOfTheDatabaseLeavesNoLeaseBehind(t *testing.T) {
	t.Parallel()
	var gate *dbtest.Gate
	w := newWorld(t, func(t testing.TB, now func() time.Time) *db.DB {
		gate = dbtest.NewGate(t, dbtest.PostgresURL(t))
		d := must(db.Open(t.Context(), db.Config{URL: gate.URL, Now: now, MaxConns: 12}))(t)
		t.Cleanup(func() { d.Close() })
		return d
	})
	p := w.subscriber()
	a := p.start()
	away := false
	w.onX = func() {
		if !away {
			away = true
			gate.Shut(true)
			// long enough for the run to come back from X and find it shut, on a machine that others use too
			time.AfterFunc(4*time.Second, func() { gate.Shut(false) })
		}
	}
	if _, err := w.RunNext(t.Context()); err == nil {
		t.Error("a run without a database ended well")
	}
	if n := w.count(`SELECT count(*) FROM analyses WHERE lease_until IS NOT NULL OR attempts <> 0`); n != 0 {
		t.Error("the lease is still held, with nobody who works under it")
	}
	p.wantUnits(0, 1)
	w.sb.Advance(time.Minute)
	if _, err := w.RunNext(t.Context()); err != nil {
		t.Error(err)
	}
	p.wantStatus(a.ID, Completed)
	p.wantUnits(1, 0)
}

// A claim whose commit was made and whose answer was lost is given back as a rest, which does nothing the second time.
func TestRest_WrittenTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		id := p.start().ID
		a := must(w.take(t.Context(), id))(t)
		for range 2 {
			_ = w.rest(context.WithoutCancel(t.Context()), a, rest{wait: time.Minute, why: WaitsForService, failed: true})
		}
		if n := w.count(`SELECT count(*) FROM analyses WHERE attempts = 0 AND tries = 1 AND lease_until IS NULL`); n != 1 {
			t.Error("the second rest counted")
		}
	})
}
