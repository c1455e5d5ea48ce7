package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A link that a person follows and that leads to no file ends on a page with a way on; a program gets the problem.
func TestLinks_LeadPeopleToAPageAndProgramsToAProblem(t *testing.T) {
	t.Parallel()
	p := signIn(t, start(t, io.Discard, nil), gus)
	ask := func(path, accept string, signedIn bool) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", accept)
		if signedIn {
			r.Header.Set("Authorization", "Bearer "+p.access)
		}
		c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := c.Do(r)
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
	const person, program = "text/html,application/xhtml+xml", "application/json"
	const id = "01a21e05-0000-7000-8000-000000000000"
	for path, on := range map[string]string{
		"/api/v1/users/me/export/" + id + "/package.zip": "Make another package",
		"/api/v1/analyses/" + id + "/report.pdf":         "Look at your reports",
		"/api/v1/cleanups/" + id + "/backup.zip":         "Look at your clean-ups",
	} {
		res, body := ask(path, person, true)
		if res.StatusCode != http.StatusNotFound || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") ||
			!strings.Contains(body, on) {
			t.Errorf("%s shows a person %d %s: %s", path, res.StatusCode, res.Header.Get("Content-Type"), body)
		}
		if res, body := ask(path, program, true); res.StatusCode != http.StatusNotFound || !strings.Contains(body,
			`"code":"not_found"`) {
			t.Errorf("%s answers a program %d %s", path, res.StatusCode, body)
		}
		res, _ = ask(path, person, false)
		if at := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || !strings.Contains(at,
			"error=unauthenticated&next=%2Fapi%2Fv1%2F") {
			t.Errorf("%s leads a stranger to %d %s", path, res.StatusCode, at)
		}
		if res, _ := ask(path, program, false); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s answers a strange program %d", path, res.StatusCode)
		}
	}
	if _, body := ask("/nowhere", person, false); strings.Contains(body, "addresses are listed") ||
		!strings.Contains(body, "There is nothing at this address.") {
		t.Errorf("a person who is lost reads %s", body)
	}
	if _, body := ask("/nowhere", program, false); !strings.Contains(body, "addresses are listed at /docs") {
		t.Errorf("a program that is lost reads %s", body)
	}
	if _, body := ask("/analyses", person, false); strings.Contains(body, "Allow header") || !strings.Contains(body,
		"only takes what a form sends") {
		t.Errorf("a person at the address of a form reads %s", body)
	}
}
