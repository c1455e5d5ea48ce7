package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/console"
)

func TestRoutes_AStrangerIsAskedToSignInAndLedBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := map[string]bool{
		"GET /{$}": true, "GET /": true, "GET /assets/{file}": true,
		"GET /email/confirm": true, "POST /email/confirm": true, // the link is mailed, and may be followed anywhere
		"GET /sample": true, "GET /help": true, "GET /privacy-policy": true, "GET /terms": true, "GET /security": true,
		"GET /contact":    true,
		"GET /robots.txt": true, "GET /sitemap.xml": true, "GET /favicon.ico": true, "GET /apple-touch-icon.png": true,
		"GET /.well-known/security.txt": true,
		"GET /email/unsubscribe":        true, "POST /email/unsubscribe": true, // so is this one
		"GET /shared/{token}": true, "POST /shared/{token}": true, // a link that its owner gave away
	}
	for pattern := range w.routes {
		if open[pattern] {
			continue
		}
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{id}", "1", "{delivery}", "2", "{kind}", "3", "{share}", "4").Replace(path)
		if method == http.MethodPost {
			if path == "/sign-out" {
				w.stranger().post(path, nil).leadsTo()
				continue
			}
			w.stranger().post(path, url.Values{"name": {"typed"}}).shows(http.StatusUnauthorized,
				"Your session has ended, so this was not carried out.",
				`<form method="post" action="`+path+`"><input type="hidden" name="name" value="typed">`)
			continue
		}
		want := "/?" + url.Values{"error": {"unauthenticated"}, "next": {path + "?purpose=academic"}}.Encode()
		if at := w.stranger().get(path + "?purpose=academic").leadsTo(); at != want {
			t.Errorf("%s leads to %s, want %s", pattern, at, want)
		}
	}
}

func TestFront_TellsAStrangerWhatThisIsAndWhatItCosts(t *testing.T) {
	t.Parallel()
	newWorld(t).stranger().get("/").shows(http.StatusOK,
		`href="/auth/x/login?redirect_to=%2F"`, "Sign in with X", "<b>$9</b>", "<b>$29</b>", "What we promise",
		"This is a sandbox: no real X account, money or model is used.", `href="/docs"`, "Repazoo 1.2.3",
	).hides("Sign out", `role="alert"`)
}

func TestFront_LeadsBackAfterTheSignIn(t *testing.T) {
	t.Parallel()
	newWorld(t).stranger().get("/?error=unauthenticated&next=%2Fa%2F7%3Fpurpose%3Dacademic").shows(http.StatusOK,
		`href="/auth/x/login?redirect_to=%2Fa%2F7%3Fpurpose%3Dacademic"`, "Please sign in first.")
}

func TestHome_SaysWhyAnAccountCouldNotBeLinked(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada)
	p.get("/?error=already_linked").shows(http.StatusOK, "That X account belongs to another Repazoo user.",
		"<h1>Your reports</h1>")
	p.get("/?error=unauthenticated").shows(http.StatusOK).hides(`role="alert"`)
}

func TestRefuse_ShowsWhatTheHTTPLayerRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for status, want := range map[int]string{
		http.StatusNotFound:        "<h1>There is nothing here</h1>",
		http.StatusTooManyRequests: "<h1>That did not work</h1>",
	} {
		rec := httptest.NewRecorder()
		w.console.Refuse(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/nowhere", nil), status,
			"Wait a little.")
		if body := rec.Body.String(); rec.Code != status || !strings.Contains(body, want) ||
			!strings.Contains(body, "Wait a little.") {
			t.Errorf("got %d %s", rec.Code, body)
		}
	}
}

func TestForm_LargerThanAnyFormIsRefusedOnItsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn(ada).post("/account/name", url.Values{"name": {strings.Repeat("a", 70_000)}}).
		shows(http.StatusUnprocessableEntity, "The form could not be read.", "<h1>Your account</h1>")
}

func TestAlert_OurOwnTroubleShowsTheRequestIDAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(ada)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	p.get("/account").shows(http.StatusInternalServerError, "Something went wrong on our side.",
		"request-1234").hides("closed", "sql")
	if !strings.Contains(w.log.String(), "request_id=request-1234") {
		t.Errorf("the log does not know the request: %s", w.log)
	}
}

func TestAssets_AreKeptForEverByTheirVersion(t *testing.T) {
	t.Parallel()
	p := newWorld(t).stranger()
	address := regexp.MustCompile(`/assets/console\.css\?v=[0-9a-f]{12}`).FindString(p.get("/").body)
	for path, want := range map[string]string{
		address:                   "public, max-age=31536000, immutable",
		"/assets/console.css":     "no-cache",
		"/assets/console.css?v=0": "no-cache",
	} {
		got := p.get(path).shows(http.StatusOK, ":root")
		if got.header.Get("Cache-Control") != want || got.header.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("%s: %s, %s", path, got.header.Get("Cache-Control"), got.header.Get("Content-Type"))
		}
	}
	p.get("/assets/nothing.css").shows(http.StatusNotFound, "There is no such file.")
}

// A page must stay within the policy of 'self': no inline script or style, no handler in an
// attribute, nothing loaded from elsewhere.
func TestPages_StayWithinTheContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(ada).subscribe("basic")
	forbidden := regexp.MustCompile(`(?i)<style|\sstyle=|<script(?:>| [^>]*>[^<])|\son[a-z]+=|javascript:|(?:src|action)="(?:https?:)?//|<link[^>]*href="(?:https?:)?//`)
	report := p.completed()
	running := p.post("/analyses", url.Values{"source": {p.account}}).leadsTo()
	for _, path := range []string{
		"/", "/account", "/account/keys", "/account/activity", "/privacy", report, running,
		"/nowhere",
	} {
		if found := forbidden.FindString(p.get(path).body); found != "" {
			t.Errorf("%s has %q", path, found)
		}
	}
	for _, path := range []string{"/", "/sample", "/help", "/terms"} {
		canonical := `<link rel="canonical" href="` + home + path + `">` // says where the page is, and loads nothing
		if found := forbidden.FindString(strings.Replace(w.stranger().get(path).body, canonical, "", 1)); found != "" {
			t.Errorf("a stranger's %s has %q", path, found)
		}
	}
}

func FuzzFront_SignInNeverLeadsToAnotherSite(f *testing.F) {
	for _, next := range []string{
		"/a/1", "//evil.test", "https://evil.test", `/\evil.test`, "javascript:alert(1)",
		"/\t/evil.test", "", "a", `/"><script>`,
	} {
		f.Add(next)
	}
	f.Fuzz(func(t *testing.T, next string) {
		at := must(url.Parse(console.SignIn(next)))(t)
		if at.Host != "" || at.Path != "/auth/x/login" || !strings.HasPrefix(at.Query().Get("redirect_to"), "/") ||
			strings.HasPrefix(at.Query().Get("redirect_to"), "//") {
			t.Fatalf("%q leads to %s", next, at)
		}
	})
}
