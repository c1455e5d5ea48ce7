package app_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
)

// tabs is one browser: it shares its cookies and follows nothing.
func tabs() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// begun is the callback that X sends a browser to after it began a sign-in and somebody agreed.
func begun(t *testing.T, base string, browser *http.Client, handle string) string {
	t.Helper()
	p := &person{t: t, base: base}
	var login struct {
		URL string `json:"authorization_url"`
	}
	p.decode(p.fetch(browser, "GET", base+"/auth/x/login", nil), &login)
	consent := p.fetch(browser, "POST", login.URL, url.Values{"person": {handle}, "decision": {"allow"}})
	return consent.Header.Get("Location")
}

// navigate opens an address as a person does.
func navigate(t *testing.T, browser *http.Client, address string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	res, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res
}

func TestCallback_TwoTabsSignInSideBySideAndOneAskedAgainIsLedOn(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"WORKERS": "0"})
	browser := tabs()
	first, second := begun(t, base, browser, "ada_fernhill"), begun(t, base, browser, "ada_fernhill")
	for _, back := range []string{first, second} {
		if res := navigate(t, browser, back); res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/" {
			t.Fatalf("a tab was answered %d, to %s", res.StatusCode, res.Header.Get("Location"))
		}
	}
	if res := navigate(t, browser, first); res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/" {
		t.Errorf("a callback that succeeded, asked again: %d, to %s", res.StatusCode, res.Header.Get("Location"))
	}
	if res := navigate(t, tabs(), first); res.Header.Get("Location") != "/?error=validation_failed" {
		t.Errorf("another browser with it: %d, to %s", res.StatusCode, res.Header.Get("Location"))
	}
}

// What X may add to its answer is ignored (RFC 6749), but for the issuer, which must be X (RFC 9207).
func TestCallback_IgnoresWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"WORKERS": "0"})
	for query, want := range map[string]string{
		"&session_state=x&scope=y&iss=" + url.QueryEscape(base): "/",
		"&colour=green":                   "/",
		"&iss=https%3A%2F%2Fevil.example": "/?error=validation_failed",
	} {
		browser := tabs()
		if res := navigate(t, browser, begun(t, base, browser,
			"ada_fernhill")+query); res.StatusCode != http.StatusFound || res.Header.Get("Location") != want {
			t.Errorf("%s: %d, to %s, want %s", query, res.StatusCode, res.Header.Get("Location"), want)
		}
	}
	if res := navigate(t, tabs(), base+"/auth/x/login?colour=green"); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("elsewhere a parameter that is not known: %d", res.StatusCode)
	}
}
