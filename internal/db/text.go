package db

import (
	"strings"
	"unicode"
)

// Storable is what others wrote as both databases can keep it and a log can show it: valid UTF-8 without control
// characters or white space around it, at most limit runes.
func Storable(s string, limit int) string {
	var b strings.Builder
	for _, r := range s {
		if limit == 0 {
			break
		}
		if r != unicode.ReplacementChar && !unicode.IsControl(r) {
			b.WriteRune(r)
			limit--
		}
	}
	return strings.TrimSpace(b.String())
}
