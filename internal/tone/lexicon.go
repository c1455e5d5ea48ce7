package tone

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/frozen"
)

//go:embed words/*.txt
var wordFiles embed.FS

// mark is what a word does besides sounding good or bad.
type mark uint8

const (
	valued mark = 1 << iota // it has a strength, perhaps 0
	not                     // it turns what follows around
	after                   // it turns what stands before it around
	more                    // it strengthens what follows
	less                    // it weakens what follows
	but                     // what counts comes now
	sign                    // an emoji or emoticon: no word around it changes it
	starts                  // phrases begin with it
)

// marks are the sections of a file that are no strengths.
var marks = map[string]mark{"not": not, "after": after, "more": more, "less": less, "but": but}

// entry is a word, the beginning of words, or a phrase.
type entry struct {
	strength float32
	marks    mark
}

// lexicon is the list of one language.
type lexicon struct {
	words    frozen.Keys[entry] // by the hash of a word, or of the words of a phrase
	stems    frozen.Keys[entry] // by the hash of the first letters
	heads    heads              // of stems: the hashes of their first letters, of so many as the shortest has
	draft    *draft             // what the tables are made from, while they are made
	shortest int                // the lengths of stems, in letters
	longest  int
	spaced   bool // words stand apart; in Chinese and Japanese they do not
	split    bool // an apostrophe ends a word, as in l'amour
	reach    int  // how many words before it a negation turns around
}

// draft is a list that is still being read.
type draft struct {
	words, stems map[uint64]entry
	spelled      []string // the stems
}

// heads is a sieve of hashes: a bit for each.
type heads [1 << 6]uint64

func (s *heads) add(h uint64) { s[h>>52>>6] |= 1 << (h >> 52 & 63) }

func (s *heads) mayHold(h uint64) bool { return s[h>>52>>6]&(1<<(h>>52&63)) != 0 }

// nothing is the list of a language that has none.
var nothing = &lexicon{spaced: true, shortest: maxWord}

// mustLoad reads an embedded file, which tests have shown to load.
func mustLoad(name string) *lexicon {
	text, err := wordFiles.ReadFile("words/" + name + ".txt")
	if err != nil {
		panic(fmt.Sprintf("tone: %v", err))
	}
	l, err := parse(name, string(text))
	if err != nil {
		panic(fmt.Sprintf("tone: words/%s.txt: %v", name, err))
	}
	return l
}

// parse reads a file: sections in brackets, each a strength or a mark; "word", "stem*", and "two_words" for a phrase.
func parse(name, text string) (*lexicon, error) {
	l := &lexicon{
		draft: &draft{words: map[uint64]entry{}, stems: map[uint64]entry{}}, shortest: maxWord,
		spaced: name != "ja" && name != "zh", split: name == "fr" || name == "it", reach: 3,
	}
	if !l.spaced {
		l.reach = 2
	}
	section := entry{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if head, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(head, "]") && name != "emoji" ||
			name == "emoji" && len(line) > 2 && strings.HasSuffix(line, "]") && !strings.Contains(line, " ") {
			var err error
			if section, err = heading(strings.Trim(line, "[]")); err != nil {
				return nil, err
			}
			continue
		}
		for item := range strings.FieldsSeq(line) {
			if name == "emoji" {
				l.addSign(item, section)
				continue
			}
			l.add(item, section)
			if bare := bared.Replace(item); bare != item && l.spaced {
				l.addNew(bare, section)
			}
		}
	}
	for _, stem := range l.draft.spelled {
		l.heads.add(hashOf(string([]rune(stem)[:l.shortest])))
	}
	l.words, l.stems, l.draft = frozen.NewKeys(l.draft.words), frozen.NewKeys(l.draft.stems), nil
	return l, nil
}

func heading(s string) (entry, error) {
	if m, ok := marks[s]; ok {
		return entry{marks: m}, nil
	}
	v, err := strconv.ParseFloat(s, 32)
	if err != nil || v < -4 || v > 4 {
		return entry{}, fmt.Errorf("section %q is no strength between -4 and 4", s)
	}
	return entry{strength: float32(v), marks: valued}, nil
}

// bared writes the letters that people put in place of accented ones.
var bared = strings.NewReplacer(
	"á", "a", "à", "a", "â", "a", "ã", "a", "ą", "a", "ç", "c", "ć", "c", "é", "e", "è", "e", "ê", "e", "ë", "e", "ę", "e",
	"ğ", "g", "í", "i", "î", "i", "ï", "i", "ì", "i", "ı", "i", "ł", "l", "ń", "n", "ñ", "n", "ó", "o", "ô", "o", "õ", "o",
	"ò", "o", "ś", "s", "ş", "s", "ú", "u", "û", "u", "ù", "u", "ź", "z", "ż", "z", "ё", "е",
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "أ", "ا", "إ", "ا", "آ", "ا", "ة", "ه",
)

// addNew adds an item unless it is there already as a word of its own.
func (l *lexicon) addNew(item string, section entry) {
	if _, known := l.draft.words[hashOf(item)]; !known {
		l.add(item, section)
	}
}

// add puts an item into the list. A word in two sections has the marks of both, and the later strength.
func (l *lexicon) add(item string, section entry) {
	if stem, ok := strings.CutSuffix(item, "*"); ok {
		n := utf8.RuneCountInString(stem)
		l.shortest, l.longest = min(l.shortest, n), max(l.longest, n)
		l.draft.stems[hashOf(stem)] = section
		l.draft.spelled = append(l.draft.spelled, stem)
		return
	}
	parts := strings.FieldsFunc(item, func(r rune) bool { return r == '_' || r == '-' || r == '\'' && l.split })
	if len(parts) == 0 {
		return
	}
	key := hashOf(parts[0])
	for i, part := range parts[1:] {
		first := l.draft.words[key]
		first.marks |= starts
		l.draft.words[key] = first
		key = join(key, hashOf(part))
		if i == maxPhrase-2 {
			break
		}
	}
	e := l.draft.words[key]
	if section.marks&valued != 0 {
		e.strength = section.strength
	}
	e.marks |= section.marks
	l.draft.words[key] = e
}

// addSign adds an emoji, or an emoticon as it is typed.
func (l *lexicon) addSign(item string, section entry) {
	section.marks |= sign
	l.draft.words[hashOf(item)] = section
	l.longest = max(l.longest, len(item))
}

// find looks a word up by the hashes of its beginnings: the whole word first, then the longest stem.
func (l *lexicon) find(hashes []uint64) entry {
	n := len(hashes)
	e, ok := l.words.Find(hashes[n-1])
	if ok && e.marks&^starts != 0 {
		return e
	}
	if n < l.shortest || !l.heads.mayHold(hashes[l.shortest-1]) {
		return e
	}
	for k := min(n, l.longest); k >= l.shortest; k-- {
		if s, found := l.stems.Find(hashes[k-1]); found {
			s.marks |= e.marks
			return s
		}
	}
	return e
}

const hashStart = 0xcbf29ce484222325

func hashNext(h uint64, r rune) uint64 { return (h ^ uint64(r)) * 0x100000001b3 }

// join is the hash of a phrase from that of its first words and of the next one.
func join(h, next uint64) uint64 { return (h<<7|h>>57)*0x9e3779b97f4a7c15 ^ next }

func hashOf(s string) uint64 {
	h := uint64(hashStart)
	for _, r := range s {
		h = hashNext(h, r)
	}
	return h
}
