// Package screen looks at a post without asking anybody: it finds words, phrases
// and personal data that others may hold against whoever posted them.
//
// It is the whole analysis when no language model is configured and a second
// witness when one is, so it is tuned to be right rather than to find all: a false
// accusation is worse than a miss. It labels words of a post, never the person.
//
//	s := screen.New()
//	r := s.Check("you are such a f*cking 1diot", "en")
//	// r.Hits: harassment [0:28], profanity [15:22]
//
// One pass turns the text into words (fold.go): letters are folded to plain lower
// case, l33t, st*rs, s p a c e d letters and invisible characters are seen through, links and
// handles are stepped over, and each word remembers where it stood. A second pass
// walks those words through one trie of all rules (trie.go), and a few rules of
// context then drop what is negated, quoted or reported (context.go). The rules are
// tables: lexicon_en.go and its neighbours. Patterns of personal data are in
// personal.go, sentiment in sentiment.go.
//
// Nothing here keeps state between posts, and nothing is logged.
package screen

import (
	"cmp"
	"slices"
	"sync"

	"github.com/repazoo/repazoo/internal/language"
)

// Version changes whenever a rule changes, so that a report can say which rules judged it.
const Version = "2026-11-22"

// The categories of hits.
const (
	hateSpeech          = "hate_speech"
	harassment          = "harassment"
	violence            = "violence"
	extremism           = "extremism"
	sexualContent       = "sexual_content"
	profanity           = "profanity"
	substanceUse        = "substance_use"
	misinformation      = "misinformation"
	controversialTopic  = "controversial_topic"
	professionalConduct = "professional_conduct"
	brandSafety         = "brand_safety"
	geopoliticalTopic   = "geopolitical_topic"
	privacyExposure     = "privacy_exposure"
)

// The severities, and what to do about a post.
const (
	low      = "low"
	medium   = "medium"
	high     = "high"
	critical = "critical"

	keep        = "keep"
	editContext = "edit_context"
	remove      = "delete"
)

// Result is what one post shows.
type Result struct {
	Lang           string  // an ISO code, or "hi-Latn" and the like, "" when nobody can tell
	Sentiment      float64 // from -1, bad, to 1, good
	SentimentKnown bool    // false for languages without a word list: all but English
	Hits           []Hit   // ordered by Start; hits of one category do not overlap
	TalksToModel   bool    // the post gives orders to a language model
}

// Hit is one finding in a post.
type Hit struct {
	Category   string // such as "harassment"
	Severity   string // "low", "medium", "high" or "critical"
	Rule       string // the name of the rule, stable
	Reason     string // a sentence for the post's owner
	Suggestion string // "keep", "edit_context" or "delete"
	Start, End int    // byte offsets into the text
}

// Screener holds the compiled rules. It is safe for concurrent use.
type Screener struct {
	rules    []rule
	trie     *trie
	feelings *feelings
	tongues  *language.Detector
	scratch  sync.Pool // of *words
}

// New compiles the rules, which takes tens of milliseconds: do it once, and not before it is needed.
func New() *Screener {
	s := &Screener{rules: allRules(), feelings: newFeelings(), tongues: language.New()}
	s.trie = newTrie(s.rules)
	s.scratch.New = func() any { return new(words) }
	return s
}

// Check screens one post. lang is the post's own language as X tells it, or "".
func (s *Screener) Check(text, lang string) Result {
	w := s.scratch.Get().(*words)
	defer s.scratch.Put(w)
	w.split(text, s.trie)

	r := Result{Lang: languageOf(s.tongues, text, lang)}
	for m := range s.trie.matches(w) {
		rule := &s.rules[m.rule]
		switch {
		case !rule.speaks(r.Lang) || rule.excused(w, m):
		case rule.category == talksToModel:
			r.TalksToModel = true
		default:
			r.Hits = append(r.Hits, rule.hit(w.list[m.from].start, w.list[m.to-1].end))
		}
	}
	if w.personal() {
		r.Hits = w.appendPersonal(r.Hits, text, r.Lang)
	}
	r.Hits = merge(r.Hits)
	if r.Lang == "en" {
		r.Sentiment, r.SentimentKnown = s.feelings.score(text), true
	}
	return r
}

// rank orders severities.
func rank(severity string) int {
	return slices.Index([]string{low, medium, high, critical}, severity)
}

// merge joins overlapping hits of one category. The gravest, then the longest, gives its name.
func merge(hits []Hit) []Hit {
	if len(hits) < 2 {
		return hits
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), -cmp.Compare(rank(a.Severity), rank(b.Severity)))
	})
	out := hits[:1]
	for _, h := range hits[1:] {
		last := &out[len(out)-1]
		if h.Category != last.Category || h.Start >= last.End {
			out = append(out, h)
			continue
		}
		start, end := last.Start, max(last.End, h.End)
		if rank(h.Severity) > rank(last.Severity) {
			*last = h
		}
		last.Start, last.End = start, end
	}
	slices.SortStableFunc(out, func(a, b Hit) int { return cmp.Compare(a.Start, b.Start) })
	return out
}
