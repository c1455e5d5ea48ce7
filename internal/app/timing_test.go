package app_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

// BenchmarkExistence measures how well somebody could tell by time alone what exists from what does not, where both are
// refused in the same words. %guessed is how often they would be right with the two times of one pair: 50 is blind
// luck, and some hundred pairs are needed to tell 52 from it.
func BenchmarkExistence(b *testing.B) {
	for name, env := range engines(b) {
		vars := map[string]string{
			"RATE_LIMIT_PER_MINUTE": "1000000", "RATE_LIMIT_PER_HOUR": "1000000",
			"TRUSTED_PROXIES": "127.0.0.1",
		}
		maps.Copy(vars, env)
		base := start(b, io.Discard, vars)
		victim, spy := signIn(b, base, gus), signIn(b, base, "ada_fernhill")
		victim.subscribe()
		spy.subscribe()
		analysis, _ := victim.analyse()
		for what, path := range map[string]struct{ method, path, id, body string }{
			"analysis":   {"GET", "/api/v1/analyses/%s", analysis, ""},
			"report":     {"GET", "/api/v1/analyses/%s/report.json", analysis, ""},
			"finding":    {"PATCH", "/api/v1/findings/%s", finding(victim, analysis), `{"dismissed":true}`},
			"session":    {"DELETE", "/auth/sessions/%s", session(victim), ""},
			"x account":  {"POST", "/auth/x/refresh/%s", victim.account, ""},
			"collection": {"POST", "/api/v1/analyses", victim.account, `{"account_id":"%s","consent":true}`},
		} {
			b.Run(name+"/"+what, func(b *testing.B) {
				ask := func(id string) (string, time.Duration) {
					return spy.timed(path.method, strings.Replace(path.path, "%s", id, 1), strings.Replace(path.body, "%s", id, 1))
				}
				guess(b, func() (string, time.Duration) { return ask(path.id) },
					func() (string, time.Duration) { return ask(db.NewID()) })
			})
		}
		b.Run(name+"/api key", func(b *testing.B) { guessKeys(b, base, victim) })
	}
}

// guessKeys compares keys that were revoked with keys that never were: those of another Repazoo.
func guessKeys(b *testing.B, base string, victim *person) {
	elsewhere := signIn(b, start(b, io.Discard, nil), gus)
	n := 0
	key := func(which int) (string, time.Duration) {
		// both are made each time, so that both find the server equally warm
		secret := []string{elsewhere.revokedKey(), victim.revokedKey()}[which]
		n++
		address := fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255) // guesses from one are soon refused
		began := time.Now()
		status, _ := from(b, address, "GET", base+"/api/v1/users/me", "Authorization", "Bearer "+secret)
		return fmt.Sprint(status), time.Since(began)
	}
	guess(b, func() (string, time.Duration) { return key(1) }, func() (string, time.Duration) { return key(0) })
}

func (p *person) revokedKey() string {
	p.t.Helper()
	var made struct{ ID, Key string }
	if err := json.Unmarshal([]byte(p.must(http.StatusCreated, "POST", "/api/v1/api-keys",
		`{"name":"timing","scopes":["account:read"]}`)), &made); err != nil {
		p.t.Fatal(err)
	}
	p.must(http.StatusNoContent, "DELETE", "/api/v1/api-keys/"+made.ID, "")
	return made.Key
}

// timed is a request's answer, without what differs from request to request, and how long it took.
func (p *person) timed(method, path, body string) (string, time.Duration) {
	began := time.Now()
	status, _, answer := p.call(method, path, body)
	return fmt.Sprint(status, withoutRequest(answer)), time.Since(began)
}

// guess reports how often the slower one of a pair is the same kind. That the two answers are alike is a test
// elsewhere; here it makes sure that the same refusal was measured.
func guess(b *testing.B, exists, doesNot func() (string, time.Duration)) {
	var there, absent []time.Duration
	for b.Loop() {
		said, took := exists()
		saidOfNone, tookNone := doesNot()
		if said[:3] != saidOfNone[:3] {
			b.Fatalf("%s and %s", said, saidOfNone)
		}
		there, absent = append(there, took), append(absent, tookNone)
	}
	b.ReportMetric(100*advantage(there, absent), "%guessed")
	b.ReportMetric(float64(median(there).Microseconds()), "µs-exists")
	b.ReportMetric(float64(median(absent).Microseconds()), "µs-does-not")
}

// advantage is the probability that one of a takes longer than one of b, or the reverse, whichever is larger (the area
// under the ROC curve).
func advantage(a, b []time.Duration) float64 {
	slices.Sort(b)
	slower := 0.0
	for _, d := range a {
		below, _ := slices.BinarySearch(b, d)
		upTo, _ := slices.BinarySearchFunc(b, d, func(e, t time.Duration) int { return cmp.Or(cmp.Compare(e, t), -1) })
		slower += float64(below+upTo) / 2
	}
	p := slower / float64(len(a)*len(b))
	return max(p, 1-p)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
