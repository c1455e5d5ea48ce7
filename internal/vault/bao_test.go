package vault_test

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/vault"
	"github.com/repazoo/repazoo/internal/vault/baotest"
)

// client is a vault on a stand-in, whose clock it goes by.
func client(t testing.TB, s *baotest.Server, change func(*vault.BaoConfig)) *vault.Bao {
	t.Helper()
	c := vault.BaoConfig{
		Address: s.Start(t), Namespace: "team", Mount: "kv", Path: "apps/repazoo",
		Now: func() (now time.Time) { s.At(func() { now = s.Now }); return now },
	}
	s.SecretIDs["good"] = true
	c.Login = vault.Login{RoleID: "role", SecretID: "good"}
	if change != nil {
		change(&c)
	}
	v, err := vault.NewBao(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestBao_KeepsListsAndForgets(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	v := client(t, s, nil)
	holds(t, v, map[string]string{})
	set(t, v, "STRIPE_SECRET_KEY", "one")
	set(t, v, "JWT_SECRET_KEY", "two")
	set(t, v, "STRIPE_SECRET_KEY", "three")
	holds(t, v, map[string]string{"STRIPE_SECRET_KEY": "three", "JWT_SECRET_KEY": "two"})
	if err := v.Remove(t.Context(), "STRIPE_SECRET_KEY"); err != nil {
		t.Fatal(err)
	}
	holds(t, v, map[string]string{"JWT_SECRET_KEY": "two"})
	refuses(t, v.Remove(t.Context(), "STRIPE_SECRET_KEY"), fault.NotFound, "There is no secret STRIPE_SECRET_KEY")

	s.At(func() { s.Secrets["JWT_SECRET_KEY"][0].Deleted = true })
	holds(t, v, map[string]string{})
	_, err := v.Get(t.Context(), "JWT_SECRET_KEY")
	refuses(t, err, fault.NotFound, "There is no secret JWT_SECRET_KEY")
	if n := s.Count("PUT /v1/auth/approle/login"); n != 1 {
		t.Errorf("signed in %d times", n)
	}
}

func TestBao_TellsAnotherVersionAfterEachChange(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	v := client(t, s, nil)
	var last vault.Entry
	for range 3 {
		s.At(func() { s.Now = s.Now.Add(time.Second) })
		set(t, v, "A", "x")
		all, err := v.List(t.Context())
		if err != nil || len(all) != 1 || all[0].Version == last.Version || !all[0].Changed.After(last.Changed) {
			t.Fatalf("got %v, %v", all, err)
		}
		last = all[0]
	}
}

func TestBao_SignsInEachWay(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "account")
	write(t, file, []byte("account-1\n"), 0o600)
	for name, change := range map[string]func(*baotest.Server) func(*vault.BaoConfig){
		"token": func(s *baotest.Server) func(*vault.BaoConfig) {
			return func(c *vault.BaoConfig) { c.Login = vault.Login{Token: s.Give()} }
		},
		"AppRole": func(*baotest.Server) func(*vault.BaoConfig) { return nil },
		"Kubernetes": func(s *baotest.Server) func(*vault.BaoConfig) {
			s.Accounts["account-1"] = true
			return func(c *vault.BaoConfig) {
				c.Login = vault.Login{KubernetesRole: "repazoo", KubernetesFile: file, Mount: "clusters/one"}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := baotest.New(t)
			v := client(t, s, change(s))
			set(t, v, "A", "x")
			holds(t, v, map[string]string{"A": "x"})
		})
	}
}

func TestBao_RefusesToGoOnUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*vault.BaoConfig)
		kind   *fault.Fault
		words  string
	}{
		"wrong token": {
			func(c *vault.BaoConfig) { c.Login = vault.Login{Token: "hunter2"} }, fault.Forbidden,
			"does not accept how we sign in",
		},
		"wrong secret id": {
			func(c *vault.BaoConfig) { c.Login.SecretID = "hunter2" }, fault.Forbidden,
			"does not accept how we sign in",
		},
		"no account": {func(c *vault.BaoConfig) {
			c.Login = vault.Login{KubernetesRole: "repazoo", KubernetesFile: "/nowhere/token"}
		}, fault.DependencyDown, "service account in /nowhere/token"},
		"wrong namespace": {func(c *vault.BaoConfig) { c.Namespace = "" }, fault.Forbidden, "does not accept how we sign in"},
		"no such mount": {
			func(c *vault.BaoConfig) { c.Mount = "none" }, fault.Forbidden,
			"has no KV engine of version 2 at none",
		},
		"version 1": {
			func(c *vault.BaoConfig) { c.Mount = "old" }, fault.Forbidden,
			"has no KV engine of version 2 at old",
		},
		"nobody there": {
			func(c *vault.BaoConfig) { c.Address = "http://127.0.0.1:1" }, fault.DependencyDown,
			"does not answer",
		},
	} {
		s := baotest.New(t)
		v := client(t, s, c.change)
		_, err := v.List(t.Context())
		refuses(t, err, c.kind, c.words)
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: tells the secret: %v", name, err)
		}
		_, err = v.Get(t.Context(), "A") // and does not forget that it was refused
		refuses(t, err, c.kind, c.words)
	}
}

func TestBao_RenewsATokenBeforeItEnds(t *testing.T) {
	t.Parallel()
	for name, login := range map[string]func(*baotest.Server) vault.Login{
		"token":   func(s *baotest.Server) vault.Login { return vault.Login{Token: s.Give()} },
		"AppRole": func(*baotest.Server) vault.Login { return vault.Login{RoleID: "role", SecretID: "good"} },
	} {
		s := baotest.New(t)
		v := client(t, s, func(c *vault.BaoConfig) { c.Login = login(s) })
		set(t, v, "A", "x")
		for range 12 { // three hours with a token that lives one
			s.At(func() { s.Now = s.Now.Add(15 * time.Minute) })
			holds(t, v, map[string]string{"A": "x"})
		}
		if n := s.Count("PUT /v1/auth/token/renew-self"); n != 4 || s.Given() != 1 {
			t.Errorf("%s: renewed %d times, %d tokens", name, n, s.Given())
		}
	}
}

func TestBao_SignsInAnewWhereItCan(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	v := client(t, s, nil)
	set(t, v, "A", "x")
	s.At(func() { s.Now = s.Now.Add(2 * time.Hour) }) // it has ended
	holds(t, v, map[string]string{"A": "x"})
	s.At(func() { clear(s.Tokens) }) // it was revoked
	holds(t, v, map[string]string{"A": "x"})
	s.At(func() { // it cannot be renewed any more
		for _, token := range s.Tokens {
			token.Renewable = false
		}
		s.Now = s.Now.Add(45 * time.Minute)
	})
	holds(t, v, map[string]string{"A": "x"})
	if s.Given() != 4 {
		t.Errorf("%d tokens", s.Given())
	}
	s.At(func() { clear(s.Tokens); clear(s.SecretIDs) })
	_, err := v.Get(t.Context(), "A")
	refuses(t, err, fault.Forbidden, "does not accept how we sign in")
}

func TestBao_ATokenThatEndedIsNamed(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	token := s.Give()
	s.Tokens[token].Renewable = false
	v := client(t, s, func(c *vault.BaoConfig) { c.Login = vault.Login{Token: token} })
	set(t, v, "A", "x")
	s.At(func() { s.Now = s.Now.Add(59 * time.Minute) })
	holds(t, v, map[string]string{"A": "x"})
	s.At(func() { s.Now = s.Now.Add(time.Minute) })
	_, err := v.Get(t.Context(), "A")
	refuses(t, err, fault.Forbidden, "has ended")
}

func TestBao_ManyCallersShareOneSignIn(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	v := client(t, s, nil)
	s.Secrets["A"] = []baotest.Version{{Data: map[string]any{"value": "x"}, Made: s.Now}}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got, err := v.Get(t.Context(), "A"); err != nil || got != "x" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if s.Given() != 1 {
		t.Errorf("%d tokens", s.Given())
	}
}

func TestBao_ExplainsWhatTheServerSays(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	v := client(t, s, nil)
	s.Secrets["A"] = []baotest.Version{{Data: map[string]any{"password": "hunter2"}, Made: s.Now}}
	_, err := v.Get(t.Context(), "A")
	refuses(t, err, fault.ValidationFailed, `without a field "value"`)
	for status, words := range map[int]string{
		503: "is sealed or not ready", 500: "answered with status 500",
		403: "does not accept how we sign in",
	} {
		s.At(func() { s.Down = status })
		_, err := v.Get(t.Context(), "A")
		kind := fault.DependencyDown
		if status == 403 {
			kind = fault.Forbidden
		}
		refuses(t, err, kind, words)
	}
}

func TestBao_TrustsTheAuthorityOfItsFile(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	h := httptest.NewUnstartedServer(s)
	h.Config.ErrorLog = log.New(io.Discard, "", 0) // a stranger is refused below
	h.StartTLS()
	t.Cleanup(h.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	write(t, file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw}), 0o600)
	v := client(t, s, func(c *vault.BaoConfig) { c.Address, c.CAFile = h.URL, file })
	set(t, v, "A", "x")
	holds(t, v, map[string]string{"A": "x"})
	stranger := client(t, s, func(c *vault.BaoConfig) { c.Address = h.URL })
	_, err := stranger.Get(t.Context(), "A")
	refuses(t, err, fault.DependencyDown, "does not answer")
	_, err = vault.NewBao(vault.BaoConfig{Address: h.URL, Mount: "kv", Path: "a", CAFile: "/nowhere"})
	refuses(t, err, fault.ValidationFailed, "BAO_CACERT")
}

func TestBao_DoesNotReadAnswersWithoutEnd(t *testing.T) {
	t.Parallel()
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"auth":{"client_token":"`))
		for range 3 << 10 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(h.Close)
	v, err := vault.NewBao(vault.BaoConfig{
		Address: h.URL, Mount: "kv", Path: "a",
		Login: vault.Login{RoleID: "r", SecretID: "s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Get(t.Context(), "A")
	refuses(t, err, fault.DependencyDown, "does not answer")
}

func TestNewBao_RefusesPathsThatClimb(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "..", "a/../b", "/a", "a/", "a//b", "a b", "a?b", "a%2fb"} {
		if _, err := vault.NewBao(vault.BaoConfig{Address: "https://x", Mount: "kv", Path: path}); err == nil {
			t.Errorf("%q is accepted", path)
		}
		if _, err := vault.NewBao(vault.BaoConfig{Address: "https://x", Mount: path, Path: "a"}); err == nil {
			t.Errorf("%q is accepted", path)
		}
	}
}

func TestBao_AProbeAsksAboutTheTokenAndReadsNothing(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	v := client(t, s, nil)
	set(t, v, "JWT_SECRET_KEY", "one")
	for range 3 {
		if err := v.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if asked, read := s.Count("GET /v1/auth/token/lookup-self"),
		s.Count("GET /v1/kv/data/apps/repazoo/JWT_SECRET_KEY"); asked != 3 || read != 0 {
		t.Errorf("asked %d times, read %d", asked, read)
	}
	s.At(func() { s.Down = http.StatusServiceUnavailable })
	refuses(t, v.Probe(t.Context()), fault.DependencyDown, "is sealed")
	s.At(func() { s.Down, s.SecretIDs, s.Tokens = 0, nil, map[string]*baotest.Token{} })
	refuses(t, v.Probe(t.Context()), fault.Forbidden, "does not accept how we sign in")
}
