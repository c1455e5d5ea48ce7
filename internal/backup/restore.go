package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Target says where a backup is put back.
type Target struct {
	DataDir  string
	Identity string // a file with an age identity that opens the keys; "" leaves the keys in the backup
	Replace  bool   // move aside what is there
	Now      time.Time
}

// Restored is what a restore did.
type Restored struct {
	Manifest

	KeyFiles []string // files with keys that were put back
	Locked   bool     // the backup holds keys, and no identity was given
	Aside    string   // where what was there is now; "" when nothing was there
}

// Restore puts a backup into the data directory, which no process may use meanwhile: the caller holds its lock. A
// restore that was cut off there is undone first. Errors: validation_failed for a file or an identity that cannot be
// used, conflict when there is data and Replace is not set.
func Restore(ctx context.Context, file string, to Target) (r Restored, err error) {
	f, err := os.Open(file)
	if err != nil {
		return r, fault.ValidationFailed.Saying("The backup cannot be read: %v.", err)
	}
	defer f.Close()
	if err := undo(to.DataDir); err != nil {
		return r, err
	}
	draft, err := os.MkdirTemp(to.DataDir, ".restore-*")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(draft)
	r.Manifest, err = unpack(f, func(m Member, content io.Reader) error { return keep(draft, m, content) })
	if err != nil {
		return r, err
	}
	if _, err := db.Examine(ctx, filepath.Join(draft, databaseName)); err != nil {
		return r, unusable("%v.", err)
	}
	if err := r.openKeys(draft, to.Identity); err != nil {
		return r, err
	}
	if err := GiveToOwner(to.DataDir, draft); err != nil {
		return r, err
	}
	present, err := inTheWay(to.DataDir, draft)
	if err != nil {
		return r, err
	}
	if len(present) > 0 && !to.Replace {
		return r, fault.Conflict.Saying("There is data in %s already (%s): restore into another DATA_DIR, "+
			"or say --replace, which moves it aside.", to.DataDir, present[0])
	}
	aside := "before-restore-" + to.Now.UTC().Format("20060102T150405Z")
	if err := swap(draft, to.DataDir, aside, present); err != nil {
		return Restored{}, err
	}
	if len(present) > 0 {
		r.Aside = filepath.Join(to.DataDir, aside)
	}
	return r, nil
}

// swap moves what is there aside and the parts into its place: all of it, or nothing. A note in the data directory
// tells of it meanwhile, for whoever comes after a crash; it stays where what was moved could not be moved back either.
func swap(draft, dataDir, aside string, present []string) error {
	parts, err := partsOf(draft)
	if err != nil {
		return err
	}
	n := &note{Draft: filepath.Base(draft), Aside: aside, Present: present, Parts: parts}
	if err := n.write(dataDir); err != nil {
		return err
	}
	if len(present) > 0 {
		if err := moveAside(dataDir, filepath.Join(dataDir, aside), present); err != nil {
			return errors.Join(err, undo(dataDir))
		}
	}
	if err := place(draft, dataDir); err != nil {
		return errors.Join(err, undo(dataDir))
	}
	return n.forget(dataDir)
}

// partsOf lists what a draft directory brings, in the order in which place moves it.
func partsOf(draft string) (parts []string, err error) {
	for _, name := range append(slices.Clone(keyDirs), sandboxName, databaseName) {
		if _, err := os.Lstat(filepath.Join(draft, name)); err == nil {
			parts = append(parts, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return parts, nil
}

// keep writes a member of the archive into the draft directory.
func keep(draft string, m Member, content io.Reader) error {
	f, err := os.OpenFile(filepath.Join(draft, m.Name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Sync(), f.Close())
}

// openKeys writes the keys of the backup into the draft directory, where an identity opens them.
func (r *Restored) openKeys(draft, identity string) error {
	sealed, err := os.Open(filepath.Join(draft, keysName))
	if errors.Is(err, fs.ErrNotExist) {
		if identity != "" {
			return fault.ValidationFailed.Saying("This backup holds no keys: leave --identity out.")
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer sealed.Close()
	defer os.Remove(sealed.Name())
	if r.Locked = identity == ""; r.Locked {
		return nil
	}
	files, err := unlock(sealed, identity)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(draft, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
		r.KeyFiles = append(r.KeyFiles, name)
	}
	slices.Sort(r.KeyFiles)
	return nil
}

// inTheWay lists what is in the data directory under a name that the restore is going to use. SQLite's own files beside
// a database belong to it: left there, they would be taken for those of the restored one.
func inTheWay(dataDir, draft string) (present []string, err error) {
	names := []string{databaseName, databaseName + "-wal", databaseName + "-shm", sandboxName}
	for _, dir := range keyDirs {
		if _, err := os.Lstat(filepath.Join(draft, dir)); err == nil {
			names = append(names, dir)
		}
	}
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dataDir, name)); err == nil {
			present = append(present, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return present, nil
}

// moveAside moves what is there out of the way: all of it, or nothing.
func moveAside(dataDir, aside string, names []string) error {
	if err := os.Mkdir(aside, 0o700); err != nil {
		return err
	}
	if err := GiveToOwner(dataDir, aside); err != nil {
		return errors.Join(err, os.Remove(aside))
	}
	for i, name := range names {
		if err := os.Rename(filepath.Join(dataDir, name), filepath.Join(aside, name)); err != nil {
			return errors.Join(err, putBack(dataDir, aside, names[:i]))
		}
	}
	return syncDir(aside)
}

// putBack undoes moveAside.
func putBack(dataDir, aside string, names []string) error {
	var trouble error
	for _, name := range names {
		trouble = errors.Join(trouble, os.Rename(filepath.Join(aside, name), filepath.Join(dataDir, name)))
	}
	return errors.Join(trouble, os.Remove(aside), syncDir(dataDir))
}

// place moves the parts into the data directory, the database last: without it a start finds an empty installation, and
// the restore can be run again. Where one cannot be moved, those that were go back to the draft.
func place(draft, dataDir string) error {
	var placed []string
	for _, name := range append(slices.Clone(keyDirs), sandboxName, databaseName) {
		err := os.Rename(filepath.Join(draft, name), filepath.Join(dataDir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			for _, done := range placed {
				err = errors.Join(err, os.Rename(filepath.Join(dataDir, done), filepath.Join(draft, done)))
			}
			return err
		}
		placed = append(placed, name)
	}
	return syncDir(dataDir)
}
