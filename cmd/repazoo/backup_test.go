package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/backup"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// lifetime is a Repazoo in which somebody signed in and has a report.
type lifetime struct {
	t      *testing.T
	env    []string
	dir    string
	server *server
	client *client
	report string // its address
	before map[string]any
}

// live starts a server, signs in and runs an analysis.
func live(t *testing.T, env ...string) *lifetime {
	t.Helper()
	dir := t.TempDir()
	l := &lifetime{t: t, dir: dir, env: append(env, "PORT=0", "DATA_DIR="+dir+"/data")}
	l.start()
	l.client = signIn(t, l.server.url, "gravelpit_gus")
	l.client.do("POST", "/api/v1/subscriptions", `{"tier":"pro","payment_method_id":"pm_card_visa"}`, http.StatusCreated)
	body := `{"account_id":"` + l.client.account + `","consent":true}`
	run := l.client.do("POST", "/api/v1/analyses", body, http.StatusAccepted)
	id := run["id"].(string)
	l.client.until(id, func(a map[string]any) bool { return a["status"] == "completed" })
	l.report = "/api/v1/analyses/" + id + "/report.json"
	l.before = l.state()
	return l
}

func (l *lifetime) start() {
	l.t.Helper()
	s, err := startServer(l.env, l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	l.server = s
	address, err := url.Parse(s.url) // tokens name their issuer, so the address stays
	if err != nil {
		l.t.Fatal(err)
	}
	l.env = append(slices.Clip(l.env), "PORT="+address.Port())
	l.t.Cleanup(func() { s.stop() })
}

func (l *lifetime) stop() {
	l.t.Helper()
	if err := l.server.stop(); err != nil {
		l.t.Fatal(err)
	}
}

// state is what the signed-in person sees: the session, the report, which is sealed, and the quota.
func (l *lifetime) state() map[string]any {
	l.t.Helper()
	return map[string]any{
		"me":     l.client.do("GET", "/api/v1/users/me", "", http.StatusOK)["id"],
		"report": l.client.do("GET", l.report, "", http.StatusOK),
		"quota":  l.client.do("GET", "/api/v1/usage", "", http.StatusOK),
	}
}

// same wants the person to see what they saw, and the service to go on: X's sealed token still opens and reads.
func (l *lifetime) same() {
	l.t.Helper()
	if diff := cmp.Diff(l.before, l.state()); diff != "" {
		l.t.Errorf("after the restore (+) it is not as before (-):\n%s", diff)
	}
	body := `{"account_id":"` + l.client.account + `","consent":true}`
	run := l.client.do("POST", "/api/v1/analyses", body, http.StatusAccepted)
	l.client.until(run["id"].(string), func(a map[string]any) bool { return a["status"] == "completed" })
}

// command runs the program and wants this exit code.
func command(t *testing.T, env []string, code int, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "repazoo", args...)
	cmd.Env = append(slices.Clip(env), noWait)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("repazoo %v: exit code %d, want %d: %v\n%s", args, got, code, err, out)
	}
	return string(out)
}

func wants(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}

// The whole installation is lost but for the backup and the identity that opens it.
func TestBackup_RestoresADestroyedInstallation(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	l := live(t)
	identityFile := filepath.Join(l.dir, "identity.txt")
	if err := os.WriteFile(identityFile, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, bare := filepath.Join(l.dir, "backup.tar"), filepath.Join(l.dir, "bare.tar")
	// The server goes on meanwhile.
	made := command(t, l.env, 0, "backup", file, "--with-keys", "--recipient", identity.Recipient().String())
	wants(t, made, "1 users", "ENCRYPTION_KEY with the id", "encrypted")
	wants(t, command(t, l.env, 0, "backup", bare), "Not in it, and needed to open it: keys/encryption, keys/jwt")
	wants(t, command(t, l.env, 1, "backup", file), "exists already")
	wants(t, command(t, l.env, 1, "restore", file, "--identity", identityFile), "another Repazoo is using")
	key, err := os.ReadFile(filepath.Join(l.dir, "data", "keys", "encryption"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{file, bare} {
		if content, err := os.ReadFile(f); err != nil || bytes.Contains(content, bytes.TrimSpace(key)) {
			t.Errorf("%s holds the key as it is: %v", f, err)
		}
	}

	l.stop()
	wants(t, command(t, l.env, 1, "restore", file, "--identity", identityFile), "There is data in", "--replace")
	if err := os.RemoveAll(filepath.Join(l.dir, "data")); err != nil {
		t.Fatal(err)
	}
	done := command(t, l.env, 0, "restore", file, "--identity", identityFile)
	wants(t, done, "1 users", "These came back too: keys/encryption, keys/jwt.")
	l.start()
	l.same()

	l.stop() // and back to the day of the backup, with the keys that are there
	wants(t, command(t, l.env, 0, "restore", bare, "--replace"), "What was there is in", "before-restore-")
	l.start()
	l.same()
}

// A backup without its key starts nothing, and says which key is missing.
func TestBackup_WithoutItsKeyTheServerSaysWhichIsMissing(t *testing.T) {
	t.Parallel()
	l := live(t)
	if err := l.server.cmd.Process.Kill(); err != nil { // what it wrote last is in SQLite's log beside the database
		t.Fatal(err)
	}
	l.server.cmd.Wait()
	file := filepath.Join(l.dir, "backup.tar")
	wants(t, command(t, l.env, 0, "backup", file), "1 users")
	if err := os.RemoveAll(filepath.Join(l.dir, "data")); err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(command(t, l.env, 0, "restore", file), "ENCRYPTION_KEY with the id ")
	id = strings.TrimSuffix(strings.TrimSpace(id), ".")
	if _, err := startServer(l.env, l.dir); err == nil || !strings.Contains(err.Error(), id) {
		t.Errorf("a start without the key %q: %v", id, err)
	}
}

// The commands that repazoo backup names, by PostgreSQL's own programs.
func TestBackup_PostgresIsDumpedAndRestoredByTheCommandsItNames(t *testing.T) {
	t.Parallel()
	dumpedAndRestored(t, dbtest.PostgresURL(t), "")
}

// In another program's database Repazoo lives whole in a schema of its own, which moves elsewhere alone.
func TestBackup_OfADatabaseThatIsSharedTakesRepazoosTablesAlone(t *testing.T) {
	t.Parallel()
	login := dbtest.PostgresURL(t)
	owner, err := pgx.Connect(t.Context(), dbtest.AdminURL(t, login))
	if err != nil {
		t.Fatal(err)
	}
	name := "shared_" + strings.ReplaceAll(db.NewID(), "-", "")
	if _, err := owner.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := owner.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		owner.Close(context.Background())
	})
	guest, err := pgx.Connect(t.Context(), to(t, dbtest.AdminURL(t, login), name))
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close(context.Background())
	if _, err := guest.Exec(t.Context(), `CREATE TABLE users (id int); CREATE TABLE posts (id int)`); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(login)
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"DATABASE_URL=" + to(t, dbtest.AdminURL(t, login), name), "DATA_DIR=" + t.TempDir(), noWait}
	command(t, env, 0, "migrate", "--grant-to", u.User.Username())
	dumpedAndRestored(t, to(t, login, name), "--schema=repazoo --schema=auth ")
	var rows int
	if err := guest.QueryRow(t.Context(), `SELECT count(*) FROM users, posts`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("the other program's tables: %d rows, %v", rows, err)
	}
}

// dumpedAndRestored moves an installation by the commands that repazoo backup names, with further options for the dump.
func dumpedAndRestored(t *testing.T, lent, options string) {
	t.Helper()
	l := live(t, "DATABASE_URL="+lent)
	said := command(t, l.env, 2, "backup", filepath.Join(l.dir, "backup.tar"))
	wants(t, said, backup.PostgresAdvice)

	owner := dbtest.AdminURL(t, lent)
	admin, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	name := "restored_" + strings.ReplaceAll(db.NewID(), "-", "")
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.server.stop()
		if _, err := admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		admin.Close(context.Background())
	})
	l.stop()
	env := []string{
		"PATH=" + os.Getenv("PATH") + postgresPrograms(t), "OWNER=" + owner, "NEW=" + to(t, owner, name),
		"DATA_DIR=" + l.dir + "/data", noWait,
	}
	for line := range strings.Lines(backup.PostgresAdvice) {
		line, isCommand := strings.CutPrefix(line, "  ")
		if !isCommand {
			continue
		}
		login, err := url.Parse(lent)
		if err != nil {
			t.Fatal(err)
		}
		line = strings.Replace(line, "pg_dump ", "pg_dump "+options, 1)
		line = strings.Replace(line, "--grant-to repazoo", "--grant-to "+login.User.Username(), 1)
		sh := exec.CommandContext(t.Context(), "sh", "-euc", line)
		sh.Dir, sh.Env = l.dir, env
		if out, err := sh.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	l.env = append(slices.Clip(l.env), "DATABASE_URL="+to(t, lent, name))
	l.start()
	l.same()
}

// to is a connection string to another database of the same server.
func to(t *testing.T, of, name string) string {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// postgresPrograms is where Debian keeps pg_dump beside the server, as the tail of a PATH.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(":", strings.Join(found, ":"))
}
