// Package tone reads how a post sounds: from -1, bad, to 1, good.
//
//	r := tone.New()
//	t := r.Of("can't wait for the concert tonight!!", "en")
//	// t.Valence 0.55, t.Known true
//
// It looks words up and does sums. A word has a strength between -4 and 4 (words/*.txt). A negation before it (or
// after it, in the languages that put it there) turns it around and weakens it, "very" strengthens it and "slightly"
// weakens it, and so do CAPITALS and looong words. What comes before "but" counts less and what follows it more.
// Set phrases win over their words: "can't wait" is good and "black friday" is nothing. Emoji and emoticons count in
// every language. Mild tone words such as stupid, sucks, disgusting and pathetic have their place here; they are
// never findings.
//
// Most posts announce or ask something, so a weak sum is neutral: neutralUpTo and neutralDownTo are the bounds, which
// come out as +0.05 and -0.05, the bounds that reports count by. They, and the weights in weigh.go, were chosen on one
// half of a public set of labelled posts; the words were not: they were written for this project, by kind (praise,
// thanks, anticipation, anger, grief, crime, disaster …), from knowledge of each language. Sarcasm cannot be heard.
//
// The fifteen languages of the product have lists; English has the longest. Without a list Known is false, unless
// there are emoji to go by. The work is linear in the text, of which at most maxRead bytes are read. Nothing is kept
// between posts.
package tone

import (
	"math"
	"sync"
)

// Tone is how one post sounds.
type Tone struct {
	Valence float64 // from -1 to 1; above 0.05 is good, below -0.05 is bad
	Known   bool    // false for a language without a list, in a post without emoji
}

// languages have a file in words/.
var languages = []string{"ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "nl", "pl", "pt", "ru", "tr", "zh"}

// Reader holds the word lists. It is safe for concurrent use.
type Reader struct {
	signs    *lexicon // emoji and emoticons
	lexicons map[string]func() *lexicon
	scratch  sync.Pool // of *scan
}

// New prepares a reader. A language's list is loaded when a post first needs it, which takes a millisecond.
func New() *Reader {
	r := &Reader{signs: mustLoad("emoji"), lexicons: map[string]func() *lexicon{}}
	for _, code := range languages {
		r.lexicons[code] = sync.OnceValue(func() *lexicon { return mustLoad(code) })
	}
	r.scratch.New = func() any { return new(scan) }
	return r
}

// Of reads one post. lang is its language, as package language tells it.
func (r *Reader) Of(text, lang string) Tone {
	lex := nothing
	if load, ok := r.lexicons[lang]; ok {
		lex = load()
	}
	s := r.scratch.Get().(*scan)
	defer r.scratch.Put(s)
	s.read(text, lex, r.signs)
	if lex == nothing && !s.signed {
		return Tone{}
	}
	return Tone{Valence: squeeze(s.sum()), Known: true}
}

// The sums that are still neutral.
const (
	neutralUpTo   = 1.3
	neutralDownTo = 1.1
	edge          = 0.05 // what those two come out as
	softness      = 15   // the greater, the slower a sum approaches 1
)

// squeeze brings a sum between -1 and 1, in the same order.
func squeeze(sum float64) float64 {
	bound := neutralUpTo
	if sum < 0 {
		bound = neutralDownTo
	}
	over := math.Abs(sum) - bound
	if over <= 0 {
		return edge * sum / bound
	}
	return math.Copysign(edge+(1-edge)*over/math.Sqrt(over*over+softness), sum)
}
