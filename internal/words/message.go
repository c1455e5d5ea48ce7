package words

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// message is a text in pieces.
type message []piece

// piece is literal text, or a value and how it is written.
type piece struct {
	text    string
	name    string // of the value; "" for literal text
	kind    string // "", plural, select, date, moment, number, percent, money
	choices []choice
}

// choice is what is said for a plural form or a word.
type choice struct {
	when string
	message
}

// The kinds of pieces.
const (
	kindPlural  = "plural"
	kindSelect  = "select"
	kindDate    = "date"
	kindMoment  = "moment"
	kindNumber  = "number"
	kindPercent = "percent"
	kindMoney   = "money"
)

// read takes in a file.
func (l *Language) read(file string) error {
	key, text := "", ""
	end := func() error {
		if key == "" {
			return nil
		}
		return l.add(key, text)
	}
	for n, line := range strings.Split(file, "\n") {
		switch {
		case strings.TrimSpace(line) == "", line[0] == '#':
			continue
		case line[0] == ' ':
			text += " " + strings.TrimSpace(line)
			continue
		}
		if err := end(); err != nil {
			return err
		}
		k, t, ok := strings.Cut(line, " = ")
		if !ok {
			return fmt.Errorf("%s.txt:%d: no \" = \" after the key", l.Tag, n+1)
		}
		key, text = strings.TrimSpace(k), strings.TrimSpace(t)
	}
	return end()
}

func (l *Language) add(key, text string) error {
	if l.Has(key) {
		return fmt.Errorf("%s.txt: %s stands there twice", l.Tag, key)
	}
	p := reader{rest: text}
	m, err := p.message("")
	if err == nil && p.rest != "" {
		err = errors.New("a brace is closed that was not opened")
	}
	if err != nil {
		return fmt.Errorf("%s.txt: %s: %w", l.Tag, key, err)
	}
	l.messages[key] = m
	if !strings.Contains(text, "{") {
		l.keys[text] = key
	}
	return nil
}

// reader reads messages. It goes down once for each brace, and the files are part of the program.
type reader struct{ rest string }

// message reads up to the brace that closes it. Around is the name of the plural that it stands in.
func (p *reader) message(around string) (message, error) {
	var out message
	for p.rest != "" {
		i := strings.IndexAny(p.rest, "{}#")
		if i < 0 {
			i = len(p.rest)
		}
		if i > 0 {
			out = append(out, piece{text: p.rest[:i]})
			p.rest = p.rest[i:]
			continue
		}
		switch p.rest[0] {
		case '}':
			return out, nil
		case '#':
			p.rest = p.rest[1:]
			if around == "" {
				out = append(out, piece{text: "#"})
				continue
			}
			out = append(out, piece{name: around, kind: kindNumber})
		default:
			p.rest = p.rest[1:]
			one, err := p.value(around)
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// value reads what stands after an opening brace, and the closing one.
func (p *reader) value(around string) (piece, error) {
	i := strings.IndexAny(p.rest, ",}")
	if i < 0 {
		return piece{}, errors.New("a brace is not closed")
	}
	out := piece{name: strings.TrimSpace(p.rest[:i])}
	if p.rest[i] == '}' {
		p.rest = p.rest[i+1:]
		return out, nil
	}
	p.rest = p.rest[i+1:]
	if i = strings.IndexAny(p.rest, ",}"); i < 0 {
		return piece{}, errors.New("a brace is not closed")
	}
	out.kind = strings.TrimSpace(p.rest[:i])
	last := p.rest[i]
	p.rest = p.rest[i+1:]
	switch {
	case out.kind == kindPlural && last == ',':
		return p.choices(out, out.name)
	case out.kind == kindSelect && last == ',':
		return p.choices(out, around)
	case last == '}' && (out.kind == kindDate || out.kind == kindMoment || out.kind == kindNumber ||
		out.kind == kindPercent || out.kind == kindMoney):
		return out, nil
	}
	return piece{}, fmt.Errorf("%q is no way to write a value", out.kind)
}

func (p *reader) choices(out piece, around string) (piece, error) {
	for {
		p.rest = strings.TrimLeft(p.rest, " ")
		if strings.HasPrefix(p.rest, "}") {
			p.rest = p.rest[1:]
			if len(out.choices) == 0 || out.choices[len(out.choices)-1].when != "other" {
				return piece{}, fmt.Errorf("the last choice of %s is not \"other\"", out.name)
			}
			return out, nil
		}
		when, rest, ok := strings.Cut(p.rest, "{")
		if !ok {
			return piece{}, errors.New("a brace is not closed")
		}
		p.rest = rest
		m, err := p.message(around)
		if err != nil {
			return piece{}, err
		}
		if !strings.HasPrefix(p.rest, "}") {
			return piece{}, errors.New("a brace is not closed")
		}
		p.rest = p.rest[1:]
		out.choices = append(out.choices, choice{strings.TrimSpace(when), m})
	}
}

func (m message) write(b *strings.Builder, l *Language, args []any) {
	for _, p := range m {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		v := valueOf(args, p.name)
		switch {
		case v == nil: // a test finds whoever forgets a value
			b.WriteString("{" + p.name + "}")
		case p.kind == kindPlural:
			n, _ := asNumber(v)
			p.choose(l.forms.form(n)).write(b, l, args)
		case p.kind == kindSelect:
			p.choose(l.plain(v)).write(b, l, args)
		default:
			b.WriteString(l.written(p.kind, v))
		}
	}
}

// choose is what is said for a form or a word; "other" stands for those that are not named.
func (p piece) choose(when string) message {
	for _, c := range p.choices {
		if c.when == when {
			return c.message
		}
	}
	return p.choices[len(p.choices)-1].message
}

func valueOf(args []any, name string) any {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1]
		}
	}
	return nil
}

func asNumber(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case string: // of a message that was kept
		parsed, err := strconv.ParseFloat(n, 64)
		return parsed, err == nil
	}
	return 0, false
}

// asTime is a time, or one that a message has kept.
func asTime(v any) time.Time {
	if s, ok := v.(string); ok {
		t, _ := time.Parse(time.RFC3339, s)
		return t
	}
	t, _ := v.(time.Time)
	return t
}

// written is a value as its kind wants it.
func (l *Language) written(kind string, v any) string {
	n, _ := asNumber(v)
	switch kind {
	case kindDate:
		return l.Date(asTime(v))
	case kindMoment:
		return l.Moment(asTime(v))
	case kindNumber:
		return l.Number(n)
	case kindPercent:
		return l.Percent(n, 0)
	case kindMoney:
		return l.Money(int64(n))
	}
	return l.plain(v)
}

// plain is a value without a kind: numbers as the language writes them, words as they are.
func (l *Language) plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if n, ok := asNumber(v); ok {
		return l.Number(n)
	}
	if names, ok := v.([]string); ok {
		return l.List(names)
	}
	return ""
}
