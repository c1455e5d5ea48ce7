package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
)

// serves is set in a process that serves instead of testing: one of its own can be killed, as no goroutine can.
const serves = "REPAZOO_TEST_SERVES"

// serve serves until it is killed, and prints its address first.
func serve(ctx context.Context) error {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, app.Options{Log: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		return err
	}
	fmt.Println(a.URL())
	return a.Run(ctx)
}

// process is a Repazoo that is killed (kill -9), and started again with the same data at the same address.
type process struct {
	t    *testing.T
	env  []string
	cmd  *exec.Cmd
	base string
}

func startProcess(t *testing.T, env ...string) *process {
	t.Helper()
	p := &process{t: t, env: append(env, serves+"=1", "DATA_DIR="+t.TempDir())}
	p.start("0")
	t.Cleanup(p.kill)
	return p
}

func (p *process) start(port string) {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0]) //nolint:gosec,noctx // this program; kill ends it
	p.cmd.Env, p.cmd.Stderr = append(p.env, "PORT="+port), os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		p.t.Fatalf("the server did not start: %v", errors.Join(lines.Err(), p.cmd.Wait()))
	}
	p.base = lines.Text()
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// killAndRestart lets the page that a visitor looks at ask while nobody is there, and then twice while whoever is
// there, as a balancer would be, answers that the server is busy.
func (p *process) killAndRestart(v *visitor) {
	p.t.Helper()
	at, err := url.Parse(p.base)
	if err != nil {
		p.t.Fatal(err)
	}
	p.kill()
	asked := func(what string, by <-chan struct{}) {
		select {
		case <-by:
		case <-v.ctx.Done():
			p.t.Fatalf("the page did not ask while the server was %s", what)
		}
	}
	asked("away", v.refused)
	l, err := new(net.ListenConfig).Listen(v.ctx, "tcp", at.Host)
	if err != nil {
		p.t.Fatal(err)
	}
	heard := make(chan struct{})
	busy := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			select {
			case heard <- struct{}{}:
			case <-r.Context().Done():
			}
		})}
	go func() { _ = busy.Serve(l) }()
	asked("busy", heard)
	asked("busy again", heard)
	busy.Close()
	p.start(at.Port())
}
