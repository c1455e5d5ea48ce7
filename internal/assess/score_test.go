package assess

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func yearsAgo(n float64) time.Time {
	return today.Add(-time.Duration(n * 365.25 * 24 * float64(time.Hour)))
}

// anyFinding draws findings as a run makes them, and some that are broken.
func anyFinding(t *rapid.T) Finding {
	id := rapid.StringMatching(`[a-z]{3}`).Draw(t, "id")
	return Finding{
		ID: id, PostID: rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "post"), Quote: id,
		Category:   rapid.SampledFrom(Categories[:]).Draw(t, "category"),
		Severity:   rapid.SampledFrom([]Severity{Low, Medium, High, Critical, "nonsense"}).Draw(t, "severity"),
		Confidence: rapid.OneOf(rapid.SampledFrom([]float64{0.7, 0.85, 0.95, math.NaN(), math.Inf(1)}), rapid.Float64()).Draw(t, "confidence"),
		PostedAt:   rapid.SampledFrom([]time.Time{{}, today, yearsAgo(2), yearsAgo(3.3), yearsAgo(8), today.AddDate(1, 0, 0)}).Draw(t, "posted"),
		Dismissed:  rapid.Bool().Draw(t, "dismissed"),
	}
}

var findingsGen = rapid.SliceOfN(rapid.Custom(anyFinding), 0, 12)

func TestPoints_AreSeverityTimesWeightTimesConfidenceTimesRecency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		finding Finding
		purpose Purpose
		want    float64
	}{
		{"plain", Finding{Severity: High, Category: Violence, Confidence: 0.95, PostedAt: today}, PersonalReputation, 76},
		{"weighted", Finding{Severity: Medium, Category: ProfessionalConduct, Confidence: 0.85, PostedAt: today}, JobSearch, 106.25},
		{"three years old", Finding{Severity: Critical, Category: Violence, Confidence: 0.7, PostedAt: yearsAgo(3)}, PersonalReputation, 52.5},
		{"very old", Finding{Severity: Low, Category: Profanity, Confidence: 0.7, PostedAt: yearsAgo(12)}, PersonalReputation, 7},
		{"less than usual", Finding{Severity: Medium, Category: GeopoliticalTopic, Confidence: 0.7}, Influencer, 28},
		{"dismissed", Finding{Severity: Critical, Category: Violence, Confidence: 0.95, Dismissed: true}, VisaApplication, 0},
		{"unknown severity", Finding{Severity: "terrible", Category: Violence, Confidence: 0.95}, VisaApplication, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Points(c.finding, c.purpose, today); got != c.want {
				t.Fatalf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRecency_FallsEvenlyFromOneYearToFiveAndNeverBelowHalf(t *testing.T) {
	t.Parallel()
	for years, want := range map[float64]float64{-1: 1, 0: 1, 1: 1, 2: 0.875, 3: 0.75, 5: 0.5, 40: 0.5} {
		if got := Recency(yearsAgo(years), today); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v years: got %v, want %v", years, got, want)
		}
	}
	if got := Recency(time.Time{}, today); got != 1 {
		t.Errorf("no date: got %v, want 1", got)
	}
}

func TestScore_IsSeventyPercentLargestAndThirtyPercentMean(t *testing.T) {
	t.Parallel()
	findings := []Finding{
		{Severity: High, Category: Violence, Confidence: 0.95, PostedAt: today},  // 76
		{Severity: Low, Category: Profanity, Confidence: 0.7, PostedAt: today},   // 14
		{Severity: Critical, Category: Violence, Confidence: 1, Dismissed: true}, // nothing
	}
	score, level := Score(findings, PersonalReputation, today)
	if score != 66.7 || level != High { // 0.7 × 76 + 0.3 × 45
		t.Fatalf("got %v %v, want 66.7 high", score, level)
	}
	if findings[0].Points != 76 || findings[1].Points != 14 || findings[2].Points != 0 {
		t.Fatalf("points not set in place: %+v", findings)
	}
}

func TestScore_OfNoFindingsIsZeroAndLow(t *testing.T) {
	t.Parallel()
	if score, level := Score(nil, JobSearch, today); score != 0 || level != Low {
		t.Fatalf("got %v %v", score, level)
	}
}

func TestLevelOf_ChangesRightAfterItsBounds(t *testing.T) {
	t.Parallel()
	for score, want := range map[float64]Severity{0: Low, 30: Low, 30.1: Medium, 60: Medium, 60.1: High, 85: High, 85.1: Critical, 100: Critical} {
		if got := LevelOf(score); got != want {
			t.Errorf("%v: got %v, want %v", score, got, want)
		}
	}
}

func TestScore_StaysInBoundsAndItsLevelMatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		findings := findingsGen.Draw(t, "findings")
		p := rapid.SampledFrom(Purposes[:]).Draw(t, "purpose")
		score, level := Score(findings, p, today)
		if !(score >= 0 && score <= 100) || level != LevelOf(score) || score != float64(tenths(score))/10 {
			t.Fatalf("score %v level %v", score, level)
		}
		for _, f := range findings {
			if !(f.Points >= 0 && f.Points <= 250) {
				t.Fatalf("points %v", f.Points)
			}
		}
	})
}

func TestScore_DoesNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		findings := findingsGen.Draw(t, "findings")
		shuffled := rapid.Permutation(findings).Draw(t, "shuffled")
		a, _ := Score(findings, JobSearch, today)
		b, _ := Score(shuffled, JobSearch, today)
		if a != b {
			t.Fatalf("%v in one order, %v in another", a, b)
		}
	})
}

func TestScore_DismissingIsTheSameAsNotFinding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		findings := findingsGen.Filter(func(f []Finding) bool { return len(f) > 0 }).Draw(t, "findings")
		i := rapid.IntRange(0, len(findings)-1).Draw(t, "which")
		removed := slices.Delete(slices.Clone(findings), i, i+1)
		before := slices.Clone(findings)
		Score(before, VisaApplication, today)
		findings[i].Dismissed = true
		a, _ := Score(findings, VisaApplication, today)
		b, _ := Score(removed, VisaApplication, today)
		if a != b {
			t.Fatalf("dismissed %v, removed %v", a, b)
		}
		if heaviest(findings) > heaviest(before) {
			t.Fatal("dismissing raised the largest points")
		}
	})
}

func heaviest(findings []Finding) (points float64) {
	for _, f := range findings {
		points = max(points, f.Points)
	}
	return points
}

func TestHumanReview_IsAskedForWhereAMachineShouldNotDecide(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		finding Finding
		want    []string
	}{
		{"critical", Finding{Severity: Critical, Confidence: 0.95}, []string{"1 finding of critical severity."}},
		{"unsure and high", Finding{Severity: High, Confidence: 0.69}, []string{"1 finding of high severity with a confidence under 0.7."}},
		{"disputed", Finding{Severity: High, Confidence: 0.7, Disputed: true}, []string{"1 finding on which the two witnesses disagree about high severity."}},
		{"high and sure", Finding{Severity: High, Confidence: 0.7}, []string{}},
		{"dismissed", Finding{Severity: Critical, Dismissed: true}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := humanReview([]Finding{c.finding})
			if diff := cmp.Diff(HumanReview{Needed: len(c.want) > 0, Reasons: c.want}, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestRescore_LeavesTheReportAloneAndRecomputesWhatRestsOnTheScore(t *testing.T) {
	t.Parallel()
	r := &Report{
		CreatedAt: today, ScoredAt: today, Purpose: PersonalReputation, Source: SourceX,
		RiskByYear: []YearRisk{{Year: 2025, Posts: 3}, {Year: 2026, Posts: 20}},
		Findings: []Finding{
			{ID: "a", PostID: "1", Quote: "x", Severity: Critical, Category: Violence, Confidence: 0.95, PostedAt: today},
			{ID: "b", PostID: "2", Quote: "y", Severity: Medium, Category: ProfessionalConduct, Confidence: 0.7, PostedAt: today},
		},
	}
	r.conclude()
	if r.Score != 86 || r.Level != Critical || !r.HumanReview.Needed {
		t.Fatalf("got %v %v", r.Score, r.Level)
	}
	kept := *r
	kept.Findings = slices.Clone(r.Findings)

	got := Rescore(r, JobSearch, today, []string{"a"})
	if got.Score != 87.5 || got.Level != Critical || got.HumanReview.Needed || !got.Findings[1].Dismissed {
		t.Fatalf("got %v %v %+v", got.Score, got.Level, got.Findings)
	}
	want := []YearRisk{{Year: 2025, Posts: 3}, {Year: 2026, Posts: 20, Findings: 1, Score: 87.5}}
	if diff := cmp.Diff(want, got.RiskByYear); diff != "" {
		t.Fatal(diff)
	}
	if len(got.KeyFindings) != 1 || got.Summary == r.Summary {
		t.Fatalf("the words did not follow: %q", got.Summary)
	}
	if diff := cmp.Diff(kept.Findings, r.Findings); diff != "" || r.Score != 86 {
		t.Fatal("the given report was changed", diff)
	}
}
