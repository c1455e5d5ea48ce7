package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// TestKill_ARunThatIsCutOffEndsRightAfterARestart kills the process (kill -9) in the middle
// of a run, starts it again on the same data, and finds the run completed, counted once,
// nothing read twice, and the report whole.
func TestKill_ARunThatIsCutOffEndsRightAfterARestart(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		killAndRestart(t)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		killAndRestart(t, "DATABASE_URL="+dbtest.PostgresURL(t))
	})
}

func killAndRestart(t *testing.T, env ...string) {
	dir := t.TempDir()
	env = append(env, "PORT=0", "DATA_DIR="+dir+"/data", "RATE_LIMIT_PER_MINUTE=10000")
	first := begin(t, env, dir)
	c := signIn(t, first.url, "gravelpit_gus")
	c.do("POST", "/api/v1/subscriptions", `{"tier":"pro","payment_method_id":"pm_card_visa"}`, http.StatusCreated)
	// The model answers four calls of ten and then not for a minute, so the run is caught in the middle of judging.
	for _, fault := range []string{`"times":4,"delay":1`, `"times":-1,"delay":60000000000`} {
		c.do("POST", "/sandbox/faults", `{"path":"/claude/v1/messages",`+fault+`}`, http.StatusNoContent)
	}
	run := c.do("POST", "/api/v1/analyses", `{"account_id":"`+c.account+`","consent":true}`, http.StatusAccepted)
	id := run["id"].(string)
	wait(t, 20*time.Millisecond, "no verdict was kept", func() bool {
		known := c.do("POST", "/api/v1/analyses/preview", `{"account_id":"`+c.account+`"}`, http.StatusOK)["known"]
		return known.(map[string]any)["verdicts"].(float64) >= 100
	})
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.cmd.Wait()

	address, err := url.Parse(first.url) // tokens name their issuer, so the address stays
	if err != nil {
		t.Fatal(err)
	}
	second := begin(t, append(env, "PORT="+address.Port()), dir)
	t.Cleanup(func() {
		if err := second.stop(); err != nil {
			t.Error(err)
		}
	})
	ended := c.until(id, func(a map[string]any) bool { return a["status"] != "running" && a["status"] != "queued" })
	if ended["status"] != "completed" {
		t.Fatalf("the run ended as %v: %v", ended["status"], ended["error"])
	}
	usage := c.do("GET", "/api/v1/usage", "", http.StatusOK)
	if got := fmt.Sprint(usage["analyses"]); got != "map[limit:10000 remaining:9999 reserved:0 used:1]" {
		t.Errorf("quota after the restart: %s", got)
	}
	if got := usage["x_reads"].(map[string]any)["used"]; got != float64(400) {
		t.Errorf("%v posts were read from X, want 400: none twice", got)
	}
	report := c.do("GET", "/api/v1/analyses/"+id+"/report.json", "", http.StatusOK)
	if n := report["coverage"].(map[string]any)["posts_judged"]; n != float64(372) {
		t.Errorf("%v posts were judged, want 372", n)
	}
	model := report["models"].([]any)[0].(map[string]any)
	if calls := model["calls"].(float64); calls == 0 || calls >= 10 {
		t.Errorf("the run asked the model %v times after the restart; all ten batches need ten calls, and some were "+
			"answered before", calls)
	}
	if len(report["findings"].([]any)) == 0 {
		t.Error("the report has no findings")
	}
}

// client is a program that signed in.
type client struct {
	t       *testing.T
	base    string
	token   string
	account string
}

func signIn(t *testing.T, base, person string) *client {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	h := &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ask := func(method, address string, form url.Values) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "application/json")
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := h.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	var login struct {
		URL string `json:"authorization_url"`
	}
	decode(t, ask("GET", base+"/auth/x/login", nil).Body, &login)
	consent := ask("POST", login.URL, url.Values{"person": {person}, "decision": {"allow"}})
	var in struct {
		Token   string `json:"access_token"`
		Account struct {
			ID string `json:"id"`
		} `json:"account"`
	}
	decode(t, ask("GET", consent.Header.Get("Location"), nil).Body, &in)
	return &client{t, base, in.Token, in.Account.ID}
}

func decode(t *testing.T, r io.Reader, v any) {
	t.Helper()
	body, err := io.ReadAll(r)
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}

func (c *client) request(method, path, body string) *http.Response {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	return res
}

// do asks for exactly this status and returns the JSON object of the answer.
func (c *client) do(method, path, body string, status int) map[string]any {
	c.t.Helper()
	res := c.request(method, path, body)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s %v", method, path, res.StatusCode, status, answer, err)
	}
	var v map[string]any
	if len(bytes.TrimSpace(answer)) > 0 {
		decode(c.t, bytes.NewReader(answer), &v)
	}
	return v
}

// until follows the events of an analysis until one fits.
func (c *client) until(id string, fits func(map[string]any) bool) map[string]any {
	c.t.Helper()
	res := c.request("GET", "/api/v1/analyses/"+id+"/events", "")
	defer res.Body.Close()
	var last string
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		last = data
		var a map[string]any
		decode(c.t, strings.NewReader(data), &a)
		if fits(a) {
			return a
		}
	}
	c.t.Fatalf("the stream of %s ended before the event that was waited for (%v); the last was %s", id, lines.Err(), last)
	return nil
}
