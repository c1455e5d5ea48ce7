package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/seal"
)

// TestKill_ARotationThatIsCutOffIsEndedByTheNext kills `repazoo seal rotate` (kill -9) between two posts, with the
// service running. Everything opens then, sealed with the one key or the other, and the next rotation ends what the
// first began.
func TestKill_ARotationThatIsCutOffIsEndedByTheNext(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		killRotation(t, dir, db.Config{Path: filepath.Join(dir, "data", "repazoo.db")}, holdSQLite)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		address := dbtest.PostgresURL(t)
		killRotation(t, t.TempDir(), db.Config{URL: address},
			func(t *testing.T, d *db.DB) func() { return holdPostgres(t, d, address) })
	})
}

const (
	oldSealing = "the-first-sealing-secret-0123456789-abcdefgh"
	newSealing = "the-other-sealing-secret-9876543210-hgfedcba"
)

func killRotation(t *testing.T, dir string, c db.Config, hold func(*testing.T, *db.DB) (release func())) {
	env := []string{"PORT=0", "DATA_DIR=" + dir + "/data", "DATABASE_URL=" + c.URL, "RATE_LIMIT_PER_MINUTE=10000"}
	first := serveUntil(t, append(env, "ENCRYPTION_KEY="+oldSealing), dir)
	gus := signIn(t, first.url, "gravelpit_gus")
	gus.do("POST", "/api/v1/subscriptions", `{"tier":"pro","payment_method_id":"pm_card_visa"}`, http.StatusCreated)
	id := gus.do("POST", "/api/v1/analyses", `{"account_id":"`+gus.account+`","consent":true}`,
		http.StatusAccepted)["id"].(string)
	gus.until(id, func(a map[string]any) bool { return a["status"] == "completed" })
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	execute(t, d, `UPDATE seal_keys SET last_used_at = NULL`) // as minutes later

	address, err := url.Parse(first.url) // tokens name their issuer, so the address stays
	if err != nil {
		t.Fatal(err)
	}
	env = append(env, "PORT="+address.Port())
	both := append(env, "ENCRYPTION_KEY="+newSealing+","+oldSealing)
	second := serveUntil(t, both, dir)
	release := hold(t, d)
	rotation := rotate(both, dir)
	if err := rotation.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, 5*time.Millisecond, "the rotation did not come to the middle of the posts",
		func() bool { return keysOfPosts(t, d) == 2 })
	if err := rotation.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = rotation.Wait() // it says that it was killed
	release()
	if n := keysOfPosts(t, d); n != 2 {
		t.Fatalf("the posts are sealed with %d keys after the kill, want the old and the new one", n)
	}
	opens := func() {
		t.Helper()
		gus.do("GET", "/api/v1/analyses/"+id+"/report.json", "", http.StatusOK)
		gus.do("POST", "/auth/x/refresh/"+gus.account, "", http.StatusOK)
	}
	opens()

	said, err := rotate(both, dir).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "may be removed") || keysOfPosts(t, d) != 1 {
		t.Fatalf("the second rotation: %v: %s", err, said)
	}
	if err := second.stop(); err != nil {
		t.Fatal(err)
	}
	serveUntil(t, append(env, "ENCRYPTION_KEY="+newSealing), dir)
	opens()
}

// serveUntil runs a server until the test ends.
func serveUntil(t *testing.T, env []string, dir string) *server {
	t.Helper()
	s := begin(t, env, dir)
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func rotate(env []string, dir string) *exec.Cmd {
	cmd := exec.Command("repazoo", "seal", "rotate")
	cmd.Env, cmd.Dir = append(slices.Clip(env), noWait), dir
	return cmd
}

func keysOfPosts(t *testing.T, d *db.DB) int {
	t.Helper()
	n, err := db.ReadOne(t.Context(), d, db.System, db.Value[int],
		fmt.Sprintf(`SELECT count(DISTINCT substr(sealed, 1, %d)) FROM posts`, seal.PrefixSize))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func execute(t *testing.T, d *db.DB, query string) {
	t.Helper()
	err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// holdSQLite makes writing the last post take longer than anybody waits.
func holdSQLite(t *testing.T, d *db.DB) (release func()) {
	execute(t, d, `CREATE TRIGGER hold BEFORE UPDATE ON posts WHEN OLD.post_id = (SELECT max(post_id) FROM posts)
		BEGIN SELECT count(*) FROM posts a, posts b, posts c, posts d, posts e; END`)
	return func() { execute(t, d, `DROP TRIGGER hold`) }
}

// holdPostgres locks the row of the last post. PostgreSQL does not notice that somebody died who waits for a lock, and
// would carry out what they sent; so whoever waits is gone before the row is let go, as after the death of a machine.
func holdPostgres(t *testing.T, d *db.DB, address string) (release func()) {
	t.Helper()
	held, letGo, gone := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		gone <- d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			_, err := db.One(ctx, tx, db.Value[string],
				`SELECT post_id FROM posts WHERE post_id = (SELECT max(post_id) FROM posts) FOR UPDATE`)
			close(held)
			<-letGo
			return err
		})
	}()
	<-held
	return func() {
		endWaiting(t, address)
		close(letGo)
		if err := <-gone; err != nil {
			t.Error(err)
		}
	}
}

func endWaiting(t *testing.T, address string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	if err != nil {
		t.Fatal(err)
	}
}
