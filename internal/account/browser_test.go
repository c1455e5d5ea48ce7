package account_test

import (
	"testing"

	"github.com/repazoo/repazoo/internal/account"
)

func TestSignIn_FromABrowserThatNeverDidIsANotice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		told := func(in account.SignedIn) int {
			t.Helper()
			return w.count(t, `SELECT count(*) FROM notices WHERE user_id = $1 AND kind = 'session.new_browser'`, in.UserID)
		}
		with := func(person string, marks ...string) account.SignedIn {
			t.Helper()
			c := w.consent(t, w.begin(t, account.SignInRequest{}), person)
			c.Marks = marks
			return w.complete(t, c)
		}
		first, other := with(ada), with(gus)
		if n := told(first); n != 0 {
			t.Fatalf("the first sign-in of all made %d notices", n)
		}
		with(ada, "", "no mark", other.Mark, first.Mark)
		if n := told(first); n != 0 {
			t.Fatalf("the same browser made %d notices", n)
		}
		with(ada, other.Mark) // of somebody else
		with(ada)
		if n := told(first); n != 2 {
			t.Fatalf("two browsers that were new made %d notices", n)
		}
		if linked := w.link(t, first.UserID, "wandering_mira"); linked.Mark != "" || told(first) != 2 {
			t.Error("a link counts as a sign-in")
		}
	})
}
