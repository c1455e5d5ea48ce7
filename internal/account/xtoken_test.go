package account_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/xapi"
)

const tokenPath = "/x/2/oauth2/token"

// fifty calls f at once, spread over three processes.
func fifty(t *testing.T, w *world, f func(*account.Service) error) {
	t.Helper()
	services := []*account.Service{w.Service, w.another(jwtKey), w.another(jwtKey)}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if err := f(services[i%3]); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestRefreshX_FiftyCallsOnThreeProcessesAskXOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		before := w.token(t, in)
		w.clock.Advance(time.Minute)
		fifty(t, w, func(s *account.Service) error {
			a, err := s.RefreshX(t.Context(), in.UserID, in.Account.ID)
			if err == nil && a.Health != "active" {
				err = errors.New("its health is " + a.Health)
			}
			return err
		})
		after := w.token(t, in)
		if w.renewals() != 1 || after == before {
			t.Fatalf("X was asked %d times", w.renewals())
		}
		if _, err := w.x.Me(t.Context(), after); err != nil {
			t.Fatalf("the stored token does not work: %v", err)
		}
	})
}

func TestXToken_FiftyCallersOfAnExpiredOneAskXOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.clock.Advance(2 * time.Hour)
		var mu sync.Mutex
		tokens := map[string]bool{}
		fifty(t, w, func(s *account.Service) error {
			token, err := s.XToken(t.Context(), in.UserID, in.Account.ID)
			mu.Lock()
			defer mu.Unlock()
			tokens[token] = true
			return err
		})
		if w.renewals() != 1 || len(tokens) != 1 {
			t.Fatalf("X was asked %d times, callers got %d tokens", w.renewals(), len(tokens))
		}
	})
}

func TestXToken_IsRenewedWhenLessThanFiveMinutesRemain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		for _, step := range []struct {
			wait     time.Duration
			renewals int
			health   string // before
		}{
			{0, 0, "active"},
			{114 * time.Minute, 0, "active"},
			{2 * time.Minute, 1, "expiring"},
			{3 * time.Hour, 2, "expired"},
		} {
			w.clock.Advance(step.wait)
			a := w.linked(t, in)
			if a.Health != step.health {
				t.Errorf("after %v: health %q", step.wait, a.Health)
			}
			if _, err := w.XToken(t.Context(), in.UserID, in.Account.ID); err != nil || w.renewals() != step.renewals {
				t.Errorf("after %v: %d renewals, want %d (%v)", step.wait, w.renewals(), step.renewals, err)
			}
		}
	})
}

func TestXTokenAfter_RenewsOnlyTheTokenThatIsStored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		rejected := w.token(t, in)
		fifty(t, w, func(s *account.Service) error {
			token, err := s.XTokenAfter(t.Context(), in.UserID, in.Account.ID, rejected)
			if err == nil && token == rejected {
				err = errors.New("the rejected token came back")
			}
			return err
		})
		if w.renewals() != 1 {
			t.Fatalf("X was asked %d times", w.renewals())
		}
	})
}

func TestRefreshX_FaultsOfXLeaveTheRowAsItWas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		before := w.token(t, in)
		for name, f := range map[string]sandbox.Fault{
			"500":       {Path: tokenPath, Status: http.StatusInternalServerError},
			"429":       {Path: tokenPath, Status: http.StatusTooManyRequests},
			"dropped":   {Path: tokenPath, Drop: true},
			"401":       {Path: tokenPath, Status: http.StatusUnauthorized, Body: `{"error":"unauthorized_client"}`},
			"malformed": {Path: tokenPath, Status: http.StatusOK, Body: `{"data": [ <!-- not JSON`},
		} {
			w.clock.Advance(time.Minute)
			w.sb.Fail(f)
			if _, err := w.RefreshX(t.Context(), in.UserID, in.Account.ID); !errors.Is(err, fault.XUnavailable) ||
				errors.Is(err, account.ErrReconnect) {
				t.Errorf("%s: got %v", name, err)
			}
			if w.token(t, in) != before {
				t.Errorf("%s changed the row", name)
			}
		}
		a, err := w.RefreshX(t.Context(), in.UserID, in.Account.ID)
		if err != nil || a.Status != "active" || w.token(t, in) == before {
			t.Fatalf("once X is well: %q, %v", a.Status, err)
		}
	})
}

// A mistake of the operator's, which X calls invalid_request too, disconnects nobody.
func TestRefreshX_AnotherInvalidRequestDisconnectsNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.clock.Advance(time.Minute)
		for _, description := range []string{
			"", "Missing valid authorization header", "Value passed for the client id was invalid.",
			"Value passed for the redirect uri did not match the uri of the authorization code.",
		} {
			w.sb.Fail(sandbox.Fault{
				Path: tokenPath, Status: http.StatusBadRequest, Header: map[string]string{"Content-Type": "application/json"},
				Body: `{"error":"invalid_request","error_description":"` + description + `"}`,
			})
			if _, err := w.RefreshX(t.Context(), in.UserID, in.Account.ID); errors.Is(err, account.ErrReconnect) ||
				!errors.Is(err, fault.XUnavailable) {
				t.Errorf("%q: got %v", description, err)
			}
		}
		if a := w.linked(t, in); a.Status != "active" {
			t.Errorf("the account is %s", a.Status)
		}
	})
}

func TestRefreshX_MarksADeadGrantForReconnection(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for person, code := range map[string]string{
			ada: `invalid_grant"`, gus: `invalid_request","error_description":"Value passed for the token was invalid."`,
		} {
			in := w.signIn(t, person)
			w.clock.Advance(time.Minute)
			w.sb.Fail(sandbox.Fault{
				Path: tokenPath, Status: http.StatusBadRequest,
				Header: map[string]string{"Content-Type": "application/json"}, Body: `{"error":"` + code + `}`,
			})
			if _, err := w.RefreshX(t.Context(), in.UserID, in.Account.ID); !errors.Is(err, account.ErrReconnect) ||
				!errors.Is(err, fault.XUnavailable) {
				t.Errorf("%s: got %v", code, err)
			}
			if a := w.linked(t, in); a.Status != "reconnect" || a.Health != "reconnect" {
				t.Errorf("%s: got %+v", code, a)
			}
			calls := w.renewals()
			if _, err := w.XToken(t.Context(), in.UserID, in.Account.ID); !errors.Is(err, account.ErrReconnect) ||
				w.renewals() != calls {
				t.Errorf("%s: a dead grant was tried again: %v", code, err)
			}
			if back := w.signIn(t, person); back.Account.ID != in.Account.ID || back.Account.Status != "active" {
				t.Errorf("%s: reconnecting gave %+v", code, back.Account)
			}
		}
	})
}

// The person signs in again while the old grant is found dead: the new grant counts.
func TestRefreshX_ADeadGrantDoesNotSpoilANewOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.clock.Advance(time.Minute)
		again := w.begin(t, account.SignInRequest{})
		g := w.hold(tokenPath)
		var err error
		var wg sync.WaitGroup
		wg.Go(func() { _, err = w.RefreshX(t.Context(), in.UserID, in.Account.ID) })
		await(t, g.arrived) // the renewal is at X
		w.mu.Lock()
		delete(w.gate, tokenPath)
		w.mu.Unlock()
		w.complete(t, w.consent(t, again, ada))
		w.sb.Fail(sandbox.Fault{
			Path: tokenPath, Status: http.StatusBadRequest, Body: `{"error":"invalid_grant"}`,
			Header: map[string]string{"Content-Type": "application/json"},
		})
		close(g.open)
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if a := w.linked(t, in); a.Status != "active" {
			t.Fatalf("got %+v", a)
		}
	})
}

func TestRenewal_OutlivesTheCallerWhoStartedIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.clock.Advance(2 * time.Hour)
		g := w.hold(tokenPath)
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := w.XToken(ctx, in.UserID, in.Account.ID)
			left <- err
		}()
		await(t, g.arrived)
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		close(g.open)
		token, err := w.XToken(t.Context(), in.UserID, in.Account.ID)
		if err != nil || w.renewals() != 1 {
			t.Fatalf("%d renewals, %v", w.renewals(), err)
		}
		if _, err := w.x.Me(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRenewal_TakesOverFromAProcessThatDied(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.clock.Advance(2 * time.Hour)
		w.exec(t, `UPDATE x_accounts SET refreshing_until = $2 WHERE id = $1`, in.Account.ID, w.db.Now().Add(30*time.Second))
		done := make(chan error, 1)
		go func() {
			_, err := w.XToken(t.Context(), in.UserID, in.Account.ID)
			done <- err
		}()
		w.clock.Advance(31 * time.Second)
		if err := <-done; err != nil || w.renewals() != 1 {
			t.Fatalf("%d renewals, %v", w.renewals(), err)
		}
	})
}

func TestRevokeX_WipesTokensAndPostsAndTellsX(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		kept := w.link(t, in.UserID, gus)
		token := w.token(t, in)
		for i, id := range []string{in.Account.ID, in.Account.ID, kept.Account.ID} {
			w.exec(t, `INSERT INTO posts (collection_id, post_id, user_id, posted_at, sealed, fetched_at, expires_at)
				VALUES ($1, $2, $3, $4, $5, $4, $4)`, id, string(rune('1'+i)), in.UserID, w.db.Now(), []byte("x"))
		}
		if err := w.RevokeX(t.Context(), in.UserID, in.Account.ID); err != nil {
			t.Fatal(err)
		}
		checkWiped(t, w, in)
		if n := w.count(t, `SELECT count(*) FROM posts`); n != 1 {
			t.Fatalf("%d posts are left, want the other account's", n)
		}
		if n := len(w.sb.Calls("/x/2/oauth2/revoke")); n != 2 {
			t.Fatalf("X was told of %d tokens", n)
		}
		if _, err := w.x.Me(t.Context(), token); !errors.Is(err, xapi.ErrUnauthorized) {
			t.Fatalf("the token lives on at X: %v", err)
		}
		if _, err := w.XToken(t.Context(), in.UserID, in.Account.ID); !errors.Is(err, account.ErrReconnect) {
			t.Fatalf("got %v", err)
		}
		if me, err := w.Me(t.Context(), in.UserID); err != nil || me.Accounts != 1 {
			t.Fatalf("%d accounts, %v", me.Accounts, err)
		}
		if err := w.RevokeX(t.Context(), in.UserID, in.Account.ID); err != nil {
			t.Fatalf("a second time: %v", err)
		}
	})
}

func checkWiped(t *testing.T, w *world, in account.SignedIn) {
	t.Helper()
	a := w.linked(t, in)
	if a.Status != "revoked" || a.Health != "revoked" || a.TokenExpiresAt != nil {
		t.Fatalf("got %+v", a)
	}
	if n := w.count(t, `SELECT count(*) FROM x_accounts WHERE id = $1 AND tokens IS NOT NULL`, in.Account.ID); n != 0 {
		t.Fatal("the tokens are still there")
	}
}

func TestRevokeX_WipesWhateverXAnswers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, f := range []sandbox.Fault{
			{Path: "/x/2/oauth2/revoke", Times: 2, Status: http.StatusServiceUnavailable},
			{Path: "/x/2/oauth2/revoke", Times: 2, Drop: true},
			{Path: "/x/2/oauth2/revoke", Times: 2, Malformed: true},
		} {
			in := w.signIn(t, ada)
			token := w.token(t, in)
			w.sb.Fail(f)
			if err := w.RevokeX(t.Context(), in.UserID, in.Account.ID); err != nil {
				t.Fatal(err)
			}
			checkWiped(t, w, in)
			if w.log.contains(token) {
				t.Fatal("the log holds a token")
			}
		}
		if !w.log.contains("X was not told") {
			t.Fatal("the log does not say that X was not told")
		}
	})
}

func TestRevokeX_WorksWhenTheTokensDoNotOpen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.exec(t, `UPDATE x_accounts SET tokens = $2 WHERE id = $1`, in.Account.ID, []byte("sealed with a key that is lost"))
		if err := w.RevokeX(t.Context(), in.UserID, in.Account.ID); err != nil {
			t.Fatal(err)
		}
		checkWiped(t, w, in)
	})
}

// A pair that X hands out while the person disconnects must not live on.
func TestRevokeX_DuringARenewalEndsTheNewPairToo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.clock.Advance(2 * time.Hour)
		g, told := w.hold(tokenPath), len(w.sb.Calls("/x/2/oauth2/revoke"))
		done := make(chan error, 1)
		go func() {
			_, err := w.XToken(t.Context(), in.UserID, in.Account.ID)
			done <- err
		}()
		await(t, g.arrived)
		// else X would refuse the renewal
		w.sb.Fail(sandbox.Fault{Path: "/x/2/oauth2/revoke", Times: 2, Status: http.StatusServiceUnavailable})
		if err := w.RevokeX(t.Context(), in.UserID, in.Account.ID); err != nil {
			t.Fatal(err)
		}
		close(g.open)
		if err := <-done; !errors.Is(err, account.ErrReconnect) {
			t.Fatalf("got %v", err)
		}
		checkWiped(t, w, in)
		if n := len(w.sb.Calls("/x/2/oauth2/revoke")) - told; n != 4 {
			t.Fatalf("X was told %d times, want twice of each pair", n)
		}
	})
}

func TestXAccounts_AreTheirUsersOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		mine, theirs := w.signIn(t, ada), w.signIn(t, gus)
		before := w.token(t, theirs)
		for _, id := range []string{theirs.Account.ID, db.NewID(), "", "' OR 1=1", "\x00"} {
			for name, err := range map[string]error{
				"RefreshX":    second(w.RefreshX(t.Context(), mine.UserID, id)),
				"XToken":      second(w.XToken(t.Context(), mine.UserID, id)),
				"XTokenAfter": second(w.XTokenAfter(t.Context(), mine.UserID, id, "x")),
				"RevokeX":     w.RevokeX(t.Context(), mine.UserID, id),
			} {
				if !errors.Is(err, fault.NotFound) {
					t.Errorf("%s of %q: got %v", name, id, err)
				}
			}
		}
		if all, err := w.Accounts(t.Context(), mine.UserID); err != nil || len(all) != 1 || all[0].ID != mine.Account.ID {
			t.Errorf("Accounts: got %+v, %v", all, err)
		}
		if w.token(t, theirs) != before {
			t.Error("another user's tokens changed")
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestMarkSynced_ShowsOnTheAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		var at time.Time
		err := w.db.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			at = tx.Now()
			w.MarkSynced(ctx, tx, in.UserID, in.Account.ID)
			return nil
		})
		if a := w.linked(t, in); err != nil || a.LastSyncAt == nil || !a.LastSyncAt.Equal(at) {
			t.Fatalf("got %v, want %v (%v)", a.LastSyncAt, at, err)
		}
	})
}
