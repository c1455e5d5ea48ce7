package app_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
)

// methodsOf are the methods of each path of the contract.
func methodsOf(t *testing.T, base string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	guarded, open := contract(t, base)
	for _, r := range append(guarded, open...) {
		all[r.path] = append(all[r.path], r.method)
	}
	// Words that are ids for the methods that have no such word.
	all["/api/v1/analyses/compare"] = append(all["/api/v1/analyses/compare"], "DELETE")
	all["/api/v1/analyses/preview"] = append(all["/api/v1/analyses/preview"], "GET", "DELETE")
	return all
}

// Every path says which methods it has, and that there is nothing below it, as a problem.
func TestPaths_RefuseOtherMethodsAndWhatIsNotThere(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"WORKERS": "0"})
	order := []string{"GET", "POST", "PATCH", "PUT", "DELETE"}
	paths := methodsOf(t, base)
	for _, pattern := range slices.Sorted(maps.Keys(paths)) {
		path := fill(pattern, db.NewID())
		var has []string
		for _, m := range order {
			if slices.Contains(paths[pattern], m) {
				has = append(has, m)
			}
			if m == "GET" && slices.Contains(has, m) {
				has = append(has, "HEAD") // whoever may read may ask whether there is something to read
			}
		}
		for _, m := range append(order, "TRACE", "BREW") {
			if slices.Contains(has, m) {
				continue
			}
			res, body := ask(t, m, base+path)
			if got, want := res.Header.Get("Allow"), strings.Join(has, ", "); got != want {
				t.Errorf("%s %s: Allow %q, want %q", m, path, got, want)
			}
			wantProblem(t, m+" "+path, res, body, http.StatusMethodNotAllowed, "method_not_allowed")
		}
		below := path + "/nothing/here"
		res, body := ask(t, "GET", base+below)
		wantProblem(t, "GET "+below, res, body, http.StatusNotFound, "not_found")
	}
	if len(paths) < 55 {
		t.Errorf("only %d paths: the contract is not whole", len(paths))
	}
}

// wantProblem checks a refusal as RFC 9457 has it.
func wantProblem(t *testing.T, what string, res *http.Response, body string, status int, code string) {
	t.Helper()
	var p struct {
		Type, Title, Detail, Instance, Code string
		Status                              int
		RequestID                           string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Errorf("%s: %v in %.200s", what, err, body)
		return
	}
	_, path, _ := strings.Cut(what, " ")
	if res.StatusCode != status || p.Status != status || p.Code != code ||
		res.Header.Get("Content-Type") != "application/problem+json" ||
		p.Title != http.StatusText(status) || p.Detail == "" || !strings.HasSuffix(p.Type, "/docs/errors#"+code) ||
		p.Instance != path || p.RequestID != res.Header.Get("X-Request-ID") {
		t.Errorf("%s: %d %s", what, res.StatusCode, body)
	}
}
