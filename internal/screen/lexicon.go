package screen

import (
	"slices"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/frozen"
)

// readers is how many lexicons read one post: the post's own language, English, and the orders to a model.
const readers = 3

// The places of the lexicons that read a post.
const (
	ownReader = iota
	englishReader
	modelReader
)

// lexicon is one language: its words and phrases with what they can do. It never changes once it is loaded.
type lexicon struct {
	words frozen.Words[int32] // a folded word → its id, which is also its node below the root
	nodes []node              // phrases as paths over word ids; node 0 is nothing
	edges frozen.Keys[int32]  // by edge.key
	forks map[edge][]int32    // further steps, where a pattern with alternatives begins like another
	runes frozen.Keys[int32]  // the same words as paths over runes, for scripts without spaces, by edge.key
	ends  []int32             // a path of runes that ends a word → the word's id, 0 for one that ends none
	near  frozen.Words[int32] // a long word with one inner letter missing → its id
	heads heads               // how words begin
	draft *draft              // what the tables are made from, while they are made

	prefixes, suffixes *affixes
	verbLast           bool // the object stands before its verb, and "not" after what it denies
	dashJoins          bool // a dash joins as "are" does: "women — liars"
	pairs              []pair
	reach              int // the longest phrase, in words
	maxRunes           int // the longest word, in runes
}

// node is a place in the paths of phrases.
type node struct {
	entry *entry
	roles role // those of the entry
	steps steps
	more  bool // longer phrases go on from here
	forks bool // some step from here has several ends
	plain bool // the entry is nothing but its roles
}

type edge struct{ from, by int32 }

func (e edge) key() uint64 { return uint64(uint32(e.from))<<32 | uint64(uint32(e.by)) }

// draft is a lexicon that is still being read.
type draft struct {
	words, near  map[string]int32
	edges, runes map[edge]int32
	ends         map[int32]int32
}

// freeze makes the tables of all that was read.
func (l *lexicon) freeze() {
	d := l.draft
	l.words, l.near = frozen.NewWords(d.words), frozen.NewWords(d.near)
	l.edges, l.runes = frozen.NewKeys(byKey(d.edges)), frozen.NewKeys(byKey(d.runes))
	l.ends = make([]int32, len(d.runes)+1)
	for at, id := range d.ends {
		l.ends[at] = id
	}
	for w := range d.words {
		l.heads.add(w)
	}
	l.nodes = slices.Clone(l.nodes) // without the room to grow
	for i := range l.nodes {
		l.nodes[i].settle()
	}
	l.draft = nil
}

// settle notes beside the node what is asked of its entry most.
func (n *node) settle() {
	if e := n.entry; e != nil {
		n.roles = e.roles
		n.plain = len(e.senses) == 0 && len(e.kinds) == 0 && len(e.left) == 0 && len(e.right) == 0
	}
}

func byKey(edges map[edge]int32) map[uint64]int32 {
	out := make(map[uint64]int32, len(edges))
	for e, to := range edges {
		out[e.key()] = to
	}
	return out
}

// heads tells by the first bytes of a word how long the words are that begin so: a bit for each length. Beginnings of
// two bytes, and of three, may share a place.
type heads struct {
	one   [256]bool
	two   [1 << 10]bool
	three [1 << 11]uint64
}

// headSize is how many bytes of a word say where it stands among the heads.
const headSize = 3

func twoAt[T string | []byte](w T) uint32 {
	return (uint32(w[0]) | uint32(w[1])<<8) * 0x9e3779b1 >> (32 - 10)
}

func headAt[T string | []byte](w T) uint32 {
	return (uint32(w[0]) | uint32(w[1])<<8 | uint32(w[2])<<16) * 0x9e3779b1 >> (32 - 11)
}

func (h *heads) add(w string) {
	switch n := len(w); {
	case n == 1:
		h.one[w[0]] = true
	case n == 2:
		h.two[twoAt(w)] = true
	case n >= headSize && n < 64:
		h.three[headAt(w)] |= 1 << n
	}
}

// lengths are the lengths that a word can have that begins as letters do, of which there is at least one.
func (h *heads) lengths(letters []byte) (lengths uint64) {
	if len(letters) >= headSize {
		lengths = h.three[headAt(letters)]
	}
	if h.one[letters[0]] {
		lengths |= 1 << 1
	}
	if len(letters) > 1 && h.two[twoAt(letters)] {
		lengths |= 1 << 2
	}
	return lengths
}

// steps is a sieve of the words by which phrases go on from a node.
type steps uint64

func (s *steps) add(by int32) { *s |= 1 << (by & 63) }

// mayHold reports false only for words that were not added.
func (s steps) mayHold(by int32) bool { return s&(1<<(by&63)) != 0 }

// entry is what a word or phrase can do.
type entry struct {
	meaning
	senses []sense // further meanings that a word near it takes away
}

// meaning is what a word can do in one sense.
type meaning struct {
	roles       role
	kinds       []*kind // it is a finding of these kinds by itself
	left, right []int32 // it is one half of these pairs
}

// finds reports whether the word is a finding, or half of one, in any of its senses.
func (e *entry) finds() bool {
	return e.meaning.finds() || slices.ContainsFunc(e.senses, func(s sense) bool { return s.finds() })
}

func (m *meaning) finds() bool { return len(m.kinds)+len(m.left)+len(m.right) > 0 }

// sense is a meaning that does not count where one of the words of unless stands near.
type sense struct {
	meaning
	unless map[int32]bool
}

// pair is a finding that two words make together.
type pair struct {
	kind   *kind
	either bool // the second may stand first
}

// find is the id of a folded word, 0 if the lexicon does not know it.
func (l *lexicon) find(word []byte) int32 { return l.findHashed(word, frozen.Hash(word)) }

// findHashed is find of a word whose hash is known.
func (l *lexicon) findHashed(word []byte, h uint64) int32 {
	if l.draft != nil {
		return l.draft.words[string(word)]
	}
	return l.words.FindHashed(word, h)
}

// roles are the roles that the word has by itself in any sense.
func (l *lexicon) roles(id int32) role {
	e := l.nodes[id].entry
	if e == nil {
		return 0
	}
	r := e.roles
	for i := range e.senses {
		r |= e.senses[i].roles
	}
	return r
}

// affixes are endings or beginnings that are taken off an unknown word, as a tree over bytes read inwards.
type affixes struct {
	next  map[[2]int32]int32
	ends  map[int32]role // the roles that an affix brings along; present only where one ends
	count int32
}

func (a *affixes) add(text string, r role, backwards bool) {
	if a.next == nil {
		a.next, a.ends = map[[2]int32]int32{}, map[int32]role{}
	}
	at := int32(0)
	for i := range len(text) {
		c := text[i]
		if backwards {
			c = text[len(text)-1-i]
		}
		step := [2]int32{at, int32(c)}
		next, ok := a.next[step]
		if !ok {
			a.count++
			next = a.count
			a.next[step] = next
		}
		at = next
	}
	a.ends[at] |= r
}

// minStem is the shortest stem that an affix leaves, in bytes.
const minStem = 4

// withoutAffixes looks a word up after its beginning, its ending or both were taken off.
func (l *lexicon) withoutAffixes(word []byte) (int32, role) {
	if id, r := l.withoutSuffix(word); id != 0 {
		return id, r
	}
	if l.prefixes == nil {
		return 0, 0
	}
	at := int32(0)
	for i := 0; i+minStem < len(word)+1; i++ {
		if r, ok := l.prefixes.ends[at]; ok && at != 0 {
			if id := l.find(word[i:]); id != 0 && (r != 0 || l.tells(id, word[i:])) {
				return id, r
			}
			if id, more := l.withoutSuffix(word[i:]); id != 0 {
				return id, r | more
			}
		}
		next, ok := l.prefixes.next[[2]int32{at, int32(word[i])}]
		if !ok {
			break
		}
		at = next
	}
	return 0, 0
}

// tells reports whether a stem is worth finding: it can do something in a sentence, or, in Arabic, it is long enough
// and finds something by itself or in a pair. Shorter ones are parts of too many other words.
func (l *lexicon) tells(id int32, stem []byte) bool {
	const long = 8 // bytes, which are four letters
	if l.roles(id)&^(light|common) != 0 {
		return true
	}
	first, _ := utf8.DecodeRune(stem)
	e := l.nodes[id].entry
	return len(stem) >= long && scriptOf(first) == arabicScript && e != nil && e.finds()
}

func (l *lexicon) withoutSuffix(word []byte) (int32, role) {
	if l.suffixes == nil {
		return 0, 0
	}
	at := int32(0)
	for n := len(word); n >= minStem; n-- {
		if r, ok := l.suffixes.ends[at]; ok && at != 0 {
			if id := l.find(word[:n]); id != 0 && (r != 0 || l.tells(id, word[:n])) {
				return id, r
			}
		}
		next, ok := l.suffixes.next[[2]int32{at, int32(word[n-1])}]
		if !ok {
			break
		}
		at = next
	}
	return 0, 0
}
