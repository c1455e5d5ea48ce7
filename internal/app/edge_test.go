package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
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
		{"PUT", "/api/v1/users/me", http.StatusMethodNotAllowed, "GET, PATCH, DELETE"},
	} {
		page, text := ask(t, c.method, base+c.path, "Accept", "text/html,*/*;q=0.8")
		problem, _ := ask(t, c.method, base+c.path)
		if page.StatusCode != c.status || !strings.Contains(text, "<h1>") || problem.StatusCode != c.status {
			t.Errorf("%s %s: %d and %d, want %d", c.method, c.path, page.StatusCode, problem.StatusCode, c.status)
		}
		if got := problem.Header.Get("Allow"); got != c.allow || problem.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: Allow %q, %s", c.method, c.path, got, problem.Header.Get("Content-Type"))
		}
	}
	page, text := ask(t, "GET", base+"/", "Accept", "text/html")
	if page.StatusCode != http.StatusTooManyRequests || page.Header.Get("Retry-After") == "" || !strings.Contains(text, "<h1>That did not work</h1>") {
		t.Errorf("the seventh call: %d, Retry-After %q\n%s", page.StatusCode, page.Header.Get("Retry-After"), text)
	}
	if script, _ := ask(t, "GET", base+"/assets/live.js"); script.StatusCode != http.StatusOK {
		t.Errorf("a page's script was counted: %d", script.StatusCode)
	}
}

// Every address of the earlier API says when it ends, and by what it is replaced: an address that answers, and does not end.
func TestAliases_SayWhenTheyEnd(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"BILLING": "off", "WORKERS": "0"})
	ada := signIn(t, base, "ada_fernhill")
	id := db.NewID()
	old := deprecatedRoutes(t, ada)
	for _, r := range old {
		_, header, _ := ada.call(r.method, fill(r.path, id), "{}")
		link, _, _ := strings.Cut(header.Get("Link"), `>; rel="successor-version"`)
		successor := strings.TrimPrefix(link, "<")
		if header.Get("Deprecation") != "@1795305600" || header.Get("Sunset") != "Fri, 31 Dec 2027 23:59:59 GMT" || !strings.HasPrefix(successor, "/") {
			t.Errorf("%s %s: %v", r.method, r.path, header)
			continue
		}
		if strings.Contains(r.path, "{") != strings.Contains(successor, id) {
			t.Errorf("%s %s leads to %s", r.method, r.path, successor)
		}
		method := r.method
		if r.path == "/api/subscriptions/cancel" {
			method = http.MethodDelete
		}
		status, current, _ := ada.call(method, successor, "{}")
		if current.Get("Deprecation") != "" || status == http.StatusMethodNotAllowed || strings.Contains(current.Get("Content-Type"), "html") {
			t.Errorf("%s %s leads to %s %s, which answers %d %v", r.method, r.path, method, successor, status, current)
		}
	}
	if len(old) != 13 {
		t.Errorf("%d addresses are marked, want 13", len(old))
	}
}

func TestStart_RepeatedWithItsKeyAnswersTheSame(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"BILLING": "off", "WORKERS": "0"})
	gus := signIn(t, base, "gravelpit_gus")
	again := func() (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/v1/analyses", strings.NewReader(`{"account_id":"`+gus.account+`","consent":true}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {"Bearer " + gus.access}, "Content-Type": {"application/json"}, "Idempotency-Key": {"once"}}
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
