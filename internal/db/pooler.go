package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// poolerPatience bounds the look at a pooler, whose every connection may be lent to others.
const poolerPatience = 10 * time.Second

// errShared is the answer to a pooler in transaction mode. There a role, a LISTEN and a prepared statement stay with
// a connection that the next transaction, of somebody else, gets.
var errShared = errors.New("DATABASE_URL leads to a pooler in transaction mode, which lends every transaction " +
	"another connection: use one in session mode (PgBouncer: pool_mode = session; Supabase: port 5432), or connect to " +
	"PostgreSQL directly (see docs/database.md)")

// asPooledUser is asUser behind a pooler, whose mode may be changed while we are connected: each transaction of a user
// names its role again. On a connection of our own that would only cost time.
const asPooledUser = `SELECT set_config('request.jwt.claims', $1, true), set_config('role', '` + userRole + `', true)`

// become makes a new connection act as a role, or as its login, and look for tables in one schema. It is a statement
// and no parameter of the start-up, because poolers such as PgBouncer refuse such parameters; in session mode they
// reset both when the connection ends.
func become(role, schema string) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SELECT set_config('search_path', $1, false), set_config('role', $2, false)`,
			pgx.QueryExecModeSimpleProtocol, pgx.Identifier{schema}.Sanitize(), cmp.Or(role, "none"))
		return err
	}
}

// checkPooler refuses a pooler that does not keep a client on one connection.
func (p *postgres) checkPooler(ctx context.Context, first *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, poolerPatience)
	defer cancel()
	direct, err := isDirect(ctx, first.PgConn())
	if err != nil || direct {
		return err
	}
	p.asUser = asPooledUser
	second, err := pgx.ConnectConfig(ctx, first.Config())
	if err != nil {
		return err
	}
	defer second.Close(context.WithoutCancel(ctx))
	return notShared(ctx, first.PgConn(), second.PgConn())
}

// isDirect tells whether the server that answers is the one that the connection was begun with: a pooler hands out
// process ids of its own.
func isDirect(ctx context.Context, c *pgconn.PgConn) (bool, error) {
	pid, err := backend(ctx, c, "SELECT pg_backend_pid()")
	return pid == c.PID(), err
}

// notShared lets two clients hold a connection of the server each, give them back, and ask again. In session mode each
// has its own again. Poolers that share give out the one that came back last, or the one that came back first: whoever
// asks first therefore gets the other's in one of the two rounds.
func notShared(ctx context.Context, a, b *pgconn.PgConn) error {
	for _, asker := range []*pgconn.PgConn{a, b} {
		before := map[*pgconn.PgConn]uint32{}
		for _, c := range []*pgconn.PgConn{a, b} {
			pid, err := backend(ctx, c, "BEGIN; SELECT pg_backend_pid()")
			if err != nil {
				return fmt.Errorf("the pooler of the database lends no second connection: %w", err)
			}
			before[c] = pid
		}
		for _, c := range []*pgconn.PgConn{a, b} {
			if err := c.Exec(ctx, "COMMIT").Close(); err != nil {
				return err
			}
		}
		after, err := backend(ctx, asker, "SELECT pg_backend_pid()")
		if err != nil {
			return err
		}
		if after != before[asker] {
			return errShared
		}
	}
	return nil
}

// backend runs statements by the simple protocol, which every pooler passes on, and returns the number that the last
// one gave.
func backend(ctx context.Context, c *pgconn.PgConn, statements string) (uint32, error) {
	results, err := c.Exec(ctx, statements).ReadAll()
	if err != nil {
		return 0, err
	}
	last := results[len(results)-1].Rows
	if len(last) != 1 || len(last[0]) != 1 {
		return 0, fmt.Errorf("%q gave no number", statements)
	}
	pid, err := strconv.ParseUint(string(last[0][0]), 10, 32)
	return uint32(pid), err
}
