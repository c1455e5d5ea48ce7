package app_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// outsides are the four environments, as a browser sees them. What differs is written here; all else is the same in
// each.
var outsides = map[string]struct {
	vars           map[string]string
	secure         bool // known by an https address
	docs           int
	known, unknown []string // origins
}{
	"local": {
		nil, false, http.StatusOK,
		[]string{"http://localhost:3000"},
		[]string{"https://dash.repazoo.com", "https://evil.example", "null"},
	},
	"cfy": {
		hosted("cfy"), true, http.StatusOK,
		[]string{"https://cfy.repazoo.com"},
		[]string{
			"http://cfy.repazoo.com", "https://ai.repazoo.com", "http://localhost:3000",
			"https://cfy.repazoo.com.evil.example", "null",
		},
	},
	"ntf": {
		hosted("ntf"), true, http.StatusOK,
		[]string{"https://ntf.repazoo.com"},
		[]string{"https://cfy.repazoo.com", "https://evilntf.repazoo.com", "https://ntf.repazoo.com:8443", "null"},
	},
	"ai": {
		hosted("ai"), true, http.StatusNotFound,
		[]string{"https://ai.repazoo.com", "https://dash.repazoo.com"},
		[]string{
			"https://ntf.repazoo.com", "http://ai.repazoo.com", "https://user@ai.repazoo.com", "https://repazoo.com",
			"null",
		},
	},
}

// hosted is the least that a server on one machine needs.
func hosted(env string) map[string]string {
	return map[string]string{
		"REPAZOO_ENV": env, "PUBLIC_URL": "https://" + env +
			".repazoo.com", "EMBEDDED": "true", "BILLING": "off", "WORKERS": "0", "TWITTER_CLIENT_ID": "client",
		"JWT_SECRET_KEY": firstJWT, "ENCRYPTION_KEY": firstSecret,
		"SHUTDOWN_GRACE": "0", // no balancer has to notice that it leaves
	}
}

// always are the headers of every answer but those to probes.
var always = map[string]string{
	"X-Content-Type-Options":     "nosniff",
	"X-Frame-Options":            "DENY",
	"Referrer-Policy":            "no-referrer",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Permissions-Policy":         "camera=(), geolocation=(), microphone=(), payment=()",
}

// tellTales would tell what is running here, or undo what the others do.
var tellTales = []string{
	"Server", "X-Powered-By", "Via", "X-Runtime", "X-Debug", "X-AspNet-Version",
	"Public-Key-Pins", "X-XSS-Protection",
}

func TestHeaders_AreThoseOfTheirEnvironment(t *testing.T) {
	t.Parallel()
	for env, o := range outsides {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			base := run(t, io.Discard, o.vars).Address()
			for _, c := range []struct {
				method, path, accept string
				status               int
			}{
				{"GET", "/", "text/html", http.StatusOK},
				{"GET", "/nowhere", "text/html", http.StatusNotFound},
				{"GET", "/nowhere", "application/json", http.StatusNotFound},
				{"GET", "/info", "", http.StatusOK},
				{"GET", "/api/v1/plans", "", http.StatusOK},
				{"GET", "/api/v1/users/me", "", http.StatusUnauthorized},
				{"PUT", "/api/v1/users/me", "", http.StatusUnauthorized},
				{"GET", "/auth/x/login", "text/html", http.StatusFound},
				{"GET", "/assets/live.js", "", http.StatusOK},
				{"GET", "/assets/none.js", "", http.StatusNotFound},
				{"GET", "/docs", "", o.docs},
				{"GET", "/redoc", "", o.docs},
				{"GET", "/openapi.json", "", o.docs},
				{"OPTIONS", "/api/v1/users/me", "", http.StatusUnauthorized},
			} {
				res, _ := ask(t, c.method, base+c.path, "Accept", c.accept)
				what := c.method + " " + c.path
				if c.path != "/auth/x/login" && c.method == "GET" && res.StatusCode != c.status {
					t.Errorf("%s: %d, want %d", what, res.StatusCode, c.status)
				}
				checkHeaders(t, what, res.Header, o.secure)
			}
			checkProbe(t, base)
			checkOrigins(t, base, o.known, o.unknown)
			checkCookies(t, base, o.secure)
		})
	}
}

func checkHeaders(t *testing.T, what string, h http.Header, secure bool) {
	t.Helper()
	for name, want := range always {
		if got := h.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %s is %q", what, name, got)
		}
	}
	policy := h.Values("Content-Security-Policy")
	if len(policy) != 1 || strings.Contains(policy[0], "unsafe-eval") || strings.Contains(policy[0], "script-src *") ||
		!strings.Contains(policy[0], "default-src 'none'") || !strings.Contains(policy[0], "frame-ancestors 'none'") ||
		!strings.Contains(policy[0], "base-uri 'none'") {
		t.Errorf("%s: Content-Security-Policy is %q", what, policy)
	}
	for directive := range strings.SplitSeq(strings.Join(policy, ""), ";") {
		if name, sources, _ := strings.Cut(strings.TrimSpace(directive), " "); name == "script-src" &&
			strings.Contains(sources, "unsafe") {
			t.Errorf("%s: %s", what, directive)
		}
	}
	want := ""
	if secure {
		want = "max-age=31536000; includeSubDomains"
	}
	if got := h.Get("Strict-Transport-Security"); got != want {
		t.Errorf("%s: Strict-Transport-Security is %q, want %q", what, got, want)
	}
	if h.Get("Cache-Control") == "" || h.Get("X-Request-ID") == "" {
		t.Errorf("%s: Cache-Control %q, X-Request-ID %q", what, h.Get("Cache-Control"), h.Get("X-Request-ID"))
	}
	for _, name := range tellTales {
		if got := h.Get(name); got != "" {
			t.Errorf("%s: %s tells %q", what, name, got)
		}
	}
}

// Probes cost next to nothing, and say no more than they must.
func checkProbe(t *testing.T, base string) {
	t.Helper()
	res, _ := ask(t, "GET", base+"/healthz")
	if res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-store" ||
		res.Header.Get("X-Content-Type-Options") != "nosniff" || len(res.Cookies()) > 0 {
		t.Errorf("a probe: %d %v", res.StatusCode, res.Header)
	}
}

// Pages of known origins may ask with credentials, and see refusals too; others are told nothing, however they ask.
func checkOrigins(t *testing.T, base string, known, unknown []string) {
	t.Helper()
	allowed := func(method, path, origin string) (string, string) {
		res, _ := ask(t, method, base+path, "Origin", origin, "Access-Control-Request-Method", "PATCH",
			"Access-Control-Request-Headers", "authorization")
		if !slices.Contains(res.Header.Values("Vary"), "Origin") &&
			!strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Origin") {
			t.Errorf("%s %s of %s: Vary %q", method, path, origin, res.Header.Values("Vary"))
		}
		return res.Header.Get("Access-Control-Allow-Origin"), res.Header.Get("Access-Control-Allow-Credentials")
	}
	for _, c := range []struct{ method, path string }{
		{"GET", "/api/v1/plans"},
		{"GET", "/api/v1/users/me"},
		{"OPTIONS", "/api/v1/users/me"},
		{"GET", "/nowhere"},
	} {
		for _, origin := range known {
			if got, credentials := allowed(c.method, c.path, origin); got != origin || credentials != "true" {
				t.Errorf("%s %s of %s: allowed %q, credentials %q", c.method, c.path, origin, got, credentials)
			}
		}
		for _, origin := range unknown {
			if got, credentials := allowed(c.method, c.path, origin); got != "" || credentials != "" {
				t.Errorf("%s %s of %s: allowed %q, credentials %q", c.method, c.path, origin, got, credentials)
			}
		}
	}
	for _, origin := range unknown { // and what their pages make a browser send is refused
		res, body := ask(t, "POST", base+"/sign-out", "Origin", origin, "Sec-Fetch-Site", "cross-site")
		if res.StatusCode != http.StatusForbidden || !strings.Contains(body, `"code":"forbidden"`) {
			t.Errorf("a form of %s: %d %s", origin, res.StatusCode, body)
		}
	}
}

// A sign-in sets one cookie when it begins; a session that is no good has two taken away, which names all there are.
func checkCookies(t *testing.T, base string, secure bool) {
	t.Helper()
	prefix := map[bool]string{true: "__Host-"}[secure]
	begun, _ := ask(t, "GET", base+"/auth/x/login", "Accept", "text/html")
	ended, _ := ask(t, "GET", base+"/", "Cookie", prefix+"rz_refresh=rzr_"+strings.Repeat("A", 43))
	var names []string
	for _, c := range append(begun.Cookies(), ended.Cookies()...) {
		name := strings.TrimPrefix(c.Name, prefix)
		if strings.HasPrefix(name, "rz_state_") { // each sign-in has one of its own
			name = name[:len("rz_state_")]
		}
		names = append(names, name)
		if !strings.HasPrefix(c.Name, prefix) || c.Secure != secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode ||
			c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie %s", c.Raw)
		}
	}
	if want := []string{"rz_state_", "rz_access", "rz_refresh"}; !slices.Equal(names, want) {
		t.Errorf("cookies %v, want %v", names, want)
	}
}
