package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

const (
	maxFile = 2 * maxValue // of any file that is read, in bytes

	ownerOnly  = fs.FileMode(0o077) // what nobody else may have of the vault
	groupReads = fs.FileMode(0o037) // what others may not have of an identity: containers get secrets as 0440
)

// open opens the directory if nobody else can read or write it.
func (d *Dir) open() (*os.Root, error) {
	root, err := os.OpenRoot(d.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.NotFound.Saying("There is no vault in %s: make one with `repazoo vault init`.", d.Path)
	}
	if err != nil {
		return nil, fault.DependencyDown.Saying("The vault in %s cannot be opened: %v.", d.Path, plain(err))
	}
	info, err := root.Stat(".")
	if err == nil && info.Mode().Perm()&ownerOnly != 0 {
		err = tooOpen(d.Path, info.Mode(), 0o700)
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

func tooOpen(path string, is, want fs.FileMode) error {
	return fault.Forbidden.Saying("%s has the mode %04o, so that other users may get at it: change that with `chmod "+
		"%04o %s`.", path, is.Perm(), want, path)
}

// plain is the reason of an error of a file without the file's name.
func plain(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// locked does something while nobody writes (LOCK_SH), or nobody else does anything (LOCK_EX).
func (d *Dir) locked(ctx context.Context, how int, do func(*os.Root) error) error {
	root, err := d.open()
	if err != nil {
		return err
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return fault.DependencyDown.Saying("The vault in %s cannot be opened: %v.", d.Path, plain(err))
	}
	defer dir.Close() // which drops the lock
	if err := lock(ctx, dir, how); err != nil {
		return err
	}
	return do(root)
}

func lock(ctx context.Context, dir *os.File, how int) error {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(dir.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return fault.DependencyDown.Saying("The vault cannot be locked: %v.", err)
		}
		select {
		case <-ctx.Done():
			return fault.Conflict.Saying("Another command is at work on the vault. Try again in a moment.").Because(ctx.Err())
		case <-tick.C:
		}
	}
}

// readPrivate reads a file of the vault that nobody else can reach.
func readPrivate(root *os.Root, name string, limit int64, forbidden fs.FileMode) ([]byte, error) {
	path := filepath.Join(root.Name(), name)
	info, err := root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, fault.Forbidden.Saying("%s is no ordinary file.", path)
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	return readOpen(f, path, limit, forbidden, 0o600)
}

// readOpen checks the file that is read, and not one that has its name a moment later.
func readOpen(f *os.File, path string, limit int64, forbidden, want fs.FileMode) ([]byte, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, unreadable(path, err)
	case info.Mode().Perm()&forbidden != 0:
		return nil, tooOpen(path, info.Mode(), want)
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if int64(len(content)) > limit {
		return nil, fault.ValidationFailed.Saying("%s is larger than %d bytes.", path, limit)
	}
	return content, nil
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.NotFound.Saying("There is no file %s.", path).Because(err)
	}
	return fault.DependencyDown.Saying("%s cannot be read: %v.", path, plain(err))
}

// replace writes a file of mode 0600 that appears whole, and stays so when the power fails.
func replace(root *os.Root, name string, content []byte) error {
	draft := "." + name + ".draft" // one command writes at a time; what a killed one left is no draft of ours
	err := root.Remove(draft)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritten(root, name, err)
	}
	f, err := root.OpenFile(draft, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return unwritten(root, name, err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, inheritIn(root, f), f.Sync(), f.Close()); err != nil {
		_ = root.Remove(draft)
		return unwritten(root, name, err)
	}
	if err := root.Rename(draft, name); err != nil {
		return unwritten(root, name, err)
	}
	return syncDir(root)
}

func unwritten(root *os.Root, name string, err error) error {
	return fault.DependencyDown.Saying("%s cannot be written: %v.", filepath.Join(root.Name(), name), plain(err))
}

func syncDir(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("sync the vault's directory: %w", err)
	}
	return nil
}
