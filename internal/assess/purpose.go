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

// Weight is how much a category counts for a purpose; 1.0 where nothing else is published.
func Weight(p Purpose, c Category) float64 {
	switch p {
	case JobSearch:
		return jobSearchWeight(c)
	case VisaApplication:
		return visaWeight(c)
	case BrandBuilding, Influencer:
		return brandWeight(c)
	case PublicOffice:
		return publicOfficeWeight(c)
	default:
		return 1
	}
}

func jobSearchWeight(c Category) float64 {
	switch c {
	case ProfessionalConduct:
		return 2.5
	case HateSpeech, Harassment, BrandSafety:
		return 2
	case Profanity, Extremism:
		return 1.5
	default:
		return 1
	}
}

func visaWeight(c Category) float64 {
	switch c {
	case Extremism, Violence, GeopoliticalTopic:
		return 2.5
	case HateSpeech:
		return 2
	case Misinformation:
		return 1.5
	default:
		return 1
	}
}

func brandWeight(c Category) float64 {
	switch c {
	case BrandSafety:
		return 2.5
	case HateSpeech:
		return 1.8
	case Profanity, SexualContent:
		return 1.5
	case GeopoliticalTopic:
		return 0.8
	default:
		return 1
	}
}

func publicOfficeWeight(c Category) float64 {
	switch c {
	case Misinformation, HateSpeech:
		return 2
	case Harassment:
		return 1.8
	case ControversialTopic:
		return 1.5
	default:
		return 1
	}
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
