package audit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

type line struct{ user, actor, action, resource, ip, agent, request, detail string }

func lines(t *testing.T, d *db.DB, as db.Actor) []line {
	t.Helper()
	got, err := db.Read(t.Context(), d, as, func(r db.Rows, l *line) error {
		return r.Scan(&l.user, &l.actor, &l.action, &l.resource, &l.ip, &l.agent, &l.request, &l.detail)
	}, `SELECT COALESCE(CAST(user_id AS text), ''), actor, action, resource, ip, user_agent, request_id, CAST(detail AS
		text) FROM audit_log ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRecord_WritesTheLineWithItsOrigin(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user := db.NewID()
		ctx := audit.WithOrigin(t.Context(), audit.Origin{
			IP: "192.0.2.7", UserAgent: "curl", RequestID: "r-1",
			SessionID: "s",
		})
		err := d.InTx(ctx, db.User(user), func(ctx context.Context, tx db.Tx) error {
			audit.Record(ctx, tx, audit.Event{
				UserID: user, Actor: "user", Action: "session.revoked", Resource: "session:1",
				Detail: map[string]any{"n": 2},
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got := lines(t, d, db.System)
		if len(got) != 1 {
			t.Fatalf("%d lines", len(got))
		}
		got[0].detail = strings.ReplaceAll(got[0].detail, " ", "") // Postgres prints jsonb in its own way
		if want := (line{
			user, "user", "session.revoked", "session:1", "192.0.2.7", "curl", "r-1",
			`{"n":2}`,
		}); got[0] != want {
			t.Fatalf("got %+v, want %+v", got[0], want)
		}
	})
}

func TestRecord_VanishesWithItsTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		failed := errors.New("no")
		err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			audit.Record(ctx, tx, audit.Event{Actor: "system", Action: "never"})
			return failed
		})
		if !errors.Is(err, failed) || len(lines(t, d, db.System)) != 0 {
			t.Fatalf("got %v and %v", err, lines(t, d, db.System))
		}
	})
}

func TestRecord_KeepsTheLineWhenItsDetailIsNoJSON(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		audit.Record(ctx, tx, audit.Event{Actor: "system", Action: "odd", Detail: map[string]any{"f": func() {}}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(t, d, db.System); len(got) != 1 || got[0].detail != `{"unwritable":true}` {
		t.Fatalf("got %+v", got)
	}
}

func TestRecord_RefusesALineInAnotherUsersName(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t, dbtest.NewClock().Now)
	err := d.InTx(t.Context(), db.User(db.NewID()), func(ctx context.Context, tx db.Tx) error {
		audit.Record(ctx, tx, audit.Event{UserID: db.NewID(), Actor: "user", Action: "forged"})
		return nil
	})
	if err == nil || len(lines(t, d, db.System)) != 0 {
		t.Fatalf("got %v", err)
	}
}

func TestWithOrigin_MakesAnythingStorable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := string(rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "raw"))
		o := audit.OriginFrom(audit.WithOrigin(context.Background(),
			audit.Origin{IP: raw, UserAgent: raw, RequestID: raw, SessionID: raw}))
		for limit, s := range map[int]string{64: o.IP, 256: o.UserAgent, 128: o.RequestID} {
			if len(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Fatalf("%q is not storable within %d bytes", s, limit)
			}
		}
	})
}
