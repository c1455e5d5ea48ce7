package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// Whichever answer of the database gets lost on its way, from the start of an analysis to the end of its run, there is
// one analysis for each start, each completes, and the plan has paid for each once. One answer of each is lost, because
// a run that loses six in a row ends as failed and gives its unit back. What follows a lost COMMIT mostly waits, so the
// losses are spread over servers that wait at the same time.
func TestLostAnswers_LoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	for name, losses := range map[string]struct {
		command string
		nth     []int
		again   bool // until there was a start of which nobody heard: jobs of the server commit too
	}{
		"any":          {"", []int{1, 4, 7, 10, 13, 16, 19, 22}, false},
		"COMMIT 1":     {"COMMIT", []int{1}, true},
		"COMMIT 2 3 4": {"COMMIT", []int{2, 3, 4}, false},
		"COMMIT 5":     {"COMMIT", []int{5}, false},
		"COMMIT 6":     {"COMMIT", []int{6}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate := dbtest.NewGate(t, dbtest.PostgresURL(t))
			p := signIn(t, start(t, io.Discard, map[string]string{"DATABASE_URL": gate.URL, "REDIS_URL": redis(t)}), gus)
			p.must(http.StatusCreated, "POST", "/api/v1/subscriptions", `{"tier":"pro","payment_method_id":"pm_card_visa"}`)
			runs, unheard := 0, 0
			for runs < len(losses.nth) || losses.again && unheard == 0 {
				gate.Lose(losses.nth[runs%len(losses.nth)], losses.command)
				id, tries := p.startUntilAnswered(t, "lost-"+strconv.Itoa(runs))
				if _, _, end := p.call("GET", "/api/v1/analyses/"+id+"/events", ""); !completed(end) {
					p.untilCompleted(t, id) // the answer to the one who follows it was the lost one
				}
				gate.Lose(0, "")
				p.must(http.StatusOK, "GET", "/api/v1/analyses/"+id+"/report.json", "")
				runs++
				unheard += tries - 1
			}
			p.hasPaidFor(t, runs)
		})
	}
}

// hasPaidFor checks that this many analyses exist and were paid for.
func (p *person) hasPaidFor(t *testing.T, runs int) {
	t.Helper()
	var list struct{ Total int }
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/analyses?limit=1", "")), &list); err != nil {
		t.Fatal(err)
	}
	var usage struct {
		Analyses struct{ Used, Reserved int }
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/usage", "")), &usage); err != nil {
		t.Fatal(err)
	}
	if list.Total != runs || usage.Analyses.Used != runs || usage.Analyses.Reserved != 0 {
		t.Errorf("%d analyses, %d paid, %d reserved, want %d, %d, 0", list.Total, usage.Analyses.Used,
			usage.Analyses.Reserved, runs, runs)
	}
}

// startUntilAnswered starts an analysis and sends it again while the database is away. It tells how often it was sent.
func (p *person) startUntilAnswered(t *testing.T, key string) (id string, tries int) {
	t.Helper()
	for tries = 1; ; tries++ {
		status, _, answer := p.keyed(key, "/api/v1/analyses", `{"account_id":"`+p.account+`","consent":true}`)
		if status == http.StatusServiceUnavailable {
			continue
		}
		var a struct{ ID string }
		if err := json.Unmarshal([]byte(answer), &a); err != nil || status != http.StatusAccepted {
			t.Fatalf("%d %s", status, answer)
		}
		return a.ID, tries
	}
}

func (p *person) untilCompleted(t *testing.T, id string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; {
		_, _, answer := p.call("GET", "/api/v1/analyses/"+id+"/events", "") // follows it until it ends
		switch {
		case completed(answer):
			return
		case strings.Contains(answer, `"status":"failed"`) || time.Now().After(end):
			t.Fatalf("with one answer lost an analysis ended with %s", answer)
		}
	}
}

func completed(answer string) bool { return strings.Contains(answer, `"status":"completed"`) }
