package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A promise is a sentence for people that says what never, always, only or at most happens. Each that is listed in
// docs/promises.md stands where the list says, word for word, and is held by a test that exists.
func TestPromises_StandWhereTheyAreListedAndHaveATest(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "promises.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests, listed := testNames(t), 0
	for line := range strings.SplitSeq(string(page), "\n") {
		cells := splitCells(line)
		if len(cells) != 3 || cells[0] == "promise" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		listed++
		where := strings.Trim(cells[1], "`")
		text, err := os.ReadFile(filepath.Join(root, where))
		if err != nil {
			t.Errorf("%s: %v", cells[0], err)
			continue
		}
		if !strings.Contains(plainText(string(text)), plainText(cells[0])) {
			t.Errorf("%s does not say any more: %s", where, cells[0])
		}
		for name := range strings.SplitSeq(cells[2], ", ") {
			if !tests[strings.Trim(name, "`")] {
				t.Errorf("%q is held by %s, which is no test", cells[0], name)
			}
		}
	}
	if listed < 80 {
		t.Errorf("only %d promises are listed: is the table still read?", listed)
	}
}

// splitCells reads a row of a table; a bar within a cell is written \|.
func splitCells(line string) (cells []string) {
	if !strings.HasPrefix(line, "| ") {
		return nil
	}
	for c := range strings.SplitSeq(strings.ReplaceAll(strings.Trim(line, "|"), `\|`, "\x00"), "|") {
		cells = append(cells, strings.ReplaceAll(strings.TrimSpace(c), "\x00", "|"))
	}
	return cells
}

var (
	joined = regexp.MustCompile(`"\s*\+\s*"`) // a long text in Go
	spaces = regexp.MustCompile(`\s+`)
)

// Each threat that SECURITY.md names is held by tests that exist.
func TestThreats_EachIsHeldByTestsThatExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests, threats := testNames(t), 0
	for line := range strings.SplitSeq(string(page), "\n") {
		cells := splitCells(line)
		if len(cells) != 4 || cells[0] == "against" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		threats++
		for name := range strings.SplitSeq(cells[2], ", ") {
			if !tests[strings.Trim(name, "`")] {
				t.Errorf("%q is held by %s, which is no test", cells[0], name)
			}
		}
	}
	if threats < 9 {
		t.Errorf("the page has %d threats", threats)
	}
}

// plainText forgets where lines were broken.
func plainText(s string) string { return spaces.ReplaceAllString(joined.ReplaceAllString(s, ""), " ") }

var testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

func testNames(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunction.FindAllStringSubmatch(string(text), -1) {
			all[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
