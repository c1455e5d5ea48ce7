package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/repazoo/repazoo/internal/fault"
)

// A restore moves several files, and the machine may stop between any two of them. Before the first move it leaves a
// note in the data directory, and it takes the note away after the last. While the note is there nothing starts on the
// data, which may be half of the old and half of the new; the next restore puts the old back first.

const noteName = "restore-under-way.json"

// note names what a restore moves; all names are of the data directory.
type note struct {
	Draft   string   `json:"draft"`   // the directory that the backup was unpacked into
	Aside   string   `json:"aside"`   // the directory that what was there goes into
	Present []string `json:"present"` // what was there
	Parts   []string `json:"parts"`   // what the backup brings
}

// Unfinished tells that a restore was cut off in the middle. Its fault says what to do.
func Unfinished(dataDir string) error {
	n, err := readNote(dataDir)
	if err != nil || n == nil {
		return err
	}
	return fault.Conflict.Saying("A restore of %s was cut off, so what is there may be incomplete: run \"repazoo "+
		"restore FILE\" "+
		"again (it first puts back what was there before; add --replace to move that aside).", dataDir)
}

func readNote(dataDir string) (*note, error) {
	text, err := os.ReadFile(filepath.Join(dataDir, noteName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	n := &note{}
	if err == nil {
		err = json.Unmarshal(text, n)
	}
	for _, name := range slices.Concat([]string{n.Draft, n.Aside}, n.Present, n.Parts) {
		if err == nil && !filepath.IsLocal(name) {
			err = fmt.Errorf("it names %q", name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the note of a restore in %s cannot be read: %w", filepath.Join(dataDir, noteName), err)
	}
	return n, nil
}

// write leaves the note, on the disk before anything is moved.
func (n *note) write(dataDir string) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	draft := filepath.Join(dataDir, n.Draft, noteName)
	f, err := os.OpenFile(draft, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(draft, filepath.Join(dataDir, noteName)); err != nil {
		return err
	}
	return syncDir(dataDir)
}

// forget takes the note away, once everything that was moved is on the disk.
func (n *note) forget(dataDir string) error {
	if err := syncDir(dataDir); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dataDir, noteName)); err != nil {
		return err
	}
	return syncDir(dataDir)
}

// undo puts back what was there before a restore that was cut off. It may be cut off itself and begin again: what
// stands in the data directory under the name of something that was moved aside came from the backup, and so did every
// part that had nothing in its way.
func undo(dataDir string) error {
	n, err := readNote(dataDir)
	if err != nil || n == nil {
		return err
	}
	for _, name := range n.Present {
		old, place := filepath.Join(dataDir, n.Aside, name), filepath.Join(dataDir, name)
		if _, err := os.Lstat(old); errors.Is(err, fs.ErrNotExist) {
			continue // it was not moved, or is back
		}
		if err := os.RemoveAll(place); err != nil {
			return err
		}
		if err := os.Rename(old, place); err != nil {
			return err
		}
	}
	for _, name := range n.Parts {
		if !slices.Contains(n.Present, name) {
			if err := os.RemoveAll(filepath.Join(dataDir, name)); err != nil {
				return err
			}
		}
	}
	if err := os.Remove(filepath.Join(dataDir, n.Aside)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // it holds something that nobody moved there
	}
	if err := os.RemoveAll(filepath.Join(dataDir, n.Draft)); err != nil {
		return err
	}
	return n.forget(dataDir)
}
