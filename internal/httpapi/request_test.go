package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func TestRequestID_IsTakenOverOnlyWhenWellFormed(t *testing.T) {
	t.Parallel()
	h := newDocs(t, true).Handler()
	for id, taken := range map[string]bool{
		"6b1f2c3d-84a5-4e96-b7c8-09d1e2f3a4b5": true, "a_B-4567": true, strings.Repeat("a", 64): true,
		"": false, "short": false, strings.Repeat("a", 65): false, "has spaces in it": false, "line\nbreak-12": false,
		"<script>alert(1)</script>": false, `quote"quote"`: false, "ünïcödé-id": false, "semi;colon=1": false,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/docs/assets/nothing", nil)
		r.Header.Set("X-Request-ID", id)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := w.Header().Get("X-Request-ID")
		if (got == id) != taken || len(got) < 8 {
			t.Errorf("%q became %q", id, got)
		}
		if want := `"request_id":` + strconv.Quote(got); !strings.Contains(w.Body.String(), want) {
			t.Errorf("the problem does not hold %s: %s", want, w.Body)
		}
	}
}
