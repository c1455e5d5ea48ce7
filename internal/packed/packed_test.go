package packed_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/repazoo/repazoo/internal/packed"
)

func TestPack_WritesTheSameBytesForTheSameFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"a.txt": "one", "b.txt": "two", "c.md": "not this one"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var made [2][]byte
	for i := range made {
		to := filepath.Join(dir, "out.zip")
		cmd := exec.CommandContext(t.Context(), "go", "run", "pack.go", filepath.Join(dir, "*.txt"), to)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		made[i], _ = os.ReadFile(to)
	}
	if !bytes.Equal(made[0], made[1]) {
		t.Error("the second zip differs from the first")
	}
	names, err := fs.Glob(packed.Open(made[0]), "*")
	if err != nil || len(names) != 2 {
		t.Errorf("%v, %v", names, err)
	}
	if text, err := fs.ReadFile(packed.Open(made[0]), "b.txt"); err != nil || string(text) != "two" {
		t.Errorf("%q, %v", text, err)
	}
}
