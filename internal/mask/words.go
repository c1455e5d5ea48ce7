package mask

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/personal"
)

// author stands for whoever wrote the posts.
const author = "[the author]"

// Bounds of what counts as the name of the author.
const (
	shortestName = 3 // letters; what is shorter is a word like any other
	longName     = 6 // letters; what is shorter is looked for as a word of its own
	mostNames    = 8
	maskedDigits = 4 // a number with so many digits or more is masked
	cutAt        = 80
)

// words masks the words of posts. It remembers what it has replaced, so that the same words get the same placeholder.
type words struct {
	own   []string
	named []name // the author's names
	known map[string]string
	count map[string]int
}

func newWords(own []string) *words {
	own = slices.Compact(slices.DeleteFunc(own, func(s string) bool { return strings.TrimSpace(s) == "" }))
	own = own[:min(len(own), mostNames)]
	return &words{own: own, named: spellings(own), known: map[string]string{}, count: map[string]int{}}
}

// name finds one name of the author in every spelling.
type name struct {
	spelled *regexp.Regexp
	alone   bool // it counts only where no letter stands beside it
}

// spellings finds names in every spelling: "ada_fernhill" is also @AdaFernhill, Ada Fernhill and #adafernhillfan. A
// short name would be found inside other words, and what is left of such a word would tell the name ("Tim" in "time"),
// so it has to stand alone, in the genitive too.
func spellings(own []string) []name {
	var all []name
	for _, n := range own {
		parts := strings.FieldsFunc(n, notInName)
		letters := utf8.RuneCountInString(strings.Join(parts, ""))
		if letters < shortestName {
			if plain := strings.TrimPrefix(n, "@"); isHandle(plain) {
				all = append(all, name{regexp.MustCompile(`(?i)@` + regexp.QuoteMeta(plain) + `\b`), true})
			}
			continue
		}
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern, alone := strings.Join(parts, `[\s_.\-]{0,3}`), letters < longName
		if alone {
			pattern += `s?`
		}
		all = append(all, name{regexp.MustCompile(`(?i)[@#]?` + pattern), alone})
	}
	return all
}

// in lists where a name stands in a text, with the rest of the word that it is part of: what is left of a word would
// tell how the name goes on, or what it is. A hashtag has no spaces, so a short name in one may be the author's
// ("#timfan") or not ("#time"): it is masked whole, and not said to be the author.
func (n name) in(text string) []span {
	var all []span
	for _, at := range n.spelled.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		from := len(strings.TrimRightFunc(text[:at[0]], inWord))
		to := len(text) - len(strings.TrimLeftFunc(text[at[1]:], inWord))
		kind := kindAuthor
		if marked := strings.ContainsRune("@#", rune(text[at[0]])); n.alone && (!marked && joins(before) || joins(after)) {
			tag := strings.LastIndexByte(text[:at[0]+1], '#')
			if tag < 0 || tag < from-1 {
				continue
			}
			from, kind = tag, kindHashtag
		}
		all = append(all, span{from, to, kind})
	}
	return all
}

// unspaced are scripts, or languages in them, that write a name and the words beside it as one.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer,
	unicode.Myanmar,
}

// joins reports whether a letter makes one word with what stands beside it.
func joins(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r)) && !unicode.In(r, unspaced...)
}

func inWord(r rune) bool { return joins(r) || r == '_' || unicode.IsNumber(r) }

func notInName(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) }

func isHandle(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	})
}

// numbers are digits of any script, with what people put between them.
var numbers = regexp.MustCompile(`\p{N}(?:[\s.,:/()+\-]{0,3}\p{N})*`)

// span is bytes from:to of a text, and what is said in their place.
type span struct {
	from, to int
	kind     string
}

// kindAuthor is the kind of the author's own names.
const kindAuthor = "author"

const kindHashtag = "hashtag"

// kindWords are what placeholders say of the kinds of package personal.
var kindWords = map[personal.Kind]string{
	personal.Email: "e-mail address", personal.Phone: "phone number", personal.Address: "address",
	personal.Coordinates: "place",
	personal.BankAccount: "account number", personal.Card: "card number", personal.NationalID: "identity number",
	personal.Passport: "passport number", personal.Plate: "number plate", personal.BirthDate: "date of birth",
	personal.Key: "key", personal.Password: "password", personal.Link: "link", personal.Handle: "person",
	personal.Name: "name", personal.Place: "place", personal.Network: "network address", personal.Wallet: "wallet",
	personal.Number: "number",
}

// find lists what is to be replaced in a text, in order and without overlaps.
func (w *words) find(text string) []span {
	var all []span
	for _, n := range w.named {
		all = append(all, n.in(text)...)
	}
	for _, s := range personal.Identifying(text, "", w.own...) {
		all = append(all, span{s.Start, s.End, cmp.Or(kindWords[s.Kind], string(s.Kind))})
	}
	for _, at := range numbers.FindAllStringIndex(text, -1) {
		if digits(text[at[0]:at[1]]) >= maskedDigits {
			all = append(all, span{at[0], at[1], kindWords[personal.Number]})
		}
	}
	return joined(all)
}

func digits(s string) (n int) {
	for _, r := range s {
		if unicode.IsNumber(r) {
			n++
		}
	}
	return n
}

// joined makes one span of those that overlap. It is called what the longest of them is; the author's name goes first.
func joined(all []span) []span {
	slices.SortStableFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var out []span
	longest := 0
	for _, s := range all {
		if n := len(out); n > 0 && s.from < out[n-1].to {
			last := &out[n-1]
			if last.kind != kindAuthor && (s.kind == kindAuthor || s.to-s.from > longest) {
				last.kind, longest = s.kind, s.to-s.from
			}
			last.to = max(last.to, s.to)
			continue
		}
		out, longest = append(out, s), s.to-s.from
	}
	return out
}

// mask replaces in one text.
func (w *words) mask(text string) string { return w.replace(text, 0, len(text), w.find(text)) }

// replace gives bytes from:to of a text with the spans in them replaced. No span may cross from or to.
func (w *words) replace(text string, from, to int, spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.from < from || s.to > to {
			continue
		}
		b.WriteString(text[from:s.from])
		b.WriteString(w.placeholder(s.kind, text[s.from:s.to]))
		from = s.to
	}
	b.WriteString(text[from:to])
	return b.String()
}

func (w *words) placeholder(kind, what string) string {
	if kind == kindAuthor {
		return author
	}
	key := kind + "\x00" + strings.ToLower(strings.Join(strings.Fields(what), " "))
	if w.known[key] == "" {
		w.count[kind]++
		w.known[key] = fmt.Sprintf("[%s %d]", kind, w.count[kind])
	}
	return w.known[key]
}

// quoted masks a quote with the words around it as one text, because what stands beside a word says what it is. What
// begins or ends inside the quote belongs to it.
func (w *words) quoted(before, quote, after string) (string, string, string) {
	before, after = fromWholeWord(before), toWholeWord(after)
	text := before + quote + after
	from, to := len(before), len(before)+len(quote)
	spans := w.find(text)
	for _, s := range spans {
		if s.from < from && from < s.to {
			from = s.from
		}
		if s.from < to && to < s.to {
			to = s.to
		}
	}
	return w.replace(text, 0, from, spans), w.replace(text, from, to, spans), w.replace(text, to, len(text), spans)
}

// fromWholeWord leaves the first word out, unless the text before a quote begins where the post does: it may be half a
// handle or half a number.
func fromWholeWord(before string) string {
	if utf8.RuneCountInString(before) < cutAt {
		return before
	}
	at := strings.IndexFunc(before, unicode.IsSpace)
	if at < 0 {
		return "…"
	}
	return "…" + before[at:]
}

func toWholeWord(after string) string {
	if utf8.RuneCountInString(after) < cutAt {
		return after
	}
	at := strings.LastIndexFunc(after, unicode.IsSpace)
	if at < 0 {
		return "…"
	}
	return after[:at] + " …"
}
