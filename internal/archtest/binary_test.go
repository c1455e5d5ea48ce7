package archtest

import (
	"bufio"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// The sizes are in bytes; whoever makes one larger says what for. The fonts of PDF reports are compressed already and
// stand in the program as they are, where npm brought them, so they are counted apart.
const (
	// three for schedules, history and clean-up: code, pages, and the time zones (0.4 MiB); the last for what people
	// post in ten more languages, and for pages, refusals and reports in three
	maxBinary = 50 << 20
	maxFonts  = 8_000_000
)

var (
	buildTags = regexp.MustCompile(`(?m)^TAGS\s*:= (\S+)$`)
	// callsByName is a function that the linker marks: it looks up methods by names that only the running program
	// knows.
	callsByName = regexp.MustCompile(`(\S+) <(?:[^>]*><)?ReflectMethod>`)
)

// A function that calls methods by name, such as those of text/template, makes the linker keep every exported method of
// everything: the program was nearly twice its size. Loaders and shared libraries are missing in an empty image.
func TestBinary_CallsNoMethodByNameAndNeedsNoLoader(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "repazoo")
	for _, name := range linkAndListCallers(t, file) {
		t.Errorf("%s calls methods by name", name)
	}
	fonts := sizeOfFonts(t)
	if fonts > maxFonts {
		t.Errorf("the fonts have %d bytes, more than %d", fonts, maxFonts)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if size := info.Size() - fonts; size > maxBinary {
		t.Errorf("the binary has %d bytes besides its fonts, more than %d", size, maxBinary)
	}
	if runtime.GOOS != "linux" {
		return // the files of other systems have other formats, and always name a loader
	}
	binary, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	for _, part := range binary.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("the binary needs the system's loader")
		}
	}
}

// sizeOfFonts adds up the files that internal/typeset embeds.
func sizeOfFonts(t *testing.T) int64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "internal", "typeset", "fonts", "packed", "[^.]*"))
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}

// linkAndListCallers builds the program as `make build` does, and names the functions in it that call methods by name.
func linkAndListCallers(t *testing.T, file string) []string {
	t.Helper()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	tags := buildTags.FindSubmatch(makefile)
	if tags == nil {
		t.Fatal("the Makefile names no TAGS")
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", string(tags[1]), "-ldflags=-s -w -dumpdep",
		"-o", file, "./cmd/repazoo")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	callers, last := readCallers(t, said)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the program does not build: %v: %s", err, last)
	}
	return callers
}

// readCallers reads what the linker writes with -dumpdep, a line for each reference.
func readCallers(t *testing.T, said io.Reader) (callers []string, last string) {
	t.Helper()
	seen := map[string]bool{}
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, 1<<20) // names of generic types are long
	for lines.Scan() {
		last = lines.Text()
		if !strings.Contains(last, "ReflectMethod>") {
			continue
		}
		for _, m := range callsByName.FindAllStringSubmatch(last, -1) {
			if !seen[m[1]] {
				seen[m[1]] = true
				callers = append(callers, m[1])
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return callers, last
}
