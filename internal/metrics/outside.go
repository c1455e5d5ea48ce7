package metrics

import (
	"net/http"
	"strconv"
	"time"
)

// Transport counts every call of an outside service that goes through next.
func (m *Metrics) Transport(service string, next http.RoundTripper) http.RoundTripper {
	if m == nil {
		return next
	}
	return transport{m, service, next}
}

type transport struct {
	m       *Metrics
	service string
	next    http.RoundTripper
}

// Outside counts a call that is no HTTP; status is "none" when no answer came.
func (m *Metrics) Outside(service, status string, took time.Duration) {
	if m == nil {
		return
	}
	m.outside.WithLabelValues(service, status).Inc()
	m.outsideTime.WithLabelValues(service).Observe(took.Seconds())
}

// Hook counts a try at a webhook of a user.
func (m *Metrics) Hook(outcome string) {
	if m != nil {
		m.hooks.WithLabelValues(outcome).Inc()
	}
}

// RoundTrip counts the call and hands it on as it is.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	res, err := t.next.RoundTrip(r)
	status := "none"
	if err == nil {
		status = strconv.Itoa(res.StatusCode)
	}
	t.m.Outside(t.service, status, time.Since(start))
	return res, err
}
