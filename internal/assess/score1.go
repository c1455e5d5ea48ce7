package assess

import (
	"math"
	"time"
)

// Reports of 0.1.0 were scored by this formula, "score-1". They keep it for whatever is
// asked of them: another lens, a dismissal, a comparison. Nothing new is scored by it.

// score1 is 0.7 × the heaviest finding's points + 0.3 × the mean, at most 100. It falls when
// a light finding joins heavy ones, which is why it was replaced.
func score1(findings []Finding, p Purpose, now time.Time) (float64, Severity) {
	var largest, sum, count int64 // hundredths: whole numbers add up alike in any order
	for i := range findings {
		findings[i].Points = points1(findings[i], p, now)
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

func points1(f Finding, p Purpose, now time.Time) float64 {
	if f.Dismissed || !(f.Confidence > 0) {
		return 0
	}
	base := map[Severity]float64{Low: 20, Medium: 50, High: 80, Critical: 100}[f.Severity]
	return math.Round(base*weight1(p, f.Category)*min(f.Confidence, 1)*fading(f.PostedAt, now)*100) / 100
}

func weight1(p Purpose, c Category) float64 {
	if w, ok := weights1[p][c]; ok {
		return w
	}
	return 1
}

var brandWeights1 = map[Category]float64{
	BrandSafety: 2.5, HateSpeech: 1.8, Profanity: 1.5, SexualContent: 1.5, GeopoliticalTopic: 0.8,
}

var weights1 = map[Purpose]map[Category]float64{
	JobSearch: {
		ProfessionalConduct: 2.5, HateSpeech: 2, Harassment: 2, BrandSafety: 2, Profanity: 1.5, Extremism: 1.5,
	},
	VisaApplication: {
		Extremism: 2.5, Violence: 2.5, GeopoliticalTopic: 2.5, HateSpeech: 2, Misinformation: 1.5,
	},
	BrandBuilding: brandWeights1,
	Influencer:    brandWeights1,
	PublicOffice:  {Misinformation: 2, HateSpeech: 2, Harassment: 1.8, ControversialTopic: 1.5},
}
