//go:build linux

// Command load measures what a request to the real program costs, and compares it with
// bench/floor, the same calls written by hand:
//
//	go run ./tools/testenv --durable -- go run ./bench/load --seconds 6
//
// It builds and starts Repazoo as its own process, as a replica (PostgreSQL under row policies,
// Redis) and embedded (SQLite, limits in process), and the floor on the same PostgreSQL and
// Redis. Where the packages for bench/peer are installed, the stack of the earlier system is measured beside them. It
// makes users with sessions, and drives four calls over keep-alive connections. The servers take turns in rounds of
// half a second, so that a noisy machine is noisy for all.
//
// With --limits it counts instead: how many calls each limiter lets through below, at and above its limits, and what
// others notice of idle connections and of a flood.
//
// With --kept it counts what answers from memory save: statements, round trips and calls of Redis a request, by how
// often people ask.
//
// With --growth it fills the database with up to a million users and counts what the same requests cost PostgreSQL at
// every size.
//
// What it prints is explained in bench/README.md. It talks to loopback only, ends by itself,
// and stops only what it started. PostgreSQL and Redis are those of TEST_DATABASE_URL (a
// superuser; it makes two databases and drops them again) and TEST_REDIS_URL (its keys expire).
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const defaultUsers = 1000

// options are what the command line says.
type options struct {
	seconds     int
	connections int
	users       int
	mode        string
	json        bool
	limits      bool
	kept        bool
	growth      bool
	binary      string
	floor       string
	gunicorn    string // "" where bench/peer cannot run
	peer        string // its folder
}

func main() {
	var o options
	flag.IntVar(&o.seconds, "seconds", 3, "seconds for each call and server, 1 to 60")
	flag.IntVar(&o.connections, "connections", 32, "keep-alive connections, 1 to 256")
	flag.IntVar(&o.users, "users", defaultUsers, "signed-in users, 1 to 100000; with --growth up to 1000000")
	flag.StringVar(&o.mode, "mode", "all", "embedded, replica, floor, peer or all")
	flag.BoolVar(&o.json, "json", false, "print JSON")
	flag.BoolVar(&o.limits, "limits", false, "count what the limiters let through, instead of measuring")
	flag.BoolVar(&o.kept, "kept", false, "count what answers from memory save, instead of measuring")
	flag.BoolVar(&o.growth, "growth", false, "count what requests cost PostgreSQL as users come, up to --users, "+
		"instead of measuring")
	flag.StringVar(&o.binary, "binary", "", "a built repazoo; without it ./cmd/repazoo is built")
	flag.StringVar(&o.floor, "floor", "", "a built floor; without it ./bench/floor is built")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func (o options) check() error {
	switch {
	case o.seconds < 1 || o.seconds > 60 || o.connections < 1 || o.connections > 256 || o.users < 1 ||
		o.users > 100_000 && !o.growth || o.users > slices.Max(sizes):
		return errors.New("a number is out of its bounds: see --help")
	case o.limits && (o.mode != "all" || o.json || o.users < 200):
		return errors.New("--limits goes with neither --mode nor --json, and needs 200 users")
	case o.kept && (o.mode != "all" || o.json || o.limits || o.users != defaultUsers):
		return errors.New("--kept goes with no other choice but --connections, --binary and --floor")
	case o.growth && (o.mode != "all" || o.json || o.limits || o.kept):
		return errors.New("--growth goes with no other choice but --users and --binary")
	case !slices.Contains(append([]string{"all"}, modes...), o.mode):
		return errors.New("--mode is embedded, replica, floor, peer or all")
	case o.mode != "embedded" && (os.Getenv("TEST_DATABASE_URL") == "" || os.Getenv("TEST_REDIS_URL") == ""):
		return errors.New("TEST_DATABASE_URL and TEST_REDIS_URL are not set: run it with go run ./tools/testenv --durable " +
			"-- go run ./bench/load")
	}
	return nil
}

// run bounds the whole: preparing, and every round of every server.
func run(ctx context.Context, o options) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := o.build(ctx); err != nil {
		return err
	}
	lasting := 8 * time.Minute
	if o.growth {
		lasting = 40 * time.Minute // a million users are about twelve million rows
	}
	ctx, cancel := context.WithTimeout(ctx, lasting+time.Duration(o.seconds*len(calls)*len(modes)*2)*time.Second)
	defer cancel()
	dir, err := os.MkdirTemp("", "repazoo-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.kept {
		o.users = slices.Max(crowds)
	}
	b := &bench{options: o, dir: dir, keys: newKeys()}
	defer b.close()
	if o.growth {
		return b.showGrowth(ctx, os.Stdout)
	}
	b.people = newPeople(o.users)
	if o.limits {
		return b.countLimits(ctx, os.Stdout)
	}
	if o.kept {
		return b.showKept(ctx, os.Stdout)
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if err := b.measure(ctx); err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(os.Stdout).Encode(b.result())
	}
	b.result().print(os.Stdout)
	return nil
}

// build makes the two programs as "make build" does, unless they are given.
func (o *options) build(ctx context.Context) error {
	for _, p := range []struct {
		binary  *string
		name    string
		needed  bool
		program string
	}{
		{&o.binary, "repazoo", true, "./cmd/repazoo"}, // makes the schema, whoever is measured
		{&o.floor, "floor", !o.limits && !o.kept && !o.growth && (o.mode == "floor" || o.mode == "all"), "./bench/floor"},
	} {
		if *p.binary != "" || (!p.needed && p.name == "floor") {
			continue
		}
		*p.binary = filepath.Join("bin", p.name)
		if out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", *p.binary,
			p.program).CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %s", p.program, err, out)
		}
	}
	var err error
	if o.binary, err = filepath.Abs(o.binary); err == nil {
		o.floor, err = filepath.Abs(o.floor)
	}
	return errors.Join(err, o.findPeer(ctx))
}
