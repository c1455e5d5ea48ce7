package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// marks remembers who was marked, and what the database showed to others at that moment.
type marks struct {
	mu   sync.Mutex
	all  []string
	fail error
	seen func() string
}

func (m *marks) mark(_ context.Context, users []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	line := strings.Join(users, "+")
	if m.seen != nil {
		line += " " + m.seen()
	}
	m.all = append(m.all, line)
	return m.fail
}

func (m *marks) taken() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := strings.Join(m.all, ", ")
	m.all = nil
	return all
}

// rename changes a name in a transaction that does also something else.
func rename(d *db.DB, ctx context.Context, user, name string, also func(tx db.Tx)) error {
	return d.InTx(ctx, db.User(user), func(ctx context.Context, tx db.Tx) error {
		tx.Touch(user)
		_, err := tx.Exec(ctx, `UPDATE users SET name = $2 WHERE id = $1`, user, name)
		if also != nil {
			also(tx)
		}
		return err
	})
}

func TestInTx_MarksBeforeItCommits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann := addUser(t, d, "ann")
		m := &marks{seen: func() string {
			name, err := db.ReadOne(t.Context(), d, db.System, db.Value[string], `SELECT name FROM users WHERE id = $1`, ann)
			if err != nil {
				return err.Error()
			}
			return name
		}}
		d.MarkWith(m.mark)
		if err := rename(d, t.Context(), ann, "anna", nil); err != nil {
			t.Fatal(err)
		}
		if got := m.taken(); got != ann+" ann" {
			t.Errorf("marked: %s", got)
		}
	})
}

func TestInTx_MarksAgainWhenTheCommitCameLateOrTheMarkFailed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann := addUser(t, d, "ann")
		m, now := &marks{}, time.Now()
		d.MarkWith(m.mark)
		d.BeforeCommit(nil) // it would send what waits for the commit
		late := func(by time.Duration) func(tx db.Tx) {
			return func(tx db.Tx) { // runs as the commit is sent, after the mark
				tx.Ask(func(db.Rows) error { now = now.Add(by); return nil }, `SELECT 1`)
			}
		}
		db.SetEven(d, func() time.Time { return now })
		for name, c := range map[string]struct {
			late time.Duration
			own  time.Duration // ago; 0: the request has not marked
			user string        // whose mark the request's was
			fail error
			want int
		}{
			"in time":                           {late: 499 * time.Millisecond, want: 1},
			"late":                              {late: 500 * time.Millisecond, want: 2},
			"the mark failed":                   {fail: errors.New("away"), want: 2},
			"the request has marked":            {own: time.Millisecond, user: ann, want: 0},
			"it did, and the commit is late":    {own: 249 * time.Millisecond, late: 251 * time.Millisecond, user: ann, want: 1},
			"it did, too long ago":              {own: 250 * time.Millisecond, user: ann, want: 1},
			"it did, for somebody else":         {own: time.Millisecond, user: "bob", want: 1},
			"it did long ago, commit is late":   {own: time.Second, late: time.Second, user: ann, want: 2},
			"it did, commit is hopelessly late": {own: time.Millisecond, late: time.Hour, user: ann, want: 1},
		} {
			ctx := t.Context()
			if c.own > 0 {
				ctx = db.WithMark(ctx, c.user, now.Add(-c.own))
			}
			m.fail = c.fail
			if err := rename(d, ctx, ann, name, late(c.late)); err != nil {
				t.Fatal(err)
			}
			if got := m.taken(); got != strings.TrimSuffix(strings.Repeat(ann+", ", c.want), ", ") {
				t.Errorf("%s: marked %q, want %d", name, got, c.want)
			}
		}
	})
}

// While Redis is away every change is one of which others were not told; the log says so now and then.
func TestInTx_LogsMarksThatFailOnceInTenSeconds(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t, time.Now)
	ann := addUser(t, d, "ann")
	var log bytes.Buffer
	now := time.Now()
	db.SetLog(d, slog.New(slog.NewTextHandler(&log, nil)))
	db.SetEven(d, func() time.Time { return now })
	d.MarkWith((&marks{fail: errors.New("away")}).mark)
	for _, after := range []time.Duration{0, time.Second, 8999 * time.Millisecond, time.Millisecond, time.Second} {
		now = now.Add(after)
		if err := rename(d, t.Context(), ann, after.String(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "were not told of a change"); n != 2 {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
}

func TestInTx_ACommitWhoseCallerWentAwayIsMarkedAllTheSame(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann := addUser(t, d, "ann")
		m, now := &marks{}, time.Now()
		d.MarkWith(m.mark)
		d.BeforeCommit(nil)
		db.SetEven(d, func() time.Time { return now })
		ctx, cancel := context.WithCancel(t.Context())
		_ = rename(d, ctx, ann, "anna", func(tx db.Tx) {
			tx.Ask(func(db.Rows) error { now = now.Add(time.Minute); cancel(); return nil }, `SELECT 1`)
		})
		if got := m.taken(); got != ann+", "+ann { // the commit may have been done
			t.Errorf("marked: %s", got)
		}
	})
}

func TestInTx_MarksNobodyWhomItDoesNotNameAndEachOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := &marks{}
		d.MarkWith(m.mark)
		for want, users := range map[string][]string{"": nil, "a": {"a", "a"}, "a+b": {"b", "a", "b"}} {
			if err := d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
				for _, u := range users {
					tx.Touch(u)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if got := m.taken(); got != want {
				t.Errorf("%v: marked %q", users, got)
			}
		}
		failed := errors.New("no")
		err := d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error { tx.Touch("a"); return failed })
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if got := m.taken(); got != "" {
			t.Errorf("a transaction that failed marked %q", got)
		}
	})
}

// The program's transactions are compared in every test. Here the triggers are shown to see what they have to see.
func TestCompare_FindsAWriteWithoutAMark(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann, bob := addUser(t, d, "ann"), addUser(t, d, "bob")
		var written []string
		d.BeforeCommit(func(ctx context.Context, tx db.Tx, _ []string) (err error) {
			written, err = dbtest.Written(ctx, d, tx)
			return err
		})
		for _, c := range []struct{ query, want string }{
			{`UPDATE users SET name = 'x' WHERE id = $1`, ann},
			{`UPDATE users SET updated_at = updated_at WHERE id = $1`, ""},
			{`UPDATE users SET name = name WHERE id = $1`, ""},
			{`UPDATE users SET role = 'admin' WHERE id <> $1`, bob},
			{`INSERT INTO notices (id, user_id, kind, subject, data, created_at)
				VALUES ($1, $1, 'k', 's', '{}', '2026-01-01T00:00:00.000000Z')`, ann},
			{`UPDATE notices SET mailed_at = created_at WHERE user_id = $1`, ""},
			{`UPDATE notices SET read_at = created_at WHERE user_id = $1`, ann},
			{`DELETE FROM notices WHERE user_id = $1`, ann},
			{`INSERT INTO subscriptions (id, user_id, stripe_customer_id, tier, status, created_at, updated_at)
				VALUES ($1, $1, '', '', 'none', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')`, ann},
			{`UPDATE subscriptions SET changing_until = created_at WHERE user_id = $1`, ""},
			{`UPDATE subscriptions SET tier = 'pro' WHERE user_id = $1`, ann},
			{`DELETE FROM users WHERE id = $1`, ann}, // and by cascade the subscription
		} {
			if err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
				_, err := tx.Exec(ctx, c.query, ann)
				return err
			}); err != nil {
				t.Fatal(c.query, err)
			}
			if got := fmt.Sprint(written); got != "["+c.want+"]" {
				t.Errorf("%s: seen %s, want [%s]", c.query, got, c.want)
			}
		}
	})
}
