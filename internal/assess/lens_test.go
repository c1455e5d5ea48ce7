package assess

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twoFindings is a report of a threat and a complaint in two posts, made for p.
func twoFindings(p Purpose) *Report {
	r := scored(p,
		Finding{
			ID: "a", PostID: "1", Quote: "x", Severity: Critical, Category: Violence, Confidence: 1, PostedAt: today,
			Suggestion: SuggestDelete,
		},
		Finding{
			ID: "b", PostID: "2", Quote: "y", Severity: Medium, Category: ProfessionalConduct, Confidence: 0.75,
			PostedAt: today,
		},
	)
	r.RiskByYear = []YearRisk{{Year: 2025, Posts: 3}, {Year: 2026, Posts: 20}}
	r.conclude()
	return r
}

func through(t *testing.T, r *Report, l Lens) *Report {
	t.Helper()
	seen, err := r.Through(l)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestThrough_ADismissalMovesTheScoreOfNowAndKeepsTheOneItWasMadeWith(t *testing.T) {
	t.Parallel()
	r := twoFindings(PersonalReputation)
	if r.Score != 75.4 || r.Now != (Standing{75.4, High}) {
		t.Fatalf("made with %v, now %+v", r.Score, r.Now)
	}
	got := through(t, r, Lens{Dismissed: map[string]string{"a": "a joke"}})
	if got.Score != 75.4 || got.Level != High || got.Now != (Standing{12.3, Low}) || got.HumanReview.Needed {
		t.Fatalf("made with %v, now %+v", got.Score, got.Now)
	}
	if !strings.Contains(got.Summary, "(12.3 of 100)") ||
		!strings.Contains(got.Summary, "When the report was made, the score was 75.4.") {
		t.Fatal(got.Summary)
	}
	want := []YearRisk{{Year: 2025, Posts: 3}, {Year: 2026, Posts: 20, Findings: 1, Score: 12.3}}
	if diff := cmp.Diff(want, got.RiskByYear); diff != "" {
		t.Fatal(diff)
	}
}

func TestThrough_RestoringBringsTheScoreBack(t *testing.T) {
	t.Parallel()
	r := twoFindings(PersonalReputation)
	r.Findings[0].Dismissed, r.Findings[0].Why = true, "earlier"
	r.Level = "" // made with the dismissal
	r.conclude()
	got := through(t, r, Lens{Dismissed: map[string]string{}})
	if got.Score != 12.3 || got.Now.Score != 75.4 || slices.ContainsFunc(got.Findings,
		func(f Finding) bool { return f.Dismissed || f.Why != "" }) {
		t.Fatalf("made with %v, now %v, %+v", got.Score, got.Now, got.Findings)
	}
}

func TestThrough_AnotherPurposeTellsWhatItWouldHaveBeenMadeWith(t *testing.T) {
	t.Parallel()
	got := through(t, twoFindings(PersonalReputation), Lens{Purpose: JobSearch, Dismissed: map[string]string{"a": ""}})
	fresh := twoFindings(JobSearch)
	if got.Score != fresh.Score || got.Level != fresh.Level || got.Now.Score != 23 {
		t.Fatalf("made with %v, want %v; now %v", got.Score, fresh.Score, got.Now)
	}
}

func TestThrough_LeavesOutPostsAndFindingsAndRefusesUnknownIDs(t *testing.T) {
	t.Parallel()
	r := twoFindings(PersonalReputation)
	for ids, want := range map[string]float64{"1": 12.3, "a": 12.3, "2": 72, "b": 72} {
		if got := through(t, r, Lens{Without: []string{ids}}); got.Now.Score != want || got.Score != r.Score {
			t.Errorf("without %s: %v, want %v", ids, got.Now, want)
		}
	}
	if got := through(t, r, Lens{Without: []string{"1", "a", "b", "a"}}); got.Now.Score != 0 {
		t.Errorf("without all: %v", got.Now)
	}
	if _, err := r.Through(Lens{Without: []string{"1", "12345"}}); err == nil || !strings.Contains(err.Error(), "12345") {
		t.Fatalf("got %v", err)
	}
	if _, err := r.Through(Lens{Purpose: "astrology"}); err == nil {
		t.Fatal("an unknown purpose passed")
	}
}

func TestThrough_LeavesTheReportAlone(t *testing.T) {
	t.Parallel()
	r := twoFindings(PersonalReputation)
	kept := *r
	kept.Findings, kept.RiskByYear = slices.Clone(r.Findings), slices.Clone(r.RiskByYear)
	through(t, r, Lens{Purpose: Academic, Dismissed: map[string]string{"b": "no"}, Without: []string{"1"}})
	if diff := cmp.Diff(&kept, r); diff != "" {
		t.Fatal("the report was changed", diff)
	}
}

// A report of an earlier version is looked at with the formula that made it, and says so.
func TestThrough_AReportOfTheFirstFormulaKeepsIt(t *testing.T) {
	t.Parallel()
	r := &Report{
		CreatedAt: today, ScoredAt: today, Purpose: PersonalReputation, Source: SourceX, Score: 66.7, Level: High,
		Versions: Versions{Score: "score-1"},
		Findings: []Finding{
			{ID: "a", PostID: "1", Severity: High, Category: Violence, Confidence: 0.95, PostedAt: today},  // 76
			{ID: "b", PostID: "2", Severity: Low, Category: Profanity, Confidence: 0.7, PostedAt: today},   // 14
			{ID: "c", PostID: "3", Severity: Critical, Category: Violence, Confidence: 1, Dismissed: true}, // nothing
		},
	}
	got := through(t, r, Lens{})
	if got.Score != 66.7 || got.Now.Score != 66.7 || got.Findings[0].Points != 76 { // 0.7 × 76 + 0.3 × 45
		t.Fatalf("made with %v, now %v", got.Score, got.Now)
	}
	if !strings.Contains(got.Summary, "keeps the earlier formula") {
		t.Fatal(got.Summary)
	}
	if got := through(t, r, Lens{Without: []string{"b"}}); got.Now.Score != 76 {
		t.Fatalf("without the light one: %v", got.Now)
	}
}

func TestRecommend_PrintsTheScoreThatEachStepLeadsTo(t *testing.T) {
	t.Parallel()
	r := twoFindings(PersonalReputation)
	after := map[string]*float64{}
	for _, rec := range r.Recommendations {
		after[rec.Title] = rec.ScoreAfter
	}
	if got := after["Delete the post that weighs most"]; got == nil || *got != 12.3 {
		t.Errorf("deleting the threat leads to %v", got)
	}
	if got, listed := after["Look again in three months"]; !listed || got != nil {
		t.Errorf("looking again leads to %v", got)
	}
	for title, score := range after {
		if score != nil && *score > r.Now.Score {
			t.Errorf("%q raises the score to %v", title, *score)
		}
	}
}
