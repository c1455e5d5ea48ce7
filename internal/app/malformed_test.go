package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
)

// What is no HTTP is refused by net/http itself, in a word and with the connection. Everything else gets a problem.
func TestServer_RefusesWhatIsMalformed(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	get := func(target string, headers ...string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + strings.Join(headers, "\r\n") +
			strings.Repeat("\r\n", min(1, len(headers))) + "\r\n"
	}
	const refresh, length = "/auth/token/refresh", "Connection: close\r\nContent-Length: "
	for what, c := range map[string]struct{ request, want string }{
		"no HTTP":                    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
		"words":                      {"let me in\r\n\r\n", "400"},
		"a version to come":          {"GET / HTTP/9.9\r\nHost: x\r\n\r\n", "505"},
		"no host":                    {"GET / HTTP/1.1\r\n\r\n", "400"},
		"two hosts":                  {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
		"a broken escape":            {get("/%zz"), "400"},
		"a header without a name":    {get("/", ": x"), "400"},
		"a header with a NUL":        {get("/", "X-A: \x00"), "400"},
		"headers without end":        {get("/", "X-A: "+strings.Repeat("a", 64<<10)), "431"},
		"an address without end":     {get("/" + strings.Repeat("a", 64<<10)), "431"},
		"a length that is no number": {post(refresh, "application/json", length+"x"), "400"},
		"a negative length":          {post(refresh, "application/json", length+"-1"), "400"},
		"two lengths":                {post(refresh, "application/json", length+"2\r\nContent-Length: 3") + "{}", "400"},
		"an unknown coding": {
			post(refresh, "application/json", "Connection: close\r\nTransfer-Encoding: rot13"),
			"501",
		},
		"an unknown expectation": {post(refresh, "application/json", length+"2\r\nExpect: mercy") + "{}", "417"},

		"chunks that are none": {post(refresh, "application/json", "Connection: close\r\nTransfer-Encoding: chunked") +
			"zz\r\n", "422 validation_failed"},
		"a method in small": {"get / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405 method_not_allowed"},
		"a method nobody knows": {
			"BREW /api/v1/plans HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			"405 method_not_allowed",
		},
		"TRACE": {
			"TRACE /api/v1/plans HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			"405 method_not_allowed",
		},
		"CONNECT": {
			"CONNECT evil.tld:443 HTTP/1.1\r\nHost: evil.tld:443\r\nConnection: close\r\n\r\n",
			"405 method_not_allowed",
		},
		"a proxy's request":        {get("http://evil.tld/api/v1/nowhere"), "404 not_found"},
		"a NUL in the path":        {get("/api/v1/analyses/%00"), "401 unauthenticated"},
		"a path of dots":           {get("/assets/..%2f..%2fetc%2fpasswd"), "404 not_found"},
		"an authorization of junk": {get("/api/v1/users/me", "Authorization: \xff\xfe"), "401 unauthenticated"},
		"cookies of junk":          {get("/api/v1/users/me", "Cookie: ;;=;\xff=\x01"), "400"},
		"no body":                  {post(refresh, "application/json", length+"0"), "401 unauthenticated"},
		"half of a body":           {post(refresh, "application/json", length+"2") + "{", "422 validation_failed"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l := connect(t, base)
			l.say(c.request)
			_ = l.Conn.(interface{ CloseWrite() error }).CloseWrite() // nothing more comes
			if got := statusOf(t, l.rest()); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestServer_RefusesBodiesThatAreNotWhatTheySay(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	b, gus := newBrowser(t, base), signIn(t, base, "gravelpit_gus")
	for what, c := range map[string]struct{ contentType, body string }{
		"no JSON":                 {"application/json", `name=Gus`},
		"cut JSON":                {"application/json", `{"name":"Gus`},
		"two values":              {"application/json", `{"name":"Gus"}{"name":"Ada"}`},
		"one name twice":          {"application/json", `{"name":"Gus","name":"Ada"}`},
		"a list":                  {"application/json", `["Gus"]`},
		"a word":                  {"application/json", `"Gus"`},
		"null":                    {"application/json", `null`},
		"another type":            {"application/json", `{"name":{"$ne":""}}`},
		"a number":                {"application/json", `{"name":1e999}`},
		"an unknown name":         {"application/json", `{"name":"Gus","is_admin":true}`},
		"no UTF-8":                {"application/json", "{\"name\":\"\xff\xfe\"}"},
		"half a surrogate":        {"application/json", `{"name":"\ud800"}`},
		"nested beyond reason":    {"application/json", strings.Repeat("[", 100_000)},
		"objects in objects":      {"application/json", strings.Repeat(`{"name":`, 50_000)},
		"a byte order mark":       {"application/json", "\ufeff{\"name\":\"Gus\"}"},
		"comments":                {"application/json", `{"name":"Gus" /* hello */}`},
		"XML":                     {"text/xml", `<name>Gus</name>`},
		"a form":                  {"application/x-www-form-urlencoded", `name=Gus`},
		"a type that is none":     {"//;;", `{"name":"Gus"}`},
		"JSON that says it is no": {"text/plain", `{"name":"Gus"}`},
		"another charset":         {"application/cbor", "\xa1\x64name\x63Gus"},
	} {
		answer, res, _ := b.send("PATCH", "/api/v1/users/me", c.body, "Content-Type", c.contentType, "Authorization",
			"Bearer "+gus.access)
		if answer != "422 validation_failed" || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s as %s", what, answer, res.Header.Get("Content-Type"))
		}
	}
	if got := b.ask("PATCH", "/api/v1/users/me", `{"name":"Gus"}`, "Authorization", "Bearer "+gus.access); got != "200" {
		t.Errorf("and a good one: %s", got)
	}
}

// Each operation that takes JSON stops reading, whether or not it is told the length.
func TestServer_RefusesHugeBodiesEverywhere(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	gus := signIn(t, base, "gravelpit_gus")
	huge := `{"name":"` + strings.Repeat("a", 2<<20) + `"}`
	tried := 0
	for _, r := range bodied(t, base) {
		for _, told := range []bool{true, false} {
			var body io.Reader = strings.NewReader(huge)
			if !told {
				body = struct{ io.Reader }{body} // the client cannot know how long it is, and sends chunks
			}
			req, err := http.NewRequestWithContext(t.Context(), r.method, base+fill(r.path, db.NewID()), body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"Authorization": {"Bearer " + gus.access}, "Content-Type": {"application/json"}}
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Errorf("%s %s: %v", r.method, r.path, err)
				continue
			}
			text, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != http.StatusRequestEntityTooLarge ||
				!strings.Contains(string(text), `"code":"payload_too_large"`) {
				t.Errorf("%s %s: %d %s", r.method, r.path, res.StatusCode, text)
			}
			tried++
		}
	}
	if tried < 20 {
		t.Errorf("only %d were tried: the contract is not whole", tried)
	}
}

// bodied lists the operations that take JSON.
func bodied(t *testing.T, base string) (all []route) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Body struct {
				Content map[string]any `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
	}
	if err := json.Unmarshal([]byte((&person{t: t, base: base}).must(http.StatusOK, "GET", "/openapi.json", "")),
		&doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if op.Body.Content["application/json"] != nil {
				all = append(all, route{strings.ToUpper(method), path})
			}
		}
	}
	slices.SortFunc(all, func(a, b route) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return all
}
