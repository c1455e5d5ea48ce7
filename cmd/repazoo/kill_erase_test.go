package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// TestKill_AnErasureThatIsCutOffEndsAfterARestart kills the process (kill -9) while X, which takes its time, is being
// told, starts it again on the same data, and finds the user gone: whoever signs in with the same X account begins
// anew.
func TestKill_AnErasureThatIsCutOffEndsAfterARestart(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		killErasure(t)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		killErasure(t, "DATABASE_URL="+dbtest.PostgresURL(t))
	})
}

func killErasure(t *testing.T, env ...string) {
	dir := t.TempDir()
	env = append(env, "PORT=0", "DATA_DIR="+dir+"/data", "RATE_LIMIT_PER_MINUTE=10000",
		"RATE_LIMIT_SIGN_IN_PER_MINUTE=10000", "RATE_LIMIT_SIGN_IN_PER_HOUR=10000")
	first := begin(t, env, dir)
	c := signIn(t, first.url, "gravelpit_gus")
	c.do("POST", "/api/v1/subscriptions", `{"tier":"pro","payment_method_id":"pm_card_visa"}`, http.StatusCreated)
	before := c.do("GET", "/api/v1/users/me", "", http.StatusOK)["id"]
	c.do("POST", "/sandbox/faults", `{"path":"/x/2/oauth2/revoke","times":1,"delay":60000000000}`, http.StatusNoContent)
	c.do("DELETE", "/api/v1/users/me", `{"confirm":"gravelpit_gus"}`, http.StatusAccepted)
	wait(t, 20*time.Millisecond, "X was never told",
		func() bool { return !strings.Contains(c.page("/sandbox/"), "60000000000") })
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.cmd.Wait()

	address, err := url.Parse(first.url) // tokens name their issuer, so the address stays
	if err != nil {
		t.Fatal(err)
	}
	second := begin(t, append(env, "PORT="+address.Port()), dir)
	t.Cleanup(func() {
		if err := second.stop(); err != nil {
			t.Error(err)
		}
	})
	c.do("GET", "/api/v1/users/me", "", http.StatusUnauthorized)
	c.do("POST", "/sandbox/clock", `{"advance":"3m"}`, http.StatusOK) // whoever was at work has been silent for long
	// X takes 75 sign-ins of a person in a quarter of an hour
	wait(t, time.Second, "the erasure did not go on", func() bool {
		c = signIn(t, second.url, "gravelpit_gus")
		return c.token != ""
	})
	if after := c.do("GET", "/api/v1/users/me", "", http.StatusOK)["id"]; after == before {
		t.Error("the user is still the same")
	}
}

// wait looks every so often, for a minute.
func wait(t *testing.T, every time.Duration, failure string, done func() bool) {
	t.Helper()
	again := time.NewTicker(every)
	defer again.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !done() {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatal(failure)
		}
	}
}

// page is the text of a page that needs no sign-in.
func (c *client) page(path string) string {
	c.t.Helper()
	res := c.request("GET", path, "")
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}
