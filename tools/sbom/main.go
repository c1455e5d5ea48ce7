// Command sbom writes what a built repazoo is made of: its bill of materials, in CycloneDX's JSON, and the licence
// of every part, as most of them ask of whoever passes them on.
//
//	go run -C tools/sbom . --program bin/repazoo --source . --out bin/materials
//
// The Go modules are those that the program itself names, and the scripts and fonts those that the build packed into
// it. A module's licences are those of its root and of the directories of the packages that are linked, where code of
// others stands under a licence of its own. A part without a licence, or with one that is not in the list below, is a
// mistake. The same program gives the same bytes.
package main

import (
	"cmp"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licensecheck"
)

// allowed are the licences under which Repazoo may pass a part on with its own, by their SPDX ids.
var allowed = []string{
	"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MPL-2.0",
	"OFL-1.1", "Unlicense", "Zlib",
}

// part is one thing in the program.
type part struct {
	name, version, purl string
	sum                 string   // of Go's h1, or of npm's integrity
	dir                 string   // where its files are
	inner               []string // directories in dir that may have licences of their own
	licences            []string
	files               []string // of licences, by their path in dir
}

func main() {
	program := flag.String("program", "bin/repazoo", "the built program")
	source := flag.String("source", ".", "the tree that it was built from")
	out := flag.String("out", "bin/materials", "where sbom.cdx.json and licenses/ go")
	flag.Parse()
	if err := run(*program, *source, *out); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(program, source, out string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	parts, err := modules(info, source)
	if err != nil {
		return err
	}
	packed, err := packages(source)
	if err != nil {
		return err
	}
	parts = append(parts, packed...)
	var bad []error
	for i := range parts {
		bad = append(bad, parts[i].findLicences())
	}
	if err := errors.Join(bad...); err != nil {
		return err
	}
	version, err := os.ReadFile(filepath.Join(source, "internal/app/version.txt"))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := keepLicences(parts, source, filepath.Join(out, "licenses")); err != nil {
		return err
	}
	fmt.Printf("%d parts, all under %s\n", len(parts), strings.Join(used(parts), ", "))
	return write(parts, strings.TrimSpace(string(version)), filepath.Join(out, "sbom.cdx.json"))
}

// modules are the Go modules of the program, its standard library among them.
func modules(info *buildinfo.BuildInfo, source string) ([]part, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	version := strings.TrimPrefix(strings.Fields(info.GoVersion)[0], "go")
	linked, err := packageDirs(info, source)
	if err != nil {
		return nil, err
	}
	parts := []part{{name: "std", version: version, purl: "pkg:golang/std@" +
		version, dir: strings.TrimSpace(string(goroot))}}
	args := []string{"mod", "download", "-json"}
	sums := map[string]string{}
	for _, m := range info.Deps {
		m = cmp.Or(m.Replace, m)
		args = append(args, m.Path+"@"+m.Version)
		sums[m.Path] = m.Sum
	}
	download := exec.Command("go", args...) //nolint:gosec // names that the program itself carries
	download.Dir, download.Stderr = source, os.Stderr
	answer, err := download.Output()
	if err != nil {
		return nil, fmt.Errorf("go mod download: %w", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(answer))); d.More(); {
		var m struct{ Path, Version, Dir string }
		if err := d.Decode(&m); err != nil {
			return nil, err
		}
		at := debug.Module{Path: m.Path, Version: m.Version}
		parts = append(parts, part{
			name: m.Path, version: m.Version, purl: "pkg:golang/" + at.Path + "@" + url.PathEscape(at.Version),
			sum: sums[m.Path], dir: m.Dir, inner: linked[m.Dir],
		})
	}
	if len(parts) != len(info.Deps)+1 {
		return nil, fmt.Errorf("the program has %d modules, %d were found", len(info.Deps), len(parts)-1)
	}
	return parts, nil
}

// packageDirs are the directories, below that of its module, of each package that is linked, and those above it. The
// program is listed as it was built.
func packageDirs(info *buildinfo.BuildInfo, source string) (map[string][]string, error) {
	args, env := []string{"list", "-deps", "-f", "{{with .Module}}{{.Dir}}\t{{end}}{{.Dir}}"}, os.Environ()
	for _, s := range info.Settings {
		switch s.Key {
		case "-tags":
			args = append(args, "-tags", s.Value)
		case "GOOS", "GOARCH", "CGO_ENABLED":
			env = append(env, s.Key+"="+s.Value)
		}
	}
	list := exec.Command("go", append(args, info.Path)...) //nolint:gosec // what the program itself names
	list.Dir, list.Env, list.Stderr = source, env, os.Stderr
	answer, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	dirs := map[string][]string{}
	for line := range strings.Lines(string(answer)) {
		module, dir, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue // of the standard library
		}
		for inner, err := filepath.Rel(module, dir); err == nil && inner != "."; inner = filepath.Dir(inner) {
			dirs[module] = append(dirs[module], inner)
		}
	}
	for module, inner := range dirs {
		slices.Sort(inner)
		dirs[module] = slices.Compact(inner)
	}
	return dirs, nil
}

// packages are the packages of npm whose files the build packed into the program.
func packages(source string) (parts []part, err error) {
	locks, err := filepath.Glob(filepath.Join(source, "internal", "*", "*", "package-lock.json"))
	if err != nil {
		return nil, err
	}
	for _, lock := range locks {
		dir := filepath.Dir(lock)
		if _, err := os.Stat(filepath.Join(dir, "node_modules")); errors.Is(err, fs.ErrNotExist) {
			fmt.Printf("%s was not fetched, so its packages are not listed.\n", dir)
			continue
		}
		var l struct {
			Packages map[string]struct {
				Version      string            `json:"version"`
				Integrity    string            `json:"integrity"`
				Dependencies map[string]string `json:"dependencies"`
			} `json:"packages"`
		}
		text, err := os.ReadFile(lock)
		if err == nil {
			err = json.Unmarshal(text, &l)
		}
		if err != nil {
			return nil, err
		}
		for name := range l.Packages[""].Dependencies { // what the browser tests use is not among these
			p, locked := l.Packages["node_modules/"+name]
			if !locked {
				return nil, fmt.Errorf("%s has no entry for %s", lock, name)
			}
			parts = append(parts, part{
				name: name, version: p.Version, purl: "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + p.Version,
				sum: p.Integrity, dir: filepath.Join(dir, "node_modules", filepath.FromSlash(name)),
			})
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.purl, b.purl) })
	return parts, nil
}

// licenceFile is how a file of a licence is called.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|unlicense|ofl)([-._].*)?$|\.licen[cs]e\.txt$`)

// findLicences reads which licences the part's files hold.
func (p *part) findLicences() error {
	for _, inner := range append([]string{"."}, p.inner...) {
		if err := p.findIn(inner); err != nil {
			return err
		}
	}
	slices.Sort(p.licences)
	if len(p.licences) == 0 {
		return fmt.Errorf("%s has no licence that is known: files %q", p.purl, p.files)
	}
	for _, id := range p.licences {
		if !slices.Contains(allowed, id) {
			return fmt.Errorf("%s is under %s, which is not among the allowed", p.purl, id)
		}
	}
	return nil
}

// findIn reads the licences of one directory.
func (p *part) findIn(inner string) error {
	entries, err := os.ReadDir(filepath.Join(p.dir, inner))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenceFile.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
			continue
		}
		file := filepath.Join(inner, e.Name())
		text, err := os.ReadFile(filepath.Join(p.dir, file))
		if err != nil {
			return err
		}
		found := licensecheck.Scan(text).Match
		if inner != "." && len(found) == 0 {
			return fmt.Errorf("%s has no licence that is known in %s", p.purl, file)
		}
		p.files = append(p.files, file)
		for _, m := range found {
			if !m.IsURL && !slices.Contains(p.licences, m.ID) {
				p.licences = append(p.licences, m.ID)
			}
		}
	}
	return nil
}

func used(parts []part) (ids []string) {
	for _, p := range parts {
		ids = append(ids, p.licences...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// keepLicences copies the files of the licences, and Repazoo's own.
func keepLicences(parts []part, source, to string) error {
	own := part{dir: source, files: []string{"LICENSE"}}
	for _, p := range append([]part{own}, parts...) {
		dir := filepath.Join(to, filepath.FromSlash(p.name))
		for _, name := range p.files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
				return err
			}
			text, err := os.ReadFile(filepath.Join(p.dir, name))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil { //nolint:gosec // for everybody to read
				return err
			}
		}
	}
	return nil
}

func write(parts []part, version, file string) error {
	bom := cdx.NewBOM()
	root := cdx.Component{
		BOMRef: "pkg:golang/github.com/repazoo/repazoo@" + version, Type: cdx.ComponentTypeApplication, Name: "repazoo",
		Version: version, PackageURL: "pkg:golang/github.com/repazoo/repazoo@" + version,
		Licenses: &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
	}
	bom.Metadata = &cdx.Metadata{Component: &root}
	components, refs := []cdx.Component{}, []string{}
	for _, p := range parts {
		c := cdx.Component{
			BOMRef: p.purl, Type: cdx.ComponentTypeLibrary, Name: p.name, Version: p.version, PackageURL: p.purl,
			Hashes: p.hashes(), Licenses: &cdx.Licenses{},
		}
		for _, id := range p.licences {
			*c.Licenses = append(*c.Licenses, cdx.LicenseChoice{License: &cdx.License{ID: id}})
		}
		components, refs = append(components, c), append(refs, p.purl)
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: root.BOMRef, Dependencies: &refs}}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(cdx.NewBOMEncoder(f, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom), f.Close())
}

// hashes are the sums in CycloneDX's form. Go's h1 is the SHA-256 of the list of a module's files.
func (p part) hashes() *[]cdx.Hash {
	for prefix, algorithm := range map[string]cdx.HashAlgorithm{"h1:": cdx.HashAlgoSHA256, "sha512-": cdx.HashAlgoSHA512} {
		text, ok := strings.CutPrefix(p.sum, prefix)
		if !ok {
			continue
		}
		if sum, err := base64.StdEncoding.DecodeString(text); err == nil {
			return &[]cdx.Hash{{Algorithm: algorithm, Value: hex.EncodeToString(sum)}}
		}
	}
	return nil
}
