package screen

import "github.com/repazoo/repazoo/internal/personal"

// appendPersonal adds what personal data the post shows to everybody. Package personal finds it, with the same
// detectors that replace it before a post leaves; what is replaced and shows nothing is no finding.
func appendPersonal(hits []Hit, text, lang string) []Hit {
	for _, s := range personal.Find(text, lang) {
		if !s.Exposed {
			continue
		}
		info := s.Kind.Info()
		hits = append(hits, Hit{
			Category: privacyExposure, Severity: info.Severity, Rule: "privacy." + string(s.Kind),
			Reason: info.Reason, Suggestion: removePost, Start: s.Start, End: s.End,
		})
	}
	return hits
}
