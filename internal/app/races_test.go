package app_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/sandbox"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
)

// What must not race is raced here over three processes on one PostgreSQL and one Redis, while others keep them busy.
// More rounds, and their figures:
//
//	go run ./tools/testenv -- go test ./internal/app -run TestRaces -v -args -rounds 100
var rounds = flag.Int("rounds", 3, "how often each race of TestRaces is run")

const racers = 48 // in each race, a third of them at each process

// fleet is three processes, and a person who is signed in to them.
type fleet struct {
	t    *testing.T
	urls []string
	sb   *sandbox.Sandbox // the X of all three, whose clock is everybody's
	gus  *person
}

func newFleet(t *testing.T, env map[string]string) *fleet {
	t.Helper()
	f := &fleet{t: t, sb: sandbox.New(sandbox.Config{})}
	x := httptest.NewServer(f.sb.Handler())
	t.Cleanup(x.Close)
	vars := map[string]string{
		"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t), "REDIS_TIMEOUT_MS": "60000", "BILLING": "off",
		"WORKERS":               "0",
		"RATE_LIMIT_PER_MINUTE": "1000000", "RATE_LIMIT_PER_HOUR": "1000000",
		"TWITTER_CLIENT_ID": xsandbox.ClientID, "TWITTER_CLIENT_SECRET": xsandbox.ClientSecret, "X_API_URL": x.URL +
			"/x", "X_AUTHORIZE_URL": x.URL + "/x/i/oauth2/authorize",
		"JWT_SECRET_KEY": "one-key-for-all-replicas-0123456789abcdef",
		"ENCRYPTION_KEY": "another-key-for-all-replicas-0123456789",
	}
	maps.Copy(vars, env)
	for range 3 {
		one := runAt(t, io.Discard, vars, f.sb.Now)
		f.urls = append(f.urls, one.Address())
		vars["PUBLIC_URL"] = one.URL() // one service to a browser
	}
	f.urls[0] = vars["PUBLIC_URL"]
	f.gus = signIn(t, f.urls[0], gus)
	return f
}

// at is the person as a client of the i-th process.
func (f *fleet) at(i int) *person {
	p := *f.gus
	p.base = f.urls[i%len(f.urls)]
	return &p
}

// race sends the same request from everybody at once and counts the statuses and the different answers of those that
// won.
func (f *fleet) race(ask func(i int) (status int, answer string)) (statuses map[int]int, won map[string]int) {
	statuses, won = map[int]int{}, map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	ready := make(chan struct{})
	for i := range racers {
		wg.Go(func() {
			<-ready
			status, answer := ask(i)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
			if status < http.StatusMultipleChoices {
				won[answer]++
			}
		})
	}
	close(ready)
	wg.Wait()
	return statuses, won
}

func (f *fleet) send(method, path, body string) func(i int) (int, string) {
	return func(i int) (int, string) {
		status, _, answer := f.at(i).call(method, path, body)
		return status, answer
	}
}

// busy keeps every process answering somebody else until it is told to stop, and then tells how often they did.
func (f *fleet) busy() (stop func() int64) {
	ada := signIn(f.t, f.urls[0], "ada_fernhill")
	ctx, cancel := context.WithCancel(f.t.Context())
	var answered atomic.Int64
	var wg sync.WaitGroup
	for i := range 2 * len(f.urls) {
		p := *ada
		p.base = f.urls[i%len(f.urls)]
		wg.Go(func() {
			for ctx.Err() == nil {
				if status, _, answer := p.call("GET", "/api/v1/users/me", ""); status != http.StatusOK {
					f.t.Errorf("somebody else got %d: %s", status, answer)
					return
				}
				answered.Add(1)
			}
		})
	}
	return func() int64 {
		cancel()
		wg.Wait()
		return answered.Load()
	}
}

func TestRaces_OverThreeProcessesUnderLoadHaveOneWinner(t *testing.T) {
	t.Parallel()
	f := newFleet(t, map[string]string{"PRO_TIER_MONTHLY_QUOTA": "7"})
	for _, race := range []struct {
		name string
		run  func() string // what went wrong; "" for nothing
	}{
		{"one state at the callback signs in once", f.raceCallback},
		{"one refresh token gives one pair of tokens", f.raceRefresh},
		{"X is asked once for a new token", f.raceX},
		{"a quota of 7 gives 7 analyses", f.raceQuota},
		{"one idempotency key starts one analysis", f.raceIdempotency},
		{"an API key is rotated once", f.raceRotation},
	} {
		f.gus = signIn(t, f.urls[0], gus)
		stop, began := f.busy(), time.Now()
		for range *rounds {
			f.sb.Advance(13 * time.Second) // X takes 75 sign-ins of a person in a quarter of an hour
			if wrong := race.run(); wrong != "" {
				t.Errorf("%s: %s", race.name, wrong)
				break
			}
		}
		t.Logf("%s: %d rounds of %d at once in %v, %d other requests answered meanwhile", race.name, *rounds, racers,
			time.Since(began).Round(time.Millisecond), stop())
	}
}

func (f *fleet) raceCallback() string {
	cookie, callback := f.consent()
	statuses, won := f.race(func(i int) (int, string) {
		req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.urls[i%3]+callback, nil)
		if err != nil {
			f.t.Fatal(err)
		}
		req.AddCookie(cookie)
		req.Header.Set("Accept", "application/json")
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			return 0, err.Error()
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(body)
	})
	if statuses[http.StatusOK] != 1 || statuses[http.StatusUnprocessableEntity] != racers-1 || len(won) != 1 {
		return fmt.Sprint(statuses)
	}
	return ""
}

// consent begins a sign-in and lets the person agree at X; it gives the browser's cookie, and the path X sends it to.
func (f *fleet) consent() (*http.Cookie, string) {
	f.t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	login := f.gus.fetch(c, "GET", f.urls[0]+"/auth/x/login", nil)
	var begun struct {
		URL string `json:"authorization_url"`
	}
	f.gus.decode(login, &begun)
	back, err := f.gus.fetch(c, "POST", begun.URL, url.Values{"person": {gus}, "decision": {"allow"}}).Location()
	if err != nil {
		f.t.Fatal(err)
	}
	return login.Cookies()[0], back.RequestURI()
}

func (f *fleet) raceRefresh() string {
	p := signIn(f.t, f.urls[0], gus)
	var tokens sync.Map
	statuses, _ := f.race(func(i int) (int, string) {
		status, answer := f.send("POST", "/auth/token/refresh", `{"refresh_token":"`+p.refresh+`"}`)(i)
		var got struct {
			Refresh string `json:"refresh_token"`
		}
		_ = json.Unmarshal([]byte(answer), &got)
		tokens.Store(got.Refresh, true)
		return status, answer
	})
	different := 0
	tokens.Range(func(any, any) bool { different++; return true })
	if statuses[http.StatusOK] != racers || different != 1 {
		return fmt.Sprintf("%v, with %d different refresh tokens", statuses, different)
	}
	return ""
}

func (f *fleet) raceX() string {
	before := f.renewals()
	statuses, _ := f.race(f.send("POST", "/auth/x/refresh/"+f.gus.account, ""))
	asked := f.renewals() - before
	if statuses[http.StatusOK] != racers || asked != 1 {
		return fmt.Sprintf("%v, and X was asked %d times", statuses, asked)
	}
	return ""
}

func (f *fleet) renewals() (n int) {
	for _, c := range f.sb.Calls("/x/2/oauth2/token") {
		if strings.Contains(string(c.Body), "grant_type=refresh_token") {
			n++
		}
	}
	return n
}

func (f *fleet) raceQuota() string {
	statuses, won := f.race(f.send("POST", "/api/v1/analyses", `{"account_id":"`+f.gus.account+`","consent":true}`))
	usage := f.gus.must(http.StatusOK, "GET", "/api/v1/usage", "")
	f.cancel(won)
	if statuses[http.StatusAccepted] != 7 || statuses[http.StatusTooManyRequests] != racers-7 || len(won) != 7 ||
		!strings.Contains(usage, `"reserved":7`) {
		return fmt.Sprintf("%v, usage %s", statuses, usage)
	}
	return ""
}

func (f *fleet) raceIdempotency() string {
	key := fmt.Sprintf("race-%d", time.Now().UnixNano())
	statuses, won := f.race(func(i int) (int, string) {
		req, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.urls[i%3]+"/api/v1/analyses",
			strings.NewReader(`{"account_id":"`+f.gus.account+`","consent":true}`))
		if err != nil {
			f.t.Fatal(err)
		}
		req.Header = http.Header{
			"Authorization": {"Bearer " + f.gus.access}, "Content-Type": {"application/json"},
			"Idempotency-Key": {key},
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err.Error()
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(body)
	})
	ids := f.cancel(won)
	if statuses[http.StatusAccepted]+statuses[http.StatusConflict] != racers || len(ids) != 1 {
		return fmt.Sprintf("%v, %d analyses", statuses, len(ids))
	}
	return ""
}

// cancel ends what was started, and tells the ids.
func (f *fleet) cancel(answers map[string]int) (ids []string) {
	for answer := range answers {
		var a struct{ ID string }
		if err := json.Unmarshal([]byte(answer), &a); err != nil {
			f.t.Fatal(err)
		}
		if !slices.Contains(ids, a.ID) {
			ids = append(ids, a.ID)
			f.gus.must(http.StatusOK, "POST", "/api/v1/analyses/"+a.ID+"/cancel", "")
		}
	}
	return ids
}

func (f *fleet) raceRotation() string {
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(f.gus.must(http.StatusCreated, "POST", "/api/v1/api-keys",
		`{"name":"race","scopes":["`+string(account.AccountRead)+`"]}`)), &made); err != nil {
		f.t.Fatal(err)
	}
	statuses, won := f.race(f.send("POST", "/api/v1/api-keys/"+made.ID+"/rotate", `{"overlap_hours":1}`))
	f.gus.must(http.StatusNoContent, "DELETE", "/api/v1/api-keys/"+made.ID, "")
	if statuses[http.StatusOK] != 1 || statuses[http.StatusConflict] != racers-1 || len(won) != 1 {
		return fmt.Sprint(statuses)
	}
	return ""
}

// A session that ends at one process ends at the others while they are busy, and how long that took is told.
func TestRaces_ARevokedSessionEndsEverywhereUnderLoad(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil)
	stop := f.busy()
	defer stop()
	var took []time.Duration
	for range *rounds {
		f.sb.Advance(13 * time.Second)
		p := signIn(t, f.urls[0], gus)
		for _, base := range f.urls { // so that each remembers that it lives
			p.base = base
			p.must(http.StatusOK, "GET", "/api/v1/users/me", "")
		}
		p.base = f.urls[0]
		p.must(http.StatusNoContent, "POST", "/auth/logout", "")
		ended := time.Now()
		for _, base := range f.urls {
			p.base = base
			eventually(t, "the session ends at every process", func() bool {
				status, _, _ := p.call("GET", "/api/v1/users/me", "")
				return status == http.StatusUnauthorized
			})
		}
		took = append(took, time.Since(ended))
	}
	slices.Sort(took)
	t.Logf("of %d sessions the last process refused the median after %v, the slowest after %v", len(took),
		took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
}
