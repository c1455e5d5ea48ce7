package app_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the data directory was before, nobody else on the machine reads what Repazoo keeps there.
func TestDataDir_IsClosedToOthersAlsoWhenItExistedBefore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o755); err != nil { //nolint:gosec // as an operator made it
		t.Fatal(err)
	}
	for _, open := range []string{"repazoo.db", "lock", "other.txt"} {
		if err := os.WriteFile(filepath.Join(dir, open), nil, 0o644); err != nil { //nolint:gosec // as an earlier version left it
			t.Fatal(err)
		}
	}
	var log syncBuffer
	a := run(t, &log, map[string]string{"DATA_DIR": dir})
	signIn(t, a.URL(), gus)
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if d.Name() == "other.txt" { // of somebody else: not Repazoo's to change
			want = 0o644
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s is %o, want %o", path, got, want)
		}
		seen++
		return nil
	})
	if err != nil || seen < 7 {
		t.Errorf("%d files, %v", seen, err)
	}
	if !strings.Contains(log.String(), "others could read this, and no longer can") {
		t.Error("nobody was told")
	}
}
