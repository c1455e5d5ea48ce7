package language

// row is what a triple, or all triples of a word, say for each of the first sections, four sections in a number, so
// that they are added to a score all at once. All languages in Latin letters are among these sections.
type row [rowSections / 4]uint64

const (
	rowSections = 32
	laneBits    = 16

	// mostTriples is how many triples can be added up before the sum in 16 bits has to be taken out. A triple is worth
	// 324 at most: half of the nats between its floor and certainty.
	mostTriples = 200
)

func (r *row) add(other *row) {
	for i := range r {
		r[i] += other[i]
	}
}

// addParts adds what an entry says. No section beyond a row's has words in Latin letters.
func (r *row) addParts(parts []part) {
	for _, p := range parts {
		r[p.section/4] += uint64(p.weight) << (p.section % 4 * laneBits)
	}
}

func rowOf(parts []part) (r row) {
	r.addParts(parts)
	return r
}

func (r *row) at(section int) int32 {
	return int32(r[section/4] >> (section % 4 * laneBits) & (1<<laneBits - 1))
}

// Three signs of plain letters make the place of a triple, each in five bits.
const (
	signBits     = 5
	plainTriples = 1 << (3 * signBits)
)

// plainSign is the number of a small letter, or of the end of a word, which a blank stands for, among the 27; -1 for
// others.
func plainSign(r rune) int {
	switch {
	case r >= 'a' && r <= 'z':
		return int(r-'a') + 1
	case r == ' ':
		return 0
	}
	return -1
}

// plainPlace is the place of a triple of plain letters and ends of words, -1 for others.
func plainPlace(a, b, c rune) int {
	return plainSign(a)<<(2*signBits) | plainSign(b)<<signBits | plainSign(c)
}

// placeOf is the place of the triple that has a key, -1 if it has none.
func placeOf(key uint64) int {
	const one = 1<<21 - 1
	if key&topBit != 0 {
		return -1
	}
	return plainPlace(rune(key>>42), rune(key>>21&one), rune(key&one))
}
