package db

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/repazoo/repazoo/internal/fault"
)

// What is the database's own trouble, and no error of a statement, becomes fault.DependencyDown here and nowhere else:
// whoever asked is told to come again, and the cause goes to the log.

const (
	comeAgain = 5 * time.Second // said with every such refusal

	// A read or a transaction of jobs and housekeeping may take so much longer than a user's, for whom somebody waits.
	systemPatience = 8

	// A read that fails at once is tried once more: its connection was closed while it lay idle, as after a restart.
	atOnce = time.Second
)

// bound is how long a read or a transaction may take.
func (d *DB) bound(a Actor) time.Duration {
	if a.role == System.role {
		return systemPatience * d.patience
	}
	return d.patience
}

// down turns the database's own trouble into a fault. ctx is the caller's, without the bound of this package: if that
// has ended, the caller went away and the database is not to blame.
func down(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	if _, is := errors.AsType[*fault.Fault](err); is || !isDown(err) {
		return err
	}
	return fault.DependencyDown.After(comeAgain).Because(err)
}

func isDown(err error) bool {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgDown(pe.Code)
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		return liteDown(se.Code())
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok { // context.DeadlineExceeded too: the bound of this package
		return true
	}
	for _, broken := range []error{
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, errFileGone,
	} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return pgconn.SafeToRetry(err) || strings.HasSuffix(err.Error(), "conn closed") // pgx gives that one no name
}

// pgDown tells by SQLSTATE: connection lost (08), out of resources (53), out of the operator's hands (57P), a lock that
// was waited for too long (55P03), a server that has become a read-only standby (25006), a disk that fails (58).
func pgDown(code string) bool {
	switch code[:2] {
	case "08", "53", "58":
		return true
	}
	return strings.HasPrefix(code, "57P") || code == "55P03" || code == "25006"
}

// liteDown tells by SQLite's primary code: locked by another process, full, unreadable, moved away.
func liteDown(code int) bool {
	switch code & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY:
		return true
	}
	return false
}

// dropIdle closes the idle connections of a pool when one of them was found broken: after a restart all of them are,
// and the next try would meet another. A refusal by the server itself breaks none.
func (p *postgres) dropIdle(a Actor, why error) {
	if _, refused := errors.AsType[*pgconn.PgError](why); !refused {
		p.pool(a).Reset()
	}
}

func (l *lite) dropIdle(Actor, error) {}
