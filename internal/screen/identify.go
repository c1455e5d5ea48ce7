package screen

import (
	"bytes"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/frozen"
)

// identify looks every lexeme up in the lexicons, as it is written and as it may have been meant.
func (p *post) identify() {
	if p.flagged&piece != 0 {
		p.cutRuns()
	}
	if p.alone >= fewestJoined {
		p.joinLetters()
	}
	for i := range p.tokens {
		p.identifyToken(&p.tokens[i])
	}
	p.joinPieces()
	p.splitJoined()
}

// word is the folded text of a lexeme.
func (p *post) letters(t *lexeme) []byte { return p.folded[t.from:t.to] }

func (p *post) identifyToken(t *lexeme) {
	word := p.letters(t)
	if t.flags&handle != 0 {
		word = append(p.scratch[:0], '@')
	}
	if len(word) == 0 || t.flags&piece != 0 {
		return
	}
	if p.lookUp(t, word) || t.flags&handle != 0 {
		return
	}
	if !isASCII(word) {
		p.scratch = stripAccents(p.scratch[:0], word)
		if len(p.scratch) != len(word) && p.lookUp(t, p.scratch) {
			return
		}
	}
	if t.flags&mixed != 0 && p.lookUpDisguised(t, word) {
		return
	}
	if p.lookUpStretched(t, word) {
		return
	}
	own := p.lexicons[ownReader]
	if id, r := own.withoutAffixes(word); id != 0 {
		t.ids[ownReader], t.affixes = id, r
		return
	}
	t.ids[ownReader] = own.repair(word, &p.scratch)
}

func isASCII(word []byte) bool {
	for _, c := range word {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lookUp asks each lexicon for the word and reports whether one knows it. English has no say where the post's
// own language knows the word as an everyday one: "Rat" is advice in German.
func (p *post) lookUp(t *lexeme, word []byte) bool {
	known := false
	h := frozen.Hash(word)
	for k, l := range p.lexicons {
		if l == nil {
			continue
		}
		if id := l.findHashed(word, h); id != 0 {
			t.ids[k] = id
			known = true
		}
	}
	return known
}

// leet are the letters that figures and signs stand for.
var leet = [utf8.RuneSelf]byte{
	'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g', '$': 's', '@': 'a', '!': 'i',
}

// lookUpDisguised tries a word whose letters are partly figures, signs or letters of another script.
func (p *post) lookUpDisguised(t *lexeme, word []byte) bool {
	if p.lookUpCyrillic(t, word) {
		return true
	}
	if t.flags&latin == 0 {
		return false
	}
	p.scratch = plainLatin(p.scratch[:0], word)
	signs, letters := 0, 0
	for i, c := range p.scratch {
		if c < utf8.RuneSelf && leet[c] != 0 {
			signs++
			p.scratch[i] = leet[c]
		} else {
			letters++
		}
	}
	if letters < signs || len(p.scratch) < 3 {
		return false
	}
	if p.lookUpAny(t, p.scratch) {
		return true
	}
	for i, c := range word { // a one is also an l
		if c == '1' && len(word) == len(p.scratch) {
			p.scratch[i] = 'l'
		}
	}
	return p.lookUpAny(t, p.scratch)
}

// lookUpCyrillic tries a Cyrillic word that figures and Latin letters stand in. A three is з or е.
func (p *post) lookUpCyrillic(t *lexeme, word []byte) bool {
	for _, three := range "зе" {
		plain, ok := plainCyrillic(p.scratch[:0], word, three)
		p.scratch = plain
		if !ok {
			return false
		}
		if p.lookUp(t, plain) {
			return true
		}
	}
	return false
}

// lookUpAny is lookUp, and if nobody knows the word, lookUpStretched.
func (p *post) lookUpAny(t *lexeme, word []byte) bool {
	return p.lookUp(t, word) || p.lookUpStretched(t, word)
}

// lookUpStretched tries a word with letters drawn out: "fuuuck" with two u, then with one.
func (p *post) lookUpStretched(t *lexeme, word []byte) bool {
	if !stretched(word) {
		return false
	}
	var room [longestWord]byte
	for _, most := range [...][2]int{{2, 2}, {1, 2}, {1, 1}} {
		if short := squeeze(room[:0], word, most[0], most[1]); len(short) > 2 && p.lookUp(t, short) {
			return true
		}
	}
	return false
}

// stretched reports whether a letter stands three times in a row.
func stretched(word []byte) bool {
	if isASCII(word) {
		for i := 2; i < len(word); i++ {
			if word[i] == word[i-1] && word[i] == word[i-2] {
				return true
			}
		}
		return false
	}
	var last rune
	run := 0
	for i := 0; i < len(word); {
		r, size := utf8.DecodeRune(word[i:])
		if r != last {
			last, run = r, 0
		}
		if run++; run > 2 {
			return true
		}
		i += size
	}
	return false
}

// squeeze shortens runs of one letter: those of three or more to long, pairs to two.
func squeeze(b, word []byte, long, two int) []byte {
	for i := 0; i < len(word); {
		_, size := utf8.DecodeRune(word[i:])
		n := 1
		for bytes.HasPrefix(word[i+n*size:], word[i:i+size]) {
			n++
		}
		most := min(n, two)
		if n > 2 {
			most = long
		}
		b = append(b, word[i:i+most*size]...)
		i += n * size
	}
	return b
}

// The shortest words that are repaired, in letters. A slur accuses by itself, so it must be longer.
const (
	shortestGroup    = 5
	shortestTypo     = 5
	shortestSlur     = 6
	shortestInPhrase = 6 // of a word that only occurs in phrases
	longestTypo      = 20
)

// repairs reports whether an unknown word may be taken for one of n letters with these roles.
func repairs(r role, n int) bool {
	if r&(light|common) != 0 {
		return false
	}
	return r&repairable != 0 && n >= shortestRepair(r) || r == 0 && n >= shortestInPhrase
}

func shortestRepair(r role) int {
	switch {
	case r&(slur|weakslur) != 0:
		return shortestSlur
	case r&(group|adj) != 0:
		return shortestGroup
	}
	return shortestTypo
}

// repair finds the word that an unknown one may be with one inner letter missing, doubled or swapped with its
// neighbour, 0 if there is none.
func (l *lexicon) repair(word []byte, scratch *[]byte) int32 {
	if len(word) < shortestGroup-1 || len(word) > longestTypo {
		return 0
	}
	if id := l.near.Find(word); id != 0 {
		return id
	}
	b := append((*scratch)[:0], word...)
	*scratch = b
	for i := 1; i+1 < len(b); i++ {
		if b[i] >= utf8.RuneSelf || b[i+1] >= utf8.RuneSelf {
			continue
		}
		if b[i] == b[i+1] {
			var room [longestTypo]byte
			if id := l.worth(append(append(room[:0], b[:i]...), b[i+1:]...)); id != 0 {
				return id
			}
			continue
		}
		b[i], b[i+1] = b[i+1], b[i]
		id := l.worth(b)
		b[i], b[i+1] = b[i+1], b[i]
		if id != 0 {
			return id
		}
	}
	return 0
}

// worth is the id of a word that is long and grave enough to be repaired to.
func (l *lexicon) worth(word []byte) int32 {
	if l.heads.lengths(word)&(1<<len(word)) == 0 {
		return 0
	}
	id := l.find(word)
	if id == 0 {
		return 0
	}
	if !repairs(l.roles(id), len(word)) {
		return 0
	}
	return id
}

// cutRuns cuts runs of a script without spaces into the longest words that a lexicon knows. Letters between
// them become one unknown word for each run of them.
func (p *post) cutRuns() {
	out := p.tokens[:0]
	for i := 0; i < len(p.tokens); {
		t := p.tokens[i]
		if t.flags&piece == 0 {
			out = append(out, t)
			i++
			continue
		}
		end := i + 1 // of the run: pieces that touch, or are spaced out
		for end < len(p.tokens) && p.tokens[end].flags&piece != 0 && p.tokens[end].flags&(comma|quoted) == p.tokens[i].flags&quoted &&
			p.tokens[end].sentence == t.sentence && p.tokens[end].start-p.tokens[end-1].end <= 1 {
			end++
		}
		out = p.cutRun(out, i, end)
		i = end
	}
	p.tokens = out
}

func (p *post) cutRun(out []lexeme, i, end int) []lexeme {
	unknown := false // the last lexeme is an unknown one that goes on
	for i < end {
		n, ids := p.longestRun(i, end)
		t := p.tokens[i]
		if n == 0 {
			if unknown {
				last := &out[len(out)-1]
				last.to, last.end = t.to, t.end
			} else {
				out = append(out, t)
			}
			unknown = true
			i++
			continue
		}
		t.to, t.end, t.ids = p.tokens[i+n-1].to, p.tokens[i+n-1].end, ids
		out = append(out, t)
		unknown = false
		i += n
	}
	return out
}

// longestRun is how many pieces the longest known word at i takes, and who knows it.
func (p *post) longestRun(i, end int) (int, [readers]int32) {
	var best [readers]int32
	longest := 0
	for k, l := range p.lexicons {
		if l == nil || l.maxRunes == 0 {
			continue
		}
		at := int32(0)
		for j := i; j < min(end, i+l.maxRunes); j++ {
			r, _ := utf8.DecodeRune(p.folded[p.tokens[j].from:p.tokens[j].to])
			p.steps++
			next, ok := l.runes.Find(edge{at, r}.key())
			if !ok {
				break
			}
			at = next
			id := l.ends[at]
			if id == 0 || j-i+1 < longest || p.insideKatakana(i, j+1, end) {
				continue
			}
			if j-i+1 > longest {
				best = [readers]int32{}
				longest = j - i + 1
			}
			best[k] = id
		}
	}
	return longest, best
}

// insideKatakana reports whether the pieces from i up to j are a short katakana word with katakana before or
// behind it: then it is most likely a part of another word, as "baka" is of "vacances".
func (p *post) insideKatakana(i, j, end int) bool {
	const short = 3
	if j-i > short || !p.katakana(i) || !p.katakana(j-1) {
		return false
	}
	return j < end && p.katakana(j) || i > 0 && p.tokens[i-1].end == p.tokens[i].start && p.katakana(i-1)
}

// katakana reports whether token i is a katakana letter.
func (p *post) katakana(i int) bool {
	r, _ := utf8.DecodeRune(p.folded[p.tokens[i].from:p.tokens[i].to])
	return r >= 'ァ' && r <= 'ヿ' && r != '・'
}

// fewestJoined is how many single letters make a word.
const fewestJoined = 3

// joinLetters makes one word of single letters, "s c u m" or "f.u.c.k", if a lexicon knows it. The first letter
// may be a word of its own ("a", "I").
func (p *post) joinLetters() {
	out := p.tokens[:0]
	for i := 0; i < len(p.tokens); {
		n := 0
		for i+n < len(p.tokens) && p.tokens[i+n].flags&letter != 0 && (n == 0 ||
			p.tokens[i+n].start-p.tokens[i+n-1].end <= 3) {
			n++
		}
		if n < fewestJoined {
			n = max(n, 1)
			out = append(out, p.tokens[i:i+n]...)
			i += n
			continue
		}
		out = p.joinRun(out, p.tokens[i:i+n])
		i += n
	}
	p.tokens = out
}

// joinRun appends a run of letters, as words where they make some.
func (p *post) joinRun(out []lexeme, run []lexeme) []lexeme {
	if len(run) > longestWord/2 {
		return append(out, run...)
	}
	for skip := 0; skip < 2 && len(run)-skip >= fewestJoined; skip++ {
		t := run[skip]
		t.from = int32(len(p.folded))
		for _, l := range run[skip:] {
			p.folded = append(p.folded, p.folded[l.from:l.to]...)
			t.flags |= l.flags & mixed
		}
		t.to, t.end = int32(len(p.folded)), run[len(run)-1].end
		t.flags &^= letter
		if p.wordy(&t) {
			out = append(out, run[:skip]...)
			return append(out, t)
		}
	}
	return append(out, run...)
}

// wordy reports whether some lexicon knows the lexeme's letters as a word, or as several of which one matters.
func (p *post) wordy(t *lexeme) bool {
	probe := *t
	p.identifyToken(&probe)
	if probe.ids != [readers]int32{} {
		return true
	}
	_, matters := p.segment(p.letters(t))
	return matters
}

// joinPieces joins two neighbours of which one at least is no word, where together they are a grave one:
// "fag got", "ni-gger".
func (p *post) joinPieces() {
	for i := 0; i+1 < len(p.tokens); i++ {
		a, b := &p.tokens[i], &p.tokens[i+1]
		known := a.ids != [readers]int32{} && b.ids != [readers]int32{}
		n := (a.to - a.from) + (b.to - b.from)
		if known || n < shortestTypo || n > longestTypo || b.start-a.end != 1 || (a.flags|b.flags)&(handle|piece) != 0 ||
			a.sentence != b.sentence {
			continue
		}
		var room [longestWord]byte
		joined := append(append(room[:0], p.letters(a)...), p.letters(b)...)
		for k, l := range p.lexicons[:modelReader] {
			if l == nil {
				continue
			}
			if id := l.find(joined); id != 0 && l.roles(id)&(slur|weakslur|insult|harm|dehuman|group) != 0 {
				a.ids = [readers]int32{}
				a.ids[k] = id
				a.end, a.flags = b.end, a.flags|b.flags&quoted
				b.flags, b.ids, b.from = b.flags|piece, [readers]int32{}, b.to
			}
		}
	}
}
