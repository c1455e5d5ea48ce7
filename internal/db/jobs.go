package db

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// The queues, one for each kind of work. Each has slots of its own in every process, so that work of one kind which is
// slow, such as webhooks to a listener that never answers, holds up no other. A job names its queue in its InsertOpts.
const (
	Analyses     = "analyses"
	Cleanups     = "cleanups"
	Schedules    = "schedules"
	Webhooks     = "webhooks"
	Mails        = "mails"
	Billing      = "billing"
	Housekeeping = "housekeeping"
)

// Queues gives the analyses n slots in this process, and each other kind of work its own. The default queue holds what
// a process of an earlier version queues during an upgrade.
func Queues(n int) map[string]int {
	return map[string]int{
		Analyses: n, Cleanups: 4, Schedules: 2, Webhooks: 8, Mails: 4, Billing: 4, Housekeeping: 4,
		river.QueueDefault: 2,
	}
}

// Jobs says who works the queues and how hard.
type Jobs struct {
	Workers  *river.Workers
	Queues   map[string]int // how many jobs of each queue run in this process at once; nil means Queues(8)
	Timeout  time.Duration  // the longest one job may run; 0 means 30 minutes
	SoftStop time.Duration  // how long a stop lets running jobs finish before their context ends; 0 means 10 seconds
	Pulse    Pulse          // how processes tell each other that they live

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
	known := &begun{}
	cfg := j.config(d)
	if d.Name() != "sqlite" { // where nothing would ever be forgotten, because no fetch is lost
		cfg.Middleware = append([]rivertype.Middleware{known.middleware()}, cfg.Middleware...)
	}
	heart, err := d.startHeart(ctx, cfg.ID, j.Pulse, known)
	if err != nil {
		return nil, err
	}
	client, err := d.work(ctx, cfg)
	if err != nil {
		heart()
		return nil, err
	}
	return func(ctx context.Context) error {
		defer heart() // last: a process that still works must not be taken for dead
		return stopJobs(ctx, client, j.SoftStop)
	}, nil
}

func (j *Jobs) config(d *DB) *river.Config {
	if j.Queues == nil {
		j.Queues = Queues(8)
	}
	queues := make(map[string]river.QueueConfig, len(j.Queues))
	for name, slots := range j.Queues {
		queues[name] = river.QueueConfig{MaxWorkers: slots}
	}
	if j.Timeout == 0 {
		j.Timeout = 30 * time.Minute
	}
	if j.SoftStop == 0 {
		j.SoftStop = 10 * time.Second
	}
	return &river.Config{
		ID:            NewID(),
		Workers:       j.Workers,
		Middleware:    append([]rivertype.Middleware{d.traces.Jobs()}, j.Around...),
		Logger:        d.log,
		JobTimeout:    j.Timeout,
		FetchCooldown: 5 * time.Millisecond, // the default caps a worker at ten fetches a second
		Queues:        queues,
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
	if err := l.reclaim(ctx); err != nil {
		return nil, err
	}
	return client, client.Start(ctx)
}

// Work has the jobs of one kind done by do, each within the time that the pool gives. A job that needs more than its
// arguments brings a worker of its own instead.
func Work[T river.JobArgs](w *river.Workers, do func(context.Context, T) error) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[T]) error { return do(ctx, j.Args) }))
}
