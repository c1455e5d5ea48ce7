package db_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// The owner of a schema lets the server's login use it, and no login that the policies would not bind.
func TestAdmit_LetsABoundLoginActInTheRolesAndRefusesOthers(t *testing.T) {
	t.Parallel()
	url := dbtest.AdminURL(t, dbtest.PostgresURL(t))
	admin, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close(context.Background()) })
	login := "admitted_" + strings.ReplaceAll(db.NewID(), "-", "")
	if _, err := admin.Exec(t.Context(), "CREATE ROLE "+login+" LOGIN NOINHERIT"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP ROLE "+login); err != nil {
			t.Error(err)
		}
	})
	owner, err := db.Open(t.Context(), db.Config{URL: url, AllowBypass: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { owner.Close() })

	err = owner.Admit(t.Context(), "nobody_of_this_name")
	if err == nil || !strings.Contains(err.Error(), "CREATE ROLE") {
		t.Errorf("a login that does not exist: got %v", err)
	}
	if err := owner.Admit(t.Context(), admin.Config().User); err == nil || !strings.Contains(err.Error(), "bypasses") {
		t.Errorf("a superuser: got %v", err)
	}
	for range 2 { // a job that is tried again does no harm
		if err := owner.Admit(t.Context(), login); err != nil {
			t.Fatal(err)
		}
	}
	var may bool
	q := `SELECT bool_and(pg_has_role($1, r, 'MEMBER'))
		FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'repazoo_user']) r`
	if err := admin.QueryRow(t.Context(), q, login).Scan(&may); err != nil || !may {
		t.Errorf("the login may act in the roles: %v, %v", may, err)
	}
}
