// Package voice tells which words of a post are its author's own.
//
// Before there were buttons for it, and beside them ever since, people passed on what others wrote by hand: "RT @a: …",
// a comment before it, "MT", "via @a", whole posts in quotation marks, lyrics between notes. Such words are not the
// author's, and nobody is to be judged by them.
//
//	r := voice.Of("so true! RT @a: you are a clown", "me")
//	r.Hold(13, 31)     // true: these words are @a's
//	r.OthersAlone()    // false: "so true!" is the author's
//
// It knows (others.go, quoted.go):
//
//	RT @a …          in the scripts in which people write it, also MT, PRT, QT, R/T, ♻, "//@a:"; a comment may stand
//	                 before it, and after an arrow or two bars behind it
//	… via @a         behind a link, a quotation or in brackets, as the share buttons of many languages write it
//	“@a: …”          the way in which phones quoted
//	“…” – Somebody   a whole post in quotation marks; in straight ones only with a name or a link
//	> …              quoted lines
//	♪ … ♪, #lyrics   lyrics; with #np the title of what is playing, and no more
//
// What the author repeats of themselves is their own. A quotation inside a sentence is not looked at here: how it is
// meant, denied or reported is for whoever reads the sentence.
//
// Of is pure, linear in the text, and takes a fraction of a microsecond for posts that pass nothing on.
package voice

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is a range of bytes of the text.
type Span struct{ Start, End int }

// Reading is which words of a text are somebody else's.
type Reading struct {
	text   string
	others []Span // in order, without overlaps
}

// Of reads a post. self is its author's handle, without @, or "".
func Of(text, self string) Reading {
	r := Reading{text: text}
	if strings.Contains(text, "@") || strings.Contains(text, "＠") {
		r.passedOn(self)
	}
	if len(r.others) == 0 && signed(text) {
		r.quoted()
	}
	r.others = joined(r.others)
	return r
}

// signed reports whether a text may hold a quotation, notes or a hashtag: a mark where a field begins, or the sign of
// a hashtag or of quoted lines. Most posts have none, though many have an apostrophe.
func signed(text string) bool {
	begins := true
	for i := range len(text) {
		switch c := text[i]; {
		case c == '#', c == '>', begins && (c >= utf8.RuneSelf || c == '"' || c == '\'' || c == '`'):
			return true
		case c >= utf8.RuneSelf: // it may be a space of another kind
			begins = true
		default:
			begins = c == ' ' || c >= '\t' && c <= '\r'
		}
	}
	return false
}

// joined orders spans and joins those that overlap.
func joined(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	var out []Span
	for _, s := range spans {
		if n := len(out); n > 0 && s.Start < out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}

// Any reports whether some of the words are somebody else's.
func (r Reading) Any() bool { return len(r.others) > 0 }

// Others are the parts of the text that are somebody else's, in order.
func (r Reading) Others() []Span { return slices.Clone(r.others) }

// Hold reports whether a part of the text lies among somebody else's words. One that begins or ends in the author's own
// words is the author's.
func (r Reading) Hold(start, end int) bool {
	i, _ := slices.BinarySearchFunc(r.others, start, func(s Span, at int) int { return cmp.Compare(s.End, at+1) })
	return i < len(r.others) && r.others[i].Start <= start && end <= r.others[i].End
}

// OthersAlone reports whether the author adds no word to what others said. Mentions, links, hashtags and signs are no
// words.
func (r Reading) OthersAlone() bool {
	if len(r.others) == 0 {
		return false
	}
	at := 0
	for _, s := range r.others {
		if hasWords(r.text[at:max(at, s.Start)]) {
			return false
		}
		at = max(at, s.End)
	}
	return !hasWords(r.text[at:])
}

func (r *Reading) add(start, end int) {
	if start < end {
		r.others = append(r.others, Span{start, end})
	}
}

// hasWords reports whether s holds a letter or digit outside of mentions, links and hashtags.
func hasWords(s string) bool {
	for field := range strings.FieldsFuncSeq(s, unicode.IsSpace) {
		if wordIn(field) >= 0 {
			return true
		}
	}
	return false
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

func isLink(field string) bool {
	return strings.HasPrefix(field, "http://") || strings.HasPrefix(field, "https://") ||
		strings.HasPrefix(field, "www.") || strings.HasPrefix(field, "pic.twitter.com/")
}

// lastWord is the word that s ends with, in its own case, and where it begins. A slash may stand inside of it.
func lastWord(s string) (word string, at int) {
	at = len(s)
	for at > 0 {
		r, n := utf8.DecodeLastRuneInString(s[:at])
		if !isWord(r) && r != '/' {
			break
		}
		at -= n
	}
	return s[at:], at
}

func trimRight(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }
func trimLeft(s string) string  { return strings.TrimLeftFunc(s, unicode.IsSpace) }
