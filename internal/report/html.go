package report

import (
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"

	"github.com/repazoo/repazoo/internal/assess"
)

//go:embed report.css
var css string

// shownFirst is how many findings of a category are open to the eye; the rest fold away.
const shownFirst = 20

// writeHTML writes one self-contained page.
func writeHTML(w io.Writer, r *assess.Report) error {
	return reportPage(htmlView{view: newView(r)}).Render(context.Background(), w)
}

// pagePolicy allows the page its own style sheet, by hash, and nothing else.
func pagePolicy() string {
	hash := sha256.Sum256([]byte(css))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; base-uri 'none'; form-action 'none'"
}

// htmlView adds the coordinates of the drawings to a view.
type htmlView struct {
	view
	Unscored bool // for somebody who is not shown the score, nor what adds up to it
}

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

// viewBox leaves a line for the labels, where there are any.
func (c chart) viewBox() string {
	if c.Labels {
		return "0 0 640 142"
	}
	return "0 0 640 122"
}

// hundredths is a coordinate with two decimals.
func hundredths(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// after is what stands after the i-th post that a step quotes.
func (v view) after(i int, r assess.Recommendation) string {
	if i < len(v.postsOf(r))-1 {
		return ", "
	}
	return v.moreOf(r)
}

func (v view) sampleName(label string) string {
	if label == "most_positive" {
		return v.Say("report.most_positive")
	}
	return v.Say("report.most_negative")
}

// YearChart is the risk of each year.
func (v htmlView) YearChart() chart {
	return chart{v.Say("report.years_chart"), v.yearBars(), chartHeight, true}
}

// ToneChart is the tone of each month.
func (v htmlView) ToneChart() chart {
	return chart{v.Say("report.tone_chart"), v.toneBars(), chartHeight / 2, false}
}

// EngagementChart is the engagement of each month.
func (v htmlView) EngagementChart() chart {
	return chart{v.Say("report.engagement_chart"), v.engagementBars(), chartHeight, false}
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
		bars[i].Title = v.Say("report.year_title", "year", strconv.Itoa(y.Year), "score", y.Score,
			"n", y.Findings, "posts", y.Posts)
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
		b.Title = v.Say("report.tone_title", "month", v.Month(m.Month), "mean", v.signed(m.Mean), "n", m.Posts)
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
		bars[i].Title = v.Say("report.engagement_title", "month", v.Month(m.Month), "mean", m.Mean, "n", m.Posts)
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
		bars = append(bars, bar{X: at, Width: 100 * part.ratio, Class: part.class, Label: v.percentOf(&part.ratio)})
		at += 100 * part.ratio
	}
	return bars
}
