package app

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"
)

// Bounds are how long a client may take before its connection is cut off. Zero is the default.
type Bounds struct {
	Header time.Duration // until the header of a request is there: 5 s
	Body   time.Duration // until a body of JSON is there: 15 s
	Upload time.Duration // until the next piece of an upload is there: 30 s
	Read   time.Duration // until a request is there whose route has no bound of its own: 30 s
	// from the header of a request to the last byte of its answer; streams and uploads move it on: 60 s
	Write time.Duration
	Idle  time.Duration // between two requests: 2 min
}

// maxHeader is the size of a request's header, in bytes, to which net/http adds 4 KiB.
const maxHeader = 32 << 10

func (a *App) newServer() *http.Server {
	b := a.opt.Bounds
	return &http.Server{
		Handler: a.handler(), MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: cmp.Or(b.Header, 5*time.Second), ReadTimeout: cmp.Or(b.Read, 30*time.Second),
		WriteTimeout: cmp.Or(b.Write, 60*time.Second), IdleTimeout: cmp.Or(b.Idle, 2*time.Minute),
		ConnState: a.unused.see,
		ErrorLog:  slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}
