// Package health probes what Repazoo depends on, for load balancers and people.
//
// A probe is real (it makes a round trip) and bounded, and its result is kept for a second,
// so that a storm of probes costs one. Answers name what is down and how long the probe
// took, never an address or an error text.
package health

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Status is what a probe found.
type Status string

// The statuses. NotConfigured is healthy: the part is simply not in use.
const (
	Up            Status = "up"
	Down          Status = "down"
	NotConfigured Status = "not_configured"
)

const (
	timeout  = 2 * time.Second
	freshFor = time.Second
)

// Probe asks one part. It returns nil when the part answers.
type Probe func(context.Context) error

// Part is something Repazoo depends on.
type Part struct {
	Probe  Probe // nil: it is not in use
	Spared bool  // the program does its work without it for a while, so it never keeps traffic away
}

// Result is what a probe found, and how long it took.
type Result struct {
	Status  Status
	Latency time.Duration
}

// Checker holds the probes by name and their latest results. It is safe for concurrent use.
type Checker struct {
	parts map[string]*part
	now   func() time.Time
	log   *slog.Logger
}

type part struct {
	Part
	mu     sync.Mutex // held while probing, so that callers share one probe
	at     time.Time
	result Result
}

// New makes a Checker of parts by name.
func New(parts map[string]Part, now func() time.Time, log *slog.Logger) *Checker {
	c := &Checker{parts: map[string]*part{}, now: now, log: log}
	for name, p := range parts {
		c.parts[name] = &part{Part: p}
	}
	return c
}

// Check probes one part, unless it was probed within the last second.
func (c *Checker) Check(ctx context.Context, name string) Result {
	p := c.parts[name]
	if p == nil || p.Probe == nil {
		return Result{Status: NotConfigured}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := c.now(); p.at.IsZero() || now.Sub(p.at) >= freshFor {
		p.result, p.at = c.run(context.WithoutCancel(ctx), name, p.Probe), now
	}
	return p.result
}

// Forget drops what was found of a part, so that the next check probes it.
func (c *Checker) Forget(name string) {
	if p := c.parts[name]; p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.at = time.Time{}
	}
}

func (c *Checker) run(ctx context.Context, name string, probe Probe) Result {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	start := time.Now()
	err := probe(ctx)
	r := Result{Status: Up, Latency: time.Since(start)}
	if err != nil {
		r.Status = Down
		c.log.WarnContext(ctx, "health probe failed", "part", name, "cause", err)
	}
	return r
}

// Ready probes every part, and tells whether all that cannot be spared are up, and what each is.
func (c *Checker) Ready(ctx context.Context) (bool, map[string]Result) {
	all, ready := map[string]Result{}, true
	for name, p := range c.parts {
		all[name] = c.Check(ctx, name)
		ready = ready && (p.Spared || all[name].Status != Down)
	}
	return ready, all
}
