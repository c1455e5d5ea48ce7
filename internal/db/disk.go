package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

var (
	errFileGone = errors.New("db: the database file was deleted or replaced while it was open; restart with the file " +
		"in its place")
	errDiskFull = errors.New("db: the disk of the database is full")
)

const (
	minFree   = 16 << 20 // bytes that have to be free for the server to be ready
	probeSize = 64 << 10 // bytes that a probe writes, and takes back
)

// there tells whether the path still leads to the file that is open. What is written into a deleted file is lost with
// the last process that has it open, and SQLite would not notice.
func (l *lite) there() error {
	now, err := os.Stat(l.path)
	if err != nil || !os.SameFile(l.file, now) {
		return errFileGone
	}
	return nil
}

// Ping proves that the file is there and can be written to.
func (l *lite) Ping(ctx context.Context) error {
	var one int
	if err := l.reader.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return err
	}
	if err := l.there(); err != nil {
		return err
	}
	if err := room(filepath.Dir(l.path)); err != nil {
		return err
	}
	return l.tryWrite(ctx)
}

// room wants some space left on the disk.
func room(dir string) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return nil //nolint:nilerr // a file system that does not tell; the write will
	}
	if free := s.Bavail * uint64(s.Bsize); free < minFree { //nolint:gosec,unconvert // the types differ by system
		return fmt.Errorf("%w: %d bytes are free", errDiskFull, free)
	}
	return nil
}

// tryWrite writes something and takes it back. A writer of this very process that is at work is proof enough.
func (l *lite) tryWrite(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := l.writer.Conn(wait)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return errors.Join(writeProbe(ctx, tx), tx.Rollback())
}

func writeProbe(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO job_workers (id, seen_at) VALUES ('probe', hex(zeroblob($1)))`, probeSize/2)
	return err
}
