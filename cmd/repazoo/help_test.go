package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// everyCommand is cmd and all below it, but for what cobra adds and hides.
func everyCommand(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			all = append(all, everyCommand(c)...)
		}
	}
	return all
}

func helpOf(t *testing.T, path string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetArgs(append(strings.Fields(path)[1:], "--help"))
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestHelp_EveryCommandSaysWhatItDoesWithinAScreensWidth(t *testing.T) {
	t.Parallel()
	for _, cmd := range everyCommand(root()) {
		help := helpOf(t, cmd.CommandPath())
		if !strings.HasPrefix(help, "Usage: "+cmd.CommandPath()) || !strings.Contains(help, cmd.Short) ||
			!strings.Contains(help, "--help") {
			t.Errorf("%s: %s", cmd.CommandPath(), help)
		}
		if cmd.HasParent() && !strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: %q is no sentence", cmd.CommandPath(), cmd.Short)
		}
		for line := range strings.Lines(help) {
			if len([]rune(line)) > 121 {
				t.Errorf("%s: a line of its help has %d characters: %s", cmd.CommandPath(), len([]rune(line)), line)
			}
		}
		for _, c := range everyCommand(cmd)[1:] {
			if c.Parent() == cmd && !strings.Contains(help, "  "+c.Name()+" ") {
				t.Errorf("the help of %s does not name %s", cmd.CommandPath(), c.Name())
			}
		}
	}
}

func TestHelp_ShowsExamplesOptionsAndExitCodes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		"repazoo": {
			"Use it:", "Operate it:", "Know it:", "repazoo serve  ", "docs/configuration.md",
			"Exit codes: 0 done",
		},
		"repazoo analyze": {
			"analyze ARCHIVE [flags]", "--purpose job_search -o report.html", "-o, --output FILE",
			"Exit codes: 0 the report was made",
		},
		"repazoo vault":      {"export-recipients", "openssl rand", "Exit codes: 0 done", "vault COMMAND --help"},
		"repazoo vault init": {"--recipient KEY"},
		"repazoo health":     {"health [URL]", "--wait DURATION", "Exit codes: 0 it is ready"},
		"repazoo backup": {
			"backup FILE [flags]", "--with-keys --recipient age1...", "docs/backup.md",
			"Exit codes: 0 the backup",
		},
		"repazoo restore":     {"--identity FILE", "--replace", "Exit codes: 0 the data is back"},
		"repazoo seal rotate": {"ENCRYPTION_KEY=NEW,OLD", "Exit codes: 0 everything is sealed"},
	} {
		help := helpOf(t, path)
		for _, words := range want {
			if !strings.Contains(help, words) {
				t.Errorf("the help of %s lacks %q:\n%s", path, words, help)
			}
		}
	}
}

func TestRun_WhatCannotBeUnderstoodEndsWithTwoAndNamesTheHelp(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"frob":                          "there is no command frob",
		"analyse x.zip":                 "did you mean analyze?",
		"vault":                         "expected one of export-recipients, get, init, list, remove, rotate, set",
		"vault frob":                    "there is no command frob",
		"analyze":                       "ARCHIVE is missing",
		"analyze a.zip b.zip":           "unexpected argument b.zip",
		"analyze --nope a.zip":          "unknown flag: --nope",
		"serve now":                     "unexpected argument now",
		"vault set":                     "NAME is missing",
		"health a b":                    "unexpected argument b",
		"billing doctor --format x":     `--format must be text or json, not "x"`,
		"admin grant":                   "HANDLE-OR-USER-ID is missing",
		"eval --format json":            "--task is missing",
		"vault rotate --new-identity=x": "invalid argument",
	} {
		cmd := root()
		cmd.SetArgs(strings.Fields(line))
		err := cmd.ExecuteContext(t.Context())
		misuse, ok := asUsage(err)
		if !ok || !strings.Contains(misuse.Error(), want) {
			t.Errorf("repazoo %s: %v, want %q", line, err, want)
		}
		if first := strings.Fields(line)[0]; ok && first != "frob" && first != "analyse" &&
			!strings.HasPrefix(misuse.command, "repazoo "+first) {
			t.Errorf("repazoo %s names the help of %s", line, misuse.command)
		}
		if code := explain(err); code != exitInput {
			t.Errorf("repazoo %s: exit code %d", line, code)
		}
	}
}
