package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

func TestPrefer_KeepsALanguageAndAZoneThatThereAre(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, other := w.signIn(t, ada), w.signIn(t, gus)
		for _, wish := range []account.Wish{
			{Language: new("es")},
			{TimeZone: new("Europe/Berlin")},
			{Language: new("de")},
		} {
			if err := w.Prefer(t.Context(), in.UserID, wish); err != nil {
				t.Fatal(err)
			}
		}
		want := account.Preferences{Language: "de", TimeZone: "Europe/Berlin"}
		got, err := w.Preferences(t.Context(), in.UserID)
		me, meErr := w.Me(t.Context(), in.UserID)
		if err := errors.Join(err, meErr); err != nil || got != want || me.Preferences != want {
			t.Fatalf("got %+v and %+v, %v", got, me.Preferences, err)
		}
		if got.Spoken() != "de" || got.Place().String() != "Europe/Berlin" {
			t.Errorf("got %s in %s", got.Spoken(), got.Place())
		}
		for _, wish := range []account.Wish{
			{Language: new("xx")},
			{Language: new("de-AT")},
			{TimeZone: new("Nowhere/Land")},
			{TimeZone: new("Local")},
			{TimeZone: new("localtime")},
			{TimeZone: new("right/Europe/Berlin")},
			{TimeZone: new("./Europe/Berlin")},
			{TimeZone: new("../etc/passwd")},
			{TimeZone: new(strings.Repeat("a", 65))},
		} {
			if err := w.Prefer(t.Context(), in.UserID, wish); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%+v: got %v", wish, err)
			}
		}
		if n := w.count(t, `SELECT count(*) FROM audit_log WHERE user_id = $1 AND action = 'user.prefers'
			AND CAST(detail AS text) LIKE '%time_zone%'`, in.UserID); n != 1 {
			t.Errorf("%d lines of the log tell that the zone was changed", n)
		}
		if n := w.count(t, `SELECT count(*) FROM audit_log WHERE CAST(detail AS text) LIKE '%Berlin%'`); n != 0 {
			t.Error("the log tells where somebody is, and outlives their account")
		}
		if err := w.Prefer(t.Context(), db.NewID(), account.Wish{Language: new("de")}); !errors.Is(err, fault.NotFound) {
			t.Errorf("nobody: got %v", err)
		}
		if got, err := w.Preferences(t.Context(), other.UserID); err != nil || got != (account.Preferences{}) {
			t.Errorf("the other user: got %+v, %v", got, err)
		}
	})
}

func TestPreferences_FollowTheBrowserOfTheLastSignInUntilALanguageIsChosen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, step := range []struct{ heard, chosen, want string }{
			{"", "", "en"}, {"de", "", "de"}, {"", "", "de"}, {"xx", "", "de"}, {"es", "", "es"}, {"es", "en", "en"},
		} {
			c := w.consent(t, w.begin(t, account.SignInRequest{}), ada)
			c.Language = step.heard
			user := w.complete(t, c).UserID
			if err := w.Prefer(t.Context(), user, account.Wish{Language: &step.chosen}); err != nil {
				t.Fatal(err)
			}
			if p, err := w.Preferences(t.Context(), user); err != nil || p.Spoken() != step.want {
				t.Errorf("%+v: got %+v, %v", step, p, err)
			}
		}
	})
}
