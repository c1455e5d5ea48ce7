package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

type oldAnswer struct{ Body struct{ Said string } }

func oldHandler(_ context.Context, in *struct {
	ID string `path:"id" maxLength:"5"`
},
) (*oldAnswer, error) {
	if in.ID == "gone" {
		return nil, fault.NotFound
	}
	return &oldAnswer{}, nil
}

// withEndings is a surface with two addresses that end, one of the contract and one outside it.
func withEndings(t *testing.T, docs bool) *API {
	t.Helper()
	a := New(Config{Docs: docs, Log: slog.New(slog.DiscardHandler), PublicURL: "http://localhost:8000"})
	e := ending{
		Since:     time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC),
		Until:     time.Date(2028, time.March, 1, 12, 0, 0, 0, time.UTC),
		Successor: "GET /api/v1/analyses/{id}",
	}
	a.add(route{
		At: "GET /api/v0/runs/{id}", Who: forProbes, Tag: "analyses", Summary: "One run", Ends: &e,
		Serve: does(oldHandler),
	})
	a.add(route{
		At: "GET /api/v0/raw/{id}", Who: forProbes, Ends: &e,
		Serve: raw(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
		}, nil),
	})
	a.describe()
	return a
}

// An address that ends says so in every answer, refusals included: since when, until when, and what replaces it.
func TestDeprecated_EachAnswerSaysWhenItEndsAndWhatReplacesIt(t *testing.T) {
	t.Parallel()
	for path, status := range map[string]int{
		"/api/v0/runs/a%2Fb":   http.StatusOK,
		"/api/v0/runs/gone":    http.StatusNotFound,
		"/api/v0/runs/toolong": http.StatusUnprocessableEntity,
		"/api/v0/raw/a%2Fb":    http.StatusTeapot,
	} {
		w := ask(t, withEndings(t, true).Handler(), path)
		id := strings.Split(path, "/")[4]
		want := map[string]string{
			"Deprecation": "@1803859200", "Sunset": "Wed, 01 Mar 2028 12:00:00 GMT",
			"Link": `</api/v1/analyses/` + id + `>; rel="successor-version", </docs>; rel="deprecation"`,
		}
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %s %q, want %q", path, name, got, value)
			}
		}
		if w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
	if link := ask(t, withEndings(t, false).Handler(), "/api/v0/runs/1").Header().Get("Link"); strings.Contains(link,
		"docs") {
		t.Errorf("without documentation it leads to %s", link)
	}
}

func TestDeprecated_TheContractMarksItWithTheWordsOfItsSuccessor(t *testing.T) {
	t.Parallel()
	o := withEndings(t, true).huma.OpenAPI().Paths["/api/v0/runs/{id}"].Get
	if !o.Deprecated || !strings.HasPrefix(o.Description,
		"Deprecated. It answers until 1 March 2028. Use GET /api/v1/analyses/{id} instead.\n\nHow far it is") {
		t.Errorf("deprecated %v: %s", o.Deprecated, o.Description)
	}
}

// Nothing is deprecated by birth: what is in the table today is what v1 promises.
func TestRoutes_NoneEndsToday(t *testing.T) {
	t.Parallel()
	a := newDocs(t, true)
	for _, r := range a.routes() {
		if r.Ends != nil {
			t.Errorf("%s is deprecated", r.At)
		}
		if strings.Contains(r.At, " /api/") && !strings.Contains(r.At, " /api/v1/") && r.At != "POST /api/webhooks/stripe" {
			t.Errorf("%s has no version", r.At)
		}
	}
}

// Addresses that are registered at X and at Stripe under the earlier system's names go on answering, outside the
// contract.
func TestRoutes_WhatIsRegisteredElsewhereStays(t *testing.T) {
	t.Parallel()
	a := New(Config{Log: slog.New(slog.DiscardHandler), PublicURL: "http://localhost:8000", Webhooks: true})
	for _, at := range []string{"GET /auth/twitter/callback", "POST /api/webhooks/stripe"} {
		method, path, _ := strings.Cut(at, " ")
		if _, pattern := a.mux.Handler(httptest.NewRequestWithContext(t.Context(), method, path, nil)); pattern != at {
			t.Errorf("%s is served by %q", at, pattern)
		}
		if a.huma.OpenAPI().Paths[path] != nil {
			t.Errorf("%s is in the contract", at)
		}
	}
}

// The page for clients of the earlier system leads to addresses that exist, and says which of the old ones stay.
func TestComingFromTheEarlierSystem_LeadsToAddressesThatExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/coming-from-the-earlier-system.md")
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, r := range New(Config{
		Log: slog.New(slog.DiscardHandler), PublicURL: "http://localhost:8000",
		Webhooks: true,
	}).routes() {
		served[r.At] = true
	}
	rows := regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]*)` \\| `([A-Z]+ /[^`]*)`( \\(the old one stays\\))? "+
		"\\|$").FindAllStringSubmatch(string(page), -1)
	for _, row := range rows {
		if before, now, stays := row[1], row[2], row[3] != ""; !served[now] || served[before] != stays {
			t.Errorf("%s: served %v; %s: served %v", before, served[before], now, served[now])
		}
	}
	if len(rows) != 14 {
		t.Errorf("%d old addresses are listed, want 14", len(rows))
	}
}
