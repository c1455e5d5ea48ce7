// Command repazoo shows people what their own X posts say about them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/fault"
)

const about = `Repazoo shows you what your own X posts say about you before someone else looks.

Start here:
  repazoo serve                      run the whole service on this machine
  repazoo analyze twitter-archive.zip   read your X archive, here, without any service

Every setting is an environment variable: see docs/configuration.md.`

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Serve the API and the web pages, and run background jobs."`
	Analyze analyzeCommand `cmd:"" help:"Read an X data archive on this machine and print a report."`
	Eval    evalCommand    `cmd:"" help:"Measure how often the screen is right on labelled posts."`
	Migrate migrateCommand `cmd:"" help:"Bring the database schema up to date, and stop."`
	Admin   adminCommand   `cmd:"" help:"Make a user an administrator, or a plain user again."`
	Billing billingCommand `cmd:"" help:"Set your account at Stripe up, or compare it with this database."`
	Health  healthCommand  `cmd:"" help:"Ask a running Repazoo whether it is ready; for container checks."`
	OpenAPI openAPICommand `cmd:"" name:"openapi" help:"Print the API's contract as OpenAPI 3.1."`
	Config  configCommand  `cmd:"" help:"Check the configuration, or show it with secrets as dots."`
	Vault   vaultCommand   `cmd:"" help:"Keep secrets in encrypted files, or on an OpenBao or HashiCorp Vault server."`
	Seal    sealCommand    `cmd:"" help:"Change the key that stored secrets are sealed with."`
	DB      dbCommand      `cmd:"" name:"db" help:"Check how the database is protected."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// The exit codes: 1 for trouble on our side, 2 for input that cannot be used.
const (
	exitTrouble = 1
	exitInput   = 2
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	exit := -1
	parser := kong.Must(&commands{}, kong.Name("repazoo"), kong.Description(about), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Exit(func(code int) { exit = code }), kong.BindTo(ctx, (*context.Context)(nil)))
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help has spoken
		return exit
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "repazoo: %v\nTry: repazoo --help\n", err)
		return exitInput
	}
	return explain(parsed.Run())
}

// explain prints an error as one clear sentence and chooses the exit code.
func explain(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "repazoo: stopped")
		return exitTrouble
	}
	if problems, ok := errors.AsType[config.Problems](err); ok {
		fmt.Fprintf(os.Stderr, "repazoo: the configuration cannot be used:\n%v\n", problems)
		return exitInput
	}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		fmt.Fprintln(os.Stderr, "repazoo: "+f.Message)
		if f.Kind == fault.KindInvalid {
			return exitInput
		}
		return exitTrouble
	}
	fmt.Fprintf(os.Stderr, "repazoo: %v\n", err)
	return exitTrouble
}
