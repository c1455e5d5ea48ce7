package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestVaultDoc_TheCommandsWork runs the first commands of docs/vault.md in an empty directory.
func TestVaultDoc_TheCommandsWork(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/vault.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?m)^    repazoo vault init\n(?:    .*\n)+`).Find(doc)
	if block == nil {
		t.Fatal("docs/vault.md has no block of commands")
	}
	sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c", string(block))
	sh.Dir, sh.Env = t.TempDir(), []string{"PATH=" + os.Getenv("PATH"), noWait}
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"The vault is in data/vault", "JWT_SECRET_KEY                 changed ",
		"ENCRYPTION_KEY                 vault ", "The configuration is fine",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the commands did not print %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "whsec_") {
		t.Errorf("a command printed a secret:\n%s", out)
	}
}
