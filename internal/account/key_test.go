package account_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
)

func (w *world) key(t *testing.T, userID, name string, scopes ...account.Scope) account.NewKey {
	t.Helper()
	if len(scopes) == 0 {
		scopes = []account.Scope{account.AnalysesRead}
	}
	k, err := w.CreateKey(t.Context(), userID, account.KeyRequest{Name: name, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// opens tells what a key is answered.
func opens(t *testing.T, s *account.Service, key string) error {
	t.Helper()
	_, err := s.AuthenticateKey(t.Context(), key)
	return err
}

func TestCreateKey_TellsTheSecretOnceAndKeepsItsHash(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		k := w.key(t, in.UserID, " nightly report ", account.AccountRead, account.AnalysesRead, account.AccountRead)
		p, err := w.AuthenticateKey(t.Context(), k.Secret)
		if err != nil || p.UserID != in.UserID || p.KeyID != k.ID || p.SessionID != "" || p.Role != "user" ||
			!slices.Equal(p.Scopes, []account.Scope{account.AnalysesRead, account.AccountRead}) {
			t.Fatalf("got %+v, %v", p, err)
		}
		all, err := w.Keys(t.Context(), in.UserID)
		if err != nil || len(all) != 1 || all[0].Name != "nightly report" || !strings.HasSuffix(k.Secret, all[0].Hint) ||
			len(all[0].Hint) != 4 || all[0].ExpiresAt.Sub(all[0].CreatedAt) != 90*24*time.Hour {
			t.Fatalf("got %+v, %v", all, err)
		}
		for _, column := range []string{"hash", "scopes", "hint", "name"} {
			if n := w.count(t, `SELECT count(*) FROM api_keys WHERE `+column+` LIKE '%' || CAST($1 AS text) || '%'`,
				k.Secret[4:30]); n != 0 {
				t.Errorf("the secret can be read from %s", column)
			}
		}
	})
}

func TestCreateKey_RefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		read := []account.Scope{account.AnalysesRead}
		for what, r := range map[string]account.KeyRequest{
			"no name": {Scopes: read}, "a blank name": {Name: " ", Scopes: read},
			"a long name": {Name: strings.Repeat("ä", 101), Scopes: read},
			"two lines":   {Name: "a\nb", Scopes: read}, "no text": {Name: "\xff", Scopes: read}, "no scope": {Name: "a"},
			"an unknown scope": {Name: "a", Scopes: []account.Scope{account.AnalysesRead, "keys:write"}},
			"an empty scope":   {Name: "a", Scopes: []account.Scope{""}},
			"no time":          {Name: "a", Scopes: read, Days: -1}, "for ever": {Name: "a", Scopes: read, Days: 366},
		} {
			if _, err := w.CreateKey(t.Context(), in.UserID, r); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%s: got %v", what, err)
			}
		}
		w.key(t, in.UserID, "twin")
		if _, err := w.CreateKey(t.Context(), in.UserID, account.KeyRequest{Name: "twin", Scopes: read}); !errors.Is(err,
			fault.Conflict) {
			t.Errorf("a second key of one name: got %v", err)
		}
		if _, err := w.CreateKey(t.Context(), db.NewID(), account.KeyRequest{Name: "a", Scopes: read}); !errors.Is(err,
			fault.NotFound) {
			t.Errorf("nobody's key: got %v", err)
		}
	})
}

func TestCreateKey_RacingNeverMakesMoreThanTwenty(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var user string
		for range 5 { // several, because the first race only opens connections
			user = db.NewID()
			w.exec(t, `INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'racer', $2, $2)`, user, w.clock.Now())
			if made, refused := w.raceForKeys(t, user); made != account.MaxKeys || refused != 20 {
				t.Fatalf("%d made and %d refused, want 20 and 20", made, refused)
			}
		}
		w.clock.Advance(90 * 24 * time.Hour)
		w.key(t, user, "key 1") // expired ones take no room and no name
	})
}

// raceForKeys asks for 40 keys at once.
func (w *world) raceForKeys(t *testing.T, user string) (made, refused int64) {
	t.Helper()
	var yes, no atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			_, err := w.CreateKey(t.Context(), user, account.KeyRequest{Name: fmt.Sprint("key ", i), Scopes: account.Scopes()})
			switch {
			case err == nil:
				yes.Add(1)
			case errors.Is(err, fault.Conflict):
				no.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return yes.Load(), no.Load()
}

// One refusal for each way a key can be no good, equal to the last letter.
func TestAuthenticateKey_GivesNoHintWhyAKeyIsNoGood(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		revoked, rotated := w.key(t, in.UserID, "revoked"), w.key(t, in.UserID, "rotated")
		short, err := w.CreateKey(t.Context(), in.UserID, account.KeyRequest{
			Name: "short", Scopes: account.Scopes(),
			Days: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := w.key(t, w.signIn(t, gus).UserID, "unknown")
		w.exec(t, `DELETE FROM api_keys WHERE id = $1`, elsewhere.ID) // well formed, and nobody's
		if err := w.RevokeKey(t.Context(), in.UserID, revoked.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.RotateKey(t.Context(), in.UserID, rotated.ID, account.Rotation{}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(24 * time.Hour)
		want := fmt.Sprint(opens(t, w.Service, "rpz_"))
		for what, key := range map[string]string{
			"revoked": revoked.Secret, "rotated": rotated.Secret, "expired": short.Secret, "unknown": elsewhere.Secret,
			"mistyped": revoked.Secret[:42] + "!", "cut": revoked.Secret[:20], "long": strings.Repeat("rpz_", 10_000),
		} {
			for range 2 { // the second time from memory
				if err := opens(t, w.Service, key); !errors.Is(err, fault.Unauthenticated) || fmt.Sprint(err) != want {
					t.Errorf("%s: got %v", what, err)
				}
			}
		}
	})
}

func TestAuthenticateKey_AsksTheDatabaseForEachBadKeyOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		k := w.key(t, in.UserID, "gone")
		if w.RemembersKey(k.Secret) {
			t.Error("it is remembered before it was ever seen")
		}
		if !w.RemembersKey(k.Secret[:42] + "!") {
			t.Error("what is no key at all would be looked up")
		}
		if err := w.RevokeKey(t.Context(), in.UserID, k.ID); err != nil {
			t.Fatal(err)
		}
		if err := opens(t, w.Service, k.Secret); !errors.Is(err, fault.Unauthenticated) || !w.RemembersKey(k.Secret) {
			t.Fatalf("got %v, remembered %v", err, w.RemembersKey(k.Secret))
		}
		w.db.Close()
		if err := opens(t, w.Service, k.Secret); !errors.Is(err, fault.Unauthenticated) {
			t.Errorf("a known bad key was looked up again: %v", err)
		}
	})
}

func TestAuthenticateKey_SaysWhenTheDatabaseCannot(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		k := w.key(t, w.signIn(t, ada).UserID, "a")
		w.db.Close()
		if err := opens(t, w.Service, k.Secret); !errors.Is(err, fault.DependencyDown) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAuthenticate_TakesNoKeyForAnAccessToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		k := w.key(t, in.UserID, "a")
		if err := authenticates(w.Service, t, k.Secret); !errors.Is(err, fault.Unauthenticated) {
			t.Errorf("a key as an access token: got %v", err)
		}
		for _, token := range []string{in.Tokens.Access, in.Tokens.Refresh} {
			if err := opens(t, w.Service, token); account.IsKey(token) || !errors.Is(err, fault.Unauthenticated) {
				t.Errorf("a token as a key: got %v", err)
			}
		}
	})
}

func TestAuthenticateKey_NotesItsUseAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		k := w.key(t, in.UserID, "busy")
		services := []*account.Service{w.Service, w.another(jwtKey), w.another(jwtKey)}
		used := func() *time.Time {
			all, err := w.Keys(t.Context(), in.UserID)
			if err != nil {
				t.Fatal(err)
			}
			return all[0].LastUsedAt
		}
		if used() != nil {
			t.Fatal("it was used before it was used")
		}
		writes := 0
		for last := used(); writes < 3; {
			for _, s := range services {
				if err := opens(t, s, k.Secret); err != nil {
					t.Fatal(err)
				}
			}
			if now := used(); last == nil || !now.Equal(*last) {
				if last != nil && now.Sub(*last) < time.Minute {
					t.Fatalf("written again after %v", now.Sub(*last))
				}
				last = now
				writes++
			}
			w.clock.Advance(6 * time.Second) // more than liveness is remembered
		}
	})
}

func TestRotateKey_LeavesTheOldSecretGoodForTheTimeChosen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		first := w.key(t, in.UserID, "a", account.BillingRead)
		if err := opens(t, w.Service, first.Secret); err != nil {
			t.Fatal(err)
		}
		second, err := w.RotateKey(t.Context(), in.UserID, first.ID, account.Rotation{Overlap: time.Hour, Days: 30})
		if err != nil || second.ID != first.ID || second.Secret == first.Secret || second.Name != "a" ||
			!slices.Equal(second.Scopes, first.Scopes) || second.ExpiresAt.Sub(*second.RotatedAt) != 30*24*time.Hour {
			t.Fatalf("got %+v, %v", second.Key, err)
		}
		for _, secret := range []string{first.Secret, second.Secret} {
			if err := opens(t, w.Service, secret); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.RotateKey(t.Context(), in.UserID, first.ID, account.Rotation{Overlap: time.Hour}); !errors.Is(err,
			fault.Conflict) {
			t.Fatalf("a third living secret: got %v", err)
		}
		w.clock.Advance(58 * time.Minute)
		if err := opens(t, w.Service, first.Secret); err != nil {
			t.Fatalf("before its end: %v", err)
		}
		if all, err := w.Keys(t.Context(), in.UserID); err != nil || all[0].OldUsedAt == nil ||
			w.clock.Now().Sub(*all[0].OldUsedAt) > time.Minute {
			t.Fatalf("nobody can see that the old secret is still in use: %+v, %v", all, err)
		}
		w.clock.Advance(2 * time.Minute)
		if err := opens(t, w.Service, first.Secret); !errors.Is(err, fault.Unauthenticated) {
			t.Fatalf("after its end: got %v", err)
		}
		if err := opens(t, w.Service, second.Secret); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRotateKey_WithoutOverlapEndsBothSecretsAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		first := w.key(t, in.UserID, "a")
		second, err := w.RotateKey(t.Context(), in.UserID, first.ID, account.Rotation{Overlap: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{first.Secret, second.Secret} {
			if err := opens(t, w.Service, secret); err != nil {
				t.Fatal(err) // and it is remembered that they are good
			}
		}
		third, err := w.RotateKey(t.Context(), in.UserID, first.ID, account.Rotation{})
		if err != nil || third.OldUntil != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{first.Secret, second.Secret} {
			if err := opens(t, w.Service, secret); !errors.Is(err, fault.Unauthenticated) {
				t.Errorf("got %v", err)
			}
		}
		if err := opens(t, w.Service, third.Secret); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRotateKey_OfRacingRotationsOneWins(t *testing.T) {
	t.Parallel()
	for name, overlap := range map[string]time.Duration{"with overlap": time.Hour, "without": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				in := w.signIn(t, ada)
				first := w.key(t, in.UserID, "a")
				var mu sync.Mutex
				var won []string
				var wg sync.WaitGroup
				for range 12 {
					wg.Go(func() {
						k, err := w.RotateKey(t.Context(), in.UserID, first.ID, account.Rotation{Overlap: overlap})
						if err != nil && !errors.Is(err, fault.Conflict) {
							t.Error(err)
						}
						if err == nil {
							mu.Lock()
							defer mu.Unlock()
							won = append(won, k.Secret)
						}
					})
				}
				wg.Wait()
				good := 0
				for _, secret := range won {
					if opens(t, w.Service, secret) == nil {
						good++
					}
				}
				if good != 1 || overlap > 0 && len(won) != 1 { // without overlap they may follow each other, and the last is good
					t.Fatalf("%d rotations won, and %d of their secrets are good", len(won), good)
				}
				if err := opens(t, w.Service, first.Secret); (err == nil) != (overlap > 0) {
					t.Fatalf("the first secret: got %v", err)
				}
			})
		})
	}
}

func TestRotateKey_RefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, other := w.signIn(t, ada), w.signIn(t, gus)
		k := w.key(t, in.UserID, "a")
		for _, r := range []account.Rotation{{Overlap: -1}, {Overlap: account.MaxOverlap + 1}, {Days: -1}, {Days: 366}} {
			if _, err := w.RotateKey(t.Context(), in.UserID, k.ID, r); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%+v: got %v", r, err)
			}
		}
		for _, id := range []string{"", "x", db.NewID(), strings.ToUpper(k.ID)} {
			if _, err := w.RotateKey(t.Context(), in.UserID, id, account.Rotation{}); !errors.Is(err, fault.NotFound) {
				t.Errorf("%q: got %v", id, err)
			}
		}
		if _, err := w.RotateKey(t.Context(), other.UserID, k.ID, account.Rotation{}); !errors.Is(err, fault.NotFound) {
			t.Errorf("another user's key: got %v", err)
		}
		if err := opens(t, w.Service, k.Secret); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(90 * 24 * time.Hour)
		if _, err := w.RotateKey(t.Context(), in.UserID, k.ID, account.Rotation{}); !errors.Is(err, fault.Conflict) {
			t.Errorf("an expired key: got %v", err)
		}
	})
}

// However long the overlap, an old secret never outlives what its owner was told of it.
func TestRotateKey_NeverExtendsTheOldSecret(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		first, err := w.CreateKey(t.Context(), in.UserID, account.KeyRequest{Name: "a", Scopes: account.Scopes(), Days: 1})
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.RotateKey(t.Context(), in.UserID, first.ID, account.Rotation{Overlap: account.MaxOverlap})
		if err != nil || !second.OldUntil.Equal(first.ExpiresAt) {
			t.Fatalf("got %v, %v", second.OldUntil, err)
		}
	})
}

func TestRevokeKey_IsFeltAtOnceHereAndSoonElsewhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in, elsewhere := w.signIn(t, ada), w.another(jwtKey)
		first := w.key(t, in.UserID, "a")
		second, err := w.RotateKey(t.Context(), in.UserID, first.ID, account.Rotation{Overlap: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		secrets := []string{first.Secret, second.Secret}
		for _, secret := range secrets {
			for _, s := range []*account.Service{w.Service, elsewhere} {
				if err := opens(t, s, secret); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.RevokeKey(t.Context(), in.UserID, first.ID); err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if err := opens(t, w.Service, secret); !errors.Is(err, fault.Unauthenticated) {
				t.Errorf("here: got %v", err)
			}
		}
		w.clock.Advance(5 * time.Second)
		for _, secret := range secrets {
			if err := opens(t, elsewhere, secret); !errors.Is(err, fault.Unauthenticated) {
				t.Errorf("elsewhere: got %v", err)
			}
		}
		if err := w.RevokeKey(t.Context(), in.UserID, first.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("revoking it twice: got %v", err)
		}
	})
}

func TestKeys_OfOthersAreNotThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		mine, theirs := w.signIn(t, ada), w.signIn(t, gus)
		k := w.key(t, theirs.UserID, "theirs")
		w.key(t, mine.UserID, "mine")
		if all, err := w.Keys(t.Context(), mine.UserID); err != nil || len(all) != 1 || all[0].Name != "mine" {
			t.Fatalf("got %+v, %v", all, err)
		}
		if err := w.RevokeKey(t.Context(), mine.UserID, k.ID); !errors.Is(err, fault.NotFound) {
			t.Fatalf("got %v", err)
		}
		if err := opens(t, w.Service, k.Secret); err != nil {
			t.Fatal(err)
		}
	})
}

func TestKeys_EveryStepLeavesALineWithoutSecretOrName(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		first := w.key(t, in.UserID, "private words")
		second, err := w.RotateKey(t.Context(), in.UserID, first.ID, account.Rotation{Overlap: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.RevokeKey(t.Context(), in.UserID, first.ID); err != nil {
			t.Fatal(err)
		}
		lines, err := db.Read(t.Context(), w.db, db.User(in.UserID), func(r db.Rows, v *string) error {
			var action, resource, detail string
			err := r.Scan(&action, &resource, &detail)
			*v = action + " " + resource + " " + detail
			return err
		}, `SELECT action, resource, CAST(detail AS text) FROM audit_log WHERE user_id = $1 AND action LIKE 'api_key.%'
			ORDER BY created_at, id`, in.UserID)
		if err != nil || len(lines) != 3 {
			t.Fatalf("got %v, %v", lines, err)
		}
		for i, action := range []string{"api_key.created", "api_key.rotated", "api_key.revoked"} {
			if !strings.HasPrefix(lines[i], action+" api_key:"+first.ID) {
				t.Errorf("line %d is %s", i, lines[i])
			}
		}
		for _, secret := range []string{first.Secret[4:30], second.Secret[4:30], "private words"} {
			if strings.Contains(strings.Join(lines, "\n"), secret) {
				t.Error("a line holds a secret or a name")
			}
		}
	})
}

func TestRecord_SaysWhichKeyActed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		ctx := audit.WithOrigin(t.Context(), audit.Origin{KeyID: "0198-key"})
		if _, err := w.Rename(ctx, in.UserID, "Ada"); err != nil {
			t.Fatal(err)
		}
		if n := w.count(t, `SELECT count(*) FROM audit_log WHERE action = 'user.renamed'
			AND detail ->> 'api_key' = '0198-key'`); n != 1 {
			t.Fatalf("%d lines name the key", n)
		}
	})
}

func TestSweep_ForgetsKeysAMonthAfterTheyExpired(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signIn(t, ada)
		w.key(t, in.UserID, "a")
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{90 * 24 * time.Hour, 1}, {29 * 24 * time.Hour, 1}, {2 * 24 * time.Hour, 0}} {
			w.clock.Advance(step.wait)
			if err := w.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			all, err := w.Keys(t.Context(), in.UserID)
			if err != nil || len(all) != step.want || len(all) == 1 && !all[0].Expired {
				t.Fatalf("after %v more: %+v, %v", step.wait, all, err)
			}
		}
	})
}

// The policies are a second lock: a query that forgets the user shows nothing of others, and no hash.
func TestKeys_AUserReadsNeitherHashesNorOtherUsersKeys(t *testing.T) {
	t.Parallel()
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.Postgres(t, clock.Now), clock)
	mine, theirs := w.signIn(t, ada), w.signIn(t, gus)
	w.key(t, theirs.UserID, "theirs")
	names, err := db.Read(t.Context(), w.db, db.User(mine.UserID), db.Value[string], `SELECT name FROM api_keys`)
	if err != nil || len(names) != 0 {
		t.Fatalf("got %v, %v", names, err)
	}
	for _, q := range []string{
		`SELECT hash FROM api_keys`, `SELECT old_hash FROM api_keys`, `UPDATE api_keys SET scopes = 'analyses:write'`,
		`DELETE FROM api_keys`,
		`INSERT INTO api_keys (id, user_id, name, hash, hint, scopes, created_at, expires_at)
			VALUES (gen_random_uuid(), '` + mine.UserID + `', 'a', 'a', 'a', 'a', now(), now())`,
	} {
		err := w.db.InTx(t.Context(), db.User(mine.UserID), func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, q)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: got %v, want a refusal", q, err)
		}
	}
}

func TestMay_OpensNothingToAKeyThatItsScopesDoNotName(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfDistinct(rapid.SampledFrom(account.Scopes()),
			func(s account.Scope) account.Scope { return s }).Draw(t, "scopes")
		asked := rapid.SampledFrom(append(account.Scopes(), "", "keys:write", "analyses")).Draw(t, "asked")
		want := slices.Contains(some, asked)
		if got := (account.Principal{KeyID: "k", Scopes: some}).May(asked); got != want {
			t.Fatalf("a key: %v, want %v", got, want)
		}
		if (account.Principal{KeyID: "k"}).May(asked) {
			t.Fatal("a key without scopes may do something")
		}
		if !(account.Principal{SessionID: "s"}).May(asked) {
			t.Fatal("a session may not")
		}
	})
}
