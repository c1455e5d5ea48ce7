//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// idlers are how many connections rest, if the machine lets one process have that many.
const idlers = 10_000

// floodTime is how long one address floods.
const floodTime = 5 * time.Second

// patient is what others see meanwhile: how long their calls took, and how many went wrong.
type patient struct {
	took  []time.Duration
	wrong int
}

// standFast shows what others notice of ten thousand connections that rest, and of a flood from one address.
func (b *bench) standFast(ctx context.Context, s *site, out io.Writer) error {
	p := s.processes[0]
	quiet := b.others(ctx, s, time.Second)
	before := p.resident()
	conns, err := rest(ctx, p.address)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	if err != nil {
		return err
	}
	grown := p.resident() - before
	resting := b.others(ctx, s, 2*time.Second)
	open := p.files()
	for _, c := range conns {
		c.Close()
	}
	flooded, flood := b.flood(ctx, s)
	fmt.Fprintf(out, "\n%d idle connections: %d files open in the server, %.1f MiB more resident memory, %.1f KiB for "+
		"each\n", len(conns), open, float64(grown)/1024, float64(grown)/float64(len(conns)))
	fmt.Fprintf(out, "a flood from one address for %v: %d calls, %d allowed, %d refused, %d strange\n\n", floodTime,
		flood.asked, flood.allowed, flood.refused, flood.strange)
	fmt.Fprintf(out, "| what others see | calls | wrong | p50 ms | p99 ms |\n|---|---|---|---|---|\n")
	for _, l := range []struct {
		when string
		p    patient
	}{{"of a quiet server", quiet}, {"beside the idle connections", resting}, {"beside the flood", flooded}} {
		fmt.Fprintf(out, "| %s | %d | %d | %.1f | %.1f |\n", l.when, len(l.p.took), l.p.wrong, l.p.at(50), l.p.at(99))
	}
	if quiet.wrong+resting.wrong+flooded.wrong+flood.strange > 0 || flood.allowed != flood.expected {
		return errors.New("others were kept from the server, or the flood was not refused")
	}
	return nil
}

// rest opens connections that have been answered once and then say nothing: those that never say anything are cut off
// after five seconds.
func rest(ctx context.Context, address string) (conns []net.Conn, err error) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return nil, err
	}
	for range min(idlers, int(min(files.Cur, 1<<20))-500) {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return conns, err
		}
		conns = append(conns, c)
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: repazoo.invalid\r\n\r\n"); err != nil {
			return conns, err
		}
		res, err := http.ReadResponse(bufio.NewReaderSize(c, 1024), nil)
		if err != nil {
			return conns, err
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	return conns, nil
}

// others ask now and then, each from an address of their own, on new connections.
func (b *bench) others(ctx context.Context, s *site, lasting time.Duration) (p patient) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for began, n := time.Now(), 0; time.Since(began) < lasting && ctx.Err() == nil; n++ {
		<-tick.C
		sent := time.Now()
		status, _ := callers[0].call(ctx, client, s.processes[0].address, fmt.Sprintf("192.0.%d.%d", n/250, n%250), "")
		if p.took = append(p.took, time.Since(sent)); status != callers[0].passes {
			p.wrong++
		}
	}
	return p
}

// flood asks from one address over all connections, as fast as it can, while others ask too.
func (b *bench) flood(ctx context.Context, s *site) (p patient, all count) {
	ctx, cancel := context.WithTimeout(ctx, floodTime+time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	over := make(chan struct{})
	wg.Go(func() { p = b.others(ctx, s, floodTime); close(over) })
	c := callers[0]
	all.expected = c.limit
	for {
		select {
		case <-over:
			wg.Wait()
			return p, all
		default:
		}
		got := b.burst(ctx, s, c, 1000, "203.0.113.7", b.people[0])
		all.asked, all.allowed, all.refused, all.strange = all.asked+got.asked, all.allowed+got.allowed,
			all.refused+got.refused, all.strange+got.strange
	}
}

// at is a percentile, in milliseconds.
func (p patient) at(percent int) float64 {
	if len(p.took) == 0 {
		return 0
	}
	slices.Sort(p.took)
	return float64(p.took[(len(p.took)-1)*percent/100].Microseconds()) / 1000
}

// resident is how much memory the process has now, in KiB.
func (p *process) resident() int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kib, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, _ := strconv.Atoi(kib)
	return n
}

// files is how many it has open.
func (p *process) files() int {
	all, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.cmd.Process.Pid))
	return len(all)
}
