package console

import (
	"net/url"
	"slices"

	"github.com/a-h/templ"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/report"
)

// The page of one analysis: its progress while it runs, then its report, or the reason
// why there is none.

type analysisView struct {
	page
	Analysis analysis.Analysis
	Steps    []step
	Advice   string           // what to do about a failure
	Retry    string           // the source to start again with; "" when it is gone
	Shown    *assess.Report   // with the chosen lens; nil until it has completed
	Body     templ.Component  // the report itself
	Review   []assess.Finding // those that can be dismissed or restored here
	Lens     assess.Purpose
	Purposes []assess.Purpose
}

// maxReview bounds the list of findings to review; the strongest come first.
const maxReview = 100

// step is one line of the progress.
type step struct {
	Stage assess.Stage
	Words string
	State string // done, now or todo
}

// now is what the analysis does at the moment.
func (v analysisView) now() string {
	if v.Analysis.Waits() {
		return v.Analysis.WaitWords()
	}
	for _, s := range v.Steps {
		if s.State == "now" {
			return s.Words
		}
	}
	return ""
}

func progressWords(p assess.Progress) string {
	if p.Total == 0 {
		return ""
	}
	return ": " + count(p.Done) + " of " + count(p.Total)
}

// reviewWords says how many of all findings can be reviewed on the page.
func reviewWords(shown, all int) string {
	switch {
	case shown < all:
		return "The " + count(shown) + " heaviest of " + count(all) + " findings"
	case shown == 1:
		return "1 finding"
	}
	return count(shown) + " findings"
}

func dismissedClass(f assess.Finding) string {
	if f.Dismissed {
		return "dismissed"
	}
	return ""
}

func dismissedWords(f assess.Finding) string {
	if f.Why == "" {
		return "Dismissed"
	}
	return "Dismissed: " + f.Why
}

// which tells the buttons of findings apart for those who hear them.
func which(f assess.Finding) string {
	return " the finding in " + f.Category.Title() + ": " + f.Quote
}

// level is the risk that an analysis found; "" without a report.
func level(a analysis.Analysis) string {
	if a.LevelNow == nil {
		return ""
	}
	return *a.LevelNow
}

// wasScore says which score a report was made with, where dismissals have moved it since.
func wasScore(a analysis.Analysis) string {
	if score(a.Score) == score(a.ScoreNow) {
		return ""
	}
	return ", was " + score(a.Score)
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
	view := analysisView{page: c.page(v, "Analysis of @"+a.Handle), Analysis: a, Purposes: assess.Purposes[:]}
	switch a.Status {
	case analysis.Completed:
		err = c.addReport(v, &view)
	case analysis.Failed, analysis.Cancelled:
		view.Retry = sourceOf(a)
		if a.ErrorCode != nil {
			view.Advice = adviceFor(*a.ErrorCode)
		}
	default:
		view.Watch, view.Steps = a.ID, steps(a)
	}
	if err != nil {
		return err
	}
	return c.ok(v, analysisPage(view))
}

// steps are the stages that this analysis passes, with where it is.
func steps(a analysis.Analysis) []step {
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
		all[i] = step{Stage: s, Words: stageWords(s), State: state}
		if s == a.Progress.Stage {
			all[i].State, state = "now", "todo"
		}
	}
	return all
}

// addReport puts the report onto the page, through the lens that was asked for.
func (c *Console) addReport(v *visit, view *analysisView) (err error) {
	lens := assess.Purpose(v.r.URL.Query().Get("purpose"))
	if !slices.Contains(assess.Purposes[:], lens) {
		lens = view.Analysis.Purpose
	}
	if view.Shown, err = c.Analyses.WhatIf(v.r.Context(), v.me.UserID, view.Analysis.ID, lens, nil); err != nil {
		return err
	}
	view.Body = report.HTMLBody(view.Shown)
	view.Lens, view.Report = lens, true
	view.Review = view.Shown.Findings[:min(len(view.Shown.Findings), maxReview)]
	view.Title = "Report on @" + view.Analysis.Handle
	return nil
}

func (c *Console) cancel(v *visit) (string, error) {
	a, err := c.Analyses.Cancel(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	return "/a/" + a.ID + "?done=cancelled", err
}

func (c *Console) remove(v *visit) (string, error) {
	return "/?done=deleted", c.Analyses.Delete(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
}

// dismiss takes a finding out of the score, or back into it, and returns to its place.
func (c *Console) dismiss(v *visit) (string, error) {
	out := v.field("dismissed") == "yes"
	if len(v.field("why")) > maxWhy {
		return "", fault.ValidationFailed.Saying("Say why in at most %d characters.", maxWhy)
	}
	if _, err := c.Analyses.Dismiss(v.r.Context(), v.me.UserID, v.r.PathValue("finding"), out, v.field("why")); err != nil {
		return "", err
	}
	q := url.Values{"done": {"restored"}}
	if out {
		q.Set("done", "dismissed")
	}
	if lens := v.field("purpose"); lens != "" {
		q.Set("purpose", lens)
	}
	return "/a/" + v.r.PathValue("id") + "?" + q.Encode() + "#review", nil
}

// maxWhy bounds the reason of a dismissal.
const maxWhy = 500
