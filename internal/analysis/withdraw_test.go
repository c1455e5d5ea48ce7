package analysis

import (
	"context"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
)

// meanwhile runs one thing until it waits for a row that lock has locked, then another to its end, then frees the row
// and waits for the first.
func (w *world) meanwhile(lock, userID string, one func() error, other func()) {
	w.t.Helper()
	ended := make(chan error, 1)
	w.ok(w.d.InTx(w.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.Exec(ctx, lock, userID); err != nil {
			return err
		}
		go func() { ended <- one() }()
		for w.count(`SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
			WHERE NOT l.granted AND a.datname = current_database()`) == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		other()
		return nil
	}))
	w.ok(<-ended)
}

// A consent that is withdrawn while an analysis is started is withdrawn for that one too, whichever of the two is
// written first. SQLite has one writer at a time, so there is no such moment.
func TestWithdraw_EndsWhatIsStartedAtTheSameMoment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		if w.c.DB.Name() == "sqlite" {
			return
		}
		p := w.subscriber()
		p.ok(p.Run(t.Context(), p.start().ID, true))
		var a Analysis
		start := func() (err error) {
			r := p.request("")
			r.Consent = false
			a, _, err = p.Start(t.Context(), p.UserID, r)
			return err
		}
		withdraw := func() error { return p.Withdraw(t.Context(), p.UserID, ConsentKind) }
		w.meanwhile(`UPDATE posts SET user_id = user_id WHERE user_id = $1`, p.UserID, withdraw, func() { w.ok(start()) })
		if now := p.show(a.ID); now.Status != Cancelled {
			t.Fatalf("an analysis that was started while the posts were erased is %s", now.Status)
		}

		p.ok(p.Run(t.Context(), p.start().ID, true))
		asked := len(w.sb.Calls("/x/2/users/*/tweets")) + len(w.sb.Calls("/claude/v1/messages"))
		w.meanwhile(`UPDATE quota_periods SET quota = quota WHERE user_id = $1`, p.UserID, start, func() { w.ok(withdraw()) })
		p.wantStatus(a.ID, Queued)
		p.ok(p.Run(t.Context(), a.ID, false))
		p.wantStatus(a.ID, Failed)
		if n := len(w.sb.Calls("/x/2/users/*/tweets")) + len(w.sb.Calls("/claude/v1/messages")); n != asked {
			t.Errorf("it asked %d times without consent", n-asked)
		}
		p.wantUnits(2, 0)
	})
}
