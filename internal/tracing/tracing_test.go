package tracing_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/riverqueue/river/rivertype"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/tracing"
)

// collected is a collector of the test's own, strict about what it is sent.
type collected struct {
	url string
	mu  sync.Mutex
	raw bytes.Buffer
	all []*spans.Span
}

func collect(t *testing.T) *collected {
	t.Helper()
	c := &collected{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" ||
			r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s with %s", r.Method, r.URL, r.Header.Get("Content-Type"))
		}
		if err := c.take(r); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

func (c *collected) take(r *http.Request) error {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		body = z
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var req collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(text, &req); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(text)
	for _, r := range req.GetResourceSpans() {
		for _, s := range r.GetScopeSpans() {
			c.all = append(c.all, s.GetSpans()...)
		}
	}
	return nil
}

// named gives the span of a name, which must be the only one.
func (c *collected) named(t *testing.T, name string) *spans.Span {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var found *spans.Span
	for _, s := range c.all {
		if s.GetName() == name {
			if found != nil {
				t.Fatalf("two spans %q", name)
			}
			found = s
		}
	}
	if found == nil {
		t.Fatalf("no span %q in %v", name, c.all)
	}
	return found
}

func open(t *testing.T, c *collected, percent int) *tracing.Tracer {
	t.Helper()
	tr, err := tracing.Open(t.Context(), tracing.Config{
		Endpoint: c.url, Percent: percent, Version: "1",
		Environment: "local",
	})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func closed(t *testing.T, tr *tracing.Tracer) {
	t.Helper()
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTrace_GoesFromARequestThroughAJobToTheOutsideCall(t *testing.T) {
	t.Parallel()
	c := collect(t)
	tr := open(t, c, 100)
	outside := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Traceparent") != "" {
			t.Error("an outside service is told of the trace")
		}
	}))
	defer outside.Close()

	ctx, answered := tr.Request(t.Context(), "POST", "POST /api/v1/analyses")
	id := tracing.ID(ctx)
	inTx, end := tr.Start(ctx, "transaction")
	job := &rivertype.JobInsertParams{Metadata: []byte(`{"kept":1}`)}
	if _, err := tr.Jobs().(rivertype.JobInsertMiddleware).InsertMany(inTx, []*rivertype.JobInsertParams{job},
		func(context.Context) ([]*rivertype.JobInsertResult, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	end(nil)
	answered(202)

	err := tr.Jobs().(rivertype.WorkerMiddleware).Work(t.Context(),
		&rivertype.JobRow{Kind: "analysis", Attempt: 2, Metadata: job.Metadata}, func(ctx context.Context) error {
			client := &http.Client{Transport: tr.Transport("x", http.DefaultTransport)}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, outside.URL+"/2/users/private-path?secret=query", nil)
			if err != nil {
				return err
			}
			res, err := client.Do(req)
			if err != nil {
				return err
			}
			res.Body.Close()
			return fault.RateLimited.Saying("private words").Because(errors.New("private cause"))
		})
	if !errors.Is(err, fault.RateLimited) {
		t.Fatal(err)
	}
	closed(t, tr)

	request, tx, work, call := c.named(t, "POST /api/v1/analyses"), c.named(t, "transaction"),
		c.named(t, "job analysis"), c.named(t, "x GET")
	for _, s := range []*spans.Span{request, tx, work, call} {
		if got := hex.EncodeToString(s.GetTraceId()); got != id {
			t.Errorf("%s is in trace %s instead of %s", s.GetName(), got, id)
		}
	}
	if !bytes.Equal(tx.GetParentSpanId(), request.GetSpanId()) ||
		!bytes.Equal(work.GetParentSpanId(), tx.GetSpanId()) || !bytes.Equal(call.GetParentSpanId(), work.GetSpanId()) {
		t.Error("the spans do not hang together")
	}
	if s := work.GetStatus(); s.GetCode() != spans.Status_STATUS_CODE_ERROR || s.GetMessage() != "rate_limited" {
		t.Errorf("the failed try says %v", s)
	}
	if strings.Contains(c.raw.String(), "private") || strings.Contains(c.raw.String(), "secret") {
		t.Error("a trace holds what is nobody's business")
	}
	if !strings.Contains(string(job.Metadata), `"kept":1`) {
		t.Errorf("the job's own metadata became %s", job.Metadata)
	}
}

func TestTrace_IsNotBegunForRequestsThatAreNotSampled(t *testing.T) {
	t.Parallel()
	c := collect(t)
	tr := open(t, c, 0)
	ctx, answered := tr.Request(t.Context(), "GET", "GET /")
	job := &rivertype.JobInsertParams{Metadata: []byte(`{}`)}
	if _, err := tr.Jobs().(rivertype.JobInsertMiddleware).InsertMany(ctx, []*rivertype.JobInsertParams{job},
		func(context.Context) ([]*rivertype.JobInsertResult, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	answered(200)
	closed(t, tr)
	if len(c.all) != 0 || string(job.Metadata) != `{}` {
		t.Errorf("%d spans, metadata %s", len(c.all), job.Metadata)
	}
}

func TestJobs_WithMetadataThatCannotBeReadAreWorkedAllTheSame(t *testing.T) {
	t.Parallel()
	c := collect(t)
	tr := open(t, c, 100)
	for _, metadata := range []string{"", "null", "[1]", `{"trace":7}`, `{"trace":{"traceparent":"00-zz"}}`} {
		done := false
		err := tr.Jobs().(rivertype.WorkerMiddleware).Work(t.Context(),
			&rivertype.JobRow{Kind: "k", Metadata: []byte(metadata)}, func(context.Context) error { done = true; return nil })
		if err != nil || !done {
			t.Errorf("%q: %v, done %v", metadata, err, done)
		}
	}
	closed(t, tr)
}

func TestNothing_IsTracedWithoutATracer(t *testing.T) {
	t.Parallel()
	var tr *tracing.Tracer
	ctx, answered := tr.Request(t.Context(), "GET", "GET /")
	answered(200)
	ctx, end := tr.Start(ctx, "x")
	end(errors.New("x"))
	if tracing.ID(ctx) != "" || tr.Transport("x", http.DefaultTransport) != http.DefaultTransport {
		t.Error("it is")
	}
	if err := tr.Jobs().(rivertype.WorkerMiddleware).Work(ctx, &rivertype.JobRow{},
		func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	closed(t, tr)
}
