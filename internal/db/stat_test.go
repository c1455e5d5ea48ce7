package db_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// What waits is counted while nobody works, with how long it has.
func TestBacklogs_CountWhatWaitsAndHowLong(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if all, err := d.Backlogs(t.Context()); err != nil || len(all) != 0 {
			t.Fatalf("%+v, %v", all, err)
		}
		for range 3 {
			if err := d.InTx(t.Context(), db.System,
				func(ctx context.Context, tx db.Tx) error { return tx.Enqueue(ctx, countJob{1}) }); err != nil {
				t.Fatal(err)
			}
		}
		err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE river_job SET scheduled_at = $1 WHERE id = (SELECT min(id) FROM river_job)`,
				time.Now().Add(-time.Hour))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		all, err := d.Backlogs(t.Context())
		if err != nil || len(all) != 1 || all[0].State != "available" || all[0].Jobs != 3 ||
			all[0].Oldest.Round(time.Hour) != time.Hour {
			t.Fatalf("%+v, %v", all, err)
		}
	})
}

func TestPools_TellHowManyThereMayBe(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, p := range d.Pools() {
			if p.Name == "" || p.Max < 1 || p.InUse < 0 || p.InUse > p.Max {
				t.Errorf("%+v", p)
			}
		}
		if len(d.Pools()) < 2 {
			t.Errorf("%+v", d.Pools())
		}
	})
}

// The documentation of the database counts with this when it says how many connections the server needs.
func TestPools_HoldAtMostFortyConnections(t *testing.T) {
	t.Parallel()
	d, err := db.Open(t.Context(), db.Config{URL: dbtest.PostgresURL(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	most := map[string]int{}
	for _, p := range d.Pools() {
		most[p.Name] = p.Max
	}
	if want := map[string]int{"users": 24, "system": 12, "login": 4}; !maps.Equal(most, want) {
		t.Errorf("the pools hold at most %v connections, want %v", most, want)
	}
}
