package account

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/fault"
)

func rules(t testing.TB, local bool, address string) returnRules {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return newReturnRules(u, []string{"dash.repazoo.com", "ai.repazoo.com"}, local)
}

func TestReturn_AcceptsPathsAndAllowedHosts(t *testing.T) {
	t.Parallel()
	live, local := rules(t, false, "https://api.repazoo.com"), rules(t, true, "http://localhost:8000")
	for _, c := range []struct {
		rules              returnRules
		to, domain, expect string
	}{
		{live, "", "", "/"},
		{live, "/", "", "/"},
		{live, "/reports/7?tab=a%20b#top", "", "/reports/7?tab=a%20b#top"},
		{live, "/a", "api.repazoo.com", "/a"},
		{live, "/a?b=//c", "dash.repazoo.com", "https://dash.repazoo.com/a?b=//c"},
		{live, "", "DASH.repazoo.com", "https://dash.repazoo.com/"},
		{live, "https://dash.repazoo.com", "", "https://dash.repazoo.com/"},
		{live, "https://dash.repazoo.com/a?b=c", "", "https://dash.repazoo.com/a?b=c"},
		{live, "https://api.repazoo.com/x", "dash.repazoo.com", "https://api.repazoo.com/x"},
		{live, "HTTPS://dash.repazoo.com/", "", "https://dash.repazoo.com/"},
		{local, "http://localhost:5173/app", "", "http://localhost:5173/app"},
		{local, "http://127.0.0.1:3000/", "", "http://127.0.0.1:3000/"},
		{local, "/app", "localhost:5173", "http://localhost:5173/app"},
		{local, "/app", "localhost:8000", "/app"},
		{local, "/app", "dash.repazoo.com", "https://dash.repazoo.com/app"},
	} {
		if got, err := c.rules.resolve(c.to, c.domain); err != nil || got != c.expect {
			t.Errorf("%q on %q: got %q, %v; want %q", c.to, c.domain, got, err, c.expect)
		}
	}
}

// The corpus of open redirects: each has fooled some parser.
var openRedirects = []string{
	"https://evil.tld", "http://evil.tld/", "https://dash.repazoo.com.evil.tld/", "https://evil.tld/dash.repazoo.com",
	"https://dash.repazoo.com@evil.tld/", "https://user@dash.repazoo.com/", "https://dash.repazoo.com:pw@evil.tld/",
	"https://@dash.repazoo.com/",
	"https://evil.tld#dash.repazoo.com", "https://evil.tld?dash.repazoo.com", "https://evil.tld\\@dash.repazoo.com/",
	"https://dash.repazoo.com\\.evil.tld/",
	"https://xdash.repazoo.com/", "https://repazoo.com/", "https://x.dash.repazoo.com/", "https://dash.repazoo.com./",
	"https://dash.repazoo.com:8443/", "https://dash.repazoo.com:443/",
	"http://dash.repazoo.com/", "ftp://dash.repazoo.com/", "ws://dash.repazoo.com/", "javascript:alert(1)",
	"JaVaScRiPt://dash.repazoo.com/%0aalert(1)", "data:text/html,x", "vbscript:x", "blob:https://dash.repazoo.com/x",
	"view-source:https://dash.repazoo.com",
	"//evil.tld", "///evil.tld", "////evil.tld", "/\\evil.tld", "\\\\evil.tld", "\\/evil.tld", "/\\/evil.tld",
	"//dash.repazoo.com/", "https:evil.tld", "https:/evil.tld", "https:///evil.tld", "https:dash.repazoo.com",
	"http:/\\evil.tld",
	"/a%2fb", "/a%2Fb", "/%2fevil.tld", "/%2Fevil.tld", "/%5cevil.tld", "/%5Cevil.tld", "/a/%2f/evil.tld",
	"/%252fevil.tld", "/..//evil.tld", "/.//evil.tld", "/a//evil.tld", "%2f%2fevil.tld", "/%09/evil.tld",
	"/%0d%0aLocation:%20https://evil.tld", "/%00", "/%7f", "/%zz", "/%",
	"/\t/evil.tld", "/\n/evil.tld", "\t//evil.tld", " //evil.tld", "/ /evil.tld", "java\nscript:alert(1)",
	"https://dash.repazoo.com/\r\nSet-Cookie: a=b", "/\x00", "/\x7f",
	"evil.tld", "reports", "./reports", "../reports", "?next=//evil.tld", "#x", ".", "@evil.tld", ":80", "https://",
	"https://?", "//",
	"https://dash。repazoo。com/", "https://dash.repazoo.com／.evil.tld", "https://ｄash.repazoo.com/",
	"https://dash.repazoo.com%00.evil.tld/", "https://dash.repazoo.com%2f.evil.tld/",
	"https://dash.repazoo.com%5c.evil.tld", "https://[::1]/", "https://2130706433/", "http://localhost/",
	"https://localhost/", "https://127.0.0.1:80/",
	"/" + strings.Repeat("a", 2000),
}

func TestReturn_RefusesTheOpenRedirectCorpus(t *testing.T) {
	t.Parallel()
	r := rules(t, false, "https://api.repazoo.com")
	for _, to := range openRedirects {
		got, err := r.resolve(to, "")
		f := fault.From(err)
		if f == nil || f.Code != "validation_failed" || f.Fields[0].Location != "query.redirect_to" {
			t.Errorf("%q: got %q, %v", to, got, err)
		}
	}
}

func TestReturn_RefusesDomainsThatAreNotOnTheList(t *testing.T) {
	t.Parallel()
	r := rules(t, false, "https://api.repazoo.com")
	for _, domain := range []string{
		"evil.tld", "dash.repazoo.com.evil.tld", "dash.repazoo.com/", "https://dash.repazoo.com", "user@dash.repazoo.com",
		"dash.repazoo.com:443",
		"dash.repazoo.com.", " dash.repazoo.com", "dash.repazoo.com\n", "localhost", "localhost:8000", "127.0.0.1",
		"*.repazoo.com", "*",
	} {
		_, err := r.resolve("/", domain)
		if f := fault.From(err); f == nil || f.Code != "validation_failed" || f.Fields[0].Location != "query.domain" {
			t.Errorf("%q: got %v", domain, err)
		}
	}
}

func TestReturn_LocalOpensLoopbackOnly(t *testing.T) {
	t.Parallel()
	r := rules(t, true, "http://localhost:8000")
	for _, to := range []string{
		"http://evil.tld/", "http://localhost.evil.tld/", "http://localhost:80@evil.tld/",
		"http://localhost:/", "http://127.0.0.1.evil.tld/", "http://127.0.0.2/", "http://0.0.0.0/", "ftp://localhost/",
		"http://localhost:99999999/",
	} {
		if got, err := r.resolve(to, ""); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("%q: got %q, %v", to, got, err)
		}
	}
}

// FuzzReturn reads what was accepted as a browser does, with rules of its own.
func FuzzReturn(f *testing.F) {
	for _, to := range openRedirects {
		f.Add(to, "")
	}
	f.Add("/reports?x=1", "dash.repazoo.com")
	f.Add("https://dash.repazoo.com/a", "ai.repazoo.com")
	r := rules(f, false, "https://api.repazoo.com")
	f.Fuzz(func(t *testing.T, to, domain string) {
		got, err := r.resolve(to, domain)
		if err != nil {
			if !errors.Is(err, fault.ValidationFailed) {
				t.Fatalf("got %v", err)
			}
			return
		}
		if strings.ContainsAny(got, "\\\r\n\t\x00 ") {
			t.Fatalf("%q leaves %q", to, got)
		}
		rest := got
		for _, origin := range []string{"https://api.repazoo.com", "https://dash.repazoo.com", "https://ai.repazoo.com"} {
			if after, ok := strings.CutPrefix(got, origin); ok {
				rest = after
			}
		}
		if !strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "//") {
			t.Fatalf("%q on %q leads to %q", to, domain, got)
		}
	})
}
