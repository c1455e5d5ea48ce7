package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/recall"
)

// What is kept of one request, and what is not. Each case asks twice; only the second answer can come from memory.
func TestRemember_KeepsOnlyAWholeAnswerOf200ToAGetWithoutAQuery(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", recall.MaxAnswer+1)
	settled := recall.Version{Epoch: 1, ID: 7, Settled: true}
	says := func(status int, body string, keep bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if keep {
				mayKeep(r.Context(), time.Time{})
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		method, path, route string
		version             recall.Version
		answer              http.HandlerFunc
		kept                bool
	}{
		"whole":              {"GET", "/kept", "GET /kept", settled, says(200, "{}", true), true},
		"with a query":       {"GET", "/kept?a=1", "GET /kept", settled, says(200, "{}", true), false},
		"a HEAD":             {"HEAD", "/kept", "GET /kept", settled, says(200, "{}", true), false},
		"a POST":             {"POST", "/kept", "GET /kept", settled, says(200, "{}", true), false},
		"not found":          {"GET", "/kept", "GET /kept", settled, says(404, "{}", true), false},
		"not modified":       {"GET", "/kept", "GET /kept", settled, says(304, "", true), false},
		"handler is silent":  {"GET", "/kept", "GET /kept", settled, says(200, "{}", false), false},
		"another route":      {"GET", "/other", "GET /other", settled, says(200, "{}", true), false},
		"too long":           {"GET", "/kept", "GET /kept", settled, says(200, long, true), false},
		"version is unknown": {"GET", "/kept", "GET /kept", recall.Version{}, says(200, "{}", true), false},
		"just replaced":      {"GET", "/kept", "GET /kept", recall.Version{Epoch: 1, ID: 7}, says(200, "{}", true), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memory, err := recall.New(1<<20, time.Now, nil)
			if err != nil {
				t.Fatal(err)
			}
			a := &API{Config: Config{Memory: memory}, kept: map[string]bool{"GET /kept": true}}
			calls := 0
			h := a.remember(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { calls++; c.answer(w, r) }))
			var first, second *httptest.ResponseRecorder
			for _, into := range []**httptest.ResponseRecorder{&first, &second} {
				info := &request{user: "ann", route: c.route, version: c.version, began: time.Now()}
				r := httptest.NewRequest(c.method, c.path, nil)
				*into = httptest.NewRecorder()
				h.ServeHTTP(*into, r.WithContext(context.WithValue(r.Context(), requestKey, info)))
			}
			if got := calls == 1; got != c.kept {
				t.Errorf("the handler was called %d times", calls)
			}
			if second.Code != first.Code || second.Body.String() != first.Body.String() {
				t.Errorf("first %d %q, then %d %q", first.Code, first.Body, second.Code, second.Body)
			}
		})
	}
}

// An answer of somebody else, or of another route, is never given, whatever the versions are.
func TestRemember_GivesNobodyAnothersAnswer(t *testing.T) {
	t.Parallel()
	memory, err := recall.New(1<<20, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &API{Config: Config{Memory: memory}, kept: map[string]bool{"GET /one": true, "GET /two": true}}
	h := a.remember(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mayKeep(r.Context(), time.Time{})
		_, _ = w.Write([]byte(requestFrom(r.Context()).user + r.URL.Path))
	}))
	for range 2 {
		for _, user := range []string{"ann", "ben"} {
			for _, path := range []string{"/one", "/two"} {
				info := &request{
					user: user, route: "GET " + path, began: time.Now(),
					version: recall.Version{Epoch: 1, ID: 7, Settled: true},
				}
				r, w := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
				h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey, info)))
				if got := w.Body.String(); got != user+path {
					t.Errorf("%s asks for %s and gets %q", user, path, got)
				}
			}
		}
	}
}

// What one browser is told in German another is not told from memory that asks for Spanish.
func TestRemember_KeepsEachLanguageApart(t *testing.T) {
	t.Parallel()
	memory, err := recall.New(1<<20, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &API{Config: Config{Memory: memory}, kept: map[string]bool{"GET /kept": true}}
	h := a.remember(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mayKeep(r.Context(), time.Time{})
		_, _ = w.Write([]byte(r.Header.Get("Accept-Language")))
	}))
	for range 2 {
		for _, language := range []string{"", "de", "es", "en"} {
			info := &request{
				user: "ann", route: "GET /kept", began: time.Now(),
				version: recall.Version{Epoch: 1, ID: 7, Settled: true},
			}
			r, w := httptest.NewRequest(http.MethodGet, "/kept", nil), httptest.NewRecorder()
			r.Header.Set("Accept-Language", language)
			h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey, info)))
			if got := w.Body.String(); got != language {
				t.Errorf("asked for %q and got %q", language, got)
			}
		}
	}
}

// Of several moments at which time alone changes an answer the first counts.
func TestMayKeep_TakesTheFirstMoment(t *testing.T) {
	t.Parallel()
	early := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for name, moments := range map[string][]time.Time{
		"in order": {early, early.Add(time.Hour)}, "the other way": {early.Add(time.Hour), early},
		"with none": {{}, early, {}},
	} {
		info := &request{}
		ctx := context.WithValue(t.Context(), requestKey, info)
		for _, at := range moments {
			mayKeep(ctx, at)
		}
		if !info.until.Equal(early) {
			t.Errorf("%s: until %v", name, info.until)
		}
	}
}
