package vault_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/vault"
)

func somebody(t testing.TB) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func TestInit_MakesAnIdentityOrUsesTheOneThatIsThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v := vault.NewDir(vault.DirConfig{Path: filepath.Join(dir, "a"), IdentityFile: filepath.Join(dir, "identity")})
	made, err := v.Init(t.Context(), nil)
	if err != nil || made.IdentityFile != v.IdentityFile || !strings.HasPrefix(made.Recipient, "age1") {
		t.Fatalf("got %+v, %v", made, err)
	}
	second := vault.NewDir(vault.DirConfig{Path: filepath.Join(dir, "b"), IdentityFile: v.IdentityFile})
	again, err := second.Init(t.Context(), nil)
	if err != nil || again.IdentityFile != "" || again.Recipient != made.Recipient {
		t.Fatalf("got %+v, %v", again, err)
	}
	own := somebody(t)
	third := vault.NewDir(vault.DirConfig{
		Path: filepath.Join(dir, "c"), Identity: own.String(),
		IdentityFile: filepath.Join(dir, "none"),
	})
	given, err := third.Init(t.Context(), nil)
	if err != nil || given.IdentityFile != "" || given.Recipient != own.Recipient().String() {
		t.Fatalf("got %+v, %v", given, err)
	}
	_, err = v.Init(t.Context(), nil)
	refuses(t, err, fault.Conflict, "already")
	inside := vault.NewDir(vault.DirConfig{
		Path:         filepath.Join(dir, "d"),
		IdentityFile: filepath.Join(dir, "d", "identity"),
	})
	_, err = inside.Init(t.Context(), nil)
	refuses(t, err, fault.ValidationFailed, "cannot be kept in the vault")
}

func TestInit_RefusesRecipientsThatAreNone(t *testing.T) {
	t.Parallel()
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for key, words := range map[string]string{
		"age1nobody": "no public key", somebody(t).String(): "no public key",
		hybrid.Recipient().String(): "cannot be used together",
	} {
		dir := t.TempDir()
		v := vault.NewDir(vault.DirConfig{Path: filepath.Join(dir, "v"), IdentityFile: filepath.Join(dir, "identity")})
		_, err := v.Init(t.Context(), []string{key})
		refuses(t, err, fault.ValidationFailed, words)
		if _, err := v.Init(t.Context(), nil); err != nil { // nothing is in the way
			t.Error(err)
		}
	}
}

func TestVault_EachRecipientOpensIt(t *testing.T) {
	t.Parallel()
	ada, ben := somebody(t), somebody(t)
	dir := t.TempDir()
	v := vault.NewDir(vault.DirConfig{Path: filepath.Join(dir, "v"), IdentityFile: filepath.Join(dir, "identity")})
	if _, err := v.Init(t.Context(), []string{ada.Recipient().String()}); err != nil {
		t.Fatal(err)
	}
	set(t, v, "A", "x")
	as := func(i *age.X25519Identity) *vault.Dir {
		return vault.NewDir(vault.DirConfig{Path: v.Path, Identity: i.String()})
	}
	holds(t, v, map[string]string{"A": "x"})
	holds(t, as(ada), map[string]string{"A": "x"})
	_, err := as(ben).Get(t.Context(), "A")
	refuses(t, err, fault.Forbidden, "encrypted for others")

	done, err := v.Rotate(t.Context(), vault.Rotation{
		Add:    []string{ben.Recipient().String()},
		Remove: []string{ada.Recipient().String()},
	})
	if err != nil || done.Secrets != 1 || len(done.Recipients) != 2 || done.FormerFile != "" {
		t.Fatalf("got %+v, %v", done, err)
	}
	holds(t, as(ben), map[string]string{"A": "x"})
	_, err = as(ada).Get(t.Context(), "A")
	refuses(t, err, fault.Forbidden, "encrypted for others")
	set(t, as(ben), "B", "y")
	holds(t, v, map[string]string{"A": "x", "B": "y"})
}

func TestRotate_RefusesWhatLocksEverybodyOut(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	set(t, v, "A", "x")
	own, err := v.Recipients()
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Rotate(t.Context(), vault.Rotation{Remove: own, Add: []string{somebody(t).Recipient().String()}})
	refuses(t, err, fault.ValidationFailed, "would not open the vault any more")
	_, err = v.Rotate(t.Context(), vault.Rotation{Remove: own})
	refuses(t, err, fault.ValidationFailed, "A recipient is no public key")
	_, err = v.Rotate(t.Context(), vault.Rotation{Remove: []string{somebody(t).Recipient().String()}})
	refuses(t, err, fault.NotFound, "is no recipient")
	text, err := os.ReadFile(v.IdentityFile)
	if err != nil {
		t.Fatal(err)
	}
	byEnvironment := vault.NewDir(vault.DirConfig{Path: v.Path, Identity: string(text)})
	_, err = byEnvironment.Rotate(t.Context(), vault.Rotation{NewIdentity: true})
	refuses(t, err, fault.ValidationFailed, "VAULT_IDENTITY")
	holds(t, v, map[string]string{"A": "x"})
}

func TestRotate_ANewIdentityOpensEverythingAndTheFormerOneNothing(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	set(t, v, "A", "x")
	former, err := os.ReadFile(v.IdentityFile)
	if err != nil {
		t.Fatal(err)
	}
	backup, err := os.ReadFile(filepath.Join(v.Path, "A.age"))
	if err != nil {
		t.Fatal(err)
	}
	done, err := v.Rotate(t.Context(), vault.Rotation{NewIdentity: true})
	if err != nil || done.FormerFile != v.IdentityFile+".old" {
		t.Fatalf("got %+v, %v", done, err)
	}
	holds(t, v, map[string]string{"A": "x"})
	_, err = vault.NewDir(vault.DirConfig{Path: v.Path, Identity: string(former)}).Get(t.Context(), "A")
	refuses(t, err, fault.Forbidden, "encrypted for others")

	write(t, filepath.Join(v.Path, "A.age"), backup, 0o600)
	holds(t, vault.NewDir(vault.DirConfig{Path: v.Path, IdentityFile: done.FormerFile}), map[string]string{"A": "x"})
}

// cutOff ends a context when it was asked for its error n times, which a rotation does before each step.
type cutOff struct {
	context.Context
	left int
}

func (c *cutOff) Err() error {
	if c.left == 0 {
		return context.Canceled
	}
	c.left--
	return nil
}

func TestRotate_LosesNothingWhereverItIsCutOff(t *testing.T) {
	t.Parallel()
	want := map[string]string{"A": "1", "B": "2", "C": "3"}
	ended := false
	for steps := 0; !ended; steps++ {
		if steps > 100 {
			t.Fatal("it never ends")
		}
		v := fresh(t)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			set(t, v, name, want[name])
		}
		_, err := v.Rotate(&cutOff{t.Context(), steps}, vault.Rotation{NewIdentity: true})
		if ended = err == nil; !ended && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		holds(t, v, want)
		for _, r := range []vault.Rotation{{}, {NewIdentity: true}} {
			if _, err := v.Rotate(t.Context(), r); err != nil {
				t.Fatalf("after %d steps: %v", steps, err)
			}
			holds(t, v, want)
		}
		set(t, v, "D", "4")
		if recipients, err := v.Recipients(); err != nil || len(recipients) != 1 {
			t.Errorf("after %d steps: %d recipients, %v", steps, len(recipients), err)
		}
	}
}
