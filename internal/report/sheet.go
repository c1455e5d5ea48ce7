package report

import (
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/pdf"
	"github.com/repazoo/repazoo/internal/typeset"
	"github.com/repazoo/repazoo/internal/words"
)

// Points of a page.
const (
	pageMargin = 51.0
	pageBottom = 66.0 // the foot stands below it
	textWidth  = pdf.PageWidth - 2*pageMargin
)

// Points of type. The distance of lines leaves room for the accents of Arabic and Thai.
const (
	bodySize  = 9.5
	smallSize = 8.0
	leading   = 1.5
)

// The colours of the pages, as on the screen in light.
var (
	ink    = pdf.Color{R: 27, G: 35, B: 48}
	quiet  = pdf.Color{R: 89, G: 100, B: 116}
	hair   = pdf.Color{R: 223, G: 227, B: 232}
	accent = pdf.Color{R: 49, G: 87, B: 200}
	marker = pdf.Color{R: 255, G: 233, B: 168}
	paper  = pdf.Color{R: 255, G: 255, B: 255}
)

// shades are the colour of a level, and the light one behind its word.
func shades(s assess.Severity) (strong, wash pdf.Color) {
	switch s {
	case assess.Low:
		return pdf.Color{R: 23, G: 118, B: 74}, pdf.Color{R: 227, G: 244, B: 234}
	case assess.Medium:
		return pdf.Color{R: 138, G: 95, B: 0}, pdf.Color{R: 253, G: 241, B: 210}
	case assess.High:
		return pdf.Color{R: 185, G: 60, B: 9}, pdf.Color{R: 255, G: 231, B: 218}
	default:
		return pdf.Color{R: 179, G: 21, B: 58}, pdf.Color{R: 253, G: 227, B: 233}
	}
}

// part is a stretch of text in one look.
type part struct {
	text string
	bold bool
	look pdf.Style
}

func said(s string) part { return part{text: s, look: pdf.Style{Color: ink}} }
func soft(s string) part { return part{text: s, look: pdf.Style{Color: quiet}} }
func strong(s string) part {
	return part{text: s, bold: true, look: pdf.Style{Color: ink}}
}

func (p part) in(c pdf.Color) part { p.look.Color = c; return p }

func (p part) marked() part { p.look.Mark = &marker; return p }

func linked(url, s string) part {
	return part{text: s, look: pdf.Style{Color: accent, Link: url}}
}

// sheet lays out pages from top to bottom.
type sheet struct {
	view
	*pdf.Document
	top float64 // of the next line, from the lower edge of the page
}

// page begins a new page.
func (d *sheet) page() {
	d.AddPage()
	d.top = pdf.PageHeight - pageMargin
}

// room begins a new page unless so many points are left on this one.
func (d *sheet) room(points float64) {
	if d.top-points < pageBottom {
		d.page()
	}
}

// box is where text goes: from x on, so wide, in type of a size.
type box struct{ x, width, size float64 }

func wholeWidth(size float64) box { return box{pageMargin, textWidth, size} }

// set puts text into lines for a box.
func (d *sheet) set(b box, parts []part) (typeset.Paragraph, []pdf.Style) {
	spans, styles := make([]typeset.Span, len(parts)), make([]pdf.Style, len(parts))
	for i, p := range parts {
		spans[i], styles[i] = typeset.Span{Text: clean(p.text), Bold: p.bold, Tag: i}, p.look
	}
	return d.Setter().Set(spans, b.width/b.size), styles
}

// line paints one line in a box, and begins at the right if its paragraph does.
func (d *sheet) line(b box, l typeset.Line, right bool, baseline float64, styles []pdf.Style) {
	x := b.x
	if right {
		x += b.width - l.Width*b.size
	}
	d.Text(l, x, baseline, b.size, styles)
}

// paragraph paints text as an element of a kind, and moves below it.
func (d *sheet) paragraph(kind string, b box, parts ...part) {
	d.Open(kind)
	d.lines(b, nil, parts...)
	d.Close()
}

// lines paints text in the open element. Beside is called for each line, with its lower end and its height, and told
// whether the text begins at the right.
func (d *sheet) lines(b box, beside func(bottom, height float64, right bool), parts ...part) {
	p, styles := d.set(b, parts)
	high := b.size * leading
	for i, l := range p.Lines {
		if i == 0 && len(p.Lines) > 1 {
			d.room(2 * high) // no line is left alone at the foot
		}
		d.room(high)
		d.line(b, l, p.RightToLeft, d.top-b.size*1.12, styles)
		d.top -= high
		if beside != nil {
			beside(d.top, high, p.RightToLeft)
		}
	}
}

// one paints a line of text at a height and does not move. Right aligned, it ends where the box ends.
func (d *sheet) one(b box, baseline float64, ending bool, parts ...part) {
	p, styles := d.set(b, parts)
	d.line(b, p.Lines[0], ending, baseline, styles)
}

// width is how wide text is in one line.
func (d *sheet) width(size float64, parts ...part) float64 {
	p, _ := d.set(box{0, 1e6, size}, parts)
	return p.Lines[0].Width * size
}

func (d *sheet) heading(s string) {
	d.room(96)
	d.top -= 20
	d.Bookmark(1, s, d.top+8)
	d.paragraph("H2", wholeWidth(14), strong(s))
	d.top -= 4
}

func (d *sheet) subheading(s string) {
	d.room(60)
	d.top -= 6
	d.paragraph("H3", wholeWidth(10.5), strong(s))
}

// fraction is a bar that is filled to a part.
func (d *sheet) fraction(x, y, width, height, part float64, c pdf.Color) {
	d.Rect(x, y, width, height, hair)
	d.Rect(x, y, width*min(max(part, 0), 1), height, c)
}

// badge paints a level as an icon and a word, and gives how wide it is.
func (d *sheet) badge(x, baseline, size float64, level assess.Severity) float64 {
	c, wash := shades(level)
	word := strong(words.Capital(d.severity(level))).in(c)
	wide := d.width(size, word) + size*2.3
	d.Rect(x, baseline-size*0.45, wide, size*1.65, wash)
	for i := range 3 {
		bar := c
		if i > level.Rank()-assess.Low.Rank() {
			bar = hair
		}
		d.Rect(x+size*0.55+float64(i)*size*0.3, baseline-size*0.05, size*0.2, size*(0.3+0.2*float64(i)), bar)
	}
	d.one(box{x + size*1.75, wide, size}, baseline, false, word)
	return wide
}

// cut bounds what one post may take of the pages.
func (v view) cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "… (" + v.Say("pdf.cut", "n", len(runes)-most) + ")"
}
