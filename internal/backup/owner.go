package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// GiveToOwner gives path, and all below it, to whom the data directory belongs. What root makes there would be root's
// alone otherwise, and the service, which runs as the owner, could not open it. Nobody but root can give files away;
// for everybody else the call does nothing.
func GiveToOwner(dataDir, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dataDir)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return filepath.WalkDir(path, func(name string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, int(owner.Uid), int(owner.Gid)))
	})
}
