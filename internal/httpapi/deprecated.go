package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// The addresses of the earlier API answer until the end of 2027, and each answer says so: when it
// was outdated (RFC 9745), when it ends (RFC 8594), and what replaces it (RFC 5829).
const (
	outdatedSince = "@1795305600" // 22 November 2026
	answersUntil  = "Fri, 31 Dec 2027 23:59:59 GMT"
)

const successorKey = "successor"

// replacedBy marks an address of the earlier API. The successor has the same method unless it names one. An address that
// is its own successor is left as it is.
func replacedBy(successor string, o huma.Operation) huma.Operation {
	if successor == o.Path {
		return o
	}
	if !strings.Contains(successor, " ") {
		successor = o.Method + " " + successor
	}
	return with(o, successorKey, successor)
}

func successorOf(o huma.Operation) string {
	pattern, _ := o.Metadata[successorKey].(string)
	return pattern
}

// deprecated adds the headers to what a handler answers, refusals included.
func (a *API) deprecated(successor string) func(huma.Context, func(huma.Context)) {
	_, path, _ := strings.Cut(successor, " ")
	return func(c huma.Context, next func(huma.Context)) {
		for name, value := range a.announcement(expand(path, c.Param)) {
			c.SetHeader(name, value)
		}
		next(c)
	}
}

// outdated is the same for a route outside huma.
func (a *API) outdated(successor string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range a.announcement(successor) {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

func (a *API) announcement(successor string) map[string]string {
	link := "<" + successor + `>; rel="successor-version"`
	if a.Docs {
		link += `, </docs>; rel="deprecation"`
	}
	return map[string]string{"Deprecation": outdatedSince, "Sunset": answersUntil, "Link": link}
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
