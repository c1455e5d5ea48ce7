package assess

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// ScoreVersion names the formula in this file and the weights in purpose.go.
const ScoreVersion = "score-1"

// How sure a finding is, by who claims it.
const (
	bothConfidence   = 0.95
	modelConfidence  = 0.85
	screenConfidence = 0.7
)

// reviewBelow is the confidence under which a high finding asks for a person.
const reviewBelow = 0.7

// Base is the points of a severity before weights: low 20, medium 50, high 80,
// critical 100, anything else 0.
func (s Severity) Base() float64 {
	switch s {
	case Low:
		return 20
	case Medium:
		return 50
	case High:
		return 80
	case Critical:
		return 100
	default:
		return 0
	}
}

// LevelOf reads the level off a score: low ≤ 30 < medium ≤ 60 < high ≤ 85 < critical.
func LevelOf(score float64) Severity {
	switch {
	case score <= 30:
		return Low
	case score <= 60:
		return Medium
	case score <= 85:
		return High
	default:
		return Critical
	}
}

// Recency is how much a post's age takes from its points: 1.0 for a year, then a
// straight line to 0.5 at five years, and 0.5 for ever after: the internet does not
// forget. A post without a date, or from the future, counts in full.
func Recency(posted, now time.Time) float64 {
	const year, full, faded, floor = 365.25 * 24, 1.0, 5.0, 0.5
	if posted.IsZero() {
		return 1
	}
	age := now.Sub(posted).Hours() / year
	return 1 - (1-floor)*min(max(age-full, 0)/(faded-full), 1)
}

// Points is what one finding weighs: severity × weight × confidence × recency, rounded to
// two decimals so that a reader can add them up. A dismissed finding weighs nothing.
func Points(f Finding, p Purpose, now time.Time) float64 {
	if f.Dismissed {
		return 0
	}
	confidence := 0.0
	if f.Confidence > 0 { // false for NaN as well
		confidence = min(f.Confidence, 1)
	}
	return math.Round(f.Severity.Base()*Weight(p, f.Category)*confidence*Recency(f.PostedAt, now)*100) / 100
}

// Score sets the points of every finding in place and answers with the overall score,
// 0..100 with one decimal, and its level. The order of the findings does not matter.
func Score(findings []Finding, p Purpose, now time.Time) (float64, Severity) {
	var largest, sum, count int64 // hundredths: whole numbers add up alike in any order
	for i := range findings {
		findings[i].Points = Points(findings[i], p, now)
		if findings[i].Dismissed {
			continue
		}
		points := int64(math.Round(findings[i].Points * 100))
		largest, sum, count = max(largest, points), sum+points, count+1
	}
	if count == 0 {
		return 0, Low
	}
	raw := (0.7*float64(largest) + 0.3*float64(sum)/float64(count)) / 100
	score := math.Round(min(raw, 100)*10) / 10
	return score, LevelOf(score)
}

// Rescore gives the report that another purpose, or dismissing the findings named in
// without, would have given: same findings, everything that rests on the score computed
// anew. Findings that are dismissed already stay so. The given report is not changed.
func Rescore(r *Report, p Purpose, now time.Time, without []string) *Report {
	c := *r
	c.Purpose, c.ScoredAt = p, now
	c.Policy = policyTable(r.Source, p)
	c.Findings = slices.Clone(r.Findings)
	for i := range c.Findings {
		f := &c.Findings[i]
		f.Dismissed = f.Dismissed || slices.Contains(without, f.ID)
	}
	c.conclude()
	return &c
}

// conclude computes everything that follows from the findings, the purpose and ScoredAt.
// Run and Rescore both end here, so that a lens gives what a fresh run would.
func (r *Report) conclude() {
	r.Score, r.Level = Score(r.Findings, r.Purpose, r.ScoredAt)
	slices.SortFunc(r.Findings, byPoints)
	r.RiskByYear = riskByYear(r.RiskByYear, r.Findings, r.Purpose, r.ScoredAt)
	r.HumanReview = humanReview(r.Findings)
	r.KeyFindings = keyFindings(r.Findings)
	r.Recommendations = recommend(r)
	r.Summary = summarise(r)
}

// byPoints puts the heaviest first, then the newest; ids settle the rest.
func byPoints(a, b Finding) int {
	return cmp.Or(cmp.Compare(b.Points, a.Points), b.PostedAt.Compare(a.PostedAt), cmp.Compare(a.ID, b.ID))
}

// riskByYear scores each year's findings by the same formula. The years and their posts
// come from the run and are kept; a finding of another year adds that year.
func riskByYear(years []YearRisk, findings []Finding, p Purpose, now time.Time) []YearRisk {
	byYear := map[int][]Finding{}
	for _, f := range findings {
		if !f.PostedAt.IsZero() {
			y := f.PostedAt.UTC().Year()
			byYear[y] = append(byYear[y], f)
		}
	}
	out := make([]YearRisk, 0, len(years))
	for _, y := range years {
		out = append(out, yearRisk(y.Year, y.Posts, byYear[y.Year], p, now))
		delete(byYear, y.Year)
	}
	for year, found := range byYear {
		out = append(out, yearRisk(year, 0, found, p, now))
	}
	slices.SortFunc(out, func(a, b YearRisk) int { return cmp.Compare(a.Year, b.Year) })
	return out
}

func yearRisk(year, posts int, findings []Finding, p Purpose, now time.Time) YearRisk {
	score, _ := Score(findings, p, now)
	return YearRisk{Year: year, Posts: posts, Findings: len(counted(findings)), Score: score}
}

// counted are the findings that are not dismissed.
func counted(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Dismissed })
}

// humanReview asks for a person where a machine should not have the last word.
func humanReview(findings []Finding) HumanReview {
	var critical, unsure, disputed int
	for _, f := range counted(findings) {
		switch {
		case f.Severity == Critical:
			critical++
		case f.Severity == High && f.Confidence < reviewBelow:
			unsure++
		}
		if f.Disputed {
			disputed++
		}
	}
	h := HumanReview{Reasons: []string{}}
	for _, r := range []struct {
		n   int
		why string
	}{
		{critical, "of critical severity"},
		{unsure, "of high severity with a confidence under 0.7"},
		{disputed, "on which the two witnesses disagree about high severity"},
	} {
		if r.n > 0 {
			h.Reasons = append(h.Reasons, counting(r.n, "finding")+" "+r.why+".")
		}
	}
	h.Needed = len(h.Reasons) > 0
	return h
}
