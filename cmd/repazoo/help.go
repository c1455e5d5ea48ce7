package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is where the help of options breaks its lines.
const helpWidth = 100

// usageError is a command line that cannot be understood: the exit code is 2, and the command's help is named.
type usageError struct {
	error
	command string
}

// misused makes err a usageError of cmd.
func misused(cmd *cobra.Command, err error) error { return usageError{err, cmd.CommandPath()} }

// takes is the arguments of a command: none or all of names, one value for each.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return misused(cmd, fmt.Errorf("%s is missing", names[len(args)]))
		}
		return takesAtMost(len(names))(cmd, args)
	}
}

func takesAtMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return misused(cmd, fmt.Errorf("unexpected argument %s", args[n]))
		}
		return nil
	}
}

// group is a command that only holds others.
func group(cmd *cobra.Command, members ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(members...)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return misused(cmd, unknown(cmd, args[0]))
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return misused(cmd, fmt.Errorf("expected one of %s", strings.Join(names(cmd), ", ")))
	}
	return cmd
}

func unknown(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = 2
	if like := cmd.SuggestionsFor(name); len(like) > 0 {
		return fmt.Errorf("there is no command %s; did you mean %s?", name, strings.Join(like, " or "))
	}
	return fmt.Errorf("there is no command %s", name)
}

func names(cmd *cobra.Command) []string {
	var all []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			all = append(all, c.Name())
		}
	}
	return all
}

// writeHelp prints what a command does, its options, examples of it, and its exit codes.
func writeHelp(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "Usage: %s\n\n", usageLine(cmd))
	if cmd.HasParent() {
		fmt.Fprintf(w, "%s\n\n", cmd.Short)
	}
	if cmd.Long != "" {
		fmt.Fprintf(w, "%s\n\n", cmd.Long)
	}
	for _, g := range cmd.Groups() {
		writeCommands(w, g.Title, cmd, g.ID)
	}
	writeCommands(w, "Commands", cmd, "")
	fmt.Fprintf(w, "Options:\n%s", cmd.LocalFlags().FlagUsagesWrapped(helpWidth))
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if codes := cmd.Annotations[exitCodes]; codes != "" {
		fmt.Fprintf(w, "\nExit codes: %s\n", codes)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n\"%s COMMAND --help\" tells more of one command.\n", cmd.CommandPath())
	}
}

func usageLine(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND"
	}
	return cmd.UseLine()
}

func writeCommands(w io.Writer, title string, cmd *cobra.Command, id string) {
	var lines []string
	for _, c := range cmd.Commands() {
		if c.GroupID == id && c.IsAvailableCommand() {
			lines = append(lines, fmt.Sprintf("  %-18s %s", c.Name(), c.Short))
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "%s:\n%s\n\n", title, strings.Join(lines, "\n"))
	}
}

// exitCodes names the annotation of a command that says what its exit codes mean.
const exitCodes = "exit codes"

func exits(words string) map[string]string { return map[string]string{exitCodes: words} }

// asUsage finds the usageError in err.
func asUsage(err error) (usageError, bool) { return errors.AsType[usageError](err) }
