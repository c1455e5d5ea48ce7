package tracing

import (
	"context"
	"encoding/json"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Jobs carries the trace of whoever queues a job into each of its tries, in whatever process. The returned middleware
// is for the clients that insert and for those that work.
func (t *Tracer) Jobs() rivertype.Middleware { return &jobs{t: t} }

type jobs struct {
	river.MiddlewareDefaults
	t *Tracer
}

// carrier is where a trace travels: in the metadata of the job.
const carrier = "trace"

// InsertMany writes the trace of ctx into the jobs.
func (j *jobs) InsertMany(ctx context.Context, many []*rivertype.JobInsertParams,
	do func(context.Context) ([]*rivertype.JobInsertResult, error),
) ([]*rivertype.JobInsertResult, error) {
	if j.t != nil && trace.SpanContextFromContext(ctx).IsSampled() {
		here := propagation.MapCarrier{}
		propagation.TraceContext{}.Inject(ctx, here)
		for _, p := range many {
			p.Metadata = with(p.Metadata, here)
		}
	}
	return do(ctx)
}

// with adds a trace to what is there, which it leaves alone if it cannot be read.
func with(metadata []byte, here propagation.MapCarrier) []byte {
	all := map[string]json.RawMessage{}
	if len(metadata) > 0 && json.Unmarshal(metadata, &all) != nil {
		return metadata
	}
	value, err := json.Marshal(here)
	if err != nil {
		return metadata
	}
	all[carrier] = value
	out, err := json.Marshal(all)
	if err != nil {
		return metadata
	}
	return out
}

// Work makes a span of a try, within the trace that queued the job.
func (j *jobs) Work(ctx context.Context, job *rivertype.JobRow, do func(context.Context) error) error {
	if j.t == nil {
		return do(ctx)
	}
	var from struct {
		Trace propagation.MapCarrier `json:"trace"`
	}
	if json.Unmarshal(job.Metadata, &from) == nil && from.Trace != nil {
		ctx = propagation.TraceContext{}.Extract(ctx, from.Trace)
	}
	ctx, span := j.t.tracer.Start(ctx, "job "+job.Kind, trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.Int("job.attempt", job.Attempt)))
	err := do(ctx)
	end(span, err)
	return err
}
