package sandbox

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/web"
	"github.com/repazoo/repazoo/internal/sandbox/x"
)

func isControl(p string) bool { return strings.HasPrefix(p, "/sandbox/") }

// serveControl answers /sandbox/: the page of state, the clock and the faults.
func (s *Sandbox) serveControl(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /sandbox/":
		s.showState(w, r)
	case "POST /sandbox/clock":
		s.postClock(w, r)
	case "POST /sandbox/posts":
		s.postPost(w, r)
	case "POST /sandbox/faults":
		s.postFault(w, r)
	case "POST /sandbox/webhooks":
		s.stripe.PostWebhooks(w, r)
	case "POST /sandbox/retries":
		s.stripe.PostRetries(w, r)
	case "POST /sandbox/disputes":
		s.stripe.PostDispute(w, r)
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
		people = append(people, personRow{p, len(s.x.Posts(p.Handle))})
	}
	web.Page(w, r, http.StatusOK, statePage(stateView{
		Now: s.Now().Format("Monday, 2 January 2006, 15:04:05 UTC"), Calls: s.calls.count(), People: people,
		Faults: s.faults.describe(), Refusals: s.x.Refusals(), Base: cmp.Or(s.cfg.PublicURL, "http://"+r.Host),
	}))
}

// postClock takes {"advance":"24h"}.
func (s *Sandbox) postClock(w http.ResponseWriter, r *http.Request) {
	var in struct{ Advance string }
	if !web.ReadControl(w, r, &in) {
		return
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil || d < 0 {
		http.Error(w, `advance must be a duration such as "90m" or "24h"`, http.StatusBadRequest)
		return
	}
	s.Advance(d)
	web.JSON(w, http.StatusOK, map[string]any{"now": s.Now().Format(time.RFC3339)})
}

// maxPosted is far more than a post on X may have.
const maxPosted = 25_000

// postPost posts in the name of a person of the stand-in of X: {"handle":"gravelpit_gus","text":"Hello"}.
func (s *Sandbox) postPost(w http.ResponseWriter, r *http.Request) {
	var in struct{ Handle, Text string }
	if !web.ReadControl(w, r, &in) {
		return
	}
	if in.Text == "" || len(in.Text) > maxPosted || s.x.Posts(in.Handle) == nil {
		http.Error(w, "handle must be of one of the people, and text a text", http.StatusBadRequest)
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"id": s.x.AddPost(in.Handle, x.Post{Text: in.Text})})
}

// postFault takes one [Fault] as JSON.
func (s *Sandbox) postFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if !web.ReadControl(w, r, &f) {
		return
	}
	if !strings.HasPrefix(f.Path, "/") {
		http.Error(w, `path must be a pattern such as "/x/2/users/me" or "/x/**"`, http.StatusBadRequest)
		return
	}
	s.Fail(f)
	w.WriteHeader(http.StatusNoContent)
}
