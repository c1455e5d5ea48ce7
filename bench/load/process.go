//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of /proc/PID/stat: the kernel shows a hundred a second on every machine.
const clockTick = 10 * time.Millisecond

// startLimit is how long a server may take until it answers.
const startLimit = 20 * time.Second

// process is a server under test.
type process struct {
	cmd     *exec.Cmd
	address string
	startup time.Duration // from exec to the first answer
}

// launch starts a server and waits for its first answer. Its log is a file, as a service
// manager would keep it.
func launch(ctx context.Context, binary, dir, name string, args []string,
	variables func(address string) []string,
) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{cmd: exec.Command(binary, args...), address: address} //nolint:noctx // close ends it, after its clients are gone
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = dir, append(variables(address), "HOME="+dir), log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := p.await(ctx); err != nil {
		p.close()
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%s: %w\n%s", name, err, text[:min(len(text), 2000)])
	}
	p.startup = time.Since(began)
	return p, nil
}

// await asks for /healthz until it is there.
func (p *process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/healthz", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer within %v", startLimit)
		case <-time.After(time.Millisecond):
		}
	}
}

// close asks the server to stop and kills it if it does not.
func (p *process) close() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	kill.Stop()
}

// peak is the largest resident memory so far, in MiB, of the process and everything below it.
func (p *process) peak() float64 { return treePeak(p.cmd.Process.Pid) }

func treePeak(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, _ := strconv.ParseFloat(kib, 64)
	n /= 1024
	for _, child := range children(pid) {
		n += treePeak(child)
	}
	return n
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// stat is what /proc/PID/stat says of a process.
type stat struct {
	parent int
	cpu    time.Duration // its own and that of children it has waited for
}

func readStat(pid int) (stat, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, false
	}
	return parseStat(text)
}

// parseStat begins behind the name, which may hold anything.
func parseStat(text []byte) (stat, bool) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 15 {
		return stat{}, false
	}
	parent, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return stat{}, false
	}
	s := stat{parent: parent}
	for _, f := range fields[11:15] { // utime, stime, cutime, cstime
		ticks, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return stat{}, false
		}
		s.cpu += time.Duration(ticks) * clockTick
	}
	return s, true
}

// treeCPU is the processor time of a process and everything below it.
func treeCPU(root int) time.Duration {
	own, ok := readStat(root)
	if !ok {
		return 0
	}
	total := own.cpu
	for _, child := range children(root) {
		total += treeCPU(child)
	}
	return total
}

// children reads what every thread of a process has started.
func children(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var all []int
	for _, f := range files {
		text, _ := os.ReadFile(f)
		for word := range strings.FieldsSeq(string(text)) {
			if n, err := strconv.Atoi(word); err == nil {
				all = append(all, n)
			}
		}
	}
	return all
}
