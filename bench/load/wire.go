//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// wire passes on what a server and one of its databases say to each other, and counts what the server asks.
type wire struct {
	listener net.Listener
	target   string
	count    func(io.Reader) error // reads what the server sends, to its end

	statements atomic.Int64 // of PostgreSQL; commands of Redis
	trips      atomic.Int64 // of PostgreSQL: how often the server waited for an answer
	open       sync.WaitGroup
}

// postgresWire counts statements and round trips: a Sync, or a simple Query, is what PostgreSQL answers.
func postgresWire(ctx context.Context, target string) (*wire, error) {
	w := &wire{target: target}
	w.count = func(in io.Reader) error { return countPostgres(in, &w.statements, &w.trips) }
	return w, w.listen(ctx)
}

func redisWire(ctx context.Context, target string) (*wire, error) {
	w := &wire{target: target}
	w.count = func(in io.Reader) error { return countRedis(in, &w.statements) }
	return w, w.listen(ctx)
}

func (w *wire) listen(ctx context.Context) (err error) {
	if w.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	w.open.Go(func() {
		for {
			in, err := w.listener.Accept()
			if err != nil {
				return
			}
			w.open.Go(func() { w.pass(ctx, in) })
		}
	})
	return nil
}

func (w *wire) address() string { return w.listener.Addr().String() }

// close waits for the connections, which end with the server.
func (w *wire) close() {
	w.listener.Close()
	w.open.Wait()
}

func (w *wire) pass(ctx context.Context, in net.Conn) {
	defer in.Close()
	out, err := new(net.Dialer).DialContext(ctx, "tcp", w.target)
	if err != nil {
		return
	}
	defer out.Close()
	w.open.Go(func() {
		_, _ = io.Copy(in, out) // ends when either is closed
		in.Close()
	})
	asked := io.TeeReader(in, out)
	_ = w.count(asked)
	_, _ = io.Copy(io.Discard, asked) // what cannot be counted is passed on all the same
}

// countPostgres reads the frontend's side of the protocol: a message without a type, and then those that have one.
func countPostgres(in io.Reader, statements, trips *atomic.Int64) error {
	r := bufio.NewReader(in)
	for first := true; ; first = false {
		kind := byte(0)
		if !first {
			var err error
			if kind, err = r.ReadByte(); err != nil {
				return err
			}
		}
		var length uint32
		if err := binary.Read(r, binary.BigEndian, &length); err != nil {
			return err
		}
		if _, err := r.Discard(max(int(length)-4, 0)); err != nil {
			return err
		}
		switch kind {
		case 'Q':
			statements.Add(1)
			trips.Add(1)
		case 'E': // Execute
			statements.Add(1)
		case 'S': // Sync
			trips.Add(1)
		}
	}
}

// countRedis reads commands: arrays of strings.
func countRedis(in io.Reader, commands *atomic.Int64) error {
	r := bufio.NewReader(in)
	number := func() (int, error) {
		line, err := r.ReadString('\n')
		if err != nil || len(line) < 2 {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(line[1:]))
	}
	for {
		parts, err := number()
		if err != nil {
			return err
		}
		for range parts {
			n, err := number()
			if err != nil {
				return err
			}
			if _, err := r.Discard(n + 2); err != nil {
				return err
			}
		}
		commands.Add(1)
	}
}
