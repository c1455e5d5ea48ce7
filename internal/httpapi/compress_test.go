package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compressed asks for size bytes of a type through the compressor.
func compressed(t *testing.T, contentType, accepts string, size int) *httptest.ResponseRecorder {
	t.Helper()
	h := compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, strings.Repeat("a", size))
	}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Accept-Encoding", accepts)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestCompress_IsForWhatShrinksFromAKibibyteOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contentType, accepts string
		size                 int
		want                 string
	}{
		{"application/json", "gzip", 1024, "gzip"},
		{"application/json", "gzip", 1023, ""},
		{"application/json", "gzip, deflate, br, zstd", 2000, "zstd"},
		{"application/json", "br", 2000, ""},
		{"application/json", "gzip;q=0", 2000, ""},
		{"application/json", "", 2000, ""},
		{"application/problem+json", "gzip", 2000, "gzip"},
		{"text/html; charset=utf-8", "gzip", 2000, "gzip"},
		{"text/csv; charset=utf-8", "gzip", 2000, "gzip"},
		{"text/javascript; charset=utf-8", "gzip", 2000, "gzip"},
		{"image/svg+xml", "gzip", 2000, "gzip"},
		{"image/png", "gzip", 2000, ""},
		{"application/pdf", "gzip", 2000, ""},
		{"application/zip", "gzip", 2000, ""},
		{"text/event-stream", "gzip", 2000, ""},
		{"text/event-stream; charset=utf-8", "zstd", 2000, ""},
	} {
		w := compressed(t, c.contentType, c.accepts, c.size)
		if got := w.Header().Get("Content-Encoding"); got != c.want {
			t.Errorf("%d bytes of %s for %q are encoded as %q, want %q", c.size, c.contentType, c.accepts, got, c.want)
		}
		if got := w.Header().Get("Vary"); got != "Accept-Encoding" {
			t.Errorf("%s for %q: Vary %q", c.contentType, c.accepts, got)
		}
		if got := decoded(t, w); got != strings.Repeat("a", c.size) {
			t.Errorf("%d bytes of %s for %q became %d", c.size, c.contentType, c.accepts, len(got))
		}
	}
}

func decoded(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var from io.Reader = w.Body
	var err error
	switch w.Header().Get("Content-Encoding") {
	case "gzip":
		from, err = gzip.NewReader(w.Body)
	case "zstd":
		from, err = zstd.NewReader(w.Body)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The first event of a stream is there before the second has happened.
func TestCompress_AnEventLeavesAtOnce(t *testing.T) {
	t.Parallel()
	second := make(chan struct{})
	srv := httptest.NewServer(compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-second:
			_, _ = io.WriteString(w, "data: 2\n\n")
		case <-r.Context().Done():
		}
	})))
	t.Cleanup(srv.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip, zstd")
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, len("data: 1\n\n"))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "data: 1\n\n" {
		t.Fatalf("%q, %v", first, err)
	}
	close(second)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "data: 2\n\n" {
		t.Errorf("%q, %v", rest, err)
	}
}
