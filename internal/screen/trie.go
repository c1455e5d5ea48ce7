package screen

import (
	"iter"
	"strings"
)

// trie holds all patterns as paths over symbols. A symbol is a word or a class of
// words; the vocabulary tells which symbols a word is.
type trie struct {
	vocabulary map[string]int32 // word → index into entries; 0 is every other word
	entries    []vocab
	edges      map[edge]int32
	rules      [][]int32 // the rules that end at each node; node 0 is the root
	symbols    map[string]int32
}

// vocab is what the trie knows of one word.
type vocab struct {
	symbols []int32
	starts  bool  // a pattern can begin with it
	class   class // for context and gaps
}

type edge struct{ node, symbol int32 }

// match is a rule that was found in the words from, inclusive, to to, exclusive.
type match struct{ rule, from, to int }

const maxGap = 3 // fillers between two words of a pattern

func newTrie(rules []rule) *trie {
	t := &trie{
		vocabulary: map[string]int32{}, entries: make([]vocab, 1),
		edges: map[edge]int32{}, rules: make([][]int32, 1), symbols: map[string]int32{},
	}
	for name, members := range wordClasses {
		for w := range strings.FieldsSeq(members) {
			e := t.entry(w)
			e.symbols = append(e.symbols, t.symbol("{"+name+"}"))
			e.class |= contextClasses[name]
		}
	}
	for i := range rules {
		for _, pattern := range rules[i].split() {
			t.add(pattern, int32(i))
		}
	}
	for i := range t.entries {
		for _, s := range t.entries[i].symbols {
			_, ok := t.edges[edge{0, s}]
			t.entries[i].starts = t.entries[i].starts || ok
		}
	}
	return t
}

// add makes the paths of one pattern.
func (t *trie) add(pattern []string, rule int32) {
	nodes := []int32{0}
	for _, alternatives := range pattern {
		var next []int32
		for alternative := range strings.SplitSeq(alternatives, "|") {
			s := t.word(alternative)
			for _, n := range nodes {
				next = append(next, t.step(n, s))
			}
		}
		nodes = next
	}
	for _, n := range nodes {
		t.rules[n] = append(t.rules[n], rule)
	}
}

// word is the symbol of a word or {class} of a pattern.
func (t *trie) word(w string) int32 {
	if _, known := t.symbols[w]; !known && w[0] != '{' {
		e := t.entry(w)
		e.symbols = append(e.symbols, t.symbol(w))
	}
	return t.symbol(w)
}

// entry is the vocabulary's record of a word, valid until the next call.
func (t *trie) entry(w string) *vocab {
	i, ok := t.vocabulary[w]
	if !ok {
		i = int32(len(t.entries))
		t.vocabulary[w] = i
		t.entries = append(t.entries, vocab{})
	}
	return &t.entries[i]
}

func (t *trie) symbol(name string) int32 {
	s, ok := t.symbols[name]
	if !ok {
		s = int32(len(t.symbols))
		t.symbols[name] = s
	}
	return s
}

func (t *trie) step(node, symbol int32) int32 {
	next, ok := t.edges[edge{node, symbol}]
	if !ok {
		next = int32(len(t.rules))
		t.rules = append(t.rules, nil)
		t.edges[edge{node, symbol}] = next
	}
	return next
}

// matches finds every rule in w.
func (t *trie) matches(w *words) iter.Seq[match] {
	return func(yield func(match) bool) {
		for i := range w.list {
			if t.entries[w.list[i].entry].starts && !t.walk(w, 0, i, i, 0, yield) {
				return
			}
		}
	}
}

// walk follows the words from at on. No path goes over the end of a sentence.
func (t *trie) walk(w *words, node int32, from, at, gap int, yield func(match) bool) bool {
	for _, rule := range t.rules[node] {
		if gap == 0 && !yield(match{int(rule), from, at}) {
			return false
		}
	}
	if at == len(w.list) || at > from && w.list[at].fresh {
		return true
	}
	e := &t.entries[w.list[at].entry]
	for _, s := range e.symbols {
		if next, ok := t.edges[edge{node, s}]; ok && !t.walk(w, next, from, at+1, 0, yield) {
			return false
		}
	}
	if e.class&filler != 0 && at > from && gap < maxGap {
		return t.walk(w, node, from, at+1, gap+1, yield)
	}
	return true
}
