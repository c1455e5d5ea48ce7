package analysis

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

// A retired model is known before anything is read from X: a start is refused, and a run that was queued ends.
func TestModels_ARetiredOneCostsNoReadsAndNoUnit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.asksModel()
		p := w.subscriber()
		queued := p.start()
		w.sb.Claude().Retire("claude-haiku-5-5", w.sb.Now())
		w.ok(w.LookAtModels(t.Context()))

		if _, _, err := p.Start(t.Context(), p.UserID, p.request("")); !errors.Is(err, fault.ModelUnavailable) ||
			!strings.Contains(fault.From(err).Message, "retired") {
			t.Errorf("a start: %v", err)
		}
		_ = w.Run(t.Context(), queued.ID, true)
		p.wantStatus(queued.ID, Failed)
		p.wantUnits(0, 0)
		if n := len(w.sb.Calls("/x/2/users/*/tweets")); n != 0 {
			t.Errorf("X was asked for posts %d times", n)
		}
	})
}

func TestModels_AFallbackAnswersInPlaceOfARetiredOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.asksModel()
		w.c.Fallbacks = []string{"claude-3-haiku-20240307", "claude-opus-5-5"} // the first is retired too
		p := w.subscriber()
		w.sb.Claude().Retire("claude-haiku-5-5", w.sb.Now())
		w.ok(w.LookAtModels(t.Context()))
		a := p.start()
		w.ok(w.Run(t.Context(), a.ID, true))
		report, err := w.Report(t.Context(), p.UserID, a.ID)
		if err != nil || len(report.Models) != 1 || report.Models[0].Model != "claude-opus-5-5" {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

// A model that is retired between two looks is asked in vain once: then the provider is asked, and a fallback answers.
func TestModels_OneThatIsRetiredMeanwhileIsNoticedByTheRun(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.asksModel()
		w.c.Fallbacks = []string{"claude-opus-5-5"}
		p := w.subscriber()
		a := p.start()
		w.sb.Claude().Retire("claude-haiku-5-5", w.sb.Now())
		_ = w.Run(t.Context(), a.ID, false)
		if used, err := w.usable("claude-haiku-5-5"); err != nil || used != "claude-opus-5-5" {
			t.Errorf("after the run that asked in vain: %q, %v", used, err)
		}
	})
}

// Second questions go to the larger plan's model. When that is gone, a basic plan's run asks its own.
func TestModels_ARetiredSecondModelFailsNoRunOfAnotherPlan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.asksModel()
		w.c.SecondModel = "claude-sonnet-5-5"
		p := w.subscriber()
		w.sb.Claude().Retire("claude-sonnet-5-5", w.sb.Now())
		w.ok(w.LookAtModels(t.Context()))
		a := p.start()
		w.ok(w.Run(t.Context(), a.ID, true))
		p.wantStatus(a.ID, Completed)
	})
}

func TestModels_ComeBackAndAnUnansweredQuestionChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.asksModel()
		w.gone.set("claude-haiku-5-5", true)
		w.ok(w.LookAtModels(t.Context()))
		if _, err := w.usable("claude-haiku-5-5"); err != nil {
			t.Errorf("after it answered: %v", err)
		}
		w.sb.Claude().Retire("claude-haiku-5-5", w.sb.Now().Add(24*time.Hour))
		w.ok(w.LookAtModels(t.Context()))
		if _, err := w.usable("claude-haiku-5-5"); err != nil {
			t.Errorf("a day before its end: %v", err)
		}
	})
}
