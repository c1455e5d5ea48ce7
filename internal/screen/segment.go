package screen

import (
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/frozen"
)

// Words written without a space between them are cut into known ones: "stupidpeople".
const (
	shortestJoined = 5
	longestJoined  = 48
	longestPart    = 18
	shortestPart   = 3
)

// idle are the roles that are no reason to cut a word.
const idle = light | common | me | be | not | ought | opener | clitic | person | they | third | intent | right | mild | report

// segment finds the fewest known words that a run of letters is made of: their number, 0 if it is made of none,
// and where they end, in p.cuts. One of them must matter, or there is nothing to gain.
func (p *post) segment(word []byte) (int, bool) {
	n := len(word)
	p.cuts = p.cuts[:0]
	if n < shortestJoined || n > longestJoined {
		return 0, false
	}
	const none = 1 << 20
	var cost [longestJoined + 1]int
	var from [longestJoined + 1]int
	for end := 1; end <= n; end++ {
		cost[end] = none
	}
	for start := range n {
		if cost[start] >= none {
			continue
		}
		for sizes := p.sizes(word[start:]); sizes != 0; sizes &= sizes - 1 {
			end := start + bits.TrailingZeros64(sizes)
			if end < n && !utf8.RuneStart(word[end]) {
				continue
			}
			p.steps++
			if c := p.partCost(word[start:end]); cost[start]+c < cost[end] {
				cost[end], from[end] = cost[start]+c, start
			}
		}
	}
	if cost[n] >= none || from[n] == 0 {
		return 0, false
	}
	matters, parts := false, 0
	for end := n; end > 0; end = from[end] {
		p.cuts = append(p.cuts, end)
		parts++
		matters = matters || p.partRoles(word[from[end]:end])&^idle != 0
	}
	const leastLetters = 3 // on average, or any long word would be made of short ones
	return parts, matters && n >= leastLetters*parts-1
}

// sizes are how many of the first bytes of letters can be a word, by how words begin: a bit for each number.
func (p *post) sizes(letters []byte) uint64 {
	sizes := uint64(0)
	for _, l := range p.lexicons {
		if l != nil {
			sizes |= l.heads.lengths(letters)
		}
	}
	longest := longestPart
	if letters[0] >= utf8.RuneSelf { // letters of two bytes and more
		longest = 2 * longestPart
	}
	if own := p.lexicons[ownReader]; own != nil && own.joins(letters) {
		sizes = 1<<63 - 2 // every size but none
	}
	return sizes & (1<<(min(len(letters), longest)+1) - 1)
}

// joins reports whether words begin with others here: Arabic writes its article without a space.
func (l *lexicon) joins(letters []byte) bool {
	return l.prefixes != nil && letters[0] >= utf8.RuneSelf
}

// partCost is what it costs to read letters as one word: short ones are dear, unknown ones impossible.
func (p *post) partCost(part []byte) int {
	const impossible = 1 << 20
	r := p.partRoles(part)
	small := r&(light|be|me|you|they|clitic|not|ought|intent|group|adj|slur|opener|mild) != 0
	if r == 0 || len(part) <= shortestPart && !small || len(part) < shortestPart && r&(group|adj|slur|mild) != 0 {
		return impossible
	}
	switch {
	case len(part) == 1:
		return 12
	case len(part) == 2:
		return 8
	case len(part) == 3:
		return 5
	}
	return 3
}

// partRoles is what the post's own lexicon, else English, knows of letters as a word. A long word of an order to
// a model matters too; it has no role, so it is marked with aimed.
func (p *post) partRoles(part []byte) role {
	h := frozen.Hash(part)
	for _, l := range p.lexicons[:modelReader] {
		if l == nil {
			continue
		}
		id := l.findHashed(part, h)
		if id == 0 && l.joins(part) && len(part) > minStem {
			id, _ = l.withoutAffixes(part)
		}
		if id != 0 {
			if r := l.roles(id); r != 0 {
				return r
			}
		}
	}
	const longOrder = 6
	if len(part) >= longOrder && p.lexicons[modelReader].findHashed(part, h) != 0 {
		return aimed
	}
	return 0
}

// splitJoined replaces unknown words that are several known ones by those.
func (p *post) splitJoined() {
	for i := 0; i < len(p.tokens); i++ {
		t := &p.tokens[i]
		if t.ids != [readers]int32{} || t.flags&(piece|handle|letter) != 0 || t.to-t.from < shortestJoined {
			continue
		}
		if _, matters := p.segment(p.letters(t)); !matters {
			continue
		}
		p.insertParts(i)
	}
	if len(p.parts) > 0 {
		p.mergeParts()
	}
}

// part is a word cut out of a joined one, kept until all tokens have been looked at.
type part struct {
	at int32 // the lexeme it comes from
	lexeme
}

// insertParts cuts lexeme i at p.cuts, which run backwards.
func (p *post) insertParts(i int) {
	whole := p.tokens[i]
	exact := int(whole.end-whole.start) == int(whole.to-whole.from) // byte for byte, so that parts have places
	from := whole.from
	for _, cut := range slices.Backward(p.cuts) {
		t := whole
		t.from, t.to = from, whole.from+int32(cut)
		if exact {
			t.start, t.end = whole.start+(from-whole.from), whole.start+int32(cut)
		}
		if from > whole.from {
			t.flags &^= comma
		}
		p.lookUp(&t, p.folded[t.from:t.to])
		p.parts = append(p.parts, part{int32(i), t})
		from = t.to
	}
}

func (p *post) mergeParts() {
	out := p.spare[:0]
	next := 0
	for i := range p.tokens {
		if next < len(p.parts) && int(p.parts[next].at) == i {
			for next < len(p.parts) && int(p.parts[next].at) == i {
				out = append(out, p.parts[next].lexeme)
				next++
			}
			continue
		}
		out = append(out, p.tokens[i])
	}
	p.spare, p.tokens = p.tokens, out
}
