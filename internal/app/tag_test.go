package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// tagged asks for an answer as a browser that knows a tag, "" for one that knows none.
func (p *person) tagged(path, known string) (status int, header http.Header, body string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", "en")
	if known != "" {
		req.Header.Set("If-None-Match", known)
	}
	if p.access != "" {
		req.Header.Set("Authorization", "Bearer "+p.access)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	fits(p.t, http.MethodGet, path, res, text)
	return res.StatusCode, res.Header, string(text)
}

// eachDatabase runs fn on both databases.
func eachDatabase(t *testing.T, fn func(t *testing.T, a *app.App)) {
	t.Helper()
	for name, env := range map[string]map[string]string{
		"sqlite": nil, "postgres": {"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t)},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); fn(t, keepers(t, 1, env)[0]) })
	}
}

// variants are answers with one report that differ.
var variants = []string{
	"json", "html", "csv", "json?lang=de", "html?lang=es", "json?purpose=academic", "json?mask=true",
	"json?mask=true&quotes=false", "html?mask=true",
}

// whole asks for each variant and checks what an answer with a tag must have.
func (p *person) whole(report string) (tags, bodies map[string]string) {
	p.t.Helper()
	tags, bodies = map[string]string{}, map[string]string{}
	seen := map[string]string{}
	for _, v := range variants {
		status, h, body := p.tagged(report+v, "")
		tag := h.Get("ETag")
		if status != http.StatusOK || !strings.HasPrefix(tag, `"`) || h.Get("Cache-Control") != "private, no-cache" {
			p.t.Fatalf("%s: %d %v %.300s", v, status, h, body)
		}
		if other, twice := seen[tag]; twice {
			p.t.Errorf("%s and %s have the same tag", v, other)
		}
		seen[tag], tags[v], bodies[v] = v, tag, body
	}
	return tags, bodies
}

// A tag holds for as long as the answer is the same, and no longer: through another lens, in another language, masked,
// in another format and after a dismissal it is another.
func TestReport_ATagHoldsForAsLongAsTheAnswerIsTheSame(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, a *app.App) {
		gus := signIn(t, a.URL(), "gravelpit_gus")
		gus.subscribe()
		id, _ := gus.analyse()
		report := "/api/v1/analyses/" + id + "/report."
		tags, bodies := gus.whole(report)
		for v, tag := range tags {
			status, h, body := gus.tagged(report+v, `"other", `+tag)
			if status != http.StatusNotModified || body != "" || h.Get("ETag") != tag {
				t.Errorf("%s: %d %v %.300s", v, status, h, body)
			}
			_, full, _ := gus.tagged(report+v, "")
			for _, name := range []string{"Content-Security-Policy", "Content-Language", "Cache-Control", "Vary"} {
				if h.Get(name) != full.Get(name) { // a browser takes over those of a 304
					t.Errorf("%s: %s is %q with 304 and %q without", v, name, h.Get(name), full.Get(name))
				}
			}
		}
		path := "/api/v1/findings/" + finding(gus, id)
		dismiss := func(how string) {
			gus.must(http.StatusOK, "PATCH", path, how)
		}
		dismiss(`{"dismissed":true,"why":"a joke among friends"}`)
		after, changed := gus.whole(report)
		for v, tag := range tags {
			if status, _, body := gus.tagged(report+v, tag); status != http.StatusOK || body != changed[v] || after[v] == tag {
				t.Errorf("%s: after a dismissal the old tag is answered with %d", v, status)
			}
		}
		dismiss(`{"dismissed":false}`)
		again, same := gus.whole(report)
		for v := range tags {
			if again[v] != tags[v] || same[v] != bodies[v] {
				t.Errorf("%s: after the dismissal was taken back tag or body differ from those before it", v)
			}
		}
	})
}

// A tag is no key: whoever may not read a report is refused, whatever they know.
func TestReport_ATagIsOfNoUseToWhoeverMayNotReadTheReport(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, a *app.App) {
		gus := signIn(t, a.URL(), "gravelpit_gus")
		mira := signIn(t, a.URL(), "wandering_mira")
		gus.subscribe()
		id, _ := gus.analyse()
		report := "/api/v1/analyses/" + id + "/report."
		tags, _ := gus.whole(report)
		refused := func(who *person, want int) {
			t.Helper()
			for v, tag := range tags {
				status, h, _ := who.tagged(report+v, tag)
				if status != want || h.Get("ETag") != "" || h.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: %d %v, want %d", v, status, h, want)
				}
			}
		}
		refused(mira, http.StatusNotFound)
		refused(&person{t: t, base: gus.base}, http.StatusUnauthorized)
		gus.must(http.StatusNoContent, "DELETE", "/api/v1/analyses/"+id, "")
		refused(gus, http.StatusNotFound)
	})
}

// A browser may keep reports, so it is told to forget them when the session is over.
func TestSignOut_HasTheBrowserForgetReports(t *testing.T) {
	t.Parallel()
	a := keepers(t, 1, nil)[0]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/?done=signed-out", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "rz_refresh", Value: "of a session that is over"})
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Clear-Site-Data"); got != `"cache"` {
		t.Errorf("Clear-Site-Data is %q", got)
	}
	for _, call := range []struct{ method, path, body string }{
		{"POST", "/auth/logout", ""},
		{"DELETE", "/auth/sessions", ""},
		{"DELETE", "/api/v1/users/me", `{"confirm":"gravelpit_gus"}`},
	} {
		status, h, body := signIn(t, a.URL(), "gravelpit_gus").call(call.method, call.path, call.body)
		if got := h.Get("Clear-Site-Data"); status >= 300 || got != `"cache"` {
			t.Errorf("%s: %d, Clear-Site-Data is %q: %s", call.path, status, got, body)
		}
	}
}
