package words

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/packed"
)

// values are the names of the values that a message puts in, each with how it is used: a plural in one language must be
// a plural in the others.
func (m message) values(into map[string]string) map[string]string {
	for _, p := range m {
		if p.name == "" {
			continue
		}
		kind := p.kind
		if kind == kindNumber { // # is written as one
			kind = ""
		}
		if into[p.name] == "" || kind == kindPlural {
			into[p.name] = kind
		}
		for _, c := range p.choices {
			c.values(into)
		}
	}
	return into
}

func TestCatalogue_EveryLanguageSaysTheSameThingsWithTheSameValues(t *testing.T) {
	t.Parallel()
	english := For(English)
	for _, l := range Languages()[1:] {
		for key, m := range english.messages {
			other, ok := l.messages[key]
			if !ok {
				t.Errorf("%s.txt lacks %s", l.Tag, key)
				continue
			}
			want, got := m.values(map[string]string{}), other.values(map[string]string{})
			for name, kind := range want {
				if _, ok := got[name]; !ok {
					t.Errorf("%s.txt: %s puts in no %s", l.Tag, key, name)
				} else if kind == kindDate || kind == kindMoment || kind == kindMoney || kind == kindPercent {
					if got[name] != kind {
						t.Errorf("%s.txt: %s writes %s as %q, and English as %q", l.Tag, key, name, got[name], kind)
					}
				}
			}
			for name := range got {
				if _, ok := want[name]; !ok {
					t.Errorf("%s.txt: %s puts in %s, which English does not", l.Tag, key, name)
				}
			}
		}
		for key := range l.messages {
			if !english.Has(key) {
				t.Errorf("%s.txt has %s, and English does not", l.Tag, key)
			}
		}
	}
}

func TestCatalogue_IsPackedAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		written, err := os.ReadFile(l.Tag + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		got, err := fs.ReadFile(packed.Open(wordsZip), l.Tag+".txt")
		if err != nil || string(got) != string(written) {
			t.Errorf("%s.txt was changed since it was packed: run go generate ./internal/words (%v)", l.Tag, err)
		}
	}
}

// choices visits every choice by number or by word of a message.
func (m message) eachChoice(visit func(p piece)) {
	for _, p := range m {
		if len(p.choices) > 0 {
			visit(p)
		}
		for _, c := range p.choices {
			c.eachChoice(visit)
		}
	}
}

func whens(p piece) []string {
	var out []string
	for _, c := range p.choices {
		out = append(out, c.when)
	}
	slices.Sort(out)
	return out
}

func TestCatalogue_APluralHasTheFormsOfItsLanguageAndAChoiceTheWordsOfEnglish(t *testing.T) {
	t.Parallel()
	forms := map[string][]string{"en": {"one", "other"}, "de": {"one", "other"}, "es": {"many", "one", "other"}}
	for _, l := range Languages() {
		for key, m := range l.messages {
			selected := map[string][]string{}
			For(English).messages[key].eachChoice(func(p piece) {
				if p.kind == kindSelect {
					selected[p.name] = whens(p)
				}
			})
			m.eachChoice(func(p piece) {
				want := forms[l.Tag]
				if p.kind == kindSelect {
					want = selected[p.name]
				}
				if got := whens(p); !slices.Equal(got, want) {
					t.Errorf("%s.txt: %s: {%s} has the choices %q, want %q", l.Tag, key, p.name, got, want)
				}
			})
		}
	}
}

// The forms are those of CLDR, of which golang.org/x/text has a copy that is too large for three rules, and older than
// the form that Spanish has for whole millions.
func TestForm_IsThatOfCLDR(t *testing.T) {
	t.Parallel()
	names := map[plural.Form]string{
		plural.Other: "other", plural.Zero: "zero", plural.One: "one",
		plural.Two: "two", plural.Few: "few", plural.Many: "many",
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 200), rapid.Map(rapid.IntRange(0, 900), func(m int) int { return m * 1_000_000 }),
			rapid.IntRange(0, math.MaxInt32)).Draw(t, "n")
		for _, r := range all {
			want := names[plural.Cardinal.MatchPlural(language.MustParse(r.tag), n, 0, 0, 0, 0)]
			got := r.form(float64(n))
			if r.tag == "es" && n > 0 && n%1_000_000 == 0 {
				want = "many"
			}
			if got != want {
				t.Fatalf("%s: %d is %q, want %q", r.tag, n, got, want)
			}
		}
	})
}

func TestLanguage_WritesNumbersDatesAndAmountsAsItDoes(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 12, 3, 23, 0, 0, 0, time.UTC)
	for tag, want := range map[string][]string{
		"en": {
			"1,234.5", "12,345", "-1,234", "12.5%", "$3.00", "$0.0163", "3 December 2026", "a, b and c",
			"December 2026",
		},
		"de": {
			"1.234,5", "12.345", "-1.234", "12,5\u00a0%", "3,00\u00a0$", "0,0163\u00a0$", "3. Dezember 2026", "a, b und c",
			"Dezember 2026",
		},
		"es": {
			"1234,5", "12.345", "-1234", "12,5\u00a0%", "3,00\u00a0US$", "0,0163\u00a0US$", "3 de diciembre de 2026", "a, b y c",
			"diciembre de 2026",
		},
	} {
		l := For(tag)
		got := []string{
			l.Number(1234.5), l.Count(12345), l.Count(-1234), l.Percent(0.125, 1), l.Money(3_000_000), l.Money(16_291),
			l.Date(day), l.List([]string{"a", "b", "c"}), l.Month("2026-12"),
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", tag, got, want)
		}
	}
	if got := For("es").List([]string{"acoso", "insultos"}); got != "acoso e insultos" {
		t.Errorf("got %q", got)
	}
}

func TestWithin_KeepsTheCapitalsOfNouns(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string][2]string{
		"en": {"Hate speech", "hate speech"}, "de": {"Hassrede", "Hassrede"}, "es": {"Acoso", "acoso"},
	} {
		if got := For(tag).Within(want[0]); got != want[1] {
			t.Errorf("%s: got %q, want %q", tag, got, want[1])
		}
	}
	if got := For("de").Within("Derbe Sprache"); got != "derbe Sprache" {
		t.Errorf("got %q", got)
	}
}

func TestChoose_TakesWhatSomebodyChoseAndThenWhatTheirBrowserAsksFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		accept  string
		choices []string
		want    string
	}{
		{"", nil, "en"},
		{"de-AT,de;q=0.9,en;q=0.5", nil, "de"},
		{"fr-CA, es-MX;q=0.8, en;q=0.1", nil, "es"},
		{"ja", nil, "en"},
		{"de", []string{"", "es"}, "es"},
		{"de", []string{"xx", "en"}, "en"},
		{"not;;a,header=", nil, "en"},
		{strings.Repeat("x-", 10_000), nil, "en"},
		{strings.Repeat("fr;q=0.1, ", maxAccept) + "de", nil, "en"},
		{"de-DE," + strings.Repeat("fr;q=0.25,", maxAccept), nil, "de"}, // what is read ends within a tag
		{"de;q=0, es;q=0.1", nil, "es"},
	} {
		if got := Choose(tt.accept, tt.choices...).Tag; got != tt.want {
			t.Errorf("%.40q after %q: got %s, want %s", tt.accept, tt.choices, got, tt.want)
		}
	}
}

func TestMessage_IsSaidTheSameAfterItWasStored(t *testing.T) {
	t.Parallel()
	at := time.Date(2020, 5, 3, 0, 0, 0, 0, time.UTC)
	text, err := json.Marshal(M("unread.gap", "span", "before", "to", at, "reason", "x_ends", "limit", 3200))
	if err != nil {
		t.Fatal(err)
	}
	var kept Message
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{
		"en": "Posts of before 3 May 2020 were not read, because X gives only the newest 3,200 posts of an account.",
		"de": "Beiträge von vor dem 3. Mai 2020 wurden nicht gelesen, denn X gibt nur die neuesten 3.200 Beiträge " +
			"eines Kontos heraus.",
		"es": "Publicaciones anteriores al 3 de mayo de 2020 no se leyeron, porque X solo da las 3200 publicaciones más " +
			"recientes de una cuenta.",
	} {
		if got := For(tag).Render(kept); got != want {
			t.Errorf("%s: got %q", tag, got)
		}
	}
}

func TestRead_RefusesWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a = {", "a = }", "a = {n, plural, one {x}}", "a = {n, colour}", "a = {n, plural, other {x}", "a", "a = x\na = y",
	} {
		l := &Language{messages: map[string]message{}, keys: map[string]string{}}
		if err := l.read(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("a = {n, plural, one {# x} other {# {m, select, y {z} other {}}}}")
	f.Fuzz(func(t *testing.T, text string) {
		l := &Language{forms: all[0], messages: map[string]message{}, keys: map[string]string{}}
		if l.read(text) != nil {
			return
		}
		for key := range l.messages {
			l.Say(key, "n", 1, "m", "y")
		}
	})
}

// use is a call that names a key, or the beginning of one.
type use struct {
	where, key string
	prefix     bool
	args       []string
	open       bool // it hands on values that it was given
}

// uses finds every string in the program that is, or begins, a key, and the calls of Say and M that name one.
func uses(t *testing.T) []use {
	t.Helper()
	var out []use
	set := token.NewFileSet()
	root := filepath.Join("..", "..")
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata") {
				return errOrSkip(err)
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				out = append(out, useIn(set, n)...)
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func errOrSkip(err error) error {
	if err != nil {
		return err
	}
	return fs.SkipDir
}

func useIn(set *token.FileSet, n ast.Node) []use {
	switch n := n.(type) {
	case *ast.CallExpr:
		name := ""
		switch fun := n.Fun.(type) {
		case *ast.SelectorExpr:
			name = fun.Sel.Name
		case *ast.Ident:
			name = fun.Name
		}
		if name != "Say" && name != "M" || len(n.Args) == 0 {
			return nil
		}
		key, ok := literal(n.Args[0])
		if !ok {
			return nil
		}
		u := use{where: set.Position(n.Pos()).String(), key: key, open: n.Ellipsis.IsValid()}
		for i := 1; i < len(n.Args); i += 2 {
			arg, _ := literal(n.Args[i])
			u.args = append(u.args, arg)
		}
		return []use{u}
	case *ast.BinaryExpr:
		if key, ok := literal(n.X); ok && n.Op == token.ADD && strings.HasSuffix(key, ".") {
			return []use{{where: set.Position(n.Pos()).String(), key: key, prefix: true}}
		}
	case *ast.BasicLit:
		if key, ok := literal(n); ok {
			return []use{{where: set.Position(n.Pos()).String(), key: key, open: true}}
		}
	}
	return nil
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func TestCatalogue_EveryKeyIsUsedAndWhoeverUsesOneGivesItsValues(t *testing.T) {
	t.Parallel()
	english, used := For(English), map[string]bool{}
	found := func(text string) { // what a report has stored in English is found by its text
		for _, prefix := range []string{"data.", "skip."} {
			if key, ok := english.KeyOf(prefix, text); ok {
				used[key] = true
			}
		}
	}
	for _, u := range uses(t) {
		switch {
		case u.prefix:
			for key := range english.messages {
				used[key] = used[key] || strings.HasPrefix(key, u.key)
			}
		case english.Has(u.key):
			used[u.key] = true
			if u.open {
				continue
			}
			want := slices.Sorted(maps.Keys(english.messages[u.key].values(map[string]string{})))
			got := slices.Sorted(slices.Values(u.args))
			if u.key == "unread.recheck" && !slices.Contains(got, "ceiling") { // only one of its choices asks for it
				got = append([]string{"ceiling"}, got...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s is given %q, and wants %q", u.where, u.key, got, want)
			}
		case u.open:
			found(u.key)
		default:
			t.Errorf("%s: the catalogue has no %q", u.where, u.key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(english.messages)) {
		if !used[key] {
			t.Errorf("nobody says %s", key)
		}
	}
}

// A word of English in another file is one that was forgotten.
func TestCatalogue_NoLongSentenceIsTheSameInTwoLanguages(t *testing.T) {
	t.Parallel()
	for _, l := range Languages()[1:] {
		for key, m := range For(English).messages {
			if english := fmt.Sprint(m); len(m) > 0 && strings.Count(m[0].text, " ") >= 2 &&
				english == fmt.Sprint(l.messages[key]) {
				t.Errorf("%s.txt: %s is English", l.Tag, key)
			}
		}
	}
}

// A sentence takes its words in the case and number that it needs.
func TestCatalogue_SentencesAgreeWithWhatIsPutIn(t *testing.T) {
	t.Parallel()
	de, en := For("de"), For("en")
	for got, want := range map[string]string{
		de.Say("report.title_short", "who", de.Say("report.an_account")): "Repazoo-Bericht zu einem X-Konto",
		de.Say("report.title_short", "who", "@ada"):                      "Repazoo-Bericht zu @ada",
		en.Say("review.context", "n", 1): "1 finding that cannot be judged without the " +
			"posts around it.",
		en.Say("review.context", "n", 3): "3 findings that cannot be judged without the " +
			"posts around them.",
		For("es").Say("pdf.unwritten"): "Caracteres para los que falta la fuente",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
