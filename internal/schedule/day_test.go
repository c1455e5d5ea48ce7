package schedule

import (
	"errors"
	"testing"

	"github.com/repazoo/repazoo/internal/fault"
)

// Who chose "cheaper, within a day" for a schedule has its runs made so, as long as plan and model allow it. Without
// that a run is made at once, and the schedule goes on.
func TestRun_MayTakeADayForLess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		wish := p.wish(daily)
		wish.WithinADay = true
		if _, err := w.Create(t.Context(), p.UserID, wish); !errors.Is(err, fault.ValidationFailed) {
			t.Fatalf("without a model: %v", err)
		}
		w.judge(5000)
		if _, err := w.Create(t.Context(), p.UserID, wish); !errors.Is(err, fault.ValidationFailed) {
			t.Fatalf("with a plan of too few posts: %v", err)
		}
		w.judge(400)
		s := must(w.Create(t.Context(), p.UserID, wish))(t)
		must(w.Pause(t.Context(), p.UserID, s.ID))(t)
		if s = must(w.Resume(t.Context(), p.UserID, s.ID, true))(t); !s.WithinADay {
			t.Error("a pause forgets that it may take a day")
		}
		started := func() (within, all int) {
			p.untilDue(s.ID)
			w.ok(w.Tick(t.Context()))
			w.work(w.Service)
			w.exec(`UPDATE analyses SET status = 'cancelled' WHERE status = 'queued'`)
			return w.count(`SELECT count(*) FROM analyses WHERE within_a_day`), w.count(`SELECT count(*) FROM analyses`)
		}
		if within, all := started(); within != 1 || all != 1 {
			t.Errorf("%d of %d runs may take a day", within, all)
		}
		w.judge(5000)
		if within, all := started(); within != 1 || all != 2 || p.get(s.ID).PausedAt != nil {
			t.Errorf("%d of %d runs may take a day where none can", within, all)
		}
		wish.Rule.Minute++
		if s = must(w.Change(t.Context(), p.UserID, s.ID, wish))(t); !s.WithinADay || s.Rule.Minute != wish.Rule.Minute {
			t.Errorf("where none can, another time makes it %+v", s)
		}
		wish.WithinADay = false
		if s = must(w.Change(t.Context(), p.UserID, s.ID, wish))(t); s.WithinADay {
			t.Error("it cannot be taken back")
		}
		wish.WithinADay = true
		if _, err := w.Change(t.Context(), p.UserID, s.ID, wish); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("chosen anew where none can: %v", err)
		}
	})
}
