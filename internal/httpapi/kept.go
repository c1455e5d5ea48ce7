package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/repazoo/repazoo/internal/limit"
	"github.com/repazoo/repazoo/internal/recall"
	"github.com/repazoo/repazoo/internal/words"
)

// The answers of routes that are asked most are kept in memory (internal/recall) under the version that the
// limiter's call brings along (internal/limit, version.go). Only whole answers of 200 to a GET without a query are,
// by user, route and language, and only if the handler has said until when time alone will not change it. No other
// header may matter to such a handler. Everything before it, such as the sign-in and the limits, is done for each
// request; so an answer from memory differs from another in nothing but where it came from.

// Versions is what this surface has to know of versions besides what the limiter tells.
type Versions interface {
	// Certain tells whether every process marks users under the one key that LimitKey makes.
	Certain() bool
	// Marked says, in the context of a request, that its own call at the limiter has marked the user.
	Marked(ctx context.Context, user string, at time.Time) context.Context
}

// take counts a request. A request that may change something replaces its user's version in the same call.
func (a *API) take(r *http.Request, key string, ws []limit.Window, own bool) (limit.Decision, *http.Request, error) {
	if !own || a.Versions == nil || !a.Versions.Certain() {
		d, err := a.Limiter.Take(r.Context(), key, ws)
		return d, r, err
	}
	info, begun := requestFrom(r.Context()), time.Now()
	info.began = a.Now()
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		d, err := a.Limiter.Take(r.Context(), key, ws)
		info.version = recall.Version(d.Version)
		return d, r, err
	}
	d, err := a.Limiter.TakeMarking(r.Context(), key, ws)
	if err == nil && d.Version.ID != 0 {
		r = r.WithContext(a.Versions.Marked(r.Context(), info.user, begun))
	}
	return d, r, err
}

// mayKeep is called by a handler whose answer may be kept until a moment, or for as long as nothing changes it if
// the moment is zero. Of several moments the first counts.
func mayKeep(ctx context.Context, until time.Time) {
	info := requestFrom(ctx)
	info.mayKeep = true
	if info.until.IsZero() || !until.IsZero() && until.Before(info.until) {
		info.until = until
	}
}

// remember answers from memory, and keeps what may be kept.
func (a *API) remember(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := requestFrom(r.Context())
		if !a.kept[info.route] || info.version.ID == 0 || r.Method != http.MethodGet || r.URL.RawQuery != "" {
			next.ServeHTTP(w, r)
			return
		}
		key := recall.Key{User: info.user, Route: info.route, Language: languageIn(r)}
		if found, ok := a.Memory.Recall(key, info.version); ok {
			w.Header().Set("Content-Type", found.Type)
			_, _ = w.Write(found.Body) // the caller may be gone
			return
		}
		if !a.Memory.Keeps(info.version) {
			next.ServeHTTP(w, r)
			return
		}
		copied := &copier{ResponseWriter: w}
		next.ServeHTTP(copied, r)
		if info.mayKeep && copied.whole() {
			a.Memory.Keep(key, info.version, recall.Answer{
				Body: copied.body.Bytes(), Type: w.Header().Get("Content-Type"), Began: info.began, Until: info.until,
			})
		}
	})
}

// languageIn is the language that a request asks for, of those that there are; "" if it does not say.
func languageIn(r *http.Request) string {
	if accept := r.Header.Get("Accept-Language"); accept != "" {
		return words.Choose(accept, "").Tag
	}
	return ""
}

// copier notes an answer while it is written.
type copier struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	broken bool // it was not written whole, or is too long to be kept
}

func (c *copier) WriteHeader(status int) {
	if c.status == 0 && status >= http.StatusOK {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *copier) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	if err != nil || n != len(b) || c.body.Len()+n > recall.MaxAnswer {
		c.broken = true
		return n, err
	}
	c.body.Write(b)
	return n, nil
}

// Unwrap lets http.ResponseController reach the connection.
func (c *copier) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *copier) whole() bool { return c.status == http.StatusOK && !c.broken }
