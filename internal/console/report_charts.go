package console

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
)

// The drawings of a report. Lengths across are parts of the width in percent, heights and
// letters are pixels, and there is no viewBox: letters keep their size on a phone.

const (
	plotTop    = 20.0  // room for the value above the highest column
	plotHeight = 180.0 // from there to the axis
	axisAt     = plotTop + plotHeight
	plotLeft   = 8.0 // percent, for the words of the axis
)

// drawing is columns over an axis with a scale.
type drawing struct {
	Height  float64
	Scale   []tick
	Columns []column
	Axis    float64
}

// tick is a line of the scale.
type tick struct {
	Y     float64
	Words string
}

// column stands for a year, or a month. It leads to what it is made of, if To is set.
type column struct {
	X, Width float64
	Parts    []part
	Label    string // below the axis; "" where there is no room
	Value    string // above it
	ValueY   float64
	Words    string // for those who hear it
	To       string
}

// part is one piece of a column, or of a bar.
type part struct {
	Class     string
	Y, Height float64 // of a column
	X, Width  float64 // of a bar
	Letter    string
}

// figures are the findings that count and their points, by severity.
type figures struct {
	Findings, Posts int
	Points          float64
	Of              map[assess.Severity]tally
}

type tally struct {
	Findings int
	Points   float64
}

func (g *figures) add(f assess.Finding) {
	if g.Of == nil {
		g.Of = map[assess.Severity]tally{}
	}
	t := g.Of[f.Severity]
	g.Of[f.Severity] = tally{t.Findings + 1, t.Points + f.Points}
	g.Findings, g.Points = g.Findings+1, g.Points+f.Points
}

// words lists the severities: 1 critical, 3 low.
func (g figures) words(l tongue) string {
	var said []string
	for _, s := range severities {
		if n := g.Of[s].Findings; n > 0 {
			said = append(said, l.Say("view.of_severity", "n", n, "severity", l.Say("severity."+string(s))))
		}
	}
	return strings.Join(said, ", ")
}

// yearRow is a year of the account.
type yearRow struct {
	Year int
	figures
}

// years are all years with posts, the oldest first.
func (v reportView) years() []yearRow {
	var rows []yearRow
	for _, y := range v.R.RiskByYear {
		rows = append(rows, yearRow{y.Year, figures{Posts: y.Posts}})
	}
	for _, f := range v.R.Findings {
		i := slices.IndexFunc(rows, func(r yearRow) bool { return r.Year == f.PostedAt.Year() })
		if i >= 0 && !f.Dismissed && !f.PostedAt.IsZero() {
			rows[i].add(f)
		}
	}
	return rows
}

func (v reportView) yearWords(l tongue, rows []yearRow) string {
	if len(rows) == 0 || v.R.Now.Score == 0 {
		return l.Say("view.no_year")
	}
	worst := slices.MaxFunc(rows, func(a, b yearRow) int { return cmp.Compare(a.Points, b.Points) })
	return l.Say("view.worst_year", "year", strconv.Itoa(worst.Year), "points", l.tenths(worst.Points),
		"score", l.tenths(v.R.Now.Score), "n", worst.Findings)
}

// yearDrawing stacks the points of each year, the gravest at the bottom.
func (v reportView) yearDrawing(l tongue, rows []yearRow) drawing {
	most := 0.0
	for _, r := range rows {
		most = max(most, r.Points)
	}
	step, top := scale(most)
	d := drawing{Height: axisAt + 22, Axis: axisAt}
	for at := step; at <= top+step/2; at += step {
		d.Scale = append(d.Scale, tick{axisAt - plotHeight*at/top, l.short(at)})
	}
	for i, r := range rows {
		c := slot(i, len(rows))
		c.Label, c.To = labelOf(i, len(rows), fmt.Sprintf("’%02d", r.Year%100)), v.At.onlyYear(r.Year)
		c.Words = l.Say("view.year_column", "year", strconv.Itoa(r.Year), "points", l.tenths(r.Points),
			"what", cmp.Or(r.words(l), l.Say("view.no_findings")))
		c.stack(l, r.figures, top)
		d.Columns = append(d.Columns, c)
	}
	return d
}

// letterHeight is how high a part must be to have the letter of its severity in it.
const letterHeight = 16

func (c *column) stack(l tongue, g figures, top float64) {
	y := axisAt
	for _, s := range severities {
		if g.Of[s].Findings == 0 {
			continue
		}
		p := part{Class: string(s), Height: max(1.5, plotHeight*g.Of[s].Points/top)}
		y -= p.Height
		if p.Y = y; p.Height >= letterHeight && c.Width > 3 {
			p.Letter = initials(severityTitle(l, s))
		}
		c.Parts = append(c.Parts, p)
	}
	if g.Points > 0 {
		c.Value, c.ValueY = whole(g.Points), y-5
	}
	if g.Points > 0 && g.Points < 0.5 {
		c.Value = "<1"
	}
}

// slot is the i-th of n columns.
func slot(i, n int) column {
	wide := (100 - plotLeft) / float64(n)
	return column{X: plotLeft + wide*(float64(i)+0.1), Width: min(wide*0.8, 12)}
}

// Middle is where the words of a column stand.
func (c column) Middle() float64 { return c.X + c.Width/2 }

// Middle is where the letter of a part stands.
func (p part) Middle() float64 { return p.Y + p.Height/2 + 4 }

// labelOf leaves labels out where there is no room for each.
func labelOf(i, n int, words string) string {
	if every := (n + 11) / 12; (n-1-i)%every != 0 {
		return ""
	}
	return words
}

// scale is a round step of which about four reach above the most, and how far they reach.
func scale(most float64) (step, top float64) {
	if most <= 0 {
		return 1, 4
	}
	raw := most / 4
	size := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step = m * size; step >= raw {
			break
		}
	}
	return step, step * math.Ceil(most/step)
}

// short writes a number with two decimals at most.
func (l tongue) short(v float64) string { return l.Number(math.Round(v*100) / 100) }

// categoryRow is a category with findings that count.
type categoryRow struct {
	Category assess.Category
	figures
	Bar []part
}

// categories are those with findings that count, the heaviest first.
func (v reportView) categories() []categoryRow {
	var rows []categoryRow
	most := 0
	for _, f := range v.R.Findings {
		if f.Dismissed {
			continue
		}
		i := slices.IndexFunc(rows, func(r categoryRow) bool { return r.Category == f.Category })
		if i < 0 {
			i = len(rows)
			rows = append(rows, categoryRow{Category: f.Category})
		}
		rows[i].add(f)
		most = max(most, rows[i].Findings)
	}
	for i := range rows {
		rows[i].Bar = barOf(rows[i].figures, most)
	}
	slices.SortStableFunc(rows, func(a, b categoryRow) int { return cmp.Compare(b.Points, a.Points) })
	return rows
}

// barOf is how many findings there are of each severity, of the most of all categories.
func barOf(g figures, most int) []part {
	var parts []part
	x := 0.0
	for _, s := range severities {
		if n := g.Of[s].Findings; n > 0 {
			p := part{Class: string(s), X: x, Width: 100 * float64(n) / float64(most)}
			x += p.Width
			parts = append(parts, p)
		}
	}
	return parts
}

func categoryWords(l tongue, rows []categoryRow) string {
	if len(rows) == 0 {
		return l.Say("report.nothing")
	}
	often := slices.MaxFunc(rows, func(a, b categoryRow) int { return cmp.Compare(a.Findings, b.Findings) })
	heavy := categoryTitle(l, rows[0].Category)
	if often.Category == rows[0].Category {
		return l.Say("view.category_both", "category", heavy)
	}
	return l.Say("view.category_two", "often", categoryTitle(l, often.Category), "heavy", heavy)
}

// toneRow is the mean tone of a month, or of a year where there are many months.
type toneRow struct {
	Name  string // as programs write it: 2026-12
	Words string // as people do: December 2026
	Mean  float64
	Posts int
}

// fewMonths is how many months are drawn one by one.
const fewMonths = 24

func (v reportView) tones(l tongue) []toneRow {
	var rows []toneRow
	for _, p := range v.R.Sentiment.Trend {
		name := p.Month
		if len(v.R.Sentiment.Trend) > fewMonths && len(name) > 4 {
			name = name[:4]
		}
		if n := len(rows); n > 0 && rows[n-1].Name == name {
			r := &rows[n-1]
			r.Mean = (r.Mean*float64(r.Posts) + p.Mean*float64(p.Posts)) / float64(max(r.Posts+p.Posts, 1))
			r.Posts += p.Posts
		} else {
			rows = append(rows, toneRow{name, l.Month(name), p.Mean, p.Posts})
		}
	}
	return rows
}

func (v reportView) toneWords(l tongue, rows []toneRow) string {
	s := v.R.Sentiment
	if !s.Known || s.Positive == nil || s.Neutral == nil || s.Negative == nil {
		return l.Say("report.tone_unknown")
	}
	say := l.Say("view.tone_shares", "n", s.Measured, "positive", *s.Positive, "neutral", *s.Neutral,
		"negative", *s.Negative)
	if len(rows) > 1 {
		byMean := func(a, b toneRow) int { return cmp.Compare(a.Mean, b.Mean) }
		cold, warm := slices.MinFunc(rows, byMean), slices.MaxFunc(rows, byMean)
		say += " " + l.Say("view.tone_span", "warm", warm.Words, "cold", cold.Words)
	}
	return say
}

// signed is a tone with its sign: +0.25.
func (l tongue) signed(v float64) string {
	if v < 0 {
		return "−" + l.Fixed(-v, 2)
	}
	return "+" + l.Fixed(v, 2)
}

// toneDrawing has warm months above the axis and cold ones below.
func toneDrawing(l tongue, rows []toneRow) drawing {
	most := 0.05
	for _, r := range rows {
		most = max(most, math.Abs(r.Mean))
	}
	_, top := scale(most)
	half, middle := plotHeight/2-10, plotTop+plotHeight/2
	d := drawing{Height: axisAt + 22, Axis: middle}
	d.Scale = []tick{
		{middle - half, l.Say("view.warm_at", "value", l.signed(top))},
		{middle + half, l.Say("view.cold_at", "value", l.signed(-top))},
	}
	for i, r := range rows {
		c := slot(i, len(rows))
		p := part{Class: "warm", Height: max(1.5, half*math.Abs(r.Mean)/top)}
		if p.Y = middle - p.Height; r.Mean < 0 {
			p.Class, p.Y = "cold", middle
		}
		c.Parts, c.Label = []part{p}, labelOf(i, len(rows), r.Name)
		d.Columns = append(d.Columns, c)
	}
	return d
}

// percentOf and pixels write lengths of a drawing.
func percentOf(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "%" }

func pixels(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// pin is where a score stands on the scale from 0 to 100, and how its words are set there.
type pin struct {
	X     string
	Class string // of its words: they must not leave the drawing
	Words string
}

func pinAt(score float64, words string) pin {
	p := pin{X: percentOf(min(max(score, 1.5), 98.5)), Words: words}
	switch {
	case score < 28:
		p.Class = "start"
	case score > 72:
		p.Class = "end"
	}
	return p
}

// zone is a level's part of the scale.
type zone struct {
	Level    assess.Severity
	X, Width float64
	Edge     string
}

var zones = [...]zone{
	{assess.Low, 0, 29.7, "0"},
	{assess.Medium, 30, 29.7, "30"},
	{assess.High, 60, 24.7, "60"},
	{assess.Critical, 85, 15, "85"},
}

// reading is what became of the posts: one part of the meter of coverage. Its class is also what it is called in the
// catalogue.
type reading struct {
	Class string
	Posts int
}

// readings are the parts of the posts that were seen; they add up to all of them.
func (v reportView) readings() []reading {
	c := v.R.Coverage
	judged := min(c.PostsJudged, c.PostsAnalysed)
	all := []reading{
		{"judged", judged},
		{"screened", c.PostsAnalysed - judged}, // by the word screen alone
		{"skipped", min(c.PostsSkipped, c.PostsTotal-c.PostsAnalysed)},
		{"unread", max(0, c.PostsTotal-c.PostsAnalysed-c.PostsSkipped)},
	}
	return slices.DeleteFunc(all, func(r reading) bool { return r.Posts <= 0 })
}

// meter is the readings as a bar.
func (v reportView) meter() []part {
	var parts []part
	x := 0.0
	for _, r := range v.readings() {
		wide := 100 * float64(r.Posts) / float64(max(v.R.Coverage.PostsTotal, 1))
		parts = append(parts, part{Class: r.Class, X: x, Width: wide})
		x += wide
	}
	return parts
}

// commonest puts the themes of all kinds in one order, because a page does not tell the kinds apart.
func commonest(themes []assess.Theme) []assess.Theme {
	return slices.SortedStableFunc(slices.Values(themes),
		func(a, b assess.Theme) int { return cmp.Compare(b.Posts, a.Posts) })
}
