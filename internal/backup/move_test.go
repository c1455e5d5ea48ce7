package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/fault"
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

// The machine may stop after any of the moves of a restore. Nothing starts on such data, and the next restore finds all
// of what was there, and nothing of what the cut-off one brought.
func TestUndo_PutsBackWhatWasThereWhereverTheRestoreWasCutOff(t *testing.T) {
	t.Parallel()
	present := []string{databaseName, databaseName + "-wal", "keys"}
	parts := []string{"keys", sandboxName, databaseName}
	for cut := range len(present) + len(parts) + 1 {
		dir := t.TempDir()
		n := &note{Draft: ".restore-1", Aside: "before-restore-1", Present: present, Parts: parts}
		for _, d := range []string{"keys", n.Draft, n.Aside, filepath.Join(n.Draft, "keys")} {
			if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{databaseName, databaseName + "-wal", "keys/old", "lock"} {
			write(t, dir, name)
		}
		for _, name := range []string{"keys/new", sandboxName, databaseName} {
			write(t, filepath.Join(dir, n.Draft), name)
		}
		before := map[string]bool{databaseName: true, databaseName + "-wal": true, "keys/old": true, "lock": true}
		if err := n.write(dir); err != nil {
			t.Fatal(err)
		}
		moves := 0
		move := func(from, to, name string) {
			if moves++; moves <= cut {
				if err := os.Rename(filepath.Join(dir, from, name), filepath.Join(dir, to, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, name := range present {
			move("", n.Aside, name)
		}
		for _, name := range parts {
			move(n.Draft, "", name)
		}
		if err := Unfinished(dir); !errors.Is(err, fault.Conflict) {
			t.Errorf("cut off after %d moves: a start is told %v", cut, err)
		}
		for range 2 {
			if err := undo(dir); err != nil {
				t.Fatalf("cut off after %d moves: %v", cut, err)
			}
		}
		if diff := cmp.Diff(before, files(t, dir)); diff != "" {
			t.Errorf("cut off after %d moves: (-) was there, (+) is there:\n%s", cut, diff)
		}
		if err := Unfinished(dir); err != nil {
			t.Errorf("cut off after %d moves, and put back: a start is told %v", cut, err)
		}
	}
}

// files names the files below a directory.
func files(t *testing.T, dir string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all[path] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A note that names what is elsewhere moves and deletes nothing.
func TestUndo_TakesNoNameOutsideTheDataDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "precious")
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	text := `{"draft":".restore-1","aside":"a","present":[],"parts":["../precious"]}`
	if err := os.WriteFile(filepath.Join(data, noteName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := undo(data); err == nil {
		t.Error("the note was followed")
	}
	if _, err := os.Stat(filepath.Join(dir, "precious")); err != nil {
		t.Error(err)
	}
}
