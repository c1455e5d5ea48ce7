package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

const gus = "gravelpit_gus" // of the stand-in of X: some four hundred posts, a tenth of them rough

// start runs a whole Repazoo until the test ends and returns the address browsers see.
func start(t testing.TB, log io.Writer, env map[string]string) string {
	t.Helper()
	return run(t, log, env).URL()
}

func run(t testing.TB, log io.Writer, env map[string]string) *app.App {
	t.Helper()
	return runAt(t, log, env, nil)
}

// runAt runs it by another clock.
func runAt(t testing.TB, log io.Writer, env map[string]string, now func() time.Time) *app.App {
	t.Helper()
	return runWith(t, log, env, app.Options{Now: now})
}

// runWith runs it with other options, but for its log.
func runWith(t testing.TB, log io.Writer, env map[string]string, opt app.Options) *app.App {
	t.Helper()
	return apptest.Run(t, log, env, opt)
}

// person is somebody who signed in with the stand-in of X.
type person struct {
	t                        testing.TB
	base                     string
	access, refresh, account string
	secrets                  []string // what no log may hold
}

func signIn(t testing.TB, base, handle string) *person {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	return signInWith(t, base, handle, jar)
}

// signInWith signs in from a browser that may have cookies.
func signInWith(t testing.TB, base, handle string, jar http.CookieJar) *person {
	t.Helper()
	c := &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	p := &person{t: t, base: base}
	login := p.fetch(c, "GET", base+"/auth/x/login", nil)
	var begun struct {
		URL   string `json:"authorization_url"`
		State string `json:"state"`
	}
	p.decode(login, &begun)
	consent := p.fetch(c, "POST", begun.URL, url.Values{"person": {handle}, "decision": {"allow"}})
	back, err := url.Parse(consent.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	var in struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Account struct {
			ID string `json:"id"`
		} `json:"account"`
	}
	p.decode(p.fetch(c, "GET", back.String(), nil), &in)
	p.access, p.refresh, p.account = in.Access, in.Refresh, in.Account.ID
	p.secrets = []string{begun.State, back.Query().Get("code"), in.Access, in.Refresh}
	return p
}

func (p *person) fetch(c *http.Client, method, address string, form url.Values) *http.Response {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := c.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { res.Body.Close() })
	return res
}

func (p *person) decode(res *http.Response, v any) {
	p.t.Helper()
	body, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		p.t.Fatalf("%v in %s", err, body)
	}
}

// call sends a request as the person and returns status, headers and body.
func (p *person) call(method, path, body string) (int, http.Header, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if p.access != "" {
		req.Header.Set("Authorization", "Bearer "+p.access)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	fits(p.t, method, path, res, answer)
	return res.StatusCode, res.Header, string(answer)
}

func (p *person) must(status int, method, path, body string) string {
	p.t.Helper()
	got, _, answer := p.call(method, path, body)
	if got != status {
		p.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, answer)
	}
	return answer
}

func (p *person) subscribe() {
	p.t.Helper()
	p.must(http.StatusCreated, "POST", "/api/v1/subscriptions", `{"tier":"basic","payment_method_id":"pm_card_visa"}`)
}

// analyse starts an analysis and follows it to its end.
func (p *person) analyse() (id, end string) { return p.analyseSome("") }

// analyseSome is analyse with more of the request's body, such as `,"max_posts":20`.
func (p *person) analyseSome(more string) (id, end string) {
	p.t.Helper()
	var a struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusAccepted, "POST", "/api/v1/analyses",
		`{"account_id":"`+p.account+`","consent":true`+more+`}`)), &a); err != nil {
		p.t.Fatal(err)
	}
	return a.ID, p.must(http.StatusOK, "GET", "/api/v1/analyses/"+a.ID+"/events", "")
}

type route struct{ method, path string }

// guarded lists the operations that the contract says need a token, and the open ones.
func contract(t *testing.T, base string) (guarded, open []route) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Security []map[string][]string `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal([]byte((&person{t: t, base: base}).must(http.StatusOK, "GET", "/openapi.json", "")),
		&doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			r := route{strings.ToUpper(method), path}
			if len(op.Security) > 0 {
				guarded = append(guarded, r)
			} else {
				open = append(open, r)
			}
		}
	}
	return guarded, open
}

func TestRoutes_AreClosedUnlessListedHere(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	guarded, open := contract(t, base)
	var public []string
	for _, r := range open {
		public = append(public, r.method+" "+r.path)
	}
	slices.Sort(public)
	want := []string{
		"GET /api/v1/plans", "GET /auth/x/callback", "GET /auth/x/login",
		"GET /healthz", "GET /healthz/db", "GET /healthz/redis", "GET /healthz/vault", "GET /info", "GET /livez",
		"GET /readyz", "POST /auth/token/refresh",
	}
	if !slices.Equal(public, want) {
		t.Errorf("public routes are\n%v\nwant\n%v", public, want)
	}
	stranger := &person{t: t, base: base}
	for _, r := range guarded {
		status, header, body := stranger.call(r.method, fill(r.path, db.NewID()), "")
		if status != http.StatusUnauthorized || header.Get("WWW-Authenticate") == "" ||
			!strings.Contains(body, `"code":"unauthenticated"`) {
			t.Errorf("%s %s answered a stranger with %d %s", r.method, r.path, status, body)
		}
	}
	if len(guarded) < 30 {
		t.Errorf("only %d guarded routes: the contract is not whole", len(guarded))
	}
}

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

func fill(path, id string) string { return placeholder.ReplaceAllString(path, id) }

func engines(t testing.TB) map[string]map[string]string {
	return map[string]map[string]string{
		"sqlite":   nil,
		"postgres": {"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t)},
	}
}

func redis(t testing.TB) string {
	t.Helper()
	address := os.Getenv("TEST_REDIS_URL")
	if address == "" {
		t.Fatal("TEST_REDIS_URL is not set: run `make test`, or set it to the address of a Redis 7")
	}
	return address
}

func session(p *person) string {
	var s struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/auth/sessions", "")), &s); err != nil {
		p.t.Fatal(err)
	}
	return s.Data[0].ID
}

func finding(p *person, analysis string) string {
	var s struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/analyses/"+analysis+"/findings", "")),
		&s); err != nil {
		p.t.Fatal(err)
	}
	return s.Data[0].ID
}

func TestReplicas_ShareOneDatabaseAndOneLimit(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t), "BILLING": "off", "RATE_LIMIT_PER_MINUTE": "30",
		"REDIS_TIMEOUT_MS": "60000", // a busy machine may keep it waiting, and then each replica would count by itself
		"JWT_SECRET_KEY":   "one-key-for-both-replicas-0123456789abcdef",
		"ENCRYPTION_KEY":   "another-key-for-both-replicas-0123456789",
	}
	first := start(t, io.Discard, env)
	env["PUBLIC_URL"], env["WORKERS"] = first, "0" // the same service to a browser; this one only answers
	second := run(t, io.Discard, env).Address()
	gus := signIn(t, first, "gravelpit_gus")
	var a struct {
		ID string `json:"id"`
	}
	elsewhere := &person{t: t, base: second, access: gus.access}
	if err := json.Unmarshal([]byte(elsewhere.must(http.StatusAccepted, "POST", "/api/v1/analyses",
		`{"account_id":"`+gus.account+`","consent":true}`)), &a); err != nil {
		t.Fatal(err)
	}
	if events := elsewhere.must(http.StatusOK, "GET", "/api/v1/analyses/"+a.ID+"/events", ""); !strings.Contains(events,
		`"status":"completed"`) {
		t.Fatalf("the run that the other replica worked was not seen to complete:\n%s", events)
	}
	passed := 0
	for i := range 60 {
		p := []*person{gus, elsewhere}[i%2]
		status, header, _ := p.call("GET", "/api/v1/usage", "")
		switch {
		case status == http.StatusOK:
			passed++
		case status != http.StatusTooManyRequests || header.Get("Retry-After") == "":
			t.Fatalf("status %d, Retry-After %q", status, header.Get("Retry-After"))
		}
	}
	if passed != 30-2 { // two calls were made before
		t.Errorf("%d calls passed over both replicas, want 28", passed)
	}
}

func TestAnalysis_WithTooFewPostsFailsWithAReasonAndCostsNothing(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	finn := signIn(t, base, "fresh_finn")
	finn.subscribe()
	id, end := finn.analyse()
	if !strings.Contains(end, `"status":"failed"`) || !strings.Contains(end, "10") {
		t.Fatalf("the run ended with\n%s", end)
	}
	if usage := finn.must(http.StatusOK, "GET", "/api/v1/usage", ""); !strings.Contains(usage, `"used":0,"reserved":0`) {
		t.Errorf("a failed run was counted: %s", usage)
	}
	if body := finn.must(http.StatusConflict, "GET", "/api/v1/analyses/"+id+"/report.json", ""); !strings.Contains(body,
		"failed") {
		t.Errorf("the refusal of the report does not say why: %s", body)
	}
}

func TestDismissal_SticksAndMovesTheScoreAtOnce(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	gus := signIn(t, base, "gravelpit_gus")
	gus.subscribe()
	id, _ := gus.analyse()
	before := scoreOf(gus, id)
	gus.must(http.StatusOK, "PATCH", "/api/v1/findings/"+finding(gus, id),
		`{"dismissed":true,"why":"a joke among friends"}`)
	after := scoreOf(gus, id)
	if after >= before {
		t.Errorf("the score went from %v to %v though its heaviest finding was dismissed", before, after)
	}
	again, _ := gus.analyse()
	if next := scoreOf(gus, again); next != after {
		t.Errorf("the next run forgot the dismissal: score %v, want %v", next, after)
	}
}

func scoreOf(p *person, id string) float64 {
	p.t.Helper()
	var s struct {
		Score float64 `json:"score"`
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/analyses/"+id+"/score", "")), &s); err != nil {
		p.t.Fatal(err)
	}
	return s.Score
}

// syncBuffer is a log that many goroutines write.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestLog_HoldsNoSecretAndNoPost(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	base := start(t, &log, nil)
	mira := signIn(t, base, "wandering_mira") // her posts hold addresses and numbers
	mira.subscribe()
	id, _ := mira.analyse()
	var report struct {
		Findings []struct {
			Quote string `json:"quote"`
		} `json:"findings"`
	}
	if err := json.Unmarshal([]byte(mira.must(http.StatusOK, "GET", "/api/v1/analyses/"+id+"/report.json", "")),
		&report); err != nil || len(report.Findings) == 0 {
		t.Fatal(err, "no findings")
	}
	mira.must(http.StatusUnprocessableEntity, "GET", "/auth/x/callback?state="+mira.secrets[0]+"&code="+mira.secrets[1],
		"")
	forbidden := mira.secrets
	for _, f := range report.Findings {
		forbidden = append(forbidden, f.Quote)
	}
	text := log.String()
	if !strings.Contains(text, `"route":"POST /api/v1/analyses"`) {
		t.Fatal("the log is empty")
	}
	for i, s := range forbidden {
		if len(s) > 5 && strings.Contains(text, s) {
			t.Errorf("the log holds secret or post number %d", i)
		}
	}
}

func TestStart_RefusesASecondProcessOnTheSameData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, io.Discard, map[string]string{"DATA_DIR": dir})
	cfg, err := config.Load(t.Context(), config.Map(map[string]string{"PORT": "0", "DATA_DIR": dir}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.New(t.Context(), cfg, app.Options{}); err == nil ||
		!strings.Contains(err.Error(), "another Repazoo is using the data directory") {
		t.Fatalf("got %v", err)
	}
}
