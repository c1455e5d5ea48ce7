package pdf

import (
	"bytes"
	"fmt"
)

// element is one of the document's structure: a heading, a paragraph, a list. It is written when it is closed.
type element struct {
	id     ref
	kind   string
	extra  string
	parent *element
	page   ref          // where it begins
	kids   bytes.Buffer // ready to write
}

// Open begins an element of the structure: H1 to H6, P, L, LI, LBody, Lbl, BlockQuote, Table, TR, TH, TD, Sect.
func (d *Document) Open(kind string) { d.open(kind, "") }

// OpenHeader begins the head of a column (or of a row) of a table.
func (d *Document) OpenHeader(scope string) { d.open("TH", "/A<</O/Table/Scope/"+scope+">>") }

func (d *Document) open(kind, extra string) {
	e := &element{id: d.file.reserve(), kind: kind, extra: extra, parent: d.at}
	fmt.Fprintf(&d.at.kids, "%v ", e.id)
	d.at = e
}

// Close ends the element that was opened last.
func (d *Document) Close() {
	d.writeElement(d.at)
	d.at = d.at.parent
}

func (d *Document) writeElement(e *element) {
	on := ""
	if e.page != 0 {
		on = fmt.Sprintf("/Pg %v", e.page)
	}
	d.file.put(e.id, "<</Type/StructElem/S/%s/P %v%s/K[%s]%s>>", e.kind, e.parent.id, on, e.kids.Bytes(), e.extra)
}

// marked paints content of the open element.
func (d *Document) marked(paint func()) {
	p := d.page()
	mcid := len(p.parents)
	p.parents = append(p.parents, d.at.id)
	if d.at.page == 0 {
		d.at.page = p.id
	}
	if d.at.page == p.id {
		fmt.Fprintf(&d.at.kids, "%d ", mcid)
	} else {
		fmt.Fprintf(&d.at.kids, "<</Type/MCR/Pg %v/MCID %d>>", p.id, mcid)
	}
	d.paint("/%s<</MCID %d>>BDC ", d.at.kind, mcid)
	paint()
	d.paint("EMC\n")
}

func (d *Document) writeStructure() {
	d.writeElement(d.root)
	var nums bytes.Buffer
	for i, v := range d.parents {
		fmt.Fprintf(&nums, "%d %s\n", i, v)
	}
	d.file.put(d.logic, "<</Type/StructTreeRoot/K %v/ParentTreeNextKey %d/ParentTree<</Nums[%s]>>>>",
		d.root.id, len(d.parents), nums.Bytes())
}

// bookmark is a line of the table of contents that programs show beside the pages.
type bookmark struct {
	id    ref
	level int
	title string
	page  ref
	y     float64
}

// Bookmark notes a place of this page, at a level from 1 on.
func (d *Document) Bookmark(level int, title string, y float64) {
	d.marks = append(d.marks, &bookmark{d.file.reserve(), level, title, d.page().id, y})
}

func (d *Document) writeBookmarks() ref {
	root := d.file.reserve()
	_, first, last, n := d.bookmarks(0, 1, root)
	if n == 0 {
		d.file.put(root, "<</Type/Outlines/Count 0>>")
	} else {
		d.file.put(root, "<</Type/Outlines/First %v/Last %v/Count %d>>", first, last, n)
	}
	return root
}

// bookmarks writes those from i on that are of a level or below it, and gives the next one, and what their parent has
// to know.
func (d *Document) bookmarks(i, level int, parent ref) (next int, first, last ref, n int) {
	for i < len(d.marks) && d.marks[i].level >= level {
		b := d.marks[i]
		if first == 0 {
			first = b.id
		}
		after, childFirst, childLast, children := d.bookmarks(i+1, b.level+1, b.id)
		extra := ""
		if last != 0 {
			extra += fmt.Sprintf("/Prev %v", last)
		}
		if after < len(d.marks) && d.marks[after].level >= level {
			extra += fmt.Sprintf("/Next %v", d.marks[after].id)
		}
		if children > 0 {
			extra += fmt.Sprintf("/First %v/Last %v/Count %d", childFirst, childLast, -children) // folded
		}
		d.file.put(b.id, "<</Title %s/Parent %v/Dest[%v/XYZ 0 %s null]%s>>", text(b.title), parent, b.page, num(b.y), extra)
		last, i = b.id, after
		n++
	}
	return i, first, last, n
}
