package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
)

func record(t testing.TB, d *db.DB, events ...audit.Event) {
	t.Helper()
	for _, e := range events {
		ctx := audit.WithOrigin(t.Context(), audit.Origin{IP: "192.0.2.7", UserAgent: "curl", RequestID: "r-1"})
		err := d.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
			audit.Record(ctx, tx, e)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func actions(p audit.Page) []string {
	all := []string{}
	for _, l := range p.Lines {
		all = append(all, string(l.Action))
	}
	return all
}

func TestOf_ShowsTheirOwnLinesNewestFirst(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann, bob := db.NewID(), db.NewID()
		record(t, d, audit.Event{UserID: ann, Actor: "user", Action: "session.started"},
			audit.Event{UserID: bob, Actor: "user", Action: "session.revoked"},
			audit.Event{Actor: "system", Action: "stripe.polled"},
			audit.Event{UserID: ann, Actor: "operator", Action: "user.role_set", Resource: "user:" +
				ann, Detail: map[string]any{"role": "admin"}})
		p, err := audit.NewLog(d).Of(t.Context(), ann, audit.Filter{UserID: bob})
		if err != nil || !slices.Equal(actions(p), []string{"user.role_set", "session.started"}) || p.Total != 2 ||
			p.Next != "" {
			t.Fatalf("got %+v, %v", p, err)
		}
		if l := p.Lines[0]; l.Actor != "operator" || l.Resource != "user:"+ann || l.Detail["role"] != "admin" ||
			l.IP != "" || l.Agent != "" || l.Request != "r-1" || l.At.IsZero() {
			t.Errorf("the operator's line is %+v", l)
		}
		if l := p.Lines[1]; l.IP != "192.0.2.7" || l.Agent != "curl" || l.Detail == nil || len(l.Detail) != 0 {
			t.Errorf("their own line is %+v", l)
		}
	})
}

func TestAll_ShowsEverybodysAndLeavesALineThatThePersonSees(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann, bob, admin := db.NewID(), db.NewID(), db.NewID()
		record(t, d, audit.Event{UserID: ann, Actor: "user", Action: "session.started"},
			audit.Event{UserID: bob, Actor: "user", Action: "session.started"})
		l := audit.NewLog(d)
		if p, err := l.All(t.Context(), admin, audit.Filter{}); err != nil || p.Total != 2 || p.Lines[0].UserID != bob ||
			p.Lines[1].IP != "192.0.2.7" {
			t.Fatalf("got %+v, %v", p, err)
		}
		if p, err := l.All(t.Context(), admin, audit.Filter{UserID: ann}); err != nil || p.Total != 1 ||
			p.Lines[0].UserID != ann {
			t.Fatalf("got %+v, %v", p, err)
		}
		p, err := l.Of(t.Context(), ann, audit.Filter{Action: "audit"})
		if err != nil || len(p.Lines) != 1 || p.Lines[0].Actor != "admin" || p.Lines[0].Detail["admin"] != admin {
			t.Fatalf("ann does not see that her lines were read: %+v, %v", p, err)
		}
		if p, err := l.All(t.Context(), admin, audit.Filter{Action: "audit.read"}); err != nil || p.Total != 2 {
			t.Fatalf("got %+v, %v", p, err)
		}
	})
}

func TestOf_FiltersByActionAndTime(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{
		"sqlite":   dbtest.SQLite,
		"postgres": dbtest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := dbtest.NewClock()
			d, ann := open(t, clock.Now), db.NewID()
			record(t, d, audit.Event{UserID: ann, Actor: "user", Action: "session.started"})
			clock.Advance(time.Hour)
			noon := clock.Now()
			record(t, d, audit.Event{UserID: ann, Actor: "user", Action: "sessions.revoked"},
				audit.Event{UserID: ann, Actor: "user", Action: "session.revoked"})
			for _, c := range []struct {
				f    audit.Filter
				want []string
			}{
				{audit.Filter{Action: "session.revoked"}, []string{"session.revoked"}},
				{audit.Filter{Action: "session"}, []string{"session.revoked", "session.started"}},
				{audit.Filter{Action: "sessio"}, []string{}},
				{audit.Filter{From: noon}, []string{"session.revoked", "sessions.revoked"}},
				{audit.Filter{To: noon}, []string{"session.started"}},
				{audit.Filter{Action: "session", From: noon}, []string{"session.revoked"}},
			} {
				p, err := audit.NewLog(d).Of(t.Context(), ann, c.f)
				if err != nil || !slices.Equal(actions(p), c.want) || p.Total != len(c.want) {
					t.Errorf("%+v: got %v of %d, %v; want %v", c.f, actions(p), p.Total, err, c.want)
				}
			}
		})
	}
}

// Whatever the size of the pages, they hold each line once, in order, also those of one instant.
func TestOf_PagesHoldEveryLineOnce(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	d := dbtest.SQLite(t, func() time.Time { return at })
	ann := db.NewID()
	var want []string
	for i := range 25 {
		at = at.Add(time.Duration(i%3/2) * time.Microsecond)
		record(t, d, audit.Event{UserID: ann, Actor: "user", Action: "a", Resource: fmt.Sprint(i)})
		want = append(want, fmt.Sprint(i))
	}
	slices.Reverse(want)
	rapid.Check(t, func(rt *rapid.T) {
		f := audit.Filter{Limit: rapid.IntRange(1, 30).Draw(rt, "limit")}
		var got []string
		for {
			p, err := audit.NewLog(d).Of(t.Context(), ann, f)
			if err != nil || p.Total != 25 || len(p.Lines) > f.Limit {
				rt.Fatal(p, err)
			}
			for _, l := range p.Lines {
				got = append(got, l.Resource)
			}
			if f.Cursor = p.Next; f.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("got %v", got)
		}
	})
}

func TestOf_RefusesFiltersThatAreNone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, f := range []audit.Filter{
			{Action: "%"},
			{Action: "a.b.c"},
			{Action: "A"},
			{Action: strings.Repeat("a", 41)},
			{Cursor: "?"},
			{Cursor: "AAAA"},
			{Cursor: "MjAyNi0xMS0yM1QwMDowMDowMFogeA"}, // a time, and no id
		} {
			if _, err := audit.NewLog(d).Of(t.Context(), db.NewID(), f); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%+v: got %v", f, err)
			}
		}
	})
}

func FuzzCursor_OnlyReadsOrRefuses(f *testing.F) {
	d := dbtest.SQLite(f, dbtest.NewClock().Now)
	user := db.NewID()
	record(f, d, audit.Event{UserID: user, Actor: "user", Action: "a"},
		audit.Event{UserID: user, Actor: "user", Action: "b"})
	p, err := audit.NewLog(d).Of(f.Context(), user, audit.Filter{Limit: 1})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{p.Next, "", "AAAA", "MjAyNi0xMS0yM1QwMDowMDowMFogeA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := audit.NewLog(d).Of(t.Context(), user, audit.Filter{Cursor: cursor})
		if err != nil && !errors.Is(err, fault.ValidationFailed) || err == nil && p.Total != 2 {
			t.Fatalf("got %+v, %v", p, err)
		}
	})
}
