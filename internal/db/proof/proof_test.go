package proof_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/db/proof"
)

func of(t *testing.T, d *db.DB) *proof.Proof {
	t.Helper()
	p, err := proof.Of(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The one test of every table, role and verb: the schema as it is has no fault.
func TestSchema_HoldsOnBothDatabases(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := of(t, d)
		if len(p.Tables) < 15 || len(p.Holds) == 0 {
			t.Fatalf("only %d tables were found", len(p.Tables))
		}
		for _, fault := range p.Faults {
			t.Error(fault)
		}
	})
}

func TestWrite_PrintsTheMatrix(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t, time.Now)
	var b strings.Builder
	if err := of(t, d).Write(&b); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for line := range strings.Lines(b.String()) {
		words := strings.Fields(line)
		if len(words) > 1 {
			got[words[0]] = strings.Join(words[1:], " ")
		}
	}
	for table, want := range map[string]string{
		"audit_log":           "forced - read own read add own read add change all",
		"oauth_states":        "forced - - - read add change delete all",
		"refresh_tokens":      "forced - - - read add change delete all",
		"river_job":           "(queue) - - - read add change delete all",
		"email_confirmations": "forced - - - read add change delete all",
		"seal_keys":           "forced - - - read add change delete all",
		"job_workers":         "forced - - - read add change delete all",
		"subscriptions":       "forced - read own read own read add change delete all",
		"webhook_endpoints":   "forced - read own read own read add change delete all",
		"notices":             "forced - read own read add change own read add change delete all",
		"schedules":           "forced - read own read own read add change delete all",
		"shares":              "forced - - read own read add change delete all",
		"notice_mutes":        "forced - read own read own read add change delete all",
		"users":               "forced - read own read change own read add change delete all",
	} {
		if got[table] != want {
			t.Errorf("%s: %q, want %q", table, got[table], want)
		}
	}
}

// Each is a mistake somebody could make in a migration, and the sentence it gets. They are
// made on different tables, so that none gets the sentence of another.
func TestOf_NamesEveryMistake(t *testing.T) {
	t.Parallel()
	url := dbtest.PostgresURL(t)
	super := connect(t, dbtest.AdminURL(t, url))
	exec(t, super, `CREATE FUNCTION whose() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'`)
	mistakes := map[string]string{
		`CREATE TABLE forgotten (id uuid)`: "forgotten: row-level security is " +
			"not forced",
		`CREATE TABLE closed (id uuid)`: "closed: service_role cannot read it",
		`ALTER TABLE posts NO FORCE ROW LEVEL SECURITY`: "posts: row-level security is not " +
			"forced",
		`ALTER TABLE archives DISABLE ROW LEVEL SECURITY`: "archives: repazoo_user may read " +
			"all rows",
		`DROP POLICY service ON reports`:                                             "reports: service_role cannot read it",
		`GRANT SELECT ON consents TO anon; CREATE POLICY o ON consents USING (true)`: "consents: anon may read all rows",
		`GRANT UPDATE (role) ON users TO authenticated`: "users: authenticated may change " +
			"own rows",
		`GRANT INSERT ON subscriptions TO PUBLIC`: "subscriptions: authenticated may " +
			"add own rows",
		`CREATE POLICY m ON analyses TO authenticated USING (created_at > now())`: "analyses: authenticated may read " +
			"all rows",
		`ALTER POLICY own ON idempotency_keys WITH CHECK (true)`: "idempotency_keys: repazoo_user may " +
			"add all rows",
		`ALTER POLICY own ON dismissals USING (whose() = user_id)`: "dismissals: repazoo_user may " +
			"change all rows",
		`GRANT SELECT (tokens) ON x_accounts TO authenticated`: "x_accounts.tokens: authenticated " +
			"may read this column",
		`GRANT SELECT ON river_job TO repazoo_user`: "river_job: repazoo_user may read " +
			"all rows",
		`GRANT UPDATE (detail) ON audit_log TO service_role`: "audit_log: service_role may change " +
			"detail",
		`GRANT DELETE ON audit_log TO service_role`: "audit_log: service_role may delete " +
			"lines",
		`DROP TRIGGER audit_log_keeps_all ON audit_log`: "audit_log: no trigger refuses " +
			"TRUNCATE",
		`ALTER TABLE audit_log DISABLE TRIGGER audit_log_keeps`:  "audit_log: no trigger refuses DELETE",
		`CREATE VIEW everyone AS SELECT * FROM users`:            "everyone: a view that does not ask",
		`CREATE MATERIALIZED VIEW copied AS SELECT * FROM users`: "copied: a view that does not ask",
		`CREATE FUNCTION raised() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; REVOKE ALL ON FUNCTION raised()
			FROM PUBLIC`: "raised(): a function without a search_path",
		`CREATE FUNCTION loose() RETURNS int LANGUAGE plpgsql AS
			'BEGIN RETURN 1; END'`: "loose(): a function without a search_path",
		`CREATE FUNCTION public_one() RETURNS int LANGUAGE sql AS
			'SELECT 1'`: "public_one(): PUBLIC may run this function",
	}
	for mistake := range mistakes {
		exec(t, super, mistake)
	}
	faults := of(t, open(t, db.Config{URL: url})).Faults
	for mistake, want := range mistakes {
		if !slices.ContainsFunc(faults, func(f string) bool { return strings.HasPrefix(f, want) }) {
			t.Errorf("%s: no fault begins %q", mistake, want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(faults, "\n"))
	}
}

func TestOf_NamesALoginThatBypassesPolicies(t *testing.T) {
	t.Parallel()
	p := of(t, open(t, db.Config{URL: dbtest.AdminURL(t, dbtest.PostgresURL(t)), AllowBypass: true}))
	if len(p.Faults) != 1 || !strings.HasPrefix(p.Faults[0], "the login ") {
		t.Fatalf("got %q", p.Faults)
	}
}

func TestOf_NamesWhatIsOffInSQLite(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/off.db"
	d := open(t, db.Config{Path: path})
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, q := range []string{
		`CREATE TABLE loose (id TEXT)`, `DROP TRIGGER audit_log_keeps_delete`,
		`INSERT INTO dismissals (user_id, finding_id, why, created_at) VALUES ('nobody', '', '', '')`,
	} {
		if _, err := raw.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"audit_log: no trigger refuses DELETE", "dismissals: rows refer to rows that do not exist",
		"loose: the table is not STRICT",
	}
	if diff := cmp.Diff(want, of(t, d).Faults); diff != "" {
		t.Error(diff)
	}
}

func open(t *testing.T, c db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func exec(t *testing.T, c *pgx.Conn, query string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}
