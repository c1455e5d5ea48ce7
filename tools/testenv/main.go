//go:build unix

// Command testenv runs a command with the servers that the tests need:
//
//	go run ./tools/testenv -- go test -race ./...
//
// It starts a private PostgreSQL and a private Redis on free loopback ports,
// finds Chromium, and tells the command where they are:
//
//	TEST_DATABASE_URL  a superuser of an empty cluster; tests make their own databases in it
//	TEST_REDIS_URL     a Redis that keeps nothing on disk
//	CHROMIUM           the browser's executable
//
// PostgreSQL is as fast as can be, in memory where there is plenty, and would not survive a loss of power. With
// --durable it keeps its defaults (fsync and the rest), which is what a measurement needs:
//
//	go run ./tools/testenv --durable -- go run ./bench/load
//
// A variable that is already set is passed on as it is and its server is not
// started, so the tests can be pointed at servers of your own. Programs that
// are missing are installed from Debian's packages when that is possible (as
// root, with apt-get); otherwise one sentence says what to install.
//
// testenv exits with the command's own code, and stops and removes whatever it
// started, also after Ctrl-C. It never touches a server that it did not start.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// exitTrouble is the exit code when the command could not be run at all, as a shell would say it.
const exitTrouble = 127

// graceAfterInterrupt is how long an interrupted command may tidy up before it is killed.
const graceAfterInterrupt = 10 * time.Second

func main() {
	// The servers are told to end with the thread that started them (see
	// process_linux.go), so all of them are started on one that stays.
	runtime.LockOSThread()
	durable := flag.Bool("durable", false, "let PostgreSQL write through to the disk")
	flag.Parse()
	args := flag.Args()
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: go run ./tools/testenv [--durable] -- COMMAND ARGUMENTS...")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code, err := run(ctx, args, *durable)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
	}
	os.Exit(code)
}

// run starts what is needed, runs the command and stops everything again.
func run(ctx context.Context, args []string, durable bool) (int, error) {
	if err := ensurePrograms(ctx); err != nil {
		return exitTrouble, err
	}
	env := &environment{durable: durable}
	defer env.close()
	if err := env.start(ctx); err != nil {
		return exitTrouble, err
	}
	return env.command(ctx, args)
}

// command runs args with the environment's variables and returns its exit code.
func (e *environment) command(ctx context.Context, args []string) (int, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), e.vars...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = graceAfterInterrupt
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	if err != nil {
		return exitTrouble, err
	}
	return 0, nil
}
