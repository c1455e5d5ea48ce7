package assess

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// ScoreVersion names the formula in this file and the weights in purpose.go. A report keeps
// the version that it was made with, see [scoreFor].
const ScoreVersion = "score-2"

// How sure a finding is, by who claims it.
const (
	bothConfidence   = 1.0
	modelConfidence  = 0.9
	screenConfidence = 0.75
)

// nextOfKind is what each further finding of a category counts, relative to the one before
// it: the heaviest in full, the second nine tenths, the third 0.81 and so on. A thousand
// swear words are worth ten of them, not a thousand.
const nextOfKind = 0.9

// maxScore is the highest score there is, because a report can always get worse.
const maxScore = 99.9

// Rank orders severities: low 1, medium 2, high 3, critical 4, anything else 0.
func (s Severity) Rank() int {
	return 1 + slices.Index([]Severity{Low, Medium, High, Critical}, s)
}

// Chance is the score, as a part of 1, that one finding of the severity reaches alone: in a
// recent post, at full confidence and with a weight of 1. It is 0 for an unknown severity.
func (s Severity) Chance() float64 {
	switch s {
	case Low:
		return 0.03
	case Medium:
		return 0.16
	case High:
		return 0.42
	case Critical:
		return 0.72
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

// Recency is how much a finding counts at the age of its post: 1.0 for a year, then a
// straight line to 0.5 at five years, and 0.5 for ever after. A post without a date, or from
// the future, counts in full. So does exposed personal data of any age, because a card
// number stays one.
func Recency(c Category, posted, now time.Time) float64 {
	if c == PrivacyExposure {
		return 1
	}
	return fading(posted, now)
}

func fading(posted, now time.Time) float64 {
	const year, full, faded, floor = 365.25 * 24, 1.0, 5.0, 0.5
	if posted.IsZero() {
		return 1
	}
	age := now.Sub(posted).Hours() / year
	return 1 - (1-floor)*min(max(age-full, 0)/(faded-full), 1)
}

// Hazard is what one finding adds to the risk when nothing else of its category was found:
//
//	−ln(1 − chance) × confidence × recency × weight
//
// Hazards add up as those of independent accidents do. A dismissed finding has none.
func Hazard(f Finding, p Purpose, now time.Time) float64 {
	if f.Dismissed {
		return 0
	}
	confidence := 0.0
	if f.Confidence > 0 { // false for NaN as well
		confidence = min(f.Confidence, 1)
	}
	return -math.Log1p(-f.Severity.Chance()) * confidence * Recency(f.Category, f.PostedAt, now) * Weight(p, f.Category)
}

// Score sets the points of every finding in place and answers with the overall score,
// 0..99.9 with one decimal, and its level:
//
//	H     = Σ hazard × 0.9ᵏ over the findings of each category, heaviest first, k = 0, 1, 2 …
//	score = 100 × (1 − e^−H)
//
// A further finding never lowers it, and the order of the findings does not matter. The
// points share the score in proportion to the findings' parts of H and add up to it exactly.
func Score(findings []Finding, p Purpose, now time.Time) (float64, Severity) {
	for i := range findings {
		findings[i].Points = 0
	}
	parts, sum := hazards(findings, p, now)
	score := scoreOf(sum)
	share(findings, parts, sum, int(math.Round(score*100)))
	return score, LevelOf(score)
}

// scoreOf turns a sum of hazards into a score.
func scoreOf(sum float64) float64 {
	return min(math.Round(-math.Expm1(-sum)*1000)/10, maxScore)
}

// part is what one finding adds to the sum.
type part struct {
	finding int // its place among the findings
	size    float64
}

// hazards are the discounted hazards of the findings that count, and their sum.
func hazards(findings []Finding, p Purpose, now time.Time) (parts []part, sum float64) {
	for i, f := range findings {
		if h := Hazard(f, p, now); h > 0 {
			parts = append(parts, part{i, h})
		}
	}
	slices.SortFunc(parts, func(a, b part) int {
		f, g := findings[a.finding], findings[b.finding]
		return cmp.Or(cmp.Compare(f.Category, g.Category), cmp.Compare(b.size, a.size),
			g.PostedAt.Compare(f.PostedAt), cmp.Compare(f.ID, g.ID))
	})
	discount, category := 1.0, Category("")
	for i := range parts {
		if c := findings[parts[i].finding].Category; c != category {
			discount, category = 1, c
		}
		parts[i].size *= discount
		discount *= nextOfKind
		sum += parts[i].size
	}
	return parts, sum
}

// share gives each finding its points: so many hundredths of a point in proportion to the
// parts. The hundredths that rounding down leaves over go to the largest remainders.
func share(findings []Finding, parts []part, sum float64, hundredths int) {
	left := hundredths
	for i := range parts {
		exact := float64(hundredths) * parts[i].size / sum
		whole := math.Floor(exact)
		findings[parts[i].finding].Points = whole
		parts[i].size = exact - whole
		left -= int(whole)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.size, a.size) })
	for i, p := range parts {
		f := &findings[p.finding]
		if i < left {
			f.Points++
		}
		f.Points /= 100
	}
}

// scorer is one version of the formula.
type scorer func(findings []Finding, p Purpose, now time.Time) (float64, Severity)

// scoreFor is the formula that a report was made with. Reports from before versions were
// written down are of the first.
func scoreFor(version string) scorer {
	if version == ScoreVersion {
		return Score
	}
	return score1
}
