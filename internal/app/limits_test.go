package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// These run on the counter of one process, which is exact under any load; that Redis counts
// alike is shown where the counters are.

// from sends a request as a browser at an address that a trusted proxy names.
func from(t testing.TB, address, method, url string, header ...string) (int, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", address)
	req.Header.Set("Accept", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode, res.Header
}

func TestLimits_SignInHasItsOwnForEachAddressWhoeverAsks(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"RATE_LIMIT_SIGN_IN_PER_MINUTE": "4", "TRUSTED_PROXIES": "127.0.0.1"}
	base := start(t, io.Discard, vars)
	gus := signIn(t, base, "gravelpit_gus") // two calls, from the proxy's own address
	const guesser = "203.0.113.7"
	for i, call := range []string{
		"/auth/x/login", "/auth/x/login?redirect_to=/", "/auth/x/callback?state=guess",
		"/auth/twitter/callback?state=guess",
	} {
		if status, _ := from(t, guesser, "GET", base+call); status == http.StatusTooManyRequests {
			t.Fatalf("call %d of 4 was refused", i+1)
		}
	}
	status, h := from(t, guesser, "GET", base+"/auth/x/callback?state=guess")
	if status != http.StatusTooManyRequests || h.Get("Retry-After") == "" ||
		!strings.HasPrefix(h.Get("RateLimit-Policy"), `"minute";q=4;w=60`) || h.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("the fifth call: %d %v", status, h)
	}
	for what, c := range map[string]struct {
		want    int
		address string
		path    string
		header  []string
	}{
		"a good token does not help": {
			http.StatusTooManyRequests, guesser, "/auth/x/login",
			[]string{"Authorization", "Bearer " + gus.access},
		},
		"nor does a bad one": {
			http.StatusTooManyRequests, guesser, "/auth/x/login",
			[]string{"Authorization", "Bearer guess"},
		},
		"other routes are open":             {http.StatusOK, guesser, "/api/v1/plans", nil},
		"other addresses are free to start": {http.StatusOK, "203.0.113.8", "/auth/x/login", nil},
	} {
		if status, _ := from(t, c.address, "GET", base+c.path, c.header...); status != c.want {
			t.Errorf("%s: %d, want %d", what, status, c.want)
		}
	}
}

func TestLimits_RefreshTokensAreCountedHoweverTheyArrive(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"RATE_LIMIT_REFRESH_PER_MINUTE": "3", "TRUSTED_PROXIES": "127.0.0.1"}
	base := start(t, io.Discard, vars)
	const guesser = "203.0.113.7"
	guess := []string{"Cookie", "rz_refresh=" + "rzr_" + strings.Repeat("A", 43)}
	for i, c := range []struct{ method, path string }{
		{"POST", "/auth/token/refresh"},
		{"GET", "/api/v1/users/me"},
		{"POST", "/auth/token/refresh"},
	} {
		if status, _ := from(t, guesser, c.method, base+c.path, guess...); status != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d", i+1, status)
		}
	}
	for _, c := range []struct {
		method, path string
		header       []string
		want         int
	}{
		{"POST", "/auth/token/refresh", guess, http.StatusTooManyRequests},
		{"GET", "/api/v1/users/me", guess, http.StatusTooManyRequests},
		{"GET", "/", guess, http.StatusTooManyRequests},
		{"GET", "/api/v1/users/me", nil, http.StatusUnauthorized},
		{"GET", "/api/v1/plans", nil, http.StatusOK},
	} {
		status, h := from(t, guesser, c.method, base+c.path, c.header...)
		if status != c.want || (c.want == http.StatusTooManyRequests) != (h.Get("Retry-After") != "") {
			t.Errorf("%s %s: %d, Retry-After %q; want %d", c.method, c.path, status, h.Get("Retry-After"), c.want)
		}
	}
}

// Without a trusted proxy what a caller says of its own address counts nothing.
func TestLimits_ACallerCannotChooseItsAddress(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"RATE_LIMIT_SIGN_IN_PER_MINUTE": "2"})
	for i, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
		if status, _ := from(t, fmt.Sprintf("203.0.113.%d", i), "GET", base+"/auth/x/login"); status != want {
			t.Errorf("call %d: %d, want %d", i+1, status, want)
		}
	}
}

func TestLimits_DraftsHaveALimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	base := start(t, &syncBuffer{}, map[string]string{"RATE_LIMIT_DRAFTS_PER_MINUTE": "3"})
	ann, bob := signIn(t, base, gus), signIn(t, base, "ada_fernhill")
	for range 3 {
		answer := ann.must(200, "POST", "/api/v1/drafts/check", `{"text":"I will kill you tomorrow.","offline":true}`)
		if !strings.Contains(answer, `"category":"violence"`) || !strings.Contains(answer, `"models":[]`) {
			t.Error(answer)
		}
	}
	status, header, answer := ann.call("POST", "/api/v1/drafts/check", `{"text":"Quiet day."}`)
	if status != http.StatusTooManyRequests || header.Get("Retry-After") == "" ||
		!strings.Contains(answer, "many drafts") {
		t.Errorf("the fourth: %d %v %s", status, header, answer)
	}
	ann.must(200, "GET", "/api/v1/users/me", "")
	bob.must(200, "POST", "/api/v1/drafts/check", `{"text":"Quiet day."}`)
	bob.must(422, "POST", "/api/v1/drafts/check", `{"text":""}`)
	bob.must(422, "POST", "/api/v1/drafts/check", `{"text":"Quiet day.","purpose":"astrology"}`)
}
