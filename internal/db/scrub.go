package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// What is deleted in SQLite stays readable in the file unless it is overwritten: in the pages themselves, which the
// pragma secure_delete fills with zeros, and in the write-ahead log, which holds pages as they were until it begins
// anew.

var errLogInUse = errors.New("db: the write-ahead log could not be emptied, because somebody is reading")

// Scrub makes what was deleted unreadable in the files of the database. On Postgres that is the work of its own vacuum.
func (d *DB) Scrub(ctx context.Context) error { return d.scrub(ctx) }

func (*postgres) scrub(context.Context) error { return nil }

// scrub waits only a moment for those who read, because nobody else can write meanwhile.
func (l *lite) scrub(ctx context.Context) error {
	conn, err := l.writer.Conn(ctx)
	if err != nil {
		return liteErr(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `PRAGMA busy_timeout = 100`); err != nil {
		return liteErr(err)
	}
	defer func() { // it was accepted before
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA busy_timeout = 5000`)
	}()
	var busy, logged, moved int
	if err := conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved); err != nil {
		return liteErr(err)
	}
	if busy != 0 {
		return errLogInUse
	}
	return nil
}

// private makes the file of the database readable to its owner alone, whatever the directory and the umask allow,
// before SQLite opens it: the write-ahead log and its index take the mode of the file.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the database file: %w", err)
	}
	f.Close()
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err == nil {
			err = os.Chmod(name, 0o600)
		}
		if err != nil {
			return fmt.Errorf("the database file %s can be read by others on this machine, and that could not be changed: "+
				"give it to the user that Repazoo runs as, and run chmod 600 %s: %w", name, name, err)
		}
	}
	return nil
}
