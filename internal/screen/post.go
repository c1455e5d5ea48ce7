package screen

import (
	"slices"

	"github.com/repazoo/repazoo/internal/voice"
)

// post is one post while it is read. It is reused from post to post and keeps nothing between them.
type post struct {
	text      string
	lexicons  [readers]*lexicon
	folded    []byte // the letters of all tokens
	scratch   []byte
	tokens    []lexeme
	spare     []lexeme
	parts     []part
	cuts      []int
	units     []unit
	unitAt    []int32 // the unit of each lexeme
	singles   []single
	seen      [readers][]halves
	asked     []int32 // sentences that end with a question mark
	foreign   bool    // it is in a language that has no file
	played    []int32 // sentences about a game, a joke or a meal
	quotes    int     // tokens between quotation marks
	sentences int
	flagged   flag // what some token has
	alone     int  // tokens of a single letter
	findings  []finding
	steps     int // looks at a unit, for the test that counts work
}

// halves is where the halves of one pair stood last.
type halves struct{ left, right half }

// reset makes the post ready for a text.
func (p *post) reset(text string) {
	*p = post{
		text: text[:min(len(text), maxText)], lexicons: p.lexicons,
		folded: p.folded[:0], scratch: p.scratch[:0], tokens: p.tokens[:0], spare: p.spare[:0], parts: p.parts[:0],
		cuts: p.cuts[:0], units: p.units[:0], unitAt: p.unitAt[:0], singles: p.singles[:0], asked: p.asked[:0],
		seen: p.seen, played: p.played[:0], findings: p.findings[:0],
	}
}

// read takes the post apart with the lexicons of its language.
func (p *post) read(lexicons [readers]*lexicon) {
	p.lexicons = lexicons
	p.tokenize()
	p.identify()
	p.unitAt = p.unitAt[:0]
	for range p.tokens {
		p.unitAt = append(p.unitAt, -1)
	}
	for k, l := range lexicons {
		p.seen[k] = p.seen[k][:0]
		if l != nil {
			p.seen[k] = append(p.seen[k], make([]halves, len(l.pairs))...)
		}
	}
	p.mark()
	p.unquoteAll()
}

// unquoteAll drops the quotation marks of a post with hardly a word outside of them, unless they hold somebody else's
// words: nobody is quoted there.
func (p *post) unquoteAll() {
	const fewest = 2
	if p.quotes == 0 || len(p.tokens)-p.quotes >= fewest || voice.Of(p.text, "").OthersAlone() {
		return
	}
	for i := range p.units {
		p.units[i].flags &^= quoted
	}
	for i := range p.tokens {
		p.tokens[i].flags &^= quoted
	}
}

func (p *post) asks(sentence int32) bool {
	_, found := slices.BinarySearch(p.asked, sentence)
	return found
}
