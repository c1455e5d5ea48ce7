package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/seal"
)

var (
	oldSecret = strings.Repeat("old-", 10)
	newSecret = strings.Repeat("new-", 10)
)

func sealer(t *testing.T, secrets ...string) *seal.Sealer {
	t.Helper()
	s, err := seal.New(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verifiers is a column whose rows are easily made.
func verifiers() seal.Column {
	return seal.Column{
		Table: "oauth_states", Name: "verifier", Key: []string{"state_hash"},
		Bound: func(key []string) []byte { return []byte(key[0]) },
	}
}

// world is a database with a clock that only the test moves.
type world struct {
	t     *testing.T
	db    *db.DB
	clock *dbtest.Clock
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(t, &world{t, d, dbtest.NewClock()}) })
}

func (w *world) keyring(columns []seal.Column, secrets ...string) *Keyring {
	w.t.Helper()
	k := New(Config{DB: w.db, Seal: sealer(w.t, secrets...), Columns: columns, Now: w.clock.Now})
	k.batch = 3
	return k
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	err := w.db.InTx(w.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		w.t.Error(err) // goroutines of a test call this too
	}
}

func (w *world) addVerifier(id string, box []byte) {
	w.t.Helper()
	w.exec(`INSERT INTO oauth_states (state_hash, browser_hash, purpose, verifier, redirect_uri, return_to, created_at,
		expires_at)
		VALUES ($1, '', 'sign_in', $2, '', '', $3, $3)`, id, box, w.db.Now())
}

func (w *world) addVerifiers(s *seal.Sealer, n int) {
	w.t.Helper()
	for i := range n {
		id := fmt.Sprintf("state %02d", i)
		w.addVerifier(id, s.Seal([]byte("secret of "+id), []byte(id)))
	}
}

func (w *world) boxes() map[string][]byte {
	w.t.Helper()
	type row struct {
		id  string
		box []byte
	}
	rows, err := db.Read(w.t.Context(), w.db, db.System, func(r db.Rows, v *row) error { return r.Scan(&v.id, &v.box) },
		`SELECT state_hash, verifier FROM oauth_states`)
	if err != nil {
		w.t.Fatal(err)
	}
	found := map[string][]byte{}
	for _, r := range rows {
		found[r.id] = r.box
	}
	return found
}

// opens fails unless every verifier opens under s alone to what was sealed.
func (w *world) opens(s *seal.Sealer, n int) {
	w.t.Helper()
	boxes := w.boxes()
	if len(boxes) != n {
		w.t.Fatalf("%d boxes, want %d", len(boxes), n)
	}
	for id, box := range boxes {
		if plain, err := s.Open(box, []byte(id)); err != nil || string(plain) != "secret of "+id {
			w.t.Errorf("%s: %q, %v", id, plain, err)
		}
	}
}

func quietly(Progress) {}

func TestCheck_RefusesAStartWithoutAKeyThatDataNeeds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		columns := []seal.Column{verifiers()}
		if err := w.keyring(columns, oldSecret).Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := w.keyring(columns, newSecret).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), "lacks the key "+sealer(t, oldSecret).KeyID()) ||
			strings.Contains(err.Error(), "old-") {
			t.Fatalf("got %v", err)
		}
		for _, secrets := range [][]string{{oldSecret}, {newSecret, oldSecret}, {oldSecret, newSecret}} {
			if err := w.keyring(columns, secrets...).Check(t.Context()); err != nil {
				t.Errorf("%d keys: %v", len(secrets), err)
			}
		}
		if err := w.keyring(columns, oldSecret).Check(t.Context()); err == nil {
			t.Error("the new key was written down, and a start without it was not refused")
		}
	})
}

// A database that is older than the table of keys is asked itself.
func TestCheck_ReadsFromTheDataWhichKeysItNeeds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		columns := []seal.Column{verifiers()}
		w.addVerifiers(sealer(t, oldSecret), 2)
		w.addVerifier("damaged", []byte("no box at all"))
		if err := w.keyring(columns, newSecret).Check(t.Context()); err == nil ||
			!strings.Contains(err.Error(), sealer(t, oldSecret).KeyID()) {
			t.Fatalf("got %v", err)
		}
		if err := w.keyring(columns, oldSecret).Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRotate_SealsEverythingAgainAndForgetsTheOldKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		columns := []seal.Column{verifiers()}
		old := w.keyring(columns, oldSecret)
		if err := errors.Join(old.Check(t.Context()), old.Mark(t.Context())); err != nil {
			t.Fatal(err)
		}
		w.addVerifiers(sealer(t, oldSecret), 7)
		w.clock.Advance(settled)
		var steps []Progress
		r, err := w.keyring(columns, newSecret, oldSecret).Rotate(t.Context(), func(p Progress) { steps = append(steps, p) })
		if err != nil || r.Sealed != 7 || len(r.Retired) != 1 || r.Retired[0] != sealer(t, oldSecret).KeyID() ||
			len(r.Damaged) != 0 {
			t.Fatalf("got %+v, %v", r, err)
		}
		if got := fmt.Sprint(steps); got != "[{3 7} {6 7} {7 7}]" {
			t.Errorf("progress was %s", got)
		}
		w.opens(sealer(t, newSecret), 7)
		if err := w.keyring(columns, newSecret).Check(t.Context()); err != nil {
			t.Errorf("the old key is still asked for: %v", err)
		}
		if r, err := w.keyring(columns, newSecret).Rotate(t.Context(), quietly); err != nil || r.Sealed != 0 ||
			len(r.Retired) != 0 {
			t.Errorf("a second run did %+v, %v", r, err)
		}
	})
}

func TestRotate_GoesOnWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		columns := []seal.Column{verifiers()}
		w.addVerifiers(sealer(t, oldSecret), 8)
		ctx, cut := context.WithCancel(t.Context())
		if _, err := w.keyring(columns, newSecret, oldSecret).Rotate(ctx, func(Progress) { cut() }); !errors.Is(err,
			context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if err := w.keyring(columns, newSecret).Check(t.Context()); err == nil {
			t.Error("the old key was forgotten halfway")
		}
		r, err := w.keyring(columns, newSecret, oldSecret).Rotate(t.Context(), quietly)
		if err != nil || r.Sealed != 5 {
			t.Fatalf("the second run did %+v, %v; want 5 boxes", r, err)
		}
		w.opens(sealer(t, newSecret), 8)
	})
}

// The service writes between the reading and the writing of a batch: what it wrote stays.
func TestRotate_NeverOverwritesWhatTheServiceWrites(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		current := sealer(t, newSecret, oldSecret)
		w.addVerifiers(sealer(t, oldSecret), 3)
		fresh := current.Seal([]byte("written by the service"), []byte("state 01"))
		c := verifiers()
		c.Bound = func(key []string) []byte {
			switch key[0] {
			case "state 01":
				w.exec(`UPDATE oauth_states SET verifier = $1 WHERE state_hash = 'state 01'`, fresh)
			case "state 02":
				w.exec(`DELETE FROM oauth_states WHERE state_hash = 'state 02'`)
			}
			return []byte(key[0])
		}
		if _, err := w.keyring([]seal.Column{c}, newSecret, oldSecret).Rotate(t.Context(), quietly); err != nil {
			t.Fatal(err)
		}
		boxes := w.boxes()
		if !bytes.Equal(boxes["state 01"], fresh) || boxes["state 02"] != nil || len(boxes) != 2 {
			t.Fatal("the rotation undid what the service wrote")
		}
	})
}

func TestRotate_RefusesWhileAProcessSealsWithAnotherKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		columns := []seal.Column{verifiers()}
		running := w.keyring(columns, oldSecret, newSecret)
		if err := errors.Join(running.Check(t.Context()), running.Mark(t.Context())); err != nil {
			t.Fatal(err)
		}
		w.addVerifiers(sealer(t, oldSecret), 1)
		if _, err := w.keyring(columns, newSecret, oldSecret).Rotate(t.Context(), quietly); !errors.Is(err,
			fault.Conflict) || !strings.Contains(err.Error(), sealer(t, oldSecret).KeyID()) {
			t.Fatalf("got %v", err)
		}
		w.opens(sealer(t, oldSecret), 1)
		w.clock.Advance(settled)
		if _, err := w.keyring(columns, newSecret, oldSecret).Rotate(t.Context(), quietly); err != nil {
			t.Fatalf("the process is gone, and still: %v", err)
		}
	})
}

// A process that begins to seal with the old key during the run keeps that key needed.
func TestRotate_DoesNotForgetAKeyThatIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		columns := []seal.Column{verifiers()}
		w.addVerifiers(sealer(t, oldSecret), 2)
		late := w.keyring(columns, oldSecret, newSecret)
		r, err := w.keyring(columns, newSecret, oldSecret).Rotate(t.Context(), func(Progress) {
			if err := late.Mark(t.Context()); err != nil {
				t.Error(err)
			}
		})
		if err != nil || len(r.Retired) != 0 {
			t.Fatalf("got %+v, %v", r, err)
		}
		if err := w.keyring(columns, newSecret).Check(t.Context()); err == nil {
			t.Fatal("a start without the old key was not refused")
		}
	})
}

func TestRotate_PassesByWhatIsDamagedAndSaysSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.addVerifiers(sealer(t, oldSecret), 6)
		moved := sealer(t, oldSecret).Seal([]byte("of another row"), []byte("another row"))
		w.exec(`UPDATE oauth_states SET verifier = $1 WHERE state_hash = 'state 02'`, moved)
		w.addVerifier("short", []byte("x"))
		r, err := w.keyring([]seal.Column{verifiers()}, newSecret, oldSecret).Rotate(t.Context(), quietly)
		if err != nil || r.Sealed != 5 || r.Damaged["oauth_states.verifier"] != 2 || len(r.Retired) != 1 {
			t.Fatalf("got %+v, %v", r, err)
		}
		if !bytes.Equal(w.boxes()["state 02"], moved) {
			t.Error("a damaged value was changed")
		}
	})
}

// verdicts is a column whose rows have keys that depend on the secret.
func verdicts() seal.Column {
	return seal.Column{
		Table: "verdicts", Name: "sealed", Key: []string{"user_id", "key"},
		Bound: func(key []string) []byte { return []byte(key[1]) },
		Moved: func(s *seal.Sealer, key []string, plain []byte) ([]string, error) {
			return []string{key[0], mac(s, plain)}, nil
		},
	}
}

func mac(s *seal.Sealer, plain []byte) string { return fmt.Sprintf("%x", s.MAC("test", plain)) }

func TestRotate_MovesRowsWhoseKeyDependsOnTheSecret(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := db.NewID()
		w.exec(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'ann', $2, $2)`, user, w.db.Now())
		add := func(s *seal.Sealer, text string) {
			key := mac(s, []byte(text))
			w.exec(`INSERT INTO verdicts (user_id, key, sealed, created_at) VALUES ($1, $2, $3, $4)`, user, key,
				s.Seal([]byte(text), []byte(key)), w.db.Now())
		}
		before, after := sealer(t, oldSecret), sealer(t, newSecret)
		for _, text := range []string{"one", "two", "three", "four"} {
			add(before, text)
		}
		add(after, "two") // the service met it again since the restart
		if _, err := w.keyring([]seal.Column{verdicts()}, newSecret, oldSecret).Rotate(t.Context(), quietly); err != nil {
			t.Fatal(err)
		}
		if n, err := db.ReadOne(t.Context(), w.db, db.System, db.Value[int],
			`SELECT count(*) FROM verdicts WHERE user_id = $1`, user); err != nil || n != 4 {
			t.Fatalf("%d rows, %v", n, err)
		}
		for _, text := range []string{"one", "two", "three", "four"} {
			key := mac(after, []byte(text))
			box, err := db.ReadOne(t.Context(), w.db, db.System, db.Value[[]byte],
				`SELECT sealed FROM verdicts WHERE user_id = $1 AND key = $2`, user, key)
			if err != nil {
				t.Fatal(text, err)
			}
			if plain, err := after.Open(box, []byte(key)); err != nil || string(plain) != text {
				t.Errorf("%s: %q, %v", text, plain, err)
			}
		}
	})
}

// Sealing goes on while the rotation runs, and nothing is lost or left behind.
func TestRotate_RacesWithARunningService(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		current := sealer(t, newSecret, oldSecret)
		w.addVerifiers(sealer(t, oldSecret), 60)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 60 {
				id := fmt.Sprintf("state %02d", 59-i)
				box := current.Seal([]byte("secret of "+id), []byte(id))
				w.exec(`UPDATE oauth_states SET verifier = $1 WHERE state_hash = $2`, box, id)
			}
		}()
		if _, err := w.keyring([]seal.Column{verifiers()}, newSecret, oldSecret).Rotate(t.Context(), quietly); err != nil {
			t.Error(err)
		}
		<-done
		w.opens(sealer(t, newSecret), 60)
	})
}
