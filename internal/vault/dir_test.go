package vault_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/vault"
)

// fresh is a new vault in a directory of the test's own.
func fresh(t testing.TB) *vault.Dir {
	t.Helper()
	dir := t.TempDir()
	v := vault.NewDir(vault.DirConfig{
		Path:         filepath.Join(dir, "vault"),
		IdentityFile: filepath.Join(dir, "keys", "vault"),
	})
	if _, err := v.Init(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return v
}

func set(t testing.TB, v vault.Store, name, value string) {
	t.Helper()
	if err := v.Set(t.Context(), name, value); err != nil {
		t.Fatal(err)
	}
}

// holds checks every secret of a vault.
func holds(t testing.TB, v vault.Store, want map[string]string) {
	t.Helper()
	entries, err := v.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		if got[e.Name], err = v.Get(t.Context(), e.Name); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// refuses wants a fault of the kind whose sentence holds some words.
func refuses(t testing.TB, err error, kind *fault.Fault, words string) {
	t.Helper()
	if !errors.Is(err, kind) || !strings.Contains(fault.From(err).Message, words) {
		t.Errorf("got %v, want %s and %q", err, kind.Code, words)
	}
}

func TestDir_KeepsListsAndForgets(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	holds(t, v, map[string]string{})
	set(t, v, "STRIPE_SECRET_KEY", "one")
	set(t, v, "JWT_SECRET_KEY", "two\nlines, and ünicode")
	set(t, v, "STRIPE_SECRET_KEY", "three")
	holds(t, v, map[string]string{"STRIPE_SECRET_KEY": "three", "JWT_SECRET_KEY": "two\nlines, and ünicode"})
	if err := v.Remove(t.Context(), "STRIPE_SECRET_KEY"); err != nil {
		t.Fatal(err)
	}
	holds(t, v, map[string]string{"JWT_SECRET_KEY": "two\nlines, and ünicode"})
	_, err := v.Get(t.Context(), "STRIPE_SECRET_KEY")
	refuses(t, err, fault.NotFound, "There is no secret STRIPE_SECRET_KEY")
	refuses(t, v.Remove(t.Context(), "STRIPE_SECRET_KEY"), fault.NotFound, "STRIPE_SECRET_KEY")
}

func TestDir_GivesBackWhatWasSet(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.StringMatching(`[A-Z][A-Z0-9_]{0,63}`).Draw(rt, "name")
		value := rapid.StringMatching(`[^\x00]{1,300}`).Filter(func(s string) bool { return vault.CheckValue(s) == nil }).Draw(rt, "value")
		set(t, v, name, value)
		if got, err := v.Get(t.Context(), name); err != nil || got != value {
			rt.Fatalf("got %q, %v", got, err)
		}
	})
}

func TestDir_RefusesNamesAndValuesThatCannotBe(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	for _, name := range []string{"", "lower", "A/B", "../A", "A.age", ".A", "1A", strings.Repeat("A", 65), "A\n", "Ä"} {
		refuses(t, v.Set(t.Context(), name, "x"), fault.ValidationFailed, "name of a setting")
		_, err := v.Get(t.Context(), name)
		refuses(t, err, fault.ValidationFailed, "name of a setting")
		refuses(t, v.Remove(t.Context(), name), fault.ValidationFailed, "name of a setting")
	}
	for value, words := range map[string]string{
		"": "empty", " \n": "empty", strings.Repeat("x", 64<<10+1): "longer",
		"a\x00b": "no text", "\xff": "no text",
	} {
		refuses(t, v.Set(t.Context(), "A", value), fault.ValidationFailed, words)
	}
	holds(t, v, map[string]string{})
}

func TestDir_KeepsFilesPrivateAndEncrypted(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	set(t, v, "JWT_SECRET_KEY", "hunter2")
	holds(t, v, map[string]string{"JWT_SECRET_KEY": "hunter2"})
	err := filepath.Walk(filepath.Dir(v.Path), func(path string, info os.FileInfo, err error) error {
		if err != nil || path == filepath.Dir(v.Path) {
			return err
		}
		if want := map[bool]os.FileMode{true: 0o700, false: 0o600}[info.IsDir()]; info.Mode().Perm() != want {
			t.Errorf("%s has mode %04o", path, info.Mode().Perm())
		}
		if !info.IsDir() {
			if text, err := os.ReadFile(path); err != nil || bytes.Contains(text, []byte("hunter2")) {
				t.Errorf("%s holds the value, %v", path, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A file of the vault is an ordinary file of age: the tool opens it, and makes one.
func TestDir_FilesAreThoseOfAge(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	set(t, v, "A", "from here")
	text, err := os.ReadFile(v.IdentityFile)
	if err != nil {
		t.Fatal(err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(v.Path, "A.age"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := age.Decrypt(f, identities...)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := bufio.NewReader(r).ReadString(0); got != "from here" {
		t.Errorf("got %q", got)
	}
	recipients, err := v.Recipients()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(v.Path, "B.age"), encryptFor(t, recipients, "from there"), 0o600)
	holds(t, v, map[string]string{"A": "from here", "B": "from there"})
}

func encryptFor(t testing.TB, recipients []string, value string) []byte {
	t.Helper()
	parsed, err := age.ParseRecipients(strings.NewReader(strings.Join(recipients, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, parsed...)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, value)
	w.Close()
	return b.Bytes()
}

func write(t testing.TB, path string, content []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, content, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func TestDir_RefusesWhatOthersCanReach(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path  string
		mode  os.FileMode
		about string
		words string
	}{
		{".", 0o750, "VAULT_DIR", "`chmod 0700 "},
		{".", 0o701, "VAULT_DIR", "`chmod 0700 "},
		{"A.age", 0o640, "A", "`chmod 0600 "},
		{"recipients.txt", 0o622, "VAULT_DIR", "`chmod 0600 "},
		{"../keys/vault", 0o604, "VAULT_IDENTITY", "`chmod 0600 "},
		{"../keys/vault", 0o620, "VAULT_IDENTITY", "`chmod 0600 "},
	} {
		v := fresh(t)
		set(t, v, "A", "x")
		if err := os.Chmod(filepath.Join(v.Path, c.path), c.mode); err != nil {
			t.Fatal(err)
		}
		found := v.Examine()
		if len(found) != 1 || found[0].About != c.about || !strings.Contains(found[0].Sentence, c.words) {
			t.Errorf("%s %04o: found %v", c.path, c.mode, found)
		}
		if c.path != "recipients.txt" { // which is for writing
			_, err := v.Get(t.Context(), "A")
			refuses(t, err, fault.Forbidden, c.words)
		} else {
			refuses(t, v.Set(t.Context(), "A", "y"), fault.Forbidden, c.words)
		}
	}
}

func TestDir_TakesAnIdentityThatItsGroupReads(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	set(t, v, "A", "x")
	if err := os.Chmod(v.IdentityFile, 0o440); err != nil {
		t.Fatal(err)
	}
	holds(t, v, map[string]string{"A": "x"})
}

func TestDir_SaysWhatIsWrongWithoutTheSecret(t *testing.T) {
	t.Parallel()
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(*vault.Dir)
		kind  *fault.Fault
		words string
	}{
		"no vault":         {func(v *vault.Dir) { v.Path += "x" }, fault.NotFound, "make one with `repazoo vault init`"},
		"no identity":      {func(v *vault.Dir) { v.IdentityFile += "x" }, fault.NotFound, "There is no identity in"},
		"another identity": {func(v *vault.Dir) { v.Identity = other.String() }, fault.Forbidden, "was encrypted for others"},
		"no identity at all": {
			func(v *vault.Dir) { v.Identity = strings.Replace(other.String(), "AGE", "EGA", 1) },
			fault.ValidationFailed, "The value holds no identity of age",
		},
		"a damaged file": {func(v *vault.Dir) {
			write(t, filepath.Join(v.Path, "A.age"), []byte("age-encryption.org/v1\n-> X25519"), 0o600)
		}, fault.Conflict, "is damaged"},
		"a large file": {
			func(v *vault.Dir) { write(t, filepath.Join(v.Path, "A.age"), make([]byte, 1<<20), 0o600) },
			fault.ValidationFailed, "is larger than",
		},
		"a link": {func(v *vault.Dir) {
			os.Remove(filepath.Join(v.Path, "A.age"))
			os.Symlink("/etc/hostname", filepath.Join(v.Path, "A.age"))
		}, fault.Forbidden, "no ordinary file"},
		"no audit log": {
			func(v *vault.Dir) {
				os.Remove(filepath.Join(v.Path, "audit.log"))
				os.Mkdir(filepath.Join(v.Path, "audit.log"), 0o700)
			},
			fault.DependencyDown, "nothing is read or changed without it",
		},
	} {
		v := fresh(t)
		set(t, v, "A", "hunter2")
		c.spoil(v)
		value, err := v.Get(t.Context(), "A")
		refuses(t, err, c.kind, c.words)
		if value != "" || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), other.String()[20:]) {
			t.Errorf("%s: tells a secret", name)
		}
	}
}

func TestDir_NotesEveryReadAndWriteWithoutValues(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	now := time.Date(2026, 11, 23, 9, 0, 0, 123456789, time.UTC)
	v.Now = func() time.Time { return now }
	set(t, v, "A", "hunter2")
	v.Get(t.Context(), "A")
	v.Get(t.Context(), "B")
	if _, err := v.Rotate(t.Context(), vault.Rotation{}); err != nil {
		t.Fatal(err)
	}
	v.Remove(t.Context(), "A")
	text, err := os.ReadFile(filepath.Join(v.Path, "audit.log"))
	if err != nil || bytes.Contains(text, []byte("hunter2")) {
		t.Fatalf("%v: %s", err, text)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		var l struct {
			Time         time.Time
			Action, Name string
			OK           bool
			UID, PID     int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.UID != os.Getuid() || l.PID != os.Getpid() || l.Action != "init" &&
			!l.Time.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("got %s", line)
		}
		got = append(got, fmt.Sprintf("%s %s %v", l.Action, l.Name, l.OK))
	}
	want := []string{"init  true", "set A true", "read A true", "read B false", "rotate A true", "remove A true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDir_WritersAndReadersAtOnceSeeWholeSecrets(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	values := []string{strings.Repeat("a", 5000), strings.Repeat("b", 50)}
	set(t, v, "A", values[0])
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 25 {
				if err := v.Set(t.Context(), "A", values[(i+j)%2]); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 25 {
				if got, err := v.Get(t.Context(), "A"); err != nil || !slices.Contains(values, got) {
					t.Errorf("got %.20q, %v", got, err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			if _, err := v.Rotate(t.Context(), vault.Rotation{NewIdentity: true}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}

func TestDir_GivesUpWaitingWithItsCaller(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	dir, err := os.Open(v.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := vault.Lock(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	refuses(t, v.Set(ctx, "A", "x"), fault.Conflict, "Another command is at work")
	_, err = v.Get(ctx, "A")
	refuses(t, err, fault.Conflict, "Another command is at work")
}

func TestList_TellsAnotherVersionAfterEachChange(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	var last string
	for range 20 {
		set(t, v, "A", "the same value")
		// within one tick of the clock
		if err := os.Chtimes(filepath.Join(v.Path, "A.age"), time.Time{}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		entries, err := v.List(t.Context())
		if err != nil || len(entries) != 1 || entries[0].Name != "A" || entries[0].Version == last {
			t.Fatalf("got %v, %v", entries, err)
		}
		last = entries[0].Version
	}
}

func FuzzCheckName(f *testing.F) {
	f.Add("STRIPE_SECRET_KEY")
	f.Add("../A")
	f.Fuzz(func(t *testing.T, name string) {
		if vault.CheckName(name) == nil && (filepath.Base(name+".age") != name+".age" || len(name) > 64 ||
			strings.ContainsAny(name, "./\\\x00\n")) {
			t.Fatalf("accepted %q", name)
		}
	})
}

// FuzzGet reads whatever somebody put into the directory.
func FuzzGet(f *testing.F) {
	v := fresh(f)
	recipients, err := v.Recipients()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encryptFor(f, recipients, "hunter2"))
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		v := vault.NewDir(vault.DirConfig{Path: filepath.Join(t.TempDir(), "v"), IdentityFile: v.IdentityFile})
		if _, err := v.Init(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(v.Path, "A.age"), content, 0o600)
		value, err := v.Get(t.Context(), "A")
		if (err == nil) != (value != "") {
			t.Fatalf("got %q and %v", value, err)
		}
	})
}

// FuzzRecipients reads whatever somebody put into the list of recipients.
func FuzzRecipients(f *testing.F) {
	f.Add("# a comment\n\nage1\n")
	f.Fuzz(func(t *testing.T, text string) {
		v := fresh(t)
		write(t, filepath.Join(v.Path, "recipients.txt"), []byte(text), 0o600)
		all, err := v.Recipients()
		if err == nil && len(all) == 0 {
			t.Fatal("nobody could open it")
		}
		if setErr := v.Set(t.Context(), "A", "x"); (setErr == nil) != (err == nil) {
			t.Fatalf("got %v and %v", err, setErr)
		}
	})
}

func TestDir_AProbeFindsWhatWouldKeepItFromBeingReadAndReadsNothing(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	set(t, v, "JWT_SECRET_KEY", "one")
	log := filepath.Join(v.Path, "audit.log")
	before, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(log); string(after) != string(before) {
		t.Errorf("it was noted: %s", after)
	}
	if err := os.Chmod(filepath.Join(v.Path, "JWT_SECRET_KEY.age"), 0o644); err != nil {
		t.Fatal(err)
	}
	refuses(t, v.Probe(t.Context()), fault.DependencyDown, "JWT_SECRET_KEY")
	if err := os.Remove(v.IdentityFile); err != nil {
		t.Fatal(err)
	}
	refuses(t, v.Probe(t.Context()), fault.DependencyDown, "VAULT_IDENTITY")
}
