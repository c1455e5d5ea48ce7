package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// inherit gives an open file to whom the directory belongs in which it was made. What root makes would be root's alone
// otherwise, and the service, which runs as the owner, could not read it. Nobody but root can give files away; for
// everybody else it does nothing.
func inherit(f *os.File, dir fs.FileInfo) error {
	owner, ok := dir.Sys().(*syscall.Stat_t)
	if os.Geteuid() != 0 || !ok {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

// inheritIn is inherit for a file in root.
func inheritIn(root *os.Root, f *os.File) error {
	dir, err := root.Stat(".")
	if err != nil {
		return err
	}
	return inherit(f, dir)
}

// makeDir makes a directory of mode 0700, and those above it that are missing, unless it is there.
func makeDir(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeDir(filepath.Dir(path)); err != nil {
			return err
		}
		err = os.Mkdir(path, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return inherit(f, dir)
}
