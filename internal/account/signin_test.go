package account_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/sandbox"
)

func TestSignIn_MakesAUserWithAnAccountAndASession(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.complete(t, w.consent(t, w.begin(t, account.SignInRequest{RedirectTo: "/reports?new=1"}), ada))
		if !in.New || in.Linked || in.ReturnTo != "/reports?new=1" {
			t.Fatalf("got new %v, linked %v, return to %q", in.New, in.Linked, in.ReturnTo)
		}
		a := in.Account
		if a.XUserID != "2410000000000000011" || a.Handle != ada || a.Status != "active" || a.Health != "active" ||
			!slices.Contains(a.Scopes, "offline.access") {
			t.Fatalf("got %+v", a)
		}
		me, err := w.Me(t.Context(), in.UserID)
		if err != nil || me.Name != "Ada Fernhill" || me.Role != "user" || me.Tier != "none" ||
			me.SubscriptionStatus != "none" || me.Accounts != 1 {
			t.Fatalf("got %+v, %v", me, err)
		}
		p, err := w.Authenticate(t.Context(), in.Tokens.Access)
		if err != nil || p.UserID != in.UserID || p.SessionID != in.Tokens.SessionID || p.Role != "user" {
			t.Fatalf("got %+v, %v", p, err)
		}
		if n := w.count(t, `SELECT count(*) FROM audit_log WHERE user_id = $1
			AND action IN ('user.created', 'x_account.linked', 'session.started')`, in.UserID); n != 3 {
			t.Fatalf("%d lines in the audit log, want 3", n)
		}
		if r := w.sb.X().Refusals(); len(r) != 0 {
			t.Fatalf("X refused %v", r)
		}
	})
}

func TestSignIn_FindsTheUserOfAKnownAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		first, second := w.signIn(t, ada), w.signIn(t, ada)
		if second.New || second.UserID != first.UserID || second.Account.ID != first.Account.ID ||
			second.Tokens.SessionID == first.Tokens.SessionID {
			t.Fatalf("first %+v, second %+v", first.Account, second.Account)
		}
		if n := w.count(t, `SELECT count(*) FROM users`); n != 1 {
			t.Fatalf("%d users", n)
		}
	})
}

func TestSignIn_ParallelFirstOnesMakeOneUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		callbacks := make([]account.Callback, 8)
		for i := range callbacks {
			callbacks[i] = w.consent(t, w.begin(t, account.SignInRequest{}), ada)
		}
		done := make([]account.SignedIn, len(callbacks))
		var wg sync.WaitGroup
		for i, c := range callbacks {
			wg.Go(func() {
				var err error
				if done[i], err = w.CompleteSignIn(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		fresh := 0
		for _, in := range done {
			if in.New {
				fresh++
			}
			if in.UserID != done[0].UserID {
				t.Errorf("two users: %s and %s", in.UserID, done[0].UserID)
			}
		}
		if users := w.count(t, `SELECT count(*) FROM users`); fresh != 1 || users != 1 {
			t.Fatalf("%d callbacks say they made the user, and there are %d users", fresh, users)
		}
	})
}

func TestCallback_OfParallelOnesWithOneStateOneWins(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		c := w.consent(t, w.begin(t, account.SignInRequest{}), ada)
		errs := make([]error, 10)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = w.CompleteSignIn(t.Context(), c) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("a loser got %v", err)
			}
		}
		if won != 1 || len(w.sb.Calls("/x/2/oauth2/token")) != 1 {
			t.Fatalf("%d won, X was asked %d times", won, len(w.sb.Calls("/x/2/oauth2/token")))
		}
	})
}

// Every state that cannot be used gets the same answer, so that it tells an attacker nothing.
func TestCallback_RefusesAStateThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		other := w.begin(t, account.SignInRequest{})
		for name, spoil := range map[string]func(t *testing.T, c *account.Callback){
			"replayed":            func(t *testing.T, c *account.Callback) { w.complete(t, *c) },
			"of another browser":  func(_ *testing.T, c *account.Callback) { c.Browser = other.Browser },
			"without the cookie":  func(_ *testing.T, c *account.Callback) { c.Browser = "" },
			"unknown":             func(_ *testing.T, c *account.Callback) { c.State = strings.Repeat("A", 43) },
			"missing":             func(_ *testing.T, c *account.Callback) { c.State = "" },
			"huge":                func(_ *testing.T, c *account.Callback) { c.State = strings.Repeat("A", 1<<20) },
			"swapped for another": func(_ *testing.T, c *account.Callback) { c.State = other.State },
		} {
			c := w.consent(t, w.begin(t, account.SignInRequest{}), ada)
			spoil(t, &c)
			_, err := w.CompleteSignIn(t.Context(), c)
			checkBadState(t, name, err)
		}
		c := w.consent(t, w.begin(t, account.SignInRequest{}), ada)
		w.clock.Advance(600 * time.Second)
		_, err := w.CompleteSignIn(t.Context(), c)
		checkBadState(t, "600 s old", err)
	})
}

func checkBadState(t *testing.T, name string, err error) {
	t.Helper()
	f := fault.From(err)
	if f == nil || f.Code != "validation_failed" || !strings.HasPrefix(f.Message, "This sign-in cannot be completed") ||
		f.Fields[0].Location != "query.state" {
		t.Errorf("a state that is %s: got %v", name, err)
	}
}

func TestCallback_AStateSeenInAnotherBrowserIsSpent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		c := w.consent(t, w.begin(t, account.SignInRequest{}), ada)
		thief := c
		thief.Browser = w.begin(t, account.SignInRequest{}).Browser
		_, err := w.CompleteSignIn(t.Context(), thief)
		checkBadState(t, "of another browser", err)
		_, err = w.CompleteSignIn(t.Context(), c)
		checkBadState(t, "spent by a thief", err)
	})
}

func TestBeginSignIn_ShowsXTheChallengeAndKeepsNothingReadable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a := w.begin(t, account.SignInRequest{})
		u, err := url.Parse(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("code_challenge_method") != "S256" || q.Get("state") != a.State ||
			q.Get("redirect_uri") != home+account.CallbackPath || q.Get("scope") != "tweet.read users.read offline.access" {
			t.Fatalf("got %v", q)
		}
		row, err := db.ReadOne(t.Context(), w.db, db.System,
			func(r db.Rows, row *[2]string) error { return r.Scan(&row[0], &row[1]) },
			`SELECT state_hash, browser_hash FROM oauth_states`)
		if err != nil || row[0] == a.State || row[1] == a.Browser {
			t.Fatalf("the row holds %v (%v)", row, err)
		}
	})
}

func TestCallback_TellsADeclineFromAFailure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			change func(*account.Callback)
			want   *fault.Fault
		}{
			"the person declined": {func(c *account.Callback) { c.Code, c.Error = "", "access_denied" }, fault.Forbidden},
			"X declined": {
				func(c *account.Callback) { c.Code, c.Error = "", "temporarily_unavailable" },
				fault.XUnavailable,
			},
			"no code":          {func(c *account.Callback) { c.Code = "" }, fault.ValidationFailed},
			"a huge code":      {func(c *account.Callback) { c.Code = strings.Repeat("x", 2000) }, fault.ValidationFailed},
			"an invented code": {func(c *account.Callback) { c.Code = "injected" }, fault.XUnavailable},
		} {
			cb := w.consent(t, w.begin(t, account.SignInRequest{RedirectTo: "/back"}), ada)
			c.change(&cb)
			in, err := w.CompleteSignIn(t.Context(), cb)
			if !errors.Is(err, c.want) || in.ReturnTo != "/back" || in.UserID != "" {
				t.Errorf("%s: got %v and return to %q", name, err, in.ReturnTo)
			}
		}
		if n := w.count(t, `SELECT count(*) FROM users`); n != 0 {
			t.Fatalf("%d users were made", n)
		}
	})
}

// A code belongs to the sign-in it was asked for: PKCE refuses it in any other.
func TestCallback_RefusesACodeOfAnotherSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		victim := w.consent(t, w.begin(t, account.SignInRequest{}), ada)
		attacker := w.consent(t, w.begin(t, account.SignInRequest{}), gus)
		attacker.Code = victim.Code
		if _, err := w.CompleteSignIn(t.Context(), attacker); !errors.Is(err, fault.XUnavailable) {
			t.Fatalf("got %v", err)
		}
		if n := w.count(t, `SELECT count(*) FROM users`); n != 0 {
			t.Fatalf("%d users were made", n)
		}
	})
}

func TestSignIn_LeavesNothingWhenXFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, f := range []sandbox.Fault{
			{Path: "/x/2/oauth2/token", Status: http.StatusInternalServerError},
			{Path: "/x/2/oauth2/token", Drop: true},
			{Path: "/x/2/oauth2/token", Malformed: true},
			{Path: "/x/2/users/me", Malformed: true},
			{Path: "/x/2/users/me", Status: http.StatusTooManyRequests},
		} {
			c := w.consent(t, w.begin(t, account.SignInRequest{}), ada)
			w.sb.Fail(f)
			if _, err := w.CompleteSignIn(t.Context(), c); !errors.Is(err, fault.XUnavailable) {
				t.Errorf("%+v: got %v", f, err)
			}
		}
		if n := w.count(t, `SELECT count(*) FROM users`) + w.count(t, `SELECT count(*) FROM sessions`); n != 0 {
			t.Fatalf("%d rows were left", n)
		}
	})
}

func TestLink_AddsAnAccountAndKeepsTheSession(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		linked := w.link(t, in.UserID, gus)
		if !linked.Linked || linked.New || linked.UserID != in.UserID || linked.Account.Handle != gus ||
			linked.Tokens.Access != "" {
			t.Fatalf("got %+v", linked.Account)
		}
		again := w.signIn(t, gus)
		if again.New || again.UserID != in.UserID {
			t.Fatal("a linked account signs in its user")
		}
		accounts, err := w.Accounts(t.Context(), in.UserID)
		if err != nil || len(accounts) != 2 {
			t.Fatalf("%d accounts, %v", len(accounts), err)
		}
	})
}

func TestLink_RefusesATakeover(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		owner, other := w.signIn(t, ada), w.signIn(t, gus)
		before := w.token(t, owner)
		take := func() error {
			c := w.consent(t, w.begin(t, w.linkRequest(t, other.UserID)), ada)
			_, err := w.CompleteSignIn(t.Context(), c)
			return err
		}
		if err := take(); !errors.Is(err, fault.AlreadyLinked) {
			t.Fatalf("got %v", err)
		}
		if w.token(t, owner) != before {
			t.Fatal("the refused link changed the owner's tokens")
		}
		if err := w.RevokeX(t.Context(), owner.UserID, owner.Account.ID); err != nil {
			t.Fatal(err)
		}
		if err := take(); !errors.Is(err, fault.AlreadyLinked) {
			t.Fatalf("a revoked account was taken over: %v", err)
		}
	})
}

func TestSignIn_ReconnectsARevokedAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		if err := w.RevokeX(t.Context(), in.UserID, in.Account.ID); err != nil {
			t.Fatal(err)
		}
		back := w.signIn(t, ada)
		if back.UserID != in.UserID || back.Account.ID != in.Account.ID || back.Account.Status != "active" ||
			!back.Account.LinkedAt.After(in.Account.LinkedAt) {
			t.Fatalf("got %+v, before %+v", back.Account, in.Account)
		}
		if _, err := w.x.Me(t.Context(), w.token(t, back)); err != nil {
			t.Fatalf("the new token does not work: %v", err)
		}
	})
}

func TestSecrets_PrintAsDots(t *testing.T) {
	t.Parallel()
	secret := "do-not-print-me"
	for _, v := range []any{
		account.Tokens{Access: secret, Refresh: secret},
		&account.Tokens{Access: secret, Refresh: secret},
		account.SignedIn{Tokens: account.Tokens{Access: secret, Refresh: secret}},
		account.Authorization{URL: secret, State: secret, Browser: secret},
		account.Callback{State: secret, Code: secret, Browser: secret},
	} {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		printed := fmt.Sprintf("%v %+v %#v %s %q %d %x", v, v, v, v, v, v, v) + log.String()
		if strings.Contains(printed, secret) || strings.Contains(printed, fmt.Sprintf("%x", secret)) {
			t.Errorf("%T prints %s", v, printed)
		}
	}
	if b, _ := json.Marshal(account.SignedIn{Tokens: account.Tokens{Access: secret}}); bytes.Contains(b, []byte(secret)) {
		t.Errorf("SignedIn marshals its tokens: %s", b)
	}
}
