package billing

import (
	"context"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/plan"
)

var (
	storeDay   = 24 * time.Hour
	storeBegin = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	storeEnd   = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	storeNoon  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func TestSync_AnOlderAnswerNeverOverwritesANewer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, err := New(Config{
			DB: d, StripeKey: "sk_test_x", BasicPrice: "a", ProPrice: "b",
			PublicURL: "https://dash.example",
		})
		if err != nil {
			t.Fatal(err)
		}
		user := db.NewID()
		err = d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
			tx.Later(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'ann', $2, $2)`, user, tx.Now())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.claim(t.Context(), user, SubscribeRequest{}); err != nil {
			t.Fatal(err)
		}
		active := plan.Remote{ID: "sub", Status: "active", Tier: "basic", PeriodStart: storeBegin, PeriodEnd: storeEnd}
		canceled := active
		canceled.Status = "canceled"
		load := func(ctx context.Context) (plan.Row, error) { return s.rowOf(ctx, db.System, user) }
		say := func(r plan.Remote) change {
			return change{actor: "stripe", load: load, fetch: func(context.Context) (plan.Remote, error) { return r, nil }}
		}
		if _, err := s.sync(t.Context(), say(active)); err != nil {
			t.Fatal(err)
		}
		fetches := 0
		slow := change{actor: "stripe", load: load, fetch: func(ctx context.Context) (plan.Remote, error) {
			if fetches++; fetches > 1 {
				return canceled, nil
			}
			_, err := s.sync(ctx, say(canceled)) // it ends, and another hears of it, while our answer travels
			return active, err
		}}
		got, err := s.sync(t.Context(), slow)
		if err != nil || got.Status != "canceled" || fetches != 2 {
			t.Fatalf("%+v after %d fetches, %v", got, fetches, err)
		}
		if got, err := load(t.Context()); err != nil || got.Status != "canceled" || !got.EntitledUntil.IsZero() {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}
