package typeset

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many accents stacked on one letter are kept. Pointed Hebrew needs four.
const maxMarks = 5

// Clean makes text from outside fit to be set: valid UTF-8, one kind of line end, no control characters, no direction
// controls, and no more than a few accents on a letter.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(unicode.ReplacementChar)) // halves of surrogate pairs too
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	for _, r := range s {
		r, keep := cleaned(r)
		if !keep {
			continue
		}
		if unicode.In(r, unicode.Mn, unicode.Me) && !isVariation(r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else if r != zeroWidthJoiner {
			marks = 0
		}
		b.WriteRune(r)
	}
	return b.String()
}

const zeroWidthJoiner = '\u200d'

// plain is the quick answer for most text.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x7F || s[i] < ' ' && s[i] != '\n' {
			return false
		}
	}
	return true
}

func cleaned(r rune) (rune, bool) {
	switch {
	case r == '\n', r == '\v', r == '\f', r == '\r', r == '\u0085', r == '\u2028', r == '\u2029':
		return '\n', true
	case r == '\t':
		return ' ', true
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Bidi_Control, r), r == '\ufeff':
		return 0, false
	case r >= 0xFFF9 && r <= 0xFFFB, r >= 0xE0000 && r < 0xE0020: // annotations and old tags
		return 0, false
	case unicode.Is(unicode.Noncharacter_Code_Point, r):
		return 0, false
	}
	return r, true
}

// isVariation tells whether a character only chooses how the one before it looks.
func isVariation(r rune) bool { return r >= 0xFE00 && r <= 0xFE0F }

// isUnseen characters choose no face: they follow their neighbours.
func isUnseen(r rune) bool {
	return isVariation(r) || unicode.Is(unicode.Cf, r) || r == '\u034f' || r == '\u115f' || r == '\u1160' ||
		r == '\u3164' || r >= 0xE0100 && r <= 0xE01EF
}
