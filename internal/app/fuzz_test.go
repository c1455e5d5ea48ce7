package app_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
)

// surface is the whole program behind its handler, without a listener in between.
func surface(f *testing.F) http.Handler {
	f.Helper()
	vars := map[string]string{"PORT": "0", "DATA_DIR": f.TempDir()}
	for _, group := range []string{"", "SIGN_IN_", "REFRESH_"} {
		vars["RATE_LIMIT_"+group+"PER_MINUTE"], vars["RATE_LIMIT_"+group+"PER_HOUR"] = "1000000", "1000000"
	}
	cfg, err := config.Load(f.Context(), config.Map(vars))
	if err != nil {
		f.Fatal(err)
	}
	a, err := app.New(f.Context(), cfg, app.Options{Version: "test"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(a.Close)
	return a.API.Handler()
}

// signedIn tells whether an answer gives away a session.
func signedIn(w *httptest.ResponseRecorder) bool {
	for _, c := range w.Result().Cookies() {
		if c.Value != "" {
			return true
		}
	}
	return strings.Contains(w.Body.String(), "access_token")
}

// FuzzCallback proves that no state, code and cookie that were not given out sign anybody in.
func FuzzCallback(f *testing.F) {
	h := surface(f)
	shape := strings.Repeat("A", 43)
	f.Add(shape, "code", "", "rz_state="+shape)
	f.Add(shape, "code", "access_denied", "__Host-rz_state="+shape+"; rz_state="+shape)
	f.Add("", "", "x", "rz_state")
	f.Add("\x00", strings.Repeat("c", 1025), "", "=;;\"")
	f.Fuzz(func(t *testing.T, state, code, failure, cookie string) {
		r := httptest.NewRequestWithContext(t.Context(), "GET",
			"/auth/x/callback?"+url.Values{"state": {state}, "code": {code}, "error": {failure}}.Encode(), nil)
		r.Header = http.Header{"Accept": {"application/json"}, "Cookie": {cookie}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusUnprocessableEntity || signedIn(w) {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	})
}

// FuzzCookies proves that no cookie that was not given out opens a guarded route.
func FuzzCookies(f *testing.F) {
	h := surface(f)
	f.Add("rz_access=a.b.c; rz_refresh=rzr_" + strings.Repeat("A", 43))
	f.Add("rz_refresh=\"rzr_" + strings.Repeat("A", 43) + "\"")
	f.Add("rz_access=; rz_access=; =; ; rz_refresh")
	f.Fuzz(func(t *testing.T, cookie string) {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/users/me", nil)
		r.Header = http.Header{"Cookie": {cookie}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized || signedIn(w) {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	})
}

// FuzzRefresh proves that no body, cookie and credentials that were not given out get tokens.
func FuzzRefresh(f *testing.F) {
	h := surface(f)
	f.Add([]byte(`{"refresh_token":"rzr_`+strings.Repeat("A", 43)+`"}`), "", "")
	f.Add([]byte(`{"refresh_token":null}`), "rz_refresh=rzr_"+strings.Repeat("A", 43), "Bearer x")
	f.Add([]byte(`[`), "rz_refresh=x", "Basic eDp5")
	f.Fuzz(func(t *testing.T, body []byte, cookie, credentials string) {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/auth/token/refresh", strings.NewReader(string(body)))
		r.Header = http.Header{"Content-Type": {"application/json"}, "Cookie": {cookie}, "Authorization": {credentials}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized && w.Code != http.StatusUnprocessableEntity || signedIn(w) {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	})
}
