package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/plan"
)

//go:embed templates/*.html
var templateFiles embed.FS

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
	Report    bool   // the page needs the report's style sheet
}

func (c *Console) page(v *visit, title string) page {
	return page{
		Title: title, SignedIn: v.me.UserID != "", Admin: v.isAdmin(), Sandbox: sandboxWords(c.Sandboxed), Alert: v.alert,
		Done: done(v.r.URL.Query().Get("done")), Version: c.Version, DocsLinks: c.DocsEnabled,
	}
}

// parsePages reads each template together with the layout and the parts.
func parsePages(files assets) map[string]*template.Template {
	functions := template.FuncMap{
		"asset": files.url, "backWords": backWords, "capital": capital, "count": count, "date": date, "device": device, "healthWords": healthWords, "initials": initials,
		"iso": func(t time.Time) string { return t.UTC().Format(time.RFC3339) }, "moment": moment, "money": money, "percent": percent, "planWords": planWords,
		"purposeWords": purposeWords, "consentTitle": consentTitle, "consentWords": consentWords, "score": score, "scopeWords": scopeWords, "size": size, "sum": sum, "usd": func(cents int) string { return sum(int64(cents), "usd") },
	}
	base := template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	pages := map[string]*template.Template{}
	for _, name := range []string{"account", "activity", "analysis", "change", "confirm", "error", "figures", "front", "home", "keys", "notices", "plan", "privacy", "webhook", "webhooks"} {
		pages[name] = template.Must(template.Must(base.Clone()).ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return pages
}

// render writes a page, whole or not at all. With an alert the status is that of the refusal.
func (c *Console) render(v *visit, status int, name string, data any) error {
	var b bytes.Buffer
	if err := c.pages[name].ExecuteTemplate(&b, "layout", data); err != nil {
		return fmt.Errorf("console: page %s: %w", name, err)
	}
	if v.alert != nil {
		status = v.alert.status
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Cache-Control", "no-store") // a page shows people's own words
	v.w.WriteHeader(status)
	_, _ = b.WriteTo(v.w) // a reader that has gone is no error of ours
	return nil
}

// ok renders a page that has been found.
func (c *Console) ok(v *visit, name string, data any) error {
	return c.render(v, http.StatusOK, name, data)
}

// count writes a whole number with commas: 10,000.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// money writes US cents: $9, or $9.50.
func money(cents int) string {
	return "$" + strings.TrimSuffix(fmt.Sprintf("%d.%02d", cents/100, cents%100), ".00")
}

// sum writes an amount to the cent: $29.00, or −$4.50 for a credit.
func sum(cents int64, currency string) string {
	if cents < 0 {
		return "−" + plan.Amount(-cents, currency)
	}
	return plan.Amount(cents, currency)
}

// percent writes a share from 0 to 1: 4.2 %.
func percent(share float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(share*100, 'f', 1, 64), ".0") + " %"
}

// size writes bytes as people do: 12 kB.
func size(n int64) string {
	switch {
	case n < 1_000:
		return "under 1 kB"
	case n < 1_000_000:
		return strconv.FormatInt(n/1_000, 10) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1_000_000, 'f', 1, 64) + " MB"
}

// score is a score as a badge shows it, without decimals.
func score(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.Itoa(int(math.Round(*v)))
}
