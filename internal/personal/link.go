package personal

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// publicTLDs end an address that is written without a scheme or a path.
var publicTLDs = strings.Fields("com org net io tv gg ly app dev xyz info biz edu gov eu uk fr nl pl ch")

// links finds web addresses and marks their tokens, so that nothing is looked for inside.
func (s *scan) links() {
	done := 0
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.from < done {
			t.inLink = true
			continue
		}
		if end := s.linkAt(i); end > 0 {
			s.add(Link, t.from, end, false, Likely)
			t.inLink = true
			done = end
		}
	}
}

// linkAt is the end of the web address that begins with token i, or 0.
func (s *scan) linkAt(i int) int {
	t := s.tokens[i]
	if t.kind != word && t.kind != digits || !s.glued(i+1) { // an address is no single word
		return 0
	}
	text := s.s[t.from:]
	switch {
	case s.glued(i) && (s.isLetters(i-1) || s.is(i-1, '@') || s.is(i-1, '.') || s.is(i-1, '-')):
		return 0 // the middle of something
	case strings.HasPrefix(s.s[t.to:], ":/") && t.kind == word:
		return s.linkEnd(t.from)
	case len(text) > 4 && strings.EqualFold(text[:4], "www."):
		return s.linkEnd(t.from)
	}
	return s.bareLink(i)
}

// linkEnd is where an address ends: at a blank, a quotation mark or a bracket for markup.
func (s *scan) linkEnd(from int) int {
	end := strings.IndexAny(s.s[from:], " \t\r\n<>\"“”")
	if end < 0 {
		end = len(s.s) - from
	}
	s.steps += end
	return from + end
}

// longestHost is how many bytes the name of a host may have (RFC 1035).
const longestHost = 253

// hostEnd is the last token of labels with dots between, the first of which is token i. It is i where they are longer
// than a host can be: a text without blanks is full of places where labels might begin, and each is looked at.
func (s *scan) hostEnd(i int) int {
	j, last := i, i
	for s.is(j, word) || s.is(j, digits) {
		last = j
		for s.glued(j+1) && (s.is(j+1, word) || s.is(j+1, digits) || s.is(j+1, '-')) && s.hostFits(i, j) {
			j++
			last = j
		}
		if !s.glued(j+1) || !s.is(j+1, '.') || !s.glued(j+2) || !s.hostFits(i, j) {
			break
		}
		j += 2
	}
	s.steps += last - i
	if !s.hostFits(i, last) {
		return i
	}
	return last
}

func (s *scan) hostFits(first, last int) bool {
	return s.tokens[last].to-s.tokens[first].from <= longestHost
}

// bareLink is the end of an address without a scheme: labels with dots between, then a
// well-known ending or a path. The labels are passed once: what begins in their middle is no link.
func (s *scan) bareLink(i int) int {
	last := s.hostEnd(i)
	if last == i || !s.is(last, word) || !s.is(last-1, '.') {
		return 0
	}
	to := s.tokens[last].to
	tld := strings.ToLower(s.text(last))
	switch path := to < len(s.s) && s.s[to] == '/' && to+1 < len(s.s) && !isBlank(s.s[to+1]); {
	case to < len(s.s) && s.s[to] == '@':
		return 0 // an e-mail address begins so
	case path && utf8.RuneCountInString(tld) >= 2:
		return s.linkEnd(s.tokens[i].from)
	case slices.Contains(publicTLDs, tld):
		if to < len(s.s) && (s.s[to] == '?' || s.s[to] == '#') {
			return to + 1
		}
		return to
	}
	return 0
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// isNameRune reports whether a handle can go on with r.
func isNameRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// nameEnd is where the letters, digits and underscores from a place end.
func (s *scan) nameEnd(from int) int {
	for from < len(s.s) {
		r, n := utf8.DecodeRuneInString(s.s[from:])
		if !isNameRune(r) {
			break
		}
		from += n
		s.steps++
	}
	return from
}
