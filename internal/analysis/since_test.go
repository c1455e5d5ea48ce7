package analysis

import (
	"strings"
	"sync"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
)

const threat = "I will find you and I will kill you, you worthless animal."

// told counts a person's notices of a kind.
func (p *person) told(kind string) int {
	p.t.Helper()
	return p.count(`SELECT count(*) FROM notices WHERE user_id = $1 AND kind = $2`, p.UserID, kind)
}

// posts adds a post of the person to X.
func (p *person) posts(text string) string {
	p.t.Helper()
	return p.sb.X().AddPost(p.Account.Handle, xsandbox.Post{Text: text})
}

// The first report is told as ready; only what a later one has on top, and what is grave, is told as new.
func TestSave_TellsThatAReportIsReadyAndWhatIsNewAndHigh(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		run := func() Analysis {
			t.Helper()
			a := p.start()
			w.ok(w.Run(t.Context(), a.ID, true))
			return a
		}
		first := run()
		if p.told("analysis.finished") != 1 || p.told("findings.new_high") != 0 {
			t.Errorf("after the first: %d ready, %d new", p.told("analysis.finished"), p.told("findings.new_high"))
		}
		p.posts("A calm walk along the river with a good book.")
		run()
		if p.told("findings.new_high") != 0 {
			t.Error("a harmless post is told as new and high")
		}
		p.posts(threat)
		third := run()
		if p.told("analysis.finished") != 3 || p.told("findings.new_high") != 1 {
			t.Errorf("after the third: %d ready, %d new", p.told("analysis.finished"), p.told("findings.new_high"))
		}
		data := must(db.Read(t.Context(), w.d, db.System, db.Value[string],
			`SELECT CAST(data AS text) FROM notices WHERE user_id = $1`, p.UserID))(t)
		for _, d := range data {
			if strings.Contains(d, "kill") || strings.Contains(d, "worthless") {
				t.Errorf("a notice holds words of a post: %s", d)
			}
		}
		if n := w.count(`SELECT count(*) FROM analyses WHERE id = $1 AND since_id IS NULL
			AND lens_scores LIKE '%visa_application%'`, first.ID); n != 1 {
			t.Error("the first report is not the first")
		}
		if n := w.count(`SELECT since_new FROM analyses WHERE id = $1`, third.ID); n < 1 {
			t.Errorf("the third report has %d new findings", n)
		}
		w.ok(w.Delete(t.Context(), p.UserID, third.ID))
		if p.told("analysis.finished") != 2 || p.told("findings.new_high") != 0 {
			t.Error("what was told of a report stays when it is deleted")
		}
	})
}

// Several processes that take one run over from each other tell its end once.
func TestSave_OfManyRunsOfOneAnalysisTheEndIsToldOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		a := p.start()
		var wg sync.WaitGroup
		for range 4 {
			replica := w.replica()
			wg.Go(func() { _ = replica.Run(t.Context(), a.ID, true) }) // all but one are asked to come later
		}
		wg.Wait()
		p.wantStatus(a.ID, Completed)
		if n := p.told("analysis.finished"); n != 1 {
			t.Errorf("told %d times", n)
		}
		if n := w.count(`SELECT count(*) FROM river_job WHERE kind = 'notice_spread'`); n != p.count(`SELECT count(*)
			FROM notices`) {
			t.Errorf("%d jobs carry the notices", n)
		}
	})
}

func TestFail_TellsWhyOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		a := must(w.claim(t.Context(), p.start().ID))(t)
		for range 2 {
			w.ok(w.fail(t.Context(), a, fault.XUnavailable))
		}
		if n := p.told("analysis.failed"); n != 1 || p.told("analysis.finished") != 0 {
			t.Errorf("told %d times", n)
		}
	})
}
