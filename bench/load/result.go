//go:build linux

package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// must is what Repazoo promised itself: ratios of capacity, and for the slowest hundredth a part of the peer's time.
type must struct{ replica, embedded, peer, p99 float64 }

var musts = map[string]must{
	"users/me": {replica: 0.70, embedded: 1.5, peer: 8, p99: 0.1},
	"usage":    {replica: 0.70, peer: 9},
	"analyze":  {replica: 0.80, peer: 7.5, p99: 0.2},
	"healthz":  {peer: 20},
}

const (
	mustMemory  = 40.0 // MiB
	mustStartup = 100 * time.Millisecond
)

type result struct {
	At       time.Time `json:"at"`
	Cores    int       `json:"cores"`
	Database string    `json:"database"` // PostgreSQL's promise of durability
	Lines    []line    `json:"calls"`
	Servers  []server  `json:"servers"`
}

// line is one call on one server. Everything is a median of rounds but the percentiles.
type line struct {
	Call      string  `json:"call"`
	Server    string  `json:"server"`
	PerSecond float64 `json:"requests_per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	CPU       cost    `json:"cpu_microseconds"`
	Capacity  float64 `json:"capacity"`
	Floor     float64 `json:"of_floor,omitempty"` // capacity against the floor's
	Must      float64 `json:"of_floor_must,omitempty"`
	Peer      float64 `json:"of_peer,omitempty"` // capacity against the peer's
	MustPeer  float64 `json:"of_peer_must,omitempty"`
	PeerP99   float64 `json:"p99_of_peer,omitempty"`
	MustP99   float64 `json:"p99_of_peer_must,omitempty"`
}

type server struct {
	Server  string  `json:"server"`
	Startup float64 `json:"startup_ms"`
	Memory  float64 `json:"peak_mib"`
}

func (b *bench) result() result {
	r := result{
		At: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(),
		Database: cmp.Or(b.durable, "not used"),
	}
	for _, t := range b.targets {
		r.Servers = append(r.Servers, server{t.mode, millis(median(t.startups)), t.process.peak()})
	}
	for _, c := range calls {
		var floor, peer line // in the order of modes, so before the others
		for _, t := range b.targets {
			l := newLine(c.name, t)
			switch t.mode {
			case "floor":
				floor = l
			case "peer":
				peer = l
			default:
				l.compare(floor, peer)
			}
			r.Lines = append(r.Lines, l)
		}
	}
	return r
}

func newLine(name string, t *target) line {
	s := t.samples[name]
	slices.Sort(s.took)
	part := func(of func(cost) float64) float64 {
		values := make([]float64, len(s.cost))
		for i, c := range s.cost {
			values[i] = of(c)
		}
		return median(values)
	}
	l := line{
		Call: name, Server: t.mode, PerSecond: median(s.perSecond), P50: millis(s.took[len(s.took)/2]),
		P99: millis(s.took[len(s.took)*99/100]),
		CPU: cost{
			part(func(c cost) float64 { return c.Server }), part(func(c cost) float64 { return c.Postgres }),
			part(func(c cost) float64 { return c.Redis }), part(func(c cost) float64 { return c.Load }),
		},
	}
	l.Capacity = 2e6 / part(cost.total)
	return l
}

// compare sets a line against the floor's and the peer's, as far as they were measured.
func (l *line) compare(floor, peer line) {
	m := musts[l.Call]
	if floor.Capacity > 0 {
		l.Floor, l.Must = l.Capacity/floor.Capacity, m.replica
		if l.Server == "embedded" {
			l.Must = m.embedded
		}
	}
	if peer.Capacity > 0 {
		l.Peer, l.PeerP99 = l.Capacity/peer.Capacity, l.P99/peer.P99
		if l.Server == "replica" {
			l.MustPeer, l.MustP99 = m.peer, m.p99
		}
	}
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (r result) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %d cores, PostgreSQL: %s\n\n", r.At.Format(time.RFC3339), r.Cores, r.Database)
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "| call |server |req/s |p50 ms |p99 ms |CPU µs |server |Postgres |Redis |load |capacity |of floor "+
		"|must |of peer |must |p99 of peer |must |")
	fmt.Fprintln(t, "|"+strings.Repeat("---|", 17))
	for _, l := range r.Lines {
		fmt.Fprintf(t, "| %s |%s |%.0f |%.1f |%.1f |%.0f |%.0f |%.0f |%.0f |%.0f |%.0f |%s |%s |%s |%s |%s |%s |\n",
			l.Call, l.Server, l.PerSecond, l.P50, l.P99, 2e6/l.Capacity, l.CPU.Server, l.CPU.Postgres, l.CPU.Redis,
			l.CPU.Load, l.Capacity,
			ratio(l.Floor, "%.2f"), ratio(l.Must, "%.2f"), ratio(l.Peer, "%.1f"), ratio(l.MustPeer, "%.1f"),
			ratio(l.PeerP99, "%.2f"), ratio(l.MustP99, "%.2f"))
	}
	_ = t.Flush()
	fmt.Fprintf(w, "\n| server | start, ms | must | peak memory, MiB | must |\n|---|---|---|---|---|\n")
	for _, s := range r.Servers {
		fmt.Fprintf(w, "| %s | %.0f | %.0f | %.0f | %.0f |\n", s.Server, s.Startup, millis(mustStartup), s.Memory, mustMemory)
	}
}

// ratio leaves out what does not apply.
func ratio(v float64, format string) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}
