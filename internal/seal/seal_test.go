package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/repazoo/repazoo/internal/seal"
	"pgregory.net/rapid"
)

var (
	first  = strings.Repeat("first-", 8)
	second = strings.Repeat("second-", 8)
)

func sealer(t testing.TB, secrets ...string) *seal.Sealer {
	t.Helper()
	s, err := seal.New(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNew_RefusesSecretsThatAreMissingShortOrDoubled(t *testing.T) {
	t.Parallel()
	for name, secrets := range map[string][]string{
		"none":   {},
		"short":  {first, strings.Repeat("x", seal.MinSecret-1)},
		"double": {first, first},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := seal.New(secrets...)
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "first-") || strings.Contains(err.Error(), "xxx") {
				t.Fatalf("the error holds the secret: %v", err)
			}
		})
	}
}

func TestOpen_GivesBackWhatWasSealed(t *testing.T) {
	t.Parallel()
	s := sealer(t, first, second)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		associated := rapid.SliceOf(rapid.Byte()).Draw(t, "associated")
		box := s.Seal(plain, associated)
		if len(box) != len(plain)+seal.Overhead {
			t.Fatalf("box of %d bytes for %d", len(box), len(plain))
		}
		got, err := s.Open(box, associated)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %x, %v", got, err)
		}
	})
}

func TestOpen_RefusesEveryChange(t *testing.T) {
	t.Parallel()
	s := sealer(t, first, second)
	rapid.Check(t, func(t *rapid.T) {
		box := s.Seal(rapid.SliceOf(rapid.Byte()).Draw(t, "plain"), []byte("row"))
		want := seal.ErrTampered
		switch i := rapid.IntRange(0, len(box)-1).Draw(t, "at"); {
		case rapid.Bool().Draw(t, "cut"):
			box = box[:i]
		default:
			box[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			if i >= 1 && i < 9 {
				want = seal.ErrUnknownKey
			}
		}
		if _, err := s.Open(box, []byte("row")); !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
	})
}

func TestOpen_RefusesABoxOfAnotherRow(t *testing.T) {
	t.Parallel()
	s := sealer(t, first)
	if _, err := s.Open(s.Seal([]byte("token"), []byte("row 1")), []byte("row 2")); !errors.Is(err, seal.ErrTampered) {
		t.Fatalf("got %v", err)
	}
}

func TestRotation_OldBoxesOpenUntilTheirSecretIsDropped(t *testing.T) {
	t.Parallel()
	before, during, after := sealer(t, first), sealer(t, second, first), sealer(t, second)
	old := before.Seal([]byte("token"), nil)
	plain, err := during.Open(old, nil)
	if err != nil || string(plain) != "token" {
		t.Fatalf("got %q, %v", plain, err)
	}
	fresh := during.Seal(plain, nil)
	if during.KeyID() != after.KeyID() || during.KeyID() == before.KeyID() {
		t.Fatal("the secret in front does not name the key")
	}
	if seal.KeyID(old) != before.KeyID() || seal.KeyID(fresh) != after.KeyID() || seal.KeyID(old[:8]) != "" {
		t.Fatal("wrong key ids")
	}
	if _, err := after.Open(old, nil); !errors.Is(err, seal.ErrUnknownKey) {
		t.Fatalf("got %v", err)
	}
}

func TestPrefix_NamesTheKeyOfABox(t *testing.T) {
	t.Parallel()
	s := sealer(t, second, first)
	box := s.Seal([]byte("token"), nil)
	if !bytes.Equal(box[:seal.PrefixSize], s.Prefix()) || seal.PrefixID(s.Prefix()) != s.KeyID() ||
		seal.PrefixID(box) != "" || seal.PrefixID(make([]byte, seal.PrefixSize)) != "" {
		t.Fatal("wrong prefix")
	}
	if ids := s.KeyIDs(); len(ids) != 2 || ids[0] != s.KeyID() || ids[1] != sealer(t, first).KeyID() {
		t.Fatalf("got %v", ids)
	}
}

func TestSeal_NeverRepeatsItself(t *testing.T) {
	t.Parallel()
	s := sealer(t, first)
	if bytes.Equal(s.Seal([]byte("x"), nil), s.Seal([]byte("x"), nil)) {
		t.Fatal("two boxes are equal")
	}
}

func TestMAC_DependsOnKeyPurposeAndDataAlone(t *testing.T) {
	t.Parallel()
	s := sealer(t, first)
	base := s.MAC("api key", []byte("abc"))
	if !bytes.Equal(base, sealer(t, first, second).MAC("api key", []byte("abc"))) {
		t.Fatal("a further secret changed the hash")
	}
	for name, other := range map[string][]byte{
		"key":      sealer(t, second).MAC("api key", []byte("abc")),
		"purpose":  s.MAC("address", []byte("abc")),
		"data":     s.MAC("api key", []byte("abd")),
		"boundary": s.MAC("api keya", []byte("bc")),
	} {
		if bytes.Equal(base, other) {
			t.Errorf("another %s gives the same hash", name)
		}
	}
	rotated := sealer(t, second, first).MACs("api key", []byte("abc"))
	if len(rotated) != 2 || !bytes.Equal(rotated[1], base) {
		t.Fatal("the hash from before the rotation is not among the hashes")
	}
}

func TestFormat_PrintsNoKey(t *testing.T) {
	t.Parallel()
	s := sealer(t, first)
	want := "seal.Sealer " + s.KeyID()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		if got := fmt.Sprintf(verb, s); got != want {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func FuzzOpen(f *testing.F) {
	s := sealer(f, first)
	f.Add(s.Seal([]byte("token"), nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, box []byte) {
		plain, err := s.Open(box, nil)
		if err == nil && string(plain) != "token" {
			t.Fatalf("opened a forgery: %x", plain)
		}
	})
}

func TestAdopt_TakesAllKeysAtOnceUnderUse(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 32), strings.Repeat("b", 32)
	s, err := seal.New(a, b)
	if err != nil {
		t.Fatal(err)
	}
	turned, err := seal.New(b, a)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{s.KeyID(), turned.KeyID()}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				box := s.Seal([]byte("x"), nil)
				if !slices.Contains(ids, seal.KeyID(box)) {
					t.Errorf("sealed with %s", seal.KeyID(box))
				}
				if plain, err := s.Open(box, nil); err != nil || string(plain) != "x" {
					t.Errorf("got %q, %v", plain, err)
				}
			}
		})
	}
	for range 100 {
		former, err := seal.New(a, b)
		if err != nil {
			t.Fatal(err)
		}
		s.Adopt(turned)
		s.Adopt(former)
	}
	wg.Wait()
	s.Adopt(turned)
	if s.KeyID() != ids[1] || !slices.Equal(s.KeyIDs(), []string{ids[1], ids[0]}) {
		t.Errorf("got %v", s.KeyIDs())
	}
}
