package screen

import (
	_ "embed" // for the packed language files
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/packed"
)

//go:generate go run ../packed/pack.go lang/*.txt lang.zip

// packed holds the files of lang/ as the program has them: in two fifths of their size.
//
//go:embed lang.zip
var langZip []byte

func languageFiles() fs.FS { return packed.Open(langZip) }

// fileNames are the names of all language files, without their ending.
func fileNames() []string {
	files, err := fs.Glob(languageFiles(), "*.txt")
	if err != nil {
		panic(fmt.Sprintf("screen: %v", err)) // the pattern is good
	}
	for i, name := range files {
		files[i] = strings.TrimSuffix(name, ".txt")
	}
	return files
}

// load reads one language. The format is described in lang/README.md.
func load(language string) (*lexicon, error) {
	text, err := fs.ReadFile(languageFiles(), language+".txt")
	if err != nil {
		return nil, fmt.Errorf("no language %q: %w", language, err)
	}
	l, err := parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("lang/%s.txt: %w", language, err)
	}
	return l, nil
}

// parser reads one language file, line by line.
type parser struct {
	*lexicon
	endings   map[string][]string
	tree      map[edge]int32    // the steps that are not shared
	spellings []string          // pairs of old and new, as strings.NewReplacer takes them
	speller   *strings.Replacer // made of spellings for the words below them, nil while there is none
	section   section
	post      post // folds words as those of posts are folded
}

// section is a header: what the words below it can do.
type section struct {
	meaning
	entry  *entry // what every word of the section shares
	pair   *kind
	unless []string
	stars  bool // its words are also written with stars
}

func parse(text string) (*lexicon, error) {
	p, err := read(text)
	if err != nil {
		return nil, err
	}
	p.freeze()
	return p.lexicon, nil
}

// read is parse without the tables that posts are looked up in.
func read(text string) (*parser, error) {
	p := &parser{
		lexicon: &lexicon{
			nodes: make([]node, 1), forks: map[edge][]int32{},
			draft: &draft{
				words: map[string]int32{}, near: map[string]int32{}, edges: map[edge]int32{}, runes: map[edge]int32{},
				ends: map[int32]int32{},
			},
		},
		endings: map[string][]string{}, tree: map[edge]int32{},
	}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, " # ")
		if err := p.line(strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	p.finish()
	return p, nil
}

func (p *parser) line(line string) error {
	fields := strings.Fields(line)
	switch {
	case len(fields) == 0 || line[0] == '#':
		return nil
	case line[0] == '[':
		return p.header(strings.Fields(strings.Trim(line, "[]")))
	case p.isDirective(fields[0]):
		return p.directive(fields)
	case p.section.pair != nil:
		return p.pairLine(fields)
	}
	for _, f := range fields {
		if err := p.phrases(f, p.section.entry); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) isDirective(word string) bool {
	return word == "endings" || word == "spell" || word == "prefixes" || word == "suffixes" || word == "order" ||
		word == "dash"
}

// directive reads a line that says how words are built.
func (p *parser) directive(fields []string) error {
	if len(fields) < 3 {
		return fmt.Errorf("%s needs a name and what belongs to it", fields[0])
	}
	switch fields[0] {
	case "order":
		if fields[1] != "verb" || fields[2] != "last" {
			return fmt.Errorf("no order %q", strings.Join(fields[1:], " "))
		}
		p.verbLast = true
	case "endings":
		p.endings[fields[1]] = fields[2:]
	case "spell":
		p.spellings = append(p.spellings, fields[1], fields[2])
		p.speller = strings.NewReplacer(p.spellings...)
	case "dash":
		p.dashJoins = true
	case "prefixes":
		return p.affix(&p.prefixes, fields[1], fields[2:], false)
	case "suffixes":
		return p.affix(&p.suffixes, fields[1], fields[2:], true)
	}
	return nil
}

func (p *parser) affix(to **affixes, roleName string, texts []string, backwards bool) error {
	r, ok := roleNamed(roleName)
	if !ok && roleName != "-" {
		return fmt.Errorf("no role %q", roleName)
	}
	if *to == nil {
		*to = &affixes{}
	}
	for _, t := range texts {
		(*to).add(string(p.fold(t)), r, backwards)
	}
	return nil
}

// header reads "role… kind… [unless word…]" or "pair kind [unless word…]".
func (p *parser) header(fields []string) error {
	p.section = section{}
	for i, f := range fields {
		r, isRole := roleNamed(f)
		k := kinds[f]
		switch {
		case f == "unless":
			p.section.unless = fields[i+1:]
			p.section.entry = p.means(p.section.meaning, p.section.unless)
			return nil
		case f == "stars":
			p.section.stars = true
		case f == "pair":
			if i+1 >= len(fields) || kinds[fields[i+1]] == nil {
				return errors.New("a pair needs a kind of finding")
			}
			p.section.pair = kinds[fields[i+1]]
		case isRole:
			p.section.roles |= r
		case k == nil:
			return fmt.Errorf("%q is neither a role nor a kind of finding", f)
		case p.section.pair == nil:
			p.section.kinds = append(p.section.kinds, k)
		}
	}
	p.section.entry = p.means(p.section.meaning, nil)
	return nil
}

// pairLine reads "a b c > x y z", or with <> where either may come first.
func (p *parser) pairLine(fields []string) error {
	at := slices.IndexFunc(fields, func(f string) bool { return f == ">" || f == "<>" })
	if at <= 0 || at == len(fields)-1 {
		return errors.New("a pair is words, > or <>, and words")
	}
	n := int32(len(p.pairs))
	p.pairs = append(p.pairs, pair{kind: p.section.pair, either: fields[at] == "<>"})
	left := p.means(meaning{left: []int32{n}}, p.section.unless)
	for _, f := range fields[:at] {
		if err := p.phrases(f, left); err != nil {
			return err
		}
	}
	right := p.means(meaning{right: []int32{n}}, p.section.unless)
	for _, f := range fields[at+1:] {
		if err := p.phrases(f, right); err != nil {
			return err
		}
	}
	return nil
}

// phrases adds every phrase that the pattern stands for: "_" joins words, "|" separates alternatives of one
// word, "?" before a word makes it optional, and "stem~x" has the endings of family x.
func (p *parser) phrases(pattern string, m *entry) error {
	var slots [][][]string
	for s := range strings.SplitSeq(pattern, "_") {
		words, err := p.slot(s)
		if err != nil {
			return fmt.Errorf("%q: %w", pattern, err)
		}
		slots = append(slots, words)
	}
	if len(slots) == 1 {
		for _, words := range slots[0] {
			p.add(words, m)
		}
		return nil
	}
	ends, err := p.path(slots)
	if err != nil {
		return fmt.Errorf("%q: %w", pattern, err)
	}
	for _, at := range ends {
		p.give(at, m)
	}
	return nil
}

// widest is how many nodes a pattern may spread over before its alternatives share one, so that a pattern of
// many alternatives costs their sum and not their product.
const widest = 48

// path lays the slots of a pattern out as paths and returns the nodes where they end.
func (p *parser) path(slots [][][]string) ([]int32, error) {
	from := []int32{0}
	for _, slot := range slots {
		var next []int32
		shared := int32(0)
		if from[0] != 0 && len(from)*len(slot) > widest {
			shared = p.grow()
		}
		for _, words := range slot {
			for _, at := range from {
				if to := p.lay(at, words, shared); !slices.Contains(next, to) {
					next = append(next, to)
				}
			}
		}
		from = next
	}
	if slices.Contains(from, 0) {
		return nil, errors.New("every word is optional")
	}
	p.reach = max(p.reach, len(slots))
	return from, nil
}

// lay adds the words after a node. The last step leads to the shared node, if there is one.
func (p *parser) lay(at int32, words []string, shared int32) int32 {
	for i, w := range words {
		id := p.everyWord(w)
		switch {
		case at == 0:
			at = id
		case shared != 0 && i == len(words)-1:
			p.connect(at, id, shared)
			at = shared
		default:
			at = p.step(at, id)
		}
	}
	return at
}

// everyWord is the id of a word, which its other spellings share.
func (p *parser) everyWord(w string) int32 {
	id := p.word(w)
	if p.speller != nil {
		other := p.speller.Replace(w)
		if p.draft.words[other] == 0 {
			p.draft.words[other] = id
		}
	}
	return id
}

// slot gives the alternatives of one word of a phrase. An alternative may itself be several words ("don't" in
// one, "y'all" in two), or none where the slot is optional.
func (p *parser) slot(slot string) ([][]string, error) {
	var out [][]string
	rest, optional := strings.CutPrefix(slot, "?")
	if optional {
		out = append(out, nil)
	}
	for alternative := range strings.SplitSeq(rest, "|") {
		stem, family, has := strings.Cut(alternative, "~")
		endings := []string{"-"}
		if has {
			if endings = p.endings[family]; endings == nil {
				return nil, fmt.Errorf("no endings %q", family)
			}
		}
		for _, e := range endings {
			words := p.words1(stem + strings.TrimPrefix(e, "-"))
			if len(words) == 0 {
				return nil, errors.New("holds no word")
			}
			out = append(out, words)
		}
	}
	return out, nil
}

// words1 reads text as a post is read.
func (p *parser) words1(text string) []string {
	if r, _ := utf8.DecodeRuneInString(text); spaceless(r) {
		return []string{string(p.fold(text))}
	}
	p.post.reset(text)
	p.post.tokenize()
	var out []string
	for _, t := range p.post.tokens {
		if t.flags&handle != 0 {
			out = append(out, "@")
			continue
		}
		out = append(out, string(p.post.folded[t.from:t.to]))
	}
	return out
}

func (p *parser) fold(text string) []byte {
	var b []byte
	for _, r := range text {
		b = appendFolded(b, r)
	}
	return b
}

// add stores one word or phrase without alternatives, and what it looks like with stars.
func (p *parser) add(words []string, m *entry) {
	if len(words) == 0 {
		return
	}
	p.give(p.lay(0, words, 0), m)
	if !p.section.stars || len(words) > 1 {
		return
	}
	for _, s := range starred(words[0]) {
		if p.draft.words[s] == 0 {
			p.give(p.word(s), m)
		}
	}
}

// give adds a meaning to the word or phrase that ends at a node. Words with the same meaning share one entry.
func (p *parser) give(at int32, m *entry) {
	n := &p.nodes[at]
	switch {
	case n.entry == nil:
		n.entry = m
	case n.entry != m:
		n.entry = &entry{
			meaning: join(n.entry.meaning, m.meaning),
			senses:  slices.Concat(n.entry.senses, m.senses),
		}
	}
}

// means makes the entry that words of a section share.
func (p *parser) means(m meaning, unless []string) *entry {
	if len(unless) == 0 {
		return &entry{meaning: m}
	}
	s := sense{meaning: m, unless: map[int32]bool{}}
	for _, u := range unless {
		for _, w := range p.mustExpand(u) {
			s.unless[p.word(w)] = true
		}
	}
	return &entry{senses: []sense{s}}
}

// mustExpand is the words of an "unless", with endings.
func (p *parser) mustExpand(text string) []string {
	lists, err := p.slot(text)
	if err != nil {
		return []string{text}
	}
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func join(a, b meaning) meaning {
	a.roles |= b.roles
	a.kinds = slices.Concat(a.kinds, b.kinds)
	a.left, a.right = slices.Concat(a.left, b.left), slices.Concat(a.right, b.right)
	return a
}

// word is the id of a word, new or known.
func (p *parser) word(w string) int32 {
	id, ok := p.draft.words[w]
	if !ok {
		id = p.grow()
		p.draft.words[w] = id
	}
	return id
}

func (p *parser) grow() int32 {
	p.nodes = append(p.nodes, node{})
	return int32(len(p.nodes) - 1)
}

// step is the node of a phrase that goes on with a word, as a tree: one node for each way to get there.
func (p *parser) step(from, by int32) int32 {
	next, ok := p.tree[edge{from, by}]
	if !ok {
		next = p.grow()
		p.tree[edge{from, by}] = next
		p.connect(from, by, next)
	}
	return next
}

// connect adds a step between two nodes.
func (p *parser) connect(from, by, to int32) {
	p.nodes[from].more = true
	p.nodes[from].steps.add(by)
	first, ok := p.draft.edges[edge{from, by}]
	switch {
	case !ok:
		p.draft.edges[edge{from, by}] = to
	case first != to && !slices.Contains(p.forks[edge{from, by}], to):
		p.forks[edge{from, by}] = append(p.forks[edge{from, by}], to)
		p.nodes[from].forks = true
	}
}

// finish builds what is worked out from all words: spellings without accents, paths of runes, near misses.
func (p *parser) finish() {
	known := make([]string, 0, len(p.draft.words))
	for w := range p.draft.words {
		known = append(known, w)
	}
	slices.Sort(known)
	for _, w := range known {
		id := p.draft.words[w]
		p.inherit(w, id)
		if plain := string(stripAccents(nil, []byte(w))); plain != w && p.draft.words[plain] == 0 {
			p.draft.words[plain] = id
		}
		if first, _ := utf8.DecodeRuneInString(w); spaceless(first) {
			p.addRunes(w, id)
		}
		if repairs(p.roles(id), utf8.RuneCountInString(w)) {
			p.addNear(w, id)
		}
	}
}

// inherit gives a word that only phrases name the meaning of the word it is built of: Arabic "النساء" means what
// "نساء" does although the file has a phrase that begins with the article.
func (p *parser) inherit(w string, id int32) {
	if p.nodes[id].entry != nil {
		return
	}
	if stem, r := p.withoutAffixes([]byte(w)); stem != 0 && p.nodes[stem].entry != nil {
		p.give(id, p.nodes[stem].entry)
		if r != 0 {
			p.give(id, p.means(meaning{roles: r}, nil))
		}
	}
}

func (p *parser) addRunes(w string, id int32) {
	at := int32(0)
	for _, r := range w {
		next, ok := p.draft.runes[edge{at, r}]
		if !ok {
			next = int32(len(p.draft.runes) + 1)
			p.draft.runes[edge{at, r}] = next
		}
		at = next
	}
	p.draft.ends[at] = id
	p.maxRunes = max(p.maxRunes, utf8.RuneCountInString(w))
}

// addNear stores the word without each of its inner letters. A first or last letter is never taken for the one
// that is missing: without it a word is often another real one.
func (p *parser) addNear(w string, id int32) {
	runes := []rune(w)
	for i := 1; i+1 < len(runes); i++ {
		near := string(slices.Concat(runes[:i], runes[i+1:]))
		if p.draft.words[near] == 0 {
			p.draft.near[near] = id
		}
	}
}

// starred is a word as people write it who do not want to write it.
func starred(w string) []string {
	n := len(w)
	if n < 4 || n > 14 || strings.ContainsFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return nil
	}
	stars := strings.Repeat("*", n)
	out := []string{w[:1] + stars[1:n-1] + w[n-1:], w[:1] + stars[1:], w[:2] + stars[2:], w[:2] + stars[2:n-1] + w[n-1:]}
	for i := 1; i < n-1; i++ {
		out = append(out, w[:i]+"*"+w[i+1:])
		if i < n-2 {
			out = append(out, w[:i]+"**"+w[i+2:])
		}
	}
	return out
}
