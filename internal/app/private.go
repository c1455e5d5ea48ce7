package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// What stands in DATA_DIR is for Repazoo alone: posts, tokens and keys, sealed or not. It is written with 0600, in
// directories with 0700; what an earlier version, a backup or an operator left open is closed at the start. Only what
// Repazoo writes is touched, so that a DATA_DIR which holds other things loses none of them.

// closeData closes the directory and the files of Repazoo in it. A file that cannot be closed refuses the start. The
// directory itself may be somebody else's, as a mounted volume is: that is told in the log.
func (a *App) closeData(dir string) error {
	if err := a.closeTo(dir, 0o700); err != nil {
		a.log.LogAttrs(context.Background(), slog.LevelWarn,
			"others on this machine can look into the data directory, and that could not be "+
				"changed: give DATA_DIR a directory of its own that belongs to the user of this program",
			slog.String("directory", dir))
	}
	for _, pattern := range []string{"repazoo.db*", "lock", "sandbox.json*", "archive-*.zip", "keys", "keys/*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, path := range found {
			if err := a.closeFile(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *App) closeFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if info.IsDir() {
		mode = 0o700
	}
	if err := a.closeTo(path, mode); err != nil {
		return fmt.Errorf("%s can be read by others on this machine, and that could not be changed: give it to the user "+
			"that "+
			"Repazoo runs as, and run chmod %o %s", path, mode, path)
	}
	return nil
}

// closeTo takes from a file all that mode does not allow, and says so.
func (a *App) closeTo(path string, mode fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&^mode == 0 {
		return err
	}
	if info.Mode()&fs.ModeSticky != 0 { // a directory of everybody's, such as /tmp
		return fs.ErrPermission
	}
	if err := os.Chmod(path, info.Mode().Perm()&mode); err != nil {
		return err
	}
	a.log.LogAttrs(context.Background(), slog.LevelInfo, "others could read this, and no longer can",
		slog.String("path", path), slog.String("before", info.Mode().Perm().String()))
	return nil
}
