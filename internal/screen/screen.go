// Package screen looks at a post without asking anybody: it finds what others may hold against whoever posted it.
//
// It is the whole analysis when no language model is configured and a second witness when one is, so it is tuned
// to be right rather than to find all: a false accusation is worse than a miss. It labels words of a post, never
// the person.
//
//	s := screen.New()
//	r := s.Check("you are such a f*cking 1diot", "en")
//	// r.Hits: harassment [0:28], profanity [15:22]
//
// A finding is composed of who is spoken of (a group, the reader, somebody else), what is said (a threat, an
// insult, a denial of rights …) and how it is framed (quoted, negated, reported, in play …). A post passes through:
//
//	words.go     words, sentences and quotations; letters folded to plain lower case (fold.go)
//	identify.go  each word looked up, also in disguise: l33t, st*rs, s p a c e d, stretched, mistyped (segment.go)
//	mark.go      units: the longest phrases, with their roles (role.go), and pairs of words that find by themselves
//	who.go       who is meant by "them", "gay people", "women like you"
//	attack.go    the rules that compose an attack
//	frame.go     what only looks like one
//	weigh.go     severities, and what is merged
//
// A language is data: one file in lang/, whose format and sources lang/README.md describes. A post is read with
// the file of its own language, with the English one if it is in Latin script, and with lang/model.txt, which
// finds orders to a language model in every language.
//
// The work is linear in the text: each look aside ends after a fixed number of words. Nothing here keeps state
// between posts, and nothing is logged.
package screen

import (
	"fmt"
	"strings"
	"sync"

	"github.com/repazoo/repazoo/internal/language"
	"github.com/repazoo/repazoo/internal/tone"
)

// Version changes whenever a rule changes, so that a report can say which rules judged it.
const Version = "2026-11-29.1"

// Result is what one post shows.
type Result struct {
	Lang           string  // an ISO code, or "hi-Latn" and the like, "" when nobody can tell
	Sentiment      float64 // from -1, bad, to 1, good
	SentimentKnown bool    // false for languages without a word list, in posts without emoji
	Hits           []Hit   // ordered by Start; hits of one category do not overlap
	Framed         []Hit   // what looks like a hit and is quoted, negated, reported or playful: no accusation
	TalksToModel   bool    // the post gives orders to a language model
	Tone           int     // rude and coarse words, hits or not: a signal for tone, never a finding by itself
	Suspicion      int     // how much a model should read this post, from 0, nothing to see, upwards
}

// Hit is one finding in a post.
type Hit struct {
	Category   string // such as "harassment"
	Severity   string // "low", "medium", "high" or "critical"
	Rule       string // the name of the rule, stable
	Reason     string // a sentence for the post's owner
	Suggestion string // "keep", "edit_context" or "delete"
	Start, End int    // byte offsets into the text
	Frame      Frame  // "" for a hit, else why it is none
	Confirm    bool   // one sign alone: a lone slur, a threat at nobody addressed
}

// Screener holds the languages. It is safe for concurrent use.
type Screener struct {
	lexicons map[string]func() *lexicon // each is loaded when a post first needs it
	tone     *tone.Reader
	tongues  *language.Detector
	scratch  sync.Pool // of *post
}

// New prepares a screener. A language is loaded, in up to a tenth of a second, when a post first needs it.
func New() *Screener {
	s := &Screener{lexicons: map[string]func() *lexicon{}, tone: tone.New(), tongues: language.New()}
	for _, name := range fileNames() {
		s.lexicons[name] = sync.OnceValue(func() *lexicon { return mustLoad(name) })
	}
	s.scratch.New = func() any { return new(post) }
	return s
}

// Load reads every language at once, which otherwise waits for the first post in it: about a second of processor time,
// and 75 MB of memory.
func (s *Screener) Load() {
	for _, read := range s.lexicons {
		read()
	}
}

// mustLoad loads an embedded file, which tests have shown to load.
func mustLoad(name string) *lexicon {
	l, err := load(name)
	if err != nil {
		panic(fmt.Sprintf("screen: %v", err))
	}
	return l
}

// Check screens one post. lang is the post's own language as X tells it, or "".
func (s *Screener) Check(text, lang string) Result {
	p := s.scratch.Get().(*post)
	defer s.scratch.Put(p)
	p.reset(text)
	r := Result{Lang: languageOf(s.tongues, p.text, lang)}
	s.screen(p, &r)
	r.Hits = appendPersonal(r.Hits, p.text, r.Lang)
	r.Hits = merge(r.Hits)
	heard := s.tone.Of(p.text, r.Lang)
	r.Sentiment, r.SentimentKnown = heard.Valence, heard.Known
	return r
}

// screen finds all but personal data.
func (s *Screener) screen(p *post, r *Result) {
	lang, _, _ := strings.Cut(r.Lang, "-") // "hi-Latn" is read as Hindi
	p.foreign = lang != "" && s.lexicons[lang] == nil
	p.read(s.readersFor(lang, p.text))
	p.resolve()
	for i := range p.units {
		if p.units[i].roles&attacks != 0 {
			p.attackAt(i)
		}
	}
	p.weigh(r)
}

// readersFor chooses the lexicons of a post.
func (s *Screener) readersFor(lang, text string) [readers]*lexicon {
	out := [readers]*lexicon{modelReader: s.lexicons["model"]()}
	if s.lexicons[lang] == nil || lang == "model" {
		lang = byScript(text)
	}
	if own := s.lexicons[lang]; own != nil {
		out[ownReader] = own()
	}
	if lang != "en" {
		out[englishReader] = s.lexicons["en"]()
	}
	if out[ownReader] == nil {
		out[ownReader], out[englishReader] = s.lexicons["en"](), nil
	}
	return out
}

// byScript guesses the language to read a post with from the script of its first letters.
func byScript(text string) string {
	const enough = 64
	seen := 0
	for i, r := range text {
		if i > 4*enough || seen > enough {
			break
		}
		if r < 0x370 || !isLetter(r) {
			continue
		}
		seen++
		switch scriptOf(r) {
		case kanaScript:
			return "ja"
		case cyrillicScript:
			return "ru"
		case arabicScript:
			return "ar"
		case indicScript:
			return "hi"
		case hanScript:
			if seen > 8 {
				return "zh"
			}
		}
	}
	if seen > 0 {
		return "zh"
	}
	return "en"
}
