package app_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/sandbox"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
)

// turning is X, Stripe and Claude with secrets that can be replaced: the one before is refused, as they would refuse
// it.
type turning struct {
	sb  *sandbox.Sandbox
	url string

	mu       sync.Mutex
	accepted map[string]string // the secret of each
	asked    map[string]int    // with it
}

func newTurning(t *testing.T) *turning {
	t.Helper()
	o := &turning{sb: sandbox.New(sandbox.Config{}), accepted: map[string]string{}, asked: map[string]int{}}
	srv := httptest.NewServer(o)
	t.Cleanup(srv.Close)
	o.url = srv.URL
	return o
}

// ServeHTTP changes a secret that is accepted into the stand-in's own, and any other into one that it refuses.
func (o *turning) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch service := strings.Split(r.URL.Path, "/")[1]; service {
	case "x":
		if id, secret, ok := r.BasicAuth(); ok {
			r.SetBasicAuth(id, o.own(service, secret, xsandbox.ClientSecret))
		}
	case "stripe":
		if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			r.Header.Set("Authorization", "Bearer "+o.own(service, key, stripesandbox.APIKey))
		}
	case "claude":
		r.Header.Set("X-Api-Key", o.own(service, r.Header.Get("X-Api-Key"), claudesandbox.APIKey))
	}
	o.sb.Handler().ServeHTTP(w, r)
}

func (o *turning) own(service, shown, own string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if shown != o.accepted[service] {
		return "not-" + own
	}
	o.asked[service]++
	return own
}

// turn makes a service accept another secret, and tells how often it was asked with the last.
func (o *turning) turn(service, secret string) (asked int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	asked, o.asked[service] = o.asked[service], 0
	o.accepted[service] = secret
	return asked
}

// outsideWorld runs a Repazoo on o, whose secrets are in the vault.
func outsideWorld(t *testing.T, o *turning, log io.Writer, env map[string]string) (*app.App, func(name, value string)) {
	t.Helper()
	v, vars := safe(t)
	maps.Copy(vars, env)
	maps.Copy(vars, map[string]string{
		"TWITTER_CLIENT_ID": xsandbox.ClientID, "X_API_URL": o.url + "/x", "X_AUTHORIZE_URL": o.url + "/x/i/oauth2/authorize",
		"STRIPE_API_URL": o.url + "/stripe", "STRIPE_BASIC_PRICE_ID": stripesandbox.BasicPrice,
		"STRIPE_PRO_PRICE_ID": stripesandbox.ProPrice,
		"ANTHROPIC_BASE_URL":  o.url + "/claude",
	})
	set := func(name, value string) { put(t, v, name, value) }
	for service, secret := range map[string][2]string{
		"x": {"TWITTER_CLIENT_SECRET", "x-first"}, "stripe": {"STRIPE_SECRET_KEY", "sk_test_first"},
		"claude": {"ANTHROPIC_API_KEY", "claude-first"},
	} {
		set(secret[0], secret[1])
		o.turn(service, secret[1])
	}
	return runAt(t, log, vars, o.sb.Now), set
}

func TestRotation_OfTheSecretsForXStripeAndClaudeNeedsNoRestart(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newTurning(t)
			var log syncBuffer
			a, set := outsideWorld(t, o, &log, env)
			gus := signIn(t, a.URL(), "gravelpit_gus")
			gus.subscribe()
			for _, c := range []struct {
				service, setting, secret string
				use                      func() int // asks the service and tells the status
			}{
				{"x", "TWITTER_CLIENT_SECRET", "x-second", func() int {
					o.sb.Advance(time.Minute) // tokens that were just renewed are not renewed again
					s, _, _ := gus.call("POST", "/auth/x/refresh/"+gus.account, "")
					return s
				}},
				{"stripe", "STRIPE_SECRET_KEY", "sk_test_second", func() int {
					s, _,
						_ := gus.call("POST", "/api/v1/subscriptions/preview", `{"tier":"pro"}`)
					return s
				}},
			} {
				if got := c.use(); got != http.StatusOK {
					t.Fatalf("%s: at first %d", c.service, got)
				}
				o.turn(c.service, c.secret)
				if got := c.use(); got != http.StatusBadGateway {
					t.Errorf("%s: with the former secret %d", c.service, got)
				}
				set(c.setting, c.secret)
				if err := a.Reload(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := c.use(); got != http.StatusOK {
					t.Errorf("%s: with the new secret %d", c.service, got)
				}
				if !strings.Contains(log.String(), c.setting) || strings.Contains(log.String(), c.secret) {
					t.Errorf("the log does not name %s, or holds it", c.setting)
				}
			}
			o.turn("claude", "claude-second")
			set("ANTHROPIC_API_KEY", "claude-second")
			if err := a.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, end := gus.analyse(); !strings.Contains(end, `"status":"completed"`) {
				t.Errorf("an analysis ended with %s", end)
			}
			if asked := o.turn("claude", ""); asked == 0 {
				t.Error("claude was not asked with the new key")
			}
			if text := log.String(); strings.Contains(text, "need a restart") ||
				strings.Contains(text, "count after a restart") || strings.Contains(text, "claude-second") {
				t.Errorf("the log says %s", text)
			}
		})
	}
}

func TestRotation_RefusesAKeyOfTheOtherMode(t *testing.T) {
	t.Parallel()
	o := newTurning(t)
	a, set := outsideWorld(t, o, io.Discard, nil)
	gus := signIn(t, a.URL(), "gravelpit_gus")
	gus.subscribe()
	set("STRIPE_SECRET_KEY", "sk_live_second")
	set("ANTHROPIC_API_KEY", "claude-second")
	if err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(),
		"STRIPE_SECRET_KEY must begin with sk_test_") {
		t.Fatalf("got %v", err)
	}
	gus.must(http.StatusOK, "POST", "/api/v1/subscriptions/preview", `{"tier":"pro"}`)
	if _, end := gus.analyse(); !strings.Contains(end, `"status":"completed"`) { // nor did the other secret change
		t.Errorf("an analysis ended with %s", end)
	}
	if o.turn("claude", "") == 0 {
		t.Error("claude was not asked with the first key")
	}
}

func TestRotation_WhatWouldChangeMoreThanASecretWaitsForARestart(t *testing.T) {
	t.Parallel()
	v, vars := safe(t)
	var log syncBuffer
	a := run(t, &log, vars) // with the built-in stand-ins
	put(t, v, "STRIPE_SECRET_KEY", "sk_test_second")
	put(t, v, "STRIPE_BASIC_PRICE_ID", "price_b")
	put(t, v, "STRIPE_PRO_PRICE_ID", "price_p")
	put(t, v, "STRIPE_WEBHOOK_SECRET", "whsec_second")
	put(t, v, "ANTHROPIC_API_KEY", "claude-second")
	put(t, v, "TWITTER_CLIENT_ID", "another-app")
	put(t, v, "TWITTER_CLIENT_SECRET", "its-secret")
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, "count after a restart") ||
		strings.Contains(text, "count from now on") {
		t.Errorf("the log says %s", text)
	}
	gus := signIn(t, a.URL(), "gravelpit_gus")
	gus.subscribe()
	if _, end := gus.analyse(); !strings.Contains(end, `"status":"completed"`) {
		t.Errorf("an analysis ended with %s", end)
	}
}

// Nothing is in a vault at the start, and nothing says that one will be.
func TestLook_FindsAVaultThatIsMadeLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := watching(t, map[string]string{"DATA_DIR": dir})
	first, err := os.ReadFile(filepath.Join(dir, "keys", "encryption"))
	if err != nil {
		t.Fatal(err)
	}
	v := vaultIn(dir)
	changesKey(t, a, func() {
		if _, err := v.Init(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		put(t, v, "ENCRYPTION_KEY", secondSecret+","+strings.TrimSpace(string(first)))
	})
}

// Files that change are found without a signal, and the server of the mails is changed as well.
func TestRotation_OfFilesIsFoundByItself(t *testing.T) {
	t.Parallel()
	before, toBefore := recipients(t)
	after, toAfter := recipients(t)
	o, dir := newTurning(t), t.TempDir()
	write := func(name, value string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	turn := func(office, key string) {
		o.turn("stripe", key)
		write("mail", office)
		write("stripe", key)
	}
	turn(before, "sk_test_first")
	a := watching(t, map[string]string{
		"DATA_DIR": t.TempDir(), "RATE_LIMIT_PER_MINUTE": "10000", "RATE_LIMIT_PER_HOUR": "10000",
		"STRIPE_SECRET_KEY_FILE": filepath.Join(dir, "stripe"), "STRIPE_API_URL": o.url + "/stripe",
		"STRIPE_BASIC_PRICE_ID": stripesandbox.BasicPrice, "STRIPE_PRO_PRICE_ID": stripesandbox.ProPrice,
		"SMTP_URL_FILE": filepath.Join(dir, "mail"), "SMTP_FROM": "Repazoo <no-reply@repazoo.example>",
	})
	p := signIn(t, a.URL(), gus)
	p.subscribe()
	p.must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"email":"first@example.com"}`)
	if got := <-toBefore; got != "first@example.com" {
		t.Errorf("mailed to %s", got)
	}
	turn(after, "sk_test_second")
	eventually(t, "the new key", func() bool {
		status, _, _ := p.call("POST", "/api/v1/subscriptions/preview", `{"tier":"basic"}`)
		return status == http.StatusOK
	})
	signIn(t, a.URL(), "ada_fernhill").must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"email":"second@example.com"}`)
	if got := <-toAfter; got != "second@example.com" {
		t.Errorf("mailed to %s", got)
	}
}
