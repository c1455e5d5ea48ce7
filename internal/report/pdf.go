package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/pdf"
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
	d := &sheet{Document: pdf.New(w, pdf.Meta{
		Title: "Repazoo report on " + v.Who(), Author: "Repazoo", Lang: "en", Created: v.CreatedAt,
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
	d.facts("How much was read", v.CoverageFacts())
	for _, s := range v.Coverage.OutOfReach {
		d.paragraph("P", wholeWidth(bodySize), words("• "+s))
	}
	d.facts("Receipt: models, cost, privacy, versions", v.Receipt())
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
	d.one(wholeWidth(7.5), 36, false, soft("Repazoo · "+v.Who()+" · "+date(v.CreatedAt)))
	d.one(wholeWidth(7.5), 36, true, soft(fmt.Sprintf("Page %d of %d", n, of)))
}

// cover is the first page: the level, what was read and how it was judged.
func (d *sheet) cover(v view) {
	d.page()
	d.Rect(pageMargin, d.top-13, 13, 13, accent)
	d.Rect(pageMargin+3, d.top-5.2, 7, 1.6, paper)
	d.Rect(pageMargin+3, d.top-8.6, 5, 1.6, paper)
	d.one(box{pageMargin + 19, textWidth, 11}, d.top-10.5, false, strong("Repazoo"))
	d.top -= 108
	title := "What the posts of " + v.Who() + " say"
	d.Bookmark(1, title, d.top+20)
	d.paragraph("H1", box{pageMargin, textWidth, 26}, strong(title))
	d.top -= 4
	d.paragraph("P", wholeWidth(12), soft("Read for "+strings.ToLower(v.Purpose.Title())+", on "+date(v.CreatedAt)))
	d.top -= 34
	d.standing(v)
	d.scale(v)
	d.top -= 26
	d.columns(
		[]part{strong("What was read")}, coverWords(v),
		[]part{strong("How it was judged")}, judgedWords(v),
	)
	if v.HumanReview.Needed {
		c, _ := shades(assess.High)
		d.top -= 14
		d.paragraph("P", wholeWidth(bodySize), strong("A person should look first. ").in(c),
			words(strings.Join(v.HumanReview.Reasons, " ")))
	}
	if v.Masked {
		d.top -= 14
		d.paragraph("P", wholeWidth(bodySize), words(maskedWords))
	}
	d.top -= 14
	d.paragraph("P", box{pageMargin, textWidth * 0.75, smallSize},
		soft("Findings label posts, never a person, and this report is no legal advice. "+
			"A person should read them before anything is decided."))
}

// standing is the score, its level, and the summary beside them.
func (d *sheet) standing(v view) {
	c, _ := shades(v.Level)
	top := d.top
	score := strong(number(v.Score)).in(c)
	wide := d.width(54, score) + 22
	d.Open("P")
	d.one(box{pageMargin, wide, 54}, top-46, false, score)
	d.one(box{pageMargin, wide, smallSize}, top-60, false, soft(v.of100()))
	x := pageMargin + wide
	end := x + d.badge(x, top-10, smallSize, v.Level) + 8
	d.one(box{end, 200, smallSize}, top-10, false, soft("risk"))
	d.Close()
	d.top = top - 22
	d.paragraph("P", box{x, textWidth - wide, bodySize + 0.5}, words(v.Summary))
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
		d.one(box{x, 100, smallSize}, d.top-20, false, soft(capital(string(zone.level))))
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
	s := fmt.Sprintf("%s from %s", assess.Counting(c.PostsTotal, "post"), v.SourceName())
	if c.From != nil && c.To != nil {
		s += fmt.Sprintf(", from %s to %s", dateOf(c.From), dateOf(c.To))
	}
	s += fmt.Sprintf(". %s analysed", assess.Thousands(c.PostsAnalysed))
	if c.PostsJudged > 0 {
		s += fmt.Sprintf(", %s of them by word screen and language model", assess.Thousands(c.PostsJudged))
	} else {
		s += ", by the word screen alone"
	}
	s += fmt.Sprintf("; %s skipped (%s).", assess.Thousands(c.PostsSkipped), assess.Counting(c.Reposts, "repost"))
	if n := len(c.OutOfReach); n > 0 {
		s += " Some could not be read: see “How much was read”."
	}
	return []part{words(s)}
}

// judgedWords say what counts as a finding, and what the score is made of.
func judgedWords(v view) []part {
	s := "A finding counts only if its words stand in the post. " + howScored(v) + " No model gives a number."
	if len(v.Models) == 0 {
		s += " No language model was used."
	}
	return []part{words(s)}
}

func (d *sheet) keyFindings(v view) {
	if len(v.KeyFindings) == 0 {
		return
	}
	d.heading("Key findings")
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
	d.paragraph("LBody", box{pageMargin + 18, textWidth - 18, bodySize}, words(s))
	d.Close()
	d.top -= 2
}

func (d *sheet) recommendations(v view) {
	d.heading("What to do")
	for _, r := range v.Recommendations {
		d.subheading(horizon(r.Priority) + ": " + r.Title)
		d.paragraph("P", wholeWidth(bodySize), words(r.Why))
		d.Open("L")
		for i, s := range r.Steps {
			d.item(fmt.Sprintf("%d.", i+1), s)
		}
		d.Close()
		d.paragraph("P", wholeWidth(smallSize), soft(outcome(r)))
		d.postLinks(r.Posts)
	}
}

func (d *sheet) postLinks(ids []string) {
	if len(ids) == 0 {
		return
	}
	parts := []part{soft("Posts: ")}
	for i, id := range ids {
		if i > 0 {
			parts = append(parts, soft(", "))
		}
		parts = append(parts, linked("https://x.com/i/status/"+id, id))
	}
	d.paragraph("P", wholeWidth(smallSize), parts...)
}

// categories counts the findings of each category by severity, and says how many are not printed.
func (d *sheet) categories(v view, printed []assess.Finding) {
	if len(v.Groups) == 0 {
		return
	}
	d.heading("Findings by category")
	d.room(float64(len(v.Groups)+1) * 16)
	d.Open("Table")
	d.tableRow("TH", []string{"Category", "Critical", "High", "Medium", "Low", "Together", "Printed", "More"})
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
		cells := []string{g.Category.Title()}
		for _, n := range []int{
			by[assess.Critical], by[assess.High], by[assess.Medium], by[assess.Low], all, here, all - here,
		} {
			cells = append(cells, assess.Thousands(n))
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
		b, cell := box{pageMargin, first, smallSize + 0.5}, words(s)
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
	d.heading("Findings, the worst first")
	if len(v.Groups) == 0 {
		d.paragraph("P", wholeWidth(bodySize), words("Nothing was found that counts."))
	}
	all := v.Counted() + v.LeftOut.Findings
	if len(printed) < all {
		d.paragraph("P", wholeWidth(smallSize), soft(fmt.Sprintf("%s of %s are printed, those of the highest severity "+
			"first, whatever their category. “Findings by category” says how many more each has; the CSV and JSON "+
			"reports list them.",
			assess.Thousands(len(printed)), assess.Counting(all, "finding"))))
	}
	d.Open("L")
	level := assess.Severity("")
	for i, f := range printed {
		d.room(4 * bodySize * leading)
		if f.Severity != level {
			level = f.Severity
			d.Bookmark(2, capital(string(level)), d.top)
		}
		d.finding(i+1, f)
	}
	d.Close()
	if n := len(v.Dismissed); n > 0 {
		d.paragraph("P", wholeWidth(smallSize),
			soft(assess.Counting(n, "dismissed finding")+" left out: they count nothing."))
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
	d.one(box{x, textWidth, smallSize}, base, false, strong(f.Category.Title()), soft("   "+place(f)))
	d.one(wholeWidth(smallSize), base, true, soft(number(f.Points)+" points"))
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
		d.lines(b, rule, words(ellipsis(f.Before, true)), words(cut(f.Quote, mostOfQuote)).marked(),
			words(ellipsis(f.After, false)))
		d.Close()
		d.top -= 2
	}
	b.x, b.width, b.size = pageMargin+indent, textWidth-indent, smallSize
	parts := []part{soft(fmt.Sprintf("%s %s By %s, confidence %s. ",
		cut(reason(f), 500), advice(f), witnesses(f, " and "), number(f.Confidence)))}
	if f.URL != "" {
		parts = append(parts, linked(f.URL, open(f)))
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
	d.heading("Risk by year")
	for _, y := range v.RiskByYear {
		d.room(17)
		base := d.top - 11
		c, _ := shades(assess.LevelOf(y.Score))
		d.fraction(pageMargin+44, base-1, 220, 8, y.Score/100, c)
		d.Open("P")
		d.one(wholeWidth(bodySize), base, false, strong(fmt.Sprint(y.Year)))
		d.one(box{pageMargin + 276, 230, smallSize}, base, false, soft(fmt.Sprintf("%s of 100, %s in %s", number(y.Score),
			assess.Counting(y.Findings, "finding"), assess.Counting(y.Posts, "post"))))
		d.Close()
		d.top -= 17
	}
}

// tone draws the shares of positive, neutral and negative posts as one bar.
func (d *sheet) tone(v view) {
	d.heading("Tone")
	bars := htmlView{v}.Tone()
	if len(bars) == 0 {
		d.paragraph("P", wholeWidth(bodySize), words("Unknown: no post was in a language whose tone the screen can measure."))
		return
	}
	colours := map[string]pdf.Color{
		"positive": {R: 47, G: 158, B: 107}, "neutral": {R: 169, G: 178, B: 190}, "negative": {R: 217, G: 87, B: 59},
	}
	for _, b := range bars {
		d.Rect(pageMargin+b.X*textWidth/100, d.top-14, b.Width*textWidth/100, 13, colours[b.Class])
	}
	d.top -= 19
	d.paragraph("P", wholeWidth(smallSize), soft(fmt.Sprintf("Positive %s, neutral %s, negative %s of %s measured.",
		bars[0].Label, bars[1].Label, bars[2].Label, assess.Counting(v.Sentiment.Measured, "post"))))
}

func (d *sheet) aggregates(v view) {
	if v.Engagement.Known {
		d.facts("Engagement", v.EngagementFacts())
	}
	if len(v.Themes) == 0 {
		return
	}
	d.heading("Themes")
	names := make([]string, len(v.Themes))
	for i, t := range v.Themes {
		names[i] = fmt.Sprintf("%s (%s)", t.Name, assess.Thousands(t.Posts))
	}
	d.paragraph("P", wholeWidth(bodySize), words(strings.Join(names, ", ")))
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
	d.paragraph("TD", right, words(value))
	if d.Pages() == page {
		d.top = min(d.top, top-float64(len(l.Lines))*left.size*leading)
	}
	d.Close()
	d.top -= 2
}

func (d *sheet) policy(v view) {
	d.heading("Policy")
	d.Open("Table")
	for _, p := range v.Policy {
		d.row(p.Category.Title(), strings.ReplaceAll(p.Rule, "_", " ")+". "+p.Why)
	}
	d.Close()
}

// unwritten explains the boxes, if any were drawn.
func (d *sheet) unwritten() {
	missing := d.Setter().Missing()
	if len(missing) == 0 {
		return
	}
	d.heading("Characters without a letter here")
	s := "No font of this report has " + assess.Counting(len(missing), "character") + " of the posts. Each is shown " +
		"as a box with its number in Unicode; copied, it is the character itself. The HTML report " +
		"shows it with the fonts of the reader’s own device."
	if !d.Setter().Complete() {
		s += " This Repazoo was built without the fonts of most scripts, which “make fonts” fetches before a build."
	}
	d.paragraph("P", wholeWidth(bodySize), words(s))
	var numbers []string
	for _, r := range missing[:min(len(missing), 60)] {
		numbers = append(numbers, fmt.Sprintf("U+%04X", r))
	}
	if len(missing) > len(numbers) {
		numbers = append(numbers, "…")
	}
	d.paragraph("P", wholeWidth(smallSize), soft(strings.Join(numbers, ", ")))
}
