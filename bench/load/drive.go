//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// round is how long a server is driven before it is another's turn.
const round = 500 * time.Millisecond

// call is one thing that is measured.
type call struct {
	name, method, path string
	status             int
}

var calls = []call{
	{"users/me", "GET", "/api/v1/users/me", 200},
	{"usage", "GET", "/api/v1/usage", 200},
	{"analyze", "POST", "/api/v1/analyses", 202},
	{"healthz", "GET", "/healthz", 200},
}

// requests holds the bytes of each call for each person, so that sending costs nothing but the sending.
type requests map[string][][]byte

func (b *bench) requests(calls []call) (requests, error) {
	all := requests{}
	for _, p := range b.people {
		token, err := b.keys.token(p, time.Now())
		if err != nil {
			return nil, err
		}
		for _, c := range calls {
			head := c.method + " " + c.path + " HTTP/1.1\r\nHost: repazoo.invalid\r\nUser-Agent: load\r\n"
			if c.name != "healthz" {
				head += "Authorization: Bearer " + token + "\r\n"
			}
			body := ""
			if c.method == "POST" {
				body = `{"account_id":"` + p.account + `"}`
				head += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
			}
			all[c.name] = append(all[c.name], []byte(head+"\r\n"+body))
		}
	}
	return all, nil
}

// client is one keep-alive connection. It speaks just enough HTTP, because net/http's client
// would cost as much as the servers.
type client struct {
	conn     net.Conn
	in       *bufio.Reader
	requests requests
	who      *rand.Rand
}

func dial(ctx context.Context, address string, r requests, seed uint64) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReader(conn), r, rand.New(rand.NewPCG(seed, 1))}, nil //nolint:gosec // the same order in every run
}

// ask sends one call of somebody and reads the answer.
func (c *client) ask(of call) error { return c.askOf(of, len(c.requests[of.name])) }

// askOf is ask for one of the first so many people.
func (c *client) askOf(of call, people int) error {
	if _, err := c.conn.Write(c.requests[of.name][c.who.IntN(people)]); err != nil {
		return err
	}
	status, body, err := c.head()
	if err != nil {
		return err
	}
	if status != of.status {
		text := make([]byte, min(body, 500))
		_, _ = io.ReadFull(c.in, text)
		return fmt.Errorf("%s answered %d: %s", of.path, status, text)
	}
	_, err = c.in.Discard(body)
	return err
}

// head reads the status line and the headers, and tells the length of the body.
func (c *client) head() (status, length int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 {
		return 0, 0, errors.New("the answer has no status")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, errors.New("the answer has no status")
	}
	for length = -1; ; {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		if len(line) <= 2 {
			break
		}
		if name := "Content-Length: "; len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name) {
			length, _ = strconv.Atoi(strings.TrimSpace(string(line[len(name):])))
		}
	}
	if length < 0 {
		err = errors.New("the answer does not tell its length")
	}
	return status, length, err
}

// sample is what the rounds of one call on one server showed.
type sample struct {
	perSecond []float64 // of each round
	cost      []cost    // of each round
	took      []time.Duration
}

// cost is processor time a request, in microseconds.
type cost struct {
	Server   float64 `json:"server"`
	Postgres float64 `json:"postgres"`
	Redis    float64 `json:"redis"`
	Load     float64 `json:"load"`
}

func (c cost) total() float64 { return c.Server + c.Postgres + c.Redis + c.Load }

// measure warms every server up and then lets them take turns.
func (b *bench) measure(ctx context.Context) error {
	for _, c := range calls {
		for _, t := range b.targets {
			t.samples[c.name] = &sample{}
			if t.clients == nil {
				if err := b.connect(ctx, t); err != nil {
					return fmt.Errorf("%s: %w", t.mode, err)
				}
			}
			if _, err := t.drive(ctx, c, round); err != nil {
				return fmt.Errorf("%s: %w", t.mode, err)
			}
		}
		for n := range 2 * b.seconds {
			for i := range b.targets {
				t := b.targets[(i+n)%len(b.targets)] // nobody is always the first
				if err := b.round(ctx, t, c); err != nil {
					return fmt.Errorf("%s: %w", t.mode, err)
				}
			}
		}
	}
	return nil
}

func (b *bench) round(ctx context.Context, t *target, c call) error {
	before, began := b.spent(t), time.Now()
	took, err := t.drive(ctx, c, round)
	if err != nil {
		return err
	}
	elapsed, after := time.Since(began), b.spent(t)
	n := float64(len(took))
	s := t.samples[c.name]
	s.perSecond = append(s.perSecond, n/elapsed.Seconds())
	s.cost = append(s.cost, cost{
		(after.Server - before.Server) / n, (after.Postgres - before.Postgres) / n,
		(after.Redis - before.Redis) / n, (after.Load - before.Load) / n,
	})
	s.took = append(s.took, took...)
	return nil
}

// spent is all processor time so far, in microseconds.
func (b *bench) spent(t *target) cost {
	c := cost{Server: micros(treeCPU(t.process.cmd.Process.Pid))}
	if own, ok := readStat(os.Getpid()); ok {
		c.Load = micros(own.cpu)
	}
	if t.mode != "embedded" {
		c.Postgres, c.Redis = micros(treeCPU(b.postgres)), micros(treeCPU(b.redis))
	}
	return c
}

func micros(d time.Duration) float64 { return float64(d.Microseconds()) }

// drive asks on all connections for a while, and tells how long each answer took.
func (t *target) drive(ctx context.Context, c call, lasting time.Duration) ([]time.Duration, error) {
	end := time.Now().Add(lasting)
	took := make([][]time.Duration, len(t.clients))
	g, ctx := errgroup.WithContext(ctx)
	for i, client := range t.clients {
		g.Go(func() error {
			_ = client.conn.SetDeadline(end.Add(10 * time.Second))
			for began := time.Now(); began.Before(end) && ctx.Err() == nil; {
				if err := client.ask(c); err != nil {
					return err
				}
				now := time.Now()
				took[i], began = append(took[i], now.Sub(began)), now
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var all []time.Duration
	for _, t := range took {
		all = append(all, t...)
	}
	return all, nil
}
