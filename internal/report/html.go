package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
)

//go:embed report.css
var css string

//go:embed body.html.tmpl
var bodySource string

//go:embed page.html.tmpl
var pageSource string

// shownFirst is how many findings of a category are open to the eye; the rest fold away.
const shownFirst = 20

var pageTemplate = template.Must(template.Must(template.New("body").Funcs(template.FuncMap{
	"date": date, "dateOf": dateOf, "number": number, "percent": percentOf, "clean": clean, "plural": plural,
	"horizon": horizon, "takes": takes, "advice": advice, "witnesses": witnesses,
	"howScored": func(v htmlView) string { return howScored(v.view) }, "outcome": outcome, "levelOf": assess.LevelOf, "lead": func(s string) string { return ellipsis(s, true) }, "trail": func(s string) string { return ellipsis(s, false) },
	"first": func(list []assess.Finding) []assess.Finding { return list[:min(len(list), shownFirst)] },
	"rest":  func(list []assess.Finding) []assess.Finding { return list[min(len(list), shownFirst):] },
	"rule":  func(s string) string { return strings.ReplaceAll(s, "_", " ") },
	"count": func(n int) string { return count(n) },
}).Parse(bodySource)).New("page").Parse(pageSource))

// CSS is the style sheet of the body. Every rule is inside .report, so that it can be
// served beside a page's own.
func CSS() string { return css }

// HTMLBody is the report as one <article class="report"> with an <h1>, to be set into a
// page that serves [CSS]. It has no script, no style attribute and no address but x.com's.
func HTMLBody(r *assess.Report) (template.HTML, error) {
	var b strings.Builder
	if err := pageTemplate.ExecuteTemplate(&b, "body", htmlView{newView(r)}); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil // #nosec G203 -- made by html/template just now
}

// writeHTML writes one self-contained page. Its policy allows its own style sheet, by
// hash, and nothing else.
func writeHTML(w io.Writer, r *assess.Report) error {
	body, err := HTMLBody(r)
	if err != nil {
		return err
	}
	v := newView(r)
	hash := sha256.Sum256([]byte(css))
	return pageTemplate.ExecuteTemplate(w, "page", map[string]any{
		"Title":  "Repazoo report on " + v.Who() + ", " + v.Purpose.Title(),
		"Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'",
		"CSS":    template.CSS(css), // #nosec G203 -- a constant of this program
		"Body":   body,
	})
}

// htmlView adds the coordinates of the drawings to a view.
type htmlView struct{ view }

// bar is one column of a chart, in the units of its viewBox.
type bar struct {
	X, Y, Width, Height float64
	Class, Label, Title string
}

// Middle is where its label stands.
func (b bar) Middle() float64 { return b.X + b.Width/2 }

// chart is some bars over an axis.
type chart struct {
	Name   string // for those who hear it
	Bars   []bar
	Axis   float64
	Labels bool
}

// YearChart is the risk of each year.
func (v htmlView) YearChart() chart {
	return chart{"Risk score by year", v.yearBars(), chartHeight, true}
}

// ToneChart is the tone of each month.
func (v htmlView) ToneChart() chart {
	return chart{"Mean sentiment by month", v.toneBars(), chartHeight / 2, false}
}

// EngagementChart is the engagement of each month.
func (v htmlView) EngagementChart() chart {
	return chart{"Likes and reposts a post by month", v.engagementBars(), chartHeight, false}
}

// LastMonth is where the tone's chart ends.
func (v htmlView) LastMonth() string { return v.Sentiment.Trend[len(v.Sentiment.Trend)-1].Month }

// The size of the charts' viewBox, the label line included.
const (
	chartWidth  = 640.0
	chartHeight = 120.0
)

// yearBars draws the score of each year.
func (v htmlView) yearBars() []bar {
	bars := make([]bar, len(v.RiskByYear))
	for i, y := range v.RiskByYear {
		bars[i] = column(i, len(bars), y.Score/100)
		bars[i].Class = string(assess.LevelOf(y.Score))
		bars[i].Label = fmt.Sprintf("’%02d", y.Year%100)
		bars[i].Title = fmt.Sprintf("%d: %s of 100, %s in %s", y.Year, number(y.Score), plural(y.Findings, "finding"), plural(y.Posts, "post"))
	}
	return bars
}

// toneBars draws each month's mean sentiment, up for positive and down for negative.
func (v htmlView) toneBars() []bar {
	bars := make([]bar, len(v.Sentiment.Trend))
	for i, m := range v.Sentiment.Trend {
		b := column(i, len(bars), 0)
		b.Class, b.Height = "positive", max(m.Mean, -m.Mean)*chartHeight/2
		if b.Y = chartHeight/2 - b.Height; m.Mean < 0 {
			b.Class, b.Y = "negative", chartHeight/2
		}
		b.Title = fmt.Sprintf("%s: %+.2f over %s", m.Month, m.Mean, plural(m.Posts, "post"))
		bars[i] = b
	}
	return bars
}

// engagementBars draws each month's likes and reposts a post.
func (v htmlView) engagementBars() []bar {
	most := 0.0
	for _, m := range v.Engagement.Trend {
		most = max(most, m.Mean)
	}
	bars := make([]bar, len(v.Engagement.Trend))
	for i, m := range v.Engagement.Trend {
		bars[i] = column(i, len(bars), m.Mean/cmp.Or(most, 1))
		bars[i].Class = "accent"
		bars[i].Title = fmt.Sprintf("%s: %s a post over %s", m.Month, number(m.Mean), plural(m.Posts, "post"))
	}
	return bars
}

// column is the i-th of n columns, filled to a part of the height; a little stays visible.
func column(i, n int, part float64) bar {
	slot := chartWidth / float64(n)
	gap := min(slot*0.2, 8)
	wide := min(slot-gap, 48)
	height := max(min(max(part, 0), 1)*chartHeight, 1.5)
	return bar{X: float64(i)*slot + (slot-wide)/2, Y: chartHeight - height, Width: wide, Height: height}
}

// Tone is the three parts of the sentiment bar, in hundredths of its width.
func (v htmlView) Tone() []bar {
	s := v.Sentiment
	if !s.Known || s.Positive == nil || s.Neutral == nil || s.Negative == nil {
		return nil
	}
	at := 0.0
	var bars []bar
	for _, part := range []struct {
		class string
		ratio float64
	}{{"positive", *s.Positive}, {"neutral", *s.Neutral}, {"negative", *s.Negative}} {
		bars = append(bars, bar{X: at, Width: 100 * part.ratio, Class: part.class, Label: percentOf(&part.ratio)})
		at += 100 * part.ratio
	}
	return bars
}
