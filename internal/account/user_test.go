package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

func TestMe_ShowsTheSubscriptionAsItStands(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, other := w.signIn(t, ada), w.signIn(t, gus)
		w.exec(t, `INSERT INTO subscriptions (id, user_id, stripe_customer_id, tier, status, created_at, updated_at)
			VALUES ($1, $2, 'cus_1', 'pro', 'past_due', $3, $3)`, db.NewID(), in.UserID, w.db.Now())
		if me, err := w.Me(t.Context(), in.UserID); err != nil || me.ID != in.UserID || me.Tier != "pro" ||
			me.SubscriptionStatus != "past_due" || me.Email != "" {
			t.Errorf("got %+v, %v", me, err)
		}
		if me, err := w.Me(t.Context(), other.UserID); err != nil || me.Tier != "none" || me.Name != "Gus Gravelpit" {
			t.Errorf("the other user: got %+v, %v", me, err)
		}
		if _, err := w.Me(t.Context(), db.NewID()); !errors.Is(err, fault.NotFound) {
			t.Errorf("nobody: got %v", err)
		}
	})
}

func TestRename_TakesAnyNameThatCanBeShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, other := w.signIn(t, ada), w.signIn(t, gus)
		for _, name := range []string{"  Ada Lovelace ", "Łucja 花子 👩‍🚀", strings.Repeat("ü", 100)} {
			if me, err := w.Rename(t.Context(), in.UserID, name); err != nil || me.Name != strings.TrimSpace(name) {
				t.Errorf("%q: got %+v, %v", name, me, err)
			}
		}
		for _, name := range []string{"", "   ", "a\nb", "a\x00b", "\xff", strings.Repeat("ü", 101)} {
			if _, err := w.Rename(t.Context(), in.UserID, name); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%q: got %v", name, err)
			}
		}
		if me, err := w.Me(t.Context(), other.UserID); err != nil || me.Name != "Gus Gravelpit" {
			t.Fatalf("the other user: got %+v, %v", me, err)
		}
	})
}

func TestSetRole_NamesAUserByHandleOrID(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, other := w.signIn(t, ada), w.signIn(t, gus)
		for _, step := range []struct{ who, role string }{
			{"@Ada_Fernhill", "admin"},
			{in.UserID, "user"},
			{in.UserID, "admin"},
		} {
			if err := w.SetRole(t.Context(), step.who, step.role); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(5 * time.Second)
			if p, err := w.Authenticate(t.Context(), in.Tokens.Access); err != nil || p.Role != step.role {
				t.Errorf("%v: got %+v, %v", step, p, err)
			}
		}
		if p, err := w.Authenticate(t.Context(), other.Tokens.Access); err != nil || p.Role != "user" {
			t.Errorf("the other user: got %+v, %v", p, err)
		}
		for who, want := range map[string]error{"nobody": fault.NotFound, db.NewID(): fault.NotFound, "": fault.NotFound} {
			if err := w.SetRole(t.Context(), who, "admin"); !errors.Is(err, want) {
				t.Errorf("%q: got %v", who, err)
			}
		}
		if err := w.SetRole(t.Context(), in.UserID, "root"); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSetRole_RefusesAHandleThatTwoUsersCarry(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.signIn(t, ada)
		w.signIn(t, gus)
		w.exec(t, `UPDATE x_accounts SET handle = 'same'`)
		if err := w.SetRole(t.Context(), "same", "admin"); !errors.Is(err, fault.Conflict) {
			t.Fatalf("got %v", err)
		}
		if n := w.count(t, `SELECT count(*) FROM users WHERE role = 'admin'`); n != 0 {
			t.Fatalf("%d admins", n)
		}
	})
}

func TestConsent_IsPerUserKindAndVersion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, other := w.signIn(t, ada), w.signIn(t, gus)
		ctx := audit.WithOrigin(t.Context(), audit.Origin{SessionID: in.Tokens.SessionID})
		err := w.db.InTx(ctx, db.User(in.UserID), func(ctx context.Context, tx db.Tx) error {
			w.Consent(ctx, tx, in.UserID, "analysis", "2026-11")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			user, kind, version string
			want                bool
		}{
			{in.UserID, "analysis", "2026-11", true},
			{in.UserID, "analysis", "2026-12", false},
			{in.UserID, "clean_up", "2026-11", false},
			{other.UserID, "analysis", "2026-11", false},
		} {
			if got, err := w.HasConsent(t.Context(), c.user, c.kind, c.version); err != nil || got != c.want {
				t.Errorf("%+v: got %v, %v", c, got, err)
			}
		}
		if n := w.count(t, `SELECT count(*) FROM consents WHERE session_id = $1`, in.Tokens.SessionID); n != 1 {
			t.Fatal("the consent does not say from which session")
		}
	})
}

func TestNew_RefusesAPublicURLThatCannotWork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address string
		local   bool
		ok      bool
	}{
		{"https://api.repazoo.com", false, true},
		{"https://api.repazoo.com/", false, true},
		{"http://localhost:8000", true, true},
		{"http://api.repazoo.com", false, false},
		{"https://api.repazoo.com/base", false, false},
		{"https://u:p@api.repazoo.com", false, false},
		{"", false, false},
		{"api.repazoo.com", false, false},
		{"ftp://api.repazoo.com", true, false},
		{"https://", false, false},
	} {
		_, err := account.New(account.Config{PublicURL: c.address, Local: c.local, JWTKeys: []string{jwtKey}, Now: time.Now})
		if (err == nil) != c.ok {
			t.Errorf("%q, local %v: got %v", c.address, c.local, err)
		}
	}
}
