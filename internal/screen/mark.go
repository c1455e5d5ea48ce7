package screen

import "slices"

// unit is a word or phrase of the post with what it can do.
type unit struct {
	roles      role
	start, end int32 // bytes of the post
	sentence   int32
	flags      flag
	mute       bool // a phrase that says nothing, whatever its words say elsewhere: "hang out"
	heavy      bool // it counts as distance: no lexicon knows it, or only as an everyday word
}

// single is a finding that a word, a phrase or a pair of them makes by itself, before it is framed.
type single struct {
	kind     *kind
	from, to int32 // tokens, to exclusive
}

// mark turns tokens into units, the longest phrase at each place, and notes what words, phrases and pairs find
// by themselves.
func (p *post) mark() {
	covered := 0
	for i := range p.tokens {
		t := &p.tokens[i]
		if t.flags&piece != 0 && t.ids == [readers]int32{} && t.from == t.to {
			covered = max(covered, i+1) // was joined to the one before
			continue
		}
		roles, n := p.walk(i)
		if i < covered {
			continue
		}
		last := &p.tokens[i+n-1]
		roles |= t.affixes
		if t.flags&handle != 0 {
			roles |= you
		}
		p.units = append(p.units, unit{
			roles: roles &^ common, start: t.start, end: last.end, sentence: t.sentence, flags: t.flags,
			heavy: roles&^common == 0 && t.flags&handle == 0, mute: n > 1 && roles == light,
		})
		p.unitAt[i] = int32(len(p.units) - 1)
		covered = i + n
	}
	for i := 1; i < len(p.tokens); i++ { // tokens inside a phrase belong to its unit
		if p.unitAt[i] < 0 {
			p.unitAt[i] = p.unitAt[i-1]
		}
	}
	p.singles = slices.DeleteFunc(p.singles, p.muted)
}

// muted reports whether a finding lies in a phrase that says nothing, or ends where one goes on: "I'm drunk on love".
func (p *post) muted(s single) bool {
	u := p.unitAt[s.to-1]
	return u >= 0 && p.units[u].mute && (p.unitAt[s.from] == u || p.units[u].end > p.tokens[s.to-1].end)
}

// reading is what the phrases at one token come to.
type reading struct {
	roles role // of the longest
	n     int  // its length in tokens
	own   bool // the post's own language knows the word
}

// walk follows every phrase that begins at token i. It returns the roles of the longest, and its length. English
// has no say where the post's own language knows the word: "Rat" is advice in German.
func (p *post) walk(i int) (role, int) {
	r := reading{n: 1}
	for k, l := range p.lexicons {
		if l != nil && p.tokens[i].ids[k] != 0 {
			p.follow(&r, k, p.tokens[i].ids[k], i, 1)
		}
	}
	return r.roles, r.n
}

// follow takes what ends at a node, n tokens after i, and goes on from there.
func (p *post) follow(r *reading, k int, at int32, i, n int) {
	p.steps++
	l := p.lexicons[k]
	here := &l.nodes[at]
	if here.entry != nil && !(k == englishReader && r.own && n <= r.n) {
		roles := p.take(l, k, here, i, n)
		switch {
		case roles == 0: // it only finds something; the words in it keep their roles
		case n > r.n:
			r.roles, r.n = roles, n
		case n == r.n:
			r.roles |= roles
		}
		r.own = r.own || k == ownReader && roles != 0
	}
	if !here.more || i+n >= len(p.tokens) ||
		k != modelReader && p.tokens[i+n].sentence != p.tokens[i].sentence { // orders to a model are also cut up
		return
	}
	next := p.tokens[i+n].ids[k]
	if next == 0 || !here.steps.mayHold(next) {
		return
	}
	to, ok := l.edges.Find(edge{at, next}.key())
	if !ok {
		return
	}
	p.follow(r, k, to, i, n+1)
	if here.forks {
		for _, other := range l.forks[edge{at, next}] {
			p.follow(r, k, other, i, n+1)
		}
	}
}

// take is what the entry of n tokens at i means here. Its findings and pairs are noted.
func (p *post) take(l *lexicon, k int, at *node, i, n int) role {
	roles := at.roles
	if p.foreign && n == 1 && k != modelReader { // an English word in a language that has no file: too often another word
		return roles &^ (weakslur | mild | insult | curse | contempt | dehuman)
	}
	if at.plain {
		return roles
	}
	e := at.entry
	p.note(k, l, &e.meaning, i, n)
	for j := range e.senses {
		if s := &e.senses[j]; !p.near(k, s.unless, i, n) {
			p.note(k, l, &s.meaning, i, n)
			roles |= s.roles
		}
	}
	return roles
}

// senseReach is how far a word that shows an innocent sense may stand, in words.
const senseReach = 10

func (p *post) near(k int, unless map[int32]bool, i, n int) bool {
	for j := max(0, i-senseReach); j < min(len(p.tokens), i+n+senseReach); j++ {
		p.steps++
		if id := p.tokens[j].ids[k]; id != 0 && (j < i || j >= i+n) && unless[id] {
			return true
		}
	}
	return false
}

// pairReach is how many words may stand between the halves of a pair.
const pairReach = 5

// half is where one half of a pair stood last.
type half struct{ from, to int32 }

func (p *post) note(k int, l *lexicon, m *meaning, i, n int) {
	for _, found := range m.kinds {
		p.singles = append(p.singles, single{found, int32(i), int32(i + n)})
	}
	if len(m.left) == 0 && len(m.right) == 0 {
		return
	}
	seen := p.seen[k]
	here := half{int32(i), int32(i + n)}
	for _, id := range m.right {
		if h := seen[id].left; p.reaches(h, here) {
			p.singles = append(p.singles, single{l.pairs[id].kind, h.from, here.to})
		}
		seen[id].right = here
	}
	for _, id := range m.left {
		if h := seen[id].right; l.pairs[id].either && p.reaches(h, here) {
			p.singles = append(p.singles, single{l.pairs[id].kind, h.from, here.to})
		}
		seen[id].left = here
	}
}

// reaches reports whether the earlier half is near enough and in the same sentence.
func (p *post) reaches(earlier, here half) bool {
	return earlier.to > 0 && earlier.from <= here.from && here.from-earlier.to <= pairReach &&
		(earlier.to <= here.from || earlier.from < here.from || earlier.to < here.to) &&
		p.tokens[earlier.from].sentence == p.tokens[here.from].sentence
}
