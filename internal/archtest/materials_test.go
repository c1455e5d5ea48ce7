package archtest

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// licenceNames are what the names of licences' files begin with. tools/sbom has a list of its own; each watches the
// other.
var licenceNames = []string{"license", "licence", "copying", "notice", "unlicense", "ofl"}

// Most licences ask that their text goes with the program. What tools/sbom writes, and the image ships, has the text of
// each module in the program, of what others wrote in a directory of it that is linked, and names each in the bill of
// materials.
func TestMaterials_EachModuleInTheProgramIsNamedAndItsLicencesGoWithIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, made := filepath.Join(dir, "repazoo"), filepath.Join(dir, "materials")
	command(t, root, "go", "build", "-ldflags=-s -w", "-o", program, "./cmd/repazoo")
	source, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	command(t, filepath.Join(root, "tools", "sbom"), "go", "run", ".", "--program", program, "--source", source,
		"--out", made)
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	named := namedParts(t, filepath.Join(made, "sbom.cdx.json"))
	if len(info.Deps) < 50 {
		t.Fatalf("the program has %d modules only", len(info.Deps))
	}
	for _, m := range info.Deps {
		m = cmp.Or(m.Replace, m)
		if licences := named["pkg:golang/"+m.Path+"@"+url.PathEscape(m.Version)]; len(licences) == 0 {
			t.Errorf("%s %s is not in the bill of materials, or under no licence", m.Path, m.Version)
		}
	}
	for _, d := range linkedDirs(t) {
		at := filepath.Join(made, "licenses", filepath.FromSlash(d.module), d.inner)
		for _, text := range licencesIn(t, filepath.Join(d.root, d.inner)) {
			want, err := os.ReadFile(text)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(at, filepath.Base(text))); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s of %s does not go with the program (%v)", filepath.Join(d.inner, filepath.Base(text)), d.module, err)
			}
		}
	}
}

// namedParts are the licences of each part of a bill of materials, by its package URL.
func namedParts(t *testing.T, file string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var bill struct {
		Components []struct {
			PURL     string
			Licenses []struct {
				License struct{ ID string }
			}
		}
	}
	if err := json.Unmarshal(text, &bill); err != nil {
		t.Fatal(err)
	}
	named := map[string][]string{}
	for _, c := range bill.Components {
		for _, l := range c.Licenses {
			named[c.PURL] = append(named[c.PURL], l.License.ID)
		}
	}
	return named
}

// linkedDir is the directory of a package that is linked, or one above it in the same module.
type linkedDir struct{ module, root, inner string }

func linkedDirs(t *testing.T) (dirs []linkedDir) {
	t.Helper()
	const format = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}"
	seen := map[linkedDir]bool{}
	for line := range strings.Lines(command(t, root, "go", "list", "-deps", "-f", format, "./cmd/repazoo")) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 3 {
			continue // of the standard library, or our own
		}
		for inner, err := filepath.Rel(f[1], f[2]); err == nil; inner = filepath.Dir(inner) {
			if d := (linkedDir{f[0], f[1], inner}); !seen[d] {
				seen[d], dirs = true, append(dirs, d)
			}
			if inner == "." {
				break
			}
		}
	}
	return dirs
}

func licencesIn(t *testing.T, dir string) (files []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		if e.Type().IsRegular() && filepath.Ext(name) != ".go" &&
			slices.ContainsFunc(licenceNames, func(begin string) bool { return strings.HasPrefix(name, begin) }) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files
}

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	said := &bytes.Buffer{}
	cmd.Dir, cmd.Stderr, cmd.Env = dir, said, append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, said)
	}
	return string(out)
}
