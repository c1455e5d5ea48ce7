package analysis

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Verify finds quote in text and returns its byte offsets there. A model rarely copies typography exactly, so where the
// exact words are not found, both sides are compared with Unicode compatibility forms, white space, quotation marks,
// dashes and invisible characters folded. Case is kept: a changed case is a changed quote.
//
// The offsets always lie on whole code points of text, with start < end. A blank quote is never found.
func Verify(text, quote string) (start, end int, ok bool) {
	if strings.TrimSpace(quote) == "" {
		return 0, 0, false
	}
	if i := strings.Index(text, quote); i >= 0 {
		return i, i + len(quote), true
	}
	want := strings.TrimSpace(foldQuotable(quote).text)
	if want == "" {
		return 0, 0, false
	}
	folded := foldQuotable(text)
	i := strings.Index(folded.text, want)
	if i < 0 {
		return 0, 0, false
	}
	return folded.starts[i], folded.ends[i+len(want)-1], true
}

// quotable is text folded for comparison. Each of its bytes remembers which bytes of the original it came from.
type quotable struct {
	text         string
	starts, ends []int
}

func foldQuotable(s string) quotable {
	var b strings.Builder
	f := quotable{starts: make([]int, 0, len(s)), ends: make([]int, 0, len(s))}
	space := false // whether the last thing written is a space
	for from, to := 0, 0; from < len(s); from = to {
		to = from + max(1, norm.NFKC.NextBoundaryInString(s[from:], true))
		for _, r := range norm.NFKC.String(s[from:to]) {
			folded := foldRune(r)
			if folded == "" || folded == " " && space {
				continue
			}
			space = folded == " "
			b.WriteString(folded)
			for range len(folded) {
				f.starts, f.ends = append(f.starts, from), append(f.ends, to)
			}
		}
	}
	f.text = b.String()
	return f
}

// foldRune is what stands for r in a comparison; "" drops it.
func foldRune(r rune) string {
	switch {
	case unicode.IsSpace(r):
		return " "
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), unicode.IsControl(r):
		return "" // zero-width characters, soft hyphens, direction marks, emoji variants
	case unicode.Is(unicode.Pd, r), r == '−':
		return "-"
	}
	switch r {
	case '‘', '’', '‚', '‛', '′', '‹', '›', '`', '´':
		return "'"
	case '“', '”', '„', '‟', '″', '«', '»':
		return `"`
	}
	return string(r)
}
