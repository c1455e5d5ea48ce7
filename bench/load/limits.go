//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// What the limiter promises is exact, so it is counted and not measured: of a burst of calls exactly as many pass as
// the window has room for, from however many connections and at however many replicas.

// window is long enough for a burst, and how long it takes until all of it is forgotten: a minute, and the part of it
// that calls are counted in (see internal/limit).
const window = 62*time.Second + time.Second

// site is one way to run Repazoo: its processes, which count together.
type site struct {
	name      string
	mode      string
	replicas  int
	variables []string
	processes []*process
}

// caller is somebody that a limit counts, and what they ask.
type caller struct {
	name, method, path string
	limit              int
	passes             int  // the status of a call that the limiter lets through
	signedIn           bool // then the limit is the user's, else the address's
}

// callers are counted by the default limits; hourly is counted where only the hour's is left.
var (
	callers = []caller{
		{"an address", "GET", "/api/v1/plans", 60, 200, false},
		{"a user", "GET", "/api/v1/users/me", 60, 200, true},
		{"a sign-in", "GET", "/auth/x/login", 20, 200, false},
		{"a refresh token", "POST", "/auth/token/refresh", 60, 401, false},
	}
	hourly = []caller{{"an address, for an hour", "GET", "/api/v1/plans", 1000, 200, false}}
)

// bursts are how many calls come, in times of the limit.
var bursts = []struct {
	name         string
	times, shift int
}{{"below", 1, -1}, {"at", 1, 0}, {"one above", 1, 1}, {"five times", 5, 0}, {"fifty times", 50, 0}}

// count is one line of the table.
type count struct {
	site, caller, burst               string
	asked, allowed, refused, expected int
	strange                           int // answers that were neither, and calls without one
	took                              time.Duration
}

func (c count) exact() bool {
	return c.allowed == c.expected && c.refused == c.asked-c.expected && c.strange == 0 && c.took < time.Minute
}

// countLimits drives all sites, prints the table, and fails if a line of it is not exact.
func (b *bench) countLimits(ctx context.Context, out io.Writer) error {
	if err := errors.Join(b.makePostgres(ctx), b.makeSQLite(ctx)); err != nil {
		return err
	}
	byDefault := []string{
		"RATE_LIMIT_PER_MINUTE=60", "RATE_LIMIT_PER_HOUR=1000", "RATE_LIMIT_SIGN_IN_PER_MINUTE=20",
		"RATE_LIMIT_SIGN_IN_PER_HOUR=200",
		"RATE_LIMIT_REFRESH_PER_MINUTE=60", "RATE_LIMIT_REFRESH_PER_HOUR=600", "TRUSTED_PROXIES=127.0.0.1",
		"REDIS_TIMEOUT_MS=60000", // a machine that is busy must not make a replica count by itself
	}
	hour := append(slices.Clip(byDefault), "RATE_LIMIT_PER_MINUTE=100000")
	sites := []*site{
		{name: "in process", mode: "embedded", replicas: 1, variables: byDefault},
		{name: "two on one Redis", mode: "replica", replicas: 2, variables: byDefault},
		// SQLite is one process's
		{name: "in process", mode: "embedded", replicas: 1, variables: append(slices.Clip(hour),
			"DATA_DIR="+filepath.Join(b.dir, "hour"))},
		{name: "two on one Redis", mode: "replica", replicas: 2, variables: hour},
	}
	var all []count
	for i, s := range sites {
		if err := s.launch(ctx, b, i); err != nil {
			return err
		}
		defer s.close()
		who := callers
		if i >= 2 {
			who = hourly
		}
		all = append(all, b.drive(ctx, s, i, who)...)
	}
	again, err := b.again(ctx, sites[:2])
	if err != nil {
		return err
	}
	all = append(all, again...)
	if err := printCounts(out, all); err != nil {
		return err
	}
	return b.standFast(ctx, sites[0], out)
}

func (s *site) launch(ctx context.Context, b *bench, number int) error {
	for n := range s.replicas {
		variables := func(address string) []string { return append(b.variables(s.mode)(address), s.variables...) }
		p, err := launch(ctx, b.binary, b.dir, fmt.Sprintf("%s-%d-%d", s.mode, number, n), []string{"serve"}, variables)
		if err != nil {
			return err
		}
		s.processes = append(s.processes, p)
	}
	return nil
}

func (s *site) close() {
	for _, p := range s.processes {
		p.close()
	}
}

// drive sends every burst of every caller, each from an address and a user of its own.
func (b *bench) drive(ctx context.Context, s *site, number int, who []caller) (all []count) {
	for i, c := range who {
		for j, burst := range bursts {
			calls := c.limit*burst.times + burst.shift
			got := b.burst(ctx, s, c, calls, fmt.Sprintf("198.51.%d.%d", 10*number+i, j), b.people[(10*number+i)*len(bursts)+j])
			got.burst, got.expected = burst.name, min(calls, c.limit)
			all = append(all, got)
		}
	}
	return all
}

// again waits until what was counted is forgotten, and sends those who had asked too much once more.
func (b *bench) again(ctx context.Context, sites []*site) (all []count, err error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(window):
	}
	last := len(bursts) - 1
	for number, s := range sites {
		for i, c := range callers[:2] {
			got := b.burst(ctx, s, c, 5*c.limit, fmt.Sprintf("198.51.%d.%d", 10*number+i, last),
				b.people[(10*number+i)*len(bursts)+last])
			got.burst, got.expected = "a minute later", c.limit
			all = append(all, got)
		}
	}
	return all, nil
}

// burst sends calls over all connections at once, in turn to all processes of a site.
func (b *bench) burst(ctx context.Context, s *site, c caller, calls int, address string, as person) count {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: b.connections}}
	defer client.CloseIdleConnections()
	token, _ := b.keys.token(as, time.Now()) // signing with a key of our own cannot fail
	var next, allowed, refused, strange atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range b.connections {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(calls); i = next.Add(1) {
				switch status, wait := c.call(ctx, client, s.processes[int(i)%len(s.processes)].address, address, token); {
				case status == c.passes:
					allowed.Add(1)
				case status == http.StatusTooManyRequests && wait > 0:
					refused.Add(1)
				default:
					strange.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return count{
		site: s.name, caller: c.name, asked: calls, took: time.Since(began),
		allowed: int(allowed.Load()), refused: int(refused.Load()), strange: int(strange.Load()),
	}
}

// call tells the status of an answer, 0 for none, and after how many seconds it says to come back.
func (c caller) call(ctx context.Context, client *http.Client, server, address, token string) (status, wait int) {
	r, err := http.NewRequestWithContext(ctx, c.method, "http://"+server+c.path, nil)
	if err != nil {
		return 0, 0
	}
	r.Header.Set("X-Forwarded-For", address)
	r.Header.Set("Accept", "application/json")
	if c.signedIn {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body) // so that the connection is used again
	wait, _ = strconv.Atoi(res.Header.Get("Retry-After"))
	return res.StatusCode, wait
}

// printCounts fails if a line is not exact.
func printCounts(out io.Writer, all []count) error {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| limiter\t| counts\t| calls\t| asked\t| allowed\t| refused\t| expected\t| verdict\t| s\t|")
	fmt.Fprintln(w, "|"+strings.Repeat("---\t|", 9))
	wrong := 0
	for _, c := range all {
		verdict := "exact"
		if !c.exact() {
			wrong, verdict = wrong+1, fmt.Sprintf("WRONG, %d strange", c.strange)
		}
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %d\t| %d\t| %d\t| %d\t| %s\t| %.1f\t|\n", c.site, c.caller, c.burst, c.asked,
			c.allowed, c.refused, c.expected, verdict, c.took.Seconds())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d lines are not exact", wrong, len(all))
	}
	return nil
}
