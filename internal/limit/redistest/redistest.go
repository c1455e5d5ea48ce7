// Package redistest runs servers of a test's own that speak Redis's protocol: one that can be killed and brought back
// with what it had written down, or three that are a cluster.
//
//	s := redistest.Start(t, redistest.Redis)
//	s.Kill()  // as the kernel would: nothing is tidied up
//	s.Again() // on the same port, with the same data
//
// They listen on free ports of the loopback, keep their files in the test's folder, and end with the test or, where the
// kernel can do that, with the process of the test, however it ends.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// The programs that can be run. Debian has the first; the other is looked for with [Has].
const (
	Redis  = "redis-server"
	Valkey = "valkey-server"
)

const (
	patience = 30 * time.Second // for a server to answer, and for a cluster to be one
	slots    = 16384            // of every cluster
	ports    = 5                // tries, since a free port may be taken by somebody else a moment later
)

// Server is one that runs.
type Server struct {
	URL string // redis://127.0.0.1:PORT

	t       testing.TB
	program string
	args    []string
	address string
	cmd     *exec.Cmd
	ended   chan struct{}
}

// Has tells whether a program can be run here.
func Has(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// Start runs a server until the test ends. Every write is on the disk before it is answered.
func Start(t testing.TB, program string) *Server {
	t.Helper()
	return start(t, program, "--appendonly", "yes", "--appendfsync", "always")
}

// Cluster runs three masters that share all slots, and waits until each of them says so.
func Cluster(t testing.TB, program string) []*Server {
	t.Helper()
	nodes := make([]*Server, 3)
	for i := range nodes {
		nodes[i] = start(t, program, "--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1",
			"--cluster-node-timeout", "1000", "--cluster-port", strconv.Itoa(freePort(t)))
	}
	for i, n := range nodes {
		from, to := i*slots/len(nodes), (i+1)*slots/len(nodes)-1
		n.Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		n.Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(from), strconv.Itoa(to))
	}
	for _, n := range nodes[1:] {
		host, port, _ := net.SplitHostPort(nodes[0].address)
		n.Do("CLUSTER", "MEET", host, port, nodes[0].args[len(nodes[0].args)-1])
	}
	for _, n := range nodes {
		n.await(n.knowsAll)
		n.Do("CONFIG", "SET", "cluster-node-timeout", "15000") // the default; less only brings them together sooner
	}
	return nodes
}

func (s *Server) knowsAll() error {
	info := s.Do("CLUSTER", "INFO")
	for _, line := range []string{"cluster_state:ok", "cluster_slots_ok:" + strconv.Itoa(slots), "cluster_size:3"} {
		if !strings.Contains(info, line+"\r\n") {
			return errors.New("it does not say " + line)
		}
	}
	return nil
}

// start tries a few ports.
func start(t testing.TB, program string, args ...string) *Server {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is not installed: tools/testenv installs Debian's package redis-server", program)
	}
	for range ports {
		s := &Server{t: t, program: path, address: net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t)))}
		s.URL = "redis://" + s.address
		_, port, _ := net.SplitHostPort(s.address)
		s.args = append([]string{
			"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--loglevel",
			"warning", "--daemonize", "no",
		}, args...)
		s.launch()
		if err = s.ready(); err == nil {
			t.Cleanup(s.Kill)
			return s
		}
		s.Kill()
	}
	t.Fatalf("%s did not start: %v", program, err)
	return nil
}

// launch starts the process on a thread that lives as long as it: the kernel ends it with that thread.
func (s *Server) launch() {
	s.t.Helper()
	s.cmd, s.ended = exec.Command(s.program, s.args...), make(chan struct{})
	s.cmd.SysProcAttr = attributes()
	cmd, ended, started := s.cmd, s.ended, make(chan error, 1)
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		err := cmd.Start()
		if started <- err; err == nil {
			_ = cmd.Wait() // it is killed, so how it ended tells nothing
		}
	}()
	if err := <-started; err != nil {
		s.t.Fatal(err)
	}
}

// Kill ends the process at once, by its id, and waits until it is gone.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // its error says that it has ended already
	<-s.ended
}

// Again starts a server that was killed once more.
func (s *Server) Again() {
	s.t.Helper()
	s.launch()
	if err := s.ready(); err != nil {
		s.t.Fatal(err)
	}
}

// ready waits until the server takes calls, or has ended.
func (s *Server) ready() error {
	deadline, tick := time.After(patience), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for {
		err := ping(s.address)
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return errors.New("it ended by itself: perhaps its port was taken")
		case <-deadline:
			return err
		case <-tick.C:
		}
	}
}

func (s *Server) await(what func() error) {
	s.t.Helper()
	deadline, tick := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for err := what(); err != nil; err = what() {
		select {
		case <-deadline:
			s.t.Fatalf("%s: %v", s.URL, err)
		case <-tick.C:
		}
	}
}

// Do sends this very server one command, and tells its answer as text.
func (s *Server) Do(words ...string) string {
	s.t.Helper()
	c, err := dial(s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := c.Do(ctx, c.B().Arbitrary(words...).Build()).ToAny()
	if err != nil {
		s.t.Fatalf("%v: %v", words, err)
	}
	return fmt.Sprint(answer)
}

func ping(address string) error {
	c, err := dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return c.Do(ctx, c.B().Ping().Build()).Error()
}

// dial connects to this very server, and not to others that it tells of.
func dial(address string) (rueidis.Client, error) {
	return rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{address}, ForceSingleClient: true, DisableCache: true, DisableRetry: true,
		Dialer: net.Dialer{Timeout: time.Second},
	})
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
