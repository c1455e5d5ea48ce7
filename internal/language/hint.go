package language

import "strings"

// oldCodes are codes that X uses, and what they are called today.
var oldCodes = map[string]string{
	"in": "id", "iw": "he", "ji": "yi", "fil": "tl", "nb": "no", "nn": "no", "msa": "ms", "jw": "jv", "mo": "ro",
	"cmn": "zh",
}

// noLanguage are X's codes for posts without words of their own, or without a language that X could tell.
var noLanguage = map[string]bool{
	"und": true, "zxx": true, "qme": true, "qst": true, "qht": true, "qam": true, "qct": true, "art": true, "mul": true,
}

// kin are languages whose words stand in another one's section.
var kin = map[string]string{"sr": "hr", "bs": "hr", "hi": "hi-Latn", "ur": "hi-Latn", "ar": "ar-Latn", "zh": ""}

// normal is the code of X's label, or "" if the label names no language.
func normal(hint string) string {
	base, _, _ := strings.Cut(hint, "-")
	base = strings.ToLower(base)
	if noLanguage[base] || len(base) < 2 || len(base) > 3 {
		return ""
	}
	if now, ok := oldCodes[base]; ok {
		return now
	}
	return base
}

// hinted is the section that the hint speaks for in this script, -1 if there is none.
func (m *model) hinted(main script, hint string) int {
	for _, code := range [...]string{hint, kin[hint]} {
		for _, l := range m.within[main] {
			if code != "" && m.codes[l] == code {
				return l
			}
		}
	}
	return -1
}

// asHinted lets X decide between languages that share a section: Bosnian and Serbian are found as Croatian.
func asHinted(code, hint string) string {
	if code == "hr" && kin[hint] == code {
		return hint
	}
	return code
}
