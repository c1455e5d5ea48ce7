package db_test

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

func TestPooler_InSessionModeServesEveryRole(t *testing.T) {
	t.Parallel()
	d, err := db.Open(t.Context(), db.Config{URL: pgbouncer(t, dbtest.PostgresURL(t), "session"), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	ann := addUser(t, d, "ann")
	addUser(t, d, "bob")
	for range 20 {
		if got := names(t, d, db.User(ann)); len(got) != 1 || got[0] != "ann" {
			t.Fatalf("ann sees %v", got)
		}
		if got := names(t, d, db.System); len(got) != 2 {
			t.Fatalf("the system sees %v", got)
		}
	}
	heard := make(chan string, 10)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go d.Listen(ctx, "pooled", func(payload string) { heard <- payload })
	<-heard // it listens
	err = d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
		tx.Notify("pooled", "x")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got != "x" {
		t.Errorf("heard %q", got)
	}
}

// In transaction mode a user's statement could run on a connection that another has made something else. Both orders
// in which a pooler may lend its connections are refused.
func TestPooler_InTransactionModeIsRefusedInWordsThatHelp(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"0", "1"} {
		address := pgbouncer(t, dbtest.PostgresURL(t), "transaction", "server_round_robin = "+order)
		d, err := db.Open(t.Context(), db.Config{URL: address, MaxConns: 4})
		if err == nil {
			d.Close()
			t.Fatalf("round robin %s: a pooler in transaction mode was taken", order)
		}
		for _, words := range []string{"transaction mode", "pool_mode = session", "docs/database.md"} {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("round robin %s: %q lacks %q", order, err, words)
			}
		}
	}
}

// pgbouncer starts Debian's PgBouncer before a database and returns the address through it.
func pgbouncer(t *testing.T, to, mode string, more ...string) string {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	settings := append([]string{
		"[databases]",
		fmt.Sprintf("* = host=%s port=%s user=%s", u.Hostname(), cmp.Or(u.Port(), "5432"), u.User.Username()),
		"[pgbouncer]", "listen_addr = 127.0.0.1", "listen_port = " + port, "unix_socket_dir =", "auth_type = any",
		"pool_mode = " + mode, "default_pool_size = 40",
	}, more...)
	file := filepath.Join(t.TempDir(), "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(strings.Join(settings, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--quiet", file}
	if os.Geteuid() == 0 { // it refuses to be root, after it has read its file
		args = append([]string{"--user=nobody"}, args...)
	}
	cmd := osexec.Command(cmp.Or(os.Getenv("PGBOUNCER"), "pgbouncer"), args...)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatalf("install pgbouncer, or set PGBOUNCER to where it is: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	u.Host = "127.0.0.1:" + port
	awaitAnswer(t, u.String())
	return u.String()
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// awaitAnswer tries until a pooler that was just started answers.
func awaitAnswer(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		c, err := pgx.Connect(ctx, address)
		if err == nil {
			c.Close(ctx)
			tick.Stop()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the pooler does not answer: %v", err)
		case <-tick.C:
		}
	}
}
