package personal

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word, a run of digits, or one sign.
type token struct {
	from, to int
	kind     byte // word, digits, other, or the ASCII sign itself
	gap      bool // blanks stand before it
	line     bool // it begins a line
	capital  bool // a word that begins with a capital letter
	inLink   bool // part of a web address
	cue      cue
}

// unspaced is the first of the scripts that are written without blanks between words.
const unspaced = 0x2e80

const (
	word   = 'a'
	digits = '0'
	other  = 'x'
)

// maxText is how much of a text is looked at. X allows 25,000 characters, which are 100,000 bytes at most.
const maxText = 128 << 10

// read folds the text and cuts it into tokens.
func (s *scan) read(text, lang string) {
	lang, _, _ = strings.Cut(lang, "-")
	s.lang = strings.ToLower(lang)
	s.fold(text[:min(len(text), maxText)])
	if n := len(s.s) / 4; cap(s.tokens) < n {
		s.tokens = make([]token, 0, n)
	}
	gap, line := true, true
	longest := 0
	for i := 0; i < len(s.s); {
		t, blank, newline := s.cut(i)
		if blank > 0 {
			gap, line = true, line || newline
			i += blank
			longest = i
			continue
		}
		t.gap, t.line = gap, line
		gap, line = false, false
		if t.kind == word {
			s.cueOf(&t)
		}
		s.tokens = append(s.tokens, t)
		i = t.to
		s.hasDigit = s.hasDigit || t.kind == digits
		s.hasKey = s.hasKey || i-longest >= minKey
	}
}

// cut makes the token at i, or says how many bytes are blank there.
func (s *scan) cut(i int) (t token, blank int, newline bool) {
	c := s.s[i]
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return t, 1, c == '\n'
	case c >= '0' && c <= '9':
		j := i + 1
		for j < len(s.s) && s.s[j] >= '0' && s.s[j] <= '9' {
			j++
		}
		return token{from: i, to: j, kind: digits}, 0, false
	case c < utf8.RuneSelf && c|0x20 < 'a' || c < utf8.RuneSelf && c|0x20 > 'z':
		return token{from: i, to: i + 1, kind: c}, 0, false
	}
	j, eastern := i, false
	for j < len(s.s) {
		c := s.s[j]
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			if eastern {
				break
			}
			j++
			continue
		}
		if c < utf8.RuneSelf {
			if c != '\'' || j+1 >= len(s.s) || !isLetterAt(s.s[j+1:]) {
				break
			}
			j++
			continue
		}
		r, n := utf8.DecodeRuneInString(s.s[j:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) || j > i && (r >= unspaced) != eastern {
			break
		}
		eastern = r >= unspaced
		j += n
	}
	if j == i {
		_, n := utf8.DecodeRuneInString(s.s[i:])
		return token{from: i, to: i + n, kind: other}, 0, false
	}
	r, _ := utf8.DecodeRuneInString(s.s[i:])
	return token{from: i, to: j, kind: word, capital: unicode.IsUpper(r)}, 0, false
}

func isLetterAt(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r)
}

// text is what a token holds.
func (s *scan) text(i int) string { return s.s[s.tokens[i].from:s.tokens[i].to] }

// is reports whether token i is of a kind; there need be no token i.
func (s *scan) is(i int, kind byte) bool {
	s.steps++
	return i >= 0 && i < len(s.tokens) && s.tokens[i].kind == kind
}

// glued reports whether token i stands right behind token i-1.
func (s *scan) glued(i int) bool {
	s.steps++
	return i > 0 && i < len(s.tokens) && !s.tokens[i].gap
}

// before gathers the cues of up to n words before token i, in the same sentence.
func (s *scan) before(i, n int) (c cue) {
	for j := i - 1; j >= 0 && j > i-14 && n > 0; j-- {
		t := &s.tokens[j]
		s.steps++
		if t.kind == word {
			n--
			c |= t.cue
		}
		if s.ends(j) || s.tokens[j+1].line && t.cue == 0 && t.kind != ':' {
			break
		}
	}
	return c
}

// after gathers the cues of up to n words behind token i, in the same sentence.
func (s *scan) after(i, n int) (c cue) {
	for j := i + 1; j < len(s.tokens) && j < i+6 && n > 0 && !s.ends(j) && !s.tokens[j].line; j++ {
		s.steps++
		if s.tokens[j].kind == word {
			n--
			c |= s.tokens[j].cue
		}
	}
	return c
}

// ends reports whether a sentence ends with token j: a full stop behind a word of more
// than four letters, so that "no.", "Nr." and "tel." end nothing.
func (s *scan) ends(j int) bool {
	switch s.tokens[j].kind {
	case '!', '?':
		return true
	case '.':
		after := j+1 >= len(s.tokens) || s.tokens[j+1].gap
		return after && j > 0 && s.tokens[j-1].kind == word && s.tokens[j-1].to-s.tokens[j-1].from > 4
	}
	return false
}
