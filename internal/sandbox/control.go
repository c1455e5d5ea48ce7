package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const maxControlBody = 64 << 10

func isControl(p string) bool { return strings.HasPrefix(p, "/sandbox/") }

// serveControl answers /sandbox/: the page of state, the clock and the faults.
func (s *Sandbox) serveControl(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /sandbox/":
		s.showState(w, r)
	case "POST /sandbox/clock":
		s.postClock(w, r)
	case "POST /sandbox/faults":
		s.postFault(w, r)
	case "POST /sandbox/webhooks":
		s.postWebhooks(w, r)
	case "POST /sandbox/retries":
		s.postRetries(w, r)
	case "POST /sandbox/disputes":
		s.postDispute(w, r)
	case "DELETE /sandbox/faults":
		s.Heal()
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

// showState is a page for a person: the clock, the people, what is switched on, and how to do it with curl.
func (s *Sandbox) showState(w http.ResponseWriter, r *http.Request) {
	var people []personRow
	for _, p := range s.x.People() {
		people = append(people, personRow{p, s.x.account(p.Handle).count()})
	}
	writeHTML(w, r, http.StatusOK, statePage(stateView{
		Now: s.Now().Format("Monday, 2 January 2006, 15:04:05 UTC"), Calls: s.calls.count(), People: people,
		Faults: s.faults.describe(), Refusals: s.x.Refusals(), Base: s.x.baseURL(r),
	}))
}

// postClock takes {"advance":"24h"}.
func (s *Sandbox) postClock(w http.ResponseWriter, r *http.Request) {
	var in struct{ Advance string }
	if !readControl(w, r, &in) {
		return
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil || d < 0 {
		http.Error(w, `advance must be a duration such as "90m" or "24h"`, http.StatusBadRequest)
		return
	}
	s.Advance(d)
	writeJSON(w, http.StatusOK, map[string]any{"now": s.Now().Format(time.RFC3339)})
}

// postFault takes one [Fault] as JSON.
func (s *Sandbox) postFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if !readControl(w, r, &f) {
		return
	}
	if !strings.HasPrefix(f.Path, "/") {
		http.Error(w, `path must be a pattern such as "/x/2/users/me" or "/x/**"`, http.StatusBadRequest)
		return
	}
	s.Fail(f)
	w.WriteHeader(http.StatusNoContent)
}

func readControl(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControlBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		http.Error(w, "the body must be the JSON that /sandbox/ describes", http.StatusBadRequest)
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) //nolint:errchkjson // a broken connection is the caller's to notice
}
