package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/repazoo/repazoo/internal/backup"
)

// lockData locks the data directory when it holds the database or the stand-ins' state.
func (a *App) lockData(context.Context) error {
	if a.cfg.Store.DatabaseURL.IsSet() && (a.opt.WorkerOnly || len(a.sandboxed()) == 0) {
		return nil
	}
	return a.lockDataDir()
}

// lockDataDir makes sure that one process uses what is in the data directory, and that nobody else
// can look into it.
func (a *App) lockDataDir() (err error) {
	if a.lock, err = LockDir(a.cfg.Store.DataDir); err != nil {
		return err
	}
	if err := backup.Unfinished(a.cfg.Store.DataDir); err != nil {
		return err
	}
	return a.closeData(a.cfg.Store.DataDir)
}

// LockDir makes the directory, unless it is there, and locks it until the file is closed. The kernel drops the lock
// with the process, so a killed one leaves nothing behind.
func LockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	name := filepath.Join(dir, "lock")
	_, missing := os.Lstat(name)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data directory: %w", err)
	}
	if missing != nil { // root made it, perhaps, and the service must be able to open it
		if err := backup.GiveToOwner(dir, name); err != nil {
			f.Close()
			return nil, fmt.Errorf("give the lock to the owner of the data directory: %w", err)
		}
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another Repazoo is using the data directory %s: stop it, or set DATA_DIR to another one", dir)
	}
	return f, nil
}
