package privacy_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/db"
)

// Nothing that was the person's can be read after an erasure: neither in the bytes of SQLite's files, where deleted
// rows stand until they are overwritten, nor in a dump of every table of Postgres.
func TestErase_LeavesNothingReadableInTheFilesOrADump(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.busy(gus)
		w.signIn(ada) // and somebody who stays
		type row struct{ handle, name, avatar, xID string }
		x := must(db.ReadOne(t.Context(), w.d, db.System,
			func(r db.Rows, v *row) error { return r.Scan(&v.handle, &v.name, &v.avatar, &v.xID) },
			`SELECT handle, name, avatar_url, x_user_id FROM x_accounts WHERE user_id = $1`, p.UserID))(t)
		theirs := map[string]string{
			"handle": x.handle, "name": x.name, "picture": x.avatar, "address": gus + "@example.org", "waiting address": gus +
				"@waiting.example.org",
			"words of a post": "Quiet day number", "words of a dismissal": "a joke of " +
				gus, "webhook": "https://example.com/" + gus,
			"id at X": x.xID, "device": "Firefox of " + gus,
		}
		if before := w.dump(); !strings.Contains(before, x.handle) || !strings.Contains(before, gus+"@example.org") ||
			x.avatar == "" {
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

// Somebody who reads the database, such as a backup, keeps the write-ahead log from being emptied. The job then sleeps,
// which counts as no failed try, and ends once nobody reads.
func TestErase_WaitsUntilNobodyReadsWhatWasDeleted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		if w.d.Name() != "sqlite" {
			return // Postgres has no such file
		}
		p := w.busy(gus)
		w.ok(w.Erase(p.ctx, p.UserID, gus))
		other := must(sql.Open("sqlite", w.file()))(t)
		defer other.Close()
		reading := must(other.BeginTx(t.Context(), nil))(t)
		var users int
		w.ok(reading.QueryRowContext(t.Context(), `SELECT count(*) FROM users`).Scan(&users))
		for range 2 { // the second time, nothing but this step is left
			if _, sleeps := errors.AsType[*river.JobSnoozeError](w.FinishErase(t.Context(), p.UserID)); !sleeps {
				t.Error("the job ended while the deleted rows could still be read")
			}
		}
		if n := w.count(`SELECT count(*) FROM users`); n != 0 {
			t.Error("the user is still there")
		}
		if !strings.Contains(w.dump(), gus+"@example.org") {
			t.Fatal("nothing was left to read, so this shows nothing")
		}
		w.ok(reading.Rollback())
		w.ok(w.FinishErase(t.Context(), p.UserID))
		if strings.Contains(w.dump(), gus+"@example.org") {
			t.Error("the address can still be read")
		}
	})
}

// file is the path of the SQLite database.
func (w *world) file() string {
	w.t.Helper()
	return must(db.ReadOne(w.t.Context(), w.d, db.System, db.Value[string],
		`SELECT file FROM pragma_database_list WHERE name = 'main'`))(w.t)
}

// dump is everything that the database holds: the bytes of SQLite's files, or each row of each table of Postgres.
func (w *world) dump() string {
	w.t.Helper()
	if w.d.Name() == "sqlite" {
		file := w.file()
		var all bytes.Buffer
		for _, name := range []string{file, file + "-wal"} {
			all.Write(must(os.ReadFile(name))(w.t))
		}
		return all.String()
	}
	tables := must(db.Read(w.t.Context(), w.d, db.System, db.Value[string],
		`SELECT quote_ident(schemaname) || '.' || quote_ident(tablename)
		FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
			AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')`))(w.t)
	var all strings.Builder
	for _, name := range tables {
		rows := must(db.Read(w.t.Context(), w.d, db.System, db.Value[string],
			fmt.Sprintf(`SELECT CAST(t AS text) FROM %s t`, name)))(w.t)
		all.WriteString(strings.Join(rows, "\n"))
	}
	if len(tables) < 25 {
		w.t.Fatalf("the dump has only %d tables", len(tables))
	}
	return all.String()
}
