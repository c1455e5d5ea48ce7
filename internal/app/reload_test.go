package app_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/vault"
	"github.com/repazoo/repazoo/internal/vault/baotest"
)

const (
	firstJWT  = "first-signing-secret-0123456789-abcdefgh"
	secondJWT = "other-signing-secret-9876543210-hgfedcba"
)

// safe is a vault of the test's own, with the first secrets in it, and the variables that name it.
func safe(t *testing.T) (*vault.Dir, map[string]string) {
	t.Helper()
	dir := t.TempDir()
	v := vault.NewDir(vault.DirConfig{Path: filepath.Join(dir, "vault"), IdentityFile: filepath.Join(dir, "identity")})
	if _, err := v.Init(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	put(t, v, "JWT_SECRET_KEY", firstJWT)
	put(t, v, "ENCRYPTION_KEY", firstSecret)
	return v, map[string]string{"DATA_DIR": t.TempDir(), "VAULT_DIR": v.Path, "VAULT_IDENTITY_FILE": v.IdentityFile}
}

// vaultIn is the vault of a data directory, made or not.
func vaultIn(dir string) *vault.Dir {
	return vault.NewDir(vault.DirConfig{
		Path:         filepath.Join(dir, "vault"),
		IdentityFile: filepath.Join(dir, "keys", "vault"),
	})
}

func put(t *testing.T, v *vault.Dir, name, value string) {
	t.Helper()
	if err := v.Set(t.Context(), name, value); err != nil {
		t.Fatal(err)
	}
}

// kid is the key that signed a token, as its header names it.
func kid(token string) string { return strings.Split(token, ".")[0] }

func TestReload_ChangesKeysUnderARunningService(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, vars := safe(t)
			maps.Copy(vars, env)
			var log syncBuffer
			a := run(t, &log, vars)
			gus := signIn(t, a.URL(), "gravelpit_gus")
			sealing := a.Seal.KeyID()

			put(t, v, "JWT_SECRET_KEY", secondJWT+","+firstJWT)
			put(t, v, "ENCRYPTION_KEY", secondSecret+","+firstSecret)
			if err := a.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			gus.must(http.StatusOK, "GET", "/api/v1/users/me", "")
			gus.must(http.StatusOK, "POST", "/auth/x/refresh/"+gus.account, "")
			ada := signIn(t, a.URL(), "ada_fernhill")
			if kid(ada.access) == kid(gus.access) || a.Seal.KeyID() == sealing {
				t.Error("the new keys do not count")
			}
			ada.must(http.StatusOK, "GET", "/api/v1/users/me", "")

			put(t, v, "JWT_SECRET_KEY", secondJWT)
			if err := a.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			ada.must(http.StatusOK, "GET", "/api/v1/users/me", "")
			gus.must(http.StatusUnauthorized, "GET", "/api/v1/users/me", "") // though it was remembered as good

			cfg, err := config.Load(t.Context(), config.Map(vars))
			if err != nil {
				t.Fatal(err)
			}
			if err := app.SetRole(t.Context(), cfg, "ada_fernhill", "admin"); err != nil {
				t.Fatal(err)
			}
			boss := signIn(t, a.URL(), "ada_fernhill")
			lines := boss.must(http.StatusOK, "GET", "/api/v1/admin/audit?action=secrets.changed", "")
			if !strings.Contains(lines, `"total":2`) || !strings.Contains(lines, "JWT_SECRET_KEY") {
				t.Errorf("the audit log says %s", lines)
			}
			for _, secret := range []string{firstJWT, secondJWT, firstSecret, secondSecret} {
				if strings.Contains(log.String(), secret) || strings.Contains(lines, secret) {
					t.Error("a log holds a secret")
				}
			}
		})
	}
}

func TestReload_ABadValueChangesNothing(t *testing.T) {
	t.Parallel()
	v, vars := safe(t)
	var log syncBuffer
	a := run(t, &log, vars)
	gus := signIn(t, a.URL(), "gravelpit_gus")
	sealing := a.Seal.KeyID()
	for why, values := range map[string][2]string{
		"JWT_SECRET_KEY must be at least":      {"hunter2", secondSecret + "," + firstSecret},
		"ENCRYPTION_KEY must be at least":      {secondJWT, "hunter2," + firstSecret},
		"ENCRYPTION_KEY lacks the key":         {secondJWT, secondSecret},
		"must not repeat a key":                {secondJWT + "," + firstJWT, secondJWT + "," + firstSecret},
		"JWT_SECRET_KEY must be random, not a": {"your-secret-key-change-in-production-0123456789", firstSecret},
	} {
		put(t, v, "JWT_SECRET_KEY", values[0])
		put(t, v, "ENCRYPTION_KEY", values[1])
		if err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), why) {
			t.Fatalf("want %q, got %v", why, err)
		}
		gus.must(http.StatusOK, "GET", "/api/v1/users/me", "")
		gus.must(http.StatusOK, "POST", "/auth/x/refresh/"+gus.account, "")
		if ada := signIn(t, a.URL(), "ada_fernhill"); kid(ada.access) != kid(gus.access) || a.Seal.KeyID() != sealing {
			t.Errorf("%s: a key has changed", why)
		}
	}
	if got := strings.Count(log.String(), "so they stay as they were"); got < 5 ||
		strings.Contains(log.String(), "hunter2") {
		t.Errorf("%d lines, or a secret, in the log: %s", got, log.String())
	}
}

// watching runs a Repazoo that looks for changed secrets all the time.
func watching(t *testing.T, vars map[string]string) *app.App {
	t.Helper()
	vars["PORT"] = "0"
	cfg, err := config.Load(t.Context(), config.Map(vars))
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), cfg, app.Options{Version: "test", Look: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		a.Close()
	})
	return a
}

// changesKey does something, and waits until a seals with another key.
func changesKey(t *testing.T, a *app.App, do func()) {
	t.Helper()
	before := a.Seal.KeyID()
	do()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for a.Seal.KeyID() == before {
		select {
		case <-deadline:
			t.Fatal("the change was not found")
		case <-tick.C:
		}
	}
}

func TestLook_FindsAChangeByItself(t *testing.T) {
	t.Parallel()
	v, vars := safe(t)
	a := watching(t, vars)
	changesKey(t, a, func() { put(t, v, "ENCRYPTION_KEY", secondSecret+","+firstSecret) })
	changesKey(t, a, func() { put(t, v, "ENCRYPTION_KEY", firstSecret+","+secondSecret) })
}

// The token comes from a file that an agent writes. The first one ends for good.
func TestLook_FindsAChangeOnAServerAndANewTokenForIt(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	keep := func(name, value string) {
		s.Secrets[name] = append(s.Secrets[name], baotest.Version{Data: map[string]any{"value": value}, Made: s.Now})
	}
	keep("JWT_SECRET_KEY", firstJWT)
	keep("ENCRYPTION_KEY", firstSecret)
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
			t.Error(err)
		}
	}
	write(s.Give())
	a := watching(t, map[string]string{
		"DATA_DIR": t.TempDir(), "BAO_ADDR": s.Start(t), "BAO_NAMESPACE": "team", "BAO_MOUNT": "kv",
		"BAO_PATH": "apps/repazoo", "BAO_TOKEN_FILE": file,
	})
	changesKey(t, a, func() { s.At(func() { keep("ENCRYPTION_KEY", secondSecret+","+firstSecret) }) })
	changesKey(t, a, func() {
		s.At(func() {
			clear(s.Tokens)
			keep("ENCRYPTION_KEY", firstSecret+","+secondSecret)
			write(s.Give())
		})
	})
}

func TestReload_RequestsGoOnMeanwhile(t *testing.T) {
	t.Parallel()
	v, vars := safe(t)
	a := run(t, io.Discard, vars)
	people := []*person{signIn(t, a.URL(), "gravelpit_gus"), signIn(t, a.URL(), "ada_fernhill")}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for _, p := range people {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					if n == 0 {
						t.Error("no request was made")
					}
					return
				default:
				}
				for _, call := range []string{"GET /api/v1/users/me", "POST /auth/x/refresh/" + p.account} {
					method, path, _ := strings.Cut(call, " ")
					if status, _, body := p.call(method, path, ""); status != http.StatusOK {
						t.Errorf("%s: %d %s", call, status, body)
						return
					}
				}
			}
		})
	}
	for i := range 20 {
		jwt, sealing := []string{firstJWT, secondJWT}, []string{firstSecret, secondSecret}
		put(t, v, "JWT_SECRET_KEY", jwt[(i+1)%2]+","+jwt[i%2])
		put(t, v, "ENCRYPTION_KEY", sealing[(i+1)%2]+","+sealing[i%2])
		if err := a.Reload(t.Context()); err != nil {
			t.Error(err)
		}
		signIn(t, a.URL(), "gravelpit_gus").must(http.StatusOK, "GET", "/api/v1/users/me", "")
	}
	close(done)
	wg.Wait()
}
