package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Request begins the span of a request, by the route as it is registered. Call answered with the status.
func (t *Tracer) Request(ctx context.Context, method, route string) (_ context.Context, answered func(status int)) {
	if t == nil {
		return ctx, func(int) {}
	}
	if route == "" {
		route = "none"
	}
	ctx, span := t.tracer.Start(ctx, route, trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot(),
		trace.WithAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route)))
	return ctx, func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Transport makes a span of every call of an outside service that goes through next.
func (t *Tracer) Transport(service string, next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return transport{t, service, next}
}

type transport struct {
	t       *Tracer
	service string
	next    http.RoundTripper
}

// RoundTrip adds nothing to the request: traces are ours alone.
func (o transport) RoundTrip(r *http.Request) (*http.Response, error) {
	_, span := o.t.tracer.Start(r.Context(), o.service+" "+r.Method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", r.Method),
			attribute.String("server.address", r.URL.Hostname())))
	res, err := o.next.RoundTrip(r)
	if err == nil {
		span.SetAttributes(attribute.Int("http.response.status_code", res.StatusCode))
	}
	end(span, err)
	return res, err
}
