package assess

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/words"
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
		Category: rapid.SampledFrom(Categories[:]).Draw(t, "category"),
		Severity: rapid.SampledFrom([]Severity{Low, Medium, High, Critical, "nonsense"}).Draw(t, "severity"),
		Confidence: rapid.OneOf(rapid.SampledFrom([]float64{0.75, 0.9, 1, math.NaN(), math.Inf(1)}),
			rapid.Float64()).Draw(t, "confidence"),
		PostedAt: rapid.SampledFrom([]time.Time{
			{},
			today, yearsAgo(2), yearsAgo(3.3), yearsAgo(8),
			today.AddDate(1, 0, 0),
		}).Draw(t, "posted"),
		Dismissed: rapid.Bool().Draw(t, "dismissed"),
	}
}

var findingsGen = rapid.SliceOfN(rapid.Custom(anyFinding), 0, 12)

// of draws a finding of one severity and category, as the screen alone makes it today.
func of(s Severity, c Category) Finding {
	return Finding{Severity: s, Category: c, Confidence: screenConfidence, PostedAt: today}
}

func many(n int, f Finding) []Finding {
	out := make([]Finding, n)
	for i := range out {
		out[i], out[i].ID = f, fmt.Sprint(f.ID, i)
	}
	return out
}

// What a reader expects of a score, by the screen alone and recent unless it says otherwise.
func TestScore_OfTheProfilesThatAReaderKnows(t *testing.T) {
	t.Parallel()
	threat := of(Critical, Violence)
	oldCard := of(Critical, PrivacyExposure)
	oldCard.PostedAt = yearsAgo(8)
	for _, c := range []struct {
		name     string
		findings []Finding
		purposes []Purpose
		from, to float64
	}{
		{"one mild swear word", many(1, of(Low, Profanity)), Purposes[:], 0.1, 5},
		{"260 mild swear words", many(260, of(Low, Profanity)), Purposes[:], 15, 35},
		{"one complaint about a boss", many(1, of(Medium, ProfessionalConduct)), []Purpose{JobSearch}, 15, 35},
		{"one slur aimed at somebody", many(1, of(High, HateSpeech)), Purposes[:], 30, 60},
		{"one insult aimed at somebody", many(1, of(High, Harassment)), Purposes[:], 30, 60},
		{"a lone word like a slur", many(1, of(Medium, HateSpeech)), Purposes[:], 5, 30},
		{"one death threat", []Finding{threat}, Purposes[:], 55, 80},
		{"150 threats and 900 slurs", append(many(150, threat), many(900, of(High, HateSpeech))...), Purposes[:], 97.1, 99.9},
		{"a card number of eight years ago", []Finding{oldCard}, Purposes[:], 60.1, 99.9},
		{"nothing", nil, Purposes[:], 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, p := range c.purposes {
				if got, _ := Score(c.findings, p, today); got < c.from || got > c.to {
					t.Errorf("%s: got %v, want %v to %v", p, got, c.from, c.to)
				}
			}
		})
	}
}

func TestScore_OfAThreatAmongSwearWordsIsAboveTheThreatAlone(t *testing.T) {
	t.Parallel()
	for _, p := range Purposes {
		alone, _ := Score([]Finding{of(Critical, Violence)}, p, today)
		among, _ := Score(append(many(200, of(Low, Profanity)), of(Critical, Violence)), p, today)
		if among <= alone {
			t.Errorf("%s: %v alone, %v among 200 swear words", p, alone, among)
		}
	}
}

func TestHazard_FollowsSeverityConfidenceAgeAndWeight(t *testing.T) {
	t.Parallel()
	base := Hazard(of(High, Harassment), PersonalReputation, today)
	change := func(do func(*Finding)) Finding {
		f := of(High, Harassment)
		do(&f)
		return f
	}
	for _, c := range []struct {
		name    string
		finding Finding
		purpose Purpose
		want    float64 // times the plain one
	}{
		{"both witnesses", change(func(f *Finding) { f.Confidence = bothConfidence }), PersonalReputation, 1 / 0.75},
		{"three years old", change(func(f *Finding) { f.PostedAt = yearsAgo(3) }), PersonalReputation, 0.75},
		{"very old", change(func(f *Finding) { f.PostedAt = yearsAgo(12) }), PersonalReputation, 0.5},
		{"weighted", of(High, Harassment), JobSearch, 1.5},
		{"dismissed", change(func(f *Finding) { f.Dismissed = true }), PersonalReputation, 0},
		{"unknown severity", change(func(f *Finding) { f.Severity = "terrible" }), PersonalReputation, 0},
		{"no confidence", change(func(f *Finding) { f.Confidence = math.NaN() }), PersonalReputation, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Hazard(c.finding, c.purpose, today) / base; math.Abs(got-c.want) > 1e-9 {
				t.Fatalf("got %v times, want %v", got, c.want)
			}
		})
	}
}

func TestRecency_NeverFadesExposedPersonalData(t *testing.T) {
	t.Parallel()
	if got := Recency(PrivacyExposure, yearsAgo(20), today); got != 1 {
		t.Fatalf("got %v", got)
	}
}

func TestRecency_FallsEvenlyFromOneYearToFiveAndNeverBelowHalf(t *testing.T) {
	t.Parallel()
	for years, want := range map[float64]float64{-1: 1, 0: 1, 1: 1, 2: 0.875, 3: 0.75, 5: 0.5, 40: 0.5} {
		if got := Recency(Violence, yearsAgo(years), today); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v years: got %v, want %v", years, got, want)
		}
	}
	if got := Recency(Violence, time.Time{}, today); got != 1 {
		t.Errorf("no date: got %v, want 1", got)
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
	for score, want := range map[float64]Severity{
		0: Low, 30: Low, 30.1: Medium, 60: Medium, 60.1: High, 85: High,
		85.1: Critical, 100: Critical,
	} {
		if got := LevelOf(score); got != want {
			t.Errorf("%v: got %v, want %v", score, got, want)
		}
	}
}

// anyScore scores a copy.
func anyScore(findings []Finding, p Purpose) float64 {
	score, _ := Score(slices.Clone(findings), p, today)
	return score
}

var purposeGen = rapid.SampledFrom(Purposes[:])

func TestScore_StaysInBoundsAndItsLevelMatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		findings := findingsGen.Draw(t, "findings")
		score, level := Score(findings, purposeGen.Draw(t, "purpose"), today)
		if !(score >= 0 && score <= 99.9) || level != LevelOf(score) || score != float64(tenths(score))/10 {
			t.Fatalf("score %v level %v", score, level)
		}
	})
}

func TestScore_IsTheSumOfThePointsAsPrinted(t *testing.T) {
	t.Parallel()
	check := func(t interface{ Fatalf(string, ...any) }, findings []Finding, p Purpose) {
		score, _ := Score(findings, p, today)
		sum := 0
		for _, f := range findings {
			hundredths := math.Round(f.Points * 100)
			if f.Points < 0 || hundredths/100 != f.Points || f.Dismissed && f.Points != 0 {
				t.Fatalf("points %v", f.Points)
			}
			sum += int(hundredths)
		}
		if sum != 10*tenths(score) {
			t.Fatalf("the points add up to %d hundredths, the score is %v", sum, score)
		}
	}
	rapid.Check(t, func(t *rapid.T) { check(t, findingsGen.Draw(t, "findings"), purposeGen.Draw(t, "purpose")) })
	check(t, append(many(3000, of(Low, Profanity)), many(2000, of(Critical, Violence))...), JobSearch)
}

func TestScore_DoesNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		findings := findingsGen.Draw(t, "findings")
		shuffled := rapid.Permutation(findings).Draw(t, "shuffled")
		if a, b := anyScore(findings, JobSearch), anyScore(shuffled, JobSearch); a != b {
			t.Fatalf("%v in one order, %v in another", a, b)
		}
	})
}

func TestScore_NeverFallsWhenSomethingWorseIsKnown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		findings, p := findingsGen.Draw(t, "findings"), purposeGen.Draw(t, "purpose")
		before := anyScore(findings, p)
		one := rapid.Custom(anyFinding).Draw(t, "one more")
		if after := anyScore(append(slices.Clone(findings), one), p); after < before {
			t.Fatalf("one more finding: %v, was %v", after, before)
		}
		if len(findings) == 0 {
			return
		}
		i := rapid.IntRange(0, len(findings)-1).Draw(t, "which")
		worse := func(what string, change func(*Finding)) {
			changed := slices.Clone(findings)
			change(&changed[i])
			if after := anyScore(changed, p); after < before {
				t.Fatalf("%s: %v, was %v", what, after, before)
			}
		}
		worse("severer", func(f *Finding) {
			if r := f.Severity.Rank(); r > 0 && r < 4 {
				f.Severity = []Severity{Low, Medium, High, Critical}[r]
			}
		})
		worse("surer", func(f *Finding) { f.Confidence = max(f.Confidence, rapid.Float64Range(0, 1).Draw(t, "confidence")) })
		worse("restored", func(f *Finding) { f.Dismissed = false })
		worse("newer", func(f *Finding) { f.PostedAt = today })
	})
}

func TestScore_DismissingIsTheSameAsNotFindingAndNeverRaisesIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		findings := findingsGen.Filter(func(f []Finding) bool { return len(f) > 0 }).Draw(t, "findings")
		i := rapid.IntRange(0, len(findings)-1).Draw(t, "which")
		removed := slices.Delete(slices.Clone(findings), i, i+1)
		before := anyScore(findings, VisaApplication)
		findings[i].Dismissed = true
		a, b := anyScore(findings, VisaApplication), anyScore(removed, VisaApplication)
		if a != b || a > before {
			t.Fatalf("was %v, dismissed %v, removed %v", before, a, b)
		}
	})
}

func TestWeight_NeverLetsALighterSeverityOutweighAMuchHeavierOne(t *testing.T) {
	t.Parallel()
	for _, p := range Purposes {
		for _, age := range []time.Time{today, yearsAgo(3), yearsAgo(9)} {
			for _, heavy := range Categories {
				for _, light := range Categories {
					for _, pair := range [][2]Severity{{Critical, Medium}, {High, Low}} {
						a := Finding{Severity: pair[0], Category: heavy, Confidence: 0.75, PostedAt: age}
						b := Finding{Severity: pair[1], Category: light, Confidence: 0.75, PostedAt: age}
						if Hazard(a, p, today) <= Hazard(b, p, today) {
							t.Errorf("%s: %s %s does not outweigh %s %s", p, pair[0], heavy, pair[1], light)
						}
					}
				}
			}
		}
	}
}

func TestWeight_StaysBetweenAHalfAndTwoAndTellsEveryPurposeApart(t *testing.T) {
	t.Parallel()
	seen := map[string]Purpose{}
	for _, p := range Purposes {
		var row string
		for _, c := range Categories {
			w := Weight(p, c)
			if w < 0.5 || w > 2 {
				t.Errorf("%s, %s: %v", p, c, w)
			}
			row += fmt.Sprint(anyScore([]Finding{of(High, c)}, p), " ")
		}
		if other, same := seen[row]; same {
			t.Errorf("%s scores every category like %s", p, other)
		}
		seen[row] = p
	}
}

func TestScore_ReachesEveryLevelByTheScreenAloneInEveryPurpose(t *testing.T) {
	t.Parallel()
	for _, p := range Purposes {
		reached := map[Severity]bool{}
		for _, findings := range [][]Finding{
			many(1, of(Low, Profanity)), many(1, of(High, HateSpeech)), many(1, of(Critical, Violence)),
			many(3, of(Critical, Violence)),
		} {
			_, level := Score(findings, p, today)
			reached[level] = true
		}
		if len(reached) != 4 {
			t.Errorf("%s reaches only %v", p, reached)
		}
	}
}

func TestHumanReview_IsAskedForWhereAMachineShouldNotDecide(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		finding Finding
		want    []string
	}{
		{"critical", Finding{Severity: Critical, Confidence: 0.95}, []string{"1 finding of critical severity."}},
		{
			"unsure and high",
			Finding{Severity: High, Confidence: 0.69},
			[]string{"1 finding of high severity with a confidence under 0.7."},
		},
		{
			"disputed",
			Finding{Severity: High, Confidence: 0.7, Disputed: true},
			[]string{"1 finding on which the two witnesses disagree about high severity."},
		},
		{"high and sure", Finding{Severity: High, Confidence: 0.7}, []string{}},
		{"dismissed", Finding{Severity: Critical, Dismissed: true}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := humanReview(words.For("en"), []Finding{c.finding}, false)
			if diff := cmp.Diff(HumanReview{Needed: len(c.want) > 0, Reasons: c.want}, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}
