// Package metrics counts what an operator watches, and shows it to Prometheus.
//
//	m := metrics.New("1.4.0", "8c1f03d")
//	m.Request("GET", "GET /api/v1/users/me", 200, took)
//	http.Handle("GET /metrics", m.Handler())
//
// Every name begins with repazoo_, times are in seconds and money is in US dollars. Labels have few values, all from
// the program's own tables: routes as they are registered, never a path, a user or an address. What each figure means
// is its help text; docs/monitoring.md tells what to do with them.
//
// A nil *Metrics counts nothing, so that whoever counts need not ask whether anybody watches.
package metrics

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// scrapeTime bounds a scrape, and readTime what is read for it: a reading that is slow, because the database does not
// answer, ends in time for the rest to be shown.
const (
	scrapeTime = 5 * time.Second
	readTime   = 3 * time.Second
)

// Metrics is every figure of one process. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	figures  []Figure

	requests, limited, kept, jobs, outside, failures, hooks, analyses, tokens, spent *prometheus.CounterVec
	requestTime, limiterTime, jobTime, outsideTime                                   *prometheus.HistogramVec
	inFlight                                                                         prometheus.Gauge
}

// Figure is the name of a figure, what it means and the labels it has.
type Figure struct {
	Name, Help string
	Labels     []string
}

// Figures are all there are, in the order they were added, without those of the Go runtime and the process.
func (m *Metrics) Figures() []Figure { return m.figures }

// Buckets from a read of the in-process limiter to a long analysis; each reaches a little beyond the targets.
var (
	requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	limiterBuckets = []float64{.00001, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1}
	outsideBuckets = []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}
	jobBuckets     = []float64{.005, .025, .1, .5, 1, 5, 15, 60, 300, 1800}
)

// New makes the figures of a process of this version.
func New(version, commit string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.requests = m.counter("http_requests_total",
		"Requests that were answered, by the route as it is registered; none is an address that does not exist.", "method",
		"route", "status")
	m.requestTime = m.histogram("http_request_duration_seconds",
		"From the request's header to the last byte of its answer. Streams last as long as somebody listens.",
		requestBuckets, "method", "route")
	m.inFlight = m.gauge("http_requests_in_flight", "Requests that are being answered, streams included.", nil)
	m.limited = m.counter("limiter_decisions_total",
		"Decisions of the rate limiter: allowed or refused, and whether redis or this process alone (local) counted.",
		"group", "outcome", "counted_by")
	m.limiterTime = m.histogram("limiter_duration_seconds", "How long a decision of the rate limiter took.",
		limiterBuckets, "counted_by")
	m.kept = m.counter("kept_answers_total", "Looks for an answer that is kept in memory: hit, miss, or a drop, "+
		"because something of it had changed (changed) or its time had come (old); "+
		"and answers that had to go for others (room).", "outcome")
	m.jobs = m.counter("jobs_total",
		"Tries of background jobs, by how they ended: completed, failed (and tried again, unless it was the last), "+
			"snoozed or cancelled.", "kind", "outcome")
	m.jobTime = m.histogram("job_duration_seconds", "How long one try of a background job took.", jobBuckets, "kind")
	m.outside = m.counter("outside_requests_total",
		"Calls of outside services: x, stripe, claude, and mail with the codes of SMTP. The status is none when no answer "+
			"came.", "service", "status")
	m.outsideTime = m.histogram("outside_request_duration_seconds",
		"From the call of an outside service to the header of its answer.", outsideBuckets, "service")
	m.failures = m.counter("outside_failures_total",
		"Answers of x, stripe and claude that are no success, by the name of the failure, which tells who must act; "+
			"no_answer when none came.", "service", "name")
	m.hooks = m.counter("webhook_tries_total",
		"Tries to tell users' own webhooks, by the answer: 2xx to 5xx, or none. A user's server that is down is their "+
			"trouble.", "outcome")
	m.analyses = m.counter("analyses_total", "Analyses whose run ended, by how: completed or failed.", "outcome")
	m.tokens = m.counter("model_tokens_total", "Tokens the model was paid for: input, output, cache_read, cache_write.",
		"model", "type")
	m.spent = m.counter("spent_dollars_total",
		"What was spent, in US dollars by the prices of the report: on x for each post and profile read, on claude for "+
			"tokens.", "service")
	m.gauge("build_info", "1; its labels tell which program runs.",
		prometheus.Labels{"version": version, "commit": commit}).Set(1)
	return m
}

const prefix = "repazoo_"

// add registers a figure.
func (m *Metrics) add(name, help string, labels []string, c prometheus.Collector) {
	m.registry.MustRegister(c)
	m.figures = append(m.figures, Figure{prefix + name, help, labels})
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
	m.add(name, help, labels, c)
	return c
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, labels)
	m.add(name, help, labels, h)
	return h
}

func (m *Metrics) gauge(name, help string, always prometheus.Labels) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help, ConstLabels: always})
	m.add(name, help, slices.Sorted(maps.Keys(always)), g)
	return g
}

// Handler shows the figures. It belongs on a listener of its own: they are nobody else's business.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Timeout: scrapeTime, MaxRequestsInFlight: 2,
		ErrorHandling: promhttp.ContinueOnError,
	})
}

// Request counts an answered request; route is "" for an address that does not exist.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	if m == nil {
		return
	}
	method, route = known(method), orNone(route)
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.requestTime.WithLabelValues(method, route).Observe(took.Seconds())
}

// Flight counts a request that is being answered until landed is called.
func (m *Metrics) Flight() (landed func()) {
	if m == nil {
		return func() {}
	}
	m.inFlight.Inc()
	return m.inFlight.Dec
}

// known keeps what callers make up out of the labels.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return method
	}
	return "other"
}

func orNone(label string) string {
	if label == "" {
		return "none"
	}
	return label
}

// Limited counts a decision of the rate limiter about a group of routes; "" is everything that is in none.
func (m *Metrics) Limited(group string, allowed, local bool, took time.Duration) {
	if m == nil {
		return
	}
	outcome, by := "refused", "redis"
	if allowed {
		outcome = "allowed"
	}
	if local {
		by = "local"
	}
	m.limited.WithLabelValues(orNone(group), outcome, by).Inc()
	m.limiterTime.WithLabelValues(by).Observe(took.Seconds())
}

// Kept counts a look for an answer that is kept in memory, or one that had to go.
func (m *Metrics) Kept(outcome string) {
	if m != nil {
		m.kept.WithLabelValues(outcome).Inc()
	}
}

// Analysis counts an analysis whose run ended: completed or failed.
func (m *Metrics) Analysis(outcome string) {
	if m != nil {
		m.analyses.WithLabelValues(outcome).Inc()
	}
}

// Tokens is what one answer of a model used; the four do not overlap.
type Tokens struct{ Input, Output, CacheRead, CacheWrite int64 }

// Model counts an answer of a model, and what it cost in US dollars.
func (m *Metrics) Model(model string, t Tokens, dollars float64) {
	if m == nil {
		return
	}
	for kind, n := range map[string]int64{
		"input": t.Input, "output": t.Output, "cache_read": t.CacheRead,
		"cache_write": t.CacheWrite,
	} {
		m.tokens.WithLabelValues(model, kind).Add(float64(n))
	}
	m.spent.WithLabelValues("claude").Add(dollars)
}

// Reads counts what posts read from X cost, in US dollars.
func (m *Metrics) Reads(dollars float64) {
	if m != nil {
		m.spent.WithLabelValues("x").Add(dollars)
	}
}

// Unbatched counts requests of a batch that have no answer, under the names of direct calls that failed.
func (m *Metrics) Unbatched(name string, n int) {
	if m != nil {
		m.failures.WithLabelValues("claude", name).Add(float64(n))
	}
}
