package dbtest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/db"
)

// watched are the tables that kept answers are made of, the column that tells whose a row is, and the columns that no
// such answer shows. A column that is added later is watched until it is named here.
var watched = []struct {
	table, user string
	unseen      []string
}{
	{"users", "id", []string{"updated_at"}},
	{"x_accounts", "user_id", []string{
		"tokens", "token_expires_at", "refreshing_until", "last_sync_at", "post_count", "counted_at", "updated_at",
	}},
	{"subscriptions", "user_id", []string{"changing_until"}},
	{"quota_periods", "user_id", nil},
	{"notices", "user_id", []string{"mailed_at"}},
}

// pgTriggers note in a setting of the transaction whose rows it writes: nothing is left behind, and every role may.
func pgTriggers() []string {
	all := []string{
		`CREATE SCHEMA touched`,
		`GRANT USAGE ON SCHEMA touched TO PUBLIC`,
		`CREATE FUNCTION touched.note() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
			DECLARE
				before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - TG_ARGV[1]::text[] END;
				after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - TG_ARGV[1]::text[] END;
				whose text := COALESCE(after, before) ->> TG_ARGV[0];
				known text := COALESCE(current_setting('touched.users', true), '');
			BEGIN
				IF before IS DISTINCT FROM after AND position(whose IN known) = 0 THEN
					PERFORM set_config('touched.users', known || whose || ' ', true);
				END IF;
				RETURN NULL;
			END $$`,
	}
	for _, w := range watched {
		all = append(all, fmt.Sprintf(`CREATE TRIGGER touched AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW
			EXECUTE FUNCTION touched.note('%s', '{%s}')`, w.table, w.user, strings.Join(w.unseen, ",")))
	}
	return all
}

// liteTriggers note it in a table that each transaction empties.
func liteTriggers(columns func(table string) ([]string, error)) (all []string, err error) {
	all = []string{`CREATE TABLE touched (user TEXT PRIMARY KEY) STRICT`}
	for _, w := range watched {
		names, err := columns(w.table)
		if err != nil {
			return nil, err
		}
		var differs []string
		for _, name := range names {
			if !slices.Contains(w.unseen, name) {
				differs = append(differs, "old."+name+" IS NOT new."+name)
			}
		}
		for event, row := range map[string]string{"INSERT": "new", "UPDATE": "new", "DELETE": "old"} {
			when := ""
			if event == "UPDATE" {
				when = "WHEN " + strings.Join(differs, " OR ")
			}
			all = append(all, fmt.Sprintf(`CREATE TRIGGER touched_%[1]s_%[2]s AFTER %[2]s ON %[1]s %[3]s
				BEGIN INSERT INTO touched (user) VALUES (%[4]s.%[5]s) ON CONFLICT DO NOTHING; END`,
				w.table, event, when, row, w.user))
		}
	}
	return all, nil
}

// watch puts the triggers into a template.
func watch(ctx context.Context, url string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	return run(ctx, c, pgTriggers()...)
}

// watchFile does so in a file of SQLite.
func watchFile(ctx context.Context, path string) error {
	d, err := db.Open(ctx, db.Config{Path: path})
	if err != nil {
		return err
	}
	defer d.Close()
	return d.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		all, err := liteTriggers(func(table string) ([]string, error) {
			return db.All(ctx, tx, db.Value[string], `SELECT name FROM pragma_table_info($1)`, table)
		})
		for _, statement := range all {
			tx.Later(statement)
		}
		return err
	})
}

// Compare makes every transaction of d fail that changes what kept answers show of a user whom it does not name.
// What a test writes itself, in a file of tests, need not name anybody.
//
// In a file of SQLite the triggers' notes outlive a transaction that nobody compares, such as that of a command beside
// the server: then the next one of d cannot be told from it, and is let pass.
func Compare(d *db.DB) {
	var others atomic.Int64 // SQLite's count of what other connections have committed, one more than it says; 0: not known
	d.BeforeCommit(func(ctx context.Context, tx db.Tx, named []string) error {
		written, err := Written(ctx, d, tx)
		if err != nil || byTest() {
			return err
		}
		if d.Name() != "postgres" {
			n, err := db.One(ctx, tx, db.Value[int64], `SELECT data_version + 1 FROM pragma_data_version`)
			if was := others.Swap(n); err != nil || was != 0 && was != n {
				return err
			}
		}
		for _, user := range written {
			if !slices.Contains(named, user) {
				return fmt.Errorf("dbtest: this transaction writes what is kept of user %s, and does not Touch them", user)
			}
		}
		return nil
	})
}

// Written lists the users whose rows the transaction has written.
func Written(ctx context.Context, d *db.DB, tx db.Tx) ([]string, error) {
	if d.Name() == "postgres" {
		all, err := db.One(ctx, tx, db.Value[string], `SELECT COALESCE(current_setting('touched.users', true), '')`)
		return strings.Fields(all), err
	}
	n, err := db.One(ctx, tx, db.Value[int],
		`SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'touched'`)
	if err != nil || n == 0 { // a file that no template was made for
		return nil, err
	}
	return db.All(ctx, tx, db.Value[string], `DELETE FROM touched RETURNING user`)
}

// byTest tells whether a test called InTx itself, rather than the program.
func byTest() bool {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	begun := false
	for {
		f, more := frames.Next()
		switch inTx := strings.HasSuffix(f.Function, "db.(*DB).InTx"); {
		case inTx:
			begun = true
		case begun:
			return strings.HasSuffix(f.File, "_test.go")
		}
		if !more {
			return false
		}
	}
}
