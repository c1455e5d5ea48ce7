package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// asActor makes the rest of the transaction run as one actor. Both settings are local
// to the transaction, so a pooled connection never carries them on.
const asActor = `SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`

type postgres struct {
	pool   *pgxpool.Pool         // requests: each transaction names its role
	worker *pgxpool.Pool         // job workers: the service role for the whole connection; nil until they start
	jobs   *river.Client[pgx.Tx] // inserts only
	log    *slog.Logger
}

func openPostgres(ctx context.Context, c Config) (engine, error) {
	cfg, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a connection string: expected postgres://user:password@host:port/name") // err would quote the password
	}
	if cfg.MaxConns = int32(c.MaxConns); c.MaxConns == 0 {
		cfg.MaxConns = 24 // fewer starve group commit, more only queue in Postgres
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	p := &postgres{pool: pool, log: c.Log}
	if err := p.checkRole(ctx, c.AllowBypass); err != nil {
		pool.Close()
		return nil, err
	}
	if p.jobs, err = river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: c.Log}); err != nil {
		pool.Close()
		return nil, err
	}
	return p, nil
}

// checkRole refuses a login that row-level security would not bind.
func (p *postgres) checkRole(ctx context.Context, allow bool) error {
	var name string
	var bypass bool
	err := p.pool.QueryRow(ctx, `SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user`).Scan(&name, &bypass)
	if err != nil || !bypass {
		return err
	}
	if !allow {
		return fmt.Errorf("the database role %q bypasses row-level security: connect as a role that is neither superuser nor BYPASSRLS (see docs/database.md)", name)
	}
	p.log.WarnContext(ctx, "the database login bypasses row-level security by itself; requests still run under the policies", "role", name)
	return nil
}

func (p *postgres) Name() string { return "postgres" }

func (p *postgres) Ping(ctx context.Context) error { return p.pool.Ping(ctx) }

func (p *postgres) Close() error {
	if p.worker != nil {
		p.worker.Close()
	}
	p.pool.Close()
	return nil
}

// read pipelines actor and statement: one Sync is one implicit transaction and one round trip.
func (p *postgres) read(ctx context.Context, a Actor, query string, args []any) (Rows, error) {
	b := &pgx.Batch{}
	b.Queue(asActor, a.role, a.claims)
	b.Queue(query, args...)
	results := p.pool.SendBatch(ctx, b)
	if _, err := results.Exec(); err != nil {
		results.Close()
		return nil, pgErr(err)
	}
	return lastRows(results)
}

// begin opens the transaction with the first statement rather than in a trip of its own.
func (p *postgres) begin(ctx context.Context, a Actor, now time.Time, fn func(Tx) error) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // a connection that is still inside a transaction is thrown away here
	tx := &pgTx{conn: conn.Conn(), jobs: p.jobs, actor: a, now: now}
	tx.Later("BEGIN")
	tx.as(a)
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.rollback(ctx))
	}
	if err := tx.commit(ctx); err != nil {
		_ = tx.rollback(ctx) // the commit's own error says more
		return err
	}
	return nil
}

// lostRace tells whether Postgres ended a transaction only because another was in its way.
func lostRace(err error) bool {
	pe, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pe.Code == "40001" || pe.Code == "40P01")
}

func pgErr(err error) error {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && pe.Code == "23505" {
		return fmt.Errorf("%w: %s", ErrConflict, pe.ConstraintName)
	}
	return err
}
