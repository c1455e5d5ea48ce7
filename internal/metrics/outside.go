package metrics

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Namer names an answer that is no success, by its status and the beginning of its body. It knows a fixed list of
// names.
type Namer func(status int, body []byte) string

// Transport counts every call of an outside service that goes through next. With a namer, failures are counted by name.
func (m *Metrics) Transport(service string, name Namer, next http.RoundTripper) http.RoundTripper {
	if m == nil {
		return next
	}
	return transport{m, service, name, next}
}

type transport struct {
	m       *Metrics
	service string
	name    Namer
	next    http.RoundTripper
}

// maxNamed is how much of a refusal is looked at for its name.
const maxNamed = 64 << 10

// failed counts a failure by its name, and leaves the answer as it was.
func (t transport) failed(res *http.Response, err error) {
	if t.name == nil || err == nil && res.StatusCode < http.StatusBadRequest {
		return
	}
	name := "no_answer"
	if err == nil {
		head, _ := io.ReadAll(io.LimitReader(res.Body, maxNamed)) // whoever reads the body meets the same error
		res.Body = readAgain{io.MultiReader(bytes.NewReader(head), res.Body), res.Body}
		name = t.name(res.StatusCode, head)
	}
	t.m.failures.WithLabelValues(t.service, name).Inc()
}

// readAgain is a body of which the beginning was read before.
type readAgain struct {
	io.Reader
	io.Closer
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
	t.failed(res, err)
	return res, err
}
