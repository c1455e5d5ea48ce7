package backup

import (
	"os"
	"path/filepath"
	"testing"
)

// A restore moves all of what is there aside, or leaves all of it: half of a move is an installation that starts empty.
func TestMoveAside_LeavesEverythingWhereOneCannotBeMoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, databaseName)
	aside := filepath.Join(dir, "aside")
	if err := moveAside(dir, aside, []string{databaseName, "gone meanwhile"}); err == nil {
		t.Fatal("what is not there was moved")
	}
	if _, err := os.Stat(filepath.Join(dir, databaseName)); err != nil {
		t.Errorf("the database was left aside: %v", err)
	}
	if _, err := os.Stat(aside); err == nil {
		t.Error("the empty directory was left")
	}
}

func TestPlace_LeavesNothingWhereOneCannotBeMoved(t *testing.T) {
	t.Parallel()
	draft, dir := t.TempDir(), t.TempDir()
	write(t, draft, sandboxName)
	write(t, draft, databaseName)
	if err := os.MkdirAll(filepath.Join(dir, databaseName, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := place(draft, dir); err == nil {
		t.Fatal("a directory was replaced")
	}
	if _, err := os.Stat(filepath.Join(draft, sandboxName)); err != nil {
		t.Errorf("the sandbox's file was left in place: %v", err)
	}
}

func write(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}
