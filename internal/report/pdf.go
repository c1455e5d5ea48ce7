package report

import (
	"fmt"
	"io"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"github.com/repazoo/repazoo/internal/assess"
)

// pdfFindings is how many findings a PDF lists; beyond it says how many are left out.
const pdfFindings = 200

// Millimetres of an A4 page.
const (
	pageMargin = 18.0
	pageWidth  = 210.0
	textWidth  = pageWidth - 2*pageMargin
	gaugeWidth = 46.0
)

// Points of type, and the millimetres of its lines.
const (
	bodySize  = 10.0
	bodyLine  = 5.2
	smallSize = 8.5
	smallLine = 4.4
)

type rgb struct{ r, g, b int }

var (
	ink    = rgb{27, 35, 48}
	quiet  = rgb{89, 100, 116}
	hair   = rgb{223, 227, 232}
	accent = rgb{49, 87, 200}
)

func levelRGB(s assess.Severity) rgb {
	switch s {
	case assess.Low:
		return rgb{23, 118, 74}
	case assess.Medium:
		return rgb{168, 117, 0}
	case assess.High:
		return rgb{194, 65, 12}
	default:
		return rgb{179, 21, 58}
	}
}

// writePDF writes A4 pages with the type embedded.
func writePDF(w io.Writer, r *assess.Report) error {
	v := newView(r)
	d := newDocument(v)
	d.cover(v)
	d.keyFindings(v)
	d.recommendations(v)
	d.findings(v)
	d.years(v)
	d.tone(v)
	d.aggregates(v)
	d.facts("How much was read", v.CoverageFacts())
	for _, s := range v.Coverage.OutOfReach {
		d.paragraph("• " + s)
	}
	d.facts("Receipt: models, cost, privacy, versions", v.Receipt())
	d.policy(v)
	d.boxesNote()
	return d.Output(w)
}

// document is a PDF in the making.
type document struct {
	*fpdf.Fpdf
	glyphs *glyphs
}

// pageCount stands for the number of pages until that is known. Wherever its bytes stand in a page they are replaced, so
// it is of private characters that no font has: in a post they are drawn as a box.
const pageCount = "\ue123\ue245"

func newDocument(v view) *document {
	d := &document{Fpdf: fpdf.New("P", "mm", "A4", ""), glyphs: newGlyphs()}
	addFonts(d.Fpdf)
	d.SetMargins(pageMargin, pageMargin, pageMargin)
	d.SetAutoPageBreak(true, 20)
	d.SetTitle("Repazoo report on "+d.show(v.Who()), true)
	d.SetCreator("Repazoo", true)
	d.SetLang("en")
	d.SetCreationDate(v.CreatedAt.UTC()) // the same report is the same file
	d.SetModificationDate(v.CreatedAt.UTC())
	d.SetCatalogSort(true)
	d.AliasNbPages(pageCount)
	d.SetFooterFunc(func() {
		d.SetY(-13)
		d.font("", smallSize, quiet)
		d.CellFormat(textWidth/2, smallLine, d.show("Repazoo · "+v.Who()+" · "+date(v.CreatedAt)), "", 0, "L", false, 0, "")
		d.CellFormat(textWidth/2, smallLine, fmt.Sprintf("Page %d of %s", d.PageNo(), pageCount), "", 0, "R", false, 0, "")
	})
	d.AddPage()
	return d
}

// show makes text from outside fit for the page.
func (d *document) show(s string) string { return d.glyphs.drawable(clean(s)) }

func (d *document) font(style string, size float64, c rgb) {
	d.SetFont(family, style, size)
	d.SetTextColor(c.r, c.g, c.b)
}

func (d *document) fill(c rgb)   { d.SetFillColor(c.r, c.g, c.b) }
func (d *document) stroke(c rgb) { d.SetDrawColor(c.r, c.g, c.b) }

func (d *document) paragraph(s string) {
	d.font("", bodySize, ink)
	d.MultiCell(0, bodyLine, d.show(s), "", "L", false)
}

func (d *document) small(s string) {
	d.font("", smallSize, quiet)
	d.MultiCell(0, smallLine, d.show(s), "", "L", false)
}

// room starts a new page unless so many millimetres are left on this one.
func (d *document) room(mm float64) {
	_, height := d.GetPageSize()
	if d.GetY()+mm > height-20 {
		d.AddPage()
	}
}

func (d *document) heading(s string) {
	d.room(28)
	d.Ln(5)
	d.stroke(hair)
	d.SetLineWidth(0.3)
	d.Line(pageMargin, d.GetY(), pageWidth-pageMargin, d.GetY())
	d.Ln(3.5)
	d.font("B", 13.5, ink)
	d.CellFormat(0, 7, d.show(s), "", 1, "L", false, 0, "")
	d.Ln(1)
}

func (d *document) subheading(s string) {
	d.room(20)
	d.Ln(1.5)
	d.font("B", 10.5, ink)
	d.MultiCell(0, 5.6, d.show(s), "", "L", false)
}

func (d *document) cover(v view) {
	d.fill(levelRGB(v.Level))
	d.Rect(0, 0, pageWidth, 4, "F")
	d.font("", smallSize, quiet)
	d.CellFormat(0, 5, d.show("Repazoo report · "+v.Purpose.Title()+" · "+date(v.CreatedAt)), "", 1, "L", false, 0, "")
	top := d.GetY()
	d.gauge(v, pageWidth-pageMargin-gaugeWidth/2, top+27)
	d.SetXY(pageMargin, top+3)
	d.SetRightMargin(pageMargin + gaugeWidth + 8)
	d.font("B", 21, ink)
	d.MultiCell(0, 9, d.show("What the posts of "+v.Who()+" say"), "", "L", false)
	d.Ln(2)
	d.paragraph(v.Summary)
	d.SetRightMargin(pageMargin)
	d.SetY(max(d.GetY(), top+40))
	if v.HumanReview.Needed {
		d.Ln(2)
		d.font("B", bodySize, levelRGB(assess.High))
		d.MultiCell(0, bodyLine, d.show("A person should look first. "+strings.Join(v.HumanReview.Reasons, " ")), "", "L", false)
	}
}

// gauge draws the score as part of a half circle around x, y.
func (d *document) gauge(v view, x, y float64) {
	const radius = 19.0
	d.SetLineWidth(4)
	d.SetLineCapStyle("butt")
	d.stroke(hair)
	d.Arc(x, y, radius, radius, 0, 0, 180, "D")
	if v.Score > 0 {
		d.stroke(levelRGB(v.Level))
		d.Arc(x, y, radius, radius, 0, 180-1.8*v.Score, 180, "D")
	}
	d.centred(x, y-9, "B", 24, ink, number(v.Score))
	d.centred(x, y-1, "", smallSize, quiet, v.of100())
	d.centred(x, y+4.5, "B", 10, levelRGB(v.Level), strings.ToUpper(string(v.Level))+" RISK")
}

func (d *document) centred(x, y float64, style string, size float64, c rgb, s string) {
	d.font(style, size, c)
	d.SetXY(x-gaugeWidth/2, y)
	d.CellFormat(gaugeWidth, 5, d.show(s), "", 0, "C", false, 0, "")
	d.SetXY(pageMargin, y)
}

func (d *document) keyFindings(v view) {
	if len(v.KeyFindings) == 0 {
		return
	}
	d.heading("Key findings")
	for i, s := range v.KeyFindings {
		d.numbered(fmt.Sprintf("%d.", i+1), s)
	}
}

// numbered is a paragraph that hangs behind its mark.
func (d *document) numbered(mark, s string) {
	d.room(2 * bodyLine)
	d.font("B", bodySize, quiet)
	d.CellFormat(7, bodyLine, mark, "", 0, "L", false, 0, "")
	d.SetLeftMargin(pageMargin + 7)
	d.paragraph(s)
	d.SetLeftMargin(pageMargin)
	d.Ln(0.8)
	d.SetX(pageMargin)
}

func (d *document) recommendations(v view) {
	d.heading("What to do")
	for _, r := range v.Recommendations {
		d.subheading(horizon(r.Priority) + ": " + r.Title)
		d.paragraph(r.Why)
		for i, s := range r.Steps {
			d.numbered(fmt.Sprintf("%d.", i+1), s)
		}
		d.small(outcome(r))
		d.postLinks(r.Posts)
	}
}

func (d *document) postLinks(ids []string) {
	if len(ids) == 0 {
		return
	}
	d.font("", smallSize, quiet)
	d.Write(smallLine, "Posts: ")
	for i, id := range ids {
		if i > 0 {
			d.font("", smallSize, quiet)
			d.Write(smallLine, ", ")
		}
		d.link("https://x.com/i/status/"+id, id)
	}
	d.Ln(smallLine)
}

func (d *document) link(url, words string) {
	d.font("", smallSize, accent)
	d.WriteLinkString(smallLine, d.show(words), clean(url))
}

func (d *document) findings(v view) {
	d.heading("Findings")
	if len(v.Groups) == 0 {
		d.paragraph("Nothing was found that counts.")
	}
	left := pdfFindings
	for _, g := range v.Groups {
		shown := min(left, len(g.Findings))
		if left -= shown; shown == 0 {
			continue
		}
		d.subheading(fmt.Sprintf("%s: %s", g.Category.Title(), assess.Counting(len(g.Findings), "finding")))
		for _, f := range g.Findings[:shown] {
			d.finding(f)
		}
	}
	if n := v.Counted() - pdfFindings; n > 0 {
		d.small(assess.Counting(n, "further finding") + " are not printed here; the HTML, CSV and JSON reports list them all.")
	}
	if n := len(v.Dismissed); n > 0 {
		d.small(assess.Counting(n, "dismissed finding") + " left out: they count nothing.")
	}
}

func (d *document) finding(f assess.Finding) {
	d.room(24)
	d.Ln(1.5)
	d.font("B", smallSize, levelRGB(f.Severity))
	d.Write(smallLine, strings.ToUpper(string(f.Severity)))
	d.font("", smallSize, quiet)
	d.Write(smallLine, d.show(fmt.Sprintf("  %s points · %s · %s, confidence %s · ", number(f.Points), place(f), witnesses(f, " and "), number(f.Confidence))))
	d.link(f.URL, strings.ToLower(open(f)))
	d.Ln(smallLine + 1)
	d.quote(f)
	d.paragraph(reason(f) + " " + advice(f))
	d.Ln(1)
}

// quote shows the quoted words in bold between those around them, beside a rule.
func (d *document) quote(f assess.Finding) {
	page, top := d.PageNo(), d.GetY()
	d.SetLeftMargin(pageMargin + 4)
	d.SetX(pageMargin + 4)
	for _, part := range []struct{ style, text string }{{"", ellipsis(f.Before, true)}, {"B", f.Quote}, {"", ellipsis(f.After, false)}} {
		if text := d.show(part.text); text != "" {
			d.font(part.style, bodySize, ink)
			d.Write(bodyLine, text)
		}
	}
	d.SetLeftMargin(pageMargin)
	d.Ln(bodyLine)
	if d.PageNo() != page {
		top = pageMargin
	}
	d.stroke(levelRGB(f.Severity))
	d.SetLineWidth(0.8)
	d.Line(pageMargin+1, top+0.4, pageMargin+1, d.GetY()-0.4)
	d.Ln(0.8)
}

// years draws a bar a year.
func (d *document) years(v view) {
	if len(v.RiskByYear) == 0 {
		return
	}
	d.heading("Risk by year")
	for _, y := range v.RiskByYear {
		d.room(7)
		d.font("B", bodySize, ink)
		d.CellFormat(16, 6, fmt.Sprint(y.Year), "", 0, "L", false, 0, "")
		d.fill(hair)
		d.Rect(pageMargin+16, d.GetY()+1.5, 80, 3, "F")
		d.fill(levelRGB(assess.LevelOf(y.Score)))
		d.Rect(pageMargin+16, d.GetY()+1.5, 0.8*y.Score, 3, "F")
		d.SetX(pageMargin + 100)
		d.font("", smallSize, quiet)
		d.CellFormat(0, 6, fmt.Sprintf("%s of 100, %s in %s", number(y.Score), assess.Counting(y.Findings, "finding"), assess.Counting(y.Posts, "post")), "", 1, "L", false, 0, "")
	}
}

// tone draws the shares of positive, neutral and negative posts as one bar.
func (d *document) tone(v view) {
	d.heading("Tone")
	bars := htmlView{v}.Tone()
	if len(bars) == 0 {
		d.paragraph("Unknown: no post was in a language whose tone the screen can measure.")
		return
	}
	colours := map[string]rgb{"positive": {47, 158, 107}, "neutral": {169, 178, 190}, "negative": {217, 87, 59}}
	for _, b := range bars {
		d.fill(colours[b.Class])
		d.Rect(pageMargin+b.X*textWidth/100, d.GetY(), b.Width*textWidth/100, 5, "F")
	}
	d.Ln(6.5)
	d.small(fmt.Sprintf("Positive %s, neutral %s, negative %s of %s measured.", bars[0].Label, bars[1].Label, bars[2].Label, assess.Counting(v.Sentiment.Measured, "post")))
}

func (d *document) aggregates(v view) {
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
	d.paragraph(strings.Join(names, ", "))
}

func (d *document) facts(heading string, facts []fact) {
	d.heading(heading)
	for _, f := range facts {
		d.row(f.Label, f.Value)
	}
}

// row is a label with what it says beside it.
func (d *document) row(label, value string) {
	const labelWidth = 62.0
	d.room(12)
	top := d.GetY()
	d.font("", smallSize, quiet)
	d.MultiCell(labelWidth-4, bodyLine, d.show(label), "", "L", false)
	bottom := d.GetY()
	d.SetXY(pageMargin+labelWidth, top)
	d.font("", bodySize, ink)
	d.SetLeftMargin(pageMargin + labelWidth)
	d.MultiCell(0, bodyLine, d.show(value), "", "L", false)
	d.SetLeftMargin(pageMargin)
	d.SetXY(pageMargin, max(d.GetY(), bottom))
}

func (d *document) policy(v view) {
	d.heading("Policy")
	for _, p := range v.Policy {
		d.row(p.Category.Title(), strings.ReplaceAll(p.Rule, "_", " ")+". "+p.Why)
	}
	d.Ln(3)
	d.small("Findings label posts, never a person. " + howScored(v) + " This report is no legal advice.")
}

// boxesNote explains the boxes, if any were drawn.
func (d *document) boxesNote() {
	if d.glyphs.boxed {
		d.small(string(missingGlyph) + " stands for a character, such as an emoji, that the type of this document lacks. The HTML report shows it.")
	}
}
