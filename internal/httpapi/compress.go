package httpapi

import (
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// compress makes answers smaller, with zstd or gzip, for whoever accepts that: from one kibibyte on, and where it
// helps. Whether it did or not, Vary tells caches that it might. A tag of an answer that was made smaller says so at
// its end, because its bytes are others; it comes back in an If-None-Match, where what is behind this knows it without
// that.
func compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.ContentTypeFilter(shrinks), gzhttp.SuffixETag("-gzip"))
	if err != nil {
		panic(err) // the options are part of the program
	}
	return wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if known := strings.Join(r.Header.Values("If-None-Match"), ", "); known != "" {
			r.Header.Set("If-None-Match", unsuffixed.Replace(known))
			w = &unchanging{w, known}
		}
		next.ServeHTTP(w, r)
	}))
}

// unchanging gives a 304 the tag that the caller knows, since that is the tag of the answer that the caller has.
type unchanging struct {
	http.ResponseWriter
	known string
}

func (u *unchanging) WriteHeader(status int) {
	if tag := u.Header().Get("ETag"); status == http.StatusNotModified && tag != "" {
		for one := range strings.SplitSeq(u.known, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); unsuffixed.Replace(one) == tag {
				u.Header().Set("ETag", one)
				break
			}
		}
	}
	u.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (u *unchanging) Unwrap() http.ResponseWriter { return u.ResponseWriter }

var unsuffixed = strings.NewReplacer(`-gzip"`, `"`, `-zstd"`, `"`)

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
