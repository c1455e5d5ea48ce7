package console

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// page is what the layout of every page shows.
type page struct {
	Title     string
	SignedIn  bool
	Admin     bool
	Sandbox   string // a sentence, where anything is a stand-in
	Alert     *alert // what was refused
	Done      string // what was carried out
	Version   string
	DocsLinks bool
	Watch     string // the analysis that the page follows; "" for none
	Cleanup   bool   // the page of a clean-up, with the style sheet of a report
	Moves     bool   // and it runs, so the page is kept up to date
	Report    bool   // the page needs the style sheet and the script of a report
	Charts    bool   // the page needs the style sheets of charts
	Public    bool   // it is for everybody, with the style sheet of such pages
	Guess     bool   // the page has a field for a time zone, which a script fills in
	Sheet     bool   // it shows a report that nothing can be done to
	Path      string // of a public page: its address, which search engines may list
	Words     string // the same: what it is about, for links to it
	Site      Site

	files assets
}

func (c *Console) page(v *visit, title string) page {
	return page{
		Title: title, SignedIn: v.me.UserID != "", Admin: v.isAdmin(), Sandbox: sandboxWords(v.tongue(), c.Sandboxed),
		Alert: v.alert,
		Done:  v.tongue().done(v.r.URL.Query().Get("done")), Version: c.Version, DocsLinks: c.DocsEnabled,
		Site: c.Site, files: c.assets,
	}
}

// render writes a page, whole or not at all. With an alert the status is that of the refusal.
func (c *Console) render(v *visit, status int, body templ.Component) error {
	var b bytes.Buffer
	if err := body.Render(v.tongue().in(v.r.Context()), &b); err != nil {
		return fmt.Errorf("console: page: %w", err)
	}
	if v.alert != nil {
		status = v.alert.status
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.same && v.me.UserID == "" && status == http.StatusOK {
		v.w.Header().Set("Cache-Control", "no-cache") // kept, and asked for again: after a sign-in it is another page
		v.w.Header().Add("Vary", "Cookie")
		v.spoken()
		serveTagged(v.w, v.r, b.Bytes())
		return nil
	}
	v.spoken()
	v.w.Header().Set("Cache-Control", "no-store") // a page shows people's own words
	v.w.WriteHeader(status)
	_, _ = b.WriteTo(v.w) // a reader that has gone is no error of ours
	return nil
}

// ok renders a page that has been found.
func (c *Console) ok(v *visit, body templ.Component) error {
	return c.render(v, http.StatusOK, body)
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// badge is the class of a small label; tone is its colour, "" for none.
func badge(tone string) string { return strings.TrimSpace("badge " + tone) }

// share writes a share from 0 to 1: 4.2 %.
func (l tongue) share(v float64) string { return l.Number(math.Round(v*1000)/10) + "\u00a0%" }

// score is a score as a badge shows it, without decimals.
func score(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.Itoa(int(math.Round(*v)))
}
