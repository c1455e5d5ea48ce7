package browser

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

const gus = "gravelpit_gus" // of the stand-in of X: some four hundred posts, a tenth of them rough

// start runs a whole Repazoo until the test ends and returns the address browsers see.
func start(t *testing.T, env map[string]string) string {
	t.Helper()
	return run(t, env).URL()
}

func run(t *testing.T, env map[string]string) *app.App {
	t.Helper()
	return apptest.Run(t, io.Discard, env, app.Options{})
}

// program is what calls the API beside the browser.
type program struct {
	t           *testing.T
	base, token string
}

// call sends a body (JSON, or a form to the stand-in of Stripe) and returns the answer.
func (p program) call(method, path, body string) (status int, answer string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (p program) must(status int, method, path, body string) string {
	p.t.Helper()
	got, answer := p.call(method, path, body)
	if got != status {
		p.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, answer)
	}
	return answer
}

// stripe is whoever has Stripe's secret key, at the stand-in.
func stripe(t *testing.T, base string) program {
	return program{t, base + "/stripe", stripesandbox.APIKey}
}

// code makes a promotion code of a coupon.
func code(t *testing.T, base, code, coupon string) {
	t.Helper()
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(stripe(t, base).must(http.StatusOK, "POST", "/v1/coupons", coupon)),
		&made); err != nil {
		t.Fatal(err)
	}
	form := "promotion[type]=coupon&code=" + code + "&promotion[coupon]=" + made.ID
	stripe(t, base).must(http.StatusOK, "POST", "/v1/promotion_codes", form)
}

// signInByAPI signs gus in as a program would, and returns the access token.
func signInByAPI(t *testing.T, base string) string {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ask := func(method, address string, form url.Values, answer any) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if answer == nil {
			return res
		}
		if err := json.NewDecoder(res.Body).Decode(answer); err != nil {
			t.Fatal(err)
		}
		return res
	}
	var begun struct {
		URL string `json:"authorization_url"`
	}
	ask("GET", base+"/auth/x/login", nil, &begun)
	consent := ask("POST", begun.URL, url.Values{"person": {gus}, "decision": {"allow"}}, nil)
	var in struct {
		Token string `json:"access_token"`
	}
	ask("GET", consent.Header.Get("Location"), nil, &in)
	return in.Token
}
