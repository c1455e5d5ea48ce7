package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// credentials are what keys of well-known services look like. Each pattern begins with letters of its own, which makes
// looking for it quick.
var credentials = compile(
	`k_live_[0-9A-Za-z]{16,}`,                  // Stripe, real money
	`k_test_[0-9A-Za-z]{24,}`,                  // Stripe, test mode
	`whsec_[0-9A-Za-z+/]{24,}`,                 // Stripe webhooks
	`sk-ant-[0-9a-z]+-[0-9A-Za-z_-]{20,}`,      // Anthropic
	`AKIA[0-9A-Z]{16}`,                         // AWS
	`ASIA[0-9A-Z]{16}`,                         // AWS
	`AIza[0-9A-Za-z_-]{35}`,                    // Google
	`gh[opsru]_[0-9A-Za-z]{36}`,                // GitHub
	`github_pat_[0-9A-Za-z_]{22,}`,             // GitHub
	`xox[abprs]-[0-9A-Za-z-]{10,}`,             // Slack
	`-----BEGIN [A-Z ]*PRIVATE KEY`,            // keys of any kind
	`AGE-SECRET-KEY-1[0-9A-Z]{58}`,             // age
	`rpz_[A-Z2-7]{39}`,                         // our own API keys
	`sbp_[0-9a-f]{40}`,                         // Supabase
	`AAAAAAAAAAAAAAAAAAAAA[0-9A-Za-z%]{20,}`,   // X bearer tokens
	`eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}`, // signed JSON web tokens
)

func compile(patterns ...string) []*regexp.Regexp {
	all := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		all[i] = regexp.MustCompile(p)
	}
	return all
}

// invented are values in tests that only look like credentials.
var invented = []string{
	strings.Repeat("A", 43), // 32 bytes that are zero, a key of Wycheproof's vectors
}

// leaks returns what in text looks like a credential and is not invented.
func leaks(text []byte) []string {
	var found []string
	for _, c := range credentials {
		for _, match := range c.FindAll(text, -1) {
			if !slices.Contains(invented, string(match)) {
				found = append(found, string(match))
			}
		}
	}
	return found
}

func TestTree_HoldsNoCredential(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	if len(paths) < 10 {
		t.Fatalf("only %d files are tracked", len(paths))
	}
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Join(root, path))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Error(err)
		}
		for _, leak := range leaks(text) {
			t.Errorf("%s holds what looks like a credential: %.12s...", path, leak)
		}
	}
}

func TestLeaks_FindsEachKindOfCredential(t *testing.T) {
	t.Parallel()
	for _, example := range []string{
		"sk_" + "live_" + strings.Repeat("a1", 12), "whsec_" + strings.Repeat("a1", 12),
		"sk-" + "ant-api03-" + strings.Repeat("a1", 12), "AKIA" + strings.Repeat("A1", 8),
		"ghp_" + strings.Repeat("a1", 18), "xoxb-" + strings.Repeat("1", 10),
		"-----BEGIN RSA " + "PRIVATE KEY-----", "rpz_" + strings.Repeat("A2C", 13),
	} {
		if got := leaks([]byte("x = '" + example + "'")); len(got) != 1 {
			t.Errorf("%.12s: found %v", example, got)
		}
	}
	if got := leaks([]byte("sk_live_... or sk_live_x, whsec_...")); got != nil {
		t.Errorf("found %v", got)
	}
}
