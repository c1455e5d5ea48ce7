package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// ask sends a request as a browser or a program would, and follows nothing.
func ask(t *testing.T, method, address string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// A person sees a page, a program gets a problem, and both the same status.
func TestRefusals_AreAPageForPeopleAndAProblemForPrograms(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"RATE_LIMIT_PER_MINUTE": "6"})
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/nowhere", http.StatusNotFound, ""},
		{"GET", "/sign-out", http.StatusMethodNotAllowed, "POST"},
		{"PUT", "/api/v1/users/me", http.StatusMethodNotAllowed, "GET, HEAD, PATCH, DELETE"},
	} {
		page, text := ask(t, c.method, base+c.path, "Accept", "text/html,*/*;q=0.8")
		problem, _ := ask(t, c.method, base+c.path)
		if page.StatusCode != c.status || !strings.Contains(text, "<h1>") || problem.StatusCode != c.status {
			t.Errorf("%s %s: %d and %d, want %d", c.method, c.path, page.StatusCode, problem.StatusCode, c.status)
		}
		if got := problem.Header.Get("Allow"); got != c.allow ||
			problem.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: Allow %q, %s", c.method, c.path, got, problem.Header.Get("Content-Type"))
		}
	}
	page, text := ask(t, "GET", base+"/", "Accept", "text/html")
	if page.StatusCode != http.StatusTooManyRequests || page.Header.Get("Retry-After") == "" ||
		!strings.Contains(text, "<h1>That did not work</h1>") {
		t.Errorf("the seventh call: %d, Retry-After %q\n%s", page.StatusCode, page.Header.Get("Retry-After"), text)
	}
	if script, _ := ask(t, "GET", base+"/assets/live.js"); script.StatusCode != http.StatusOK {
		t.Errorf("a page's script was counted: %d", script.StatusCode)
	}
}

// Stripe and X may know this server by the names of the earlier system, and go on reaching it.
func TestRegisteredAddresses_AnswerAsThePresentOnesDo(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"WORKERS": "0"})
	for old, current := range map[string]string{
		"/api/webhooks/stripe":   "/webhooks/stripe",
		"/auth/twitter/callback": "/auth/x/callback",
	} {
		method, status := http.MethodPost, http.StatusBadRequest // an event without a signature
		if strings.HasSuffix(old, "callback") {
			method, status = http.MethodGet, http.StatusUnprocessableEntity // a callback without a state
		}
		for _, path := range []string{old, current} {
			res, body := ask(t, method, base+path, "Accept", "application/json")
			if res.StatusCode != status || res.Header.Get("Deprecation")+res.Header.Get("Sunset") != "" {
				t.Errorf("%s: %d %v %s", path, res.StatusCode, res.Header, body)
			}
		}
	}
	for _, gone := range []string{
		"POST /api/analyze", "POST /api/subscriptions/cancel", "GET /api/users/me",
		"GET /auth/twitter/login",
	} {
		method, path, _ := strings.Cut(gone, " ")
		if res, _ := ask(t, method, base+path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", gone, res.StatusCode)
		}
	}
}

func TestStart_RepeatedWithItsKeyAnswersTheSame(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"BILLING": "off", "WORKERS": "0"})
	gus := signIn(t, base, "gravelpit_gus")
	again := func() (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/v1/analyses",
			strings.NewReader(`{"account_id":"`+gus.account+`","consent":true}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{
			"Authorization": {"Bearer " + gus.access}, "Content-Type": {"application/json"},
			"Idempotency-Key": {"once"},
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return res, string(body)
	}
	first, body := again()
	second, repeated := again()
	if first.StatusCode != http.StatusAccepted || second.StatusCode != http.StatusAccepted || body != repeated {
		t.Fatalf("%d %s\n%d %s", first.StatusCode, body, second.StatusCode, repeated)
	}
	for _, name := range []string{"X-Quota-Limit", "X-Quota-Used", "X-Quota-Remaining"} {
		if first.Header.Get(name) != second.Header.Get(name) || first.Header.Get(name) == "" {
			t.Errorf("%s was %q, and repeated %q", name, first.Header.Get(name), second.Header.Get(name))
		}
	}
}
