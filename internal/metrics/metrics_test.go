package metrics_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/repazoo/repazoo/internal/metrics"
)

// shows fails unless a scrape has each line.
func shows(t *testing.T, m *metrics.Metrics, lines ...string) {
	t.Helper()
	page := scrape(t, m)
	for _, l := range lines {
		if !strings.Contains(page, "\n"+l+"\n") {
			t.Errorf("no line %s in\n%s", l, page)
		}
	}
}

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	var own strings.Builder
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "repazoo_") {
			own.WriteString(line)
		}
	}
	return "\n" + own.String()
}

func TestRequest_IsCountedByItsRouteAndNeverByWhatCallersMakeUp(t *testing.T) {
	t.Parallel()
	m := metrics.New("1", "abc")
	m.Request("GET", "GET /a/{id}", 200, 2*time.Millisecond)
	m.Request("GET", "GET /a/{id}", 200, 3*time.Millisecond)
	m.Request("BREW", "", 404, time.Millisecond)
	landed := m.Flight()
	shows(t, m,
		`repazoo_http_requests_total{method="GET",route="GET /a/{id}",status="200"} 2`,
		`repazoo_http_requests_total{method="other",route="none",status="404"} 1`,
		`repazoo_http_request_duration_seconds_bucket{method="GET",route="GET /a/{id}",le="0.0025"} 1`,
		`repazoo_http_requests_in_flight 1`,
		`repazoo_build_info{commit="abc",version="1"} 1`)
	landed()
	shows(t, m, `repazoo_http_requests_in_flight 0`)
}

func TestLimited_TellsWhoCounted(t *testing.T) {
	t.Parallel()
	m := metrics.New("", "")
	m.Limited("sign-in", true, false, time.Millisecond)
	m.Limited("", false, true, time.Microsecond)
	shows(t, m,
		`repazoo_limiter_decisions_total{counted_by="redis",group="sign-in",outcome="allowed"} 1`,
		`repazoo_limiter_decisions_total{counted_by="local",group="none",outcome="refused"} 1`,
		`repazoo_limiter_duration_seconds_count{counted_by="local"} 1`)
}

func TestModel_CountsTokensAndMoney(t *testing.T) {
	t.Parallel()
	m := metrics.New("", "")
	m.Model("m", metrics.Tokens{Input: 7, Output: 5, CacheRead: 3, CacheWrite: 2}, 0.25)
	m.Model("m", metrics.Tokens{Input: 1}, 0.5)
	m.Reads(1.5)
	m.Analysis("completed")
	shows(t, m,
		`repazoo_model_tokens_total{model="m",type="input"} 8`, `repazoo_model_tokens_total{model="m",type="output"} 5`,
		`repazoo_model_tokens_total{model="m",type="cache_read"} 3`,
		`repazoo_model_tokens_total{model="m",type="cache_write"} 2`,
		`repazoo_spent_dollars_total{service="claude"} 0.75`, `repazoo_spent_dollars_total{service="x"} 1.5`,
		`repazoo_analyses_total{outcome="completed"} 1`)
}

func TestTransport_CountsAnswersAndTheirAbsence(t *testing.T) {
	t.Parallel()
	m := metrics.New("", "")
	teapot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	client := &http.Client{Transport: m.Transport("x", nil, http.DefaultTransport)}
	call := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, teapot.URL, nil)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		return err
	}
	if err := call(); err != nil {
		t.Fatal(err)
	}
	teapot.Close()
	if call() == nil {
		t.Fatal("somebody answered")
	}
	shows(t, m, `repazoo_outside_requests_total{service="x",status="418"} 1`,
		`repazoo_outside_requests_total{service="x",status="none"} 1`,
		`repazoo_outside_request_duration_seconds_count{service="x"} 2`)
}

func TestTransport_CountsAFailureByItsNameAndLeavesTheAnswerWhole(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = io.WriteString(w, strings.Repeat("no credits ", 20_000))
	}))
	m := metrics.New("1", "")
	client := &http.Client{Transport: m.Transport("x", func(status int, body []byte) string {
		return strconv.Itoa(status) + " " + string(body[:10])
	}, http.DefaultTransport)}
	ask := func() (string, error) {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		res, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return string(body), err
	}
	if body, err := ask(); err != nil || body != strings.Repeat("no credits ", 20_000) {
		t.Errorf("%d bytes came through (%v)", len(body), err)
	}
	srv.Close()
	if _, err := ask(); err == nil {
		t.Error("a server that is gone answered")
	}
	shows(t, m, `repazoo_outside_failures_total{name="402 no credits",service="x"} 1`,
		`repazoo_outside_failures_total{name="no_answer",service="x"} 1`)
}

func TestJobs_AreCountedByHowATryEnded(t *testing.T) {
	t.Parallel()
	m := metrics.New("", "")
	job := &rivertype.JobRow{Kind: "k"}
	for _, err := range []error{
		nil, errors.New("x"), errors.Join(nil, river.JobSnooze(time.Second)),
		river.JobCancel(errors.New("x")),
	} {
		if got := m.Jobs().Work(t.Context(), job, func(context.Context) error { return err }); !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic went no further")
			}
		}()
		_ = m.Jobs().Work(t.Context(), job, func(context.Context) error { panic("x") })
	}()
	shows(t, m, `repazoo_jobs_total{kind="k",outcome="completed"} 1`, `repazoo_jobs_total{kind="k",outcome="failed"} 2`,
		`repazoo_jobs_total{kind="k",outcome="snoozed"} 1`, `repazoo_jobs_total{kind="k",outcome="cancelled"} 1`,
		`repazoo_job_duration_seconds_count{kind="k"} 5`)
}

func TestReading_ThatFailsIsSeenAndHidesNothingElse(t *testing.T) {
	t.Parallel()
	m := metrics.New("", "")
	m.Reading("good", "Good.", []string{"l"}, func(_ context.Context, set metrics.Set) error { set(3, "a"); return nil })
	m.Reading("bad", "Bad.", []string{"l"},
		func(_ context.Context, set metrics.Set) error { set(3, "a"); return errors.New("x") })
	shows(t, m, `repazoo_good{l="a"} 3`, `repazoo_failed_readings{name="good"} 0`, `repazoo_failed_readings{name="bad"} 1`)
	if strings.Contains(scrape(t, m), "repazoo_bad{") {
		t.Error("half a reading is shown")
	}
}

// While the database does not answer, the rest is shown all the same: an alert that asks for nothing but build_info
// would otherwise say that no process runs.
func TestReading_ThatHangsEndsInTimeForTheRest(t *testing.T) {
	t.Parallel()
	m := metrics.New("1.2", "abc")
	m.Reading("slow", "Slow.", nil, func(ctx context.Context, _ metrics.Set) error { <-ctx.Done(); return ctx.Err() })
	shows(t, m, `repazoo_build_info{commit="abc",version="1.2"} 1`, `repazoo_failed_readings{name="slow"} 1`)
}

func TestNothing_IsCountedWhereNobodyWatches(t *testing.T) {
	t.Parallel()
	var m *metrics.Metrics
	m.Request("GET", "", 200, 0)
	m.Flight()()
	m.Limited("", true, true, 0)
	m.Analysis("failed")
	m.Model("m", metrics.Tokens{}, 1)
	m.Reads(1)
	m.Reading("x", "", nil, nil)
	if m.Transport("x", nil, http.DefaultTransport) != http.DefaultTransport {
		t.Error("calls are counted")
	}
	if err := m.Jobs().Work(t.Context(), &rivertype.JobRow{}, func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}
