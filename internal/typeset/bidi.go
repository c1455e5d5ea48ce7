package typeset

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// startsRight tells whether the first letter is of a script that reads from right to left (rules P2 and P3).
func startsRight(text []rune) bool {
	for _, r := range text {
		switch class(r) {
		case bidi.L:
			return false
		case bidi.R, bidi.AL:
			return true
		}
	}
	return false
}

func class(r rune) bidi.Class {
	p, _ := bidi.LookupRune(r)
	return p.Class()
}

// levels gives each character of a paragraph its embedding level: odd ones read from right to left. It is the Unicode
// bidirectional algorithm (UAX #9) for text without direction controls, which Clean drops. Package bidi knows the
// classes of characters, but tells of its outcome only the direction, and a number among Hebrew words needs the level.
func levels(text []rune, right bool) []uint8 {
	out := make([]uint8, len(text))
	p := newDirections(text, right)
	if !right && !p.turned {
		return out
	}
	p.weak()
	p.brackets()
	p.neutral()
	base := uint8(0)
	if right {
		base = 1
	}
	for k, i := range p.at {
		out[i] = base
		switch c := p.class[k]; {
		case base == 0 && c == bidi.R, base == 1 && c != bidi.R:
			out[i] = base + 1
		case base == 0 && (c == bidi.AN || c == bidi.EN):
			out[i] = 2
		}
	}
	previous := base
	for i, r := range text {
		if class(r) == bidi.BN { // it follows what stands before it
			out[i] = previous
		}
		previous = out[i]
	}
	return out
}

// directions resolves the classes of a paragraph's characters, those without any influence (BN) left out.
type directions struct {
	text   []rune
	at     []int // indexes of the characters
	first  []bidi.Class
	class  []bidi.Class
	side   bidi.Class // of the paragraph: L or R
	turned bool       // something reads from the right
}

func newDirections(text []rune, right bool) *directions {
	p := &directions{text: text, side: bidi.L}
	if right {
		p.side = bidi.R
	}
	for i, r := range text {
		c := class(r)
		if c == bidi.BN {
			continue
		}
		p.turned = p.turned || c == bidi.R || c == bidi.AL || c == bidi.AN
		p.at, p.first = append(p.at, i), append(p.first, c)
	}
	p.class = slices.Clone(p.first)
	return p
}

// weak is rules W1 to W7: accents, numbers and their signs.
func (p *directions) weak() {
	last, strong := p.side, p.side
	for k, c := range p.class {
		if c == bidi.NSM { // W1
			c = last
		}
		if c == bidi.EN && strong == bidi.AL { // W2
			c = bidi.AN
		}
		if c == bidi.L || c == bidi.R || c == bidi.AL {
			strong = c
		}
		p.class[k], last = c, c
	}
	for k, c := range p.class {
		if c == bidi.AL { // W3
			p.class[k] = bidi.R
		}
	}
	for k := 1; k+1 < len(p.class); k++ { // W4
		before, c, after := p.class[k-1], p.class[k], p.class[k+1]
		numbers := before == after && (before == bidi.EN || before == bidi.AN)
		if numbers && (c == bidi.CS || c == bidi.ES && before == bidi.EN) {
			p.class[k] = before
		}
	}
	p.signs()
	strong = p.side
	for k, c := range p.class { // W7
		switch c {
		case bidi.L, bidi.R:
			strong = c
		case bidi.EN:
			if strong == bidi.L {
				p.class[k] = bidi.L
			}
		}
	}
}

// signs is rules W5 and W6: signs beside a European number belong to it, and all others are neutral.
func (p *directions) signs() {
	for k := 0; k < len(p.class); {
		end := k
		for end < len(p.class) && p.class[end] == bidi.ET {
			end++
		}
		if end > k && (k > 0 && p.class[k-1] == bidi.EN || end < len(p.class) && p.class[end] == bidi.EN) {
			for ; k < end; k++ {
				p.class[k] = bidi.EN
			}
		}
		k = max(end, k+1)
	}
	for k, c := range p.class {
		if c == bidi.ES || c == bidi.ET || c == bidi.CS {
			p.class[k] = bidi.ON
		}
	}
}

// direction is that of a class for neutrals: numbers count as from the right.
func direction(c bidi.Class) bidi.Class {
	switch c {
	case bidi.EN, bidi.AN, bidi.R:
		return bidi.R
	case bidi.L:
		return bidi.L
	}
	return bidi.ON
}

// maxBrackets is how deep brackets are followed, as the algorithm says.
const maxBrackets = 63

type opened struct {
	closes rune
	at     int
}

type pair struct{ from, to int }

// brackets is rule N0: both brackets of a pair get one direction.
func (p *directions) brackets() {
	pairs := p.pairs()
	slices.SortFunc(pairs, func(a, b pair) int { return a.from - b.from })
	for _, b := range pairs {
		p.bracket(b)
	}
}

func (p *directions) pairs() []pair {
	var stack []opened
	var pairs []pair
	for k, i := range p.at {
		props, _ := bidi.LookupRune(p.text[i])
		if p.class[k] != bidi.ON || !props.IsBracket() {
			continue
		}
		if props.IsOpeningBracket() {
			if len(stack) == maxBrackets {
				return pairs
			}
			stack = append(stack, opened{canonical(mirrored(p.text[i])), k})
			continue
		}
		for n, open := range slices.Backward(stack) {
			if open.closes == canonical(p.text[i]) {
				pairs, stack = append(pairs, pair{open.at, k}), stack[:n]
				break
			}
		}
	}
	return pairs
}

func mirrored(r rune) rune {
	m, _ := utf8.DecodeRuneInString(bidi.ReverseString(string(r)))
	return m
}

// canonical makes the two pairs of angle brackets that mean the same one.
func canonical(r rune) rune {
	switch r {
	case '\u2329':
		return '\u3008'
	case '\u232a':
		return '\u3009'
	}
	return r
}

func (p *directions) bracket(b pair) {
	inside := bidi.Class(bidi.ON)
	for k := b.from + 1; k < b.to; k++ {
		d := direction(p.class[k])
		if d == p.side {
			p.turn(b, p.side)
			return
		}
		if d != bidi.ON {
			inside = d
		}
	}
	if inside == bidi.ON {
		return
	}
	before := p.side
	for k := b.from - 1; k >= 0; k-- {
		if d := direction(p.class[k]); d != bidi.ON {
			before = d
			break
		}
	}
	p.turn(b, before)
}

// turn gives a pair its direction, and the accents after each bracket with it.
func (p *directions) turn(b pair, c bidi.Class) {
	for _, k := range [...]int{b.from, b.to} {
		p.class[k] = c
		for n := k + 1; n < len(p.first) && p.first[n] == bidi.NSM; n++ {
			p.class[n] = c
		}
	}
}

// neutral is rules N1 and N2: what stands between two of one direction takes it, and else the paragraph's.
func (p *directions) neutral() {
	before := p.side
	for k := 0; k < len(p.class); {
		if d := direction(p.class[k]); d != bidi.ON {
			before = d
			k++
			continue
		}
		end, after := k, p.side
		for end < len(p.class) && direction(p.class[end]) == bidi.ON {
			end++
		}
		if end < len(p.class) {
			after = direction(p.class[end])
		}
		c := p.side
		if before == after {
			c = before
		}
		for ; k < end; k++ {
			p.class[k] = c
		}
	}
}
