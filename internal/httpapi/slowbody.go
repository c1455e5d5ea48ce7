package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

var (
	errStalled = errors.New("httpapi: nothing of the upload arrived for too long")
	errTooLong = errors.New("httpapi: the upload took too long")
	errLeaving = errors.New("httpapi: this process is stopping")
)

// slowBody reads the body of an upload: for long, but never waits longer than idle for the next of it, and not at all
// once this process is stopping.
type slowBody struct {
	io.ReadCloser
	until    func(time.Time) error // moves the connection's read deadline
	idle     time.Duration
	end      time.Time
	stopping context.Context
	forget   func() bool
}

func newSlowBody(w http.ResponseWriter, body io.ReadCloser, idle time.Duration, stopping context.Context) *slowBody {
	until := http.NewResponseController(w).SetReadDeadline
	wake := context.AfterFunc(stopping, func() { _ = until(time.Now()) })
	return &slowBody{body, until, idle, time.Now().Add(archiveTimeout), stopping, wake}
}

func (p *slowBody) Read(b []byte) (int, error) {
	until, why := time.Now().Add(p.idle), errStalled
	if until.After(p.end) {
		until, why = p.end, errTooLong
	}
	_ = p.until(until)           // a connection that cannot is cut off at the server's own bound
	if p.stopping.Err() != nil { // asked after the deadline was moved, which may have undone what wakes a Read
		return 0, errLeaving
	}
	n, err := p.ReadCloser.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if p.stopping.Err() != nil {
			why = errLeaving
		}
		err = errors.Join(why, err)
	}
	return n, err
}

// done leaves the connection the rest of the time: net/http listens on it for the caller's going away, and would take a
// deadline that has passed for that.
func (p *slowBody) done() {
	p.forget()
	_ = p.until(p.end)
}

// uploads counts the uploads under way by user. The zero value has none.
type uploads struct {
	mu sync.Mutex
	of map[string]int
}

// begin tells whether one more may begin. Each that did has to end.
func (u *uploads) begin(user string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.of[user] >= maxUploads {
		return false
	}
	if u.of == nil {
		u.of = map[string]int{}
	}
	u.of[user]++
	return true
}

func (u *uploads) end(user string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.of[user]--; u.of[user] == 0 {
		delete(u.of, user)
	}
}
