package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/vault"
)

// TestKill_AVaultRotationThatIsCutOffLosesNothing kills `repazoo vault rotate` (kill -9) while it
// encrypts the secrets again for a new identity. Every secret opens then, and the next rotation
// ends what the first began.
func TestKill_AVaultRotationThatIsCutOffLosesNothing(t *testing.T) {
	t.Parallel()
	const secrets = 40
	data := t.TempDir()
	v := vault.NewDir(vault.DirConfig{
		Path:         filepath.Join(data, "vault"),
		IdentityFile: filepath.Join(data, "keys", "vault"),
	})
	if _, err := v.Init(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for i := range secrets {
		if err := v.Set(t.Context(), fmt.Sprintf("SECRET_%03d", i), fmt.Sprint("value ", i)); err != nil {
			t.Fatal(err)
		}
	}
	opens := func() {
		t.Helper()
		for i := range secrets {
			if got, err := v.Get(t.Context(), fmt.Sprintf("SECRET_%03d", i)); err != nil || got != fmt.Sprint("value ", i) {
				t.Fatalf("secret %d: got %q, %v", i, got, err)
			}
		}
	}
	for inTheMiddle := false; !inTheMiddle; {
		before := versions(t, v)
		rotation := vaultRotation(data)
		if err := rotation.Start(); err != nil {
			t.Fatal(err)
		}
		wait(t, time.Millisecond, "the rotation did not begin", func() bool { return changed(before, versions(t, v)) > 0 })
		if err := rotation.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = rotation.Wait() // it says that it was killed, or that it was done before
		inTheMiddle = changed(before, versions(t, v)) < secrets
		opens()
	}
	out, err := vaultRotation(data).CombinedOutput()
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("%d secrets were encrypted again, for 1 recipients",
		secrets)) {
		t.Fatalf("%v: %s", err, out)
	}
	opens()
	former := vault.NewDir(vault.DirConfig{Path: v.Path, IdentityFile: v.IdentityFile + ".old"})
	if _, err := former.Get(t.Context(), "SECRET_000"); err == nil {
		t.Error("a former identity still opens a secret")
	}
}

func vaultRotation(data string) *exec.Cmd {
	cmd := exec.Command("repazoo", "vault", "rotate", "--new-identity")
	cmd.Env = []string{"DATA_DIR=" + data, noWait}
	return cmd
}

func versions(t *testing.T, v *vault.Dir) map[string]string {
	t.Helper()
	all, err := v.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, e := range all {
		found[e.Name] = e.Version
	}
	return found
}

func changed(before, after map[string]string) (n int) {
	for name, version := range before {
		if after[name] != version {
			n++
		}
	}
	return n
}

// TestServe_ReadsSecretsAgainOnSIGHUP sends the signal that ends other programs.
func TestServe_ReadsSecretsAgainOnSIGHUP(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "signing-key")
	const first, second = "first-signing-secret-0123456789-abcdefgh", "other-signing-secret-9876543210-hgfedcba"
	write := func(value string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	logged := func(words string) {
		t.Helper()
		wait(t, 5*time.Millisecond, "the log does not say: "+words, func() bool {
			log, err := os.ReadFile(filepath.Join(dir, "server.log"))
			if bytes.Contains(log, []byte(first)) || bytes.Contains(log, []byte(second)) {
				t.Fatal("the log holds a secret")
			}
			return err == nil && bytes.Contains(log, []byte(words))
		})
	}
	write(first)
	s := serveUntil(t, []string{"PORT=0", "DATA_DIR=" + dir + "/data", "JWT_SECRET_KEY_FILE=" + file}, dir)
	hangUp := func() {
		t.Helper()
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hangUp()
	logged("secrets were read again, and nothing has changed")
	write("short")
	hangUp()
	logged("so they stay as they were")
	write(second + "," + first)
	hangUp()
	logged("secrets have changed and count from now on")
}
