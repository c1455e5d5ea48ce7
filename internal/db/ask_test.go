package db_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

var errShut, errRead = errors.New("shut"), errors.New("not read")

// before is the question of a gate, which is refused unless its row says "open".
func before(state string) db.Question {
	return db.Question{Query: `SELECT CAST($1 AS text)`, Args: []any{state}, Read: func(r db.Rows) error {
		var got string
		if !r.Next() {
			return errShut
		}
		if err := r.Scan(&got); err != nil || got != "open" {
			return errors.Join(errShut, err)
		}
		return nil
	}}
}

// The names of users, and whether they were read.
func asking(names *[]string, read *bool) db.Question {
	q := db.Every(db.Value[string], names, `SELECT name FROM users ORDER BY name`)
	return db.Question{Query: q.Query, Read: func(r db.Rows) error {
		*read = true
		return q.Read(r)
	}}
}

func TestAsk_AnswersEachQuestionInItsTurn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann, _ := addUser(t, d, "ann"), addUser(t, d, "bob")
		var all, none []string
		var one string
		var found, missing bool
		err := d.Ask(t.Context(), db.User(ann),
			db.Every(db.Value[string], &all, `SELECT name FROM users WHERE id = $1`, ann),
			db.Maybe(db.Value[string], &one, &found, `SELECT name FROM users WHERE id = $1`, ann),
			db.Maybe(db.Value[string], &one, &missing, `SELECT name FROM users WHERE id = $1`, db.NewID()),
			db.Every(db.Value[string], &none, `SELECT name FROM users WHERE id = $1`, db.NewID()))
		if err != nil || !slices.Equal(all, []string{"ann"}) || one != "ann" || !found || missing || len(none) != 0 {
			t.Errorf("got %v, %q (%v), %v, %v; %v", all, one, found, missing, none, err)
		}
	})
}

func TestGate_NothingIsReadOrWrittenUnlessItLetsThrough(t *testing.T) {
	t.Parallel()
	type ask = func(context.Context, db.Question) error
	gates := map[string]struct {
		gate db.Gate
		open bool
	}{
		"lets through":      {func(context.Context, ask) error { return nil }, true},
		"refuses":           {func(context.Context, ask) error { return errShut }, false},
		"asks, and it may":  {func(ctx context.Context, a ask) error { return a(ctx, before("open")) }, true},
		"asks, and may not": {func(ctx context.Context, a ask) error { return a(ctx, before("shut")) }, false},
		"asks twice, the second time it may": {func(ctx context.Context, a ask) error {
			_ = a(ctx, before("shut"))
			return a(ctx, before("open"))
		}, true},
		"asks twice, the first time it may": {func(ctx context.Context, a ask) error {
			return errors.Join(a(ctx, before("open")), a(ctx, before("shut")))
		}, false},
		"asks, may, and refuses": {func(ctx context.Context, a ask) error {
			return errors.Join(a(ctx, before("open")), errShut)
		}, false},
		"asks what fails": {func(ctx context.Context, a ask) error {
			err := a(ctx, db.Question{Query: `SELECT nothing FROM nowhere`, Read: before("open").Read})
			if err == nil {
				return nil
			}
			return errShut
		}, false},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann := addUser(t, d, "ann")
		for name, c := range gates {
			ctx := db.WithGate(t.Context(), c.gate)
			got, err := db.Read(ctx, d, db.User(ann), db.Value[string], `SELECT name FROM users WHERE id = $1`, ann)
			if c.open && (err != nil || !slices.Equal(got, []string{"ann"})) {
				t.Errorf("%s: read %v, %v", name, got, err)
			}
			if !c.open && (!errors.Is(err, errShut) || got != nil) {
				t.Errorf("%s: read %v although it is shut: %v", name, got, err)
			}
			begun := false
			err = d.InTx(ctx, db.User(ann), func(context.Context, db.Tx) error {
				begun = true
				return nil
			})
			if begun != c.open || errors.Is(err, errShut) == c.open {
				t.Errorf("%s: a transaction began: %v, %v", name, begun, err)
			}
		}
	})
}

// What waits behind a gate is not even looked at when the gate's own question refuses; and when it fails itself, that
// is told of the read and not of the gate.
func TestGate_TellsItsOwnErrorFromTheReads(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		addUser(t, d, "ann")
		for state, open := range map[string]bool{"open": true, "shut": false} {
			var told error
			ctx := db.WithGate(t.Context(), func(ctx context.Context, ask func(context.Context, db.Question) error) error {
				told = ask(ctx, before(state))
				return told
			})
			var names []string
			var read bool
			err := d.Ask(ctx, db.System, asking(&names, &read))
			if read != open || (told == nil) != open || (err == nil) != open {
				t.Errorf("%s: read %v; the gate heard %v, the reader %v", state, read, told, err)
			}
			fails := db.Question{Query: `SELECT name FROM users`, Read: func(db.Rows) error { return errRead }}
			err = d.Ask(ctx, db.System, fails)
			if (told == nil) != open || errors.Is(err, errRead) != open || errors.Is(err, errShut) == open {
				t.Errorf("%s, with a read that fails: the gate heard %v, the reader %v", state, told, err)
			}
		}
	})
}

// What a gate asks in the context that it is given passes no gate, or it would wait for itself.
func TestGate_MayReadItself(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		addUser(t, d, "ann")
		ctx := db.WithGate(t.Context(), func(ctx context.Context, _ func(context.Context, db.Question) error) error {
			_, err := db.Read(ctx, d, db.System, db.Value[string], `SELECT name FROM users`)
			return err
		})
		if got, err := db.Read(ctx, d, db.System, db.Value[string], `SELECT name FROM users`); err != nil || len(got) != 1 {
			t.Errorf("got %v, %v", got, err)
		}
	})
}
