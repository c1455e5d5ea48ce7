//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
)

// With --kept nothing is driven as fast as it can be. Two replicas on the same databases, one of which answers from
// memory, are asked the same at the same time, so that a busy machine is busy for both; each user asks now and then,
// because how often they do decides how many answers come from memory.

const (
	askedPerSecond = 500              // of each server
	keptWarm       = 6 * time.Second  // longer than an answer is kept
	keptTime       = 10 * time.Second // measured
)

// crowds are how many people ask: each five times a second, every two seconds, or every forty.
var crowds = []int{100, 1000, 20_000}

var keptCalls = []call{
	{"users/me", "GET", "/api/v1/users/me", 200},
	{"usage", "GET", "/api/v1/usage", 200},
	{"subscriptions", "GET", "/api/v1/subscriptions", 200},
	{"notices", "GET", "/api/v1/notices", 200},
}

// keeper is a replica whose questions are counted.
type keeper struct {
	name            string
	process         *process
	postgres, redis *wire
	metrics         string
	clients         []*client
}

// tally is how much a keeper has done so far.
type tally struct {
	statements, trips, redis int64
	server                   float64 // µs
	outcomes                 map[string]float64
}

// showKept measures every call of every crowd and prints the table.
func (b *bench) showKept(ctx context.Context, out io.Writer) error {
	if err := b.makePostgres(ctx); err != nil {
		return err
	}
	requests, err := b.requests(keptCalls)
	if err != nil {
		return err
	}
	var keepers []*keeper
	for _, setting := range []string{"off", "on"} {
		k, err := b.keeper(ctx, setting, requests)
		if k != nil {
			defer k.close()
		}
		if err != nil {
			return err
		}
		keepers = append(keepers, k)
	}
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| call\t| users\t| each asks once in\t| KEEP_ANSWERS\t| asked\t| from memory\t"+
		"| statements\t| trips\t| Redis\t| server µs\t| of off\t| p50 ms\t| p99 ms\t|")
	fmt.Fprintln(w, "|"+strings.Repeat("---\t|", 13))
	for _, users := range crowds {
		for _, c := range keptCalls {
			if err := compareKept(ctx, w, keepers, c, users); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// keeper starts a replica behind two wires.
func (b *bench) keeper(ctx context.Context, setting string, r requests) (*keeper, error) {
	database, err := url.Parse(b.databases.repazoo)
	if err != nil {
		return nil, err
	}
	redis, err := url.Parse(os.Getenv("TEST_REDIS_URL"))
	if err != nil {
		return nil, err
	}
	k := &keeper{name: setting}
	if k.postgres, err = postgresWire(ctx, database.Host); err != nil {
		return k, err
	}
	if k.redis, err = redisWire(ctx, redis.Host); err != nil {
		return k, err
	}
	database.Host, redis.Host = k.postgres.address(), k.redis.address()
	if k.metrics, err = freeAddress(ctx); err != nil {
		return k, err
	}
	variables := func(address string) []string {
		return append(b.variables("replica")(address), "DATABASE_URL="+database.String(), "REDIS_URL="+redis.String(),
			"METRICS_ADDR="+k.metrics, "KEEP_ANSWERS="+setting, "REDIS_TIMEOUT_MS=5000")
	}
	k.process, err = launch(ctx, b.binary, b.dir, "kept-"+setting, []string{"serve"}, variables)
	if err != nil {
		return k, err
	}
	for n := range b.connections {
		c, err := dial(ctx, k.process.address, r, uint64(n)) // the same people in the same order for both
		if err != nil {
			return k, err
		}
		k.clients = append(k.clients, c)
	}
	return k, nil
}

func (k *keeper) close() {
	for _, c := range k.clients {
		c.conn.Close()
	}
	if k.process != nil {
		k.process.close()
	}
	for _, w := range []*wire{k.postgres, k.redis} {
		if w != nil {
			w.close()
		}
	}
}

// tally reads what was counted so far.
func (k *keeper) tally(ctx context.Context) (tally, error) {
	t := tally{
		statements: k.postgres.statements.Load(), trips: k.postgres.trips.Load(), redis: k.redis.statements.Load(),
		server: micros(treeCPU(k.process.cmd.Process.Pid)), outcomes: map[string]float64{},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+k.metrics+"/metrics", nil)
	if err != nil {
		return t, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return t, err
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		after, ok := strings.CutPrefix(lines.Text(), `repazoo_kept_answers_total{outcome="`)
		outcome, value, _ := strings.Cut(after, `"} `)
		var n float64
		if _, err := fmt.Sscan(value, &n); ok && err == nil {
			t.outcomes[outcome] = n
		}
	}
	return t, nil
}

// compareKept asks all keepers the same at the same time, and prints a line of each.
func compareKept(ctx context.Context, out io.Writer, keepers []*keeper, c call, users int) error {
	before, after := make([]tally, len(keepers)), make([]tally, len(keepers))
	took := make([][]time.Duration, len(keepers))
	g, ctx := errgroup.WithContext(ctx)
	for i, k := range keepers {
		g.Go(func() (err error) {
			if _, err = k.pace(ctx, c, users, keptWarm); err != nil {
				return err
			}
			if before[i], err = k.tally(ctx); err != nil {
				return err
			}
			if took[i], err = k.pace(ctx, c, users, keptTime); err != nil {
				return err
			}
			after[i], err = k.tally(ctx)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	off := 0.0
	for i, k := range keepers {
		n := float64(len(took[i]))
		slices.Sort(took[i])
		server := (after[i].server - before[i].server) / n
		if i == 0 {
			off = server
		}
		fmt.Fprintf(out, "| %s\t| %d\t| %.1f s\t| %s\t| %.0f\t| %.0f %%\t| %.2f\t| %.2f\t| %.2f\t"+
			"| %.0f\t| %.2f\t| %.1f\t| %.1f\t|\n",
			c.name, users, float64(users)/(n/keptTime.Seconds()), k.name, n,
			100*(after[i].outcomes["hit"]-before[i].outcomes["hit"])/n,
			float64(after[i].statements-before[i].statements)/n, float64(after[i].trips-before[i].trips)/n,
			float64(after[i].redis-before[i].redis)/n, server, server/off,
			millis(took[i][len(took[i])/2]), millis(took[i][len(took[i])*99/100]))
	}
	return nil
}

// pace asks as often as askedPerSecond says, in the name of the first so many users by chance.
func (k *keeper) pace(ctx context.Context, c call, users int, lasting time.Duration) ([]time.Duration, error) {
	gap := time.Second * time.Duration(len(k.clients)) / askedPerSecond
	began := time.Now()
	took := make([][]time.Duration, len(k.clients))
	g, ctx := errgroup.WithContext(ctx)
	for i, client := range k.clients {
		g.Go(func() error {
			_ = client.conn.SetDeadline(began.Add(lasting + 10*time.Second))
			next := began.Add(gap * time.Duration(i) / time.Duration(len(k.clients)))
			for ; next.Before(began.Add(lasting)); next = next.Add(gap) {
				select {
				case <-time.After(time.Until(next)):
				case <-ctx.Done():
					return ctx.Err()
				}
				sent := time.Now()
				if err := client.askOf(c, users); err != nil {
					return err
				}
				took[i] = append(took[i], time.Since(sent))
			}
			return nil
		})
	}
	err := g.Wait()
	return slices.Concat(took...), err
}
