//go:build linux

package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// login is bound by the row policies; the floor connects as the superuser, who is not.
const login = "repazoo_load"

// databases are the two on PostgreSQL: the same rows, made once and copied.
type databases struct {
	repazoo, floor string // connection strings
	names          []string
}

// migrate lets Repazoo itself make the schema.
func (b *bench) migrate(ctx context.Context, variables ...string) error {
	cmd := exec.CommandContext(ctx, b.binary, "migrate")
	cmd.Dir, cmd.Env = b.dir, append(variables, "REPAZOO_ENV=local", "HOME="+b.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("repazoo migrate: %w: %s", err, out)
	}
	return nil
}

func (b *bench) makePostgres(ctx context.Context) error {
	name := "load_" + strings.ReplaceAll(newID(), "-", "")
	admin, err := pgx.Connect(ctx, os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		return err
	}
	defer admin.Close(ctx)
	b.databases = databases{names: []string{name, name + "_floor"}}
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	if err := b.migrate(ctx, "DATABASE_URL="+address(name, "")); err != nil {
		return err
	}
	if err := b.seedPostgres(ctx, address(name, "")); err != nil {
		return err
	}
	b.databases.repazoo, b.databases.floor = address(name, login), address(name+"_floor", "")
	for _, q := range []string{
		"CREATE DATABASE " + name + "_floor TEMPLATE " + name,
		"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '" + login + "') THEN CREATE ROLE " + login +
			" LOGIN NOINHERIT; END IF; END $$",
		"GRANT anon, authenticated, service_role, repazoo_user TO " + login,
	} {
		if _, err := admin.Exec(ctx, q); err != nil {
			return err
		}
	}
	return b.durability(ctx, admin)
}

// durability is shown with the figures: without fsync they mean little.
func (b *bench) durability(ctx context.Context, c *pgx.Conn) error {
	return c.QueryRow(ctx, "SELECT 'fsync ' || current_setting('fsync') || ', synchronous_commit ' || "+
		"current_setting('synchronous_commit')").Scan(&b.durable)
}

func (b *bench) seedPostgres(ctx context.Context, url string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	batch := &pgx.Batch{}
	for _, p := range b.people {
		for _, r := range p.rows(func(t time.Time) any { return t }, b.since()) {
			batch.Queue(r.query, r.args...)
		}
	}
	if err := c.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	_, err = c.Exec(ctx, "VACUUM ANALYZE")
	return err
}

// since is when everything began: before any request, whatever the rounding.
func (b *bench) since() time.Time { return time.Now().UTC().Add(-time.Hour).Truncate(time.Second) }

func (b *bench) makeSQLite(ctx context.Context) error {
	if err := b.migrate(ctx, "DATA_DIR="+b.dir); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", filepath.Join(b.dir, "repazoo.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	for _, p := range b.people {
		for _, r := range p.rows(func(t time.Time) any { return t.Format("2006-01-02T15:04:05.000000Z") }, b.since()) {
			if _, err := tx.ExecContext(ctx, r.query, r.args...); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

// dropPostgres runs when the servers are gone.
func (b *bench) dropPostgres() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	admin, err := pgx.Connect(ctx, os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		return
	}
	defer admin.Close(ctx)
	for _, name := range b.databases.names {
		_, _ = admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}
}

// address is the connection string of a database; user is the superuser's when it is empty.
func address(name, user string) string {
	u, err := url.Parse(os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		return ""
	}
	if u.Path = "/" + name; user != "" {
		u.User = url.User(user)
	}
	return u.String()
}
