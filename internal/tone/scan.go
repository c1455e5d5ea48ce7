package tone

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxRead   = 64 << 10 // bytes of a post; X allows 25,000 characters
	maxWord   = 32       // letters of a word that are looked at
	maxPhrase = 4        // words of a phrase
	maxRun    = 6        // characters of a word in a script without spaces
)

// token is one word or sign.
type token struct {
	hash     uint64
	strength float32
	marks    mark
	fresh    bool // a sentence begins here
	upper    bool // IN CAPITALS
	title    bool // Capitalised inside a sentence: a name or a headline
	long     bool // stretched, as in sooo
}

// scan is one post taken apart. It is reused from post to post.
type scan struct {
	tokens   []token
	bangs    int // exclamation marks
	asks     int // question marks
	caps     int // words in capitals
	plain    int // words that are not
	signed   bool
	looked   int // lookups, which tests count
	fresh    bool
	lex      *lexicon
	signs    *lexicon
	lastSign uint64

	// The word being read.
	hashes [maxWord]uint64 // of its first 1, 2, 3 … letters
	runes  [maxWord]rune
	n      int
	uppers int
	run    int // how often the last letter has come in a row
	long   bool
}

// read takes text apart.
func (s *scan) read(text string, lex, signs *lexicon) {
	*s = scan{tokens: s.tokens[:0], lex: lex, signs: signs, fresh: true}
	text = text[:min(len(text), maxRead)]
	hashtag := false
	for i := 0; i < len(text); {
		if n := skipped(text, i); n > 0 {
			s.end()
			i += n
			continue
		}
		if s.n == 0 && !hashtag { // in a hashtag a capital may begin the next word
			n := s.begin(text[i:])
			i += n
			if n > 0 {
				continue
			}
		}
		r, size := decode(text, i)
		if s.belongs(text, i, r) {
			if hashtag && s.n > 0 && humps(text, i) {
				s.end()
			}
			s.add(r)
			i += size
			continue
		}
		s.end()
		hashtag = r == '#'
		if n := s.emoticon(text, i); n > 0 {
			i += n
			continue
		}
		s.mark(r)
		i += size
	}
	s.end()
}

func decode(text string, i int) (rune, int) {
	if text[i] < utf8.RuneSelf {
		return rune(text[i]), 1
	}
	return utf8.DecodeRuneInString(text[i:])
}

// belongs reports whether a word begins or goes on with the sign at i.
func (s *scan) belongs(text string, i int, r rune) bool {
	switch {
	case r|0x20 >= 'a' && r|0x20 <= 'z':
		return true
	case r >= '0' && r <= '9':
		return s.n > 0
	case r == '*':
		return s.n > 0 && s.n < maxWord // f*ck, f**
	case r == '\'' || r == '’':
		_, size := decode(text, i)
		return !s.lex.split && s.n > 0 && i+size < len(text) && text[i+size]|0x20 >= 'a' && text[i+size]|0x20 <= 'z'
	case r < 0xaa:
		return false
	case r < 0x2000:
		return unicode.IsLetter(r) || unicode.Is(unicode.M, r)
	}
	return r >= 0x3040 && r <= 0xd7af || r >= 0x20000 || r >= 0x1e00 && r < 0x2000
}

// humps reports the begin of a word in #CamelCase.
func humps(text string, i int) bool {
	return text[i] >= 'A' && text[i] <= 'Z' && i > 0 && text[i-1] >= 'a' && text[i-1] <= 'z'
}

// skipped is the length of the link, handle or HTML entity at i, 0 if there is none.
func skipped(text string, i int) int {
	switch text[i] {
	case 'h', 'H':
		rest := text[i:]
		if len(rest) > 7 && strings.EqualFold(rest[:4], "http") && (rest[4] == ':' || rest[5] == ':') {
			if n := strings.IndexAny(rest, " \n\t\r"); n >= 0 {
				return n
			}
			return len(rest)
		}
	case '@':
		n := 1
		for i+n < len(text) && (text[i+n] == '_' || text[i+n] >= '0' && text[i+n] <= '9' ||
			text[i+n]|0x20 >= 'a' && text[i+n]|0x20 <= 'z') {
			n++
		}
		return n
	case '&':
		for _, entity := range [...]string{"&amp;", "&gt;", "&quot;"} {
			if strings.HasPrefix(text[i:], entity) {
				return len(entity)
			}
		}
	}
	return 0
}

// add appends a letter to the word. A letter that comes three times or more in a row is kept twice.
func (s *scan) add(r rune) {
	low := lower(r)
	if low != r {
		s.uppers++
	}
	if low == 0 {
		return
	}
	if s.n > 0 && low == s.runes[s.n-1] {
		if s.run++; s.run > 2 {
			s.long = true
			return
		}
	} else {
		s.run = 1
	}
	if s.n == maxWord {
		if s.lex.spaced {
			return
		}
		s.end()
	}
	h := uint64(hashStart)
	if s.n > 0 {
		h = s.hashes[s.n-1]
	}
	s.runes[s.n], s.hashes[s.n] = low, hashNext(h, low)
	s.n++
}

// begin reads the letters of ASCII at the start of text, up to a link, as the first of a word. It returns how many.
func (s *scan) begin(text string) int {
	i, n, h := 0, 0, uint64(hashStart)
	var last byte
	for ; i < len(text) && n < maxWord; i++ {
		low := text[i] | 0x20
		if low < 'a' || low > 'z' || low == 'h' && i > 0 && skipped(text, i) > 0 {
			break
		}
		if low != text[i] {
			s.uppers++
		}
		if low == last {
			if s.run++; s.run > 2 {
				s.long = true
				continue
			}
		} else {
			s.run = 1
		}
		last = low
		h = hashNext(h, rune(low))
		s.runes[n], s.hashes[n] = rune(low), h
		n++
	}
	s.n = n
	return i
}

// lower folds a letter; 0 is a mark that is left out.
func lower(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
	case r == '’':
		return '\''
	case r >= 0xc0 && r < 0xe0, r >= 0x410 && r < 0x430:
		r += 0x20
	case r >= 0x100 && r < 0x250, r >= 0x400 && r < 0x410:
		return unicode.ToLower(r)
	case r >= 0x64b && r <= 0x65f || r == 0x640 || r >= 0x300 && r < 0x370:
		return 0
	}
	return r
}

// end looks the word up and makes it a token.
func (s *scan) end() {
	if s.n == 0 {
		return
	}
	if !s.lex.spaced && s.runes[0] >= 0x3040 {
		s.segment()
	} else {
		s.word()
	}
	s.n, s.uppers, s.run, s.long = 0, 0, 0, false
}

func (s *scan) word() {
	s.looked++
	e := s.lex.find(s.hashes[:s.n])
	t := token{hash: s.hashes[s.n-1], fresh: s.fresh, long: s.long, upper: s.n > 1 && s.uppers >= s.n}
	t.title = s.uppers == 1 && s.n > 1 && !s.fresh
	if s.long && e.marks == 0 {
		e, t.hash = s.shortened()
	}
	if s.n > 3 && s.runes[s.n-1] == 't' && s.runes[s.n-2] == '\'' && s.runes[s.n-3] == 'n' {
		e.marks |= not
	}
	t.strength, t.marks = e.strength, e.marks
	s.push(t)
	if t.upper {
		s.caps++
	} else {
		s.plain++
	}
}

// shortened looks a stretched word up with every run of a letter made one: loove is love.
func (s *scan) shortened() (entry, uint64) {
	n := 0
	for i := range s.n {
		if i > 0 && s.runes[i] == s.runes[i-1] {
			continue
		}
		h := uint64(hashStart)
		if n > 0 {
			h = s.hashes[n-1]
		}
		s.hashes[n] = hashNext(h, s.runes[i])
		n++
	}
	s.looked++
	return s.lex.find(s.hashes[:n]), s.hashes[n-1]
}

// segment cuts a run of characters into the longest words of the list. What is no word is a token for each character.
func (s *scan) segment() {
	for i := 0; i < s.n; {
		best, length := entry{}, 1
		h := uint64(hashStart)
		for k := i; k < min(i+maxRun, s.n); k++ {
			h = hashNext(h, s.runes[k])
			s.looked++
			if e, ok := s.lex.words.Find(h); ok {
				best, length = e, k-i+1
			}
		}
		s.push(token{strength: best.strength, marks: best.marks &^ starts, fresh: s.fresh})
		i += length
	}
}

func (s *scan) push(t token) {
	s.tokens = append(s.tokens, t)
	s.fresh = false
}

// mark takes what is no letter: the end of a sentence, or an emoji.
func (s *scan) mark(r rune) {
	switch r {
	case '!', '！':
		s.bangs++
		s.fresh = true
	case '?', '？', '؟':
		s.asks++
		s.fresh = true
	case '.', ';', ':', '\n', '。', '…', '(', ')', '"', '“', '”':
		s.fresh = true
	}
	if r >= 0x2600 {
		s.emoji(hashNext(hashStart, r))
	}
}

// emoji adds a sign if it is in the list. The same one in a row counts a little more, not as often as it stands there.
func (s *scan) emoji(key uint64) {
	s.looked++
	e, ok := s.signs.words.Find(key)
	if !ok {
		return
	}
	if key == s.lastSign && len(s.tokens) > 0 && s.tokens[len(s.tokens)-1].marks&sign != 0 {
		s.tokens[len(s.tokens)-1].long = true
		return
	}
	s.lastSign, s.signed = key, true
	s.push(token{hash: key, strength: e.strength, marks: e.marks})
}

// emoticon is the length of the emoticon at i, such as :-), or 0.
func (s *scan) emoticon(text string, i int) int {
	switch text[i] {
	case ':', ';', '=', '(', ')', '<', '^', '-', '>', '\\':
	default:
		return 0
	}
	if i > 0 && text[i-1] >= '0' && text[i-1] <= '9' {
		return 0 // 9:30
	}
	h, found := uint64(hashStart), 0
	var key uint64
	for k := 0; k < s.signs.longest && i+k < len(text) && text[i+k] > ' ' && text[i+k] < utf8.RuneSelf; k++ {
		h = hashNext(h, rune(text[i+k]))
		s.looked++
		if e, ok := s.signs.words.Find(h); ok && e.marks&sign != 0 {
			key, found = h, k+1
		}
	}
	if found < 2 || i+found < len(text) && isAlnum(text[i+found]) {
		return 0
	}
	s.emoji(key)
	return found
}

func isAlnum(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }
