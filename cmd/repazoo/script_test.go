package main

import (
	"archive/zip"
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets this test binary be the repazoo command, so that scripts and tests run the
// real program as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"repazoo": main})
}

// noWait lets a process that is watched for races end at once; it would wait a second for reports that come late.
const noWait = "GORACE=atexit_sleep_ms=0"

// TestScripts runs testdata/script: each file is a session that a stranger can read.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, noWait)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve":    serve,
			"json":     extract,
			"zip":      zipFiles,
			"exitcode": exitCode,
		},
	})
}

// serve starts `repazoo serve` on a free port and puts its address into $URL. It is stopped
// with the script.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	env := []string{"PORT=0", "DATA_DIR=" + ts.Getenv("WORK") + "/data", "PATH=" + ts.Getenv("PATH"), "HOME=" +
		ts.Getenv("WORK")}
	p, err := startServer(append(env, args...), ts.Getenv("WORK"))
	ts.Check(err)
	ts.Defer(func() { p.stop() })
	ts.Setenv("URL", p.url)
}

// server is a running `repazoo serve` or `repazoo worker`.
type server struct {
	cmd *exec.Cmd
	url string
}

var (
	addressLine = regexp.MustCompile(`Repazoo is at\s+(\S+)`)
	probesLine  = regexp.MustCompile(`Probes: (\S+)/readyz`)
)

// startServer waits until the process says where it is.
func startServer(env []string, dir string) (*server, error) {
	return startProcess("serve", addressLine, env, dir)
}

func startProcess(command string, address *regexp.Regexp, env []string, dir string) (*server, error) {
	cmd := exec.Command("repazoo", command)
	cmd.Env, cmd.Dir = append(slices.Clip(env), noWait), dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	logs, err := os.OpenFile(filepath.Join(dir, "server.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer logs.Close()
	cmd.Stderr = logs
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, out)
			return &server{cmd, m[1]}, nil
		}
	}
	cmd.Wait()
	said, _ := os.ReadFile(filepath.Join(dir, "server.log"))
	return nil, fmt.Errorf("the server did not start: %s", said)
}

// begin starts a server that ends with the test, however that ends: one that lived on would go on working in the
// database that the next test gets.
func begin(t *testing.T, env []string, dir string) *server {
	t.Helper()
	return beginProcess(t, "serve", addressLine, env, dir)
}

func beginProcess(t *testing.T, command string, address *regexp.Regexp, env []string, dir string) *server {
	t.Helper()
	s, err := startProcess(command, address, env, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			s.cmd.Process.Kill()
			s.cmd.Wait()
		}
	})
	return s
}

// stop asks the process to drain and fails if it does not end by itself.
func (s *server) stop() error {
	if s.cmd.ProcessState != nil {
		return nil
	}
	s.cmd.Process.Signal(os.Interrupt)
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(30 * time.Second):
		s.cmd.Process.Kill()
		return fmt.Errorf("the server did not stop in 30 seconds")
	}
}

// extract is `json NAME path.to.field`: a field of the last command's JSON output into $NAME.
func extract(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: json NAME path")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for key := range strings.SplitSeq(args[1], ".") {
		m, ok := v.(map[string]any)
		if !ok || m[key] == nil {
			ts.Fatalf("no %s in %s", args[1], ts.ReadFile("stdout"))
		}
		v = m[key]
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// zipFiles is `zip FILE NAME...`: packs files of the script under the names they have.
func zipFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: zip FILE NAME...")
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	z := zip.NewWriter(f)
	for _, name := range args[1:] {
		w, err := z.Create(name)
		ts.Check(err)
		_, err = io.WriteString(w, ts.ReadFile(name))
		ts.Check(err)
	}
	ts.Check(z.Close())
	ts.Check(f.Close())
}

// exitCode is `exitcode N COMMAND...`: the command must end with exactly this code.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		code = e.ExitCode()
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}
