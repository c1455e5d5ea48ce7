//go:build linux

package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	random "math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// settleLimit is how long an analysis may take to end after those before it.
const settleLimit = 2 * time.Minute

// tally is what was sent and what became of it.
type tally struct {
	mu             sync.Mutex
	ids            []string // of the analyses that were accepted, the first one first
	answered, busy int
	broken         []string
	completed      int
	failed         int
	lost, doubled  int
	unpaid         int
	slowest        time.Duration // that an analysis took from its start to its end

	patience time.Duration // with an analysis that does not end; 0: settleLimit

	hooks    []string          // of the attack "webhooks"
	archives map[string][]byte // of the attack "archives"
	names    []string          // of them
	sent     int
}

// note counts an answer of the program.
func (t *tally) note(what string, status int, answer []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answered++
	switch {
	case status == http.StatusServiceUnavailable:
		t.busy++
	case status >= http.StatusInternalServerError:
		t.broken = append(t.broken, fmt.Sprintf("%s: %d %s", what, status, answer[:min(len(answer), 300)]))
	}
}

// lateTries is how often a start is tried once the attack is over.
const lateTries = 200

// mostOpen is how many analyses are under way at most, so that the line is short when the attack is over.
const mostOpen = 60

// start starts an analysis, and sends it again until it is answered. It waits a little, so that analyses run meanwhile.
func (t *tally) start(ctx context.Context, p *person) {
	var usage struct {
		Analyses struct{ Reserved int }
	}
	if err := p.get(ctx, "/api/v1/usage", &usage); err != nil || usage.Analyses.Reserved >= mostOpen {
		pause(ctx, 100*time.Millisecond)
		return
	}
	t.startWith(ctx, p, `{"account_id":"`+p.account+`","consent":true}`)
	pause(ctx, time.Duration(random.Int64N(int64(400*time.Millisecond)))) //nolint:gosec // no secret
}

func (t *tally) startWith(ctx context.Context, p *person, body string) {
	key := rand.Text()
	late := 0
	for {
		// A request under way is seen through, because its answer tells whether it counts.
		asked, cancel := context.WithTimeout(context.WithoutCancel(ctx), startLimit)
		status, answer, err := p.call(asked, http.MethodPost, "/api/v1/analyses", body, "Idempotency-Key", key)
		cancel()
		if err != nil && ctx.Err() != nil {
			if late++; late > lateTries { // the program did not come back
				t.mu.Lock()
				t.lost++
				t.mu.Unlock()
				return
			}
		}
		if err != nil || status == http.StatusServiceUnavailable {
			pause(context.WithoutCancel(ctx), 50*time.Millisecond)
			continue
		}
		t.note("POST /api/v1/analyses", status, answer)
		var a struct{ ID string }
		if status == http.StatusAccepted && json.Unmarshal(answer, &a) == nil {
			t.accept(a.ID)
		}
		return
	}
}

func (t *tally) accept(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids = append(t.ids, id)
}

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

// values are what random requests are made of.
var values = []string{
	"", "1", "0", "-1", "x", "01a22048-67c6-7b55-9f45-eb3e2d8b1750", "99999999999999999999", "'", "%00", "é", "null",
	"true",
	"2026-11-28T00:00:00Z", "job_search", strings.Repeat("a", 3000), "\u202e", "{\"a\":", "../..", "high", "pdf",
}

// send sends one random request. A deletion of an analysis that is counted is not among them: ids are random.
func (t *tally) send(ctx context.Context, p *person, o operation, r *random.Rand) {
	pick := func() string { return values[r.IntN(len(values))] }
	path := placeholder.ReplaceAllStringFunc(o.path, func(string) string {
		if r.IntN(2) == 0 {
			return "01a22048-67c6-7b55-9f45-eb3e2d8b1750"
		}
		return url.PathEscape(pick()) + "x"
	})
	query := url.Values{}
	for _, name := range o.parameters {
		if r.IntN(3) == 0 {
			query.Set(name, pick())
		}
	}
	body := ""
	if o.method != http.MethodGet {
		b, err := json.Marshal(map[string]string{pick(): pick(), "account_id": p.account, "text": pick()})
		if err != nil {
			panic(err) // strings always can be
		}
		body = string(b)
	}
	status, answer, err := p.call(ctx, o.method, path+"?"+query.Encode(), body)
	if err != nil {
		pause(ctx, 20*time.Millisecond) // the process is dead just now
		return
	}
	t.note(o.method+" "+o.path, status, answer)
}

// settle waits for every analysis to end and compares what was accepted with what there is.
func (t *tally) settle(ctx context.Context, p *person) error {
	open, err := t.wait(ctx, p)
	if err != nil {
		return err
	}
	for id, status := range open { // it is not there, or does not end
		t.lost++
		fmt.Printf("   lost: analysis %s is %q\n", id, status)
	}
	var list struct{ Total int }
	if err := p.get(ctx, "/api/v1/analyses?limit=1", &list); err != nil {
		return err
	}
	t.doubled = max(0, list.Total-len(t.ids))
	var usage struct {
		Analyses struct{ Used, Reserved int }
	}
	if err := p.get(ctx, "/api/v1/usage", &usage); err != nil {
		return err
	}
	t.unpaid = max(usage.Analyses.Used-t.completed, t.completed-usage.Analyses.Used) + usage.Analyses.Reserved
	return nil
}

// wait asks for every analysis, in the order of their starts, until all have ended, and returns the status of those
// that have not. It gives up once none has ended for as long as its patience: whoever waits may be behind any other.
func (t *tally) wait(ctx context.Context, p *person) (open map[string]string, err error) {
	patience := cmp.Or(t.patience, settleLimit)
	missing := map[string]string{}
	left := slices.Clone(t.ids)
	for end := time.Now().Add(patience); len(left) > 0; pause(ctx, 100*time.Millisecond) {
		var failure error
		open = map[string]string{}
		left = slices.DeleteFunc(left, func(id string) bool {
			status, err := t.ended(ctx, p, id)
			switch {
			case err != nil:
				failure = err
			case status == "":
				missing[id] = ""
			case status == "completed":
				t.completed++
			case status == "failed" || status == "cancelled":
				t.failed++
			default:
				open[id] = status
				return false
			}
			if err == nil {
				end = time.Now().Add(patience)
			}
			return err == nil
		})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case time.Now().After(end) && failure != nil:
			return nil, failure
		case time.Now().After(end):
			maps.Copy(missing, open)
			return missing, nil
		}
	}
	return missing, nil
}

// ended is the status of an analysis; "" when it is not there.
func (t *tally) ended(ctx context.Context, p *person, id string) (string, error) {
	var a struct {
		Status     string
		CreatedAt  time.Time `json:"created_at"`
		FinishedAt time.Time `json:"finished_at"`
	}
	status, answer, err := p.call(ctx, http.MethodGet, "/api/v1/analyses/"+id, "")
	switch {
	case err != nil:
		return "", err
	case status == http.StatusNotFound:
		return "", nil
	case status != http.StatusOK:
		return "", fmt.Errorf("GET /api/v1/analyses/%s: %d %s", id, status, answer)
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return "", err
	}
	if !a.FinishedAt.IsZero() {
		t.slowest = max(t.slowest, a.FinishedAt.Sub(a.CreatedAt))
	}
	return a.Status, nil
}
