// Package tracing shows where the time of one request went: from its header through its transactions and the jobs it
// queued to the calls of outside services, as one OpenTelemetry trace.
//
//	t, err := tracing.Open(tracing.Config{Endpoint: "https://collector.example.com:4318", Percent: 10})
//	defer t.Close(ctx)
//	ctx, end := t.Start(ctx, "transaction")
//	err = work(ctx)
//	end(err)
//
// A span tells names from the program's own tables (routes, statements, kinds of jobs), durations and status codes. It
// holds no path, query, header, body or parameter, and of an error only its code: traces are read by more people than
// the database is. Nothing of a trace is sent to outside services, and what strangers send of theirs is not taken over.
//
// A nil *Tracer traces nothing and costs nothing.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/repazoo/repazoo/internal/fault"
)

// Config says where traces go. Only Endpoint is required.
type Config struct {
	Endpoint    string // of a collector that speaks OTLP over HTTP, without /v1/traces
	Percent     int    // of the requests that are traced, 0 to 100
	Version     string
	Environment string
}

// Tracer makes spans. It is safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

const (
	exportTime = 10 * time.Second
	scope      = "github.com/repazoo/repazoo"
)

// Open makes a Tracer. A collector that is away loses traces, never a request.
func Open(ctx context.Context, c Config) (*Tracer, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(c.Endpoint,
		"/")+"/v1/traces"), otlptracehttp.WithTimeout(exportTime),
		otlptracehttp.WithHTTPClient(&http.Client{Timeout: exportTime}))
	if err != nil {
		return nil, fmt.Errorf("tracing: OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	about := resource.NewSchemaless(attribute.String("service.name", "repazoo"),
		attribute.String("service.version", c.Version),
		attribute.String("deployment.environment.name", c.Environment))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(float64(c.Percent)/100))))
	return &Tracer{provider, provider.Tracer(scope)}, nil
}

// Close sends what has not been sent yet.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Start begins a span within that of ctx. End it with the error of what was done, or nil.
func (t *Tracer) Start(ctx context.Context, name string, about ...attribute.KeyValue) (context.Context, func(error)) {
	if t == nil {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(about...))
	return ctx, func(err error) { end(span, err) }
}

// end says of an error what its code says, for its sentence may quote what it is about.
func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, codeOf(err))
	}
	span.End()
}

func codeOf(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.Code
	}
	return fmt.Sprintf("%T", err)
}

// ID names the trace of ctx, or is "".
func ID(ctx context.Context) string {
	if s := trace.SpanContextFromContext(ctx); s.HasTraceID() {
		return s.TraceID().String()
	}
	return ""
}
