package dbtest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Gate stands between a program and Postgres, and makes it go away for them alone.
type Gate struct {
	URL string // through the gate

	mu     sync.Mutex
	target string
	shut   bool
	still  chan struct{} // closed when bytes pass; nil while they do
	conns  map[net.Conn]struct{}
}

// NewGate opens a gate in front of the database at a connection string.
func NewGate(t testing.TB, to string) *Gate {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &Gate{target: u.Host, conns: map[net.Conn]struct{}{}}
	t.Cleanup(func() { l.Close(); g.Stall(false); g.Shut(true) })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			g.pass(in)
		}
	}()
	u.Host = l.Addr().String()
	g.URL = u.String()
	return g
}

// Cut breaks every connection, as a restart does; new ones are let through.
func (g *Gate) Cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		c.Close()
	}
	g.conns = map[net.Conn]struct{}{}
}

// Shut breaks every connection and, until it is opened again, each new one.
func (g *Gate) Shut(on bool) {
	g.mu.Lock()
	g.shut = on
	g.mu.Unlock()
	if on {
		g.Cut()
	}
}

// Stall keeps every connection open and lets no byte pass.
func (g *Gate) Stall(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case on && g.still == nil:
		g.still = make(chan struct{})
	case !on && g.still != nil:
		close(g.still)
		g.still = nil
	}
}

func (g *Gate) pass(in net.Conn) {
	out, err := net.Dial("tcp", g.target) //nolint:noctx // it ends with the gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil || g.shut {
		in.Close()
		if err == nil {
			out.Close()
		}
		return
	}
	g.conns[in], g.conns[out] = struct{}{}, struct{}{}
	go g.pipe(in, out)
	go g.pipe(out, in)
}

func (g *Gate) pipe(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	_, _ = io.Copy(to, held{g, from})
}

// held reads only while nothing is stalled.
type held struct {
	g *Gate
	net.Conn
}

func (h held) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	h.g.mu.Lock()
	still := h.g.still
	h.g.mu.Unlock()
	if still != nil {
		<-still
	}
	return n, err
}
