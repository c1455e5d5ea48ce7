package pdf

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/typeset"
)

// Text paints one line with its baseline at y, as content of the open element, or as decoration before the first one is
// opened.
func (d *Document) Text(l typeset.Line, x, y, size float64, styles []Style) {
	d.marker(l, x, y, size, styles)
	for _, p := range pieces(l) {
		d.piece(p, x+p.x*size, y, size, styles[p.tag()])
	}
}

// marker paints what stands behind the text.
func (d *Document) marker(l typeset.Line, x, y, size float64, styles []Style) {
	for i := 0; i < len(l.Clusters); {
		tag, from := l.Clusters[i].Tag, x
		for ; i < len(l.Clusters) && l.Clusters[i].Tag == tag; i++ {
			x += l.Clusters[i].Advance * size
		}
		if mark := styles[tag].Mark; mark != nil {
			d.Rect(from-0.5, y-size*0.32, x-from+1, size*1.34, *mark)
		}
	}
}

// piece is a stretch of a line that is painted at once, x ems from the line's start.
type piece struct {
	clusters []typeset.Cluster
	x        float64
}

func (p piece) tag() int    { return p.clusters[0].Tag }
func (p piece) right() bool { return p.clusters[0].Level&1 == 1 }

// first is where it begins in reading order.
func (p piece) first() int {
	return min(p.clusters[0].Start, p.clusters[len(p.clusters)-1].Start)
}

// text is in reading order; all of a piece has one direction.
func (p piece) text() string {
	var b strings.Builder
	for i := range p.clusters {
		if p.right() {
			i = len(p.clusters) - 1 - i
		}
		b.WriteString(p.clusters[i].Text)
	}
	return b.String()
}

// pieces cuts a line where its style or direction changes, and puts the pieces into the order of reading: screen
// readers, and some programs that copy, follow the order of painting. Within a piece the glyphs stay in the order of
// the eye, from which every program turns them around.
func pieces(l typeset.Line) []piece {
	var out []piece
	x := 0.0
	for i := 0; i < len(l.Clusters); {
		p, first, end := piece{x: x}, l.Clusters[i], i
		for end < len(l.Clusters) && l.Clusters[end].Tag == first.Tag && l.Clusters[end].Level == first.Level {
			x += l.Clusters[end].Advance
			end++
		}
		p.clusters = l.Clusters[i:end]
		out = append(out, p)
		i = end
	}
	slices.SortStableFunc(out, func(a, b piece) int { return a.first() - b.first() })
	return out
}

func (d *Document) piece(p piece, x, y, size float64, style Style) {
	if d.at == d.root {
		d.paint("/Artifact BMC ")
		d.glyphs(p.clusters, x, y, size, style.Color)
		d.paint("EMC\n")
		return
	}
	link := safeURL(style.Link)
	if link != "" {
		d.Open("Link")
	}
	if p.right() {
		d.open("Span", "/ActualText "+text(p.text())) // what is read aloud, whatever the order of painting
	}
	end := x
	d.marked(func() { end = d.glyphs(p.clusters, x, y, size, style.Color) })
	if p.right() {
		d.Close()
	}
	if link != "" {
		d.link(link, p.text(), [4]float64{x, y - size*0.3, end, y + size})
		d.Close()
	}
}

// glyphs paints clusters and gives where they end.
func (d *Document) glyphs(clusters []typeset.Cluster, x, y, size float64, c Color) float64 {
	d.paint("BT %v rg ", c)
	for i := 0; i < len(clusters); {
		f, nth := d.font()
		mode := "0 Tr"
		if clusters[i].Bold {
			mode = fmt.Sprintf("2 Tr %s w %v RG", num(size*0.03), c)
		}
		d.paint("/F%d %s Tf %s 1 0 0 1 %s %s Tm[<", nth, num(size), mode, num(x), num(y))
		bold := clusters[i].Bold
		for ; i < len(clusters) && clusters[i].Bold == bold && !f.full(); i++ {
			code := f.code(d.setter, clusters[i])
			d.paint("%04X", code)
			if kern := f.widths[code] - int(math.Round(clusters[i].Advance*unitsPerEm)); kern != 0 {
				d.paint(">%d<", kern)
			}
			x += clusters[i].Advance * size
		}
		d.paint(">]TJ ")
	}
	d.paint("ET ")
	return x
}

// font is the font that new clusters go to.
func (d *Document) font() (f *subset, nth int) {
	if d.fonts[len(d.fonts)-1].full() {
		d.fonts = append(d.fonts, newSubset(d.file.reserve()))
	}
	nth = len(d.fonts) - 1
	return d.fonts[nth], nth
}

// link makes a place of the page lead to a web address; it belongs to the open element.
func (d *Document) link(to, words string, box [4]float64) {
	id := d.file.reserve()
	d.file.put(id, "<</Type/Annot/Subtype/Link/Rect[%s %s %s %s]/Border[0 0 0]/F 4"+
		"/StructParent %d/Contents %s/A<</S/URI/URI<%X>>>>>",
		num(box[0]), num(box[1]), num(box[2]), num(box[3]), len(d.parents), text(words), to)
	d.parents = append(d.parents, d.at.id.String())
	p := d.page()
	p.links = append(p.links, id)
	fmt.Fprintf(&d.at.kids, "<</Type/OBJR/Obj %v/Pg %v>>", id, p.id)
}
