package personal

import (
	"slices"
	"strings"
)

// dates finds dates of birth: a whole date behind a word such as "born" or "DOB", said of
// the author or of somebody near. Dates without such a word stay as they are.
func (s *scan) dates() {
	for i := range s.tokens {
		if (s.tokens[i].cue&bornCue != 0 || s.dotted(i)) && !s.tokens[i].inLink {
			s.birth(i)
		}
	}
}

// dotted reports whether token i ends "d.o.b".
func (s *scan) dotted(i int) bool {
	return i >= 4 && s.tokens[i].kind == word && s.tokens[i-1].kind == '.' && strings.EqualFold(s.text(i), "b") &&
		strings.EqualFold(s.text(i-2), "o") && strings.EqualFold(s.text(i-4), "d")
}

const earliestBirth = 1905 // whoever was born before is history

// birth looks for a date within a few tokens behind the word, and before it for languages
// that put the verb last.
func (s *scan) birth(i int) {
	for j := i + 1; j < len(s.tokens) && j <= i+9; j++ {
		if s.ends(j) {
			break
		}
		if s.birthAt(i, j) {
			return
		}
	}
	for j := i - 1; j >= 0 && j >= i-8 && !s.ends(j); j-- {
		if s.birthAt(i, j) {
			return
		}
	}
}

func (s *scan) birthAt(i, j int) bool {
	end, year := s.dateAt(j)
	if end < 0 {
		return false
	}
	from, to := s.tokens[j].from, s.tokens[end].to
	if year < earliestBirth && year >= 100 {
		return true // history
	}
	s.add(BirthDate, from, to, s.personalBirth(i), Likely)
	return true
}

// personalBirth reports whether a birth is that of the author, of somebody near, or a line
// of a form; "was born" alone is told of everybody who is known.
func (s *scan) personalBirth(i int) bool {
	if (s.tokens[i].cue|s.before(i, 8)|s.after(i, 5))&mineCue != 0 {
		return true
	}
	name := plain(s.text(i))
	formal := slices.Contains(formalBirth, name) || s.dotted(i)
	birthday := s.is(i-1, word) && s.tokens[i-1].cue&firstCue != 0 // "date of birth"
	sign := s.is(i+1, ':') || s.is(i+1, '.') && s.is(i+2, ':')
	apposition := s.is(i-1, ',') || s.is(i-1, '(') // "Jane Roe, born 12.3.1987"
	return formal || sign || birthday || apposition && s.is(i-2, word) && s.tokens[i-2].capital
}

// formalBirth are words that forms and papers use.
var formalBirth = strings.Fields("dob geb birthdate geburtsdatum geboortedatum nacimiento nascimento naissance " +
	"nascita urodzenia др 生年月日 出生日期 kelahiran जन्मतिथि")

// dateAt is the last token of a whole date that begins with token i, and its year; -1 if none does.
func (s *scan) dateAt(i int) (end, year int) {
	if !s.is(i, digits) && (!s.is(i, word) || s.tokens[i].cue&monthCue == 0) {
		return -1, 0
	}
	var part [3]int // the tokens of day, month and year in any order
	n, j := 0, i
	for n < 3 && j < len(s.tokens) && j < i+8 {
		t := s.tokens[j]
		switch {
		case t.kind == digits && len(s.text(j)) <= 4, t.kind == word && t.cue&monthCue != 0 && j-i < 6:
			part[n] = j
			n++
		case t.kind == word && dateWords[plain(s.text(j))] && n > 0, n > 0 && strings.IndexByte(".,-/'", t.kind) >= 0:
		default:
			return -1, 0
		}
		j++
	}
	if n < 3 {
		return -1, 0
	}
	year, ok := s.wholeDate(part)
	if !ok {
		return -1, 0
	}
	return part[2], year
}

var dateWords = map[string]bool{
	"of": true, "de": true, "del": true, "do": true, "da": true, "st": true, "nd": true,
	"rd": true, "th": true, "the": true, "er": true, "年": true, "月": true, "日": true, "g": true,
}

// wholeDate reports whether three parts are a day, a month and a year.
func (s *scan) wholeDate(part [3]int) (year int, ok bool) {
	var v [3]int
	named := -1
	for k, p := range part {
		if s.is(p, digits) {
			v[k] = number(s.text(p))
			continue
		}
		if named >= 0 {
			return 0, false
		}
		named = k
		v[k] = 1
	}
	inYear := func(p, y int) bool {
		n := len(s.text(p))
		return n == 4 && y >= 1000 && y <= 2100 || n == 2
	}
	switch {
	case named == 0, named == 1: // May 3 1990, 3 May 1990
		return v[2], v[1-named] >= 1 && v[1-named] <= 31 && inYear(part[2], v[2])
	case named == 2:
		return 0, false
	case len(s.text(part[0])) == 4: // 1990-05-03
		return v[0], inYear(part[0], v[0]) && validDay(v[1], v[2])
	}
	return v[2], inYear(part[2], v[2]) && (validDay(v[0], v[1]) || validDay(v[1], v[0]))
}

// plainDate reports whether a date begins with token i, for what must not be taken for a
// number of somebody. It is the index of the last token, or -1.
func (s *scan) plainDate(i int) int {
	if !s.is(i, digits) {
		return -1
	}
	sign := byte(0)
	if s.is(i+1, '-') || s.is(i+1, '/') || s.is(i+1, '.') {
		sign = s.tokens[i+1].kind
	}
	if sign == 0 || !s.is(i+2, digits) || !s.is(i+3, sign) || !s.is(i+4, digits) {
		return -1
	}
	part := [3]int{i, i + 2, i + 4}
	for _, p := range part {
		if n := len(s.text(p)); n > 4 || n == 3 {
			return -1
		}
	}
	if year, ok := s.wholeDate(part); !ok || year >= 100 && (year < 1000 || year > 2100) {
		return -1
	}
	return i + 4
}
