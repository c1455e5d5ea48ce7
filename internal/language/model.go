package language

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/frozen"
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

// entry is one word, letter or triple.
type entry struct {
	from    uint32
	n       uint16
	english bool   // a word that only the English section has
	row     uint16 // of a word: where in rows all its triples stand together; 0 if nowhere
}

// model is the table of all sections.
type model struct {
	codes   []string
	within  [scripts][]int       // the sections of each script
	prior   []float64            // what speaks for a section before a word is read
	entries frozen.Keys[entry]   // all but the triples of plain letters
	parts   []part               // of the entries
	plain   [plainTriples]uint16 // where in rows a triple of plain letters stands; 0 if nowhere
	rows    []row                // rows[0] says nothing
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

// fill makes the tables of frequencies.
func (m *model) fill(all []counts) {
	words := map[uint64]bool{}
	for _, c := range all {
		for key := range c.words {
			words[key] = true
		}
	}
	const usual = 7 << 10 // rows, so that they need not be moved
	m.rows = make([]row, 1, usual)
	entries := map[uint64]entry{}
	english := int16(slices.Index(m.codes, "en"))
	for key, parts := range evidence(all) {
		if at := placeOf(key); at >= 0 {
			m.plain[at] = m.addRow(rowOf(parts))
			continue
		}
		only := words[key] && len(parts) == 1 && parts[0].section == english
		entries[key] = entry{from: uint32(len(m.parts)), n: uint16(len(parts)), english: only}
		m.parts = append(m.parts, parts...)
	}
	for item := range strings.FieldsSeq(wordLists) {
		m.fillWord(entries, item)
		m.fillWord(entries, bared(item))
	}
	m.entries = frozen.NewKeys(entries)
}

// evidence is what each word, letter and triple says for which section.
func evidence(all []counts) map[uint64][]part {
	found := map[uint64][]part{}
	for l, c := range all {
		sum := 0.0
		for _, f := range c.words {
			sum += f
		}
		for key, f := range c.words {
			found[key] = append(found[key], part{int16(l), int16(nats(f/sum, wordFloor))})
		}
		for key, f := range c.triples {
			if v := nats(f/c.total, tripleFloor); v > 0 {
				found[key] = append(found[key], part{int16(l), int16(float64(v) * tripleShare)})
			}
		}
	}
	return found
}

// fillWord gives a word that stands in a list one row for all its triples.
func (m *model) fillWord(entries map[uint64]entry, text string) {
	w := spelled(text)
	e, ok := entries[w.hash]
	if !ok || e.row != 0 || w.script != latin {
		return
	}
	var sum row
	for i := 1; i <= w.n; i++ {
		a, b, c := w.runes[i-1], w.runes[i], w.runes[i+1]
		if at := plainPlace(a, b, c); at >= 0 {
			sum.add(&m.rows[m.plain[at]])
		} else {
			sum.addParts(m.partsOf(entries[triple(a, b, c)]))
		}
		if b >= 0x80 {
			sum.addParts(m.partsOf(entries[letter(b)]))
		}
	}
	e.row = m.addRow(sum)
	entries[w.hash] = e
}

// partsOf is what an entry says; that of a word that is not there says nothing.
func (m *model) partsOf(e entry) []part { return m.parts[e.from : e.from+uint32(e.n)] }

func (m *model) addRow(r row) uint16 {
	m.rows = append(m.rows, r)
	if len(m.rows) > math.MaxUint16 {
		panic("language: too many words")
	}
	return uint16(len(m.rows) - 1)
}

func nats(f, floor float64) int32 { return int32(math.Round(scale * math.Log(f/floor))) }

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
