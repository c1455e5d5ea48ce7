package privacy

import (
	"context"
	"errors"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// Two wishes of one user can cross: one fails at the payment provider while the other has ended the plan and
// locked the account. The failed one may not take the other's wish away, for then nobody would finish it.
func TestTakeBack_LeavesAnErasureThatHasBegun(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := New(Config{DB: d})
		begun, waiting := db.NewID(), db.NewID()
		err := d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
			for _, id := range []string{begun, waiting} {
				tx.Later(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'ann', $2, $2)`, id, tx.Now())
				tx.Later(`INSERT INTO erasures (user_id, asked_at, tried_at) VALUES ($1, $2, $2)`, id, tx.Now())
			}
			tx.Later(`UPDATE erasures SET locked_at = $2 WHERE user_id = $1`, begun, tx.Now())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{begun, waiting} {
			if err := s.takeBack(t.Context(), id, errors.New("the payment provider is away")); err == nil {
				t.Error("nobody is told why")
			}
		}
		read := func(r db.Rows, id *string) error { return r.Scan(id) }
		left, err := db.Read(t.Context(), d, db.System, read, `SELECT user_id FROM erasures`)
		if err != nil || len(left) != 1 || left[0] != begun {
			t.Fatalf("%v are left of %s, which has begun, and %s (%v)", left, begun, waiting, err)
		}
	})
}
