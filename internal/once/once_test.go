package once_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/once"
)

// world is a database with a clock, and one user.
type world struct {
	t     *testing.T
	d     *db.DB
	clock *dbtest.Clock
	user  string
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{
		"sqlite":   dbtest.SQLite,
		"postgres": dbtest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, clock: dbtest.NewClock()}
			w.d = open(t, w.clock.Now)
			w.user = w.person()
			f(t, w)
		})
	}
}

func (w *world) person() string {
	w.t.Helper()
	id := db.NewID()
	err := w.d.InTx(w.t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'ann', $2, $2)`, id, tx.Now())
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

var errRefused = errors.New("refused")

// claim makes what the request asks for, and tells whether its key was free.
func (w *world) claim(user string, r once.Request, makes string, refuse bool) bool {
	w.t.Helper()
	free := false
	err := w.d.InTx(w.t.Context(), db.User(user), func(ctx context.Context, tx db.Tx) error {
		c := r.Claim(tx, makes)
		if _, err := db.One(ctx, tx, db.Value[string], `SELECT id FROM users WHERE id = $1`, user); err != nil {
			return err
		}
		if free = !c.Taken(); refuse || !free {
			return errRefused
		}
		return nil
	})
	if err != nil && !errors.Is(err, errRefused) {
		w.t.Error(err)
	}
	return free
}

// found is what the request finds: an id, "" for nothing, or the code of a refusal.
func (w *world) found(r once.Request) string {
	w.t.Helper()
	made, found, err := r.Find(w.t.Context(), w.d)
	if err != nil {
		return fault.From(err).Code
	}
	if found != (made != "") {
		w.t.Errorf("found %t with %q", found, made)
	}
	return made
}

func TestClaim_AKeyIsOneRequestOfOneUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		other := w.person()
		ask := once.New(w.user, "k", "start", "a", "b")
		if !w.claim(w.user, ask, "first", false) || w.claim(w.user, ask, "second", false) {
			t.Error("the key was not given once")
		}
		for what, c := range map[string]struct {
			ask  once.Request
			want string
		}{
			"the same request":         {ask, "first"},
			"another field":            {once.New(w.user, "k", "start", "a", "c"), "idempotency_mismatch"},
			"fields cut another way":   {once.New(w.user, "k", "start", "ab", ""), "idempotency_mismatch"},
			"another operation":        {once.New(w.user, "k", "subscribe", "a", "b"), "idempotency_mismatch"},
			"another key":              {once.New(w.user, "l", "start", "a", "b"), ""},
			"the same of another user": {once.New(other, "k", "start", "a", "b"), ""},
			"no key":                   {once.New(w.user, "", "start", "a", "b"), ""},
		} {
			if got := w.found(c.ask); got != c.want {
				t.Errorf("%s: %q, want %q", what, got, c.want)
			}
		}
		if !w.claim(other, once.New(other, "k", "start", "a", "b"), "theirs", false) {
			t.Error("another user's key was in the way")
		}
	})
}

func TestClaim_WithoutAKeyNothingIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ask := once.New(w.user, "", "start")
		if !w.claim(w.user, ask, "first", false) || !w.claim(w.user, ask, "second", false) {
			t.Error("a request without a key was refused")
		}
		if n, err := db.ReadOne(t.Context(), w.d, db.System, db.Value[int],
			`SELECT count(*) FROM idempotency_keys`); n != 0 || err != nil {
			t.Errorf("%d keys, %v", n, err)
		}
	})
}

func TestClaim_ARefusedRequestLeavesNoKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ask := once.New(w.user, "k", "start")
		w.claim(w.user, ask, "first", true)
		if got := w.found(ask); got != "" {
			t.Errorf("found %q", got)
		}
		if !w.claim(w.user, ask, "second", false) {
			t.Error("the key is taken")
		}
	})
}

func TestClaim_AtOnceLetsOneThrough(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ask := once.New(w.user, "k", "start")
		var free atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if w.claim(w.user, ask, "it", false) {
					free.Add(1)
				}
			})
		}
		wg.Wait()
		if free.Load() != 1 {
			t.Errorf("%d were let through", free.Load())
		}
	})
}

func TestForget_TakesBackTheKeyOfThisRequestAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ask, another := once.New(w.user, "k", "start"), once.New(w.user, "k", "subscribe")
		w.claim(w.user, ask, "first", false)
		for _, step := range []struct {
			forget once.Request
			want   string
		}{{another, "first"}, {ask, ""}} {
			err := w.d.InTx(t.Context(), db.System,
				func(_ context.Context, tx db.Tx) error { step.forget.Forget(tx); return nil })
			if got := w.found(ask); err != nil || got != step.want {
				t.Errorf("found %q, %v; want %q", got, err, step.want)
			}
		}
	})
}

func TestRetain_AKeyIsKnownForADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ask := once.New(w.user, "k", "start")
		w.claim(w.user, ask, "first", false)
		for _, step := range []struct {
			pass time.Duration
			want string
		}{{23 * time.Hour, "first"}, {2 * time.Hour, ""}} {
			w.clock.Advance(step.pass)
			if err := once.Retain(t.Context(), w.d); err != nil {
				t.Fatal(err)
			}
			if got := w.found(ask); got != step.want {
				t.Errorf("after %s more: %q, want %q", step.pass, got, step.want)
			}
		}
	})
}

func TestCheck_AKeyHasABound(t *testing.T) {
	t.Parallel()
	if err := once.New("", strings.Repeat("k", 200), "start").Check(); err != nil {
		t.Error(err)
	}
	if err := once.New("", strings.Repeat("k", 201), "start").Check(); !errors.Is(err, fault.ValidationFailed) {
		t.Error(err)
	}
}
