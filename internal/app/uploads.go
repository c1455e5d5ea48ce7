package app

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// uploadTime is longer than any upload takes, by the file system's clock.
const uploadTime = 2 * time.Hour

// dropUploads deletes the files of uploads whose process died before it could: they are people's archives, in the
// clear. Where only this process uses the directory, its start deletes them all (see [App.Run]).
func (a *App) dropUploads() error {
	return dropUploads(a.cfg.Store.DataDir, time.Now().Add(-uploadTime))
}

func dropUploads(dir string, before time.Time) error {
	files, err := filepath.Glob(filepath.Join(dir, "archive-*.zip"))
	for _, f := range files {
		if info, failed := os.Stat(f); failed == nil && info.ModTime().Before(before) {
			err = errors.Join(err, os.Remove(f))
		}
	}
	return err
}
