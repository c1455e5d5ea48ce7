package x_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/x"
)

const (
	callback = "http://127.0.0.1:8000/cb"
	verifier = "a-verifier-of-at-least-forty-three-characters"
	posts    = "/x/2/users/2410000000000000011/tweets" // Ada's
)

// app is a raw caller: it sends what the test says, right or wrong.
type app struct {
	*sandbox.Sandbox
	t *testing.T
	h http.Handler
}

func newApp(t *testing.T, cfg x.Config) app {
	sb := sandbox.New(sandbox.Config{X: cfg})
	return app{sb, t, sb.Handler()}
}

func (a app) send(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	a.h.ServeHTTP(rec, r)
	return rec
}

func authorizeQuery(change ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {x.ClientID}, "redirect_uri": {callback}, "state": {"s"},
		"scope":          {"tweet.read users.read offline.access"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	return q
}

var basic = []string{"Authorization", "Basic " +
	base64.StdEncoding.EncodeToString([]byte(x.ClientID+":"+x.ClientSecret))}

func (a app) code(person string) string {
	a.t.Helper()
	rec := a.send("POST", "/x/i/oauth2/authorize?"+authorizeQuery().Encode(), "decision=allow&person="+person)
	to, err := url.Parse(rec.Header().Get("Location"))
	if rec.Code != http.StatusSeeOther || err != nil {
		a.t.Fatalf("consent answered %d", rec.Code)
	}
	return to.Query().Get("code")
}

func (a app) tokenCall(form url.Values, header ...string) (int, map[string]any) {
	rec := a.send("POST", "/x/2/oauth2/token", form.Encode(), header...)
	var out map[string]any
	json.Unmarshal(rec.Body.Bytes(), &out)
	return rec.Code, out
}

// bearer signs Ada in.
func (a app) bearer() []string {
	a.t.Helper()
	status, out := a.tokenCall(exchange(a.code("ada_fernhill")), basic...)
	if status != 200 {
		a.t.Fatalf("exchange answered %d %v", status, out)
	}
	return []string{"Authorization", "Bearer " + out["access_token"].(string)}
}

func exchange(code string, change ...string) url.Values {
	f := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
		"code_verifier": {verifier},
	}
	for i := 0; i < len(change); i += 2 {
		f.Set(change[i], change[i+1])
	}
	return f
}

func TestX_ConsentPageShowsPeopleAndScopesInWords(t *testing.T) {
	t.Parallel()
	a := newApp(t, x.Config{})
	rec := a.send("GET", "/x/i/oauth2/authorize?"+authorizeQuery().Encode(), "")
	page := rec.Body.String()
	want := []string{
		"Sandbox: not the real X", "Stay connected until you revoke it", "Repazoo would like",
		"127.0.0.1:8000",
	}
	for _, p := range a.X().People() {
		want = append(want, p.Name, `value="`+p.Handle+`"`)
	}
	for _, w := range want {
		if !strings.Contains(page, w) {
			t.Errorf("the page lacks %q", w)
		}
	}
	if rec.Code != 200 || strings.Contains(page, "<script") || strings.Contains(page, "delete posts") {
		t.Fatalf("status %d, or a script, or a scope that was not asked for", rec.Code)
	}
}

func TestX_ConsentRefusesOnAPageAndNeverRedirects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query url.Values
		form  string
		says  string
	}{
		"unknown app":             {authorizeQuery("client_id", "other"), "", "client_id"},
		"foreign redirect":        {authorizeQuery("redirect_uri", "https://evil.example/cb"), "", "redirect_uri"},
		"loopback look-alike":     {authorizeQuery("redirect_uri", "http://127.0.0.1.evil.example/cb"), "", "redirect_uri"},
		"userinfo in redirect":    {authorizeQuery("redirect_uri", "http://127.0.0.1@evil.example/cb"), "", "redirect_uri"},
		"loopback with https":     {authorizeQuery("redirect_uri", "https://127.0.0.1/cb"), "", "redirect_uri"},
		"another response type":   {authorizeQuery("response_type", "token"), "", "response_type"},
		"no state":                {authorizeQuery("state", ""), "", "state"},
		"state too long":          {authorizeQuery("state", strings.Repeat("é", 501)), "", "state"},
		"plain challenge":         {authorizeQuery("code_challenge_method", "plain"), "", "S256"},
		"challenge of wrong size": {authorizeQuery("code_challenge", "abc"), "", "code_challenge"},
		"unknown scope":           {authorizeQuery("scope", "tweet.read everything"), "", "scope"},
		"no scope":                {authorizeQuery("scope", ""), "", "scope"},
		"unknown parameter":       {authorizeQuery("prompt", "none"), "", "prompt"},
		"unknown person":          {authorizeQuery(), "decision=allow&person=nobody", "person"},
		"no person":               {authorizeQuery(), "decision=allow", "person"},
		"unknown decision":        {authorizeQuery(), "decision=maybe&person=ada_fernhill", "decision"},
		"two people":              {authorizeQuery(), "decision=allow&person=ada_fernhill&person=fresh_finn", "person"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, x.Config{})
			method := "GET"
			if c.form != "" {
				method = "POST"
			}
			rec := a.send(method, "/x/i/oauth2/authorize?"+c.query.Encode(), c.form)
			if rec.Code != 400 || rec.Header().Get("Location") != "" || !strings.Contains(rec.Body.String(), "<p>") ||
				!strings.Contains(rec.Body.String(), c.says) {
				t.Fatalf("status %d, location %q", rec.Code, rec.Header().Get("Location"))
			}
			if len(a.X().Refusals()) != 1 {
				t.Fatalf("recorded %v", a.X().Refusals())
			}
		})
	}
}

func TestX_ConsentTakesNoFormFromAnotherSite(t *testing.T) {
	t.Parallel()
	a := newApp(t, x.Config{})
	rec := a.send("POST", "/x/i/oauth2/authorize?"+authorizeQuery().Encode(), "decision=allow&person=ada_fernhill",
		"Sec-Fetch-Site", "cross-site")
	if rec.Code != http.StatusForbidden {
		t.Fatalf("status %d", rec.Code)
	}
}

func TestX_RedirectRules(t *testing.T) {
	t.Parallel()
	registered := []string{"https://dash.example/cb", "http://localhost:8000/cb"}
	for _, c := range []struct {
		uri   string
		known []string
		exact bool
		want  int
	}{
		{"http://127.0.0.1:1/anything", nil, false, 200},
		{"http://[::1]:9/x", nil, false, 200},
		{"http://127.0.0.1:1/anything", nil, true, 400},
		{"https://dash.example/cb", registered, false, 200},
		{"https://dash.example/cb/", registered, false, 400},
		{"https://dash.example/cb?x=1", registered, false, 400},
		{"http://localhost:9/cb", registered, false, 200},
		{"http://localhost:9/other", registered, false, 400},
		{"http://localhost:9/cb", registered, true, 400},
		{"http://localhost:8000/cb", registered, true, 200},
	} {
		a := newApp(t, x.Config{ExactRedirects: c.exact, Clients: []x.Client{{ID: "c", RedirectURIs: c.known}}})
		rec := a.send("GET", "/x/i/oauth2/authorize?"+authorizeQuery("client_id", "c", "redirect_uri", c.uri).Encode(), "")
		if rec.Code != c.want {
			t.Errorf("%s of %v, exact %v: %d, want %d", c.uri, c.known, c.exact, rec.Code, c.want)
		}
	}
}

func TestX_TokenCallsProveTheAppAndTheForm(t *testing.T) {
	t.Parallel()
	public := x.Client{ID: "public"}
	cfg := x.Config{Clients: []x.Client{{ID: x.ClientID, Secret: x.ClientSecret}, public}}
	wrong := []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(x.ClientID+":no"))}
	publicBasic := []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("public:"))}
	for name, c := range map[string]struct {
		change []string
		header []string
		status int
		code   string
	}{
		"all right":                          {nil, basic, 200, ""},
		"no secret":                          {nil, nil, 401, "unauthorized_client"},
		"wrong secret":                       {nil, wrong, 401, "unauthorized_client"},
		"a confidential app that only names": {[]string{"client_id", x.ClientID}, nil, 401, "unauthorized_client"},
		"a public app with Basic":            {nil, publicBasic, 401, "unauthorized_client"},
		"somebody else's code":               {[]string{"client_id", "public"}, nil, 400, "invalid_grant"},
		"unknown code":                       {[]string{"code", "x"}, basic, 400, "invalid_grant"},
		"wrong verifier":                     {[]string{"code_verifier", verifier + "x"}, basic, 400, "invalid_grant"},
		"verifier too short":                 {[]string{"code_verifier", "short"}, basic, 400, "invalid_grant"},
		"another redirect":                   {[]string{"redirect_uri", callback + "/"}, basic, 400, "invalid_grant"},
		"unknown grant":                      {[]string{"grant_type", "password"}, basic, 400, "unsupported_grant_type"},
		"unknown parameter":                  {[]string{"audience", "me"}, basic, 400, "invalid_request"},
		"JSON instead of a form": {
			nil, append([]string{"Content-Type", "application/json"}, basic...), 400,
			"invalid_request",
		},
		"a refresh token nobody ever received": {
			[]string{"grant_type", "refresh_token", "refresh_token", "x"},
			basic, 400,
			"invalid_request",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, cfg)
			status, out := a.tokenCall(exchange(a.code("ada_fernhill"), c.change...), c.header...)
			if got, _ := out["error"].(string); status != c.status || got != c.code {
				t.Fatalf("got %d %v", status, out)
			}
		})
	}
}

func TestX_AFailedExchangeSpendsTheCode(t *testing.T) {
	t.Parallel()
	a := newApp(t, x.Config{})
	code := a.code("ada_fernhill")
	a.tokenCall(exchange(code, "code_verifier", verifier+"x"), basic...)
	if status, _ := a.tokenCall(exchange(code), basic...); status != 400 {
		t.Fatalf("a guessed code worked afterwards: %d", status)
	}
}

func TestX_RefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ method, target string }{
		{"GET", "/x/2/users/2410000000000000011/timelines/reverse_chronological"},
		{"POST", "/x/2/users/me"},
		{"GET", "/x/1.1/statuses/home_timeline.json"},
		{"GET", "/x/2/users/me?foo=1"},
		{"GET", "/x/2/users/me?user.fields=shoe_size"},
		{"GET", posts + "?post.fields=text"},
		{"GET", posts + "?tweet.fields=text,mood"},
	} {
		a := newApp(t, x.Config{})
		rec := a.send(c.method, c.target, "", a.bearer()...)
		if rec.Code != 400 || len(a.X().Refusals()) != 1 {
			t.Errorf("%s %s: %d, recorded %v", c.method, c.target, rec.Code, a.X().Refusals())
		}
	}
}

func TestX_RefusesValuesOutOfRange(t *testing.T) {
	t.Parallel()
	a := newApp(t, x.Config{})
	token := a.bearer()
	for _, q := range []string{
		"max_results=4", "max_results=101", "max_results=x", "since_id=abc", "until_id=-1", "start_time=yesterday",
		"exclude=quotes", "pagination_token=made-up", "max_results=5&max_results=6", "%zz",
	} {
		if rec := a.send("GET", posts+"?"+q, "", token...); rec.Code != 400 {
			t.Errorf("%s: %d", q, rec.Code)
		}
	}
	if rec := a.send("GET", posts, ""); rec.Code != 401 {
		t.Errorf("without a token: %d", rec.Code)
	}
}

func TestX_PageTokensBelongToTheirQuery(t *testing.T) {
	t.Parallel()
	a := newApp(t, x.Config{})
	token := a.bearer()
	next := func(target string) string {
		var out struct{ Meta map[string]any }
		json.Unmarshal(a.send("GET", target, "", token...).Body.Bytes(), &out)
		s, _ := out.Meta["next_token"].(string)
		return s
	}
	tok := next(posts + "?max_results=5&exclude=replies")
	if rec := a.send("GET", posts+"?max_results=50&exclude=replies&pagination_token="+tok, "", token...); rec.Code != 200 {
		t.Fatalf("the same query with another size: %d", rec.Code)
	}
	for _, other := range []string{
		posts + "?max_results=5", "/x/2/users/2410000000000000022/tweets?exclude=replies",
		posts + "?exclude=replies&tweet.fields=lang",
	} {
		sep := "&"
		if !strings.Contains(other, "?") {
			sep = "?"
		}
		if rec := a.send("GET", other+sep+"pagination_token="+tok, "", token...); rec.Code != 400 {
			t.Errorf("%s took the token of another query: %d", other, rec.Code)
		}
	}
}

func TestX_ShowsFieldsOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	a := newApp(t, x.Config{})
	token := a.bearer()
	keys := func(target string) []string {
		var out struct{ Data json.RawMessage }
		json.Unmarshal(a.send("GET", target, "", token...).Body.Bytes(), &out)
		one := map[string]any{}
		if many := []map[string]any{}; json.Unmarshal(out.Data, &many) == nil {
			one = many[0]
		} else {
			json.Unmarshal(out.Data, &one)
		}
		var names []string
		for k := range one {
			names = append(names, k)
		}
		slices.Sort(names)
		return names
	}
	for target, want := range map[string]string{
		"/x/2/users/me":                      "id name username",
		"/x/2/users/me?user.fields=verified": "id name username verified",
		"/x/2/users/me?user.fields=location,url,entities,description": "description id name username", // Ada has no more
		posts:                                   "edit_history_tweet_ids id text",
		posts + "?tweet.fields=created_at,lang": "created_at edit_history_tweet_ids id lang text",
	} {
		if got := strings.Join(keys(target), " "); got != want {
			t.Errorf("%s shows %q", target, got)
		}
	}
	withMedia := a.send("GET", posts+"?max_results=100&expansions=attachments.media_keys&media.fields=alt_text", "",
		token...).Body.String()
	if plain := a.send("GET", posts+"?max_results=100", "", token...).Body.String(); strings.Contains(plain,
		"alt_text") || !strings.Contains(withMedia, `"alt_text"`) {
		t.Error("descriptions of pictures are not shown where they are asked for, and only there")
	}
	if rec := a.send("GET", "/x/2/users/me?user.fields=confirmed_email", "", token...); rec.Code != 403 {
		t.Errorf("an e-mail address without its scope: %d", rec.Code)
	}
}

func TestX_DrawsAvatarsAndLinksThem(t *testing.T) {
	t.Parallel()
	a := newApp(t, x.Config{})
	var out struct {
		Data struct {
			Avatar string `json:"profile_image_url"`
		}
	}
	json.Unmarshal(a.send("GET", "/x/2/users/me?user.fields=profile_image_url", "", a.bearer()...).Body.Bytes(), &out)
	rec := a.send("GET", out.Data.Avatar, "")
	if rec.Code != 200 || rec.Header().Get("Content-Type") != "image/svg+xml" ||
		!strings.Contains(rec.Body.String(), ">AF<") {
		t.Fatalf("%s: %d", out.Data.Avatar, rec.Code)
	}
}

func TestPeople_AreTheSameEveryTimeAndAsTheySay(t *testing.T) {
	t.Parallel()
	a, b := newApp(t, x.Config{}), newApp(t, x.Config{})
	b.Advance(100 * time.Hour)
	counts := map[string]int{
		"ada_fernhill": 120, "gravelpit_gus": 400, "wandering_mira": 240, "daily_dorian": 3500,
		"fresh_finn": 6, "prompt_petra": 60,
	}
	slot := regexp.MustCompile(`[{}]`)
	for _, p := range a.X().People() {
		posts := a.X().Posts(p.Handle)
		if len(posts) != counts[p.Handle] || !reflect.DeepEqual(posts, b.X().Posts(p.Handle)) {
			t.Errorf("%s: %d posts, or other ones the second time", p.Handle, len(posts))
		}
		ids := map[string]bool{}
		for i, post := range posts {
			ids[post.ID] = true
			if post.At.After(time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)) || post.At.Before(p.CreatedAt) || i > 0 &&
				post.At.After(posts[i-1].At) {
				t.Fatalf("%s: post %d is of %v", p.Handle, i, post.At)
			}
			if slot.MatchString(post.Text) && !strings.Contains(post.Text, "findings") {
				t.Fatalf("an open slot in %q", post.Text)
			}
		}
		if len(ids) != len(posts) {
			t.Errorf("%s: ids repeat", p.Handle)
		}
	}
}

func TestX_ATokenEndsWhenTheClockPassesItsLife(t *testing.T) {
	t.Parallel()
	a := newApp(t, x.Config{})
	token := a.bearer()
	for _, c := range []struct {
		advance string
		want    int
	}{{"1h59m", 200}, {"2m", 401}} {
		a.send("POST", "/sandbox/clock", `{"advance":"`+c.advance+`"}`)
		if rec := a.send("GET", "/x/2/users/me", "", token...); rec.Code != c.want {
			t.Errorf("after another %s: %d, want %d", c.advance, rec.Code, c.want)
		}
	}
}
