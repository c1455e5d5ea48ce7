package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	root   = "../.."
	module = "github.com/repazoo/repazoo/"
)

// rules says for each package of the table which internal packages it may import.
type rules map[string][]string

// readRules finds the rows "| `package` | one line | may import |" in Markdown.
func readRules(markdown string) rules {
	r := rules{}
	for line := range strings.Lines(markdown) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name := strings.TrimSpace(cells[0])
		if len(cells) != 3 || !strings.HasPrefix(name, "`") {
			continue
		}
		var imports []string
		for item := range strings.SplitSeq(cells[2], ",") {
			imports = append(imports, strings.TrimSpace(item))
		}
		r[strings.Trim(name, "`")] = imports
	}
	return r
}

// allow reports whether the table lets from import to; both are relative to the module.
func (r rules) allow(from, to string) bool {
	return slices.Contains(r[from], "all") || slices.Contains(r[from], strings.TrimPrefix(to, "internal/"))
}

// violations compares the packages and their imports with the table.
func (r rules) violations(packages map[string][]string) []string {
	var found []string
	for _, from := range slices.Sorted(maps.Keys(packages)) {
		if _, ok := r[from]; !ok {
			found = append(found, from+" is not in the table")
			continue
		}
		for _, to := range packages[from] {
			if !r.allow(from, to) {
				found = append(found, fmt.Sprintf("%s may not import %s", from, to))
			}
		}
	}
	for _, from := range slices.Sorted(maps.Keys(r)) {
		if _, ok := packages[from]; !ok {
			found = append(found, from+" is in the table but does not exist")
		}
	}
	return found
}

// tree lists the packages of this module and what they import of it, tests left out.
func tree(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		own := []string{}
		for _, path := range p.Imports {
			if rest, ok := strings.CutPrefix(path, module); ok {
				own = append(own, rest)
			}
		}
		packages[strings.TrimPrefix(p.ImportPath, module)] = own
	}
}

func TestImports_FollowTheTableInArchitecture(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(root + "/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range readRules(string(text)).violations(tree(t)) {
		t.Error(violation)
	}
}

func TestRules_FindEveryViolation(t *testing.T) {
	t.Parallel()
	r := readRules("| package | one line | may import |\n|---|---|---|\n| `internal/a` | x | b, c |\n| `internal/b` | " +
		"x | none |\n| `cmd/z` | x | all |\n| `internal/gone` | x | none |\n")
	got := r.violations(map[string][]string{
		"internal/a":   {"internal/b"},
		"internal/b":   {"internal/a"},
		"cmd/z":        {"internal/a", "internal/new"},
		"internal/new": {},
	})
	want := []string{
		"internal/b may not import internal/a", "internal/new is not in the table",
		"internal/gone is in the table but does not exist",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
