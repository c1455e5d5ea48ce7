package db

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// JobLook is a background job as an operator sees it: what it does and how it went, without its arguments.
type JobLook struct {
	ID          int64
	Kind, Queue string
	State       string // available, pending, running, retryable, scheduled, completed, cancelled or discarded
	Tries, Most int
	Created     time.Time
	Due         time.Time  // when it may run, or might have
	Tried       *time.Time // last
	Ended       *time.Time
	Error       string // of its last try, from our own log's words
}

// Going tells whether the job has not ended, so that it can be cancelled.
func (j JobLook) Going() bool { return j.Ended == nil }

// Again tells whether the job can be tried again now.
func (j JobLook) Again() bool {
	return j.State != "running" && j.State != "available" && j.State != "completed"
}

// jobClient is what a River client of either database can do with jobs.
type jobClient interface {
	JobList(ctx context.Context, p *river.JobListParams) (*river.JobListResult, error)
	JobCancel(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobRetry(ctx context.Context, id int64) (*rivertype.JobRow, error)
}

func (p *postgres) jobClient() jobClient { return p.jobs }
func (l *lite) jobClient() jobClient     { return l.jobs }

// Jobs are at most limit jobs in these states, the newest first.
func (d *DB) Jobs(ctx context.Context, limit int, states ...rivertype.JobState) ([]JobLook, error) {
	found, err := d.jobClient().JobList(ctx, river.NewJobListParams().States(states...).
		OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(limit))
	if err != nil {
		return nil, err
	}
	all := make([]JobLook, 0, len(found.Jobs))
	for _, j := range found.Jobs {
		look := JobLook{
			ID: j.ID, Kind: j.Kind, Queue: j.Queue, State: string(j.State), Tries: j.Attempt, Most: j.MaxAttempts,
			Created: j.CreatedAt, Due: j.ScheduledAt, Tried: j.AttemptedAt, Ended: j.FinalizedAt,
		}
		if n := len(j.Errors); n > 0 {
			look.Error = j.Errors[n-1].Error
		}
		all = append(all, look)
	}
	return all, nil
}

// CancelJob ends a job that has not ended: one that runs is told to stop. Error: [ErrNotFound].
func (d *DB) CancelJob(ctx context.Context, id int64) error {
	_, err := d.jobClient().JobCancel(ctx, id)
	return noJob(err)
}

// RetryJob has a job tried again now, also one that was given up. One that runs or waits is left alone. Error:
// [ErrNotFound].
func (d *DB) RetryJob(ctx context.Context, id int64) error {
	_, err := d.jobClient().JobRetry(ctx, id)
	return noJob(err)
}

func noJob(err error) error {
	if errors.Is(err, river.ErrNotFound) {
		return ErrNotFound
	}
	return err
}
