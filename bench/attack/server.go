//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// startLimit is how long the program, or a server beside it, may take until it is ready.
const startLimit = 30 * time.Second

// server is the program under attack, on one port through all of its lives, and what an attack needs beside it.
type server struct {
	binary, dir, base string
	env               []string
	cmd               *exec.Cmd
	beside            *exec.Cmd // PostgreSQL or Redis
	cluster           *cluster
	redisPort         string
	disk              string // mounted by the attack
	listeners         []listener
}

func newServer(ctx context.Context, binary, dir string) (*server, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{binary: binary, dir: dir, base: "http://localhost:" + strconv.Itoa(port)}
	s.env = []string{
		"HOME=" + dir, "PORT=" + strconv.Itoa(port), "DATA_DIR=" + filepath.Join(dir, "data"), "LOG_LEVEL=warn",
		"JWT_SECRET_KEY=" + rand.Text() + rand.Text(), "ENCRYPTION_KEY=" + rand.Text() + rand.Text(),
	}
	for _, group := range []string{"", "SIGN_IN_", "REFRESH_"} {
		s.env = append(s.env, "RATE_LIMIT_"+group+"PER_MINUTE=1000000", "RATE_LIMIT_"+group+"PER_HOUR=1000000")
	}
	return s, nil
}

func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func idsOf(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// start starts the program and waits until it is ready.
func (s *server) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(s.binary, "serve") //nolint:noctx // kill ends it
	s.cmd.Env, s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.env, s.dir, log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	err = await(ctx, func() bool {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/readyz", nil)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("the program is %w:\n%s", err, text[max(0, len(text)-2000):])
	}
	return nil
}

func await(ctx context.Context, ready func() bool) error {
	for end := time.Now().Add(startLimit); time.Now().Before(end); pause(ctx, 20*time.Millisecond) {
		if ready() {
			return nil
		}
	}
	return fmt.Errorf("not ready after %v", startLimit)
}

// kill ends the program as a power cut would.
func (s *server) kill() {
	if s.cmd != nil && s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// startBeside starts what the program needs and waits until it answers: an open port alone may still be recovering.
func (s *server) startBeside(ctx context.Context, answers func(context.Context) error) error {
	if err := s.beside.Start(); err != nil {
		return err
	}
	return await(ctx, func() bool { return answers(ctx) == nil })
}

func (s *server) endBeside(how syscall.Signal) {
	if s.beside != nil && s.beside.ProcessState == nil {
		_ = s.beside.Process.Signal(how)
		_ = s.beside.Wait()
	}
}

// close ends all that the attack has started.
func (s *server) close() {
	s.kill()
	s.endBeside(syscall.SIGINT)
	for _, l := range s.listeners {
		l.Close()
	}
	if s.disk != "" {
		_ = syscall.Unmount(s.disk, syscall.MNT_DETACH)
	}
}
