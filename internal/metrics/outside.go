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

// RoundTrip counts the call and hands it on as it is.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	res, err := t.next.RoundTrip(r)
	status := "none"
	if err == nil {
		status = strconv.Itoa(res.StatusCode)
	}
	t.m.outside.WithLabelValues(t.service, status).Inc()
	t.m.outsideTime.WithLabelValues(t.service).Observe(time.Since(start).Seconds())
	return res, err
}
