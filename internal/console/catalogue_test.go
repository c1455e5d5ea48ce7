package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/words"
)

var (
	codeInHTML = regexp.MustCompile(`(?s)<code[^>]*>.*?</code>`)
	tagInHTML  = regexp.MustCompile(`(?s)<[^>]*>?`)
	saidInTag  = regexp.MustCompile(`(?:aria-label|placeholder|alt|title)="([^"]*)"`)
	twoLetters = regexp.MustCompile(`\pL{2}`)
)

// names are what a component may say in every language.
var names = []string{"Repazoo", "· Repazoo", "API", "PDF", "CSV", "JSON", "ms"}

// A component has no words of its own: all stand in the catalogue.
func TestComponents_HoldNoWords(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_templ.go")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		for _, s := range literals(t, file) {
			if !slices.Contains(names, s) && !strings.HasPrefix(s, "https://") {
				t.Errorf("%s says %q", file, s)
			}
		}
	}
}

// literals are the words that a generated component writes by itself: between tags, in labels, and joined to values.
func literals(t *testing.T, file string) (found []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	page := ""
	ast.Inspect(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		switch {
		case ok && f.Sel.Name == "WriteString" && len(call.Args) == 3:
			html, _ := strconv.Unquote(call.Args[2].(*ast.BasicLit).Value)
			page += html
			return false
		case ok && f.Sel.Name == "JoinStringErrs":
			page += "\x00" // a value
			found = append(found, joined(call)...)
		}
		return true
	})
	for _, label := range saidInTag.FindAllStringSubmatch(page, -1) {
		if label[1] != "" { // it is a value
			found = append(found, label[1])
		}
	}
	for _, text := range strings.FieldsFunc(tagInHTML.ReplaceAllString(codeInHTML.ReplaceAllString(page, "\x00"), "\x00"),
		func(r rune) bool { return r == '\x00' }) {
		if text = strings.TrimSpace(text); twoLetters.MatchString(text) {
			found = append(found, text)
		}
	}
	return found
}

// joined are the strings with words that a call joins to values, such as " of it". Keys of the catalogue are none.
func joined(call *ast.CallExpr) (found []string) {
	for _, arg := range call.Args {
		ast.Inspect(arg, func(n ast.Node) bool {
			if inner, ok := n.(*ast.CallExpr); ok {
				if f, ok := inner.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Say" {
					return false
				}
			}
			lit, ok := n.(*ast.BasicLit)
			if ok && lit.Kind == token.STRING && strings.Contains(strings.Trim(lit.Value, `" `), " ") {
				found = append(found, lit.Value)
			}
			return true
		})
	}
	return found
}

// The boxes of the picture on the front page do not grow with their words.
func TestFlow_LinesFitTheirBoxesInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, language := range words.Languages() {
		l := tongue{language}
		for most, all := range map[int][]station{
			31: {atX(l), atHome(l, Site{PostDays: 30}), atYou(l)},
			26: {atModel(l)},
		} {
			for _, s := range all {
				for _, line := range s.Lines {
					if n := utf8.RuneCountInString(line); n > most {
						t.Errorf("%s: %q has %d letters, and %d fit", l.Tag, line, n, most)
					}
				}
			}
		}
	}
}

// A title of a language begins with a whole letter.
func TestCapital_BeginsWithAWholeLetter(t *testing.T) {
	t.Parallel()
	if got := capital("ámbito académico"); got != "Ámbito académico" {
		t.Errorf("%q", got)
	}
}

// A refusal that a service has in English alone is found in the catalogue by its text, so that text must stand in the
// program.
func TestRefusals_OfTheCatalogueAreThoseOfTheServices(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.HasSuffix(path, "_templ.go") {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				said[verb.ReplaceAllString(folded(e), "{}")] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const archive = " Ask X for a new archive, and give the .zip exactly as you downloaded it."
	for key, text := range words.For(words.English).Shapes("refuse.with.") {
		if !said[text] && !said[strings.TrimSuffix(text, archive)] && !said[strings.ReplaceAll(text, "{}", "")] {
			t.Errorf("no service says %s: %s", key, text)
		}
	}
	for text := range words.For(words.English).Texts() {
		if key, ok := english().KeyOf("desk.holds.", text); ok && !said[text] {
			t.Errorf("no proof says %s: %s", key, text)
		}
		if key, ok := english().KeyOf("refuse.say.", text); ok && !said[text] && !said[strings.TrimSuffix(text, archive)] {
			t.Errorf("no service says %s: %s", key, text)
		}
	}
}

// verb is a value in a format.
var verb = regexp.MustCompile(`%(\.\d+)?[sdqvf]`)

// folded is a string that is written in pieces, as far as they are strings.
func folded(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.BinaryExpr:
		return folded(e.X) + folded(e.Y)
	}
	return ""
}
