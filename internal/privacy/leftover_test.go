package privacy_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
)

// Nothing that was the person's can be read after an erasure: neither in the bytes of SQLite's files, where deleted rows
// stand until they are overwritten, nor in a dump of every table of Postgres.
func TestErase_LeavesNothingReadableInTheFilesOrADump(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.busy(gus)
		w.signIn(ada) // and somebody who stays
		type row struct{ handle, name, avatar, xID string }
		x := must(db.ReadOne(t.Context(), w.d, db.System, func(r db.Rows, v *row) error { return r.Scan(&v.handle, &v.name, &v.avatar, &v.xID) },
			`SELECT handle, name, avatar_url, x_user_id FROM x_accounts WHERE user_id = $1`, p.UserID))(t)
		theirs := map[string]string{
			"handle": x.handle, "name": x.name, "picture": x.avatar, "address": gus + "@example.org", "waiting address": gus + "@waiting.example.org",
			"words of a post": "Quiet day number", "words of a dismissal": "a joke of " + gus, "webhook": "https://example.com/" + gus,
			"id at X": x.xID, "device": "Firefox of " + gus,
		}
		if before := w.dump(); !strings.Contains(before, x.handle) || !strings.Contains(before, gus+"@example.org") || x.avatar == "" {
			t.Fatal("the dump does not show what there is")
		}
		w.ok(w.Erase(p.ctx, p.UserID, gus))
		w.ok(w.FinishErase(t.Context(), p.UserID))
		after := w.dump()
		for what, text := range theirs {
			if at := strings.Index(after, text); at >= 0 {
				t.Errorf("the %s can still be read: %q", what, after[max(0, at-80):min(len(after), at+80)])
			}
		}
		if !strings.Contains(after, ada) {
			t.Error("somebody else's is gone, too")
		}
	})
}

// dump is everything that the database holds: the bytes of SQLite's files, or each row of each table of Postgres.
func (w *world) dump() string {
	w.t.Helper()
	if w.d.Name() == "sqlite" {
		file := must(db.ReadOne(w.t.Context(), w.d, db.System, db.Value[string], `SELECT file FROM pragma_database_list WHERE name = 'main'`))(w.t)
		var all bytes.Buffer
		for _, name := range []string{file, file + "-wal"} {
			all.Write(must(os.ReadFile(name))(w.t))
		}
		return all.String()
	}
	tables := must(db.Read(w.t.Context(), w.d, db.System, db.Value[string], `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename)
		FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')`))(w.t)
	var all strings.Builder
	for _, name := range tables {
		rows := must(db.Read(w.t.Context(), w.d, db.System, db.Value[string], fmt.Sprintf(`SELECT CAST(t AS text) FROM %s t`, name)))(w.t)
		all.WriteString(strings.Join(rows, "\n"))
	}
	if len(tables) < 25 {
		w.t.Fatalf("the dump has only %d tables", len(tables))
	}
	return all.String()
}
