package archtest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The committed Go code of the pages (*_templ.go) is the one of their templates (*.templ).
func TestPages_AreGeneratedFromTheirTemplates(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	readPages(t, pages)
	cmd := exec.CommandContext(t.Context(), "go", "-C", filepath.Join(root, "tools", "templ"), "tool", "templ",
		"generate", "-check", "-keep-orphaned-files", "-log-level", "warn", "-path", pages)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("run `go generate ./internal/archtest`; the generator is a Go module, pinned in tools/templ/go.mod, "+
			"which needs a Go module proxy once: %v\n%s", err, out)
	}
}

// readPages opens every template and its Go code, so that `go test` keeps this test's result only while they stay the
// same, and reports code whose template is gone.
func readPages(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		name, isCode := strings.CutSuffix(path, "_templ.go")
		if err != nil || (!isCode && filepath.Ext(path) != ".templ") {
			return err
		}
		if _, missing := os.Stat(name + ".templ"); isCode && missing != nil {
			t.Errorf("%s has no template any more: remove it", path)
		}
		_, err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
