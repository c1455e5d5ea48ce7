package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/pdf"
	"github.com/repazoo/repazoo/internal/words"
)

// A PDF prints every critical and high finding up to mostPrinted, and of the others the heaviest until usuallyPrinted
// are printed. Each category says how many more there are.
const (
	usuallyPrinted = 200
	mostPrinted    = 1000
)

// mostOfQuote is how many characters of a quote are printed: the longest post that X takes has 25,000.
const mostOfQuote = 2000

// writePDF writes A4 pages: what was found and how, then the findings of all categories with the worst first.
func writePDF(w io.Writer, r *assess.Report) error {
	v := newView(r)
	d := &sheet{view: v, Document: pdf.New(w, pdf.Meta{
		Title: v.Say("report.title_short", "who", v.Who()), Author: "Repazoo", Lang: v.Tag, Created: v.CreatedAt,
	})}
	d.cover(v)
	d.page()
	d.keyFindings(v)
	d.recommendations(v)
	printed := v.printed()
	d.categories(v, printed)
	d.findings(v, printed)
	d.years(v)
	d.tone(v)
	d.aggregates(v)
	d.facts(v.Say("report.coverage"), v.CoverageFacts())
	for _, s := range v.Coverage.OutOfReach {
		d.paragraph("P", wholeWidth(bodySize), said("• "+s))
	}
	d.facts(v.Say("report.receipt"), v.Receipt())
	d.policy(v)
	d.unwritten()
	return d.Finish(func(n, of int) { d.footer(v, n, of) })
}

// printed are the findings that the pages hold, the worst first over all categories.
func (v view) printed() []assess.Finding {
	var all []assess.Finding
	grave := 0
	for _, f := range v.Findings {
		if !f.Dismissed {
			all = append(all, f)
		}
		if !f.Dismissed && f.Severity.Rank() >= assess.High.Rank() {
			grave++
		}
	}
	slices.SortStableFunc(all, func(a, b assess.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(b.Points, a.Points))
	})
	return all[:min(len(all), max(usuallyPrinted, min(grave, mostPrinted)))]
}

func (d *sheet) footer(v view, n, of int) {
	d.Rect(pageMargin, 50, textWidth, 0.6, hair)
	d.one(wholeWidth(7.5), 36, false, soft("Repazoo · "+v.Who()+" · "+v.Date(v.made())))
	d.one(wholeWidth(7.5), 36, true, soft(v.Say("pdf.page", "n", n, "of", of)))
}

// cover is the first page: the level, what was read and how it was judged.
func (d *sheet) cover(v view) {
	d.page()
	d.Rect(pageMargin, d.top-13, 13, 13, accent)
	d.Rect(pageMargin+3, d.top-5.2, 7, 1.6, paper)
	d.Rect(pageMargin+3, d.top-8.6, 5, 1.6, paper)
	d.one(box{pageMargin + 19, textWidth, 11}, d.top-10.5, false, strong("Repazoo"))
	d.top -= 108
	title := v.Say("report.headline", "who", v.Who())
	d.Bookmark(1, title, d.top+20)
	d.paragraph("H1", box{pageMargin, textWidth, 26}, strong(title))
	d.top -= 4
	d.paragraph("P", wholeWidth(12), soft(v.Say("pdf.read_for", "purpose", v.For(), "at", v.made())))
	d.top -= 34
	d.standing(v)
	d.scale(v)
	d.top -= 26
	d.columns(
		[]part{strong(v.Say("pdf.what_was_read"))}, coverWords(v),
		[]part{strong(v.Say("pdf.how_judged"))}, judgedWords(v),
	)
	if v.HumanReview.Needed {
		c, _ := shades(assess.High)
		d.top -= 14
		d.paragraph("P", wholeWidth(bodySize), strong(v.Say("report.look_first")+" ").in(c),
			said(strings.Join(v.HumanReview.Reasons, " ")))
	}
	if v.Masked {
		d.top -= 14
		d.paragraph("P", wholeWidth(bodySize), said(v.Say("report.masked")))
	}
	d.top -= 14
	d.paragraph("P", box{pageMargin, textWidth * 0.75, smallSize},
		soft(v.Say("pdf.label_posts")))
}

// standing is the score, its level, and the summary beside them.
func (d *sheet) standing(v view) {
	c, _ := shades(v.Level)
	top := d.top
	score := strong(v.Number(v.Score)).in(c)
	wide := d.width(54, score) + 22
	d.Open("P")
	d.one(box{pageMargin, wide, 54}, top-46, false, score)
	d.one(box{pageMargin, wide, smallSize}, top-60, false, soft(v.of100()))
	x := pageMargin + wide
	end := x + d.badge(x, top-10, smallSize, v.Level) + 8
	d.one(box{end, 200, smallSize}, top-10, false, soft(v.Say("pdf.risk")))
	d.Close()
	d.top = top - 22
	d.paragraph("P", box{x, textWidth - wide, bodySize + 0.5}, said(v.Summary))
	d.top = min(d.top, top-64) - 14
}

// scale shows where among the levels the score stands. Whoever does not see it has read the score above.
func (d *sheet) scale(v view) {
	from := 0.0
	for _, zone := range []struct {
		level assess.Severity
		to    float64
	}{{assess.Low, 30}, {assess.Medium, 60}, {assess.High, 85}, {assess.Critical, 100}} {
		c, _ := shades(zone.level)
		x := pageMargin + from*textWidth/100
		d.Rect(x, d.top-6, (zone.to-from)*textWidth/100-1.5, 5, c)
		d.one(box{x, 100, smallSize}, d.top-20, false, soft(words.Capital(v.risk(zone.level))))
		from = zone.to
	}
	x := pageMargin + v.Score*textWidth/100
	d.Circle(x, d.top-3.5, 5.5, ink)
	d.Circle(x, d.top-3.5, 3.2, paper)
	d.top -= 26
}

// columns sets two texts beside each other, each under its heading.
func (d *sheet) columns(texts ...[]part) {
	const gap = 26.0
	wide := (textWidth - gap) / 2
	top, lowest := d.top, d.top
	for i := 0; i < len(texts); i += 2 {
		d.top = top
		b := box{pageMargin + float64(i/2)*(wide+gap), wide, bodySize}
		d.paragraph("H2", b, texts[i]...)
		d.top -= 3
		d.paragraph("P", b, texts[i+1]...)
		lowest = min(lowest, d.top)
	}
	d.top = lowest
}

// coverWords say how much of the account the report rests on.
func coverWords(v view) []part {
	c := v.Coverage
	s := v.Say("pdf.cover", "n", c.PostsTotal, "source", v.Source)
	if c.From != nil && c.To != nil {
		s += v.Say("pdf.cover_span", "from", *c.From, "to", *c.To)
	}
	s += v.Say("pdf.cover_analysed", "n", c.PostsAnalysed)
	if c.PostsJudged > 0 {
		s += v.Say("pdf.cover_model", "n", c.PostsJudged)
	} else {
		s += v.Say("pdf.cover_screen")
	}
	s += v.Say("pdf.cover_skipped", "n", c.PostsSkipped, "reposts", c.Reposts)
	if n := len(c.OutOfReach); n > 0 {
		s += " " + v.Say("pdf.cover_unread")
	}
	return []part{said(s)}
}

// judgedWords say what counts as a finding, and what the score is made of.
func judgedWords(v view) []part {
	s := v.Say("pdf.counts_only") + " " + v.howScored() + " " + v.Say("pdf.no_number")
	if len(v.Models) == 0 {
		s += " " + v.Say("sum.no_model")
	}
	return []part{said(s)}
}

func (d *sheet) keyFindings(v view) {
	if len(v.KeyFindings) == 0 {
		return
	}
	d.heading(v.Say("report.key"))
	d.Open("L")
	for i, s := range v.KeyFindings {
		d.item(fmt.Sprintf("%d.", i+1), s)
	}
	d.Close()
}

// item is one of a list, behind its mark.
func (d *sheet) item(mark, s string) {
	d.room(bodySize * leading)
	d.Open("LI")
	d.Open("Lbl")
	d.one(box{pageMargin, 18, bodySize}, d.top-bodySize*1.12, false, strong(mark).in(quiet))
	d.Close()
	d.paragraph("LBody", box{pageMargin + 18, textWidth - 18, bodySize}, said(s))
	d.Close()
	d.top -= 2
}

func (d *sheet) recommendations(v view) {
	d.heading(v.Say("report.todo"))
	for _, r := range v.Recommendations {
		d.subheading(v.Say("pdf.when_title", "when", v.horizon(r.Priority), "title", r.Title))
		d.paragraph("P", wholeWidth(bodySize), said(r.Why))
		d.Open("L")
		for i, s := range r.Steps {
			d.item(fmt.Sprintf("%d.", i+1), s)
		}
		d.Close()
		d.paragraph("P", wholeWidth(smallSize), soft(v.outcome(r)))
		d.postLinks(v, r)
	}
}

func (d *sheet) postLinks(v view, r assess.Recommendation) {
	quoted := v.postsOf(r)
	if len(quoted) == 0 {
		return
	}
	parts := []part{soft(d.Say("report.posts") + " ")}
	for i, p := range quoted {
		if i > 0 {
			parts = append(parts, soft(", "))
		}
		parts = append(parts, linked(p.URL, p.Words))
	}
	d.paragraph("P", wholeWidth(smallSize), append(parts, soft(v.moreOf(r)))...)
}

// categories counts the findings of each category by severity, and says how many are not printed.
func (d *sheet) categories(v view, printed []assess.Finding) {
	if len(v.Groups) == 0 {
		return
	}
	d.heading(v.Say("pdf.by_category"))
	d.room(float64(len(v.Groups)+1) * 16)
	d.Open("Table")
	d.tableRow("TH", []string{
		v.Say("pdf.category"), words.Capital(v.severity(assess.Critical)), words.Capital(v.severity(assess.High)),
		words.Capital(v.severity(assess.Medium)), words.Capital(v.severity(assess.Low)),
		v.Say("pdf.together"), v.Say("pdf.printed"), v.Say("pdf.more"),
	})
	for _, g := range v.Groups {
		by := map[assess.Severity]int{}
		for _, f := range g.Findings {
			by[f.Severity]++
		}
		here := 0
		for _, f := range printed {
			if f.Category == g.Category {
				here++
			}
		}
		all := len(g.Findings) + v.LeftOut.ByCategory[g.Category]
		cells := []string{v.category(g.Category)}
		for _, n := range []int{
			by[assess.Critical], by[assess.High], by[assess.Medium], by[assess.Low], all, here, all - here,
		} {
			cells = append(cells, v.count(n))
		}
		d.tableRow("TD", cells)
	}
	d.Close()
}

// tableRow has a wide cell and narrow ones for numbers.
func (d *sheet) tableRow(kind string, cells []string) {
	const first, high = 142.0, 16.0
	d.room(high)
	wide := (textWidth - first) / float64(len(cells)-1)
	d.Open("TR")
	for i, s := range cells {
		b, cell := box{pageMargin, first, smallSize + 0.5}, said(s)
		if i > 0 {
			b.x, b.width = pageMargin+first+float64(i-1)*wide, wide
		}
		switch {
		case kind == "TH":
			d.OpenHeader("Column")
			cell = strong(s).in(quiet)
		case i == 0:
			d.OpenHeader("Row")
		default:
			d.Open("TD")
		}
		d.one(b, d.top-11, i > 0, cell)
		d.Close()
	}
	d.Close()
	d.top -= high
	d.Rect(pageMargin, d.top, textWidth, 0.5, hair)
}

func (d *sheet) findings(v view, printed []assess.Finding) {
	d.heading(v.Say("pdf.worst_first"))
	if len(v.Groups) == 0 {
		d.paragraph("P", wholeWidth(bodySize), said(v.Say("report.nothing")))
	}
	all := v.Counted() + v.LeftOut.Findings
	if len(printed) < all {
		d.paragraph("P", wholeWidth(smallSize), soft(v.Say("pdf.printed_of", "printed", len(printed), "n", all)))
	}
	d.Open("L")
	level := assess.Severity("")
	for i, f := range printed {
		d.room(4 * bodySize * leading)
		if f.Severity != level {
			level = f.Severity
			d.Bookmark(2, words.Capital(v.severity(level)), d.top)
		}
		d.finding(i+1, f)
	}
	d.Close()
	if n := len(v.Dismissed); n > 0 {
		d.paragraph("P", wholeWidth(smallSize),
			soft(v.Say("pdf.left_out", "n", n)))
	}
}

func (d *sheet) finding(n int, f assess.Finding) {
	const indent = 18.0
	d.top -= 6
	d.Open("LI")
	d.Open("LBody")
	base := d.top - smallSize*1.12
	d.Open("P")
	d.one(box{pageMargin, indent, smallSize - 1}, base, false, soft(fmt.Sprint(n)))
	x := pageMargin + indent + d.badge(pageMargin+indent, base, smallSize, f.Severity) + 7
	d.one(box{x, textWidth, smallSize}, base, false, strong(d.category(f.Category)), soft("   "+d.place(f)))
	d.one(wholeWidth(smallSize), base, true, soft(d.Say("pdf.n_points", "n", f.Points)))
	d.Close()
	d.top -= smallSize*leading + 4
	b := box{pageMargin + indent + 7, textWidth - indent - 14, bodySize}
	c, _ := shades(f.Severity)
	rule := func(bottom, height float64, right bool) {
		x := pageMargin + indent
		if right {
			x = pageMargin + textWidth - 1.6
		}
		d.Rect(x, bottom, 1.6, height, c)
	}
	if f.Quote != "" {
		d.Open("BlockQuote")
		d.lines(b, rule, said(ellipsis(f.Before, true)), said(d.cut(f.Quote, mostOfQuote)).marked(),
			said(ellipsis(f.After, false)))
		d.Close()
		d.top -= 2
	}
	b.x, b.width, b.size = pageMargin+indent, textWidth-indent, smallSize
	parts := []part{soft(d.cut(d.reason(f), 500) + " " + d.advice(f) + " " +
		d.Say("pdf.witnesses", "witnesses", d.witnesses(f), "confidence", f.Confidence) + " ")}
	if f.URL != "" {
		parts = append(parts, linked(f.URL, d.open(f)))
	}
	d.paragraph("P", b, parts...)
	d.Close()
	d.Close()
	d.top -= 5
	d.Rect(pageMargin, d.top, textWidth, 0.5, hair)
}

// years draws a bar a year.
func (d *sheet) years(v view) {
	if len(v.RiskByYear) == 0 {
		return
	}
	d.heading(v.Say("report.years"))
	for _, y := range v.RiskByYear {
		d.room(17)
		base := d.top - 11
		c, _ := shades(assess.LevelOf(y.Score))
		d.fraction(pageMargin+44, base-1, 220, 8, y.Score/100, c)
		d.Open("P")
		d.one(wholeWidth(bodySize), base, false, strong(fmt.Sprint(y.Year)))
		d.one(box{pageMargin + 276, 230, smallSize}, base, false, soft(v.Say("report.year_line", "score", y.Score,
			"n", y.Findings, "posts", y.Posts)))
		d.Close()
		d.top -= 17
	}
}

// tone draws the shares of positive, neutral and negative posts as one bar.
func (d *sheet) tone(v view) {
	d.heading(v.Say("report.tone"))
	bars := htmlView{view: v}.Tone()
	if len(bars) == 0 {
		d.paragraph("P", wholeWidth(bodySize), said(v.Say("report.tone_unknown")))
		return
	}
	colours := map[string]pdf.Color{
		"positive": {R: 47, G: 158, B: 107}, "neutral": {R: 169, G: 178, B: 190}, "negative": {R: 217, G: 87, B: 59},
	}
	for _, b := range bars {
		d.Rect(pageMargin+b.X*textWidth/100, d.top-14, b.Width*textWidth/100, 13, colours[b.Class])
	}
	d.top -= 19
	d.paragraph("P", wholeWidth(smallSize), soft(v.Say("report.tone_line", "positive", bars[0].Label,
		"neutral", bars[1].Label, "negative", bars[2].Label, "n", v.Sentiment.Measured)))
}

func (d *sheet) aggregates(v view) {
	if v.Engagement.Known {
		d.facts(v.Say("report.engagement"), v.EngagementFacts())
	}
	if len(v.Themes) == 0 {
		return
	}
	d.heading(v.Say("report.themes"))
	names := make([]string, len(v.Themes))
	for i, t := range v.Themes {
		names[i] = fmt.Sprintf("%s (%s)", t.Name, v.count(t.Posts))
	}
	d.paragraph("P", wholeWidth(bodySize), said(strings.Join(names, ", ")))
}

func (d *sheet) facts(heading string, facts []fact) {
	d.heading(heading)
	d.Open("Table")
	for _, f := range facts {
		d.row(f.Label, f.Value)
	}
	d.Close()
}

// row is a label with what it says beside it.
func (d *sheet) row(label, value string) {
	const wide = 176.0
	left, right := box{pageMargin, wide - 12, smallSize + 0.5}, box{pageMargin + wide, textWidth - wide, bodySize}
	l, looks := d.set(left, []part{soft(label)})
	d.room(max(float64(len(l.Lines)), 2) * bodySize * leading)
	d.Open("TR")
	d.OpenHeader("Row")
	top := d.top
	for i, line := range l.Lines {
		d.line(left, line, l.RightToLeft, top-right.size*1.12-float64(i)*left.size*leading, looks)
	}
	d.Close()
	page := d.Pages()
	d.paragraph("TD", right, said(value))
	if d.Pages() == page {
		d.top = min(d.top, top-float64(len(l.Lines))*left.size*leading)
	}
	d.Close()
	d.top -= 2
}

func (d *sheet) policy(v view) {
	d.heading(v.Say("pdf.policy"))
	d.Open("Table")
	for _, p := range v.Policy {
		d.row(v.category(p.Category), words.Capital(v.rule(p.Rule))+". "+p.Why)
	}
	d.Close()
}

// unwritten explains the boxes, if any were drawn.
func (d *sheet) unwritten() {
	missing := d.Setter().Missing()
	if len(missing) == 0 {
		return
	}
	d.heading(d.Say("pdf.unwritten"))
	s := d.Say("pdf.unwritten_why", "n", len(missing))
	if !d.Setter().Complete() {
		s += " " + d.Say("pdf.no_fonts")
	}
	d.paragraph("P", wholeWidth(bodySize), said(s))
	var numbers []string
	for _, r := range missing[:min(len(missing), 60)] {
		numbers = append(numbers, fmt.Sprintf("U+%04X", r))
	}
	if len(missing) > len(numbers) {
		numbers = append(numbers, "…")
	}
	d.paragraph("P", wholeWidth(smallSize), soft(strings.Join(numbers, ", ")))
}
