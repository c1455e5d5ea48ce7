package logs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/getsentry/sentry-go"
)

const sentryTime = 5 * time.Second // for one event, and for the last ones at the end

// sentryHandler sends lines of level ERROR to Sentry: their words and attributes as they stand in the log, and nothing
// of the machine, the request or the source.
type sentryHandler struct {
	client *sentry.Client
	attrs  []slog.Attr
	group  string
}

func newSentry(c Config) (*sentryHandler, error) {
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: c.SentryDSN, Release: "repazoo@" + c.Release, Environment: c.Environment, ServerName: "repazoo",
		HTTPClient: &http.Client{Timeout: sentryTime},
		// each of them looks at something of the machine
		Integrations: func([]sentry.Integration) []sentry.Integration { return nil },
	})
	if err != nil {
		// err would quote the key
		return nil, errors.New("SENTRY_DSN is not an address of Sentry: expected https://key@host/project")
	}
	return &sentryHandler{client: client}, nil
}

func (h *sentryHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}

func (h *sentryHandler) Handle(_ context.Context, r slog.Record) error {
	e := sentry.NewEvent()
	e.Level, e.Timestamp, e.Message = sentry.LevelError, r.Time, r.Message
	e.Fingerprint = []string{r.Message}
	about := sentry.Context{}
	for _, a := range h.attrs {
		tell(e, about, a)
	}
	r.Attrs(func(a slog.Attr) bool { tell(e, about, h.within(a)); return true })
	e.Contexts["log"] = about
	h.client.CaptureEvent(e, nil, nil)
	return nil
}

// tagged are attributes with few values: what errors are grouped and searched by.
var tagged = []string{"code", "route", "part", "status", "service"}

func tell(e *sentry.Event, about sentry.Context, a slog.Attr) {
	a = replace(nil, slog.Attr{Key: a.Key, Value: a.Value.Resolve()})
	value := a.Value.String()
	if err, ok := a.Value.Any().(error); ok {
		value = err.Error()
	}
	about[a.Key] = value
	if slices.Contains(tagged, a.Key) {
		e.Tags[a.Key] = value
		e.Fingerprint = append(e.Fingerprint, fmt.Sprint(a.Key, "=", value))
	}
}

func (h *sentryHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		next.attrs = append(next.attrs, h.within(a))
	}
	return &next
}

func (h *sentryHandler) within(a slog.Attr) slog.Attr {
	return slog.Attr{Key: h.group + a.Key, Value: a.Value}
}

func (h *sentryHandler) WithGroup(name string) slog.Handler {
	next := *h
	next.group = h.group + name + "."
	return &next
}

func (h *sentryHandler) close() {
	h.client.Flush(sentryTime)
	h.client.Close()
}
