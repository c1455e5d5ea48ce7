package db

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Pool is how the connections of one kind stand.
type Pool struct {
	Name   string // users, system or login; writer or reader on SQLite
	Max    int
	InUse  int
	Waited time.Duration // by everybody for a connection, since the start
}

// Backlog is how the jobs of one state stand.
type Backlog struct {
	State  string        // available, retryable, running or scheduled
	Jobs   int           // in this state
	Oldest time.Duration // how long the first of them has been due; 0 while none is
}

// Backlogs counts the jobs that have not ended, in every process.
func (d *DB) Backlogs(ctx context.Context) ([]Backlog, error) {
	now := time.Now() // the queue's own clock
	return Read(ctx, d, System, func(r Rows, b *Backlog) error {
		var due float64
		err := r.Scan(&b.State, &b.Jobs, &due)
		b.Oldest = max(0, now.Sub(time.UnixMilli(int64(due*1000))))
		return err
	}, `SELECT CAST(state AS text), count(*), min(`+d.secondsOf(`scheduled_at`)+`) FROM river_job
		WHERE state IN ('available', 'retryable', 'running', 'scheduled') GROUP BY state`)
}

// Waiting counts the jobs of a kind that could be worked now and are not yet.
func (d *DB) Waiting(ctx context.Context, kind string) (int, error) {
	return ReadOne(ctx, d, System, Value[int], `SELECT count(*) FROM river_job WHERE state = 'available' AND kind = $1`,
		kind)
}

// secondsOf turns a time of the queue's own tables, which are each database's own way, into seconds since 1970.
func (p *postgres) secondsOf(at string) string {
	return `CAST(extract(epoch FROM ` + at + `) AS double precision)`
}
func (l *lite) secondsOf(at string) string { return `unixepoch(` + at + `, 'subsec')` }

func (p *postgres) Pools() []Pool {
	return []Pool{pgPool("users", p.users), pgPool("system", p.system), pgPool("login", p.login)}
}

func pgPool(name string, p *pgxpool.Pool) Pool {
	s := p.Stat()
	return Pool{name, int(s.MaxConns()), int(s.AcquiredConns()), s.AcquireDuration()}
}

func (l *lite) Pools() []Pool {
	return []Pool{litePool("writer", l.writer), litePool("reader", l.reader)}
}

func litePool(name string, d *sql.DB) Pool {
	s := d.Stats()
	return Pool{name, s.MaxOpenConnections, s.InUse, s.WaitDuration}
}

// DayOf is the day of a moment in one of our tables, in UTC, as the text 2026-11-28.
func (d *DB) DayOf(column string) string { return d.dayOf(column) }

func (p *postgres) dayOf(column string) string {
	return `to_char(` + column + ` AT TIME ZONE 'UTC', 'YYYY-MM-DD')`
}
func (l *lite) dayOf(column string) string { return `substr(` + column + `, 1, 10)` }
