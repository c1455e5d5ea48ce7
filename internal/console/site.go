package console

import (
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Site is what the public pages say of who runs this Repazoo, and by which rules.
type Site struct {
	URL        string // the address browsers see, without a slash at its end
	Operator   string // who runs it; "" is not told
	Contact    string // an e-mail address or an https address; "" for none
	Security   string // the same for reports of weaknesses
	Terms      string // the operator's own terms as plain text; "" for the usual ones
	PostDays   int    // that posts are kept
	ReportDays int    // that reports outlive a plan
	Judged     bool   // a language model reads posts too
	Free       bool   // nobody pays here
	Now        func() time.Time
}

// publicPages are those that are the same for every stranger, in the order of the site map.
var publicPages = [...]string{"/", "/sample", "/help", "/privacy-policy", "/terms", "/security", "/contact"}

// forMembers is where pages are that only somebody who is signed in sees, links that are somebody's own, and the
// API. A
// test compares it with the routes.
var forMembers = [...]string{
	"/a/", "/account", "/admin", "/analyses", "/api/", "/archives", "/auth/", "/billing/", "/cleanups", "/compare",
	"/email/",
	"/history", "/notices/", "/privacy", "/schedules", "/shared/", "/sign-out", "/signed-in",
}

// link is where an address of the operator leads.
func link(contact string) string {
	if strings.HasPrefix(contact, "https://") {
		return contact
	}
	return "mailto:" + contact
}

// securityContact is where weaknesses are reported; "" for nowhere.
func (s Site) securityContact() string {
	if s.Security != "" {
		return s.Security
	}
	return s.Contact
}

// siteRoutes are the files that programs look for, and the icons.
func (c *Console) siteRoutes() map[string]http.Handler {
	routes := map[string]http.Handler{
		"GET /robots.txt":           c.file("text/plain; charset=utf-8", c.robots),
		"GET /sitemap.xml":          c.file("application/xml", c.sitemap),
		"GET /favicon.ico":          c.icon("favicon.ico"),
		"GET /apple-touch-icon.png": c.icon("touch.png"),
	}
	if c.Site.securityContact() != "" {
		routes["GET /.well-known/security.txt"] = c.file("text/plain; charset=utf-8", c.securityText)
	}
	return routes
}

func (c *Console) file(mime string, write func(*strings.Builder)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		write(&b)
		w.Header().Set("Content-Type", mime)
		w.Header().Set("Cache-Control", "public, max-age=3600")
		serveTagged(w, r, []byte(b.String()))
	})
}

func (c *Console) icon(name string) http.Handler {
	f := c.assets[name]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", f.mime)
		w.Header().Set("Cache-Control", "public, max-age=86400")
		serveTagged(w, r, f.body)
	})
}

// robots lets programs that fill search engines read what is public. The longest rule that fits counts (RFC 9309).
func (c *Console) robots(b *strings.Builder) {
	b.WriteString("User-agent: *\n")
	for _, path := range forMembers {
		b.WriteString("Disallow: " + path + "\n")
	}
	for _, path := range publicPages {
		if slices.ContainsFunc(forMembers[:], func(closed string) bool { return strings.HasPrefix(path, closed) }) {
			b.WriteString("Allow: " + path + "\n")
		}
	}
	b.WriteString("\nSitemap: " + c.Site.URL + "/sitemap.xml\n")
}

func (c *Console) sitemap(b *strings.Builder) {
	_, _ = io.WriteString(b, xml.Header+`<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`+"\n")
	for _, path := range publicPages {
		b.WriteString("<url><loc>")
		_ = xml.EscapeText(b, []byte(c.Site.URL+path)) // a builder takes everything
		b.WriteString("</loc></url>\n")
	}
	b.WriteString("</urlset>\n")
}

// securityLife is how long a security.txt counts from the day on which it is read; RFC 9116 asks for less than a
// year.
const securityLife = 180 * 24 * time.Hour

// securityText is RFC 9116's file. It is the same for a whole day.
func (c *Console) securityText(b *strings.Builder) {
	day := c.Site.Now().UTC().Truncate(24 * time.Hour)
	b.WriteString("Contact: " + link(c.Site.securityContact()) + "\n")
	b.WriteString("Expires: " + day.Add(securityLife).Format(time.RFC3339) + "\n")
	b.WriteString("Preferred-Languages: en\n")
	b.WriteString("Canonical: " + c.Site.URL + "/.well-known/security.txt\n")
	b.WriteString("Policy: " + c.Site.URL + "/security\n")
}

// runBy says who runs it.
func runBy(l tongue, s Site) string {
	if s.Operator == "" {
		return l.Say("run.unknown")
	}
	return l.Say("run.by", "who", s.Operator)
}
