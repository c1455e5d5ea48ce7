// Command deploycheck reads what is in deploy/ with the libraries and programs that will read it: compose files with
// Compose's own loader, manifests with kustomize and the types of Kubernetes, the unit with systemd-analyze, and the
// proxies' files with the proxies, which are started as well: events go on at once, bodies are passed on as they come,
// and nobody can claim another's address. Beyond what those check, it wants every setting to be one that Repazoo has,
// every secret to be mounted where it is read, and every container to be the numeric user with a read-only root.
//
//	go run . ../..                              from this directory
//	go run . --program ../../bin/repazoo ../..  also lets the program check the settings of each service
//
// A program that is not installed is named, and what it would have checked is not checked; with --all that is a
// mistake.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// checker gathers mistakes, so that all are told at once.
type checker struct {
	root    string          // of the tree
	program string          // Repazoo itself, or ""
	temp    string          // for secrets and certificates that the checks need
	known   map[string]bool // the settings of docs/configuration.md
	all     bool            // a missing program is a mistake
	wrong   []string
}

func main() {
	program := flag.String("program", "", "the program that checks the settings of each service")
	all := flag.Bool("all", false, "a program that is not installed is a mistake")
	flag.Parse()
	if err := run(flag.Arg(0), *program, *all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root, program string, all bool) error {
	temp, err := os.MkdirTemp("", "deploycheck-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	c := &checker{root: root, program: program, temp: temp, all: all}
	ctx := context.Background()
	for _, step := range []func(context.Context) error{
		c.readSettings, c.makeSecrets, c.compose, c.kubernetes, c.systemd, c.proxies,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if len(c.wrong) > 0 {
		return errors.New(strings.Join(c.wrong, "\n"))
	}
	fmt.Println("deploy: every file is as its reader wants it.")
	return nil
}

func (c *checker) path(parts ...string) string {
	return filepath.Join(append([]string{c.root, "deploy"}, parts...)...)
}

func (c *checker) mistake(format string, args ...any) {
	c.wrong = append(c.wrong, "deploy/"+fmt.Sprintf(format, args...))
}

var settingRow = regexp.MustCompile("(?m)^\\| `([A-Z0-9_]+)`(?: or `([A-Z0-9_]+)`)* \\|")

// readSettings learns the names of all settings from their documentation, which a test of the program keeps true.
func (c *checker) readSettings(context.Context) error {
	text, err := os.ReadFile(filepath.Join(c.root, "docs", "configuration.md"))
	if err != nil {
		return err
	}
	c.known = map[string]bool{}
	for _, row := range settingRow.FindAllSubmatch(text, -1) {
		for _, name := range row[1:] {
			c.known[string(name)] = true
		}
	}
	if len(c.known) < 30 {
		return fmt.Errorf("docs/configuration.md has only %d settings", len(c.known))
	}
	return nil
}

// setting notes a name that Repazoo would not read.
func (c *checker) setting(where, name string) {
	if !c.known[name] && !c.known[strings.TrimSuffix(name, "_FILE")] {
		c.mistake("%s: %s is no setting of Repazoo", where, name)
	}
}

// makeSecrets runs the script that people run, in a copy of its directory, and fills in what it leaves open.
func (c *checker) makeSecrets(ctx context.Context) error {
	if err := os.CopyFS(filepath.Join(c.temp, "deploy"), os.DirFS(c.path())); err != nil {
		return err
	}
	made := filepath.Join(c.temp, "deploy")
	for _, dir := range []string{"secrets", "kubernetes/secrets"} {
		cmd := exec.CommandContext(ctx, filepath.Join(made, "make-secrets.sh"), dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("deploy/make-secrets.sh: %w\n%s", err, out)
		}
		for name, value := range map[string]string{
			"stripe_secret_key": "sk_live_invented", "stripe_webhook_secret": "whsec_invented",
			"anthropic_api_key": "invented",
		} {
			if err := os.WriteFile(filepath.Join(made, dir, name), []byte(value), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// accepted lets the program itself check the settings of a service. The files of secrets are those of dir.
func (c *checker) accepted(ctx context.Context, where string, settings map[string]string, dir string) {
	if c.program == "" {
		return
	}
	program, err := filepath.Abs(c.program)
	if err != nil {
		c.mistake("%s: %v", where, err)
		return
	}
	cmd := exec.CommandContext(ctx, program, "config", "check")
	cmd.Dir = c.temp
	cmd.Env = []string{"DATA_DIR=" + filepath.Join(c.temp, "data")}
	for name, value := range settings {
		if strings.HasSuffix(name, "_FILE") {
			value = filepath.Join(dir, filepath.Base(value))
		}
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	slices.Sort(cmd.Env)
	if out, err := cmd.CombinedOutput(); err != nil {
		c.mistake("%s: %v: %s", where, err, out)
	}
}

// ask runs a program that checks a file.
func (c *checker) ask(ctx context.Context, where string, env []string, program string, args ...string) {
	path, err := exec.LookPath(program)
	if err != nil {
		if c.all {
			c.mistake("%s: %s is not installed", where, program)
		} else {
			fmt.Printf("deploy/%s was not checked: %s is not installed\n", where, program)
		}
		return
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil || complaint.Match(out) {
		c.mistake("%s: %s: %v\n%s", where, program, err, out)
	}
}

// complaint is what systemd-analyze says of a line that it passes over, and still calls the file right.
var complaint = regexp.MustCompile(`(repazoo(-worker)?\.service|worker\.conf):\d+: `)
