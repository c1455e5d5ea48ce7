package httpapi

import (
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// compress makes answers smaller, with zstd or gzip, for whoever accepts that: from one kibibyte on, and where it helps.
// Whether it did or not, Vary tells caches that it might.
func compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.ContentTypeFilter(shrinks))
	if err != nil {
		panic(err) // the options are part of the program
	}
	return wrap(next)
}

// shrinks tells whether an answer of this type is worth it: words are; pictures, archives and PDFs are compressed in
// themselves. A stream of events is left alone: what has happened is not to wait in a compressor, here or in a proxy.
func shrinks(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch {
	case kind == "text/event-stream":
		return false
	case strings.HasPrefix(kind, "text/"):
		return true
	}
	return strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "javascript") || strings.HasSuffix(kind, "xml")
}
