package console

import (
	"cmp"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
)

// The page of one analysis: its progress while it runs, then its report (report_page.go), or
// the reason why there is none.

type analysisView struct {
	page
	Analysis analysis.Analysis
	Steps    []step
	Advice   string         // what to do about a failure
	Retry    string         // the source to start again with; "" when it is gone
	Once     string         // names the form that does
	Place    *time.Location // of whoever looks; nil for UTC
}

// step is one line of the progress.
type step struct {
	Stage assess.Stage
	Words string
	State string // done, now or todo
}

// now is what the analysis does at the moment.
func (v analysisView) now(l tongue) string {
	if v.Analysis.Waits() {
		return v.Analysis.WaitIn(l.Language, cmp.Or(v.Place, time.UTC))
	}
	for _, s := range v.Steps {
		if s.State == "now" {
			return s.Words
		}
	}
	return ""
}

func progressWords(l tongue, p assess.Progress) string {
	if p.Total == 0 {
		return ""
	}
	return l.Say("live.figures", "done", p.Done, "total", p.Total)
}

// failureWords say why an analysis failed. The service keeps it in English.
func failureWords(l tongue, a analysis.Analysis) string {
	f := &fault.Fault{Message: *a.ErrorMessage}
	if a.ErrorCode != nil {
		f.Code = *a.ErrorCode
	}
	return l.sentence(f)
}

func dismissedClass(f assess.Finding) string {
	if f.Dismissed {
		return "dismissed"
	}
	return ""
}

func dismissedWords(l tongue, f assess.Finding) string {
	if f.Why == "" {
		return l.Say("view.is_dismissed")
	}
	return l.Say("report.dismissed_why", "why", f.Why)
}

// which tells the buttons of findings apart for those who hear them.
func which(l tongue, f assess.Finding) string {
	return " " + l.Say("view.which", "category", categoryTitle(l, f.Category), "quote", f.Quote)
}

// level is the risk that an analysis found; "" without a report.
func level(a analysis.Analysis) string {
	if a.LevelNow == nil {
		return ""
	}
	return *a.LevelNow
}

// wasScore says which score a report was made with, where dismissals have moved it since.
func wasScore(l tongue, a analysis.Analysis) string {
	if score(a.Score) == score(a.ScoreNow) {
		return ""
	}
	return l.Say("home.was", "score", score(a.Score))
}

// sourceOf is what the form that started an analysis had selected.
func sourceOf(a analysis.Analysis) string {
	switch {
	case a.AccountID != nil:
		return *a.AccountID
	case a.ArchiveID != nil:
		return archivePrefix + *a.ArchiveID
	}
	return ""
}

func (c *Console) showAnalysis(v *visit) error {
	a, err := c.Analyses.Get(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if a.Status == analysis.Completed {
		return c.showReport(v, a)
	}
	if err := c.Notices.Seen(v.r.Context(), v.me.UserID, a.ID); err != nil {
		return err
	}
	view := analysisView{page: c.page(v, v.tongue().Say("live.title", "handle", a.Handle)), Analysis: a}
	switch a.Status {
	case analysis.Failed, analysis.Cancelled:
		view.Retry, view.Once = sourceOf(a), v.once()
		if a.ErrorCode != nil {
			view.Advice = adviceFor(v.tongue(), *a.ErrorCode)
		}
	default:
		view.Watch, view.Steps = a.ID, steps(v.tongue(), a)
		if view.Place, err = v.place(); err != nil {
			return err
		}
	}
	return c.ok(v, analysisPage(view))
}

// steps are the stages that this analysis passes, with where it is.
func steps(l tongue, a analysis.Analysis) []step {
	stages := []assess.Stage{
		assess.StageQueued, assess.StageCollect, assess.StageScreen, assess.StageJudge,
		assess.StageVerify, assess.StageScore, assess.StageRecommend, assess.StageSave,
	}
	if a.Model == "" {
		stages = slices.DeleteFunc(stages, func(s assess.Stage) bool { return s == assess.StageJudge })
	}
	all := make([]step, len(stages))
	state := "done"
	for i, s := range stages {
		all[i] = step{Stage: s, Words: stageWords(l, s), State: state}
		if s == a.Progress.Stage {
			all[i].State, state = "now", "todo"
		}
	}
	return all
}

func (c *Console) cancel(v *visit) (string, error) {
	a, err := c.Analyses.Cancel(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	return "/a/" + a.ID + "?done=cancelled", err
}

func (c *Console) remove(v *visit) (string, error) {
	return "/?done=deleted", c.Analyses.Delete(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
}
