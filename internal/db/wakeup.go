package db

import (
	"context"
	"database/sql"
	"slices"
	"sync"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// jobInserted is the topic River's workers listen on for new jobs.
const jobInserted = "river_insert"

// wakeup is to SQLite what NOTIFY is to Postgres: it tells the workers of this process
// that a job was committed, so that they need not poll fast. A missed ring costs one
// poll interval, never a job.
type wakeup struct {
	mu        sync.Mutex
	listeners map[*wakeupListener]struct{}
}

func newWakeup() *wakeup { return &wakeup{listeners: map[*wakeupListener]struct{}{}} }

// ring tells every listener of a queue that has a new job. A listener that has not yet heard the last ring for the
// queue hears one of them.
func (w *wakeup) ring(queue string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.listeners {
		if !slices.Contains(l.queues, queue) {
			l.queues = append(l.queues, queue)
		}
		select {
		case l.rung <- struct{}{}:
		default:
		}
	}
}

// next takes the name of one queue that was rung for.
func (l *wakeupListener) next() (queue string, found bool) {
	l.wake.mu.Lock()
	defer l.wake.mu.Unlock()
	if len(l.queues) == 0 {
		return "", false
	}
	queue, l.queues = l.queues[0], l.queues[1:]
	return queue, true
}

// liteDriver is River's SQLite driver with an ear in this process.
type liteDriver struct {
	*riversqlite.Driver
	wake *wakeup
}

func (l *lite) driver() riverdriver.Driver[*sql.Tx] {
	return liteDriver{riversqlite.New(l.writer), l.wake}
}

func (d liteDriver) SupportsListener() bool { return true }

func (d liteDriver) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return &wakeupListener{wake: d.wake, rung: make(chan struct{}, 1)}
}

type wakeupListener struct {
	wake   *wakeup
	rung   chan struct{}
	queues []string // that were rung for and not heard; guarded by wake.mu
}

func (l *wakeupListener) Connect(context.Context) error {
	l.wake.mu.Lock()
	defer l.wake.mu.Unlock()
	l.wake.listeners[l] = struct{}{}
	return nil
}

func (l *wakeupListener) Close(context.Context) error {
	l.wake.mu.Lock()
	defer l.wake.mu.Unlock()
	delete(l.wake.listeners, l)
	return nil
}

func (l *wakeupListener) Listen(context.Context, string) error   { return nil }
func (l *wakeupListener) Unlisten(context.Context, string) error { return nil }
func (l *wakeupListener) Ping(context.Context) error             { return nil }
func (l *wakeupListener) Schema() string                         { return "" }
func (l *wakeupListener) SetAfterConnectExec(string)             {}

func (l *wakeupListener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	for {
		if queue, found := l.next(); found {
			return &riverdriver.Notification{Topic: jobInserted, Payload: `{"queue":"` + queue + `"}`}, nil
		}
		select {
		case <-l.rung:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
