package httpapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/repazoo/repazoo/internal/fault"
)

// People follow links to some operations, such as the file of a report. When there is no file for them, a browser shows
// a page that says why; programs get the problem, as everywhere.

// asksForPage tells whether a refusal is for a person at a browser.
func (a *API) asksForPage(r *http.Request) bool {
	route := requestFrom(r.Context()).route
	shown := route == "" || a.pages[route] || a.followed[route]
	return a.Pages != nil && shown && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// refusePerson shows the page of a refusal. Whoever follows a link without being signed in is asked to, and led back.
func (a *API) refusePerson(w http.ResponseWriter, r *http.Request, p *Problem) {
	if p.Status == http.StatusUnauthorized && a.followed[requestFrom(r.Context()).route] &&
		r.Header.Get("Authorization") == "" {
		q := url.Values{"error": {fault.Unauthenticated.Code}, "next": {r.URL.RequestURI()}}
		http.Redirect(w, r, "/?"+q.Encode(), http.StatusSeeOther)
		return
	}
	maps.Copy(w.Header(), p.GetHeaders())
	a.Pages.Refuse(w, r, p.Status, forPeople(p))
}

// serveLink lets the operation answer, and shows its problem as a page.
func (a *API) serveLink(next http.Handler, w http.ResponseWriter, r *http.Request) {
	c := &catcher{ResponseWriter: w}
	next.ServeHTTP(c, r)
	if !c.caught {
		return
	}
	var p Problem
	if err := json.Unmarshal(c.body.Bytes(), &p); err != nil {
		p = *refusal(r.Context(), a.Log, err)
	}
	w.Header().Del("Content-Type")
	w.Header().Del("Content-Length")
	a.refusePerson(w, r, &p)
}

// catcher holds a problem back and lets everything else pass.
type catcher struct {
	http.ResponseWriter
	caught bool
	body   bytes.Buffer
}

func (c *catcher) WriteHeader(status int) {
	if c.caught = status >= 400 && strings.HasPrefix(c.Header().Get("Content-Type"), problemType); !c.caught {
		c.ResponseWriter.WriteHeader(status)
	}
}

func (c *catcher) Write(b []byte) (int, error) {
	if c.caught {
		return c.body.Write(b)
	}
	return c.ResponseWriter.Write(b)
}

// Flush and Unwrap serve what is streamed.
func (c *catcher) Flush() {
	if !c.caught {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
	}
}

func (c *catcher) Unwrap() http.ResponseWriter { return c.ResponseWriter }
