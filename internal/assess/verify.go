package assess

import (
	"slices"
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
	for from := 0; from < len(s); {
		to := from + max(1, norm.NFKC.NextBoundaryInString(s[from:], true))
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
		from = to
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

const (
	maxReasonRunes = 300
	maxThemes      = 3
	maxThemeRunes  = 40
)

// judgement keeps what holds of the model's answer about q. Claims that do not are counted as rejected.
func (q question) judgement(a answeredPost) Judgement {
	out := Judgement{Claims: []Claim{}, AddressesModel: q.talks || a.AddressesModel}
	out.Themes, out.Guarded = guardThemes(tidyThemes(a.Themes))
	for _, c := range a.Claims {
		claim, ok := q.verified(c)
		if !ok {
			out.Rejected++
			continue
		}
		given := claim.Reason
		if claim.Reason, claim.Code = guardReason(claim.Category, given); claim.Code != "" && given != "" {
			out.Guarded++
		}
		out.Claims = append(out.Claims, claim)
	}
	return out
}

// verified turns a claim about the aliased text into one about the post: known labels, and a quote that is found.
func (q question) verified(c answeredClaim) (Claim, bool) {
	known := slices.Contains(Categories[:], c.Category) && c.Severity.Rank() > 0 &&
		slices.Contains([]string{SuggestKeep, SuggestContext, SuggestDelete}, c.Suggestion)
	start, end, found := Verify(q.aliased.Text, c.Quote)
	if !known || !found {
		return Claim{}, false
	}
	start, end = q.aliased.original(start, end)
	return Claim{
		Category: c.Category, Severity: c.Severity, Suggestion: c.Suggestion, Reason: tidyWords(c.Reason, maxReasonRunes),
		Quote: q.text[start:end], Start: start, End: end, By: ByModel,
	}, true
}

func tidyThemes(themes []string) []string {
	var out []string
	for _, t := range themes {
		t = strings.ToLower(tidyWords(t, maxThemeRunes))
		if t != "" && len(out) < maxThemes && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// tidyWords makes words of the model fit to be shown: one line, nothing invisible, at most n code points.
func tidyWords(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	r := []rune(strings.Join(strings.Fields(s), " "))
	return string(r[:min(n, len(r))])
}
