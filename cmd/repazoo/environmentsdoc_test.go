package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestEnvironmentsDoc_TheCommandsWork makes the staging server of docs/environments.md in an empty directory.
func TestEnvironmentsDoc_TheCommandsWork(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/environments.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?m)^    printf .*\n(?:    .*\n)+`).Find(doc)
	if block == nil {
		t.Fatal("docs/environments.md has no block of commands")
	}
	sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c", string(block))
	sh.Dir, sh.Env = t.TempDir(), []string{"PATH=" + os.Getenv("PATH"), noWait}
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"The configuration is fine.\n", "REPAZOO_ENV                    environment     ntf\n", "https://ntf.repazoo.com",
		"The schema is up to date (",
		"STRIPE_SECRET_KEY must begin with sk_live_ when REPAZOO_ENV is ai.\n",
		"DEBUG must be off when REPAZOO_ENV is ai.\n", "not for production\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the commands did not print %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "sk_test_from") {
		t.Errorf("a command printed a secret:\n%s", out)
	}
}
