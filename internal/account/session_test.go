package account_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

func authenticates(s *account.Service, t *testing.T, access string) error {
	t.Helper()
	_, err := s.Authenticate(t.Context(), access)
	return err
}

func TestRevokeSession_IsFeltAtOnceHereAndSoonElsewhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, elsewhere := w.signIn(t, ada), w.another(jwtKey)
		for _, s := range []*account.Service{w.Service, elsewhere} {
			if err := authenticates(s, t, in.Tokens.Access); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.RevokeSession(t.Context(), in.UserID, in.Tokens.SessionID); err != nil {
			t.Fatal(err)
		}
		if err := authenticates(w.Service, t, in.Tokens.Access); !errors.Is(err, fault.SessionRevoked) {
			t.Fatalf("here: got %v", err)
		}
		w.clock.Advance(5 * time.Second)
		if err := authenticates(elsewhere, t, in.Tokens.Access); !errors.Is(err, fault.SessionRevoked) {
			t.Fatalf("elsewhere: got %v", err)
		}
		if _, err := w.RefreshSession(t.Context(), in.Tokens.Refresh); !errors.Is(err, fault.SessionRevoked) {
			t.Fatalf("its refresh token: got %v", err)
		}
		if err := w.RevokeSession(t.Context(), in.UserID, in.Tokens.SessionID); err != nil {
			t.Fatalf("ending it twice: got %v", err)
		}
	})
}

// The clock stands still, so nothing that is remembered runs out.
func TestWatch_EndsSessionsAndKeysInEveryProcess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, elsewhere := w.signIn(t, ada), w.another(jwtKey)
		k, err := w.CreateKey(t.Context(), in.UserID, account.KeyRequest{
			Name:   "a script",
			Scopes: []account.Scope{account.AccountRead},
		})
		if err != nil {
			t.Fatal(err)
		}
		go elsewhere.Watch(t.Context())
		session := func() error { return authenticates(elsewhere, t, in.Tokens.Access) }
		key := func() error { _, err := elsewhere.AuthenticateKey(t.Context(), k.Secret); return err }
		if err := errors.Join(session(), key()); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.RevokeSession(t.Context(), in.UserID, in.Tokens.SessionID),
			w.RevokeKey(t.Context(), in.UserID, k.ID)); err != nil {
			t.Fatal(err)
		}
		deadline, tick := time.After(10*time.Second), time.Tick(5*time.Millisecond)
		for !errors.Is(session(), fault.SessionRevoked) || !errors.Is(key(), fault.Unauthenticated) {
			select {
			case <-deadline:
				t.Fatalf("still believed: session %v, key %v", session(), key())
			case <-tick:
			}
		}
	})
}

func TestRevokeSessions_EndsAllOfOneUserOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		first, second, other := w.signIn(t, ada), w.signIn(t, ada), w.signIn(t, gus)
		for _, in := range []account.SignedIn{first, second} {
			if err := authenticates(w.Service, t, in.Tokens.Access); err != nil {
				t.Fatal(err) // and it is remembered that they live
			}
		}
		n, err := w.RevokeSessions(t.Context(), first.UserID)
		if err != nil || n != 2 {
			t.Fatalf("got %d, %v", n, err)
		}
		for _, in := range []account.SignedIn{first, second} {
			if err := authenticates(w.Service, t, in.Tokens.Access); !errors.Is(err, fault.SessionRevoked) {
				t.Errorf("got %v", err)
			}
		}
		if err := authenticates(w.Service, t, other.Tokens.Access); err != nil {
			t.Fatalf("another user's session ended too: %v", err)
		}
	})
}

func TestSessions_ListsTheLivingOnesOfTheUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		first, ended, used, _ := w.signIn(t, ada), w.signIn(t, ada), w.signIn(t, ada), w.signIn(t, gus)
		if err := w.RevokeSession(t.Context(), ended.UserID, ended.Tokens.SessionID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.RefreshSession(t.Context(), first.Tokens.Refresh); err != nil {
			t.Fatal(err)
		}
		got, err := w.Sessions(t.Context(), first.UserID)
		if err != nil || len(got) != 2 || got[0].ID != first.Tokens.SessionID || got[1].ID != used.Tokens.SessionID ||
			got[0].Device != "Firefox on Linux" {
			t.Fatalf("got %+v, %v", got, err)
		}
		w.clock.Advance(8 * 24 * time.Hour)
		if got, err := w.Sessions(t.Context(), first.UserID); err != nil || len(got) != 0 {
			t.Fatalf("after a week without use: got %+v, %v", got, err)
		}
	})
}

func TestRevokeSession_HidesOtherUsersSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		mine, theirs := w.signIn(t, ada), w.signIn(t, gus)
		for _, id := range []string{
			theirs.Tokens.SessionID, db.NewID(), "", "x", "' OR 1=1", "\x00",
			strings.ToUpper(mine.Tokens.SessionID),
		} {
			if err := w.RevokeSession(t.Context(), mine.UserID, id); !errors.Is(err, fault.NotFound) {
				t.Errorf("%q: got %v", id, err)
			}
		}
		if err := authenticates(w.Service, t, theirs.Tokens.Access); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAuthenticate_RefusesASessionWhoseUserIsGone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.exec(t, `DELETE FROM users WHERE id = $1`, in.UserID)
		if err := authenticates(w.Service, t, in.Tokens.Access); !errors.Is(err, fault.SessionRevoked) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAuthenticate_SaysWhenTheDatabaseCannot(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.db.Close()
		if err := authenticates(w.Service, t, in.Tokens.Access); !errors.Is(err, fault.DependencyDown) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestRefreshSession_RotatesAndExtends(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.clock.Advance(6 * 24 * time.Hour)
		if err := authenticates(w.Service, t, in.Tokens.Access); !errors.Is(err, fault.TokenExpired) {
			t.Fatalf("the old access token: got %v", err)
		}
		next, err := w.RefreshSession(t.Context(), in.Tokens.Refresh)
		if err != nil || next.Refresh == in.Tokens.Refresh || next.SessionID != in.Tokens.SessionID {
			t.Fatalf("got %v", err)
		}
		if err := authenticates(w.Service, t, next.Access); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(6 * 24 * time.Hour)
		if _, err := w.RefreshSession(t.Context(), next.Refresh); err != nil {
			t.Fatalf("a session in use ended: %v", err)
		}
	})
}

func TestRefreshSession_GivesTheSameAnswerForTenSeconds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		first, err := w.RefreshSession(t.Context(), in.Tokens.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(9 * time.Second)
		if again, err := w.RefreshSession(t.Context(), in.Tokens.Refresh); err != nil || !same(again, first) {
			t.Fatalf("got another answer (%v)", err)
		}
	})
}

// same compares what a browser gets; times lose their zone in storage.
func same(a, b account.Tokens) bool {
	return a.Access == b.Access && a.Refresh == b.Refresh && a.SessionID == b.SessionID &&
		a.AccessExpiresAt.Equal(b.AccessExpiresAt) && a.RefreshExpiresAt.Equal(b.RefreshExpiresAt)
}

func TestRefreshSession_ParallelUsesOfOneTokenGetOneAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		services := []*account.Service{w.Service, w.another(jwtKey), w.another(jwtKey)}
		got := make([]account.Tokens, 21)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				var err error
				if got[i], err = services[i%3].RefreshSession(t.Context(), in.Tokens.Refresh); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i := range got {
			if !same(got[i], got[0]) {
				t.Fatalf("answer %d differs", i)
			}
		}
		if n := w.count(t, `SELECT count(*) FROM refresh_tokens`); n != 2 {
			t.Fatalf("%d refresh tokens, want the first and one successor", n)
		}
	})
}

// An answer that was lost for longer than the grace ends nothing, while nobody has used what was in it.
func TestRefreshSession_ALostAnswerIsGivenAgainWhileItsTokenIsUnused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		lost, err := w.RefreshSession(t.Context(), in.Tokens.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(3 * time.Hour)
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		again, err := w.RefreshSession(t.Context(), in.Tokens.Refresh)
		if err != nil || again.Refresh != lost.Refresh || again.Access == lost.Access {
			t.Fatalf("got another token (%v), or the access token that has expired", err)
		}
		if err := authenticates(w.Service, t, again.Access); err != nil {
			t.Fatal(err)
		}
		if _, err := w.RefreshSession(t.Context(), again.Refresh); err != nil {
			t.Fatal(err)
		}
		if _, err := w.RefreshSession(t.Context(), in.Tokens.Refresh); !errors.Is(err, fault.TokenReused) {
			t.Fatalf("after its successor was used: %v", err)
		}
	})
}

func TestRefreshSession_ReuseAfterTheGraceEndsTheFamily(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, other := w.signIn(t, ada), w.signIn(t, ada)
		next, err := w.RefreshSession(t.Context(), in.Tokens.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		if next, err = w.RefreshSession(t.Context(), next.Refresh); err != nil {
			t.Fatal(err) // the successor was used: the parent's return means that it was copied
		}
		w.clock.Advance(11 * time.Second)
		if err := authenticates(w.Service, t, next.Access); err != nil {
			t.Fatal(err) // and it is remembered that the session lives
		}
		if got, err := w.RefreshSession(t.Context(), in.Tokens.Refresh); !errors.Is(err, fault.TokenReused) ||
			got.Access != "" {
			t.Fatalf("got %v", err)
		}
		if err := authenticates(w.Service, t, next.Access); !errors.Is(err, fault.SessionRevoked) {
			t.Fatalf("the access token lives on: %v", err)
		}
		if _, err := w.RefreshSession(t.Context(), next.Refresh); !errors.Is(err, fault.SessionRevoked) {
			t.Fatalf("the successor lives on: %v", err)
		}
		if err := authenticates(w.Service, t, other.Tokens.Access); err != nil {
			t.Fatalf("another session of the user ended: %v", err)
		}
		if n := w.count(t, `SELECT count(*) FROM audit_log WHERE action = 'session.ended_by_reuse'`); n != 1 {
			t.Fatalf("%d lines in the audit log", n)
		}
	})
}

func TestRefreshSession_RefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		for _, token := range []string{"", "rzr_", in.Tokens.Access, in.Tokens.Refresh +
			"A", in.Tokens.Refresh[4:], "rzr_" + strings.Repeat("A", 43), "rzr_" + strings.Repeat("\x00", 43)} {
			if _, err := w.RefreshSession(t.Context(), token); !errors.Is(err, fault.Unauthenticated) {
				t.Errorf("got %v", err)
			}
		}
		w.clock.Advance(7 * 24 * time.Hour)
		for range 2 { // an expired token is not taken for a used one
			if _, err := w.RefreshSession(t.Context(), in.Tokens.Refresh); !errors.Is(err, fault.Unauthenticated) {
				t.Fatalf("after 7 days: got %v", err)
			}
		}
	})
}

func TestTables_HoldNoTokenInTheClear(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		next, err := w.RefreshSession(t.Context(), in.Tokens.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := db.Read(t.Context(), w.db, db.System, func(r db.Rows, v *string) error {
			var hash string
			var sealed []byte
			err := r.Scan(&hash, &sealed)
			*v = hash + string(sealed)
			return err
		}, `SELECT hash, successor FROM refresh_tokens UNION ALL SELECT handle, tokens FROM x_accounts`)
		if err != nil || len(rows) != 3 {
			t.Fatal(len(rows), err)
		}
		all := fmt.Sprint(rows)
		for _, secret := range []string{in.Tokens.Refresh, next.Refresh, next.Access, w.token(t, in)} {
			if strings.Contains(all, secret) || strings.Contains(all, strings.TrimPrefix(secret, "rzr_")) {
				t.Error("a token can be read from the tables")
			}
		}
	})
}

func TestSweep_DeletesOnlyWhatHasExpired(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		counts := func() [4]int {
			return [4]int{
				w.count(t, `SELECT count(*) FROM oauth_states`), w.count(t, `SELECT count(*) FROM refresh_tokens`),
				w.count(t, `SELECT count(*) FROM refresh_tokens WHERE successor IS NOT NULL`),
				w.count(t, `SELECT count(*) FROM sessions`),
			}
		}
		in := w.signIn(t, ada)
		w.begin(t, account.SignInRequest{})
		if _, err := w.RefreshSession(t.Context(), in.Tokens.Refresh); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			wait time.Duration
			want [4]int
		}{
			{0, [4]int{1, 2, 1, 1}},
			{11 * time.Second, [4]int{1, 2, 1, 1}}, // an answer is kept while nobody has used what is in it
			{10 * time.Minute, [4]int{0, 2, 1, 1}},
			{7 * 24 * time.Hour, [4]int{0, 0, 0, 1}},
			{30 * 24 * time.Hour, [4]int{0, 0, 0, 0}},
		} {
			w.clock.Advance(step.wait)
			if err := w.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := counts(); got != step.want {
				t.Errorf("after %v more: states, refresh tokens, kept answers, sessions are %v, want %v", step.wait, got, step.want)
			}
		}
	})
}
