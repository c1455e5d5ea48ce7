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
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// startLimit is how long the program may take until it is ready.
const startLimit = 30 * time.Second

// server is the program under attack, on one port through all of its lives.
type server struct {
	binary, dir, base string
	env               []string
	cmd               *exec.Cmd
}

func newServer(ctx context.Context, binary, dir string) (*server, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	s := &server{binary: binary, dir: dir, base: "http://localhost:" + strconv.Itoa(port)}
	s.env = []string{
		"HOME=" + dir, "PORT=" + strconv.Itoa(port), "DATA_DIR=" + filepath.Join(dir, "data"), "LOG_LEVEL=warn",
		"JWT_SECRET_KEY=" + rand.Text() + rand.Text(), "ENCRYPTION_KEY=" + rand.Text() + rand.Text(),
	}
	for _, group := range []string{"", "SIGN_IN_", "REFRESH_"} {
		s.env = append(s.env, "RATE_LIMIT_"+group+"PER_MINUTE=1000000", "RATE_LIMIT_"+group+"PER_HOUR=1000000")
	}
	return s, s.start(ctx)
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
	for end := time.Now().Add(startLimit); time.Now().Before(end); pause(ctx, 20*time.Millisecond) {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/readyz", nil)
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	text, _ := os.ReadFile(log.Name())
	return fmt.Errorf("the program is not ready after %v:\n%s", startLimit, text[max(0, len(text)-2000):])
}

// kill ends the program as a power cut would.
func (s *server) kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}
