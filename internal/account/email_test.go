package account_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/sandbox"
)

func TestEmail_IsTakenFromXWhereItIsAskedForAndNeverNeeded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		asking := w.with(func(c *account.Config) { c.AskEmail = true })
		if me := w.me(t, w.signIn(t, ada).UserID); me.Email != "" {
			t.Fatalf("nobody asked for %s", me.Email)
		}
		for _, c := range w.sb.Calls("/x/2/users/me") {
			if strings.Contains(c.Query.Get("user.fields"), "confirmed_email") {
				t.Fatal("X was asked for an address all the same")
			}
		}
		w.Service = asking
		if me := w.me(t, w.signIn(t, ada).UserID); me.Email != "ada@fernhill.example" {
			t.Errorf("a known user has %q", me.Email)
		}
		if me := w.me(t, w.signIn(t, gus).UserID); me.Email != "" {
			t.Errorf("somebody whom X knows no address of has %q", me.Email)
		}
	})
}

func TestEmail_OfTheirOwnIsKeptAndATroubleOfXKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.Service = w.with(func(c *account.Config) { c.AskEmail = true })
		w.sb.Fail(sandbox.Fault{Path: "/x/2/users/me", Delay: 1}) // who they are is told
		w.sb.Fail(sandbox.Fault{Path: "/x/2/users/me", Status: http.StatusInternalServerError, Times: -1})
		in := w.signIn(t, ada)
		if me := w.me(t, in.UserID); me.Email != "" || !w.log.contains("X did not tell") {
			t.Fatalf("got %q", me.Email)
		}
		w.sb.Heal()
		w.exec(t, `UPDATE users SET email = 'mine@example.org', email_confirmed_at = $2 WHERE id = $1`, in.UserID, w.db.Now())
		w.signIn(t, ada)
		if me := w.me(t, in.UserID); me.Email != "mine@example.org" {
			t.Errorf("it was replaced with %q", me.Email)
		}
	})
}

func (w *world) me(t *testing.T, userID string) account.User {
	t.Helper()
	me, err := w.Me(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return me
}
