package account

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var keyShape = regexp.MustCompile(`^` + KeyPattern + `$`)

func TestNewKeySecret_IsFoundByScannersAndNeverTwice(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		key := newKeySecret()
		if _, ok := keyHash(key); !ok || !keyShape.MatchString(key) || seen[key] {
			t.Fatalf("%d keys made: a bad or repeated one", len(seen))
		}
		seen[key] = true
	}
}

// A fixed key keeps the format from changing: keys live for a year.
func TestKeyHash_TakesTheKeysOfEarlierVersions(t *testing.T) {
	t.Parallel()
	body := "rpz_" + strings.Repeat("AB34CD56", 4)
	for key, want := range map[string]bool{
		body + "SD2RDVY": true, body + "SD2RDVA": false, body: false, strings.ToLower(body) + "SD2RDVY": false, body +
			"SD2RDVY ": false,
	} {
		if _, ok := keyHash(key); ok != want {
			t.Errorf("%s…: taken %v, want %v (its checksum is %s)", key[:12], ok, want, checksum(body))
		}
	}
}

func TestKeyHash_CatchesEveryTypingMistake(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := newKeySecret()
		bad := []byte(key)
		at := rapid.IntRange(0, len(key)-1).Draw(t, "at")
		switch rapid.IntRange(0, 3).Draw(t, "mistake") {
		case 0: // another character
			bad[at] = rapid.SampledFrom([]byte(keyAlphabet+"018aé_ ")).Draw(t, "typed")
		case 1: // two neighbours swapped
			at = min(at, len(key)-2)
			bad[at], bad[at+1] = bad[at+1], bad[at]
		case 2: // one left out
			bad = slices.Delete(bad, at, at+1)
		case 3: // one too many
			bad = slices.Insert(bad, at, 'Q')
		}
		if _, ok := keyHash(string(bad)); ok != (string(bad) == key) {
			t.Fatalf("a mistake at %d was taken: %v", at, ok)
		}
	})
}

func TestNewKey_PrintsAsDots(t *testing.T) {
	t.Parallel()
	k := NewKey{Secret: newKeySecret()}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "key", k)
	if all := fmt.Sprintf("%v %+v %#v %s %q", k, k, k, k, &k) + log.String(); strings.Contains(all, k.Secret) {
		t.Error("a secret was printed")
	}
}

func FuzzKeyHash_TakesOnlyWhatWeCouldHaveMade(f *testing.F) {
	for _, seed := range []string{"", "rpz_", "rpz_" + strings.Repeat("A", 39), "rpz_" +
		strings.Repeat("\xff", 39), "eyJ.a.b", "rpz_\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		h, ok := keyHash(key)
		switch {
		case !ok && h != "":
			t.Fatal("a refused key has a hash")
		case ok && (!keyShape.MatchString(key) || checksum(key[:keyBodyLen]) != key[keyBodyLen:] || h != hash(key)):
			t.Fatalf("%q was taken", key)
		}
		if body := keyPrefix + encode([]byte(fmt.Sprintf("%-20.20s", key))); len(body) == keyBodyLen {
			if _, ok := keyHash(body + checksum(body)); !ok {
				t.Fatalf("%q with its checksum was refused", body)
			}
		}
	})
}
