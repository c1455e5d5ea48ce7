package account

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

const (
	testIssuer = "https://api.repazoo.com"
	testKey    = "the signing key of these tests, 32 bytes or more"
	testUser   = "0198c0de-0000-7000-8000-000000000001"
	testSess   = "0198c0de-0000-7000-8000-000000000002"
)

var testNow = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// verifier is a Service that can verify and nothing else.
func verifier(t testing.TB, keys ...string) *Service {
	t.Helper()
	set, err := newKeySet(testIssuer, false, keys)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return testNow }
	verified, err := newVerified(now)
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{parser: newParser(testIssuer, now), verified: verified, now: now}
	s.keys.Store(&set)
	return s
}

func good() jwt.MapClaims {
	return jwt.MapClaims{
		"iss": testIssuer, "aud": "authenticated", "sub": testUser, "role": "authenticated", "sid": testSess,
		"jti": db.NewID(),
		"iat": testNow.Unix(), "exp": testNow.Add(time.Minute).Unix(), "token_use": "access", "app_role": "user",
	}
}

func signed(t testing.TB, method jwt.SigningMethod, kid any, key any, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	if kid != nil {
		token.Header["kid"] = kid
	}
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func with(change jwt.MapClaims) jwt.MapClaims {
	c := good()
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func TestVerify_AcceptsWhatItSigns(t *testing.T) {
	t.Parallel()
	s := verifier(t, testKey)
	token, err := s.keys.Load().sign(testUser, testSess, "admin", testNow, testNow.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.verify(token)
	if err != nil || c.Subject != testUser || c.Session != testSess || c.AppRole != "admin" {
		t.Fatalf("got %+v, %v", c, err)
	}
	if _, err := s.verify(signed(t, jwt.SigningMethodHS256, kidOf(testKey), []byte(testKey), good())); err != nil {
		t.Fatalf("the claims the refusals start from are not good: %v", err)
	}
	if _, err := s.verify(headed(s, map[string]any{"alg": "HS256", "kid": kidOf(testKey), "typ": "JWT"})); err != nil {
		t.Fatalf("the header the refusals start from is not good: %v", err)
	}
}

// Supabase's services read these claims in this spelling; aud as a string, not as a list.
func TestSign_WritesSupabasesClaims(t *testing.T) {
	t.Parallel()
	token, err := verifier(t, testKey).keys.Load().sign(testUser, testSess, "user", testNow, testNow.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(body, &c); err != nil {
		t.Fatal(err)
	}
	if c["aud"] != "authenticated" || c["role"] != "authenticated" || c["sub"] != testUser || c["iss"] != testIssuer ||
		c["exp"] != float64(testNow.Add(time.Minute).Unix()) {
		t.Fatalf("got %s", body)
	}
}

func TestVerify_RefusesEveryConfusion(t *testing.T) {
	t.Parallel()
	s := verifier(t, testKey)
	kid, key := kidOf(testKey), []byte(testKey)
	hs := func(c jwt.MapClaims) string { return signed(t, jwt.SigningMethodHS256, kid, key, c) }
	valid := hs(good())
	parts := strings.Split(valid, ".")
	for name, token := range map[string]string{
		"empty":           "",
		"words":           "not a token",
		"a refresh token": refreshPrefix + newSecret(),
		"huge":            valid + strings.Repeat("A", maxBearer),
		"alg none":        signed(t, jwt.SigningMethodNone, kid, jwt.UnsafeAllowNoneSignatureType, good()),
		"alg none, kept sig": base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+kid+`"}`)) +
			"." + parts[1] + "." + parts[2],
		"HS384":                 signed(t, jwt.SigningMethodHS384, kid, key, good()),
		"HS512":                 signed(t, jwt.SigningMethodHS512, kid, key, good()),
		"no signature":          parts[0] + "." + parts[1] + ".",
		"a padded signature":    valid + "=",
		"a signature respelled": respelled(valid),
		"another key": signed(t, jwt.SigningMethodHS256, kid,
			[]byte("another signing key of more than 32 bytes"), good()),
		"an empty key":               signed(t, jwt.SigningMethodHS256, "", []byte{}, good()),
		"no kid":                     signed(t, jwt.SigningMethodHS256, nil, key, good()),
		"an unknown kid":             signed(t, jwt.SigningMethodHS256, "../../etc/passwd", key, good()),
		"a kid that is no string":    signed(t, jwt.SigningMethodHS256, 1, key, good()),
		"alg RS256, signed as HS256": headed(s, map[string]any{"alg": "RS256", "kid": kid, "typ": "JWT"}),
		"alg hs256 in lower case":    headed(s, map[string]any{"alg": "hs256", "kid": kid, "typ": "JWT"}),
		"no alg":                     headed(s, map[string]any{"kid": kid, "typ": "JWT"}),
		"a list of kids":             headed(s, map[string]any{"alg": "HS256", "kid": []string{kid}, "typ": "JWT"}),
		"a kid in upper case":        headed(s, map[string]any{"alg": "HS256", "kid": strings.ToUpper(kid), "typ": "JWT"}),
		"no typ":                     headed(s, map[string]any{"alg": "HS256", "kid": kid}),
		"another typ":                headed(s, map[string]any{"alg": "HS256", "kid": kid, "typ": "rt+jwt"}),
		"a key in the header": headed(s, map[string]any{
			"alg": "HS256", "kid": kid, "typ": "JWT",
			"jwk": map[string]string{"kty": "oct", "k": "AA"},
		}),
		"an address of keys": headed(s, map[string]any{
			"alg": "HS256", "kid": kid, "typ": "JWT",
			"jku": "https://evil.tld/keys",
		}),
		"critical rules": headed(s, map[string]any{
			"alg": "HS256", "kid": kid, "typ": "JWT",
			"crit": []string{"b64"}, "b64": false,
		}),
		"no exp":          hs(with(jwt.MapClaims{"exp": nil})),
		"exp as a string": hs(with(jwt.MapClaims{"exp": "9999999999"})),
		"no iat":          hs(with(jwt.MapClaims{"iat": nil})),
		"iat in the future": hs(with(jwt.MapClaims{
			"iat": testNow.Add(2 * time.Minute).Unix(),
			"exp": testNow.Add(time.Hour).Unix(),
		})),
		"another issuer":        hs(with(jwt.MapClaims{"iss": "https://evil.tld"})),
		"no issuer":             hs(with(jwt.MapClaims{"iss": nil})),
		"another audience":      hs(with(jwt.MapClaims{"aud": "anon"})),
		"no audience":           hs(with(jwt.MapClaims{"aud": nil})),
		"a list of audiences":   hs(with(jwt.MapClaims{"aud": []string{"authenticated", "other"}})),
		"another use":           hs(with(jwt.MapClaims{"token_use": "refresh"})),
		"no use":                hs(with(jwt.MapClaims{"token_use": nil})),
		"the role anon":         hs(with(jwt.MapClaims{"role": "anon"})),
		"the role service_role": hs(with(jwt.MapClaims{"role": "service_role"})),
		"no subject":            hs(with(jwt.MapClaims{"sub": nil})),
		"a subject with SQL":    hs(with(jwt.MapClaims{"sub": "' OR 1=1 --"})),
		"a subject as a URN":    hs(with(jwt.MapClaims{"sub": "urn:uuid:" + testUser})),
		"no session":            hs(with(jwt.MapClaims{"sid": nil})),
		"no jti":                hs(with(jwt.MapClaims{"jti": nil})),
		"a session with quotes": hs(with(jwt.MapClaims{"sid": `","role":"service_role`})),
	} {
		if _, err := s.verify(token); !errors.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// headed signs good claims with the key of s under any header.
func headed(s *Service, header map[string]any) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // literals of this file
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(header) + "." + part(good())
	mac, err := jwt.SigningMethodHS256.Sign(text, s.keys.Load().keys[0].key)
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(mac)
}

// respelled changes the bits of the last character that a careless decoder drops: the same bytes in another spelling.
func respelled(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	return token[:last] + string(alphabet[strings.IndexByte(alphabet, token[last])|1])
}

func TestVerify_TellsAnExpiredTokenApartAtTheSecond(t *testing.T) {
	t.Parallel()
	s := verifier(t, testKey)
	for exp, want := range map[time.Duration]error{
		time.Second: nil, 0: fault.TokenExpired,
		-time.Hour: fault.TokenExpired,
	} {
		token := signed(t, jwt.SigningMethodHS256, kidOf(testKey), []byte(testKey),
			with(jwt.MapClaims{"exp": testNow.Add(exp).Unix()}))
		if _, err := s.verify(token); !errors.Is(err, want) {
			t.Errorf("%v left: got %v, want %v", exp, err, want)
		}
	}
}

// A token that has expired still tells who had it, and still opens nothing; one that was not signed here tells nothing.
func TestWhose_TellsWhoHadATokenThatOpensNothingAnyMore(t *testing.T) {
	t.Parallel()
	s := verifier(t, testKey)
	s.late = newLateParser(testIssuer, s.now)
	token := func(key string, change jwt.MapClaims) string {
		return signed(t, jwt.SigningMethodHS256, kidOf(testKey), []byte(key), with(change))
	}
	ago := func(d time.Duration) jwt.MapClaims { return jwt.MapClaims{"exp": testNow.Add(-d).Unix()} }
	for name, c := range map[string]struct{ token, want string }{
		"one that is good":         {token(testKey, ago(-time.Minute)), testUser},
		"a week after its end":     {token(testKey, ago(7*24*time.Hour)), testUser},
		"long after its end":       {token(testKey, ago(sessionsKept+time.Hour)), ""},
		"of another key":           {token(strings.Repeat("k", minKey), ago(time.Hour)), ""},
		"of another server":        {token(testKey, jwt.MapClaims{"iss": "https://elsewhere.example"}), ""},
		"for something else":       {token(testKey, jwt.MapClaims{"token_use": "other"}), ""},
		"nothing":                  {"", ""},
		"more than any token says": {strings.Repeat("a", maxBearer+1), ""},
	} {
		if got := s.Whose(c.token); got != c.want {
			t.Errorf("%s tells %q, not %q", name, got, c.want)
		}
	}
	if _, err := s.verify(token(testKey, ago(time.Second))); !errors.Is(err, fault.TokenExpired) {
		t.Errorf("it opens: %v", err)
	}
}

func TestKeys_RotateWithOverlap(t *testing.T) {
	t.Parallel()
	const next = "the key that comes after it, also 32 bytes or more"
	old, both, after := verifier(t, testKey), verifier(t, next, testKey), verifier(t, next)
	oldToken, _ := old.keys.Load().sign(testUser, testSess, "user", testNow, testNow.Add(time.Minute))
	newToken, _ := both.keys.Load().sign(testUser, testSess, "user", testNow, testNow.Add(time.Minute))
	for name, c := range map[string]struct {
		s     *Service
		token string
		want  error
	}{
		"an old token while both keys are known": {both, oldToken, nil},
		"a new token while both keys are known":  {both, newToken, nil},
		"a new token before the key is known":    {old, newToken, fault.Unauthenticated},
		"a new token after":                      {after, newToken, nil},
		"an old token after":                     {after, oldToken, fault.Unauthenticated},
	} {
		if _, err := c.s.verify(c.token); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSetKeys_ATokenIsGoodAsLongAsItsKeyIsListed(t *testing.T) {
	t.Parallel()
	const next = "the key that comes after it, also 32 bytes or more"
	s := verifier(t, testKey)
	token := signed(t, jwt.SigningMethodHS256, kidOf(testKey), []byte(testKey), good())
	verifies := func(want error) {
		t.Helper()
		for range 2 { // the second time it may be remembered
			if _, err := s.verify(token); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
	}
	verifies(nil)
	for _, step := range []struct {
		keys []string
		fine bool
		want error
	}{
		{[]string{next, testKey}, true, nil},
		{[]string{next, "too short"}, false, nil},
		{nil, false, nil},
		{[]string{next}, true, fault.Unauthenticated},
		{[]string{next, testKey}, true, nil},
	} {
		if err := s.SetKeys(step.keys, false); (err == nil) != step.fine {
			t.Fatal(err)
		}
		verifies(step.want)
	}
	made, err := s.keys.Load().sign(testUser, testSess, "user", testNow, testNow.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if parsed, _, err := jwt.NewParser().ParseUnverified(made, jwt.MapClaims{}); err != nil ||
		parsed.Header["kid"] != kidOf(next) {
		t.Errorf("the first key does not sign: %v", err)
	}
}

func TestKeys_RefuseWhatIsMissingShortOrTwice(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]string{
		"none": nil, "short": {"0123456789012345678901234567890"},
		"twice": {testKey, testKey},
	} {
		_, err := newKeySet(testIssuer, false, keys)
		if err == nil || !strings.Contains(err.Error(), "JWT_SECRET_KEY") || strings.Contains(err.Error(), testKey) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// FuzzVerify proves that nothing but the very token that was signed passes.
func FuzzVerify(f *testing.F) {
	s := verifier(f, testKey)
	// the same in every worker
	valid := signed(f, jwt.SigningMethodHS256, kidOf(testKey), []byte(testKey), with(jwt.MapClaims{"jti": testSess}))
	f.Add(valid)
	f.Add(valid + "=")
	f.Add(strings.Replace(valid, ".", "..", 1))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		_, err := s.verify(token)
		if (err == nil) != (token == valid) {
			t.Fatalf("%q: got %v", token, err)
		}
	})
}

func TestVerify_RefusesARememberedTokenOnceItHasExpired(t *testing.T) {
	t.Parallel()
	s := verifier(t, testKey)
	now := testNow
	s.now = func() time.Time { return now }
	token, err := s.keys.Load().sign(testUser, testSess, "user", testNow, testNow.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.verify(token); err != nil {
		t.Fatal(err)
	}
	now = testNow.Add(time.Minute)
	if _, err := s.verify(token); !errors.Is(err, fault.TokenExpired) {
		t.Fatalf("got %v", err)
	}
}

// Supabase's own secret has no key id, and PostgREST 13 refuses a token that names one: tokens carry no kid then.
func TestPlainKey_TokensNameNoKey(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 27, 12, 0, 0, 0, time.UTC)
	secret := strings.Repeat("s", minKey)
	plain, err := newKeySet("https://api.example.org", true, []string{secret})
	if err != nil {
		t.Fatal(err)
	}
	named, err := newKeySet("https://api.example.org", false, []string{secret})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(s keySet) string {
		t.Helper()
		token, err := s.sign(db.NewID(), db.NewID(), "user", now, now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	parser := newParser("https://api.example.org", func() time.Time { return now })
	for what, c := range map[string]struct {
		token string
		keys  keySet
		kid   bool
		good  bool
	}{
		"plain":                        {sign(plain), plain, false, true},
		"signed before the key was so": {sign(named), plain, true, true},
		"named":                        {sign(named), named, true, true},
		"without a name":               {sign(plain), named, false, false},
	} {
		token, err := parser.ParseWithClaims(c.token, &claims{}, c.keys.choose)
		if (err == nil) != c.good {
			t.Errorf("%s: %v", what, err)
		}
		if _, kid := token.Header["kid"]; kid != c.kid {
			t.Errorf("%s: kid %v", what, kid)
		}
	}
}
