package language

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
)

//go:embed words.txt
var wordLists string

const (
	maxSections = 64
	scale       = 64 // units of a nat

	// A word's frequency falls with its place in the list. Triples are counted with flatter weights, so that the
	// words of contents, which stand later, teach how a language spells.
	wordOffset   = 6
	tripleOffset = 40
	affixPlace   = 60 // the place that endings and beginnings count with

	wordFloor   = 2e-5 // the frequency of a word that is in no list
	tripleFloor = 4e-5
	tripleShare = 0.5 // neighbouring triples overlap, so each counts half
	bareShare   = 0.3 // how often people leave the accents of a word out
)

// part is what a word or triple says for one section.
type part struct {
	section int16
	weight  int16 // in 1/scale nats; a word cannot be worth more than 11 of them
}

// entry is one word or triple.
type entry struct {
	key     uint64
	from    uint32
	n       uint16
	english bool   // a word that only the English section has
	row     uint16 // of a word: where in rows all its triples stand together; 0 if nowhere
}

// model is the table of all sections.
type model struct {
	codes  []string
	within [scripts][]int // the sections of each script
	prior  []float64      // what speaks for a section before a word is read
	table  []entry        // open addressing; key 0 is free
	parts  []part
	plain  [plainTriples]uint16 // where in rows a triple of a to z and ends of words stands; 0 if nowhere
	rows   []row                // rows[0] says nothing
}

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

// plus adds to one section.
func (r *row) plus(section int16, weight int16) {
	r[section/4] += uint64(weight) << (section % 4 * laneBits)
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

// priors are the product's languages, in which more is posted than in their neighbours'.
var priors = map[string]float64{
	"en": 2.5, "es": 1.5, "pt": 1.5, "fr": 1.5, "de": 1.5, "it": 1.5, "nl": 1, "pl": 1, "tr": 1, "id": 1.5,
	"ru": 1.5, "ar": 1.5, "hi": 1.5,
}

// counts gathers frequencies while the lists are read.
type counts struct {
	words, triples map[uint64]float64
	total          float64
}

func newModel() *model {
	m := &model{}
	var all []counts
	for _, block := range strings.Split(wordLists, "\n[")[1:] {
		code, list, _ := strings.Cut(block, "]")
		c, at := count(strings.Fields(list), code)
		m.within[at] = append(m.within[at], len(m.codes))
		m.codes = append(m.codes, code)
		m.prior = append(m.prior, priors[code])
		all = append(all, c)
	}
	if len(m.codes) > maxSections {
		panic(fmt.Sprintf("language: %d sections, %d are the most", len(m.codes), maxSections))
	}
	m.fill(all)
	return m
}

// count reads one section's list.
func count(list []string, code string) (counts, script) {
	c := counts{words: map[uint64]float64{}, triples: map[uint64]float64{}}
	at, place := none, 0
	for _, item := range list {
		whole := !strings.Contains(item, "~")
		rank := affixPlace
		if whole {
			rank = place
			place++
		}
		w := spelled(strings.Trim(item, "~"))
		if whole {
			at = w.script
		}
		c.add(&w, rank, 1, !strings.HasPrefix(item, "~"), !strings.HasSuffix(item, "~"))
		if bare := spelled(bared(item)); whole && bare.hash != w.hash {
			c.add(&bare, rank, bareShare, true, true)
		}
	}
	if strings.Contains(code, "Latn") {
		at = latin
	}
	return c, at
}

// add counts a word, and its triples with those of its ends that are ends of words.
func (c *counts) add(w *word, rank int, share float64, start, end bool) {
	if start && end {
		f := share / float64(rank+wordOffset)
		c.words[w.hash] = max(c.words[w.hash], f)
	}
	f := share / float64(rank+tripleOffset)
	for i := 1; i <= w.n; i++ {
		if w.runes[i] >= 0x80 {
			c.triples[letter(w.runes[i])] += f
		}
		if i == 1 && !start || i == w.n && !end {
			continue
		}
		c.triples[triple(w.runes[i-1], w.runes[i], w.runes[i+1])] += f
		c.total += f
	}
}

// spelled is s as a word of the model.
func spelled(s string) word {
	var w word
	w.reset()
	for _, r := range s {
		at := latin
		if r >= 0x80 {
			if at = scriptOf(r); at == none {
				at = w.script
			}
		}
		w.add(r, at)
	}
	w.runes[0], w.runes[w.n+1] = ' ', ' '
	return w
}

// plainLetters are the letters that people write in place of accented ones.
var plainLetters = strings.NewReplacer(
	"á", "a", "à", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ă", "a", "ą", "a", "ç", "c", "ć", "c", "č", "c",
	"ď", "d", "đ", "d", "é", "e", "è", "e", "ê", "e", "ë", "e", "ě", "e", "ę", "e", "ğ", "g", "í", "i", "ì", "i", "î", "i",
	"ï", "i", "ı", "i", "ł", "l", "ľ", "l", "ń", "n", "ň", "n", "ñ", "n", "ó", "o", "ò", "o", "ô", "o", "õ", "o", "ö", "o",
	"ő", "o", "ř", "r", "š", "s", "ś", "s", "ş", "s", "ș", "s", "ť", "t", "ț", "t", "ú", "u", "ù", "u", "û", "u", "ü", "u",
	"ű", "u", "ů", "u", "ý", "y", "ž", "z", "ź", "z", "ż", "z", "ё", "е",
)

func bared(s string) string { return plainLetters.Replace(s) }

// fill makes the table of frequencies.
func (m *model) fill(all []counts) {
	found := map[uint64][]part{}
	words := map[uint64]bool{}
	for l, c := range all {
		sum := 0.0
		for _, f := range c.words {
			sum += f
		}
		for key, f := range c.words {
			words[key] = true
			found[key] = append(found[key], part{int16(l), int16(nats(f/sum, wordFloor))})
		}
		for key, f := range c.triples {
			if v := nats(f/c.total, tripleFloor); v > 0 {
				found[key] = append(found[key], part{int16(l), int16(float64(v) * tripleShare)})
			}
		}
	}
	size := 1
	for 2*size < 3*len(found) {
		size *= 2
	}
	m.table = make([]entry, size)
	english := int16(slices.Index(m.codes, "en"))
	for key, parts := range found {
		only := words[key] && len(parts) == 1 && parts[0].section == english
		m.put(entry{key: key, from: uint32(len(m.parts)), n: uint16(len(parts)), english: only})
		m.parts = append(m.parts, parts...)
	}
	m.fillPlain()
	for item := range strings.FieldsSeq(wordLists) {
		m.fillWord(item)
		m.fillWord(bared(item))
	}
}

// fillPlain makes the rows of triples of plain letters.
func (m *model) fillPlain() {
	const (
		ends  = " abcdefghijklmnopqrstuvwxyz"
		usual = 7 << 10 // rows, so that they need not be moved
	)
	m.rows = make([]row, 1, usual)
	for _, a := range ends {
		for _, b := range ends {
			for _, c := range ends {
				if e := m.find(triple(a, b, c)); e != nil {
					m.plain[plainPlace(a, b, c)] = m.addRow(m.rowOf(e))
				}
			}
		}
	}
}

// fillWord gives a word that stands in a list one row for all its triples.
func (m *model) fillWord(text string) {
	w := spelled(text)
	e := m.find(w.hash)
	if e == nil || e.row != 0 || w.script != latin {
		return
	}
	var sum row
	for i := 1; i <= w.n; i++ {
		if t := m.find(triple(w.runes[i-1], w.runes[i], w.runes[i+1])); t != nil {
			r := m.rowOf(t)
			sum.add(&r)
		}
		if t := m.find(letter(w.runes[i])); t != nil && w.runes[i] >= 0x80 {
			r := m.rowOf(t)
			sum.add(&r)
		}
	}
	e.row = m.addRow(sum)
}

// rowOf is an entry as a row. No section beyond a row's has words in Latin letters, which tests show.
func (m *model) rowOf(e *entry) (r row) {
	for _, p := range m.parts[e.from : e.from+uint32(e.n)] {
		r.plus(p.section, p.weight)
	}
	return r
}

func (m *model) addRow(r row) uint16 {
	m.rows = append(m.rows, r)
	if len(m.rows) > math.MaxUint16 {
		panic("language: too many words")
	}
	return uint16(len(m.rows) - 1)
}

func nats(f, floor float64) int32 { return int32(math.Round(scale * math.Log(f/floor))) }

// put places an entry.
func (m *model) put(e entry) {
	i := slot(e.key, len(m.table))
	for m.table[i].key != 0 {
		i = (i + 1) & (len(m.table) - 1)
	}
	m.table[i] = e
}

// find is the entry of key, or nil.
func (m *model) find(key uint64) *entry {
	i := slot(key, len(m.table))
	for {
		switch e := &m.table[i]; e.key {
		case key:
			return e
		case 0:
			return nil
		}
		i = (i + 1) & (len(m.table) - 1)
	}
}

func slot(key uint64, size int) int { return int((key * 0x9e3779b97f4a7c15) >> 32 & uint64(size-1)) }

// A word's key is a hash of its letters with the highest bit set; a triple's is its three letters, which leave that
// bit free.
const (
	hashStart = 0xcbf29ce484222325 | topBit
	topBit    = 1 << 63
)

func hashNext(h uint64, r rune) uint64 { return (h^uint64(r))*0x100000001b3 | topBit }

// letter is the key of a letter beyond ASCII by itself: ñ, ß and ğ say much.
func letter(r rune) uint64 { return uint64(r) }

func triple(a, b, c rune) uint64 { return uint64(a)<<42 | uint64(b)<<21 | uint64(c) }
