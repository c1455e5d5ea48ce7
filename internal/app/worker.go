package app

import (
	"net/http"
	"strings"

	"github.com/repazoo/repazoo/internal/fault"
)

// A process that runs background jobs and serves nobody (`repazoo worker`). It listens on loopback alone and answers
// probes there, whatever HOST says, so nothing outside its machine or container can reach it. In local the stand-ins
// for X, Stripe and Claude live in the process that serves: a worker asks them under PUBLIC_URL.

// workerHost is where a worker listens.
const workerHost = "127.0.0.1"

// refuseLoneWorker refuses a worker whose data no other process can use.
func (a *App) refuseLoneWorker() error {
	if a.opt.WorkerOnly && !a.cfg.Store.DatabaseURL.IsSet() {
		return fault.ValidationFailed.Saying("A worker needs DATABASE_URL: SQLite belongs to one process. " +
			"Run serve alone, which runs the jobs too.")
	}
	return nil
}

// works tells whether this process takes jobs.
func (a *App) works() bool { return a.opt.WorkerOnly || bool(a.cfg.Jobs.Workers) }

// standIns is the address of the process that stands in for X, Stripe and Claude.
func (a *App) standIns() string {
	if a.opt.WorkerOnly {
		return a.URL()
	}
	return a.Address()
}

// probes answers whoever watches a worker, and nobody else.
func (a *App) probes() http.Handler {
	api := a.API.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch p := r.URL.Path; {
		case p == "/healthz", p == "/livez", p == "/readyz", strings.HasPrefix(p, "/healthz/"):
			api.ServeHTTP(w, r)
		default:
			http.Error(w, "This process runs background jobs. Probes are at /healthz, /livez and /readyz.", http.StatusNotFound)
		}
	})
}
