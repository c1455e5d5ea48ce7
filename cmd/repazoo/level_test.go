package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The level of a running server's log follows signals, there and back.
func TestServe_ChangesItsLevelBySignal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := startServer([]string{"PORT=0", "DATA_DIR=" + dir, "LOG_LEVEL=warn", "PATH=" + os.Getenv("PATH"), "HOME=" +
		dir}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	said := func(what string) bool {
		text, err := os.ReadFile(filepath.Join(dir, "server.log"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(text), what)
	}
	ask := func(path string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	turn := func(to os.Signal, level string) {
		t.Helper()
		if err := p.cmd.Process.Signal(to); err != nil {
			t.Fatal(err)
		}
		within(t, time.Minute, func() bool { return said(`was changed","level":"` + level) })
	}
	ask("/api/v1/plans")
	turn(syscall.SIGUSR1, "DEBUG")
	ask("/auth/x/status")
	within(t, time.Minute, func() bool { return said(`"route":"GET /auth/x/status"`) })
	turn(syscall.SIGUSR2, "WARN")
	ask("/api/v1/audit")
	if said(`"route":"GET /api/v1/plans"`) || said(`"route":"GET /api/v1/audit"`) {
		t.Error("requests are logged that should not be")
	}
}

// within looks again and again until it fits.
func within(t *testing.T, d time.Duration, fits func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(d); !fits(); {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatal("never happened")
		}
	}
}
