package app

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// How a process leaves without a failed request. At the signal /readyz says not ready, no more jobs are taken, running
// analyses go back to the queue at once, other jobs have a few seconds to finish (a mail that is cut off is not sent
// again), and housekeeping ends. For the time of SHUTDOWN_GRACE requests are answered as before, so that a balancer can
// notice; each answer meanwhile asks for its connection to be closed, so that none is cut off while a request is on its
// way. Then streams end, the listener closes, and requests that are under way finish; a connection on which nothing was
// ever asked is closed after a moment. A second signal ends the process at once (cmd/repazoo).

// drainBound is how long jobs and requests that are under way have after the grace.
const drainBound = 15 * time.Second

// jobsBound is how long jobs other than analyses have before they are cut off and go back to the queue.
const jobsBound = 3 * time.Second

func (a *App) drain(stopJobs func(context.Context) error) error {
	grace := a.grace()
	ctx, cancel := context.WithTimeout(context.Background(), grace+drainBound)
	defer cancel()
	a.leaving.Store(true)
	a.working.Store(false)
	a.health.Forget("jobs")
	a.log.InfoContext(ctx, "stopping", "grace", grace)
	over := time.After(grace)
	a.Analyses.Leave()
	jobs := stopJobs(ctx) // while the server still answers, since jobs may talk to the stand-ins in it
	select {
	case <-over:
	case <-a.opt.GraceOver:
	}
	a.API.Stop() // ends the streams, which would never finish by themselves
	defer time.AfterFunc(unusedBound, a.unused.close).Stop()
	return errors.Join(jobs, a.server.Shutdown(ctx), a.Refusals.Write(ctx))
}

// grace is nothing for a worker, which no balancer sends requests to.
func (a *App) grace() time.Duration {
	if a.opt.WorkerOnly {
		return 0
	}
	return time.Duration(a.cfg.Server.Grace) * time.Second
}

// partingly asks for connections to be closed once this process is leaving.
func (a *App) partingly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.leaving.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
