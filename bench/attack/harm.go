//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// harm is one kind of attack. The load is the same beside each: analyses are started, and random requests come in.
type harm struct {
	about   string
	prepare func(ctx context.Context, s *server) error // before the program starts; what it starts ends with s
	strike  func(ctx context.Context, s *server, p *person, t *tally) error
}

// harms are the attacks by the name that --attack takes.
func harms() map[string]harm {
	return map[string]harm{
		"kill":     {"the program is killed (kill -9) and started again, on SQLite", nil, killProgram},
		"postgres": {"PostgreSQL is stopped or crashes, and comes back", usePostgres, restartPostgres},
		"redis":    {"Redis is killed and comes back, empty", useRedis, restartRedis},
		"webhooks": {"webhooks go to listeners that never answer, drip, break off or say 500", useListeners, ringWebhooks},
		"archives": {"hostile archives are uploaded, and analysed where they are taken", nil, sendArchive},
		"disk":     {"the disk below SQLite is full, and has room again", useSmallDisk, fillDisk},
	}
}

func killProgram(ctx context.Context, s *server, _ *person, _ *tally) error {
	s.kill()
	return s.start(context.WithoutCancel(ctx))
}

// away is how long something that the program needs stays away.
func away() time.Duration {
	return 300*time.Millisecond + time.Duration(rand.Int64N(int64(2*time.Second))) //nolint:gosec // no secret
}

// cluster is the database server of the attack "postgres".
type cluster struct{ bin, data, port string }

func (c *cluster) url() string {
	return "postgres://postgres@127.0.0.1:" + c.port + "/postgres?sslmode=disable&connect_timeout=5"
}

// asPostgres runs a program as the user that PostgreSQL wants, and lends it the directory of the attack.
func (s *server) asPostgres() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	id, err := idsOf("postgres")
	if err != nil {
		return nil, err
	}
	attr.Credential = id
	if err := os.Chmod(s.dir, 0o711); err != nil { //nolint:gosec // others may pass through, and list nothing
		return nil, err
	}
	home := filepath.Join(s.dir, "cluster")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	return attr, os.Chown(home, int(id.Uid), int(id.Gid))
}

func usePostgres(ctx context.Context, s *server) error {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return fmt.Errorf("the attack needs PostgreSQL's initdb in /usr/lib/postgresql: %w", err)
	}
	attr, err := s.asPostgres()
	if err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	s.cluster = &cluster{filepath.Dir(found[len(found)-1]), filepath.Join(s.dir, "cluster", "data"), strconv.Itoa(port)}
	init := exec.CommandContext(ctx, filepath.Join(s.cluster.bin, "initdb"), "--pgdata", s.cluster.data,
		"--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
	init.Dir, init.SysProcAttr = filepath.Dir(s.cluster.data), attr
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.env = append(s.env, "DATABASE_URL="+s.cluster.url())
	return s.startPostgres(ctx)
}

func (s *server) startPostgres(ctx context.Context) error {
	attr, err := s.asPostgres()
	if err != nil {
		return err
	}
	program := filepath.Join(s.cluster.bin, "postgres")
	s.beside = exec.Command(program, "-D", s.cluster.data, //nolint:noctx // strikes end it
		"-p", s.cluster.port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c",
		"max_connections=200")
	s.beside.Dir, s.beside.SysProcAttr = filepath.Dir(s.cluster.data), attr
	return s.startBeside(ctx, func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, s.cluster.url())
		if err != nil {
			return err
		}
		return c.Close(ctx)
	})
}

// restartPostgres lets it end as an operator would, or as a crash would, which it has to recover from.
func restartPostgres(ctx context.Context, s *server, _ *person, _ *tally) error {
	ctx = context.WithoutCancel(ctx)
	s.endBeside([]syscall.Signal{syscall.SIGINT, syscall.SIGQUIT}[rand.IntN(2)]) //nolint:gosec // no secret
	pause(ctx, away())
	return s.startPostgres(ctx)
}

func useRedis(ctx context.Context, s *server) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	s.redisPort = strconv.Itoa(port)
	s.env = append(s.env, "REDIS_URL=redis://127.0.0.1:"+s.redisPort)
	return s.startRedis(ctx)
}

func (s *server) startRedis(ctx context.Context) error {
	s.beside = exec.Command("redis-server", "--port", s.redisPort, "--bind", "127.0.0.1", //nolint:noctx // strikes end it
		"--dir", s.dir, "--save", "", "--appendonly", "no", "--loglevel", "warning")
	s.beside.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return s.startBeside(ctx, func(ctx context.Context) error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+s.redisPort)
		if err != nil {
			return err
		}
		defer c.Close()
		answer := make([]byte, len("+PONG"))
		if _, err = io.WriteString(c, "PING\r\n"); err == nil {
			_, err = io.ReadFull(c, answer)
		}
		if err == nil && string(answer) != "+PONG" {
			err = fmt.Errorf("it says %q", answer)
		}
		return err
	})
}

func restartRedis(ctx context.Context, s *server, _ *person, _ *tally) error {
	ctx = context.WithoutCancel(ctx)
	s.endBeside(syscall.SIGKILL)
	pause(ctx, away())
	return s.startRedis(ctx)
}

// diskSize is room for an attack of some minutes.
const diskSize = "256m"

// useSmallDisk mounts a file system in memory where the data will be. Only root may.
func useSmallDisk(_ context.Context, s *server) error {
	s.disk = filepath.Join(s.dir, "data")
	if err := os.Mkdir(s.disk, 0o700); err != nil {
		return err
	}
	if err := syscall.Mount("attack", s.disk, "tmpfs", 0, "size="+diskSize+",mode=0700"); err != nil {
		s.disk = ""
		return fmt.Errorf("the attack mounts a small disk, for which it must run as root: %w", err)
	}
	return nil
}

// fillDisk leaves no byte free for a while.
func fillDisk(ctx context.Context, s *server, _ *person, _ *tally) error {
	ballast := filepath.Join(s.disk, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		return err
	}
	defer os.Remove(ballast)
	defer f.Close()
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		if _, err := f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
	pause(context.WithoutCancel(ctx), 2*away())
	return nil
}
