package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

const (
	maxCalls     = 20_000   // calls remembered; the oldest are forgotten
	maxCallBytes = 32 << 20 // bytes of their bodies together
	maxCallBody  = 16 << 20 // bytes of one request body that are remembered
)

// Call is one request a stand-in received, kept for tests that prove what was, and was not, sent.
type Call struct {
	At     time.Time
	Method string
	Path   string // with the prefix of the stand-in, such as "/x/2/users/me"
	Query  url.Values
	Header http.Header
	Body   []byte // the first 16 MiB
}

// Calls lists the calls whose path matches pattern, oldest first. Patterns are those of [Fault].Path.
func (s *Sandbox) Calls(pattern string) []Call {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	var out []Call
	for _, c := range s.calls.list {
		if matchPath(pattern, c.Path) {
			out = append(out, c)
		}
	}
	return out
}

type calls struct {
	mu   sync.Mutex
	list []Call
	held int // bytes of the bodies in list
	seen int // calls ever
}

// count is how many calls were seen, also those forgotten since.
func (cs *calls) count() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.seen
}

// record notes r and leaves its body readable again.
func (cs *calls) record(r *http.Request, now time.Time) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCallBody))
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), errReader{err}))
	c := Call{now, r.Method, r.URL.Path, r.URL.Query(), r.Header.Clone(), body}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.seen++
	cs.held += len(body)
	cs.list = append(cs.list, c)
	cs.forget()
}

// forget drops the older half of the calls when they are too many or too large. The caller holds the lock.
func (cs *calls) forget() {
	for len(cs.list) > 1 && (len(cs.list) > maxCalls || cs.held > maxCallBytes) {
		half := len(cs.list) / 2
		for _, c := range cs.list[:half] {
			cs.held -= len(c.Body)
		}
		cs.list = slices.Delete(cs.list, 0, half)
	}
}

// errReader ends with the error that reading the body ended with.
type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	return 0, io.EOF
}
