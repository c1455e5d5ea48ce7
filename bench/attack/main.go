//go:build linux

// Command attack breaks the real program, or something that it needs, again and again while analyses run and random
// requests come in, and counts what must never be:
//
//	go run ./bench/attack                                   # half a minute of kill -9
//	go run ./bench/attack --attack postgres --minutes 5
//	go run ./bench/attack --attack all --minutes 5          # five minutes of each
//
// It builds the program, runs it with its stand-ins on a free port of localhost and a data directory of its own, and
// stops by itself. --help lists the attacks. Analyses are started under an Idempotency-Key each, which is sent again
// until it is answered with something else than 503. At the end every analysis that was accepted must have ended
// (lost), there must be as many as keys were accepted (doubled), the plan must have paid for exactly those that
// completed (unpaid), and no answer may have been a 5xx other than 503 (broken). The requests are made from the
// contract that the program itself serves. It exits with 1 if any count is not 0.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	minutes := flag.Float64("minutes", 0.5, "how long to attack")
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(harms())) {
		fmt.Fprintf(&list, "\n%s: %s", name, harms()[name].about)
	}
	which := flag.String("attack", "kill", "what to do, or all:"+list.String())
	binary := flag.String("binary", "", "attack this program instead of building one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	names := []string{*which}
	if *which == "all" {
		names = slices.Sorted(maps.Keys(harms()))
	}
	bad := false
	for _, name := range names {
		h, ok := harms()[name]
		if !ok {
			fmt.Fprintf(os.Stderr, "attack: there is none named %q\n", name)
			os.Exit(2)
		}
		found, err := run(ctx, name, *binary, h, time.Duration(*minutes*float64(time.Minute)))
		if err != nil {
			fmt.Fprintf(os.Stderr, "attack %s: %v\n", name, err)
			os.Exit(2)
		}
		bad = bad || found
	}
	if bad {
		os.Exit(1)
	}
}

// run attacks for a while and says what it counted.
func run(ctx context.Context, name, binary string, h harm, long time.Duration) (bad bool, err error) {
	dir, err := os.MkdirTemp("", "repazoo-attack")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if binary == "" {
		binary = filepath.Join(dir, "repazoo")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/repazoo").CombinedOutput(); err != nil {
			return false, fmt.Errorf("%w\n%s", err, out)
		}
	}
	s, err := newServer(ctx, binary, dir)
	if err != nil {
		return false, err
	}
	defer s.close()
	if h.prepare != nil {
		if err := h.prepare(ctx, s); err != nil {
			return false, err
		}
	}
	if err := s.start(ctx); err != nil {
		return false, err
	}
	p, err := signIn(ctx, s.base)
	if err != nil {
		return false, err
	}
	contract, err := p.contract(ctx)
	if err != nil {
		return false, err
	}
	t := &tally{}
	strikes, err := attack(ctx, s, h, p, contract, t, long)
	if err != nil {
		return false, err
	}
	if err := t.settle(ctx, p); err != nil {
		return false, err
	}
	t.print(name, long, strikes)
	for _, l := range s.listeners {
		fmt.Printf("   %d deliveries came to %s\n", l.calls.Load(), l.url())
	}
	return t.lost+t.doubled+t.unpaid+len(t.broken) > 0, nil
}

func (t *tally) print(name string, long time.Duration, strikes int) {
	fmt.Printf("%s, %v: %d strikes, %d analyses accepted (%d completed, %d ended otherwise, the slowest after %v), "+
		"%d requests answered, %d with 503\n", name, long, strikes, len(t.ids), t.completed, t.failed,
		t.slowest.Round(100*time.Millisecond), t.answered, t.busy)
	fmt.Printf("   lost %d, doubled %d, unpaid %d, broken %d\n", t.lost, t.doubled, t.unpaid, len(t.broken))
	for _, b := range t.broken {
		fmt.Println("  ", b)
	}
}

// attack starts analyses, sends random requests and strikes, until the time is over.
func attack(ctx context.Context, s *server, h harm, p *person, all []operation, t *tally,
	long time.Duration,
) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				t.start(ctx, p)
			}
		})
	}
	wg.Go(func() {
		random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same requests each time
		for ctx.Err() == nil {
			t.send(ctx, p, all[random.IntN(len(all))], random)
		}
	})
	for ctx.Err() == nil {
		pause(ctx, time.Second+time.Duration(rand.Int64N(int64(2*time.Second)))) //nolint:gosec // no secret
		if err = h.strike(ctx, s, p, t); err != nil {
			break
		}
		n++
	}
	cancel()
	wg.Wait()
	if ctx.Err() != nil && errors.Is(err, context.DeadlineExceeded) { // the time was over in the middle of a strike
		err = nil
	}
	return n, err
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
