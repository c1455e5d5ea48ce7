package assess

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the themes: how many different names are counted at once, how many posts make
// a theme, how many of each kind a report lists, and how long a name may be.
const (
	themeCounters  = 20_000
	themeMinPosts  = 3
	themesPerKind  = 8
	themeNameRunes = 40
)

// themeTally counts what posts are about: their hashtags, the content words and word pairs
// of English posts (without other languages' stop words their commonest words say nothing),
// and what the model named.
type themeTally struct {
	hashtags, words, model frequent
	stop                   stopSet
}

func newThemeTally() themeTally {
	return themeTally{newFrequent(themeCounters), newFrequent(themeCounters), newFrequent(themeCounters), newStopSet()}
}

// add counts one post; each name once, however often the post repeats it.
func (t *themeTally) add(p Post, lang string, byModel []string) {
	t.hashtags.addOnce(p.Hashtags, func(s string) string { return "#" + strings.TrimPrefix(s, "#") })
	if lang == "" || lang == "en" {
		t.words.addOnce(t.stop.contentWords(p.Text), func(s string) string { return s })
	}
	t.model.addOnce(byModel, strings.TrimSpace)
}

// result lists the themes by kind, then by their posts. A name that an earlier kind has, with
// or without the sign of a hashtag, is not listed again.
func (t *themeTally) result() []Theme {
	named, out := map[string]bool{}, []Theme{}
	add := func(themes []Theme) {
		out = append(out, themes...)
		for _, theme := range themes {
			name := strings.TrimPrefix(theme.Name, "#")
			named[name], named["#"+name] = true, true
		}
	}
	add(t.model.themes("model", named))
	add(t.hashtags.themes("hashtag", named))
	maps.Copy(named, insidePairs(t.words.counts))
	maps.Copy(named, otherNumber(t.words.counts))
	add(t.words.themes("word", named))
	return out
}

// insidePairs are the words that mostly appear as part of one pair: "climate" says nothing
// that "climate change" does not.
func insidePairs(counts map[string]int) map[string]bool {
	inside := map[string]bool{}
	for name, n := range counts {
		a, b, pair := strings.Cut(name, " ")
		if !pair || n < themeMinPosts {
			continue
		}
		inside[a] = inside[a] || 2*n >= counts[a]
		inside[b] = inside[b] || 2*n >= counts[b]
	}
	return inside
}

// otherNumber are the words of which the singular or plural is there too and more frequent: "map" beside "maps".
func otherNumber(counts map[string]int) map[string]bool {
	rarer := map[string]bool{}
	for many, n := range counts {
		one, plural := strings.CutSuffix(many, "s")
		m, both := counts[one]
		switch {
		case !plural || !both:
		case m >= n:
			rarer[many] = true
		default:
			rarer[one] = true
		}
	}
	return rarer
}

// frequent counts the most frequent names in fixed memory (Misra and Gries): when every
// counter is taken, all lose one. A count is never too high, and too low by at most the
// number of additions divided by the number of counters: exact for all but huge accounts.
type frequent struct {
	counts map[string]int
	limit  int
	seen   names // of the present post
}

func newFrequent(limit int) frequent { return frequent{counts: map[string]int{}, limit: limit} }

func (f *frequent) addOnce(names []string, spell func(string) string) {
	f.seen.reset()
	for _, name := range names {
		name = strings.ToLower(spell(name))
		if len(name) > 1 && utf8.ValidString(name) && utf8.RuneCountInString(name) <= themeNameRunes && f.seen.first(name) {
			f.add(name)
		}
	}
}

// names is a set that is emptied often. The first few are compared one by one, which is quicker than a map.
type names struct {
	few  []string
	many map[string]bool
}

func (n *names) reset() {
	clear(n.few)
	n.few, n.many = n.few[:0], nil
}

// first adds a name and reports whether it is new.
func (n *names) first(name string) bool {
	const few = 32
	if slices.Contains(n.few, name) || n.many[name] {
		return false
	}
	if len(n.few) < few {
		n.few = append(n.few, name)
		return true
	}
	if n.many == nil {
		n.many = map[string]bool{}
	}
	n.many[name] = true
	return true
}

func (f *frequent) add(name string) {
	if n, counted := f.counts[name]; counted {
		f.counts[name] = n + 1
		return
	}
	if len(f.counts) < f.limit {
		f.counts[strings.Clone(name)] = 1 // it may be a part of all words of a post
		return
	}
	for k := range f.counts {
		if f.counts[k]--; f.counts[k] == 0 {
			delete(f.counts, k)
		}
	}
}

// themes are the names with most posts, leaving out those in skip.
func (f *frequent) themes(by string, skip map[string]bool) []Theme {
	var out []Theme
	for name, n := range f.counts {
		if n >= themeMinPosts && !skip[name] {
			out = append(out, Theme{Name: name, Posts: n, By: by})
		}
	}
	slices.SortFunc(out, func(a, b Theme) int {
		return cmp.Or(cmp.Compare(b.Posts, a.Posts), cmp.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), themesPerKind)]
}

// stopSet is the stop words, to look up.
type stopSet map[string]bool

func newStopSet() stopSet {
	set := stopSet{}
	for word := range strings.FieldsSeq(stopWords) {
		set[word] = true
	}
	return set
}

// contentWords are the words of a text that carry a subject, and the pairs of them that
// stand side by side. Handles, hashtags, links, numbers and stop words are passed over.
func (stop stopSet) contentWords(text string) []string {
	var room [256]byte
	var places [48]place
	all, words := room[:0], places[:0]
	beside := false // the word before stands side by side with what comes
	for token := range strings.FieldsSeq(text) {
		from := len(all)
		if all = stop.appendWord(all, token); len(all) > from {
			words = append(words, place{from, len(all), beside})
			all = append(all, ' ')
		}
		last, _ := utf8.DecodeLastRuneInString(token)
		beside = len(all) > from && !unicode.IsPunct(last)
	}
	return named(string(all), words)
}

// place is where a word stands among the words of a post, which have a blank between them.
type place struct {
	from, to int
	beside   bool // it stands side by side with the one before
}

// named are the words, and after each the pair that it makes with the one before. They share the memory of all.
func named(all string, words []place) []string {
	if len(words) == 0 {
		return nil
	}
	out := make([]string, 0, 2*len(words))
	for i, w := range words {
		out = append(out, all[w.from:w.to])
		if w.beside && all[words[i-1].from:words[i-1].to] != all[w.from:w.to] {
			out = append(out, all[words[i-1].from:w.to])
		}
	}
	return out
}

// appendWord appends the token as a word, or nothing if it is none.
func (stop stopSet) appendWord(b []byte, token string) []byte {
	if token[0] == '@' || token[0] == '#' || token[0] == '&' {
		return b
	}
	from := len(b)
	for i := range len(token) {
		switch c := token[i]; {
		case c >= utf8.RuneSelf:
			return append(b[:from], stop.contentWord(token)...)
		case c == '/':
			return b[:from]
		case c >= 'A' && c <= 'Z':
			b = append(b, c|0x20)
		case c >= 'a' && c <= 'z' || len(b) > from:
			b = append(b, c)
		}
	}
	for len(b) > from && (b[len(b)-1] < 'a' || b[len(b)-1] > 'z') {
		b = b[:len(b)-1]
	}
	word := bytes.TrimSuffix(b[from:], []byte("'s"))
	if len(word) < 3 || bytes.ContainsFunc(word, notWordRune) || stop[string(word)] {
		return b[:from]
	}
	return b[:from+len(word)]
}

// contentWord is the token as a word, or "" if it is none. It is for tokens that are not of ASCII alone.
func (stop stopSet) contentWord(token string) string {
	if strings.Contains(token, "/") {
		return ""
	}
	word := strings.ToLower(strings.ReplaceAll(strings.TrimFunc(token, notLetter), "’", "'"))
	word = strings.TrimSuffix(word, "'s")
	if utf8.RuneCountInString(word) < 3 || strings.ContainsFunc(word, notWordRune) || stop[word] {
		return ""
	}
	return word
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

func notWordRune(r rune) bool { return notLetter(r) && r != '\'' && r != '-' }

// stopWords are English words without a subject, of three letters and more.
const stopWords = "a's able about above across actually after afternoon again against ago ain't all almost alone " +
	"along already also although always amp and another any anybody anyone anything anyway are aren't around ask " +
	"asked away awesome back bad badly because been before behind being believe best better between big both bring " +
	"but call came can can't cannot come comes coming could couldn't day days dear did didn't different does doesn't " +
	"doing don't done dont down during each early eight either else end enough even evening ever every everybody everyone everything " +
	"exactly far feel feeling few find first five for forward found four free from full fun get gets getting girl give gives " +
	"giving goes going gone gonna good got gotta great guess guy guys had hahaha haha half happen happy hard has " +
	"hasn't hate have haven't having he'd he'll hear heard hello help her here hers herself hey him himself his hit " +
	"hold home hope hour hours how however i'd i'll i'm i've idk ill i'm imma into isn't it'd it'll it's its itself " +
	"i'ma just keep kind knew know known knows last late later least left less let let's lets like liked likely " +
	"literally little live lmao lol long look looking looks lot lots love made make makes making man many may maybe " +
	"mean means men might mine minute minutes miss month months more morning most much must myself name near need " +
	"needs never new next nice night nine nobody non none nope not nothing now off often old once one ones only onto other " +
	"others our ours ourselves out over own part people person please point post probably put quite read ready real " +
	"really reason rest right rts said same saw say saying says second see seeing seem seems seen set seven several shall " +
	"she she'd she'll shit should shouldn't show side since six some somebody someone something sometimes somewhere soon " +
	"sorry still stop stuff such sure take takes taking talk talking tell ten than thank thanks that that'll that's " +
	"thats the their theirs them themselves then there there's these they they'd they'll they're they've thing things " +
	"think thinking this those though thought three through thru thus til till time times today together told " +
	"tomorrow tonight too took totally toward tried tries true try trying turn tweet two under until upon use used " +
	"using usually very via wait wanna want wanted wants was wasn't watch watching way ways we'd we'll we're we've " +
	"week weekend weeks well went were weren't what what's whatever when when's where where's whether which while who " +
	"who's whole whom whose why will wish with within without won't word words work working works world would " +
	"wouldn't yall y'all yeah year years yep yes yesterday yet you you'd you'll you're you've your yours yourself " +
	"user fuck fucking damn hell ass bitch omg wtf tho cause cuz gon ain dis dat wit"
