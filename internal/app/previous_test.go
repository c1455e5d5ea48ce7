package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
)

// While a new build migrates, processes of the release before go on serving on the same PostgreSQL. Whether its
// statements still work there is what this file asks, without building it: testdata/upgrade has them, as PostgreSQL
// logged them while that release's own tests ran. To record those of a release, check it out and run its tests on a
// server with log_statement=all and log_destination=jsonlog, and then, with its data set in testdata/upgrade,
//
//	go test ./internal/app -run TestUpgrade_TheReleaseBefore \
//		-record /path/to/postgresql.json -release /path/to/the/release

const releaseBefore = "0.1.0"

var (
	record  = flag.String("record", "", "a JSON log of PostgreSQL, of which the release's statements are written down")
	release = flag.String("release", "", "the release's source")
)

// TestUpgrade_TheReleaseBeforeGoesOnAfterTheMigrations prepares and plans each of the release's statements before and
// after, in each role: it must take and give the same types, and be allowed to the same roles. A column that is new in
// a table of the release may be left out by who does not know it, and no new rule may refuse what the release writes.
func TestUpgrade_TheReleaseBeforeGoesOnAfterTheMigrations(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "upgrade", releaseBefore+"-statements.json")
	dir, _ := unpackUpgrade(t, releaseBefore+"-postgres")
	url := fillPostgres(t, dir)
	conn, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	for _, set := range []string{"plan_cache_mode = force_generic_plan", "client_min_messages = error"} {
		query(t, conn, "SET "+set)
	}
	tables, rules := columns(t, conn), rulesOf(t, conn)
	if *record != "" {
		writeStatements(t, conn, file, slices.Collect(maps.Keys(tables)))
	}
	statements := readStatements(t, file)
	before := make([]string, len(statements))
	for i, s := range statements {
		if before[i], err = meaning(t.Context(), conn, s); err != nil {
			t.Fatalf("this is no statement of %s: %v\n%s", releaseBefore, err, s)
		}
	}

	cfg, err := config.Load(t.Context(), config.Map(map[string]string{"DATABASE_URL": url, "DATA_DIR": t.TempDir()}))
	if err != nil {
		t.Fatal(err)
	}
	steps, err := app.Migrate(t.Context(), cfg, "")
	if err != nil || steps == 0 {
		t.Fatalf("%d steps, %v", steps, err)
	}
	for i, s := range statements {
		after, err := meaning(t.Context(), conn, s)
		if err != nil {
			t.Errorf("%s can no longer ask: %v\n%s", releaseBefore, err, s)
		} else if after != before[i] {
			t.Errorf("to %s this meant %s, and now means %s:\n%s", releaseBefore, before[i], after, s)
		}
	}
	for table, now := range columns(t, conn) {
		for column, needed := range now {
			if then, ok := tables[table]; ok && needed && !then[column] {
				t.Errorf("%s.%s has no default and may not be null, and %s does not write it", table, column, releaseBefore)
			}
		}
	}
	for rule, table := range rulesOf(t, conn) {
		if _, ok := tables[table]; ok && rules[rule] == "" && !fitting[rule] {
			t.Errorf("new for what %s writes to %s: %q; if all that it writes is allowed by it, add it to fitting",
				releaseBefore, table, rule)
		}
	}
	t.Logf("%d statements of %s, %d steps", len(statements), releaseBefore, steps)
}

func query(t *testing.T, conn *pgconn.PgConn, sql string) [][]string {
	t.Helper()
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, r := range results {
		for _, row := range r.Rows {
			texts := make([]string, len(row))
			for i, v := range row {
				texts[i] = string(v)
			}
			rows = append(rows, texts)
		}
	}
	return rows
}

// columns are those of each table, and whether whoever inserts has to give them.
func columns(t *testing.T, conn *pgconn.PgConn) map[string]map[string]bool {
	t.Helper()
	tables := map[string]map[string]bool{}
	for _, c := range query(t, conn, `SELECT table_name, column_name,
		is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'
		FROM information_schema.columns WHERE table_schema = 'public'`) {
		if tables[c[0]] == nil {
			tables[c[0]] = map[string]bool{}
		}
		tables[c[0]][c[1]] = c[2] == "t"
	}
	return tables
}

// fitting are rules that are new since the release for a table that it has, and that refuse nothing that it writes.
var fitting = map[string]bool{
	"oauth_states: FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE": true, // which it leaves null
}

// rulesOf are the constraints, unique indexes and triggers that may refuse what is written, with their tables. River's
// own are River's to think of.
func rulesOf(t *testing.T, conn *pgconn.PgConn) map[string]string {
	t.Helper()
	rules := map[string]string{}
	for _, r := range query(t, conn, `SELECT relname || ': ' || rule, relname FROM (
			SELECT conrelid AS at, pg_get_constraintdef(oid) AS rule FROM pg_constraint
			UNION ALL SELECT tgrelid, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
			UNION ALL SELECT indrelid, pg_get_indexdef(indexrelid) FROM pg_index WHERE indisunique
		) AS r JOIN pg_class ON pg_class.oid = at
		WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'river\_%'`) {
		rules[r[0]] = r[1]
	}
	return rules
}

// meaning is what a statement takes and gives and who may ask it, after PostgreSQL has planned it for them. An error is
// that of the last role, when none may.
func meaning(ctx context.Context, conn *pgconn.PgConn, sql string) (string, error) {
	description, err := conn.Prepare(ctx, "s", sql, nil)
	if err != nil {
		return "", err
	}
	explain := "EXPLAIN (COSTS OFF) EXECUTE s"
	if n := len(description.ParamOIDs); n > 0 {
		explain += "(" + strings.TrimSuffix(strings.Repeat("NULL, ", n), ", ") + ")"
	}
	var roles []string
	var refused error
	for _, role := range []string{"repazoo_user", "service_role"} {
		if err := execute(ctx, conn, "SET ROLE "+role); err != nil {
			return "", err
		}
		if err := execute(ctx, conn, explain); err != nil {
			refused = err
		} else {
			roles = append(roles, role)
		}
	}
	if err := execute(ctx, conn, "RESET ROLE; DEALLOCATE s"); err != nil {
		return "", err
	}
	if len(roles) == 0 {
		return "", refused
	}
	fields := make([]string, len(description.Fields))
	for i, f := range description.Fields {
		fields[i] = fmt.Sprintf("%s %d", f.Name, f.DataTypeOID)
	}
	return fmt.Sprintf("%v to %v for %v", description.ParamOIDs, fields, roles), nil
}

func execute(ctx context.Context, conn *pgconn.PgConn, sql string) error {
	_, err := conn.Exec(ctx, sql).ReadAll()
	return err
}

func readStatements(t *testing.T, file string) (statements []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &statements)
	}
	if err != nil || len(statements) < 100 {
		t.Fatalf("%d statements, %v", len(statements), err)
	}
	return statements
}

var (
	logged = regexp.MustCompile(`(?s)^(?:execute [^:]*|statement): (.*)$`)
	asks   = regexp.MustCompile(`(?is)^(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b`)
)

// writeStatements takes from the log what asks for a table of the release and is understood by its schema. Without
// parameters it must stand in the release's source: the others are those of a test.
func writeStatements(t *testing.T, conn *pgconn.PgConn, file string, tables []string) {
	t.Helper()
	log, err := os.Open(*record)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	ours := regexp.MustCompile(`\b(?:` + strings.Join(tables, "|") + `)\b`)
	source := sourceOf(t, *release)
	seen := map[string]bool{}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var line struct{ Message string }
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		m := logged.FindStringSubmatch(line.Message)
		if m == nil || seen[m[1]] || !asks.MatchString(m[1]) || !ours.MatchString(m[1]) {
			continue
		}
		if !strings.Contains(m[1], "$1") && !strings.Contains(source, squeeze(m[1])) {
			continue
		}
		_, err := meaning(t.Context(), conn, m[1])
		seen[m[1]] = err == nil
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(seen, func(_ string, keep bool) bool { return !keep })
	text, err := json.MarshalIndent(slices.Sorted(maps.Keys(seen)), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

// squeeze makes the white space of a statement single blanks.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// sourceOf is the source of a program, without its tests and with single blanks.
func sourceOf(t *testing.T, dir string) string {
	t.Helper()
	all := &strings.Builder{}
	err := filepath.WalkDir(filepath.Join(dir, "internal"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") ||
			strings.Contains(path, "dbtest") {
			return err
		}
		text, err := os.ReadFile(path)
		all.WriteString(squeeze(string(text)) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
