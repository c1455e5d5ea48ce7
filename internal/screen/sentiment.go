package screen

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/jonreiter/govader"
)

// feelings scores the sentiment of English as VADER does (Hutto and Gilbert, 2014).
//
// The word lists are govader's. The arithmetic is its own too, number for number (a
// test compares them), but looks each word up once instead of some fifteen times:
// a post takes a tenth of the time, and screening every post of a large archive is
// what this package is for.
type feelings struct {
	words map[string]feeling
	emoji map[rune]string // spelled out, as VADER reads them
}

// feeling is what the lists say of one word.
type feeling struct {
	valence float64
	booster float64 // strengthens or weakens the word after it
	flags   feelingFlag
}

type feelingFlag uint8

const (
	hasValence feelingFlag = 1 << iota
	isBooster
	isNegation
)

// VADER's constants.
const (
	capsBoost     = 0.733
	negationScale = -0.74
	neverScale    = 1.25
	alpha         = 15
)

// idioms override the valence of the words they are made of.
var idioms = map[string]float64{
	"the shit": 3, "the bomb": 3, "bad ass": 1.5, "badass": 1.5,
	"yeah right": -2, "kiss of death": -1.5, "to die for": 3,
}

// weakeners are the boosters of two words.
var weakeners = map[string]float64{"just enough": -0.293, "kind of": -0.293, "sort of": -0.293}

func newFeelings() *feelings {
	v := govader.NewSentimentIntensityAnalyzer()
	f := &feelings{words: make(map[string]feeling, len(v.Lexicon)+200), emoji: map[rune]string{}}
	for w, valence := range v.Lexicon {
		f.words[w] = feeling{valence: valence, flags: hasValence}
	}
	for w, b := range v.Constants.BoosterDict {
		e := f.words[w]
		e.booster, e.flags = b, e.flags|isBooster
		f.words[w] = e
	}
	for _, w := range v.Constants.NegateList {
		e := f.words[w]
		e.flags |= isNegation
		f.words[w] = e
	}
	for s, words := range v.EmojiDict {
		if r, size := utf8.DecodeRuneInString(s); size == len(s) {
			f.emoji[r] = words
		}
	}
	return f
}

// token is one word of a text between spaces.
type token struct {
	feeling
	text, lower string
	upper       bool // ALL CAPS
}

func (t token) has(f feelingFlag) bool { return t.flags&f != 0 }

// score is the sentiment of text from -1 to 1.
func (f *feelings) score(text string) float64 {
	text = strings.TrimSpace(f.spell(text[:min(len(text), maxText)]))
	var room [64]token
	tokens := f.tokens(room[:0], text)
	shouts := shoutsSome(tokens)
	sum, but := 0.0, -1
	var scores [64]float64
	valences := scores[:0]
	for i := range tokens {
		if but < 0 && tokens[i].lower == "but" {
			but = i
		}
		valences = append(valences, valence(tokens, i, shouts))
	}
	for i, v := range valences {
		sum += v * butWeight(i, but)
	}
	return normal(sum + math.Copysign(emphasis(text), sum)*sign(sum))
}

// butWeight counts what comes before "but" half, and what comes after it half more.
func butWeight(i, but int) float64 {
	switch {
	case but < 0 || i == but:
		return 1
	case i < but:
		return 0.5
	}
	return 1.5
}

// sign is 0 for 0, so that exclamation marks alone say nothing.
func sign(x float64) float64 {
	if x == 0 {
		return 0
	}
	return 1
}

// spell writes emoji in words.
func (f *feelings) spell(text string) string {
	ascii := true
	for i := range len(text) {
		ascii = ascii && text[i] < utf8.RuneSelf
	}
	if ascii {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 64)
	space := true
	for _, r := range text {
		words, ok := f.emoji[r]
		if !ok {
			b.WriteRune(r)
			space = r == ' '
			continue
		}
		if !space {
			b.WriteByte(' ')
		}
		b.WriteString(words)
		space = false
	}
	return b.String()
}

// trim drops ASCII punctuation around a word.
func trim(s string) string {
	punctuation := func(c byte) bool {
		return c > ' ' && c < utf8.RuneSelf && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != 0x7f
	}
	for len(s) > 0 && punctuation(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && punctuation(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func (f *feelings) tokens(out []token, text string) []token {
	for s := range strings.SplitSeq(text, " ") {
		if trimmed := trim(s); len(trimmed) >= 3 {
			s = trimmed
		}
		t := token{text: s, lower: strings.ToLower(s), upper: shouted(s)}
		t.feeling = f.words[t.lower]
		if strings.Contains(t.lower, "n't") {
			t.flags |= isNegation
		}
		if t.text != t.lower {
			// VADER looks the word as written up when it stands before another.
			t.flags &^= rawUnknown
			if f.words[t.text].flags&hasValence == 0 {
				t.flags |= rawUnknown
			}
		} else if !t.has(hasValence) {
			t.flags |= rawUnknown
		}
		out = append(out, t)
	}
	return out
}

// rawUnknown marks a word without valence as it is written, capitals and all.
const rawUnknown feelingFlag = 1 << 7

func shouted(s string) bool {
	upper := false
	for i := range len(s) {
		if s[i] >= 'a' && s[i] <= 'z' {
			return false
		}
		upper = upper || s[i] >= 'A' && s[i] <= 'Z'
	}
	return upper
}

// shoutsSome reports whether some words, but not all, are in capitals.
func shoutsSome(tokens []token) bool {
	n := 0
	for _, t := range tokens {
		if t.upper {
			n++
		}
	}
	return n > 0 && n < len(tokens)
}

// valence is what word i says in its place.
func valence(ts []token, i int, shouts bool) float64 {
	t := &ts[i]
	if t.has(isBooster) || !t.has(hasValence) || t.lower == "kind" && i+1 < len(ts) && ts[i+1].lower == "of" {
		return 0
	}
	v := t.valence
	if t.lower == "no" && i+1 < len(ts) && ts[i+1].has(hasValence) {
		v = 0
	}
	if afterNo(ts, i) {
		v = t.valence * negationScale
	}
	if t.upper && shouts {
		v += away(v, capsBoost)
	}
	for back := range 3 {
		if i > back && ts[i-back-1].flags&rawUnknown != 0 {
			v += boost(ts[i-back-1], v, shouts) * [...]float64{1, 0.95, 0.9}[back]
			v = negate(ts, i, back, v)
			if back == 2 {
				v = idiom(ts, i, v)
			}
		}
	}
	return least(ts, i, v)
}

// away is by, in the direction in which v lies from zero.
func away(v, by float64) float64 {
	if v > 0 {
		return by
	}
	return -by
}

func afterNo(ts []token, i int) bool {
	return i > 0 && ts[i-1].lower == "no" || i > 1 && ts[i-2].lower == "no" ||
		i > 2 && ts[i-3].lower == "no" && (ts[i-1].lower == "or" || ts[i-1].lower == "nor")
}

func boost(t token, v float64, shouts bool) float64 {
	if !t.has(isBooster) {
		return 0
	}
	b := t.booster
	if v < 0 {
		b = -b
	}
	if t.upper && shouts {
		b += away(v, capsBoost)
	}
	return b
}

// negate turns v around when the word back+1 before it denies it.
func negate(ts []token, i, back int, v float64) float64 {
	soThis := func(k int) bool { return ts[k].lower == "so" || ts[k].lower == "this" }
	before := ts[i-back-1]
	switch {
	case back > 0 && before.lower == "never" && (soThis(i-1) || back == 2 && soThis(i-2)):
		return v * neverScale
	case back > 0 && before.lower == "without" && (ts[i-1].lower == "doubt" || back == 2 && ts[i-2].lower == "doubt"):
		return v
	case before.has(isNegation):
		return v * negationScale
	}
	return v
}

// idiom looks at the words around i for a set phrase.
func idiom(ts []token, i int, v float64) float64 {
	if !anyIdiom(ts, i) {
		return v
	}
	join := func(from, to int) string {
		var s strings.Builder
		s.WriteString(ts[from].lower)
		for _, t := range ts[from+1 : to+1] {
			s.WriteString(" " + t.lower)
		}
		return s.String()
	}
	for _, span := range [...][2]int{{1, 0}, {2, 0}, {2, 1}, {3, 1}, {3, 2}} {
		if found, ok := idioms[join(i-span[0], i-span[1])]; ok {
			v = found
			break
		}
	}
	for ahead := 1; ahead <= 2 && i+ahead < len(ts); ahead++ {
		if found, ok := idioms[join(i, i+ahead)]; ok {
			v = found
		}
	}
	for _, span := range [...][2]int{{3, 1}, {3, 2}, {2, 1}} {
		v += weakeners[join(i-span[0], i-span[1])]
	}
	return v
}

// anyIdiom spares the joining of words that belong to no idiom.
func anyIdiom(ts []token, i int) bool {
	for _, t := range ts[i-3 : min(i+3, len(ts))] {
		switch t.lower {
		case "shit", "bomb", "ass", "right", "death", "die", "enough", "of":
			return true
		}
	}
	return false
}

// least turns "least helpful" around, but not "at least" and "very least".
func least(ts []token, i int, v float64) float64 {
	if i == 0 || ts[i-1].text != "least" || ts[i-1].flags&rawUnknown == 0 {
		return v
	}
	if i > 1 && (ts[i-2].text == "at" || ts[i-2].text == "very") {
		return v
	}
	return v * negationScale
}

// emphasis is how much exclamation and question marks add.
func emphasis(text string) float64 {
	e := 0.292 * float64(min(strings.Count(text, "!"), 4))
	switch n := strings.Count(text, "?"); {
	case n > 3:
		e += 0.96
	case n > 1:
		e += 0.18 * float64(n)
	}
	return e
}

func normal(sum float64) float64 {
	return min(max(sum/math.Sqrt(sum*sum+alpha), -1), 1)
}
