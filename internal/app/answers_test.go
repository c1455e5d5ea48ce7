package app_test

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// Row-level security that is switched off while the program runs takes the process out of traffic, until it is on
// again.
func TestPolicies_AreProvenAgainAndAgainAndReadyzNamesThem(t *testing.T) {
	t.Parallel()
	env := hosted("cfy")
	env["DATABASE_URL"] = dbtest.PostgresURL(t)
	a := runWith(t, io.Discard, env, app.Options{Prove: 50 * time.Millisecond})
	ready := func(want int, part string) func() bool {
		return func() bool {
			res, body := ask(t, "GET", a.Address()+"/readyz")
			return res.StatusCode == want && strings.Contains(body, `"policies":{"status":"`+part+`"`)
		}
	}
	eventually(t, "ready, with policies", ready(http.StatusOK, "up"))
	asAdmin(t, env["DATABASE_URL"], `ALTER TABLE posts DISABLE ROW LEVEL SECURITY`)
	eventually(t, "a table without policies takes it out of traffic", ready(http.StatusServiceUnavailable, "down"))
	asAdmin(t, env["DATABASE_URL"], `ALTER TABLE posts ENABLE ROW LEVEL SECURITY`)
	eventually(t, "ready again", ready(http.StatusOK, "up"))
}

func TestQuota_AStartBeyondItTellsTheFigures(t *testing.T) {
	t.Parallel()
	a := run(t, io.Discard, map[string]string{"WORKERS": "0"})
	p := signIn(t, a.URL(), gus)
	p.subscribe()
	start := func() (int, http.Header, string) {
		return p.call("POST", "/api/v1/analyses", `{"account_id":"`+p.account+`","consent":true}`)
	}
	if status, _, body := start(); status != http.StatusAccepted {
		t.Fatalf("the first: %d %s", status, body)
	}
	change(t, a, `UPDATE quota_periods SET used = quota - reserved`)
	status, h, body := start()
	if status != http.StatusTooManyRequests || !strings.Contains(body, `"code":"quota_exceeded"`) {
		t.Fatalf("%d %s", status, body)
	}
	limit, used := h.Get("X-Quota-Limit"), h.Get("X-Quota-Used")
	reset, err := strconv.Atoi(h.Get("X-Quota-Reset"))
	if limit == "" || limit == "0" || used != limit || h.Get("X-Quota-Remaining") != "0" || err != nil || reset <= 0 ||
		reset > 32*24*3600 {
		t.Errorf("limit %q, used %q, remaining %q, reset %q", limit, used, h.Get("X-Quota-Remaining"), h.Get("X-Quota-Reset"))
	}
}

func change(t *testing.T, a *app.App, statement string) {
	t.Helper()
	err := a.DB.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, statement)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPaths_ASlashTooManyIsLedOnWithMethodAndQuery(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"WORKERS": "0"})
	for asked, want := range map[string]string{
		"POST /auth/token/refresh/":         "/auth/token/refresh",
		"GET /api/v1/plans/?a=%2F&b=1":      "/api/v1/plans?a=%2F&b=1",
		"GET /api/v1/analyses/a%2Fb/":       "/api/v1/analyses/a%2Fb",
		"GET /account/":                     "/account",
		"GET /nowhere/":                     "",
		"GET //evil.tld/":                   "",
		"GET //evil.tld/api/v1/plans/":      "",
		"PUT /api/v1/plans/":                "",
		"GET /%2Fevil.tld/":                 "",
		"GET /api/v1/analyses/../../plans/": "",
	} {
		method, path, _ := strings.Cut(asked, " ")
		res, body := ask(t, method, base+path)
		at := res.Header.Get("Location")
		led := res.StatusCode == http.StatusPermanentRedirect
		if led != (want != "") || led && at != want || strings.HasPrefix(at, "//") {
			t.Errorf("%s: %d to %q: %s", asked, res.StatusCode, at, body)
		}
	}
}

// What leads on has no body, least of all the word null.
func TestRedirects_HaveNoJSONBody(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"WORKERS": "0"})
	for _, path := range []string{
		"/auth/x/login", "/auth/x/callback?state=x&code=y",
		"/auth/twitter/callback?error=access_denied",
	} {
		res, body := ask(t, "GET", base+path, "Accept", "text/html")
		if res.StatusCode != http.StatusFound || body != "" {
			t.Errorf("%s: %d %q (%s)", path, res.StatusCode, body, res.Header.Get("Location"))
		}
	}
}

func TestBodies_ThatAreNoJSONAreToldInWords(t *testing.T) {
	t.Parallel()
	p := signIn(t, start(t, io.Discard, map[string]string{"WORKERS": "0"}), gus)
	for _, body := range []string{
		`{`, `{"name":`, `name=Gus`, `[1,`, `{"name":{"a":1}}`, "\xff", `{"name":"a"`,
		`{"name":"a","name":"b"}`, `"`,
	} {
		status, _, answer := p.call("PATCH", "/api/v1/users/me", body)
		if status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d %s", body, status, answer)
		}
		for _, inner := range []string{"jsontext", "json:", "EOF", "Go ", "unmarshal"} {
			if strings.Contains(answer, inner) {
				t.Errorf("%q is told %q: %s", body, inner, answer)
			}
		}
	}
}

// Whatever in a change cannot be kept, nothing of it is.
func TestChangeMe_ARefusalChangesNothing(t *testing.T) {
	t.Parallel()
	p := signIn(t, start(t, io.Discard, map[string]string{"WORKERS": "0"}), gus)
	_, _, before := p.call("GET", "/api/v1/users/me", "")
	for _, body := range []string{
		`{"name":" ","language":"de","time_zone":"Europe/Berlin"}`,
		`{"name":"a\u0000b","language":"de"}`,
		`{"name":"Gus","language":"de","time_zone":"Mars/Crater"}`,
		`{"name":"Gus","language":"xx"}`,
	} {
		if status, _, answer := p.call("PATCH", "/api/v1/users/me", body); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", body, status, answer)
		}
		if _, _, after := p.call("GET", "/api/v1/users/me", ""); after != before {
			t.Errorf("after %s:\n%s\nbefore:\n%s", body, after, before)
		}
	}
}

// Public routes are open to whoever comes, also with a key that opens nothing there.
func TestKeys_ArePassedByOnPublicRoutes(t *testing.T) {
	t.Parallel()
	a := run(t, io.Discard, map[string]string{"WORKERS": "0"})
	p := signIn(t, a.URL(), gus)
	key := bearing(p, newKey(p, account.AuditRead).Key)
	for path, want := range map[string]int{
		"/api/v1/plans": http.StatusOK, "/healthz": http.StatusOK, "/info": http.StatusOK, "/auth/x/login": http.StatusOK,
		"/auth/x/callback?state=x": http.StatusUnprocessableEntity, "/api/v1/nowhere": http.StatusNotFound,
	} {
		if status, _, body := key.call("GET", path, ""); status != want {
			t.Errorf("%s: %d, want %d: %.200s", path, status, want, body)
		}
	}
	links, err := db.ReadOne(t.Context(), a.DB, db.System, db.Value[int],
		`SELECT count(*) FROM oauth_states WHERE purpose = 'link'`)
	if err != nil || links != 0 {
		t.Errorf("%d links were begun with a key, %v", links, err)
	}
	body := key.must(http.StatusOK, "POST", "/auth/token/refresh", `{"refresh_token":"`+p.refresh+`"}`)
	if !strings.Contains(body, `"access_token"`) {
		t.Errorf("the refresh: %s", body)
	}
}

func TestSubscription_IsNoneEverywhereForWhoHasNoPlan(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"WORKERS": "0"})
	p := signIn(t, base, gus)
	for path, want := range map[string]string{
		"/api/v1/users/me": `"subscription_status":"none"`, "/api/v1/usage": `"status":"none"`,
		"/api/v1/subscriptions": `"status":"none"`,
	} {
		if body := p.must(http.StatusOK, "GET", path, ""); !strings.Contains(body, want) ||
			strings.Contains(body, `status":""`) {
			t.Errorf("%s: %s", path, body)
		}
	}
}

// The API answers an upload with the problems of its contract, also to a browser. The form of the front page has an
// address of its own.
func TestUpload_TheAPIAnswersABrowserAsItDoesAProgram(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	p := signIn(t, base, gus)
	headers := []string{"Accept", "text/html", "Authorization", "Bearer " +
		p.access, "Content-Type", "multipart/form-data; boundary=b"}
	res, body := ask(t, "POST", base+"/api/v1/archives", headers...)
	wantProblem(t, "POST /api/v1/archives", res, body, http.StatusUnprocessableEntity, "validation_failed")
	res, body = ask(t, "POST", base+"/api/v1/archives", "Accept", "text/html")
	wantProblem(t, "POST /api/v1/archives", res, body, http.StatusUnauthorized, "unauthenticated")
	res, body = ask(t, "POST", base+"/archives", headers...)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "<h1>") {
		t.Errorf("the page: %d %.300s", res.StatusCode, body)
	}
	if res, _ = ask(t, "POST", base+"/archives"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger's: %d", res.StatusCode)
	}
}

// click sends a form of a page as the browser of somebody who is signed in does.
func (p *person) click(path string, form url.Values) (*http.Response, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Cookie", "rz_access="+p.access)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res, string(body)
}

// Whoever clicks fast on a page has ten times what a program has. What is too much says for how many seconds, and keeps
// what was typed behind one button.
func TestPages_CountClicksGenerouslyAndKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	a := run(t, io.Discard, map[string]string{"WORKERS": "0", "RATE_LIMIT_PER_MINUTE": "4", "RATE_LIMIT_PER_HOUR": "1000"})
	p := signIn(t, a.URL(), gus)
	for n := range 40 {
		if res, body := p.click("/account/name", url.Values{"name": {"Gus"}}); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("click %d: %d %.300s", n+1, res.StatusCode, body)
		}
	}
	res, body := p.click("/account/name?from=here", url.Values{"name": {`Gus "the pit" Gravel`}})
	wait, err := strconv.Atoi(res.Header.Get("Retry-After"))
	if res.StatusCode != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 120 {
		t.Fatalf("click 41: %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	for _, want := range []string{
		"Wait " + strconv.Itoa(wait) + " second", `method="post" action="/account/name?from=here"`,
		`name="name" value="Gus &#34;the pit&#34; Gravel"`, "Send it again",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "Retry-After") {
		t.Error("a person is sent to a header")
	}
	page, text := ask(t, "GET", a.URL()+"/account?b=2", "Cookie", "rz_access="+p.access, "Accept", "text/html")
	if page.StatusCode != http.StatusTooManyRequests || !strings.Contains(text, `href="/account?b=2"`) {
		t.Errorf("a page: %d %s", page.StatusCode, text)
	}
	if status, _, body := p.call("GET", "/api/v1/users/me", ""); status != http.StatusOK {
		t.Errorf("clicks are counted with the calls of programs: %d %s", status, body)
	}
}

// A browser that signed in before keeps a mark of it, and its next sign-in is told to nobody.
func TestSignIn_ABrowserIsNewOnce(t *testing.T) {
	t.Parallel()
	a := run(t, io.Discard, map[string]string{"WORKERS": "0"})
	p := signIn(t, a.URL(), gus)
	told := func() string { return p.must(http.StatusOK, "GET", "/api/v1/notices", "") }
	if got := told(); strings.Contains(got, "session.new_browser") {
		t.Fatalf("the first of all: %s", got)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(a.URL())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		signInWith(t, a.URL(), gus, jar)
		for _, session := range []string{"rz_access", "rz_refresh"} { // as signing out leaves the browser
			jar.SetCookies(at, []*http.Cookie{{Name: session, Path: "/", MaxAge: -1}})
		}
	}
	if got := told(); strings.Count(got, `"session.new_browser"`) != 1 ||
		!strings.Contains(got, "Somebody signed in to your account from a browser") {
		t.Fatalf("another browser, three times: %s", got)
	}
}

// A form that comes after its session has ended is bound to whoever had it. The access cookie is what tells it.
func TestKeptForm_IsOfWhoseSessionHasEndedInThatBrowser(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"WORKERS": "0"})
	post := func(access, form string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/account/plan/cancel",
			strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", "rz_access="+access)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	ada, gus := signIn(t, base, "ada_fernhill"), signIn(t, base, gus)
	ada.must(http.StatusNoContent, "DELETE", "/auth/sessions", "")
	status, page := post(ada.access, "")
	_, sum, kept := strings.Cut(page, `name="written" value="`)
	if status != http.StatusUnauthorized || !kept {
		t.Fatalf("an ended session: %d %s", status, page)
	}
	sum, _, _ = strings.Cut(sum, `"`)
	if status, page := post(gus.access, "written="+sum); status != http.StatusForbidden {
		t.Errorf("another user: %d %s", status, page)
	}
	again := signIn(t, base, "ada_fernhill")
	if status, page := post(again.access, "written="+sum); strings.Contains(page, "entered") {
		t.Errorf("the same user: %d %s", status, page)
	}
}

// PostgREST 13 and later refuses a token that names a key when it has a plain secret, as Supabase's is.
func TestSigningKey_SupabasesCarriesNoKid(t *testing.T) {
	t.Parallel()
	for variable, named := range map[string]bool{"SUPABASE_JWT_SECRET": false, "JWT_SECRET_KEY": true} {
		p := signIn(t, start(t, io.Discard, map[string]string{
			"WORKERS": "0",
			variable:  "a-signing-key-0123456789-abcdefgh-xyz",
		}), gus)
		header, err := base64.RawURLEncoding.DecodeString(strings.Split(p.access, ".")[0])
		if err != nil || strings.Contains(string(header), "kid") != named {
			t.Errorf("%s: %s, %v", variable, header, err)
		}
		p.must(http.StatusOK, "GET", "/api/v1/users/me", "")
	}
}
