package browser

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// German words are longer than English ones: every page that there is, those of administrators and of links included,
// stays within its window in German, is accessible by day and by night, and says that it is in German.
func TestBrowser_EveryPageInGermanFitsAndIsAccessible(t *testing.T) {
	t.Parallel()
	a := run(t, map[string]string{"RATE_LIMIT_PER_MINUTE": "10000", "CONTACT": "help@example.com"})
	v := visit(t, a.URL())
	tell(v, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "x", AcceptLanguage: "de"})
	v.signIn(gus)
	if err := a.Accounts.SetRole(t.Context(), "@"+gus, "admin"); err != nil {
		t.Fatal(err)
	}
	tell(v, network.ClearBrowserCookies, cdp.Empty{}) // the role comes with another session
	v.signIn(gus)
	v.subscribe("pro")
	p := program{t, a.URL(), signInByAPI(t, a.URL())}
	pages := v.furnish(p)

	routes := pageRoutes(t)
	for _, route := range slices.Sorted(maps.Keys(pages)) {
		delete(routes, route)
		v.inGerman(route, pages[route])
	}
	for route := range routes {
		t.Errorf("nobody looks at %s", route)
	}
	v.stayed()
}

// furnish makes what the pages show, and tells where each page is.
func (v *visitor) furnish(p program) map[string]string {
	v.t.Helper()
	first, second := v.reported(), v.reported()
	v.click(`.tray a`)
	v.click(`button[formaction$="/cleanup"]`)
	v.sees(`form[action$="/dry-run"]`)
	cleanup := v.path()
	made := func(path, body string) (answer struct{ ID, URL string }) {
		v.t.Helper()
		if err := json.Unmarshal([]byte(p.must(http.StatusCreated, "POST", path, body)), &answer); err != nil {
			v.t.Fatal(err)
		}
		return answer
	}
	share := made("/api/v1/analyses/"+filepath.Base(second)+"/shares",
		`{"sections":["score","findings","quotes","charts"]}`)
	hook := made("/api/v1/webhooks", `{"url":"http://127.0.0.1:9/hook"}`)
	var me struct{ ID string }
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/users/me", "")), &me); err != nil {
		v.t.Fatal(err)
	}
	return map[string]string{
		"/{$}": "/", "/a/{id}": second, "/a/{id}/shares": second + "/shares", "/account": "/account",
		"/account/activity": "/account/activity", "/account/keys": "/account/keys",
		"/account/notices": "/account/notices", "/account/plan": "/account/plan",
		"/account/plan/change": "/account/plan/change?tier=basic", "/account/webhooks": "/account/webhooks",
		"/account/webhooks/{id}": "/account/webhooks/" + hook.ID, "/cleanups/{id}": cleanup,
		"/cleanups/{id}/by-hand": cleanup + "/by-hand",
		"/compare":               "/compare?from=" + filepath.Base(first) + "&to=" + filepath.Base(second),
		"/history":               "/history", "/privacy": "/privacy", "/schedules": "/schedules", "/signed-in": "/signed-in",
		"/shared/{token}": strings.TrimPrefix(share.URL, v.base), "/email/confirm": "/email/confirm?token=x",
		"/email/unsubscribe": "/email/unsubscribe?token=x", "/admin": "/admin", "/admin/billing": "/admin/billing",
		"/admin/cost": "/admin/cost", "/admin/inbox": "/admin/inbox?all=1", "/admin/jobs": "/admin/jobs?all=1",
		"/admin/users": "/admin/users", "/admin/users/{id}": "/admin/users/" + me.ID,
		"/sample": "/sample", "/help": "/help", "/privacy-policy": "/privacy-policy", "/terms": "/terms",
		"/security": "/security", "/contact": "/contact", "nowhere": "/nowhere",
	}
}

// reported makes a report, shows it, and tells where it is.
func (v *visitor) reported() string {
	v.t.Helper()
	v.open("/")
	v.do(chromedp.Evaluate[chromedp.Void](
		`for (const box of document.querySelectorAll("[name=consent]")) box.checked = true; 0`))
	v.click(`form[action="/analyses"] button:not([formaction])`)
	v.sees(".board")
	return v.path()
}

// inGerman looks at a page by day and by night, on a phone, a tablet and a desk.
func (v *visitor) inGerman(name, path string) {
	v.t.Helper()
	v.open(path)
	v.sees("h1")
	said, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`document.documentElement.lang`))
	if err != nil || said != "de" {
		v.t.Errorf("%s says that it is in %q (%v)", name, said, err)
	}
	v.accessibleTo(name+" in German", look{"light", 390, ""}, look{"dark", 390, colours}, look{"light", 768, places},
		look{"dark", 768, colours}, look{"light", 1280, places}, look{"dark", 1280, colours})
	v.shootAll(fmt.Sprintf("german%s", strings.NewReplacer("/", "-", "{", "", "}", "", "$", "").Replace(name)))
}

var (
	pageRoute = regexp.MustCompile(`"GET (/[^"]*)"`)
	// noPages are what programs and browsers fetch beside the pages.
	noPages = []string{
		"/.well-known/security.txt", "/apple-touch-icon.png", "/assets/{file}", "/favicon.ico", "/robots.txt", "/sitemap.xml",
		"/cleanups/{id}/backup.zip", "/cleanups/{id}/receipt.json",
	}
)

// pageRoutes are the addresses of the pages that there are, as the program routes them.
func pageRoutes(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../console/*.go")
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, found := range pageRoute.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(noPages, found[1]) {
				routes[found[1]] = true
			}
		}
	}
	if len(routes) < 30 {
		t.Fatalf("only %d routes were found", len(routes))
	}
	return routes
}
