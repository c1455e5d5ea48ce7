package app_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/repazoo/repazoo/internal/db"
)

// This file reads like a list of attacks. Each is tried on the whole program, and refused with
// one exact answer: the status and the code of the problem.

// browser is one browser with its own cookies, which follows no redirect by itself.
type browser struct {
	t    *testing.T
	base string
	jar  http.CookieJar
}

func newBrowser(t *testing.T, base string) *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{t, base, jar}
}

// send tells the answer as "status code", such as "422 validation_failed".
func (b *browser) send(method, address, body string, header ...string) (string, *http.Response, string) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.base + address
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	c := http.Client{
		Jar:           b.jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := c.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	var problem struct{ Code string }
	_ = json.Unmarshal(text, &problem)
	return strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", problem.Code)), res, string(text)
}

func (b *browser) ask(method, address, body string, header ...string) string {
	b.t.Helper()
	answer, _, _ := b.send(method, address, body, header...)
	return answer
}

// begin starts a sign-in and lets a person agree at X: it gives the callback that X sends to.
func (b *browser) begin(handle string, header ...string) (callback string) {
	b.t.Helper()
	_, _, text := b.send("GET", "/auth/x/login", "", header...)
	var begun struct {
		URL string `json:"authorization_url"`
	}
	if err := json.Unmarshal([]byte(text), &begun); err != nil {
		b.t.Fatalf("%v in %s", err, text)
	}
	form := url.Values{"person": {handle}, "decision": {"allow"}}
	_, res, _ := b.send("POST", begun.URL, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	return res.Header.Get("Location")
}

func with(address string, set ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	q := u.Query()
	for i := 0; i < len(set); i += 2 {
		q.Set(set[i], set[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func param(address, name string) string {
	u, _ := url.Parse(address)
	return u.Query().Get(name)
}

func TestAbuse_SignIn(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	for attack, c := range map[string]struct {
		try  func(victim, attacker *browser) string
		want string
	}{
		"replay: a callback is opened twice": {func(victim, _ *browser) string {
			callback := victim.begin("gravelpit_gus")
			victim.ask("GET", callback, "")
			return victim.ask("GET", callback, "")
		}, "422 validation_failed"},
		"replay: by somebody who saw the address": {func(victim, attacker *browser) string {
			callback := victim.begin("gravelpit_gus")
			victim.ask("GET", callback, "")
			return attacker.ask("GET", callback, "")
		}, "422 validation_failed"},
		"stolen callback: opened before the victim does": {func(victim, attacker *browser) string {
			callback := victim.begin("gravelpit_gus")
			attacker.begin("ada_fernhill")
			return attacker.ask("GET", callback, "")
		}, "422 validation_failed"},
		"stolen callback: without any cookie": {func(victim, attacker *browser) string {
			return attacker.ask("GET", victim.begin("gravelpit_gus"), "")
		}, "422 validation_failed"},
		"login CSRF: the victim is sent to the attacker's callback": {func(victim, attacker *browser) string {
			victim.begin("gravelpit_gus")
			return victim.ask("GET", attacker.begin("ada_fernhill"), "")
		}, "422 validation_failed"},
		"state swap: the victim's code under the attacker's state": {func(victim, attacker *browser) string {
			stolen, own := victim.begin("gravelpit_gus"), attacker.begin("ada_fernhill")
			return attacker.ask("GET", with(own, "code", param(stolen, "code")), "")
		}, "502 x_unavailable"}, // X refuses the code: the verifier is not that of its sign-in
		"code injection: a made-up code": {func(_, attacker *browser) string {
			return attacker.ask("GET", with(attacker.begin("ada_fernhill"), "code", "made-up"), "")
		}, "502 x_unavailable"},
		"a made-up state": {func(_, attacker *browser) string {
			return attacker.ask("GET", with(attacker.begin("ada_fernhill"), "state", strings.Repeat("A", 43)), "")
		}, "422 validation_failed"},
		"no state": {func(_, attacker *browser) string {
			return attacker.ask("GET", with(attacker.begin("ada_fernhill"), "state", ""), "")
		}, "422 validation_failed"},
		"no code": {func(_, attacker *browser) string {
			return attacker.ask("GET", with(attacker.begin("ada_fernhill"), "code", ""), "")
		}, "422 validation_failed"},
		"mix-up: the answer names another provider": {func(_, attacker *browser) string {
			return attacker.ask("GET", with(attacker.begin("ada_fernhill"), "iss", "https://evil.tld"), "")
		}, "422 validation_failed"},
		"take-over: an attacker links the victim's X account": {func(victim, attacker *browser) string {
			victim.ask("GET", victim.begin("gravelpit_gus"), "")
			attacker.ask("GET", attacker.begin("ada_fernhill"), "")
			return attacker.ask("GET", attacker.begin("gravelpit_gus"), "")
		}, "409 already_linked"},
	} {
		t.Run(attack, func(t *testing.T) {
			t.Parallel()
			victim, attacker := newBrowser(t, base), newBrowser(t, base)
			if got := c.try(victim, attacker); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// The corpus is in account; these show that its rules stand in front of the route.
func TestAbuse_OpenRedirects(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, start(t, io.Discard, nil))
	for _, to := range []string{
		"https://evil.tld", "//evil.tld", "/\\evil.tld", "https:evil.tld", "javascript:alert(1)",
		"https://dash.repazoo.com.evil.tld/", "https://localhost@evil.tld/",
		"/%2fevil.tld", "/%5cevil.tld", "/%0d%0aLocation:%20https://evil.tld", "http://localhost.evil.tld/",
		"data:text/html,x",
	} {
		for _, name := range []string{"redirect_to", "domain"} {
			if got := b.ask("GET", "/auth/x/login?"+url.Values{name: {to}}.Encode(), ""); got != "422 validation_failed" {
				t.Errorf("%s=%s: %q", name, to, got)
			}
		}
	}
}

func TestAbuse_Requests(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"CORS_ORIGINS": "https://dash.repazoo.com"})
	victim := newBrowser(t, base)
	victim.ask("GET", victim.begin("gravelpit_gus"), "")
	if got := victim.ask("GET", "/api/v1/users/me", ""); got != "200" {
		t.Fatalf("the victim is not signed in by cookie: %s", got)
	}
	for _, c := range []struct {
		attack, method, path, body string
		header                     []string
		want                       string
	}{
		{"CSRF: a form of another site", "POST", "/sign-out", "", []string{"Sec-Fetch-Site", "cross-site"}, "403 forbidden"},
		{
			"CSRF: the API", "POST", "/api/v1/subscriptions", `{"tier":"pro"}`,
			[]string{"Sec-Fetch-Site", "cross-site"},
			"403 forbidden",
		},
		{
			"CSRF: an old browser, which sends Origin alone", "DELETE", "/auth/sessions", "",
			[]string{"Origin", "https://evil.tld"},
			"403 forbidden",
		},
		{
			"CSRF: a neighbour's page", "POST", "/auth/logout", "",
			[]string{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.repazoo.com"},
			"403 forbidden",
		},
		{
			"CSRF: text in place of JSON", "POST", "/api/v1/analyses", `{"consent":true}`,
			[]string{"Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain"},
			"403 forbidden",
		},
		{
			"promotion by a request", "PATCH", "/api/v1/users/me", `{"name":"gus","role":"admin"}`, nil,
			"422 validation_failed",
		},
		{"another user's id in a body", "POST", "/api/v1/analyses", `{"consent":true,"user_id":"` + db.NewID() +
			`"}`, nil, "422 validation_failed"},
		{"another user's id in a query", "GET", "/api/v1/users/me?user_id=" + db.NewID(), "", nil, "422 validation_failed"},
		{"SQL in an id", "GET", "/api/v1/analyses/" + url.PathEscape("' OR 1=1 --"), "", nil, "422 validation_failed"},
		{"SQL in a cursor", "GET", "/api/v1/analyses?cursor=" +
			url.QueryEscape("' OR 1=1 --"), "", nil, "422 validation_failed"},
		{"a path that climbs", "GET", "/assets/..%2f..%2fgo.mod", "", nil, "404 not_found"},
		{"a body without end", "PATCH", "/api/v1/users/me", `{"name":"` + strings.Repeat("a", 2<<20) +
			`"}`, nil, "413 payload_too_large"},
		{"a method that nothing takes", "PUT", "/api/v1/users/me", `{}`, nil, "405 method_not_allowed"},
	} {
		if got := victim.ask(c.method, c.path, c.body, c.header...); got != c.want {
			t.Errorf("%s: got %q, want %q", c.attack, got, c.want)
		}
	}
	if _, res, _ := victim.send("GET", "/api/v1/users/me", "", "Origin",
		"https://evil.tld"); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the page of another site may read the answer")
	}
	if got := victim.ask("PATCH", "/api/v1/users/me", `{"name":"Gus"}`, "Origin", "https://dash.repazoo.com",
		"Sec-Fetch-Site", "same-site"); got != "200" {
		t.Errorf("a page that CORS lets in was refused: %q", got)
	}
	if got := victim.ask("GET", "/api/v1/users/me", ""); got != "200" {
		t.Errorf("after it all the victim is not signed in any more: %q", got)
	}
}

// forge signs claims with any method and key, under a header of the attacker's choice.
func forge(t *testing.T, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	maps.Copy(token.Header, header)
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAbuse_Tokens(t *testing.T) {
	t.Parallel()
	const key = "the-signing-key-of-this-test-0123456789"
	base := start(t, io.Discard, map[string]string{"JWT_SECRET_KEY": key})
	gus, ada := signIn(t, base, "gravelpit_gus"), signIn(t, base, "ada_fernhill")
	parsed, _, err := jwt.NewParser().ParseUnverified(gus.access, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	claims, kid := parsed.Claims.(jwt.MapClaims), parsed.Header["kid"]
	parts, hers := strings.Split(gus.access, "."), strings.Split(ada.access, ".")
	changed := func(set jwt.MapClaims) jwt.MapClaims {
		c := maps.Clone(claims)
		maps.Copy(c, set)
		return c
	}
	signed := func(c jwt.MapClaims) string {
		return forge(t, jwt.SigningMethodHS256, []byte(key), map[string]any{"kid": kid}, c)
	}
	for attack, token := range map[string]string{
		"alg none": forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType,
			map[string]any{"kid": kid}, claims),
		"the signature cut off":      parts[0] + "." + parts[1] + ".",
		"another's claims, own seal": hers[0] + "." + parts[1] + "." + hers[2],
		"a guessed key": forge(t, jwt.SigningMethodHS256, []byte("secret"), map[string]any{"kid": kid},
			claims),
		"the issuer as the key": forge(t, jwt.SigningMethodHS256, []byte(base), map[string]any{"kid": kid}, claims),
		"a stronger method":     forge(t, jwt.SigningMethodHS512, []byte(key), map[string]any{"kid": kid}, claims),
		"a key brought along": forge(t, jwt.SigningMethodHS256, []byte("mine"),
			map[string]any{"kid": kid, "jwk": map[string]string{
				"kty": "oct",
				"k":   base64.RawURLEncoding.EncodeToString([]byte("mine")),
			}}, claims),
		"a kid that is a path": forge(t, jwt.SigningMethodHS256, []byte(""),
			map[string]any{"kid": "../../dev/null"}, claims),
		"a refresh token":               gus.refresh,
		"the service role":              signed(changed(jwt.MapClaims{"role": "service_role"})),
		"the token of another service":  signed(changed(jwt.MapClaims{"iss": "https://other.tld"})),
		"a token for another audience":  signed(changed(jwt.MapClaims{"aud": "anon"})),
		"a token for another use":       signed(changed(jwt.MapClaims{"token_use": "refresh"})),
		"two tokens":                    gus.access + " " + ada.access,
		"a token in another upper case": strings.ToUpper(gus.access),
	} {
		thief := &person{t: t, base: base, access: token}
		status, h, body := thief.call("GET", "/api/v1/users/me", "")
		if status != http.StatusUnauthorized || h.Get("WWW-Authenticate") == "" ||
			!strings.Contains(body, `"code":"unauthenticated"`) {
			t.Errorf("%s: %d %s", attack, status, body)
		}
	}
	for attack, c := range map[string]struct {
		token, want string
	}{
		"another's session in own claims": {
			signed(changed(jwt.MapClaims{"sid": sidOf(t, ada.access)})),
			`"code":"session_revoked"`,
		},
		"an expired token": {signed(changed(jwt.MapClaims{"exp": 1})), `"code":"token_expired"`},
	} {
		thief := &person{t: t, base: base, access: c.token}
		if status, _, body := thief.call("GET", "/api/v1/users/me", ""); status != http.StatusUnauthorized ||
			!strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", attack, status, body)
		}
	}
	promoted := &person{t: t, base: base, access: signed(changed(jwt.MapClaims{"app_role": "admin"}))}
	if me := promoted.must(http.StatusOK, "GET", "/api/v1/users/me", ""); !strings.Contains(me, `"role":"user"`) {
		t.Errorf("the role was taken from the token: %s", me)
	}
}

func sidOf(t *testing.T, token string) string {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Claims.(jwt.MapClaims)["sid"].(string)
}

func TestAbuse_RefreshTokens(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t, start(t, io.Discard, env))
			gus := signIn(t, b.base, "gravelpit_gus")
			refresh := func(token string) (string, string) {
				answer, _, text := b.send("POST", "/auth/token/refresh", `{"refresh_token":"`+token+`"}`)
				var next struct {
					Refresh string `json:"refresh_token"`
				}
				_ = json.Unmarshal([]byte(text), &next)
				return answer, next.Refresh
			}
			if got, _ := refresh(gus.access); got != "401 unauthenticated" {
				t.Errorf("an access token as a refresh token: %q", got)
			}
			got, next := refresh(gus.refresh)
			if got != "200" {
				t.Fatalf("got %q", got)
			}
			if got, again := refresh(gus.refresh); got != "200" || again != next {
				t.Errorf("within the grace the same token gets another answer: %q", got)
			}
			if got := b.ask("POST", "/sandbox/clock", `{"advance":"11s"}`); got != "200" {
				t.Fatalf("got %q", got)
			}
			if got, again := refresh(gus.refresh); got != "200" || again != next {
				t.Errorf("a lost answer is not given again while its token is unused: %q", got)
			}
			got, third := refresh(next)
			if got != "200" {
				t.Fatalf("got %q", got)
			}
			if got, _ := refresh(gus.refresh); got != "401 token_reused" {
				t.Errorf("a stolen token whose successor was used: %q", got)
			}
			if got, _ := refresh(third); got != "401 session_revoked" {
				t.Errorf("the newest one, which the thief or the owner holds: %q", got)
			}
			if got := b.ask("GET", "/api/v1/users/me", "", "Authorization", "Bearer "+gus.access); got != "401 session_revoked" {
				t.Errorf("the access token of the ended session: %q", got)
			}
		})
	}
}

// What exists and what does not answer to the letter alike, so that nobody learns which is which.
func TestAbuse_AnswersTellNothingOfWhatExists(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := start(t, io.Discard, env)
			gus, ada := signIn(t, base, "gravelpit_gus"), signIn(t, base, "ada_fernhill")
			victim, stranger := newBrowser(t, base), newBrowser(t, base)
			pending, spent := victim.begin("gravelpit_gus"), victim.begin("gravelpit_gus")
			victim.ask("GET", spent, "")
			token := func(s string) func() string {
				return func() string { return stranger.text("POST", "/auth/token/refresh", `{"refresh_token":"`+s+`"}`) }
			}
			end := func(id string) func() string {
				return func() string {
					return stranger.text("DELETE", "/auth/sessions/"+id, "", "Authorization", "Bearer "+ada.access)
				}
			}
			open := func(callback string) func() string {
				return func() string { return stranger.text("GET", callback, "") }
			}
			for what, answers := range map[string]map[string]func() string{
				"sign-in": {
					"unknown state": open(with(pending, "state", strings.Repeat("A", 43))), "spent state": open(spent),
					"state of another browser": open(pending), "no state at all": open(with(pending, "state", "x")),
				},
				"refresh": {
					"unknown token": token("rzr_" + strings.Repeat("A", 43)), "another shape": token("x"),
					"its hash":     token(strings.Repeat("a", 64)),
					"another case": token(strings.ToUpper(gus.refresh)), "cut": token(gus.refresh[:20]),
				},
				"sessions": {"another user's": end(sidOf(t, gus.access)), "unknown": end(db.NewID())},
			} {
				first, told := "", ""
				for which, answer := range answers {
					if got := answer(); first == "" {
						first, told = which, got
					} else if got != told {
						t.Errorf("%s: %s answers\n%s\n%s answers\n%s", what, first, told, which, got)
					}
				}
			}
			gus.must(http.StatusOK, "GET", "/api/v1/users/me", "")
		})
	}
}

// text is the whole answer, but for what differs from request to request.
func (b *browser) text(method, address, body string, header ...string) string {
	b.t.Helper()
	answer, res, text := b.send(method, address, body, header...)
	text = withoutRequest(text)
	if i := strings.Index(text, `"instance":"`); i >= 0 { // the path that was asked for
		_, after, _ := strings.Cut(text[i+len(`"instance":"`):], `"`)
		text = text[:i] + after
	}
	return fmt.Sprint(answer, text, res.Header.Values("Set-Cookie"), res.Header.Get("WWW-Authenticate"))
}
