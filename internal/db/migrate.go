package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// Migrations is the schema of each engine under the same file names. Steps only go up and are never
// edited once released; River's own tables come with River and are migrated first.
//
//go:embed migrations
var Migrations embed.FS

//go:embed migrations/grants.sql
var riverGrants string

func (l *lite) migrate(ctx context.Context) (int, error) {
	if err := l.ours(ctx); err != nil {
		return 0, err
	}
	jobs, err := migrateJobs(ctx, l.driver(), l.log)
	if err != nil {
		return 0, err
	}
	p, err := provider(goose.DialectSQLite3, l.writer, "sqlite")
	if err != nil {
		return 0, err
	}
	return up(ctx, p, jobs)
}

func (l *lite) pending(ctx context.Context) (bool, error) {
	p, err := provider(goose.DialectSQLite3, l.writer, "sqlite")
	if err != nil {
		return false, err
	}
	return p.HasPending(ctx)
}

// migrate holds one advisory lock for River's tables and ours, so that replicas that
// start together take turns.
func (p *postgres) migrate(ctx context.Context) (int, error) {
	conn, err := p.login.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, lock.DefaultLockID+1); err != nil {
		return 0, err
	}
	defer func() { // closing the session would let go of the lock too
		_, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, lock.DefaultLockID+1)
	}()
	return p.migrateLocked(ctx)
}

func (p *postgres) migrateLocked(ctx context.Context) (int, error) {
	if err := p.makeSchema(ctx); err != nil {
		return 0, err
	}
	if err := p.ours(ctx); err != nil {
		return 0, err
	}
	jobs, err := migrateJobs(ctx, riverpgxv5.New(p.login), p.log)
	if err != nil {
		return 0, err
	}
	std := stdlib.OpenDBFromPool(p.login)
	defer std.Close()
	g, err := provider(goose.DialectPostgres, std, "postgres")
	if err != nil {
		return 0, err
	}
	n, err := up(ctx, g, jobs)
	if err != nil || n == 0 {
		return n, err
	}
	_, err = p.login.Exec(ctx, riverGrants)
	return n, err
}

// pending asks as the service role, because the login itself has no rights. A database
// without the table, or without the role, has seen no migration at all.
func (p *postgres) pending(ctx context.Context) (bool, error) {
	var applied []int64
	err := p.ask(ctx, System, []Question{Every(Value[int64], &applied,
		`SELECT COALESCE(max(version_id), 0) FROM goose_db_version WHERE is_applied`)})
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok &&
		(pe.Code == "42P01" || pe.Code == "22023" || pe.Code == "42501") {
		return true, nil
	}
	return err == nil && applied[0] < newest("postgres"), err
}

// newest is the version of an engine's last step.
func newest(dir string) (version int64) {
	steps, _ := fs.Glob(Migrations, "migrations/"+dir+"/*.sql")
	for _, s := range steps {
		if v, err := goose.NumericComponent(s); err == nil {
			version = max(version, v)
		}
	}
	return version
}

func migrateJobs[T any](ctx context.Context, d riverdriver.Driver[T], log *slog.Logger) (int, error) {
	m, err := rivermigrate.New(d, &rivermigrate.Config{Logger: log})
	if err != nil {
		return 0, err
	}
	res, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return 0, fmt.Errorf("migrate the job queue: %w", err)
	}
	return len(res.Versions), nil
}

func provider(dialect goose.Dialect, std *sql.DB, dir string) (*goose.Provider, error) {
	files, err := fs.Sub(Migrations, "migrations/"+dir)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, std, files, goose.WithDisableGlobalRegistry(true))
}

func up(ctx context.Context, p *goose.Provider, before int) (int, error) {
	done, err := p.Up(ctx)
	return before + len(done), err
}

// Admit lets a login act in the roles that the policies name, which exist once the schema was migrated. It refuses a
// login that row-level security does not bind, and does nothing on SQLite, which has no logins.
func (d *DB) Admit(ctx context.Context, login string) error {
	p, ok := d.engine.(*postgres)
	if !ok {
		return nil
	}
	var bypass bool
	err := p.login.QueryRow(ctx, `SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1`, login).Scan(&bypass)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("there is no login %q: make it first, with CREATE ROLE %s LOGIN NOINHERIT PASSWORD '…'",
			login, pgx.Identifier{login}.Sanitize())
	case err != nil:
		return err
	case bypass:
		return fmt.Errorf("the login %q bypasses row-level security: name one that is neither superuser nor BYPASSRLS", login)
	}
	_, err = p.login.Exec(ctx, "GRANT anon, authenticated, service_role, repazoo_user TO "+
		""+pgx.Identifier{login}.Sanitize())
	return err
}
