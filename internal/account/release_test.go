package account_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/fault"
)

// Whoever holds an X account that was unlinked is nobody to its former owner.
func TestRelease_TheXAccountSignsInAsSomebodyNew(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		owner := w.signIn(t, ada)
		second := w.link(t, owner.UserID, gus)
		if err := w.RevokeX(t.Context(), owner.UserID, second.Account.ID); err != nil {
			t.Fatal(err)
		}
		holder := w.signIn(t, gus)
		if !holder.New || holder.UserID == owner.UserID || holder.Account.ID == second.Account.ID {
			t.Fatalf("the account of user %s was opened: %+v", owner.UserID, holder)
		}
		if a := w.linked(t, second); !a.Released || a.Status != "revoked" || a.XUserID != second.Account.XUserID {
			t.Errorf("the former owner sees %+v", a)
		}
		if n := w.count(t, `SELECT count(*) FROM notices WHERE user_id = $1 AND kind = 'account.released'`,
			owner.UserID); n != 1 {
			t.Errorf("%d notices of the release", n)
		}
		if n := w.count(t, `SELECT count(*) FROM notices WHERE user_id = $1 AND kind = 'account.linked'`,
			owner.UserID); n != 1 {
			t.Errorf("%d notices of the link", n)
		}
	})
}

func TestRelease_TheXAccountCanBeLinkedElsewhereOrAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		owner, other := w.signIn(t, ada), w.signIn(t, "wandering_mira")
		second := w.link(t, owner.UserID, gus)
		release := func() {
			t.Helper()
			if err := w.RevokeX(t.Context(), owner.UserID, second.Account.ID); err != nil {
				t.Fatal(err)
			}
		}
		release()
		if again := w.link(t, owner.UserID, gus); again.Account.ID != second.Account.ID || again.Account.Released {
			t.Fatalf("linked again it is %+v: its reports are not with it", again.Account)
		}
		release()
		elsewhere := w.link(t, other.UserID, gus)
		if elsewhere.UserID != other.UserID || elsewhere.Account.ID == second.Account.ID {
			t.Fatalf("got %+v", elsewhere)
		}
		c := w.consent(t, w.begin(t, w.linkRequest(t, owner.UserID)), gus)
		if _, err := w.CompleteSignIn(t.Context(), c); !errors.Is(err, fault.AlreadyLinked) {
			t.Fatalf("the former owner took it back: %v", err)
		}
	})
}

// The last linked account is the only way in: it is emptied, and opens its user's account all the same.
func TestRelease_TheLastLinkedAccountIsOnlyEmptied(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		owner := w.signIn(t, ada)
		second := w.link(t, owner.UserID, gus)
		var both sync.WaitGroup
		for _, id := range []string{owner.Account.ID, second.Account.ID} {
			both.Go(func() {
				if err := w.RevokeX(t.Context(), owner.UserID, id); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if n := w.count(t, `SELECT count(*) FROM x_accounts WHERE released_x_user_id IS NOT NULL`); n != 1 {
			t.Fatalf("of two accounts that were unlinked at once %d were released, want 1", n)
		}
		if n := w.count(t, `SELECT count(*) FROM x_accounts WHERE tokens IS NOT NULL`); n != 0 {
			t.Errorf("%d accounts have tokens left", n)
		}
		if a, b := w.signIn(t, ada), w.signIn(t, gus); (a.UserID == owner.UserID) == (b.UserID == owner.UserID) {
			t.Errorf("of the two accounts one must open %s: %s, %s", owner.UserID, a.UserID, b.UserID)
		}
	})
}

func TestLink_AsksForAFreshSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.clock.Advance(14 * time.Minute)
		w.begin(t, w.linkRequest(t, in.UserID))
		w.clock.Advance(2 * time.Minute)
		if _, err := w.BeginSignIn(t.Context(), w.linkRequest(t, in.UserID)); !errors.Is(err, fault.SignInAgain) {
			t.Errorf("after 16 minutes: %v", err)
		}
		if _, err := w.BeginSignIn(t.Context(), account.SignInRequest{LinkTo: in.UserID}); err == nil {
			t.Error("a link without a session was begun")
		}
		w.signIn(t, ada)
		w.begin(t, w.linkRequest(t, in.UserID))
	})
}

// A link that was begun dies with its session, and only with that one.
func TestLink_EndsWithTheSessionThatBeganIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		c := w.consent(t, w.begin(t, w.linkRequest(t, in.UserID)), gus)
		if _, err := w.RevokeSessions(t.Context(), in.UserID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.CompleteSignIn(t.Context(), c); !errors.Is(err, fault.ValidationFailed) {
			t.Fatalf("the link outlived its session: %v", err)
		}
		if holder := w.signIn(t, gus); holder.UserID == in.UserID {
			t.Fatal("the X account opens the owner's account")
		}
	})
}

// An authorization response may name its issuer (RFC 9207), which must be X then.
func TestSignIn_ChecksTheIssuerWhenItIsNamed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a := w.begin(t, account.SignInRequest{})
		c := w.consent(t, a, ada)
		c.Issuer = "https://evil.example"
		if _, err := w.CompleteSignIn(t.Context(), c); !errors.Is(err, fault.ValidationFailed) {
			t.Fatalf("got %v", err)
		}
		if n := len(w.sb.Calls("/x/2/oauth2/token")); n != 0 {
			t.Fatalf("the code was spent: %d calls", n)
		}
		c = w.consent(t, w.begin(t, account.SignInRequest{}), ada)
		c.Issuer = w.url
		w.complete(t, c)
	})
}
