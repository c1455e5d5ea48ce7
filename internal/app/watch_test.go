package app_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	sink "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
	"github.com/repazoo/repazoo/internal/metrics"
)

const root = "../.."

// watched is a server that somebody watches.
func watched(t *testing.T) *app.App {
	t.Helper()
	return run(t, io.Discard, map[string]string{"METRICS_ADDR": "127.0.0.1:0"})
}

func scrape(t *testing.T, a *app.App) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.MetricsURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", res.StatusCode, err)
	}
	return string(page)
}

func TestMetrics_ShowWhatHappenedAndNobodyToWhom(t *testing.T) {
	t.Parallel()
	a := watched(t)
	p := signIn(t, a.URL(), "ada_fernhill")
	p.subscribe()
	id, _ := p.analyse()
	p.must(http.StatusOK, "GET", "/api/v1/users/me", "")
	p.must(http.StatusNotFound, "GET", "/api/v1/nothing", "")
	// The last event is sent before the job has ended and is counted.
	eventually(t, "the count of the job", func() bool {
		return strings.Contains(scrape(t, a), "\n"+`repazoo_jobs_total{kind="analysis",outcome="completed"} 1`+"\n")
	})
	page := scrape(t, a)
	for _, want := range []string{
		`repazoo_http_requests_total{method="GET",route="GET /api/v1/users/me",status="200"} 1`,
		`repazoo_http_requests_total{method="GET",route="none",status="404"} 1`,
		`repazoo_http_request_duration_seconds_count{method="POST",route="POST /api/v1/analyses"} 1`,
		`repazoo_limiter_decisions_total{counted_by="local",group="sign-in",outcome="allowed"} 2`,
		`repazoo_jobs_total{kind="analysis",outcome="completed"} 1`,
		`repazoo_analyses_total{outcome="completed"} 1`,
		`repazoo_dependency_up{part="db"} 1`,
		`repazoo_db_connections{pool="writer",state="max"} 1`,
		`repazoo_failed_readings{name="jobs_waiting"} 0`,
	} {
		if !strings.Contains(page, "\n"+want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	for _, service := range []string{"x", "stripe", "claude"} {
		if !strings.Contains(page, `repazoo_outside_requests_total{service="`+service+`",status="200"}`) {
			t.Errorf("no call of %s was counted", service)
		}
	}
	if !regexp.MustCompile(`repazoo_model_tokens_total\{model="claude-haiku-5-5",type="output"\} [1-9]`).MatchString(page) || !regexp.MustCompile(`repazoo_spent_dollars_total\{service="claude"\} 0?\.?[0-9]`).MatchString(page) {
		t.Error("the model cost nothing")
	}
	for _, secret := range []string{id, p.account, "ada_fernhill", "127.0.0.1"} {
		if strings.Contains(page, secret) {
			t.Errorf("%s is shown", secret)
		}
	}
}

func TestMetrics_AreNotOnTheListenerOfTheService(t *testing.T) {
	t.Parallel()
	a := watched(t)
	p := &person{t: t, base: a.URL()}
	p.must(http.StatusNotFound, "GET", "/metrics", "")
}

var (
	metricName  = regexp.MustCompile(`repazoo_[a-z_]+`)
	metricUse   = regexp.MustCompile(`(repazoo_[a-z_]+)\{([^}]*)\}`)
	labelInUse  = regexp.MustCompile(`([a-z_]+)\s*[=!]~?\\?"`)
	seriesEnd   = regexp.MustCompile(`_(bucket|count|sum)$`)
	describedAs = regexp.MustCompile("(?m)^\\| `(repazoo_[a-z_]+)` \\| ([^|]*) \\| (.*) \\|$")
)

// Alerts and the dashboard name figures and labels that exist, every figure is in one of them, and the documentation
// says of each what its help text says.
func TestMonitoring_NamesTheFiguresThatThereAre(t *testing.T) {
	t.Parallel()
	figures := map[string]metrics.Figure{"repazoo_failed_readings": {Labels: []string{"name"}}}
	for _, f := range watched(t).Figures() {
		figures[f.Name] = f
	}
	used := map[string]bool{}
	for _, file := range []string{"alerts.yml", "dashboard.json"} {
		text := tree(t, "monitoring", file)
		for _, name := range metricName.FindAllString(text, -1) {
			name = seriesEnd.ReplaceAllString(name, "")
			if used[name] = true; figures[name].Labels == nil && figures[name].Help == "" {
				t.Errorf("%s names %s, which does not exist", file, name)
			}
		}
		for _, use := range metricUse.FindAllStringSubmatch(text, -1) {
			for _, label := range labelInUse.FindAllStringSubmatch(use[2], -1) {
				if !slices.Contains(figures[seriesEnd.ReplaceAllString(use[1], "")].Labels, label[1]) {
					t.Errorf("%s asks for %s of %s, which has no such label", file, label[1], use[1])
				}
			}
		}
	}
	if !json.Valid([]byte(tree(t, "monitoring", "dashboard.json"))) {
		t.Error("the dashboard is no JSON")
	}
	described := map[string][]string{}
	for _, row := range describedAs.FindAllStringSubmatch(tree(t, "docs", "monitoring.md"), -1) {
		described[row[1]] = row[2:]
	}
	for name, f := range figures {
		if !used[name] {
			t.Errorf("%s is on no dashboard and in no alert", name)
		}
		if row := described[name]; row == nil || f.Help != "" &&
			(row[1] != f.Help || row[0] != strings.Join(f.Labels, ", ")) {
			t.Errorf("docs/monitoring.md wants the line\n| `%s` | %s | %s |", name, strings.Join(f.Labels, ", "), f.Help)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("docs/monitoring.md describes %s, which does not exist", name)
	}
}

// Each alert leads to a runbook of its own, and no runbook is of an alert that does not exist.
func TestRunbooks_ThereIsOneForEachAlert(t *testing.T) {
	t.Parallel()
	alerts := map[string]bool{}
	for _, rule := range strings.Split(tree(t, "monitoring", "alerts.yml"), "- alert: ")[1:] {
		name, rest, _ := strings.Cut(rule, "\n")
		alerts[name] = true
		if !strings.Contains(rest, "runbook: docs/runbooks.md#"+strings.ToLower(name)+"\n") {
			t.Errorf("%s does not name its runbook", name)
		}
	}
	if len(alerts) < 10 {
		t.Errorf("only %d alerts were read", len(alerts))
	}
	for _, section := range strings.Split(tree(t, "docs", "runbooks.md"), "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		if !alerts[name] {
			t.Errorf("there is no alert %s", name)
		}
		for _, part := range []string{"**You see**", "**Do**", "**Over**"} {
			if !strings.Contains(text, part) {
				t.Errorf("the runbook of %s has no part %s", name, part)
			}
		}
		delete(alerts, name)
	}
	for name := range alerts {
		t.Errorf("%s has no runbook", name)
	}
}

// The index leads to every page of the documentation.
func TestDocs_TheIndexListsEveryPage(t *testing.T) {
	t.Parallel()
	index := tree(t, "docs", "README.md")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) < 10 {
		t.Fatal(len(pages), err)
	}
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}

func tree(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// collector takes the spans of a server, as an OpenTelemetry collector would.
type collector struct {
	url string
	mu  sync.Mutex
	all []*traces.Span
	raw strings.Builder
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent sink.ExportTraceServiceRequest
		if err = errors.Join(err, proto.Unmarshal(body, &sent)); err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw.Write(body)
		for _, r := range sent.GetResourceSpans() {
			for _, s := range r.GetScopeSpans() {
				c.all = append(c.all, s.GetSpans()...)
			}
		}
	}))
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

// traceOf gives the trace that a span of this name is in, and how many of each name are.
func (c *collector) traceOf(name string) (id string, names map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	byTrace := map[string]map[string]int{}
	for _, s := range c.all {
		at := hex.EncodeToString(s.GetTraceId())
		if byTrace[at] == nil {
			byTrace[at] = map[string]int{}
		}
		if byTrace[at][s.GetName()]++; s.GetName() == name {
			id = at
		}
	}
	return id, byTrace[id]
}

func (c *collector) holds(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Contains(c.raw.String(), text)
}

// The trace of a start goes on in the job, whose transactions and calls belong to it, and holds nobody's words.
func TestTraces_GoFromTheRequestIntoTheJobAndToTheOutside(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	var log syncBuffer
	a, stop := apptest.Begin(t, &log, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.url}, app.Options{})
	p := signIn(t, a.URL(), "ada_fernhill")
	p.subscribe()
	p.analyse()
	stop() // which sends the spans that wait for the next batch
	start, names := c.traceOf("POST /api/v1/analyses")
	for _, want := range []string{"transaction", "job analysis", "x GET", "claude POST"} {
		if names[want] == 0 {
			t.Errorf("the trace of the start has no %q but %v", want, names)
		}
	}
	if !strings.Contains(log.String(), `"trace_id":"`+start+`"`) {
		t.Error("no line of the log names the trace")
	}
	for _, private := range []string{p.account, "ada_fernhill", "/2/users", "fernhill"} {
		if c.holds(private) {
			t.Errorf("the traces hold %s", private)
		}
	}
}

func TestAccessLog_KeepsTheAskedPartAndEveryError(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	a := run(t, &log, map[string]string{"LOG_ACCESS_PERCENT": "0", "WORKERS": "0"})
	p := signIn(t, a.URL(), "ada_fernhill")
	p.must(http.StatusOK, "GET", "/api/v1/users/me", "")
	if text := log.String(); strings.Contains(text, `"msg":"request"`) {
		t.Error(text)
	}
	behind(t, a, `ALTER TABLE quota_periods RENAME TO gone`)
	p.must(http.StatusInternalServerError, "GET", "/api/v1/usage", "")
	if text := log.String(); !strings.Contains(text,
		`"msg":"request","method":"GET","route":"GET /api/v1/usage","status":500`) {
		t.Error(text)
	}
}
