// Package web is how the stand-ins and the pages of /sandbox/ speak HTTP: JSON answers, pages in one frame, and the
// small JSON bodies of the control calls.
package web

import (
	"encoding/json"
	"net/http"

	"github.com/a-h/templ"
)

// MaxBody is how many bytes the body of a control call or a form may have.
const MaxBody = 64 << 10

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"

// JSON answers with v.
func JSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) //nolint:errchkjson // a broken connection is the caller's to notice
}

// Page answers with a page that runs no script and is not kept.
func Page(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = page.Render(r.Context(), w) // fails only when the connection is broken, which the caller notices
}

// ReadControl reads the JSON body of a control call into v. It answers the refusal itself and then reports false.
func ReadControl(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		http.Error(w, "the body must be the JSON that /sandbox/ describes", http.StatusBadRequest)
		return false
	}
	return true
}
