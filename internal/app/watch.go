package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/health"
	"github.com/repazoo/repazoo/internal/metrics"
	"github.com/repazoo/repazoo/internal/tracing"
)

// openMetrics listens where Prometheus reads; nobody counts anything unless it may.
func (a *App) openMetrics(ctx context.Context) (err error) {
	at := a.cfg.Watch.MetricsAddr
	if at == "" {
		return nil
	}
	if a.scrapes, err = (&net.ListenConfig{}).Listen(ctx, "tcp", at); err != nil {
		return fmt.Errorf("listen on METRICS_ADDR: %w", err)
	}
	a.metrics = metrics.New(a.opt.Version, a.opt.Commit)
	return nil
}

func (a *App) openTraces(ctx context.Context) (err error) {
	w := a.cfg.Watch
	if w.TracesURL == "" {
		return nil
	}
	a.traces, err = tracing.Open(ctx, tracing.Config{
		Endpoint: w.TracesURL, Percent: w.TracesPart,
		Version: a.opt.Version, Environment: string(a.cfg.Env),
	})
	return err
}

// closeTraces sends the last ones, in a bounded time.
func (a *App) closeTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := a.traces.Close(ctx); err != nil {
		a.log.WarnContext(ctx, "the last traces could not be sent", "cause", err)
	}
}

// MetricsURL is where Prometheus reads, or "".
func (a *App) MetricsURL() string {
	if a.scrapes == nil {
		return ""
	}
	return "http://" + a.scrapes.Addr().String() + "/metrics"
}

// Figures are what Prometheus reads there.
func (a *App) Figures() []metrics.Figure { return a.metrics.Figures() }

// serveMetrics answers scrapes until ctx ends.
func (a *App) serveMetrics(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.Handler())
	s := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second, MaxHeaderBytes: 8 << 10}
	defer context.AfterFunc(ctx, func() { s.Close() })()
	if err := s.Serve(a.scrapes); ctx.Err() == nil {
		return err
	}
	return nil
}

// readings are the figures that are read when they are asked for.
func (a *App) readings(h *health.Checker) {
	a.metrics.Reading("dependency_up",
		"1 while a part the program depends on answers its probe, 0 while it does not; a part that is not in use is left "+
			"out.", []string{"part"},
		func(ctx context.Context, set metrics.Set) error {
			_, parts := h.Ready(ctx)
			for name, r := range parts {
				if r.Status != health.NotConfigured {
					set(oneIf(r.Status == health.Up), name)
				}
			}
			return nil
		})
	a.metrics.Reading("db_connections", "Connections of each pool: in_use, and max.", []string{"pool", "state"},
		a.pools(func(p db.Pool, set metrics.Set) {
			set(float64(p.InUse), p.Name, "in_use")
			set(float64(p.Max), p.Name, "max")
		}))
	a.metrics.Reading("db_wait_seconds",
		"How long everybody together has waited for a connection of each pool since the start.", []string{"pool"},
		a.pools(func(p db.Pool, set metrics.Set) {
			set(p.Waited.Seconds(), p.Name)
		}))
	a.metrics.Reading("jobs_waiting",
		"Background jobs that have not ended, in every process, by state: available, retryable, running or scheduled.",
		[]string{"state"}, a.backlogs(func(b db.Backlog, set metrics.Set) {
			set(float64(b.Jobs), b.State)
		}))
	a.metrics.Reading("jobs_overdue_seconds", "How long the first job of each state has been due.", []string{"state"},
		a.backlogs(func(b db.Backlog, set metrics.Set) {
			set(b.Oldest.Seconds(), b.State)
		}))
	a.metrics.Reading("model_window", "Questions to each model that this process may have in flight, as its provider's "+
		"answers have taught it.", []string{"model"},
		func(_ context.Context, set metrics.Set) error {
			if c := a.model; c != nil {
				for model, n := range c.Windows() {
					set(float64(n), model)
				}
			}
			return nil
		})
}

func (a *App) pools(each func(db.Pool, metrics.Set)) func(context.Context, metrics.Set) error {
	return func(_ context.Context, set metrics.Set) error {
		for _, p := range a.DB.Pools() {
			each(p, set)
		}
		return nil
	}
}

func (a *App) backlogs(each func(db.Backlog, metrics.Set)) func(context.Context, metrics.Set) error {
	return func(ctx context.Context, set metrics.Set) error {
		all, err := a.DB.Backlogs(ctx)
		for _, b := range all {
			each(b, set)
		}
		return err
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
