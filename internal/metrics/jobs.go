package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Jobs counts every try of a job it is put around.
func (m *Metrics) Jobs() rivertype.WorkerMiddleware { return &worked{m: m} }

type worked struct {
	river.MiddlewareDefaults
	m *Metrics
}

// Work counts a try, one that panics too.
func (w *worked) Work(ctx context.Context, job *rivertype.JobRow, do func(context.Context) error) (err error) {
	start, ended := time.Now(), false
	defer func() {
		result := outcome(err)
		if !ended {
			result = "failed"
		}
		w.m.job(job.Kind, result, time.Since(start))
	}()
	err = do(ctx)
	ended = true
	return err
}

func (m *Metrics) job(kind, outcome string, took time.Duration) {
	if m == nil {
		return
	}
	m.jobs.WithLabelValues(kind, outcome).Inc()
	m.jobTime.WithLabelValues(kind).Observe(took.Seconds())
}

func outcome(err error) string {
	var snoozed *rivertype.JobSnoozeError
	var cancelled *rivertype.JobCancelError
	switch {
	case err == nil:
		return "completed"
	case errors.As(err, &snoozed):
		return "snoozed"
	case errors.As(err, &cancelled):
		return "cancelled"
	}
	return "failed"
}
