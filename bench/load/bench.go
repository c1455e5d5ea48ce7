//go:build linux

package main

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"
)

// modes are the servers under test; the floor is what the others are compared with.
var modes = []string{"floor", "peer", "replica", "embedded"}

// starts is how often a server is started to take the median of how long it needs.
const starts = 5

// bench is one run.
type bench struct {
	options
	dir       string
	keys      keys
	people    []person
	databases databases
	durable   string
	postgres  int // process ids of the two servers whose time also counts; 0 when unused
	redis     int
	targets   []*target
}

// target is a server under test with what was measured of it.
type target struct {
	mode     string
	process  *process
	startups []time.Duration
	clients  []*client
	samples  map[string]*sample // by call
}

func (b *bench) prepare(ctx context.Context) error {
	if b.mode != "embedded" {
		if err := errors.Join(b.makePostgres(ctx), b.findServers(ctx)); err != nil {
			return err
		}
	}
	if b.mode == "embedded" || b.mode == "all" {
		if err := b.makeSQLite(ctx); err != nil {
			return err
		}
	}
	for _, mode := range modes {
		if b.mode != mode && (b.mode != "all" || mode == "peer" && b.gunicorn == "") {
			continue
		}
		t := &target{mode: mode, samples: map[string]*sample{}}
		b.targets = append(b.targets, t)
		if err := b.start(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// start starts a server several times and keeps the last.
func (b *bench) start(ctx context.Context, t *target) (err error) {
	for n := range starts {
		switch t.mode {
		case "floor":
			t.process, err = launch(ctx, b.floor, b.dir, t.mode, nil, b.variables(t.mode))
		case "peer":
			t.process, err = launch(ctx, b.gunicorn, b.dir, t.mode, append([]string{"--chdir=" + b.peer}, peerArguments...),
				b.variables(t.mode))
		default:
			t.process, err = launch(ctx, b.binary, b.dir, t.mode, []string{"serve"}, b.variables(t.mode))
		}
		if err != nil {
			return err
		}
		t.startups = append(t.startups, t.process.startup)
		if n < starts-1 {
			t.process.close()
			t.process = nil
		}
	}
	return nil
}

// connect opens the connections to a server shortly before they are used: who says nothing on a new one is cut off
// after some seconds.
func (b *bench) connect(ctx context.Context, t *target) error {
	requests, err := b.requests(calls)
	if err != nil {
		return err
	}
	for n := range b.connections {
		c, err := dial(ctx, t.process.address, requests, uint64(n))
		if err != nil {
			return err
		}
		t.clients = append(t.clients, c)
	}
	return nil
}

// variables configure a server as production has it, but that nobody is refused for asking
// often, no job runs, and nothing is paid.
func (b *bench) variables(mode string) func(string) []string {
	return func(address string) []string {
		host, port, _ := net.SplitHostPort(address)
		if mode == "floor" || mode == "peer" {
			return []string{
				"FLOOR_ADDRESS=" + address, "GUNICORN_CMD_ARGS=--bind=" + address,
				"PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1",
				"DATABASE_URL=" + b.databases.floor, "REDIS_URL=" + os.Getenv("TEST_REDIS_URL"), "JWT_SECRET_KEY=" + b.keys.jwt,
			}
		}
		v := []string{
			"REPAZOO_ENV=ai", "HOST=" + host, "PORT=" + port, "PUBLIC_URL=" + issuer, "DATA_DIR=" + b.dir, "JWT_SECRET_KEY=" +
				b.keys.jwt, "ENCRYPTION_KEY=" + b.keys.encryption,
			"RATE_LIMIT_PER_MINUTE=1000000", "RATE_LIMIT_PER_HOUR=1000000", "RATE_LIMIT_SIGN_IN_PER_MINUTE=1000000",
			"RATE_LIMIT_SIGN_IN_PER_HOUR=1000000",
			"RATE_LIMIT_REFRESH_PER_MINUTE=1000000", "RATE_LIMIT_REFRESH_PER_HOUR=1000000", "WORKERS=0", "BILLING=off",
			"TWITTER_CLIENT_ID=load",
		}
		if mode == "replica" {
			return append(v, "DATABASE_URL="+b.databases.repazoo, "REDIS_URL="+os.Getenv("TEST_REDIS_URL"))
		}
		return append(v, "EMBEDDED=true")
	}
}

// findServers learns the process ids of PostgreSQL and Redis from themselves. Servers on
// another machine have none here, and are refused.
func (b *bench) findServers(ctx context.Context) error {
	c, err := pgx.Connect(ctx, os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	var backend int
	if err := c.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return err
	}
	s, ok := readStat(backend)
	o, err := rueidis.ParseURL(os.Getenv("TEST_REDIS_URL"))
	if err != nil {
		return errors.New("TEST_REDIS_URL is not an address of Redis")
	}
	o.DisableCache = true
	r, err := rueidis.NewClient(o)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Do(ctx, r.B().Info().Section("server").Build()).ToString()
	if err != nil {
		return err
	}
	_, after, _ := strings.Cut(info, "process_id:")
	id, _, _ := strings.Cut(after, "\r")
	b.postgres = s.parent
	if b.redis, err = strconv.Atoi(id); err != nil || !ok {
		return errors.New("PostgreSQL and Redis must run on this machine, so that their time can be counted")
	}
	return nil
}

func (b *bench) close() {
	for _, t := range slices.Backward(b.targets) {
		for _, c := range t.clients {
			c.conn.Close()
		}
		if t.process != nil {
			t.process.close()
		}
	}
	if len(b.databases.names) > 0 {
		b.dropPostgres()
	}
}
