package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	created = regexp.MustCompile(`CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)`)
	dropped = regexp.MustCompile(`DROP TABLE (?:IF EXISTS )?([a-z_]+)`)
	written = regexp.MustCompile(`\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)`)
	read    = regexp.MustCompile(`\b(?:FROM|JOIN|USING)\s+([a-z_]+)`)
)

// access is who uses one table: packages below internal.
type access struct{ Owner, Writers, Readers string }

// readTables finds the rows "| `table` | owner | who else writes | who else reads |" in Markdown.
func readTables(markdown string) map[string]access {
	tables := map[string]access{}
	for line := range strings.Lines(markdown) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name := strings.TrimSpace(cells[0])
		if len(cells) != 4 || !strings.HasPrefix(name, "`") {
			continue
		}
		tables[strings.Trim(name, "`")] = access{
			strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3]),
		}
	}
	return tables
}

// existing lists the tables that the migrations leave behind.
func existing(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "internal/db/migrations/postgres/*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations", err)
	}
	tables := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		for _, m := range created.FindAllStringSubmatch(up, -1) {
			tables[m[1]] = true
		}
		for _, m := range dropped.FindAllStringSubmatch(up, -1) {
			delete(tables, m[1])
		}
	}
	return slices.Sorted(maps.Keys(tables))
}

// statements yields each string of the code that is not a test's, with its package. Strings that are joined to a whole
// statement are seen one by one, which is enough: the name of a table stands beside its verb.
func statements(t *testing.T, see func(pkg, text string)) {
	t.Helper()
	base := filepath.Join(root, "internal")
	err := filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(base, filepath.Dir(path))
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, err := strconv.Unquote(l.Value); err == nil {
					see(filepath.ToSlash(pkg), text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// used is who writes and reads each table, by the SQL in the code.
func used(t *testing.T, tables []string) (writers, readers map[string]map[string]bool) {
	t.Helper()
	writers, readers = map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, table := range tables {
		writers[table], readers[table] = map[string]bool{}, map[string]bool{}
	}
	statements(t, func(pkg, text string) {
		for _, m := range written.FindAllStringSubmatch(text, -1) {
			if writers[m[1]] != nil {
				writers[m[1]][pkg] = true
			}
		}
		for _, m := range read.FindAllStringSubmatch(text, -1) {
			if readers[m[1]] != nil {
				readers[m[1]][pkg] = true
			}
		}
	})
	return writers, readers
}

// others are the packages but the owner, as the table writes them.
func others(packages map[string]bool, but ...string) string {
	all := slices.Sorted(maps.Keys(packages))
	return strings.Join(slices.DeleteFunc(all, func(p string) bool { return slices.Contains(but, p) }), ", ")
}

func TestTables_HaveOneOwnerAndNoOtherUsersThanTheTableSays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	said := readTables(string(text))
	tables := existing(t)
	writers, readers := used(t, tables)
	want := map[string]access{}
	for _, table := range tables {
		owner := said[table].Owner
		if !writers[table][owner] {
			t.Errorf("%s: its owner, %q, never writes it", table, owner)
		}
		writing := others(writers[table], owner)
		want[table] = access{owner, writing, others(readers[table], append(strings.Split(writing, ", "), owner)...)}
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("the table in ARCHITECTURE.md (+) and the SQL in the code (-) differ:\n%s", diff)
		for _, table := range tables {
			a := want[table]
			t.Logf("| `%s` | %s | %s | %s |", table, a.Owner, a.Writers, a.Readers)
		}
	}
}
