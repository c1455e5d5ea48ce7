package billing

import (
	"context"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/plan"
)

// Two workers fetch the same dispute, and the one who fetched first saves last.
func TestKeepReturn_AVerdictIsNotTakenBackByWhatWasFetchedBeforeIt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTeller(t, d)
		other := newTeller(t, d)
		save := func(user, status string) {
			t.Helper()
			err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
				return w.s.keepReturn(ctx, tx, user, plan.Payment{Invoice: "in_1"},
					plan.Returned{ID: "dp_1", Kind: plan.Dispute, Status: status, Cents: 900, Currency: "usd", At: storeNoon})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct{ user, status, want string }{
			{w.user, "needs_response", "needs_response"},
			{w.user, "under_review", "under_review"},
			{other.user, "lost", "under_review"},
			{w.user, "won", "won"},
			{w.user, "needs_response", "won"},
		} {
			save(step.user, step.status)
			got, err := db.ReadOne(t.Context(), d, db.System, db.Value[string],
				`SELECT status FROM payment_returns WHERE id = 'dp_1' AND user_id = $1`, w.user)
			if err != nil || got != step.want {
				t.Fatalf("after %s it is %s (%v), want %s", step.status, got, err, step.want)
			}
		}
	})
}
