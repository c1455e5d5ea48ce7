package billing_test

import (
	"context"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
)

// The events of a customer itself, such as customer.created, name the customer as their object.
func TestForget_LeavesNoEventThatNamesTheCustomer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, stays := w.subscriber("basic"), w.subscriber("basic")
		customer := func(user string) string {
			id, err := db.ReadOne(t.Context(), w.d, db.System, db.Value[string],
				`SELECT stripe_customer_id FROM subscriptions WHERE user_id = $1`, user)
			w.must(nil, err)
			return id
		}
		const naming = `SELECT count(*) FROM stripe_events WHERE CAST(payload AS text) LIKE '%' || CAST($1 AS text) || '%'`
		gone, kept := customer(user), customer(stays)
		w.must(nil, w.Close(t.Context(), user))
		w.deliver()
		if n := w.count(naming+` AND type = 'customer.created'`, gone); n != 1 {
			t.Fatalf("%d events tell that the customer was made", n)
		}
		w.must(nil, w.d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			return w.Forget(ctx, tx, user)
		}))
		if n := w.count(naming, gone); n != 0 {
			t.Errorf("%d events still name the customer", n)
		}
		if n := w.count(naming, kept); n == 0 {
			t.Error("the events of another customer are gone")
		}
	})
}
