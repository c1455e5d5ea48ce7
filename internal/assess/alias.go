package assess

import (
	"fmt"
	"strings"

	"github.com/repazoo/repazoo/internal/personal"
)

// aliasedText is a post's text with what identifies people and places replaced by placeholders that say what stood
// there: @person1, [name1], [email1], [phone1], [card1] and so on. The same words get the same placeholder within one
// post. Names that cannot be told as names remain: see package personal.
type aliasedText struct {
	Text  string
	spans []aliasSpan // in order, without overlaps
}

// aliasSpan is one replacement: bytes from:to of the original became at:until of the aliased text.
type aliasSpan struct {
	from, to, at, until int
	kind                string
}

// alias replaces everything of the kinds that [personal.Kinds] lists, and the names own of the account itself.
func alias(text, lang string, own []string) aliasedText {
	var b strings.Builder
	var out aliasedText
	names := map[string]string{} // by the kind and the words replaced
	count := map[string]int{}
	done := 0
	for _, found := range personal.Identifying(text, lang, own...) {
		s := aliasSpan{from: found.Start, to: found.End, kind: placeholderKind(found.Kind)}
		key := s.kind + "\x00" + strings.ToLower(text[s.from:s.to])
		if names[key] == "" {
			count[s.kind]++
			names[key] = placeholder(s.kind, count[s.kind])
		}
		b.WriteString(text[done:s.from])
		s.at = b.Len()
		b.WriteString(names[key])
		s.until = b.Len()
		done = s.to
		out.spans = append(out.spans, s)
	}
	b.WriteString(text[done:])
	out.Text = b.String()
	return out
}

// placeholderKind is the word in a placeholder. The rubric explains each.
func placeholderKind(k personal.Kind) string {
	switch k {
	case personal.Coordinates:
		return "location"
	case personal.Place:
		return "address"
	}
	return string(k)
}

func placeholder(kind string, n int) string {
	if kind == "person" {
		return fmt.Sprintf("@person%d", n)
	}
	return fmt.Sprintf("[%s%d]", kind, n)
}

// original maps bytes start:end of the aliased text to those of the original. A range that touches a placeholder takes
// in the whole of what was replaced.
func (a aliasedText) original(start, end int) (int, int) {
	return a.locate(start, false), a.locate(end, true)
}

// locate maps one offset. Inside a placeholder it moves out to the edge that keeps the placeholder in the range.
func (a aliasedText) locate(at int, isEnd bool) int {
	shift := 0 // original minus aliased
	for _, s := range a.spans {
		if at <= s.at {
			break
		}
		if at < s.until {
			if isEnd {
				return s.to
			}
			return s.from
		}
		shift = s.to - s.until
	}
	return at + shift
}
