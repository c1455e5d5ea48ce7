//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startLimit is how long a server may take until it answers.
const startLimit = 30 * time.Second

// stopLimit is how long a server may take to end before it is killed.
const stopLimit = 5 * time.Second

// environment is what was started and what the command is told about it.
type environment struct {
	dir     string
	servers []*exec.Cmd
	vars    []string
	durable bool // PostgreSQL keeps its promises
}

// start brings up what no variable names yet. Redis comes first because it is
// ready before PostgreSQL's files are written.
func (e *environment) start(ctx context.Context) error {
	dir, err := os.MkdirTemp(e.place(), "repazoo-testenv-")
	if err != nil {
		return err
	}
	e.dir = dir
	who, err := serverUser(dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if os.Getenv("TEST_REDIS_URL") == "" {
		if err := e.redis(ctx, who); err != nil {
			return err
		}
	}
	if os.Getenv("TEST_DATABASE_URL") == "" {
		if err := e.postgres(ctx, who); err != nil {
			return err
		}
	}
	if os.Getenv("CHROMIUM") == "" {
		e.vars = append(e.vars, "CHROMIUM="+find("chromium", "chromium-browser", "google-chrome", "Google Chrome"))
	}
	return nil
}

// place is where the servers keep their files: in memory where there is plenty, because the tests write
// much and keep nothing; else where temporary files go.
func (e *environment) place() string {
	if !e.durable && freeBytes(memory) >= plenty {
		return memory
	}
	return ""
}

const (
	memory = "/dev/shm"
	plenty = 4 << 30 // a run needs a few hundred MiB, and more while logs of writes pile up
)

// serverUser is the account that the servers run as: PostgreSQL refuses to
// run as root, so root lends dir to postgres or nobody. Nil means ourselves.
func serverUser(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL cannot run as root, and there is no user postgres or nobody to run it as")
}

func (e *environment) redis(ctx context.Context, who *syscall.Credential) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	if err := e.launch("redis", who, find("redis-server"),
		"--port", port, "--bind", "127.0.0.1", "--dir", e.dir,
		"--save", "", "--appendonly", "no", "--loglevel", "warning"); err != nil {
		return err
	}
	e.vars = append(e.vars, "TEST_REDIS_URL=redis://127.0.0.1:"+port)
	return e.await(ctx, "redis", func() error { return pingRedis(ctx, "127.0.0.1:"+port) })
}

func (e *environment) postgres(ctx context.Context, who *syscall.Credential) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	initdb, data := find("initdb"), filepath.Join(e.dir, "data")
	cmd := exec.CommandContext(ctx, initdb, "--pgdata", data, "--username=postgres",
		"--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = e.dir, attributes(who)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	server, err := filepath.EvalSymlinks(initdb)
	if err != nil {
		return err
	}
	args := []string{"-D", data, "-p", port}
	settings := []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300",
		"timezone=UTC", "log_min_messages=fatal", "jit=off",
	}
	if !e.durable {
		// The data is thrown away, and no table lives long enough to be vacuumed.
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
	}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	if err := e.launch("postgres", who, filepath.Join(filepath.Dir(server), "postgres"), args...); err != nil {
		return err
	}
	url := "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
	e.vars = append(e.vars, "TEST_DATABASE_URL="+url)
	return e.await(ctx, "postgres", func() error { return pingPostgres(ctx, url) })
}

// launch starts a server whose output goes to NAME.log in the environment's directory.
func (e *environment) launch(name string, who *syscall.Credential, path string, args ...string) error {
	log, err := os.Create(filepath.Join(e.dir, name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(path, args...) //nolint:noctx // it outlives an interrupt: close ends it after the command
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = e.dir, log, log, attributes(who)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	e.servers = append(e.servers, cmd)
	return nil
}

// await asks until the server answers, and shows its log when it does not.
func (e *environment) await(ctx context.Context, name string, ping func() error) error {
	for {
		err := ping()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(e.dir, name+".log"))
			return fmt.Errorf("%s did not start: %w\n%s", name, err, log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// close ends the servers at once, since nothing of theirs is kept, and removes their files.
func (e *environment) close() {
	for _, cmd := range e.servers {
		_ = cmd.Process.Signal(os.Interrupt) // PostgreSQL: stop without waiting for clients
		kill := time.AfterFunc(stopLimit, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
	}
	if e.dir != "" {
		_ = os.RemoveAll(e.dir)
	}
}

func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func pingRedis(ctx context.Context, addr string) error {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && line != "+PONG\r\n" {
		err = fmt.Errorf("answered %q", line)
	}
	return err
}

func pingPostgres(ctx context.Context, url string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return c.Close(ctx)
}
