package httpapi

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// How an address of the contract ends: its row in the route table gets an Ends, and from then on the contract marks it
// as deprecated and each of its answers, refusals included, says since when (RFC 9745), until when (RFC 8594), and what
// replaces it (RFC 5829). No address ends today; decision 19 says why the machinery is kept.

// ending announces that an address is deprecated.
type ending struct {
	Since, Until time.Time
	Successor    string // "METHOD /path" of the route that replaces it, with the same parameters
}

// deprecated adds the headers to what an operation answers.
func (a *API) deprecated(e ending) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		for name, value := range a.announcement(e, c.Param) {
			c.SetHeader(name, value)
		}
		next(c)
	}
}

// outdated is the same for a route outside huma.
func (a *API) outdated(e ending, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range a.announcement(e, r.PathValue) {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

func (a *API) announcement(e ending, param func(string) string) map[string]string {
	_, path, _ := strings.Cut(e.Successor, " ")
	link := "<" + expand(path, param) + `>; rel="successor-version"`
	if a.Docs {
		link += `, </docs>; rel="deprecation"`
	}
	return map[string]string{
		"Deprecation": "@" + strconv.FormatInt(e.Since.Unix(), 10),
		"Sunset":      e.Until.UTC().Format(http.TimeFormat),
		"Link":        link,
	}
}

// expand puts the parameters of a request into a path of the route table.
func expand(path string, param func(string) string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			parts[i] = url.PathEscape(param(strings.TrimSuffix(name, "}")))
		}
	}
	return strings.Join(parts, "/")
}
