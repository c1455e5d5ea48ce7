//go:build linux

// Command attack kills the real program again and again while analyses run and random requests come in, and counts what
// must never be:
//
//	go run ./bench/attack                   # half a minute
//	go run ./bench/attack --minutes 5
//
// It builds the program, runs it with its stand-ins on a free port of localhost and a data directory of its own, and stops by
// itself. Analyses are started under an Idempotency-Key each, which is sent again when the process died before it answered.
// At the end every analysis that was accepted must have ended (lost), there must be as many as keys were accepted (doubled),
// the plan must have paid for exactly those that completed (unpaid), and no answer may have been a 5xx other than 503
// (broken). The requests are made from the contract that the program itself serves. It exits with 1 if any count is not 0.
//
// It does not restart PostgreSQL or Redis, fill a disk, or answer webhooks slowly: tests in internal/app do, one by one.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"time"
)

func main() {
	minutes := flag.Float64("minutes", 0.5, "how long to attack")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	bad, err := run(ctx, time.Duration(*minutes*float64(time.Minute)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(2)
	}
	if bad {
		os.Exit(1)
	}
}

// run attacks for a while and says what it counted.
func run(ctx context.Context, long time.Duration) (bad bool, err error) {
	dir, err := os.MkdirTemp("", "repazoo-attack")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "repazoo")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/repazoo").CombinedOutput(); err != nil {
		return false, fmt.Errorf("%w\n%s", err, out)
	}
	s, err := newServer(ctx, binary, dir)
	if err != nil {
		return false, err
	}
	defer s.kill()
	p, err := signIn(ctx, s.base)
	if err != nil {
		return false, err
	}
	contract, err := p.contract(ctx)
	if err != nil {
		return false, err
	}
	t := &tally{}
	kills, err := attack(ctx, s, p, contract, t, long)
	if err != nil {
		return false, err
	}
	if err := t.settle(ctx, p); err != nil {
		return false, err
	}
	fmt.Printf("%v: killed %d times, %d analyses accepted (%d completed), %d random requests answered, %d with 503\n",
		long, kills, len(t.ids), t.completed, t.answered, t.busy)
	fmt.Printf("lost %d, doubled %d, unpaid %d, broken %d\n", t.lost, t.doubled, t.unpaid, len(t.broken))
	for _, b := range t.broken {
		fmt.Println("  ", b)
	}
	return t.lost+t.doubled+t.unpaid+len(t.broken) > 0, nil
}

// attack starts analyses, sends random requests and kills the program, until the time is over.
func attack(ctx context.Context, s *server, p *person, all []operation, t *tally, long time.Duration) (kills int, err error) {
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
		s.kill()
		if err = s.start(context.WithoutCancel(ctx)); err != nil {
			break
		}
		kills++
	}
	cancel()
	wg.Wait()
	return kills, err
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
