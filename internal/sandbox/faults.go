package sandbox

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is one way a stand-in misbehaves, for the next Times calls that match it.
//
// Exactly one of Drop, Malformed, Truncate and Status decides what the caller sees; with none of them set the true
// answer is given, only later, after Delay.
type Fault struct {
	Method string `json:"method,omitempty"` // empty matches every method
	// a path.Match pattern over the full path, such as "/x/2/users/*/tweets"; a trailing "/**" matches everything below
	Path  string `json:"path"`
	Times int    `json:"times,omitempty"` // how many calls fail; 0 means 1, negative means every call
	// waited before answering, in nanoseconds of real time; ends when the caller gives up
	Delay time.Duration `json:"delay,omitempty"`
	// answer with this status, Header and Body instead of the true answer
	Status    int               `json:"status,omitempty"`
	Header    map[string]string `json:"header,omitempty"`    // added to the answer
	Body      string            `json:"body,omitempty"`      // with Status
	Drop      bool              `json:"drop,omitempty"`      // close the connection in the middle of the status line
	Malformed bool              `json:"malformed,omitempty"` // the true status with a body that is not JSON
	// the true answer, its connection closed halfway through the body
	Truncate bool `json:"truncate,omitempty"`
}

// Fail switches f on. Faults that match the same call are used up in the order they were added.
func (s *Sandbox) Fail(f Fault) {
	f.Times = cmp.Or(f.Times, 1)
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &f)
}

// Heal switches every fault off.
func (s *Sandbox) Heal() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

type faults struct {
	mu   sync.Mutex
	list []*Fault
}

// take finds the first fault that matches r and uses up one of its times.
func (fs *faults) take(r *http.Request) *Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = slices.DeleteFunc(fs.list, func(f *Fault) bool { return f.Times == 0 })
	for _, f := range fs.list {
		if (f.Method == "" || f.Method == r.Method) && matchPath(f.Path, r.URL.Path) {
			if f.Times > 0 {
				f.Times--
			}
			return f
		}
	}
	return nil
}

// describe lists the faults that are still on, as the JSON they can be posted as.
func (fs *faults) describe() []string {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var out []string
	for _, f := range fs.list {
		if f.Times != 0 {
			b, _ := json.Marshal(f) //nolint:errchkjson // a Fault always marshals
			out = append(out, string(b))
		}
	}
	return out
}

// matchPath reports whether p matches a path.Match pattern, or lies below it when the pattern ends in "/**".
func matchPath(pattern, p string) bool {
	if below, ok := strings.CutSuffix(pattern, "/**"); ok {
		return strings.HasPrefix(p, below+"/")
	}
	ok, err := path.Match(pattern, p)
	return err == nil && ok
}

// apply answers r with next, or in the way a matching fault says.
func (fs *faults) apply(next http.Handler, w http.ResponseWriter, r *http.Request) {
	f := fs.take(r)
	if f == nil {
		next.ServeHTTP(w, r)
		return
	}
	if !wait(r, f.Delay) {
		return
	}
	for k, v := range f.Header {
		w.Header().Set(k, v)
	}
	switch {
	case f.Drop:
		drop(w)
	case f.Malformed || f.Truncate:
		spoil(f, next, w, r)
	case f.Status != 0:
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
	default:
		next.ServeHTTP(w, r)
	}
}

// wait reports whether the caller was still there after d.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// drop closes the connection. The few bytes before keep Go's transport from quietly trying a reused connection again,
// so that one Drop is one failed call.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // not a connection that can be taken over, such as a recorder's
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(conn, "HTTP/1")
	conn.Close()
}

// spoil takes the true answer and breaks its body.
func spoil(f *Fault, next http.Handler, w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	body := rec.Body.Bytes()
	maps.Copy(w.Header(), rec.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	if f.Malformed {
		_, _ = io.WriteString(w, `{"data": [ <!-- not JSON`)
		return
	}
	_, _ = w.Write(body[:len(body)/2])
	if fl, ok := w.(http.Flusher); ok {
		fl.Flush()
	}
	panic(http.ErrAbortHandler)
}
