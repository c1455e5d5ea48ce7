// Package language tells in which language a post is written.
//
//	d := language.New()
//	a := d.Of("no puedo más con este calor", "und")
//	// a.Code "es", a.Confidence 0.99
//
// The script decides first: Hangul is Korean, kana make Han Japanese, Thai, Hebrew, Greek and a dozen others have
// one language each (script.go). Where several languages share a script, the words and the triples of letters of the
// post are looked up in one table (model.go), and the language that explains most of them wins. The table is made
// once, in New, from words.txt: the commonest words and endings of each language, written from knowledge of those
// languages for this project, with common grammars' lists of articles, pronouns, prepositions and auxiliaries in mind.
// Nothing was copied from a frequency list or a corpus.
//
// What X says of a post is a strong hint, not the last word: X often labels short posts wrongly, and calls
// Indonesian "in" and Hebrew "iw" (hint.go). A hint wins over thin evidence and loses to a clear sentence.
//
// Links and handles are stepped over. At most maxRead bytes are read, each once; the answer depends on nothing but
// the text and the hint, and nothing is kept between posts.
package language

import "math"

// Answer is what one post is written in.
type Answer struct {
	// Code is the ISO 639-1 code, "hi-Latn" or "ar-Latn" for Hindi and Arabic in Latin letters, and "" if nobody
	// can tell.
	Code string
	// Confidence is between 0 and 1: how much of the evidence speaks for Code rather than for the next best.
	Confidence float64
	// English reports that English words are mixed into a post in another language.
	English bool
}

// maxRead bounds the work for one post, in bytes.
const maxRead = 4 << 10

// The evidence is in nats, logarithms of probabilities.
const (
	hintBonus    = 8.0  // what X's own label is worth: about one and a half common words,
	hintShort    = 18.0 // and so much more, divided by the number of words
	least        = 5.5  // less evidence than this is none
	leastLetters = 14.0 // the same, where no word of the text is in a list
	flatten      = 3.0  // words of one sentence are no independent witnesses
	needed       = 0.5  // a smaller confidence is no answer
	clearShare   = 0.35 // share of known words from which a text speaks against a hint of an unknown language
	clearWords   = 3
	mixedWords   = 2   // English words that make a post mixed,
	mixedNth     = 6   // if they are at least one in so many
	shortest     = 4   // letters of a word that can tell by itself
	hanAsKana    = 12  // Japanese has at least one kana for so many Han
	hintedAlone  = 0.5 // confidence in a hint that nothing speaks for or against
)

// Detector is safe for concurrent use.
type Detector struct{ model *model }

// New reads the word lists, which takes a few milliseconds: do it once.
func New() *Detector { return &Detector{model: newModel()} }

// Of answers the main language of text. hint is the post's language as X tells it, or "".
func (d *Detector) Of(text, hint string) Answer {
	hint = normal(hint)
	var s scan
	s.read(text, d.model)
	main := s.main()
	switch {
	case main == none:
		return hinted(hint)
	case main == han:
		return s.chinese(hint)
	case len(d.model.within[main]) == 0:
		return Answer{Code: codes[main], Confidence: 1}
	}
	return d.weigh(&s, main, hint)
}

// hinted is the answer for a text that says nothing itself.
func hinted(hint string) Answer {
	if hint == "" {
		return Answer{}
	}
	return Answer{Code: hint, Confidence: hintedAlone}
}

// chinese tells Japanese from Chinese. Japanese without any kana is short, and a hint then decides.
func (s *scan) chinese(hint string) Answer {
	switch kana := s.letters[kana]; {
	case kana*hanAsKana >= s.letters[han]:
		return Answer{Code: "ja", Confidence: 1}
	case kana == 0 && hint == "ja" && s.letters[han] < 12:
		return Answer{Code: "ja", Confidence: hintedAlone}
	}
	return Answer{Code: "zh", Confidence: 0.9}
}

// weigh finds the language of the main script with the most evidence.
func (d *Detector) weigh(s *scan, main script, hint string) Answer {
	known := d.model.hinted(main, hint)
	best, second := -1, math.Inf(-1)
	top := math.Inf(-1)
	for _, l := range d.model.within[main] {
		v := float64(s.score[l])/scale + d.model.prior[l]
		if l == known {
			v += hintBonus + hintShort/float64(max(s.words, 1))
		}
		if v > top {
			best, top, second = l, v, top
		} else if v > second {
			second = v
		}
	}
	confidence := 1 / (1 + math.Exp((second-top)/flatten))
	plain := s.found[best] >= clearWords && float64(s.found[best]) >= clearShare*float64(s.words)
	switch {
	case hint != "" && known < 0 && !plain:
		return hinted(hint)
	case s.words == 1 && s.letters[main] < shortest, confidence < needed:
		return hinted(hint)
	case top < least || s.found[best] == 0 && top < leastLetters:
		return hinted(hint)
	}
	a := Answer{Code: d.model.codes[best], Confidence: confidence}
	if best == known {
		a.Code = asHinted(a.Code, hint)
	}
	a.English = a.Code != "en" && s.english >= mixedWords && s.english*mixedNth >= s.words
	return a
}
