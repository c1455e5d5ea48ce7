package app_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// silence is the address of a listener that takes connections and never says a word.
func silence(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			if _, err := l.Accept(); err != nil { // kept open by the system until the test ends
				return
			}
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

// few keeps the analyses of a test small that is about their order.
const few = `,"max_posts":20`

// ends starts a small analysis, waits until it has ended, and tells how long that took.
func (p *person) ends() time.Duration {
	p.t.Helper()
	begun := time.Now()
	if _, end := p.analyseSome(few); !strings.Contains(end, `"status":"completed"`) {
		p.t.Fatal(end)
	}
	return time.Since(begun)
}

// Webhooks to a listener that never answers each hold their request for ten seconds, and the analyses of one user are
// many. Neither may hold up an analysis of somebody else.
func TestFairness_OneUsersWorkHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, map[string]string{"JOB_CONCURRENCY": "8"})
	busy, stranger := signIn(t, base, gus), signIn(t, base, "ada_fernhill")
	for _, p := range []*person{busy, stranger} {
		p.subscribe()
	}
	alone := stranger.ends()

	address := silence(t)
	var made struct{ ID string }
	answer := busy.must(http.StatusCreated, "POST", "/api/v1/webhooks", `{"url":"`+address+`"}`)
	if err := json.Unmarshal([]byte(answer), &made); err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for range 50 {
		if status, _, _ := busy.call("POST", "/api/v1/webhooks/"+made.ID+"/test", ""); status == http.StatusAccepted {
			accepted++
		}
	}
	silent := stranger.ends()
	if accepted != 5 || silent > 8*time.Second {
		t.Errorf("%d of 50 tests were sent, and then an analysis of somebody else took %v", accepted, silent)
	}

	const many = 60
	busy.must(http.StatusNoContent, "POST", "/sandbox/faults",
		`{"path":"/x/2/users/*/tweets","delay":1500000000,"times":-1}`)
	slow := stranger.ends()
	for range many {
		busy.must(http.StatusAccepted, "POST", "/api/v1/analyses", `{"account_id":"`+busy.account+`","consent":true`+few+`}`)
	}
	crowded := stranger.ends()
	ended := strings.Count(busy.must(http.StatusOK, "GET", "/api/v1/analyses?limit=100", ""), `"status":"completed"`)
	if ended > many/2 {
		t.Errorf("%d of %d analyses of another user had ended before", ended, many)
	}
	t.Logf("alone %v; behind 50 tests to a silent listener %v; with X taking 1.5 s alone %v, behind %d analyses of "+
		"another user %v",
		alone, silent, slow, many, crowded)
}
