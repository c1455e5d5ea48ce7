package app_test

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// Row-level security that somebody switched off, does not force, or opens is seen at the start, which is refused.
func TestPolicies_ASwitchedOffOneRefusesTheStartAndNamesTheTable(t *testing.T) {
	t.Parallel()
	env := hosted("cfy")
	env["DATABASE_URL"] = dbtest.PostgresURL(t)
	start(t, io.Discard, env) // makes the schema, and holds
	for what, change := range map[string][2]string{
		"not enabled": {`ALTER TABLE posts DISABLE ROW LEVEL SECURITY`, `ALTER TABLE posts ENABLE ROW LEVEL SECURITY`},
		"not forced":  {`ALTER TABLE posts NO FORCE ROW LEVEL SECURITY`, `ALTER TABLE posts FORCE ROW LEVEL SECURITY`},
		"wide open": {
			`CREATE POLICY wide ON posts TO authenticated, repazoo_user USING (true)`,
			`DROP POLICY wide ON posts`,
		},
	} {
		asAdmin(t, env["DATABASE_URL"], change[0])
		if err := startOnce(t, env); err == nil || !strings.Contains(err.Error(), "posts") {
			t.Errorf("%s: %v", what, err)
		}
		asAdmin(t, env["DATABASE_URL"], change[1])
	}
}

// startOnce starts the program, and stops it if it did.
func startOnce(t *testing.T, env map[string]string) error {
	t.Helper()
	vars := map[string]string{"PORT": "0", "DATA_DIR": t.TempDir()}
	maps.Copy(vars, env)
	cfg, err := config.Load(t.Context(), config.Map(vars))
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), cfg, app.Options{Log: slog.New(slog.DiscardHandler), Version: "test"})
	if err == nil {
		a.Close()
	}
	return err
}

// asAdmin changes the schema as whoever owns the cluster may.
func asAdmin(t *testing.T, url, statement string) {
	t.Helper()
	c, err := pgx.Connect(context.WithoutCancel(t.Context()), dbtest.AdminURL(t, url))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	if _, err := c.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
