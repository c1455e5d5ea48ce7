package words

import (
	"cmp"
	"iter"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a service says in English with values in it, such as a name or a number, is read back here: the message that has
// this form, and its values. So a page says it in another language, and no service has to know of languages.

// form is a message as a text can be held against it.
type form struct {
	key     string
	names   []string // of the values, in their order
	kinds   []string
	written *regexp.Regexp
	fixed   int // letters that are no values: a form with more of them says more
}

// longest bounds the texts that are read back.
const longest = 2000

// Recall finds the message that a text of this language says, among the keys that begin with a prefix. Messages with
// choices are none of them.
func (l *Language) Recall(prefix, text string) (Message, bool) {
	if key, ok := l.KeyOf(prefix, text); ok {
		return Message{Key: key}, true
	}
	if len(text) > longest {
		return Message{}, false
	}
	for _, f := range l.said() {
		if strings.HasPrefix(f.key, prefix) {
			if args, ok := f.values(text); ok {
				return Message{Key: f.key, Args: args}, true
			}
		}
	}
	return Message{}, false
}

// saidForms are the forms of all messages that hold values and no choices, the most particular first.
func saidForms(l *Language) []form {
	var all []form
	for key, m := range l.messages {
		if f, ok := formOf(key, m); ok {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b form) int { return cmp.Or(cmp.Compare(b.fixed, a.fixed), cmp.Compare(a.key, b.key)) })
	return all
}

// Shapes are the messages whose keys begin with a prefix, with {} for each value. Tests hold them against the formats
// of services.
func (l *Language) Shapes(prefix string) iter.Seq2[string, string] {
	return func(yield func(key, shape string) bool) {
		for key, m := range l.messages {
			var shape strings.Builder
			for _, p := range m {
				shape.WriteString(p.text)
				if p.name != "" {
					shape.WriteString("{}")
				}
			}
			if strings.HasPrefix(key, prefix) && !yield(key, shape.String()) {
				return
			}
		}
	}
}

// readBack is the beginning of the keys whose messages are read back. To compile the others would cost time for
// nothing.
const readBack = "refuse."

func formOf(key string, m message) (form, bool) {
	f, pattern := form{key: key}, new(strings.Builder)
	if !strings.HasPrefix(key, readBack) {
		return f, false
	}
	for _, p := range m {
		switch {
		case len(p.choices) > 0 || p.kind == kindDate || p.kind == kindPercent:
			return f, false
		case p.name == "":
			pattern.WriteString(regexp.QuoteMeta(p.text))
			f.fixed += len(p.text)
		default:
			f.names, f.kinds = append(f.names, p.name), append(f.kinds, p.kind)
			pattern.WriteString(`(.+?)`)
		}
	}
	if len(f.names) == 0 {
		return f, false
	}
	f.written = regexp.MustCompile(`(?s)^` + pattern.String() + `$`)
	return f, true
}

// values are what a text of this form holds, as messages keep them.
func (f form) values(text string) (map[string]string, bool) {
	found := f.written.FindStringSubmatch(text)
	if found == nil {
		return nil, false
	}
	args := map[string]string{}
	for i, name := range f.names {
		v, ok := keptOf(f.kinds[i], found[i+1])
		if before, twice := args[name]; !ok || twice && before != v {
			return nil, false
		}
		args[name] = v
	}
	return args, true
}

// keptOf is a value as a message keeps it, of one that is written in English.
func keptOf(kind, written string) (string, bool) {
	switch kind {
	case kindNumber:
		n, err := strconv.ParseFloat(strings.ReplaceAll(written, ",", ""), 64)
		return strconv.FormatFloat(n, 'f', -1, 64), err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	case kindMoney:
		n, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimPrefix(written, "$"), ",", ""), 64)
		return strconv.FormatFloat(math.Round(n*1e6), 'f', -1, 64), err == nil && math.Abs(n) < 1e9
	case kindMoment:
		_, err := time.Parse(time.RFC3339, written)
		return written, err == nil
	}
	return written, true
}
