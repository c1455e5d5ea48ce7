package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/limit/redistest"
	"github.com/repazoo/repazoo/internal/notice"
)

// keepers are processes that share everything: one on SQLite, or two on PostgreSQL and Redis.
func keepers(t *testing.T, n int, env map[string]string) []*app.App {
	t.Helper()
	vars := keeping(env)
	begin := func() *app.App { return apptest.Run(t, io.Discard, vars, app.Options{}) }
	all := []*app.App{begin()}
	vars["PUBLIC_URL"] = all[0].URL()
	for len(all) < n {
		vars["DATA_DIR"] = t.TempDir()
		all = append(all, begin())
	}
	return all
}

// keeping are the settings of processes that share everything, with those of a test.
func keeping(tests ...map[string]string) map[string]string {
	vars := map[string]string{
		"METRICS_ADDR": "127.0.0.1:0", "REDIS_TIMEOUT_MS": "2000",
		"JWT_SECRET_KEY": "one-key-for-all-replicas-0123456789abcdef",
		"ENCRYPTION_KEY": "another-key-for-all-replicas-0123456789",
	}
	for _, group := range []string{"", "SIGN_IN_", "REFRESH_"} {
		vars["RATE_LIMIT_"+group+"PER_MINUTE"], vars["RATE_LIMIT_"+group+"PER_HOUR"] = "1000000", "1000000"
	}
	for _, env := range tests {
		maps.Copy(vars, env)
	}
	return vars
}

// eachKeeper runs fn on both databases.
func eachKeeper(t *testing.T, fn func(t *testing.T, apps []*app.App)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); fn(t, keepers(t, 1, nil)) })
	t.Run("two replicas", func(t *testing.T) {
		t.Parallel()
		fn(t, keepers(t, 2, map[string]string{"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t)}))
	})
}

// at is the same person at another replica.
func (p *person) at(a *app.App) *person { return &person{t: p.t, base: a.Address(), access: p.access} }

func userOf(p *person) (id, name string) {
	p.t.Helper()
	var u struct{ ID, Name string }
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/users/me", "")), &u); err != nil {
		p.t.Fatal(err)
	}
	return u.ID, u.Name
}

// hits are how many answers a process has given from memory.
func hits(t *testing.T, a *app.App) (n int) {
	t.Helper()
	for line := range strings.Lines(scrape(t, a)) {
		_, _ = fmt.Sscanf(line, `repazoo_kept_answers_total{outcome="hit"} %d`, &n)
	}
	return n
}

// warm asks every process until it answers from memory, and fails if one never does.
func warm(t *testing.T, p *person, apps []*app.App, path string) {
	t.Helper()
	for _, a := range apps {
		before := hits(t, a)
		eventually(t, path+" is answered from memory", func() bool {
			p.at(a).must(http.StatusOK, "GET", path, "")
			return hits(t, a) > before
		})
	}
}

// Six readers at all replicas, one writer that goes from replica to replica, through the API and through the service
// as a job does. No read that begins after a write was answered shows less, and nobody sees another's.
func TestKept_AfterAnAnsweredWriteNoReplicaShowsLess(t *testing.T) {
	t.Parallel()
	eachKeeper(t, func(t *testing.T, apps []*app.App) {
		gus := signIn(t, apps[0].URL(), "gravelpit_gus")
		mira := signIn(t, apps[0].URL(), "wandering_mira")
		id, _ := userOf(gus)
		other, mirasName := userOf(mira)
		var written, reads atomic.Int64
		write := func(n int64) {
			name := fmt.Sprintf("gus %d", n)
			if n%2 == 0 {
				gus.at(apps[int(n/2)%len(apps)]).must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"name":"`+name+`"}`)
			} else if _, err := apps[int(n/2)%len(apps)].Accounts.Rename(t.Context(), id, name); err != nil {
				t.Error(err)
			}
			written.Store(n)
		}
		write(1)
		var done atomic.Bool
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				for !done.Load() {
					a := apps[i%len(apps)]
					least := written.Load()
					var shown int64
					_, name := userOf(gus.at(a))
					if _, err := fmt.Sscanf(name, "gus %d", &shown); err != nil || shown < least {
						t.Errorf("after write %d a replica shows %q", least, name)
					}
					if who, name := userOf(mira.at(a)); who != other || name != mirasName {
						t.Errorf("mira sees %s, %q", who, name)
					}
					reads.Add(1)
				}
			})
		}
		for n := int64(2); n <= 7; n++ {
			for _, a := range apps { // so that every write finds an answer in each memory
				before := hits(t, a)
				eventually(t, "answers come from memory", func() bool { return hits(t, a) > before+20 })
			}
			write(n)
			for range 10 { // writes without a pause
				for _, a := range apps {
					if _, name := userOf(gus.at(a)); name != fmt.Sprintf("gus %d", n) {
						t.Errorf("right after write %d a replica shows %q", n, name)
					}
				}
			}
		}
		done.Store(true)
		wg.Wait()
		for i, a := range apps {
			t.Logf("replica %d: %d answers from memory", i, hits(t, a))
		}
		t.Logf("%d rounds of reads", reads.Load())
	})
}

// A plan that begins is heard of by a webhook and a job of one process; a notice is written by a transaction of
// another.
func TestKept_WhatJobsAndWebhooksChangeIsSeenAtOnceEverywhere(t *testing.T) {
	t.Parallel()
	eachKeeper(t, func(t *testing.T, apps []*app.App) {
		gus := signIn(t, apps[0].URL(), "gravelpit_gus")
		id, _ := userOf(gus)
		paths := []string{"/api/v1/usage", "/api/v1/subscriptions", "/api/v1/users/me"}
		for _, path := range paths {
			warm(t, gus, apps, path)
		}
		gus.subscribe()
		for _, a := range apps {
			for _, path := range paths {
				if got := gus.at(a).must(http.StatusOK, "GET", path, ""); !strings.Contains(got, `"tier":"basic"`) {
					t.Errorf("after the plan has begun %s says %s", path, got)
				}
			}
		}
		warm(t, gus, apps, "/api/v1/notices")
		last := apps[len(apps)-1]
		if err := last.DB.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			return notice.Write(ctx, tx, notice.Fact{UserID: id, Kind: notice.QuotaUsedUp, Subject: "a test"})
		}); err != nil {
			t.Fatal(err)
		}
		for _, a := range apps {
			if got := gus.at(a).must(http.StatusOK, "GET", "/api/v1/notices", ""); !strings.Contains(got, "quota.used_up") {
				t.Errorf("after a notice was written the list says %s", got)
			}
		}
	})
}

// While Redis is away nothing is answered from memory, so a change that could not be marked is seen at once; and when
// it is back, with what it knew before, nothing old is shown.
func TestKept_WithoutRedisEveryAnswerIsReadFromTheDatabase(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Redis)
	apps := keepers(t, 2, map[string]string{"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": server.URL})
	gus := signIn(t, apps[0].URL(), "gravelpit_gus")
	shows := func(want string) {
		t.Helper()
		for _, a := range apps {
			if _, name := userOf(gus.at(a)); name != want {
				t.Errorf("a replica shows %q, want %q", name, want)
			}
		}
	}
	rename := func(name string) {
		gus.must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"name":"`+name+`"}`)
		shows(name)
	}
	rename("before")
	warm(t, gus, apps, "/api/v1/users/me")
	server.Kill()
	rename("away")
	before := []int{hits(t, apps[0]), hits(t, apps[1])}
	for i, a := range apps {
		for range 20 {
			userOf(gus.at(a))
		}
		if now := hits(t, a); now != before[i] {
			t.Errorf("%d answers came from memory without Redis", now-before[i])
		}
	}
	server.Again()
	warm(t, gus, apps, "/api/v1/users/me")
	shows("away")
	rename("back")
}

func TestKept_ReplicasWithoutRedisKeepNothing(t *testing.T) {
	t.Parallel()
	a := keepers(t, 1, map[string]string{"DATABASE_URL": dbtest.PostgresURL(t)})[0]
	gus := signIn(t, a.URL(), "gravelpit_gus")
	for range 20 {
		userOf(gus)
	}
	if strings.Contains(scrape(t, a), "repazoo_kept_answers_total{") {
		t.Error("answers were looked for in memory")
	}
}

// A process with KEEP_ANSWERS=off reads each answer, and marks what it changes for those that keep.
func TestKept_AProcessThatKeepsNothingMarksAllTheSame(t *testing.T) {
	t.Parallel()
	shared := map[string]string{"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t)}
	keeps := keepers(t, 1, shared)[0]
	shared["KEEP_ANSWERS"], shared["PUBLIC_URL"] = "off", keeps.URL()
	off := keepers(t, 1, shared)[0]
	gus := signIn(t, keeps.URL(), "gravelpit_gus")
	id, _ := userOf(gus)
	warm(t, gus, []*app.App{keeps}, "/api/v1/users/me")
	if _, err := off.Accounts.Rename(t.Context(), id, "renamed by a job"); err != nil {
		t.Fatal(err)
	}
	if _, name := userOf(gus.at(keeps)); name != "renamed by a job" {
		t.Errorf("after a job of the other process the name is %q", name)
	}
	warm(t, gus, []*app.App{keeps}, "/api/v1/users/me")
	gus.at(off).must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"name":"renamed by a call"}`)
	if _, name := userOf(gus.at(keeps)); name != "renamed by a call" {
		t.Errorf("after a call of the other process the name is %q", name)
	}
	for range 20 {
		userOf(gus.at(off))
	}
	if strings.Contains(scrape(t, off), "repazoo_kept_answers_total{") {
		t.Error("the process that is to keep nothing has looked in its memory")
	}
}

// A worker serves nobody and counts nobody's requests, but what its jobs change is seen at once where people ask.
func TestKept_AWorkerMarksWhatItsJobsChange(t *testing.T) {
	t.Parallel()
	shared := map[string]string{"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t), "WORKERS": "0"}
	serves := keepers(t, 1, shared)[0]
	worker := apptest.Run(t, io.Discard, keeping(shared, map[string]string{"PUBLIC_URL": serves.URL()}),
		app.Options{WorkerOnly: true})
	gus := signIn(t, serves.URL(), "gravelpit_gus")
	id, _ := userOf(gus)
	for n := range 3 {
		warm(t, gus, []*app.App{serves}, "/api/v1/users/me")
		want := fmt.Sprintf("renamed by job %d", n)
		if _, err := worker.Accounts.Rename(t.Context(), id, want); err != nil {
			t.Fatal(err)
		}
		if _, name := userOf(gus.at(serves)); name != want {
			t.Errorf("after a job of the worker the name is %q, want %q", name, want)
		}
	}
}

// Nobody can tell an answer from memory by what it says.
func TestKept_AnAnswerFromMemoryIsTheSameToTheLastHeader(t *testing.T) {
	t.Parallel()
	apps := keepers(t, 1, nil)
	gus := signIn(t, apps[0].URL(), "gravelpit_gus")
	gus.subscribe()
	for _, path := range []string{"/api/v1/users/me", "/api/v1/usage", "/api/v1/subscriptions", "/api/v1/notices"} {
		gus.must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"name":"gus"}`) // so that the next answer is read
		before := hits(t, apps[0])
		status, header, body := gus.call("GET", path, "")
		if hits(t, apps[0]) != before {
			t.Fatalf("%s came from memory right after a change", path)
		}
		var keptStatus int
		var keptHeader http.Header
		var keptBody string
		eventually(t, path+" is answered from memory", func() bool {
			before = hits(t, apps[0])
			keptStatus, keptHeader, keptBody = gus.call("GET", path, "")
			return hits(t, apps[0]) == before+1
		})
		for _, name := range []string{
			"Date", "Server-Timing", "X-Request-Id", "Ratelimit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
		} {
			header.Del(name)
			keptHeader.Del(name)
		}
		if diff := cmp.Diff(header, keptHeader); status != keptStatus || body != keptBody || diff != "" {
			t.Errorf("%s: read %d %s, from memory %d %s; headers:\n%s", path, status, body, keptStatus, keptBody, diff)
		}
	}
}

// While encryption keys change, a process that has only the old one marks under that alone, so nobody keeps anything.
func TestKept_NothingWhileEncryptionKeysChange(t *testing.T) {
	t.Parallel()
	const old, young = "another-key-for-all-replicas-0123456789", "the-new-key-of-all-replicas-0123456789ab"
	shared := map[string]string{"DATABASE_URL": dbtest.PostgresURL(t), "REDIS_URL": redis(t), "ENCRYPTION_KEY": old}
	before := keepers(t, 1, shared)[0]
	shared["ENCRYPTION_KEY"], shared["PUBLIC_URL"] = young+","+old, before.URL()
	changing := keepers(t, 1, shared)[0]
	gus := signIn(t, before.URL(), "gravelpit_gus")
	warm(t, gus, []*app.App{before}, "/api/v1/users/me")
	gus.at(changing).must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"name":"under two keys"}`)
	if _, name := userOf(gus.at(before)); name != "under two keys" {
		t.Errorf("a process with the old key shows %q", name)
	}
	for range 20 {
		userOf(gus.at(changing))
	}
	if strings.Contains(scrape(t, changing), "repazoo_kept_answers_total{") {
		t.Error("a process with two keys has looked in its memory")
	}
}
