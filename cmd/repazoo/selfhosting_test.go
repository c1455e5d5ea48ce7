package main

import (
	"context"
	"crypto/rand"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// blocks are the commands (```sh) of one section of a page.
func blocks(t *testing.T, page, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", page, heading)
	}
	if next := regexp.MustCompile(`(?m)^##+ `).FindStringIndex(section); next != nil {
		section = section[:next[0]]
	}
	var commands []string
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(section, -1) {
		commands = append(commands, m[1])
	}
	return commands
}

// machine is a directory that stands for the root of a server, where systemd and apt do nothing.
type machine struct {
	t    *testing.T
	root string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t, t.TempDir()}
	for _, dir := range []string{"etc/systemd/system", "etc/caddy", "etc/cron.d", "usr/local/bin", "var", "stubs", "bin"} {
		if err := os.MkdirAll(m.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"systemctl", "journalctl", "apt-get"} {
		if err := os.WriteFile(m.path("stubs/"+name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program := []byte("#!/bin/sh\nexec repazoo \"$@\"\n")
	if err := os.WriteFile(m.path("bin/repazoo"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	deploy, err := filepath.Abs("../../deploy")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(deploy, m.path("deploy")); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

// run runs commands of a page as they stand there, but for the place of the root.
func (m *machine) run(commands ...string) string {
	m.t.Helper()
	script := regexp.MustCompile(`/(etc|var|usr/local)/`).ReplaceAllString(strings.Join(commands, "\n"), m.root+"/$1/")
	sh := exec.CommandContext(m.t.Context(), "sh", "-eu", "-c", script)
	sh.Dir, sh.Env = m.root, []string{"PATH=" + m.path("stubs") + ":" + os.Getenv("PATH"), noWait}
	out, err := sh.CombinedOutput()
	if err != nil {
		m.t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func (m *machine) read(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(m.path(name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

// Whoever follows the page has a server that its settings satisfy, with secrets that are closed to others; following it
// again, as for an upgrade, changes no key.
func TestSelfHosting_TheCommandsOfTheUnitWork(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	page := blocks(t, "docs/self-hosting.md", "## One program and systemd")
	if len(page) != 5 {
		t.Fatalf("the section has %d blocks of commands, want: build, install, start, proxy, shell", len(page))
	}
	install, proxy, shell := page[1], page[3], page[4]
	m.run(install)
	key := m.read("etc/repazoo/secrets/encryption_key")
	m.run(install)
	if again := m.read("etc/repazoo/secrets/encryption_key"); again != key || len(key) != 65 {
		t.Errorf("the key was %d characters and is another after a second run: %v", len(key), again != key)
	}
	err := filepath.WalkDir(m.path("etc/repazoo"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others can look into %s (%v)", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	unit := m.read("etc/systemd/system/repazoo.service")
	for _, c := range regexp.MustCompile(`(?m)^LoadCredential=(\w+):(.+)$`).FindAllStringSubmatch(unit, -1) {
		if _, err := os.Stat(m.path(c[2])); err != nil {
			t.Errorf("the unit wants a file that the page does not make: %v", err)
		}
	}
	m.run(strings.Split(proxy, "repazoo health")[0])
	wants(t, m.read("etc/systemd/system/caddy.service.d/repazoo.conf"), "UPSTREAMS=127.0.0.1:8000")
	wants(t, m.run(shell), "The configuration is fine.\n")
}

func TestSelfHosting_TheBackupOfTheUnitComesBack(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	page := blocks(t, "docs/self-hosting.md", "## One program and systemd")
	m.run(page[1], page[4], "repazoo migrate")
	saved := blocks(t, "docs/backup.md", "### With the unit")
	if len(saved) != 3 {
		t.Fatalf("the section has %d blocks of commands, want: backup, restore elsewhere, restore here", len(saved))
	}
	wants(t, m.run(saved[0]), "It was checked and read back.")
	wants(t, m.run(saved[2]), "is back in", "What was there is in")
	if err := os.RemoveAll(m.path("var/lib")); err != nil {
		t.Fatal(err)
	}
	wants(t, m.run(saved[1]), "is back in")
	lines := strings.Split(strings.TrimSpace(m.read("etc/cron.d/repazoo")), "\n")
	night := strings.Fields(lines[0])
	if len(lines) != 2 || len(night) != 11 || night[5] != "root" || night[10] != `+\%F).tar` {
		t.Errorf("cron is told %q", lines)
	}
	month := strings.SplitN(lines[1], "root", 2)[1]
	old := time.Now().AddDate(0, 0, -32)
	if err := os.Chtimes(m.path("var/backups/repazoo/first.tar"), old, old); err != nil {
		t.Fatal(err)
	}
	fresh := m.path("var/backups/repazoo/fresh.tar")
	if err := os.WriteFile(fresh, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m.run(strings.ReplaceAll(month, m.root, ""))
	if left, err := filepath.Glob(m.path("var/backups/repazoo/*")); err != nil || !slices.Equal(left, []string{fresh}) {
		t.Errorf("after a month of nights %v is left, %v", left, err)
	}
}

// Whoever follows the page from SQLite to PostgreSQL has a schema of its owner, and a login that policies bind.
func TestSelfHosting_TheCommandsOfTheUnitOnPostgreSQLWork(t *testing.T) {
	t.Parallel()
	login, err := url.Parse(dbtest.AdminURL(t, dbtest.PostgresURL(t)))
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	psql := "#!/bin/sh\nshift 4\nexec psql " + login.String() + " \"$@\"\n" // instead of: runuser -u postgres -- psql
	if err := os.WriteFile(m.path("stubs/runuser"), []byte(psql), 0o755); err != nil {
		t.Fatal(err)
	}
	page := blocks(t, "docs/self-hosting.md", "## One program and systemd")
	commands := blocks(t, "docs/self-hosting.md", "### The unit on PostgreSQL")
	if len(commands) != 1 {
		t.Fatalf("the section has %d blocks of commands", len(commands))
	}
	// Roles belong to the server, which other tests use too.
	name := "page_" + strings.ToLower(rand.Text())
	script := regexp.MustCompile(`(?m)^repazoo health .*\n`).ReplaceAllString(commands[0], "")
	for from, to := range map[string]string{
		`repazoo_owner`: name + "_owner", `(ROLE|DATABASE|--grant-to) repazoo\b`: "$1 " + name,
		`//repazoo:`: "//" + name + ":", `127\.0\.0\.1:5432/repazoo\b`: login.Host + "/" + name + "?sslmode=disable",
	} {
		script = regexp.MustCompile(from).ReplaceAllString(script, to)
	}
	t.Cleanup(func() {
		gone := "DROP DATABASE IF EXISTS " + name + " WITH (FORCE);DROP ROLE " + name + ";DROP ROLE " + name + "_owner"
		for sql := range strings.SplitSeq(gone, ";") {
			out, err := exec.CommandContext(context.Background(), "psql", login.String(), "-c", sql).CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
		}
	})
	wants(t, m.run(page[1], page[4], script, "repazoo config check"), "The schema is up to date",
		"holds: neither this login nor a role of requests is a superuser", "The configuration is fine.\n")
	if info, err := os.Stat(m.path("etc/repazoo/database_owner_url")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the owner's address can be read by others: %v, %v", info, err)
	}
}

// The check of the page's settings and secrets on one's own machine finds nothing once they are edited as it says.
func TestSelfHosting_TheSettingsOfKubernetesAreCheckedBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	page := blocks(t, "docs/self-hosting.md", "## Kubernetes")
	if len(page) != 3 {
		t.Fatalf("the section has %d blocks of commands, want: build and secrets, check, begin", len(page))
	}
	secrets := strings.Split(page[0], "cd deploy\n")[1]
	copied := "cp -rL deploy copy; rm -rf copy/kubernetes/secrets; cd copy"
	edited := "sed -i.orig 's/^BILLING=on/BILLING=off/' kubernetes/settings.env"
	check := regexp.MustCompile(`(?m)^.* billing setup .*\n`).ReplaceAllString(page[1], "") // needs Stripe
	wants(t, m.run(copied, secrets, edited, check), "The configuration is fine.\n")
}
