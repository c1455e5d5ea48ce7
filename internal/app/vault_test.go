package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/vault/baotest"
)

// vaultHealth is what the three pages of health say that a load balancer or a person looks at.
func vaultHealth(t *testing.T, base string) (status int, said string, ready int) {
	t.Helper()
	res, body := ask(t, "GET", base+"/healthz/vault")
	var b struct{ Status string }
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"/", "JWT_SECRET_KEY", "token"} {
		if strings.Contains(body, secret) {
			t.Errorf("it tells too much: %s", body)
		}
	}
	r, _ := ask(t, "GET", base+"/readyz")
	return res.StatusCode, b.Status, r.StatusCode
}

// turns waits until the vault is seen in another state; what a probe found is kept for a second. The server stays ready
// without its vault, since it has read what it needs.
func turns(t *testing.T, base string, want int, word string) {
	t.Helper()
	eventually(t, "the vault is seen "+word, func() bool {
		status, said, ready := vaultHealth(t, base)
		if ready != http.StatusOK {
			t.Fatalf("ready: %d", ready)
		}
		return status == want && said == word
	})
}

func TestHealth_AsksTheVaultsDirectory(t *testing.T) {
	t.Parallel()
	v, vars := safe(t)
	base := start(t, io.Discard, vars)
	turns(t, base, http.StatusOK, "up")
	identity, err := os.ReadFile(v.IdentityFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(v.IdentityFile); err != nil {
		t.Fatal(err)
	}
	turns(t, base, http.StatusServiceUnavailable, "down")
	if err := os.WriteFile(v.IdentityFile, identity, 0o600); err != nil {
		t.Fatal(err)
	}
	turns(t, base, http.StatusOK, "up")
}

func TestHealth_AsksTheVaultsServer(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	for name, value := range map[string]string{"JWT_SECRET_KEY": firstJWT, "ENCRYPTION_KEY": firstSecret} {
		s.Secrets[name] = append(s.Secrets[name], baotest.Version{Data: map[string]any{"value": value}, Made: s.Now})
	}
	token := s.Give()
	base := start(t, io.Discard, map[string]string{
		"BAO_ADDR": s.Start(t), "BAO_NAMESPACE": "team", "BAO_MOUNT": "kv", "BAO_PATH": "apps/repazoo", "BAO_TOKEN": token,
	})
	turns(t, base, http.StatusOK, "up")
	s.At(func() { s.Down = http.StatusServiceUnavailable })
	turns(t, base, http.StatusServiceUnavailable, "down")
	s.At(func() { s.Down = 0 })
	turns(t, base, http.StatusOK, "up")
	var good *baotest.Token
	s.At(func() { good = s.Tokens[token]; delete(s.Tokens, token) })
	turns(t, base, http.StatusServiceUnavailable, "down")
	s.At(func() { s.Tokens[token] = good })
	turns(t, base, http.StatusOK, "up")
}

func TestHealth_WithoutAVaultHasNothingToAsk(t *testing.T) {
	t.Parallel()
	if status, said, ready := vaultHealth(t, start(t, io.Discard, nil)); status != http.StatusOK ||
		said != "not_configured" || ready != http.StatusOK {
		t.Errorf("%d %s, ready %d", status, said, ready)
	}
}
