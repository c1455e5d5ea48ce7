package db_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// A backlog is worked off in portions, each a transaction of its own, and a call ends although more is left.
func TestPortions_EndAndLeaveTheRestForTheNextCall(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const rows = 4*50 + 3
		err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
				INSERT INTO trials_spent (mark, spent_at) SELECT CAST(i AS text), $1 FROM n`, rows), tx.Now())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, left := range []int{3, 0} {
			err := db.PortionsOf(t.Context(), d, 50, 4, `DELETE FROM trials_spent WHERE mark IN (
				SELECT mark FROM trials_spent WHERE spent_at <= $2 LIMIT $1)`, d.Now())
			if err != nil {
				t.Fatal(err)
			}
			got, err := db.ReadOne(t.Context(), d, db.System, db.Value[int], `SELECT count(*) FROM trials_spent`)
			if err != nil || got != left {
				t.Fatalf("%d are left, %v; want %d", got, err, left)
			}
		}
	})
}
