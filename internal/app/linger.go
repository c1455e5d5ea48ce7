package app

import (
	"cmp"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// A request that is refused before all of its body was read. net/http answers, waits half a second and closes; what the
// client goes on sending is then answered with a reset, which makes many clients throw the answer away before they have
// shown it. So here the answer is sent, and the rest of the body is read into nothing for a while, as nginx does
// (lingering_close): a client that reads meanwhile, such as curl, stops by itself, and one that sends all before it
// reads gets through. Bodies below what net/http reads by itself are left to it.

const (
	lingerFrom = 256 << 10        // bytes, which net/http reads by itself
	lingerIdle = 5 * time.Second  // for the next piece
	lingerAll  = 30 * time.Second // for all of it
)

// lingering lets next answer while a large body is still arriving, and reads what it left of the body.
func (a *App) lingering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.ContentLength >= 0 && r.ContentLength < lingerFrom || control.EnableFullDuplex() != nil {
			next.ServeHTTP(w, r)
			return
		}
		body, answer := &watchedBody{ReadCloser: r.Body}, &heldAnswer{ResponseWriter: w}
		asked := r.WithContext(r.Context())
		asked.Body = body
		next.ServeHTTP(answer, asked)
		awaited := r.Header.Get("Expect") != "" && !body.begun.Load() // the client waits to be asked for it, and was refused
		if body.ended.Load() || awaited {
			answer.pass()
			return
		}
		if answer.finish() == nil {
			a.swallow(control, r.Body)
		}
	})
}

// swallow reads a body until it ends, pauses for long, takes too long, or this process leaves.
func (a *App) swallow(control *http.ResponseController, body io.Reader) {
	piece := make([]byte, 32<<10)
	for end := time.Now().Add(lingerAll); time.Now().Before(end) && !a.leaving.Load(); {
		if control.SetReadDeadline(time.Now().Add(lingerIdle)) != nil {
			return
		}
		if _, err := body.Read(piece); err != nil {
			return
		}
	}
}

// watchedBody notes whether a body was read, and to its end. Who closes it leaves the rest to swallow; net/http closes
// the body itself in the end.
type watchedBody struct {
	io.ReadCloser
	begun, ended atomic.Bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.begun.Store(true)
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.ended.Store(true)
	}
	return n, err
}

func (*watchedBody) Close() error { return nil }

// heldAnswer holds a short answer back until its length is known: the end of one without a length is only sent when its
// handler returns, and a client would wait for that end while the rest of its body is read.
type heldAnswer struct {
	http.ResponseWriter
	status int
	held   []byte
	passed bool
}

const maxHeld = 64 << 10

// Unwrap is for http.ResponseController.
func (h *heldAnswer) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *heldAnswer) WriteHeader(status int) {
	if status < http.StatusOK || h.passed {
		h.ResponseWriter.WriteHeader(status)
		return
	}
	h.status = cmp.Or(h.status, status)
}

func (h *heldAnswer) Write(p []byte) (int, error) {
	if !h.passed && len(h.held)+len(p) <= maxHeld {
		h.status = cmp.Or(h.status, http.StatusOK)
		h.held = append(h.held, p...)
		return len(p), nil
	}
	h.pass()
	return h.ResponseWriter.Write(p)
}

// FlushError is for http.ResponseController: what is flushed has no known length.
func (h *heldAnswer) FlushError() error {
	h.pass()
	return http.NewResponseController(h.ResponseWriter).Flush()
}

// pass sends what was held, and holds no more.
func (h *heldAnswer) pass() {
	if h.passed {
		return
	}
	h.passed = true
	if h.status != 0 {
		h.ResponseWriter.WriteHeader(h.status)
	}
	if len(h.held) > 0 {
		_, _ = h.ResponseWriter.Write(h.held)
	}
	h.held = nil
}

// finish sends the whole answer now, and says that the connection will be closed, which tells a client to stop sending.
func (h *heldAnswer) finish() error {
	if !h.passed {
		h.Header().Set("Connection", "close")
		if h.Header().Get("Content-Length") == "" && h.status != http.StatusNoContent {
			h.Header().Set("Content-Length", strconv.Itoa(len(h.held)))
		}
	}
	return h.FlushError()
}
