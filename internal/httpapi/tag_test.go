package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHolds_FindsATagAmongThoseThatAreKnown(t *testing.T) {
	t.Parallel()
	for known, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `"b", "a"`: true, `"b",W/"a" `: true, ` * `: true, `"b", *`: false,
		``: false, `a`: false, `"b"`: false, `"aa"`: false, `"A"`: false, `w/"a"`: false, `,,`: false, `"a`: false,
	} {
		if got := holds(`"a"`, known); got != want {
			t.Errorf("%s: %v", known, got)
		}
	}
}

// A tag names bytes, so an answer that is compressed has another, which comes back without what was added.
func TestCompress_GivesEachEncodingATagOfItsOwnAndKnowsItAgain(t *testing.T) {
	t.Parallel()
	var known string
	h := compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known = r.Header.Get("If-None-Match")
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"abc"`)
		_, _ = io.WriteString(w, strings.Repeat("a", 2000))
	}))
	for accepts, want := range map[string]string{"": `"abc"`, "gzip": `"abc-gzip"`, "zstd": `"abc-zstd"`} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("Accept-Encoding", accepts)
		r.Header.Add("If-None-Match", `"old"`)
		r.Header.Add("If-None-Match", want)
		h.ServeHTTP(w, r)
		if got := w.Header().Get("ETag"); got != want {
			t.Errorf("%q: the tag is %s", accepts, got)
		}
		if known != `"old", "abc"` {
			t.Errorf("%q: what is behind sees %s", accepts, known)
		}
	}
}

// A cache finds by the tag of a 304 which of its answers is still good, so it is the one that it has sent.
func TestCompress_AnAnswerThatIsUnchangedHasTheTagThatIsKnown(t *testing.T) {
	t.Parallel()
	h := compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"abc"`)
		w.WriteHeader(http.StatusNotModified)
	}))
	for known, want := range map[string]string{
		`"abc"`: `"abc"`, `"abc-gzip"`: `"abc-gzip"`, `"old-gzip", W/"abc-zstd"`: `"abc-zstd"`, `"old"`: `"abc"`,
	} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("Accept-Encoding", "gzip, zstd")
		r.Header.Set("If-None-Match", known)
		h.ServeHTTP(w, r)
		if got := w.Header().Get("ETag"); w.Code != http.StatusNotModified || got != want {
			t.Errorf("who knows %s gets %d with %s, want %s", known, w.Code, got, want)
		}
	}
}
