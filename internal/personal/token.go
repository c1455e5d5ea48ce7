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
	plain    bool // a word of ASCII letters alone
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

// class is what a byte is to the cutting of a text.
type class uint8

const (
	signClass class = iota
	blankClass
	digitClass
	letterClass
	beyondASCII
)

var classes = func() (table [256]class) {
	for c := range table {
		switch c := byte(c); {
		case isBlank(c):
			table[c] = blankClass
		case c >= '0' && c <= '9':
			table[c] = digitClass
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			table[c] = letterClass
		case c >= utf8.RuneSelf:
			table[c] = beyondASCII
		}
	}
	return table
}()

// read folds the text and cuts it into tokens.
func (s *scan) read(text, lang string) {
	lang, _, _ = strings.Cut(lang, "-")
	s.lang = strings.ToLower(lang)
	s.fold(text[:min(len(text), maxText)])
	if n := len(s.s) / 4; cap(s.tokens) < n {
		s.tokens = make([]token, 0, n)
	}
	gap, line := true, true
	chunk := 0 // where what stands without a blank begins
	for i := 0; i < len(s.s); {
		if c := s.s[i]; classes[c] == blankClass {
			gap, line = true, line || c == '\n'
			i++
			chunk = i
			continue
		}
		t := s.cut(i)
		t.gap, t.line = gap, line
		gap, line = false, false
		if t.kind == word {
			s.cueOf(&t)
		}
		s.note(&t)
		i = t.to
		s.hasKey = s.hasKey || i-chunk >= minKey
	}
}

// note keeps a token, and that one of its kind and one with its cues is there.
func (s *scan) note(t *token) {
	s.tokens = append(s.tokens, *t)
	s.cues |= t.cue
	s.kinds[t.kind/64] |= 1 << (t.kind % 64)
}

// has reports whether some token is of a kind.
func (s *scan) has(kind byte) bool { return s.kinds[kind/64]&(1<<(kind%64)) != 0 }

// cut makes the token at i, where no blank is.
func (s *scan) cut(i int) token {
	j := i
	switch c := s.s[i]; classes[c] {
	case signClass:
		return token{from: i, to: i + 1, kind: c}
	case digitClass:
		for j < len(s.s) && classes[s.s[j]] == digitClass {
			j++
		}
		return token{from: i, to: j, kind: digits}
	}
	for j < len(s.s) && classes[s.s[j]] == letterClass {
		j++
	}
	if j > i && (j == len(s.s) || s.s[j] < utf8.RuneSelf && s.s[j] != '\'') {
		return token{from: i, to: j, kind: word, capital: s.s[i] <= 'Z', plain: true}
	}
	return s.cutBeyond(i)
}

// cutBeyond makes the token at i, which may hold letters beyond ASCII and apostrophes.
func (s *scan) cutBeyond(i int) token {
	j, eastern := i, false
	for j < len(s.s) {
		c := s.s[j]
		if classes[c] == letterClass {
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
	r, n := utf8.DecodeRuneInString(s.s[i:])
	if j == i {
		return token{from: i, to: i + n, kind: other}
	}
	return token{from: i, to: j, kind: word, capital: unicode.IsUpper(r)}
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
