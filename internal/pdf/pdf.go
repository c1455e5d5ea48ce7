// Package pdf writes documents that can be read, searched, copied and heard, in every script.
//
//	d := pdf.New(w, pdf.Meta{Title: "A letter", Lang: "en", Created: day})
//	d.AddPage()
//	d.Open("P")
//	for _, line := range d.Setter().Set(spans, 40).Lines {
//		d.Text(line, x, y, size, styles)
//	}
//	d.Close()
//	err := d.Finish(footer)
//
// It places lines, rectangles, links and bookmarks where it is told; what stands where is the caller's part. A
// document has
//
//   - one font for all its text (subset.go), made as it is written: a code for each cluster of typeset;
//   - a tree of its structure, which screen readers follow: what is painted between Open and Close belongs to that
//     element, and everything else is marked as decoration;
//   - its language, its title, its bookmarks, and the characters of text from the right in their order of reading.
//
// Pages go to the writer as they fill, so memory grows with what a document refers to and not with its text. The page
// number is painted last, when the number of pages is known: no text ever stands for it, so no text can be taken for
// it. Strings are hexadecimal, so nothing in them ends them. The same calls write the same bytes.
package pdf

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/typeset"
)

// Points of an A4 page.
const (
	PageWidth  = 595.28
	PageHeight = 841.89
)

// Meta is what programs show of a document without opening a page.
type Meta struct {
	Title, Author, Lang string
	Created             time.Time
}

// Color is red, green and blue, 0..255.
type Color struct{ R, G, B uint8 }

func (c Color) String() string {
	return num(float64(c.R)/255) + " " + num(float64(c.G)/255) + " " + num(float64(c.B)/255)
}

// Style is how text looks. The Tag of a span is the index of its style.
type Style struct {
	Color Color
	Mark  *Color // behind the text
	Link  string // a web address; others lead nowhere
}

// Document is one file in the making.
type Document struct {
	file    *file
	setter  *typeset.Setter
	meta    Meta
	pages   []*page
	body    bytes.Buffer // of the last page
	root    *element
	at      *element
	fonts   []*subset
	marks   []*bookmark
	parents []string // by StructParent: what an annotation or a page belongs to
	catalog ref
	tree    ref // of pages
	logic   ref // of elements
	content ref // the fonts
}

// page is what has to be known of a page until the end.
type page struct {
	id      ref
	body    ref
	parents []ref // the element of each piece of marked content
	links   []ref
}

// New begins a document.
func New(w io.Writer, m Meta) *Document {
	d := &Document{file: newFile(w), setter: typeset.New(), meta: m}
	d.catalog, d.tree, d.logic, d.content = d.file.reserve(), d.file.reserve(), d.file.reserve(), d.file.reserve()
	d.root = &element{kind: "Document", id: d.file.reserve(), parent: &element{id: d.logic}}
	d.at = d.root
	d.fonts = []*subset{newSubset(d.file.reserve())}
	return d
}

// Setter sets the text of this document.
func (d *Document) Setter() *typeset.Setter { return d.setter }

// Pages is how many pages there are so far.
func (d *Document) Pages() int { return len(d.pages) }

// AddPage ends the page, if there is one, and begins the next.
func (d *Document) AddPage() {
	d.endPage()
	d.pages = append(d.pages, &page{id: d.file.reserve()})
}

func (d *Document) page() *page { return d.pages[len(d.pages)-1] }

func (d *Document) endPage() {
	if len(d.pages) == 0 {
		return
	}
	p := d.page()
	p.body = d.file.reserve()
	d.file.stream(p.body, "", d.body.Bytes())
	d.body.Reset()
}

func (d *Document) paint(format string, args ...any) { fmt.Fprintf(&d.body, format, args...) }

// Rect fills a rectangle, as decoration. It is measured from the lower left of the page, as all places are.
func (d *Document) Rect(x, y, width, height float64, c Color) {
	d.paint("/Artifact BMC %v rg %s %s %s %s re f EMC\n", c, num(x), num(y), num(width), num(height))
}

// Circle fills a circle, as decoration.
func (d *Document) Circle(x, y, radius float64, c Color) {
	const bend = 0.5523 // of the radius: four curves that are nearly a circle
	r, k := radius, radius*bend
	d.paint("/Artifact BMC %v rg %s %s m\n", c, num(x+r), num(y))
	for _, p := range [][6]float64{
		{r, k, k, r, 0, r}, {-k, r, -r, k, -r, 0}, {-r, -k, -k, -r, 0, -r}, {k, -r, r, -k, r, 0},
	} {
		d.paint("%s %s %s %s %s %s c\n", num(x+p[0]), num(y+p[1]), num(x+p[2]), num(y+p[3]), num(x+p[4]), num(y+p[5]))
	}
	d.paint("f EMC\n")
}

// safeURL is a web address in ASCII, or nothing for any other kind.
func safeURL(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	var b strings.Builder
	for _, c := range []byte(u.String()) { // a query keeps letters that are none of ASCII
		if c <= ' ' || c >= 0x7F {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Finish paints the foot of every page with footer and ends the file. Its error is that of the writer.
func (d *Document) Finish(footer func(n, of int)) error {
	for d.at != d.root {
		d.Close()
	}
	d.endPage()
	var kids strings.Builder
	for i, p := range d.pages {
		footer(i+1, len(d.pages))
		foot := d.file.reserve()
		d.file.stream(foot, "", d.body.Bytes())
		d.body.Reset()
		d.file.put(p.id, "<</Type/Page/Parent %v/MediaBox[0 0 %s %s]/Resources %v/Contents[%v %v]"+
			"/StructParents %d/Tabs/S/Annots%v>>",
			d.tree, num(PageWidth), num(PageHeight), d.content, p.body, foot, len(d.parents), p.links)
		d.parents = append(d.parents, fmt.Sprint(p.parents))
		fmt.Fprintf(&kids, "%v ", p.id)
	}
	d.file.put(d.tree, "<</Type/Pages/Count %d/Kids[%s]>>", len(d.pages), kids.String())
	d.writeFonts()
	d.writeStructure()
	outlines, info, xmp := d.writeBookmarks(), d.file.reserve(), d.file.reserve()
	date := d.meta.Created.UTC().Format("20060102150405Z")
	d.file.put(info, "<</Title %s/Author %s/Creator(Repazoo)/CreationDate(D:%s)/ModDate(D:%s)>>",
		text(d.meta.Title), text(d.meta.Author), date, date)
	d.file.plainStream(xmp, "/Type/Metadata/Subtype/XML", d.meta.xmp())
	d.file.put(d.catalog, "<</Type/Catalog/Pages %v/Lang %s/MarkInfo<</Marked true>>/StructTreeRoot %v/Outlines %v"+
		"/PageMode/UseOutlines/ViewerPreferences<</DisplayDocTitle true>>/Metadata %v>>",
		d.tree, text(d.meta.Lang), d.logic, outlines, xmp)
	return d.file.close(d.catalog, info)
}

func (d *Document) writeFonts() {
	var fonts strings.Builder
	for i, f := range d.fonts {
		f.write(d.file, i)
		fmt.Fprintf(&fonts, "/F%d %v", i, f.id)
	}
	d.file.put(d.content, "<</Font<<%s>>>>", fonts.String())
}

// xmp says the same as the information of the document, for programs that read XML.
func (m Meta) xmp() []byte {
	esc := func(s string) string { return html.EscapeString(typeset.Clean(s)) }
	return []byte(`<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">` + esc(m.Title) + `</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>` + esc(m.Author) + `</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>` + esc(m.Lang) + `</rdf:li></rdf:Bag></dc:language>
<xmp:CreatorTool>Repazoo</xmp:CreatorTool><xmp:CreateDate>` + m.Created.UTC().Format(time.RFC3339) + `</xmp:CreateDate>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>`)
}
