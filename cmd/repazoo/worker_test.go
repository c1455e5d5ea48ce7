package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// TestWorker_FinishesWhatAServerWithoutJobsTakesIn runs the real program twice on one database: one process answers and
// runs no jobs, the other runs jobs and answers nobody but probes. A worker that is told to stop in the middle of an
// analysis does not wait for the model, and the next one finishes it.
func TestWorker_FinishesWhatAServerWithoutJobsTakesIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := []string{
		"PORT=0", "DATA_DIR=" + dir + "/data", "DATABASE_URL=" + dbtest.PostgresURL(t), "WORKERS=0",
		"RATE_LIMIT_PER_MINUTE=10000", "SHUTDOWN_GRACE=30",
	}
	serving := begin(t, append(slices.Clip(env), "SHUTDOWN_GRACE=0"), dir)
	work := func() *server {
		return beginProcess(t, "worker", probesLine, append(slices.Clip(env), "PUBLIC_URL="+serving.url, "HOST=0.0.0.0"), dir)
	}
	c := signIn(t, serving.url, "gravelpit_gus")
	first := work()
	c.do("POST", "/api/v1/subscriptions", `{"tier":"pro","payment_method_id":"pm_card_visa"}`, http.StatusCreated)
	c.do("POST", "/sandbox/faults", `{"path":"/claude/v1/messages","times":1,"delay":60000000000}`, http.StatusNoContent)
	run := c.do("POST", "/api/v1/analyses", `{"account_id":"`+c.account+`","consent":true}`, http.StatusAccepted)
	id := run["id"].(string)
	c.until(id, func(a map[string]any) bool { return a["status"] == "running" })
	answersProbesAlone(t, first)

	took := first.terminate(t)
	if took > 10*time.Second { // the model answers after 60 seconds, and 30 are granted to whoever has to wait
		t.Errorf("the worker took %v to stop: it waited for the model", took)
	}
	t.Logf("the worker stopped in %v", took)
	work()
	ended := c.until(id, func(a map[string]any) bool { return a["status"] != "running" && a["status"] != "queued" })
	if ended["status"] != "completed" {
		t.Errorf("the run ended as %v: %v", ended["status"], ended["error"])
	}
	usage := c.do("GET", "/api/v1/usage", "", http.StatusOK)
	if got := fmt.Sprint(usage["analyses"]); got != "map[limit:10000 remaining:9999 reserved:0 used:1]" {
		t.Errorf("quota: %s", got)
	}
}

// answersProbesAlone wants a worker to be ready, to answer nothing else, and to be heard on one address of loopback
// only: a listener for everybody would answer on 127.0.0.2 as well.
func answersProbesAlone(t *testing.T, s *server) {
	t.Helper()
	for path, want := range map[string]int{
		"/readyz": 200, "/livez": 200, "/healthz": 200, "/healthz/db": 200,
		"/": 404, "/auth/x/login": 404, "/api/v1/usage": 404, "/openapi.json": 404, "/sandbox/": 404, "/metrics": 404,
	} {
		res, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, res.StatusCode, want)
		}
	}
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := net.DialTimeout("tcp", "127.0.0.2:"+u.Port(), time.Second); err == nil {
		conn.Close()
		t.Error("the worker listens on more than 127.0.0.1")
	}
}

// terminate sends SIGTERM and says how long the process took to end, which it must do without an error.
func (s *server) terminate(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	return time.Since(began)
}

// TestWorker_WithoutADatabaseForManyIsRefused: SQLite belongs to one process.
func TestWorker_WithoutADatabaseForManyIsRefused(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "repazoo", "worker")
	cmd.Env = []string{"PORT=0", "DATA_DIR=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != exitInput || !bytes.Contains(out, []byte("A worker needs DATABASE_URL")) {
		t.Errorf("exit code %d, %v:\n%s", cmd.ProcessState.ExitCode(), err, out)
	}
}
