package assess

import (
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/fault"
)

// ParsePurpose reads a purpose as a person writes it. "" is the default; case, spaces and
// hyphens do not matter. An unknown one is a fault that lists the choices.
func ParsePurpose(s string) (Purpose, error) {
	p := Purpose(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(s))))
	switch {
	case p == "":
		return PersonalReputation, nil
	case slices.Contains(Purposes[:], p):
		return p, nil
	}
	names := make([]string, len(Purposes))
	for i, known := range Purposes {
		names[i] = string(known)
	}
	return "", fault.ValidationFailed.
		Saying("There is no such purpose. Choose one of: %s.", strings.Join(names, ", ")).
		At("body.purpose", "unknown purpose")
}

// Weight is how much a category counts for a purpose: between 0.5 and 2, and 1 where the
// table says nothing else.
func Weight(p Purpose, c Category) float64 {
	if w, ok := weights[p][c]; ok {
		return w
	}
	return 1
}

// weights is the whole of the difference between purposes. Some rows are bounded, so that
// docs/score.md stays true for every reader: a threat is high in each purpose (violence 0.84
// to 1.68), words of hate aimed at somebody are at least medium (hate speech and harassment
// from 0.88), swearing alone stays at most a little above low (profanity 0.72 to 1.88), and
// personal data, which does not age, counts alike for everybody.
var weights = map[Purpose]map[Category]float64{
	PersonalReputation: {},
	JobSearch: {
		ProfessionalConduct: 2, HateSpeech: 1.5, Harassment: 1.5, Profanity: 1.3, Extremism: 1.3, Violence: 1.2,
		SexualContent: 1.2, SubstanceUse: 1.2, BrandSafety: 1.2, ControversialTopic: 0.7, GeopoliticalTopic: 0.5,
	},
	CareerDevelopment: {
		ProfessionalConduct: 1.6, Harassment: 1.3, BrandSafety: 1.2, Profanity: 1.2, Misinformation: 1.1,
		ControversialTopic: 0.8, GeopoliticalTopic: 0.7,
	},
	BrandBuilding: {
		BrandSafety: 2, HateSpeech: 1.6, Profanity: 1.5, SexualContent: 1.5, Harassment: 1.2, SubstanceUse: 1.2,
		GeopoliticalTopic: 0.8,
	},
	Influencer: {
		SexualContent: 1.8, BrandSafety: 1.7, HateSpeech: 1.5, Harassment: 1.4, SubstanceUse: 1.4, Profanity: 1.3,
		Misinformation: 1.3, ControversialTopic: 1.1, GeopoliticalTopic: 0.8,
	},
	PublicOffice: {
		Misinformation: 2, HateSpeech: 1.7, Harassment: 1.6, ControversialTopic: 1.6, Extremism: 1.6, Violence: 1.4,
		GeopoliticalTopic: 1.3, Profanity: 1.1,
	},
	CorporateComms: {
		BrandSafety: 1.8, ProfessionalConduct: 1.7, Misinformation: 1.5, HateSpeech: 1.4, Harassment: 1.4,
		Profanity: 1.4, ControversialTopic: 1.2, GeopoliticalTopic: 1.2,
	},
	Academic: {
		Misinformation: 1.8, Harassment: 1.5, ProfessionalConduct: 1.4, HateSpeech: 1.4, Profanity: 0.9,
		SubstanceUse: 0.8, ControversialTopic: 0.8, BrandSafety: 0.6,
	},
	VisaApplication: {
		Extremism: 2, Violence: 1.6, HateSpeech: 1.6, GeopoliticalTopic: 1.5, Misinformation: 1.5, SubstanceUse: 1.4,
		ControversialTopic: 1.1, Profanity: 0.8, ProfessionalConduct: 0.6, BrandSafety: 0.5,
	},
}

// Title is the purpose in words: "job search".
func (p Purpose) Title() string { return strings.ReplaceAll(string(p), "_", " ") }

// Title is the category in words, as a heading: "Hate speech".
func (c Category) Title() string {
	words := strings.ReplaceAll(string(c), "_", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
