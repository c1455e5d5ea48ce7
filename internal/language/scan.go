package language

import "strings"

// scan is what one pass over a text finds.
type scan struct {
	letters [scripts]int
	score   [maxSections]int32 // evidence for each section, in 1/scale nats
	sum     row                // what of the evidence is not in score yet,
	summed  int                // and of how many triples it is
	found   [maxSections]int16 // words of the text that are in the section's list
	words   int                // words in scripts that have sections
	single  bool               // the last of them was one letter
	english int                // words that only English has
	looked  int                // lookups, which tests count
}

// maxWord is the longest word worth taking to triples; a longer one is no word of a language.
const maxWord = 40

// word is the word being read.
type word struct {
	runes  [maxWord + 2]rune
	n      int
	hash   uint64
	script script
}

// read takes the text apart into words and looks each one up.
func (s *scan) read(text string, m *model) {
	text = text[:min(len(text), maxRead)]
	var w word
	w.reset()
	hashtag := false
	for i := 0; i < len(text); {
		if w.n == 0 {
			if n := skipped(text, i); n > 0 {
				i += n
				continue
			}
			if !hashtag { // where a capital may begin the next word
				n := w.plain(text[i:])
				s.letters[latin] += n
				i += n
				if n > 0 {
					continue
				}
			}
		}
		r, size := decode(text, i)
		at := s.classify(text, i, r, &w)
		if at == none || at != w.script && w.n > 0 || hashtag && w.n > 0 && humps(text, i) {
			s.end(&w, m)
		}
		if at == none {
			hashtag = r == '#' || hashtag && r == '_'
		} else {
			w.add(r, at)
		}
		i += size
	}
	s.end(&w, m)
	s.settle()
}

// classify is the script of the letter r at i, counted, or none if no word goes on there.
func (s *scan) classify(text string, i int, r rune, w *word) script {
	switch {
	case r|0x20 >= 'a' && r|0x20 <= 'z':
		s.letters[latin]++
		return latin
	case r >= '0' && r <= '9':
		if w.script == latin && w.n > 0 || i+1 < len(text) && text[i+1]|0x20 >= 'a' && text[i+1]|0x20 <= 'z' {
			return latin // as in "3la" and "7abibi"
		}
		return none
	case r < 0x80:
		return none
	case r >= 0x300 && r < 0x370 || r == 0x200c || r == 0x200d:
		if w.n > 0 {
			return w.script // accents and joiners belong to what they follow
		}
		return none
	}
	at := scriptOf(r)
	s.letters[at]++
	return at
}

// humps reports the begin of a word in #CamelCase.
func humps(text string, i int) bool {
	return text[i] >= 'A' && text[i] <= 'Z' && i > 0 && text[i-1] >= 'a' && text[i-1] <= 'z'
}

// skipped is the length of the link or handle at i, 0 if there is none.
func skipped(text string, i int) int {
	switch text[i] {
	case 'h', 'H', 'w', 'W':
		rest := text[i:]
		if len(rest) > 7 && (strings.EqualFold(rest[:4], "http") || strings.EqualFold(rest[:4], "www.")) {
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
	}
	return 0
}

func (w *word) reset() { w.n, w.hash, w.script = 0, hashStart, none }

// plain begins the word with the plain letters that text begins with, and tells how many these are.
func (w *word) plain(text string) int {
	n, h := 0, w.hash
	for n < min(len(text), maxWord) && text[n]|0x20 >= 'a' && text[n]|0x20 <= 'z' {
		r := rune(text[n] | 0x20)
		h = hashNext(h, r)
		n++
		w.runes[n] = r
	}
	if n > 0 {
		w.n, w.hash, w.script = n, h, latin
	}
	return n
}

// add appends a letter. What comes after maxWord letters changes the hash alone.
func (w *word) add(r rune, at script) {
	if r = lower(r); r == 0 || r >= 0x300 && r < 0x370 {
		return
	}
	w.script = at
	w.hash = hashNext(w.hash, r)
	if w.n < maxWord {
		w.n++
		w.runes[w.n] = r
	}
}

// end looks the word up and begins the next one.
func (s *scan) end(w *word, m *model) {
	if w.n == 0 {
		return
	}
	spaced := s.single && w.n == 1 // l e t t e r s that stand apart are no words
	s.single = w.n == 1
	if len(m.within[w.script]) > 0 && !spaced {
		s.words++
		s.look(w, m)
	}
	w.reset()
}

// look adds what the word, and its triples of letters with its two ends, say for each section.
func (s *scan) look(w *word, m *model) {
	s.looked++
	e, _ := m.entries.Find(w.hash)
	for _, p := range m.partsOf(e) {
		s.score[p.section] += int32(p.weight)
		s.found[p.section]++
	}
	if e.english {
		s.english++
	}
	if s.summed += 2 * w.n; s.summed > mostTriples { // a letter beyond ASCII counts beside its triple
		s.settle()
		s.summed = 2 * w.n
	}
	if e.row != 0 {
		s.sum.add(&m.rows[e.row])
		return
	}
	s.triples(w, m)
}

// triples adds what the triples of a word say that is in no list.
func (s *scan) triples(w *word, m *model) {
	w.runes[0], w.runes[w.n+1] = ' ', ' '
	for i := 1; i <= w.n; i++ {
		a, b, c := w.runes[i-1], w.runes[i], w.runes[i+1]
		if at := plainPlace(a, b, c); at >= 0 {
			s.looked++
			s.sum.add(&m.rows[m.plain[at]])
		} else {
			s.weigh(triple(a, b, c), m)
		}
		if b >= 0x80 {
			s.weigh(letter(b), m)
		}
	}
}

// settle moves the sum to the score.
func (s *scan) settle() {
	for i := range rowSections {
		s.score[i] += s.sum.at(i)
	}
	s.sum, s.summed = row{}, 0
}

// weigh adds what a letter, or a triple that has no row, says.
func (s *scan) weigh(key uint64, m *model) {
	s.looked++
	e, _ := m.entries.Find(key)
	for _, p := range m.partsOf(e) {
		s.score[p.section] += int32(p.weight)
	}
}

// main is the script of most of the text. A Han character or a syllable of Hangul counts as two letters.
func (s *scan) main() script {
	weight := s.letters
	weight[han] = 2*weight[han] + 2*weight[kana]
	weight[hangul] *= 2
	weight[kana] = 0
	best := none
	for at := latin; at < scripts; at++ {
		if weight[at] > 0 && (best == none || weight[at] > weight[best]) {
			best = at
		}
	}
	return best
}
