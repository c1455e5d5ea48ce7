// Command repazoo shows people what their own X posts say about them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/fault"
)

const about = `Repazoo shows you what your own X posts say about you before someone else looks.

Every setting is an environment variable: see docs/configuration.md, or "repazoo config show".`

const firstSteps = `  repazoo serve                         run the whole service on this machine
  repazoo analyze twitter-archive.zip   read your X archive here, without any service
  repazoo check "what I want to post"   check a text before you post it`

// root is the whole command line.
func root() *cobra.Command {
	cmd := group(&cobra.Command{
		Use: "repazoo", Long: about, Example: firstSteps,
		Annotations:   exits("0 done, 1 something failed, 2 the input or the configuration cannot be used."),
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	})
	cmd.SetHelpFunc(writeHelp)
	cmd.SetHelpCommand(&cobra.Command{Use: "no-help", Hidden: true}) // --help is enough
	cmd.SetFlagErrorFunc(misused)
	add := func(id, title string, members ...*cobra.Command) {
		cmd.AddGroup(&cobra.Group{ID: id, Title: title})
		for _, m := range members {
			m.GroupID = id
			cmd.AddCommand(m)
		}
	}
	add("use", "Use it",
		analyzeCommand(), checkCommand(), evalCommand(), serveCommand(), workerCommand(), migrateCommand(), healthCommand())
	add("operate", "Operate it", backupCommand(), restoreCommand(), adminCommand(), billingCommand(), configCommand(),
		vaultCommand(), sealCommand(), dbCommand())
	add("about", "Know it", openAPICommand(), versionCommand())
	return cmd
}

// The exit codes: 1 for trouble on our side, 2 for input that cannot be used.
const (
	exitTrouble = 1
	exitInput   = 2
)

func main() {
	trustRoots()
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if len(args) == 0 {
		args = []string{"--help"}
	}
	cmd := root()
	cmd.SetArgs(args)
	return explain(cmd.ExecuteContext(ctx))
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
	if misuse, ok := asUsage(err); ok {
		fmt.Fprintf(os.Stderr, "repazoo: %v\nTry: %s --help\n", misuse, misuse.command)
		return exitInput
	}
	if problems, ok := errors.AsType[config.Problems](err); ok {
		fmt.Fprintf(os.Stderr, "repazoo: %v\n", problems)
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
