package personal

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// corpusCase is one post of the corpus.
type corpusCase struct {
	kind    Kind
	exposed bool
	lang    string
	text    string
	spans   []Span // what stands in brackets
}

// corpus reads testdata/corpus.tsv.
func corpus(t testing.TB) []corpusCase {
	t.Helper()
	var all []corpusCase
	for _, line := range fileLines(t, "testdata/corpus.tsv") {
		column := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		c := corpusCase{kind: Kind(column[0]), exposed: column[1] == "yes", lang: column[2]}
		for rest := column[3]; ; {
			before, after, found := strings.Cut(rest, "⟦")
			c.text += before
			if !found {
				break
			}
			inside, after, _ := strings.Cut(after, "⟧")
			c.spans = append(c.spans, Span{Kind: c.kind, Start: len(c.text), End: len(c.text) + len(inside)})
			c.text += inside
			rest = after
		}
		all = append(all, c)
	}
	return all
}

func fileLines(t testing.TB, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	for s := bufio.NewScanner(f); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return lines
}

func TestIdentifying_NothingOfTheCorpusLeavesInClear(t *testing.T) {
	t.Parallel()
	for _, c := range corpus(t) {
		found := Identifying(c.text, c.lang)
		for _, want := range c.spans {
			covered := false
			for _, got := range found {
				if got.Start <= want.Start && got.End >= want.End {
					covered = true
					if got.Kind != c.kind || got.Exposed != c.exposed {
						t.Errorf("%s: %q is %s, exposed %v; want %s, %v", c.lang, c.text, got.Kind, got.Exposed, c.kind, c.exposed)
					}
					if got.End-got.Start > want.End-want.Start+4 {
						t.Errorf("%s: %q: too much is replaced: %q", c.lang, c.text, c.text[got.Start:got.End])
					}
				}
			}
			if !covered {
				t.Errorf("%s: %q leaves %q in clear (%s): %v", c.lang, c.text, c.text[want.Start:want.End], c.kind, found)
			}
		}
	}
}

func TestIdentifying_OrdinaryNumbersAndWordsStay(t *testing.T) {
	t.Parallel()
	for _, line := range fileLines(t, "testdata/harmless.txt") {
		lang, text, _ := strings.Cut(line, "|")
		for _, s := range Identifying(text, lang) {
			t.Errorf("%s: %q: %q is taken for %s", lang, text, text[s.Start:s.End], s.Kind)
		}
	}
}
