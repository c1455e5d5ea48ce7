// Package words is the catalogue: what pages, mails and reports say, a file for each language.
//
//	l := words.For("de")
//	l.Say("report.findings_in", "findings", 3, "places", "im Profil")
//
// A message is written as in ICU MessageFormat, of which this is the part that is needed: {name} puts a value in,
// {name, plural, one {# finding} other {# findings}} chooses by number, {name, select, x {…} other {…}} by word, and
// {name, date}, {name, moment}, {name, number}, {name, percent} and {name, money} write a value as the language does.
// An apostrophe is an apostrophe, and a brace cannot be written.
//
// A file has lines of the form "key = text"; a line that begins with a space goes on with the text before it, and one
// that begins with # is a remark. English is the language that a key must have. Tests compare the others with it: each
// has the same keys with the same values to put in and the plural forms of its language, every key is used somewhere,
// and whoever uses one gives the values that it asks for.
//
// How a language is added stands in docs/languages.md.
package words

import (
	_ "embed" // for the packed catalogue
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/repazoo/repazoo/internal/packed"
)

//go:generate go run ../packed/pack.go *.txt words.zip

// wordsZip is the catalogue as the binary has it, packed: a third of its size.
//
//go:embed words.zip
var wordsZip []byte

// English is the tag of the language that everything can fall back to.
const English = "en"

// Language is the words of one language, and how it writes numbers and dates.
type Language struct {
	Tag  string // as in BCP 47: "de"
	Name string // in the language itself: "Deutsch"

	forms    rules
	messages map[string]message
	keys     map[string]string // text of a message without values → its key
	said     func() []form     // of its messages with values, made when somebody first asks
}

// Message is something to say that is kept until it is known in which language. It can be stored as JSON.
type Message struct {
	Key  string            `json:"code"`
	Args map[string]string `json:"args,omitempty"` // words, numbers and, as RFC 3339, times
}

// M makes a message of a key and its values, given as Say takes them.
func M(key string, args ...any) Message {
	m := Message{Key: key}
	for i := 0; i+1 < len(args); i += 2 {
		if m.Args == nil {
			m.Args = map[string]string{}
		}
		name, _ := args[i].(string)
		m.Args[name] = kept(args[i+1])
	}
	return m
}

// kept is a value as a message keeps it.
func kept(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	}
	n, _ := asNumber(v)
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// catalogue reads the files once, when somebody first asks.
var catalogue = sync.OnceValue(func() []*Language {
	out, files := make([]*Language, len(all)), packed.Open(wordsZip)
	for i, r := range all {
		text, err := fs.ReadFile(files, r.tag+".txt")
		if err != nil {
			panic(err) // the file is part of the program
		}
		out[i] = &Language{Tag: r.tag, Name: r.name, forms: r, messages: map[string]message{}, keys: map[string]string{}}
		if err := out[i].read(string(text)); err != nil {
			panic(err) // a test has read it
		}
		out[i].said = sync.OnceValue(func() []form { return saidForms(out[i]) })
	}
	return out
})

// Languages are all there are, English first.
func Languages() []*Language { return catalogue() }

// For is the language of a tag; of one that is not known, English.
func For(tag string) *Language {
	if i := slices.IndexFunc(catalogue(), func(l *Language) bool { return l.Tag == tag }); i >= 0 {
		return catalogue()[i]
	}
	return catalogue()[0]
}

// Known reports whether there are words of a language.
func Known(tag string) bool {
	return slices.ContainsFunc(all[:], func(r rules) bool { return r.tag == tag })
}

// maxAccept is how much of an Accept-Language header is read.
const maxAccept = 500

// matcher finds the language that suits best; the first is for whom none does.
var matcher = sync.OnceValue(func() language.Matcher {
	tags := make([]language.Tag, len(all))
	for i, r := range all {
		tags[i] = language.MustParse(r.tag)
	}
	return language.NewMatcher(tags)
})

// Choose is the language that somebody reads: the first of the choices that is known, or what the header
// Accept-Language of their browser asks for.
func Choose(accept string, choices ...string) *Language {
	for _, c := range choices {
		if Known(c) {
			return For(c)
		}
	}
	if len(accept) > maxAccept {
		accept = accept[:max(strings.LastIndexByte(accept[:maxAccept], ','), 0)] // half a tag makes the others worthless
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return For(English)
	}
	_, i, _ := matcher().Match(tags...)
	return catalogue()[i]
}

// Say gives a message its values: names and values by turns. A name that the message does not have is passed over; a
// key that is in no catalogue is said as it is, which a test does not let happen.
func (l *Language) Say(key string, args ...any) string {
	m, ok := l.messages[key]
	if !ok {
		return key
	}
	var b strings.Builder
	m.write(&b, l, args)
	return b.String()
}

// Render says a message that was kept.
func (l *Language) Render(m Message) string {
	args := make([]any, 0, 2*len(m.Args))
	for name, v := range m.Args {
		args = append(args, name, v)
	}
	return l.Say(m.Key, args...)
}

// Has reports whether the catalogue has a key.
func (l *Language) Has(key string) bool { _, ok := l.messages[key]; return ok }

// KeyOf finds the key of a text that was stored in this language, among the keys that begin with a prefix.
func (l *Language) KeyOf(prefix, text string) (key string, ok bool) {
	key, ok = l.keys[text]
	return key, ok && strings.HasPrefix(key, prefix)
}

// Texts are the messages that hold no values. Tests look for those of one language in what is said in another.
func (l *Language) Texts() iter.Seq[string] { return maps.Keys(l.keys) }

// Within is a heading as it stands in a sentence: with a small letter. In a language whose nouns keep their capitals
// only an adjective loses it, which is a first word that a noun follows.
func (l *Language) Within(s string) string {
	_, second, _ := strings.Cut(s, " ")
	if next, _ := utf8.DecodeRuneInString(second); l.forms.nouns && !unicode.IsUpper(next) {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// Capital begins a sentence.
func Capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// List joins names as a sentence does: "a, b and c".
func (l *Language) List(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	last := names[len(names)-1]
	return strings.Join(names[:len(names)-1], ", ") + " " + l.forms.and(last) + " " + last
}
