package analysis

import (
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
)

// modelMoney is what the model has cost all analyses together.
func (w *world) modelMoney() int {
	return w.count(`SELECT COALESCE(sum(model_micro_usd), 0) FROM analyses`)
}

// While the first analysis of an account waits for its batch, the second says so, waits without a lease, and pays
// nothing for what the first has paid.
func TestAlone_TheSecondWaitsForTheBatchOfTheFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		first := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, first.ID)
		second := p.begin(StartRequest{})
		if second.WaitingFor != WaitsForRun || !second.Waits() {
			t.Errorf("the start says %q", second.WaitWords())
		}
		p.tryRun(w.Service, second.ID)
		now, other := p.show(second.ID), p.show(first.ID)
		if now.WaitingFor.Of() != WaitsForRun || now.WaitUntil.Sub(w.d.Now()).Round(time.Second) != aloneLater ||
			now.WaitBy == nil ||
			!now.WaitBy.Equal(*other.WaitBy) {
			t.Fatalf("it waits for %q until %v, at the latest %v", now.WaitingFor, now.WaitUntil, now.WaitBy)
		}
		if n := w.count(`SELECT count(*) FROM analyses WHERE lease_until IS NOT NULL`); n != 0 {
			t.Error("a run that waits keeps its lease")
		}
		done := p.finish(first.ID)
		paid := w.modelMoney()
		w.sb.Advance(aloneLater)
		again := p.finish(second.ID)
		if done.Status != Completed || again.Status != Completed || paid == 0 || w.modelMoney() != paid {
			t.Errorf("%s for %d µ$, %s for %d µ$", done.Status, paid, again.Status, w.modelMoney()-paid)
		}
		p.wantUnits(2, 0)
	})
}

// Cancelling the first lets the second go on, with what the batch had answered by then.
func TestAlone_TheSecondGoesOnWhenTheFirstIsCancelled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		first := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, first.ID)
		w.sb.Advance(time.Minute)
		second := p.begin(StartRequest{})
		must(p.Cancel(t.Context(), p.UserID, first.ID))(t)
		p.tryRun(w.Service, second.ID)
		if now := p.show(second.ID); now.WaitingFor != WaitsForRun {
			t.Fatalf("it does not wait for the answers of the cancelled batch: %+v", now)
		}
		w.ok(w.ClearBatches(t.Context()))
		w.sb.Advance(time.Minute)
		w.ok(w.ClearBatches(t.Context()))
		known := w.count(`SELECT count(*) FROM verdicts`)
		p.finish(second.ID)
		report := must(p.openReport(t.Context(), p.UserID, second.ID))(t)
		if use := report.Models[0]; known == 0 || use.CachedVerdicts < known || report.Coverage.PostsUnjudged != 0 {
			t.Errorf("%d verdicts were known, and it asked %+v", known, use)
		}
	})
}

// Who holds an account and is gone holds it no more: a dead process, an analysis that ended, and one whose cancelled
// batch is not cleared in time.
func TestAlone_NobodyHoldsAnAccountForEver(t *testing.T) {
	t.Parallel()
	for how, leave := range map[string]func(w *world, p *person, a Analysis){
		"deleted": func(w *world, p *person, a Analysis) { w.ok(p.Delete(w.t.Context(), p.UserID, a.ID)) },
		"ended":   func(_ *world, p *person, a Analysis) { p.finish(a.ID) },
		"its process died": func(w *world, _ *person, a Analysis) {
			w.exec(`UPDATE analyses SET lease_until = $2, waiting_for = '', wait_until = NULL WHERE id = $1`, a.ID,
				w.d.Now().Add(-time.Second))
		},
		"a cancelled batch that stays": func(w *world, p *person, a Analysis) {
			must(p.Cancel(w.t.Context(), p.UserID, a.ID))(w.t)
			w.sb.Advance(aloneAfter)
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				first := p.begin(StartRequest{WithinADay: true})
				p.tryRun(w.Service, first.ID)
				leave(w, p, first)
				second := p.begin(StartRequest{})
				p.tryRun(w.Service, second.ID)
				p.wantStatus(second.ID, Completed)
			})
		})
	}
}

// A run holds its account while it asks the model directly, too, and comes back to it after a rest.
func TestAlone_TheModelIsAskedByOneAtATime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		first, second := p.begin(StartRequest{}), p.begin(StartRequest{})
		a := must(w.claim(t.Context(), first.ID))(t)
		w.ok(w.takeAlone(t.Context(), a, p.Account.ID))
		p.tryRun(w.Service, second.ID)
		if now := p.show(second.ID); now.WaitingFor != WaitsForRun || now.Progress.Stage != assess.StageQueued {
			t.Fatalf("it waits for %q in %s", now.WaitingFor, now.Progress.Stage)
		}
		w.ok(w.takeAlone(t.Context(), a, p.Account.ID))
		_ = w.rest(t.Context(), a, rest{why: WaitsForModelBack, wait: time.Minute})
		w.sb.Advance(aloneWait)
		p.tryRun(w.Service, second.ID)
		if now := p.show(second.ID); now.WaitingFor != WaitsForRun {
			t.Errorf("it does not wait for one that rests: %+v", now)
		}
		p.finish(first.ID)
		p.finish(second.ID)
		p.wantUnits(2, 0)
	})
}
