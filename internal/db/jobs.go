package db

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// Jobs says who works the queue and how hard.
type Jobs struct {
	Workers     *river.Workers
	Concurrency int           // jobs in flight in this process; 0 means 8
	Timeout     time.Duration // the longest one job may run; 0 means 30 minutes
	SoftStop    time.Duration // how long a stop lets running jobs finish before their context ends; 0 means 10 seconds

	Around []rivertype.Middleware // what each try of a job goes through, the first outermost
}

// stopper is the part of a River client that ends it.
type stopper interface {
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	Stopped() <-chan struct{}
}

// Work starts working the queue until stop is called. Stop lets running jobs finish for a
// while, then ends their context; a job that is cut off goes back to the queue.
func (d *DB) Work(ctx context.Context, j Jobs) (stop func(context.Context) error, err error) {
	client, err := d.work(ctx, j.config(d))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return stopJobs(ctx, client, j.SoftStop) }, nil
}

func (j *Jobs) config(d *DB) *river.Config {
	if j.Concurrency == 0 {
		j.Concurrency = 8
	}
	if j.Timeout == 0 {
		j.Timeout = 30 * time.Minute
	}
	if j.SoftStop == 0 {
		j.SoftStop = 10 * time.Second
	}
	return &river.Config{
		Workers:       j.Workers,
		Middleware:    append([]rivertype.Middleware{d.traces.Jobs()}, j.Around...),
		Logger:        d.log,
		JobTimeout:    j.Timeout,
		FetchCooldown: 5 * time.Millisecond, // the default caps a worker at ten fetches a second
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: j.Concurrency}},
	}
}

func stopJobs(ctx context.Context, client stopper, soft time.Duration) error {
	softly, cancel := context.WithTimeout(ctx, soft)
	defer cancel()
	if client.Stop(softly) == nil {
		return nil
	}
	return client.StopAndCancel(ctx)
}

func (p *postgres) work(ctx context.Context, cfg *river.Config) (stopper, error) {
	cfg.FetchPollInterval = time.Second // NOTIFY wakes the workers; the poll is for a lost one
	client, err := river.NewClient(riverpgxv5.New(p.system), cfg)
	if err != nil {
		return nil, err
	}
	return client, client.Start(ctx)
}

func (l *lite) work(ctx context.Context, cfg *river.Config) (stopper, error) {
	cfg.FetchPollInterval = time.Second // the wakeup rings first
	client, err := river.NewClient(l.driver(), cfg)
	if err != nil {
		return nil, err
	}
	return client, client.Start(ctx)
}

// Work has the jobs of one kind done by do, each within the time that the pool gives. A job that needs more than its
// arguments brings a worker of its own instead.
func Work[T river.JobArgs](w *river.Workers, do func(context.Context, T) error) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[T]) error { return do(ctx, j.Args) }))
}
