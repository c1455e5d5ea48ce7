package app_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/account"
)

// typescript has what the program in TypeScript is compiled with.
const typescript = "../../client/typescript"

// TestGuide_TheProgramsWork runs what docs/api.md has in four languages, each as its reader would, against one server.
// They send the same key, so they tell of one analysis, and the three that print its findings print the same.
func TestGuide_TheProgramsWork(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	p := signIn(t, base, gus)
	key := newKey(p, account.AccountRead, account.AnalysesRead, account.AnalysesWrite).Key
	run := func(dir, name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "REPAZOO_URL="+base, "REPAZOO_KEY="+key)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	languages := map[string]func() (string, error){}
	python, file := needs(t, "python3", "Python 3"), example(t, "python", "import json\n", "guide.py")
	languages["Python"] = func() (string, error) { return run(filepath.Dir(file), python, "-W", "error", file) }
	program := filepath.Join(t.TempDir(), "guide")
	if out, err := run("", "go", "build", "-o", program, example(t, "go", "package main\n", "main.go")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	languages["Go"] = func() (string, error) { return run("", program) }
	node, script := needs(t, "node", "Node"), compiled(t, run)
	languages["TypeScript"] = func() (string, error) { return run(filepath.Dir(script), node, script) }

	for language, program := range languages {
		if out, err := program(); err == nil || !strings.Contains(out, "(subscription_required)") {
			t.Errorf("%s without a plan: %v\n%s", language, err, out)
		}
	}
	p.subscribe()
	first := ""
	for language, program := range languages {
		out, err := program()
		if err != nil || !strings.Contains(out, " completed\n") || !strings.Contains(out, "\nhigh violence: ") {
			t.Errorf("%s: %v\n%s", language, err, out)
		}
		if first != "" && out != first {
			t.Errorf("%s says\n%s\nand another\n%s", language, out, first)
		}
		first = out
	}
	curl := example(t, "sh", "curl() {", "guide.sh")
	out, err := run(filepath.Dir(curl), "sh", "-eu", curl)
	for _, want := range []string{first[:36], "event: end\n", `"severity":"high"`, `"used":1,"reserved":0`} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("curl: %v, without %s:\n%s", err, want, out)
		}
	}
	for name, begin := range map[string]string{"report.pdf": "%PDF-", "report.csv": "\ufeff"} {
		if text, err := os.ReadFile(filepath.Join(filepath.Dir(curl), name)); err != nil ||
			!strings.HasPrefix(string(text), begin) {
			t.Errorf("%s begins %.20q (%v)", name, text, err)
		}
	}
	if status, _, body := p.call(http.MethodGet, "/api/v1/usage", ""); status != http.StatusOK ||
		!strings.Contains(body, `"used":1,`) {
		t.Errorf("all together they took %s", body)
	}
}

// example writes the guide's program that begins so into a file of a directory of its own.
func example(t *testing.T, language, begin, name string) string {
	t.Helper()
	guide, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(fmt.Sprintf("(?s)```%s\n(%s.*?)```", language,
		regexp.QuoteMeta(begin))).FindSubmatch(guide)
	if block == nil {
		t.Fatalf("docs/api.md has no program in %s", language)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, block[1], 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// needs finds a program of another language.
func needs(t *testing.T, program, called string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is not installed, in which docs/api.md has a program that this test runs.", called)
	}
	return path
}

// compiled is the guide's program in TypeScript as JavaScript, after the compiler, at its strictest, found nothing.
func compiled(t *testing.T, run func(dir, name string, args ...string) (string, error)) string {
	t.Helper()
	modules, err := filepath.Abs(filepath.Join(typescript, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, ".bin", "tsc")); err != nil {
		t.Fatal("The compiler of TypeScript is missing: run make typescript, which needs npm.")
	}
	dir := filepath.Dir(example(t, "typescript", "import createClient", "guide.ts"))
	for _, name := range []string{"package.json", "tsconfig.json", "repazoo.ts"} {
		text, err := os.ReadFile(filepath.Join(typescript, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if out, err := run(dir, filepath.Join(modules, ".bin", "tsc")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "guide.js")
}
