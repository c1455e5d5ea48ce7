package dbtest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
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
	lose   int           // which answer from now on is lost; 0: none
	of     []byte        // only answers that hold these bytes are counted
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

// Lose has the nth answer from now on get lost, whichever connection it is for: what was asked is done, and the
// connection breaks before a byte of the answer has arrived. Of all answers only those are counted that end a command
// of this name, such as COMMIT; "" is every one. With 0 none is lost any more.
func (g *Gate) Lose(nth int, command string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lose, g.of = nth, nil
	if command != "" {
		g.of = []byte(command + "\x00")
	}
}

// loses counts an answer and tells whether it is the one.
func (g *Gate) loses(answer []byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lose == 0 || !bytes.Contains(answer, g.of) {
		return false
	}
	g.lose--
	return g.lose == 0
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
	go func() {
		defer in.Close()
		defer out.Close()
		_, _ = io.Copy(out, held{g, in})
	}()
	go func() {
		defer in.Close()
		defer out.Close()
		g.answer(in, bufio.NewReader(held{g, out}))
	}()
}

// The types of Postgres' messages after which it waits for the program in the middle of an answer, and the one that
// ends an answer (Frontend/Backend Protocol, Message Formats).
const (
	waitsFor = "RGWd" // authentication, copying
	ends     = 'Z'    // ready for query
)

// answer hands on what Postgres says, an answer at once, until one is to be lost.
func (g *Gate) answer(to io.Writer, from *bufio.Reader) {
	var held []byte
	for {
		head, err := from.Peek(5)
		if err != nil {
			return
		}
		size := 1 + int(binary.BigEndian.Uint32(head[1:]))
		at := len(held)
		held = append(held, make([]byte, size)...)
		if _, err := io.ReadFull(from, held[at:]); err != nil {
			return
		}
		kind := held[at]
		if kind == ends && g.loses(held) {
			return
		}
		if kind == ends || at == 0 && kind == 'A' || strings.IndexByte(waitsFor, kind) >= 0 {
			if _, err := to.Write(held); err != nil {
				return
			}
			held = held[:0]
		}
	}
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
