package account_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// later authenticates without asking the database, and fails if the process knows the session.
func later(t *testing.T, s *account.Service, in account.SignedIn) *account.Look {
	t.Helper()
	p, look, err := s.AuthenticateLater(in.Tokens.Access)
	if err != nil || look == nil || p.UserID != in.UserID || p.SessionID != in.Tokens.SessionID || p.Role != "" {
		t.Fatalf("got %+v, a look: %v, %v", p, look != nil, err)
	}
	return look
}

// renamedIfAlive runs a statement that looks at the session itself, and tells whether it did something.
func renamedIfAlive(t *testing.T, w *world, look *account.Look, userID string) bool {
	t.Helper()
	alive, args := look.Alive(3)
	n := int64(0)
	ctx := look.Through(look.Before(t.Context()))
	err := w.db.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE users SET name = 'alive', updated_at = $2 WHERE id = $1 AND `+alive,
			append([]any{userID, tx.Now()}, args...)...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n == 1
}

func TestAuthenticateLater_ReadsOnlyWhereTheSessionLives(t *testing.T) {
	t.Parallel()
	ended := map[string]func(t *testing.T, w *world, in account.SignedIn){
		"by its user": func(t *testing.T, w *world, in account.SignedIn) {
			if err := w.RevokeSession(t.Context(), in.UserID, in.Tokens.SessionID); err != nil {
				t.Fatal(err)
			}
		},
		"with all of them": func(t *testing.T, w *world, in account.SignedIn) {
			if _, err := w.RevokeSessions(t.Context(), in.UserID); err != nil {
				t.Fatal(err)
			}
		},
		"as its tokens were copied": func(t *testing.T, w *world, in account.SignedIn) {
			w.exec(t, `UPDATE sessions SET revoked_at = $2, revoked_why = 'reuse' WHERE id = $1`,
				in.Tokens.SessionID, w.clock.Now())
		},
		"by time": func(t *testing.T, w *world, in account.SignedIn) {
			w.exec(t, `UPDATE sessions SET expires_at = $2 WHERE id = $1`, in.Tokens.SessionID, w.clock.Now())
		},
		"with its row": func(t *testing.T, w *world, in account.SignedIn) {
			w.exec(t, `DELETE FROM sessions WHERE id = $1`, in.Tokens.SessionID)
		},
		"with its user": func(t *testing.T, w *world, in account.SignedIn) {
			w.exec(t, `DELETE FROM users WHERE id = $1`, in.UserID)
		},
		"for being another's": func(t *testing.T, w *world, in account.SignedIn) {
			other := w.signIn(t, gus)
			w.exec(t, `UPDATE sessions SET user_id = $2 WHERE id = $1`, in.Tokens.SessionID, other.UserID)
		},
	}
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		look := later(t, w.Service, in)
		if u, err := w.Me(look.Before(t.Context()), in.UserID); err != nil || u.ID != in.UserID {
			t.Fatalf("of a session that lives: %+v, %v", u, err)
		}
		if err := look.Outcome(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p, look, err := w.AuthenticateLater(in.Tokens.Access); err != nil || look != nil || p.Role != "user" {
			t.Fatalf("what is known was put off: %+v, %v", p, err)
		}
		look = later(t, w.another(jwtKey), in)
		ctx := look.Before(t.Context())
		if account.Pending(ctx) != look || !renamedIfAlive(t, w, look, in.UserID) {
			t.Fatal("a statement that looks itself did nothing for a session that lives")
		}
		look.Found()
		if err := look.Outcome(t.Context()); err != nil || account.Pending(ctx) != nil {
			t.Fatalf("and then the outcome is %v, and waited for is %v", err, account.Pending(ctx))
		}
		for how, end := range ended {
			in := w.signIn(t, ada)
			end(t, w, in)
			if renamedIfAlive(t, w, later(t, w.another(jwtKey), in), in.UserID) {
				t.Errorf("ended %s: a statement that looks itself did something", how)
			}
			look := later(t, w.another(jwtKey), in)
			if u, err := w.Me(look.Before(t.Context()), in.UserID); !errors.Is(err, fault.SessionRevoked) || u.ID != "" {
				t.Errorf("ended %s: read %+v, %v", how, u, err)
			}
			if _, err := w.Rename(look.Before(t.Context()), in.UserID, "written"); !errors.Is(err, fault.SessionRevoked) {
				t.Errorf("ended %s: written, %v", how, err)
			}
			if err := look.Outcome(t.Context()); !errors.Is(err, fault.SessionRevoked) {
				t.Errorf("ended %s: the outcome is %v", how, err)
			}
			if err := later(t, w.another(jwtKey), in).Outcome(t.Context()); !errors.Is(err, fault.SessionRevoked) {
				t.Errorf("ended %s, and nothing was read: the outcome is %v", how, err)
			}
		}
	})
}

func TestAuthenticateLater_RefusesBadTokensBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.db.Close()
		if _, look, err := w.another("another key of more than 32 bytes, for " +
			"tests").AuthenticateLater(in.Tokens.Access); look != nil ||
			!errors.Is(err, fault.Unauthenticated) {
			t.Errorf("signed by somebody else: %v", err)
		}
		look := later(t, w.Service, in)
		if _, err := w.Me(look.Before(t.Context()), in.UserID); !errors.Is(err, fault.DependencyDown) {
			t.Errorf("without a database: %v", err)
		}
		if err := look.Outcome(t.Context()); !errors.Is(err, fault.DependencyDown) {
			t.Errorf("without a database the outcome is %v", err)
		}
		w.clock.Advance(31 * time.Minute)
		if _, look, err := w.AuthenticateLater(in.Tokens.Access); look != nil || !errors.Is(err, fault.TokenExpired) {
			t.Errorf("expired: %v", err)
		}
	})
}

// That a session has ended stays known, however long its token lives on: a bearer of it is not counted as its user, and
// the database is not asked, for each request.
func TestAuthenticate_RemembersThatASessionHasEnded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.exec(t, `DELETE FROM sessions WHERE id = $1`, in.Tokens.SessionID)
		if err := later(t, w.Service, in).Outcome(t.Context()); !errors.Is(err, fault.SessionRevoked) {
			t.Fatal(err)
		}
		w.clock.Advance(29 * time.Minute)
		w.db.Close()
		if _, look, err := w.AuthenticateLater(in.Tokens.Access); look != nil || !errors.Is(err, fault.SessionRevoked) {
			t.Errorf("asked later: %v, %v", look != nil, err)
		}
		if err := authenticates(w.Service, t, in.Tokens.Access); !errors.Is(err, fault.SessionRevoked) {
			t.Errorf("asked at once: %v", err)
		}
	})
}

// The session ends after it was found alive and before that is remembered. Whoever reads is refused, and so is whoever
// comes after.
func TestAuthenticateLater_ASessionThatEndsWhileItIsLookedUpIsNotRemembered(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		look := later(t, w.Service, in)
		var once sync.Once
		var names []string
		every := db.Every(db.Value[string], &names, `SELECT name FROM users`)
		err := w.db.Ask(look.Before(t.Context()), db.User(in.UserID), db.Question{
			Query: every.Query, Read: func(r db.Rows) error {
				if err := every.Read(r); err != nil {
					return err
				}
				var err error
				once.Do(func() { err = w.RevokeSession(t.Context(), in.UserID, in.Tokens.SessionID) })
				return err
			},
		})
		if !errors.Is(err, fault.SessionRevoked) {
			t.Errorf("read %v, %v", names, err)
		}
		if err := authenticates(w.Service, t, in.Tokens.Access); !errors.Is(err, fault.SessionRevoked) {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// Whoever begins to read after a sign-out was answered gets nothing, however many read meanwhile.
func TestAuthenticateLater_NobodyReadsAfterASignOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for range 10 {
			in := w.signIn(t, ada)
			var over atomic.Bool
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for refused := false; !refused; {
						after := over.Load()
						_, look, err := w.AuthenticateLater(in.Tokens.Access)
						ctx := t.Context()
						if look != nil {
							ctx = look.Before(ctx)
						}
						if err == nil {
							_, err = w.Me(ctx, in.UserID)
						}
						if refused = errors.Is(err, fault.SessionRevoked); err == nil && after || err != nil && !refused {
							t.Errorf("after the sign-out: %v; %v", after, err)
							return
						}
					}
				})
			}
			if err := w.RevokeSession(t.Context(), in.UserID, in.Tokens.SessionID); err != nil {
				t.Error(err)
			}
			over.Store(true)
			wg.Wait()
		}
	})
}
