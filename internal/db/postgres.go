package db

import (
	"cmp"
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
	"github.com/riverqueue/river/rivertype"

	"github.com/repazoo/repazoo/internal/tracing"
)

// asUser tells the policies who asks. It is local to the transaction, so a pooled
// connection never carries it on.
const asUser = `SELECT set_config('request.jwt.claims', $1, true)`

// postgres keeps a pool for each role, because a connection that became the role when it was made needs no
// statement to become it, and a bug cannot forget to.
type postgres struct {
	asUser string                // asUser, or asPooledUser
	schema string                // where our tables are
	found  bool                  // by looking, not by configuration
	login  *pgxpool.Pool         // the login itself: checks and migrations
	users  *pgxpool.Pool         // requests: each transaction says which user
	system *pgxpool.Pool         // the service role: sign-in, webhooks and job workers
	jobs   *river.Client[pgx.Tx] // inserts only
	log    *slog.Logger
	traces *tracing.Tracer
}

func openPostgres(ctx context.Context, c Config) (engine, error) {
	cfg, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		// err would quote the password
		return nil, errors.New("DATABASE_URL is not a connection string: expected postgres://user:password@host:port/name")
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	p := &postgres{asUser: asUser, schema: c.Schema, log: c.Log, traces: c.Traces}
	if err := p.look(ctx, cfg.ConnConfig); err != nil {
		return nil, err
	}
	// fewer starve group commit, more only queue in Postgres
	if err := p.connect(ctx, cfg, cmp.Or(c.MaxConns, 24)); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.checkRole(ctx, c.AllowBypass); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// look finds out, on connections on which nothing is set, what is at the address: a pooler that we can't use would keep
// a setting for whoever it lends the connection to next.
func (p *postgres) look(ctx context.Context, cfg *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, cfg.Copy())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := checkEncoding(conn); err != nil {
		return err
	}
	if err := p.checkPooler(ctx, conn); err != nil || p.schema != "" {
		return err
	}
	p.found = true
	p.schema, err = locate(ctx, conn)
	return err
}

// checkEncoding refuses a database whose texts are not UTF-8, as Debian makes them where no locale is set.
func checkEncoding(conn *pgx.Conn) error {
	if name := conn.PgConn().ParameterStatus("server_encoding"); name != "" && name != "UTF8" {
		return fmt.Errorf("the database's encoding is %s, and posts need UTF8: make it anew with "+
			"CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", name)
	}
	return nil
}

// connect makes the pools. A pool dials when it is first used, so the roles need not exist yet.
func (p *postgres) connect(ctx context.Context, cfg *pgxpool.Config, conns int) (err error) {
	cfg.MaxConns = 4
	cfg.AfterConnect = become("", p.schema)
	if p.login, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return err
	}
	if p.users, err = poolAs(ctx, cfg.Copy(), userRole, p.schema, conns); err != nil {
		return err
	}
	if p.system, err = poolAs(ctx, cfg.Copy(), System.role, p.schema, max(conns/2, 8)); err != nil {
		return err
	}
	p.jobs, err = river.NewClient(riverpgxv5.New(p.system),
		&river.Config{Logger: p.log, Middleware: []rivertype.Middleware{p.traces.Jobs()}})
	return err
}

// poolAs is a pool whose connections are a role before anybody has them.
func poolAs(ctx context.Context, cfg *pgxpool.Config, role, schema string, conns int) (*pgxpool.Pool, error) {
	cfg.MaxConns = int32(conns)
	cfg.AfterConnect = become(role, schema)
	return pgxpool.NewWithConfig(ctx, cfg)
}

// pool is whose connections an actor uses.
func (p *postgres) pool(a Actor) *pgxpool.Pool {
	if a.role == System.role {
		return p.system
	}
	return p.users
}

// checkRole refuses a login that row-level security would not bind.
func (p *postgres) checkRole(ctx context.Context, allow bool) error {
	var name string
	var bypass bool
	err := p.login.QueryRow(ctx, `SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles
		WHERE rolname = current_user`).Scan(&name, &bypass)
	if err != nil || !bypass {
		return err
	}
	if !allow {
		return fmt.Errorf("the database role %q bypasses row-level security: connect as a role that is neither superuser "+
			"nor BYPASSRLS (see docs/database.md)", name)
	}
	p.log.WarnContext(ctx, "the database login bypasses row-level security by itself; requests still run under the "+
		"policies", "role", name)
	return nil
}

func (p *postgres) Name() string { return "postgres" }

func (p *postgres) Ping(ctx context.Context) error { return p.users.Ping(ctx) }

func (p *postgres) Close() error {
	for _, pool := range []*pgxpool.Pool{p.users, p.system, p.login} {
		if pool != nil {
			pool.Close()
		}
	}
	return nil
}

// ask pipelines actor and questions: one Sync is one implicit transaction and one round trip.
func (p *postgres) ask(ctx context.Context, a Actor, questions []Question) error {
	b := &pgx.Batch{}
	if a.claims != "" {
		b.Queue(p.asUser, a.claims)
	}
	for _, q := range questions {
		b.Queue(q.Query, q.Args...)
	}
	results := p.pool(a).SendBatch(ctx, b)
	defer results.Close()
	if a.claims != "" {
		if _, err := results.Exec(); err != nil {
			return pgErr(err)
		}
	}
	for _, q := range questions {
		if err := settle(results, statement{read: q.Read}); err != nil {
			return pgErr(err)
		}
	}
	return pgErr(results.Close())
}

// begin opens the transaction with the first statement rather than in a trip of its own.
func (p *postgres) begin(ctx context.Context, a Actor, now time.Time, fn func(Tx) error) error {
	conn, err := p.pool(a).Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // a connection that is still inside a transaction is thrown away here
	tx := &pgTx{conn: conn.Conn(), jobs: p.jobs, own: a.role, role: a.role, now: now}
	tx.queue(nil, "BEGIN")
	if a.claims != "" {
		tx.queue(nil, p.asUser, a.claims)
	}
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
