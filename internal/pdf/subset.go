package pdf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/typeset"
)

// unitsPerEm are the units of the fonts that are made.
const unitsPerEm = 1000

// maxCodes is how many clusters one font takes; after them a second one begins.
const maxCodes = 65_000

// subset is a font made for this document, with one glyph for each different cluster of all scripts. So each code on a
// page stands for exactly the characters it was made from, whatever shaping did to them, and copying, searching and
// reading aloud need nothing else. One font for all scripts also keeps a line one piece of text: many programs see
// a new word wherever the font changes.
type subset struct {
	id     ref
	codes  map[string]uint16
	text   []string // by code
	widths []int    // by code, in units
	loca   []uint32
	glyf   bytes.Buffer

	points, contours int // of the largest glyph
}

func newSubset(id ref) *subset {
	f := &subset{id: id, codes: map[string]uint16{}}
	f.add("", nil, 0) // glyph 0, which a font must have
	return f
}

func (f *subset) full() bool { return len(f.text) >= maxCodes }

// code gives the code of a cluster, whose glyph is drawn when it is new.
func (f *subset) code(s *typeset.Setter, c typeset.Cluster) uint16 {
	key := keyOf(c)
	if n, ok := f.codes[key]; ok {
		return n
	}
	var contours []typeset.Contour
	for _, g := range c.Glyphs {
		contours = append(contours, s.Outline(g)...)
	}
	if c.Boxed {
		contours = append(contours, frame(c.Width)...)
	}
	n := f.add(c.Text, contours, units(c.Width))
	f.codes[key] = n
	return n
}

func keyOf(c typeset.Cluster) string {
	key := make([]byte, 0, 12*len(c.Glyphs)+len(c.Text))
	for _, g := range c.Glyphs {
		key = append(key, byte(g.Face))
		key = binary.BigEndian.AppendUint32(key, g.ID)
		key = binary.BigEndian.AppendUint16(key, uint16(units(float64(g.X))))
		key = binary.BigEndian.AppendUint16(key, uint16(units(float64(g.Y))))
	}
	return string(append(append(key, 0xFF), c.Text...))
}

func units(ems float64) int {
	return int(math.Round(min(max(ems, -16), 16) * unitsPerEm))
}

// frame is the line around the number of a character that no font has.
func frame(width float64) []typeset.Contour {
	const low, high, line, side = -0.1, 0.8, 0.03, 0.05
	w := float32(width)
	on := func(x, y float32) typeset.Point { return typeset.Point{X: x, Y: y, On: true} }
	return []typeset.Contour{
		{on(side, low), on(side, high), on(w-side, high), on(w-side, low)},
		{
			on(side+line, low+line), on(w-side-line, low+line), on(w-side-line, high-line),
			on(side+line, high-line),
		},
	}
}

func (f *subset) add(text string, contours []typeset.Contour, width int) uint16 {
	f.loca = append(f.loca, uint32(f.glyf.Len()))
	f.writeGlyph(contours)
	f.text, f.widths = append(f.text, text), append(f.widths, max(width, 0))
	return uint16(len(f.text) - 1)
}

// writeGlyph writes a simple glyph of TrueType.
func (f *subset) writeGlyph(contours []typeset.Contour) {
	var ends, xs, ys, flags []byte
	n, x, y := 0, 0, 0
	low, high := [2]int{math.MaxInt16, math.MaxInt16}, [2]int{math.MinInt16, math.MinInt16}
	for _, c := range contours {
		for _, p := range c {
			px, py := units(float64(p.X)), units(float64(p.Y))
			low, high = [2]int{min(low[0], px), min(low[1], py)}, [2]int{max(high[0], px), max(high[1], py)}
			flag := step(&xs, px-x, 0x02, 0x10) | step(&ys, py-y, 0x04, 0x20)
			if p.On {
				flag |= 1
			}
			flags = append(flags, flag)
			x, y = px, py
		}
		n += len(c)
		ends = binary.BigEndian.AppendUint16(ends, uint16(n-1))
	}
	if n == 0 || n > math.MaxUint16 {
		return
	}
	f.points, f.contours = max(f.points, n), max(f.contours, len(contours))
	f.glyf.Write(be(int16(len(contours)), int16(low[0]), int16(low[1]), int16(high[0]), int16(high[1])))
	f.glyf.Write(ends)
	f.glyf.Write([]byte{0, 0}) // no hints
	f.glyf.Write(flags)
	f.glyf.Write(xs)
	f.glyf.Write(ys)
	for f.glyf.Len()%4 != 0 {
		f.glyf.WriteByte(0)
	}
}

// step writes a distance in as few bytes as TrueType allows, and gives the flags that say how.
func step(out *[]byte, d int, short, same byte) byte {
	switch {
	case d == 0:
		return same
	case d > -256 && d < 0:
		*out = append(*out, byte(-d))
		return short
	case d > 0 && d < 256:
		*out = append(*out, byte(d))
		return short | same
	}
	*out = binary.BigEndian.AppendUint16(*out, uint16(int16(d)))
	return 0
}

func be(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if err := binary.Write(&b, binary.BigEndian, v); err != nil {
			panic(err) // a buffer takes every value of a fixed size
		}
	}
	return b.Bytes()
}

// write ends the font: its file, its widths and the characters of its codes.
func (f *subset) write(out *file, nth int) {
	name := fmt.Sprintf("RPZ%c%c%c+Report", 'A'+nth/676%26, 'A'+nth/26%26, 'A'+nth%26)
	data, unicode, descriptor, cid := out.reserve(), out.reserve(), out.reserve(), out.reserve()
	body := f.file()
	out.stream(data, fmt.Sprintf("/Length1 %d", len(body)), body)
	out.stream(unicode, "", f.toUnicode())
	out.put(descriptor, "<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[-500 -500 2500 1500]"+
		"/ItalicAngle 0/Ascent 1069/Descent -293/CapHeight 714/StemV 80/FontFile2 %v>>", name, data)
	out.put(cid, "<</Type/Font/Subtype/CIDFontType2/BaseFont/%s"+
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %v"+
		"/DW 0/W[0[%s]]/CIDToGIDMap/Identity>>", name, descriptor, strings.Trim(fmt.Sprint(f.widths), "[]"))
	out.put(f.id, "<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%v]/ToUnicode %v>>",
		name, cid, unicode)
}

// file is the TrueType file.
func (f *subset) file() []byte {
	n := len(f.text)
	hmtx := make([]byte, 0, 4*n)
	loca := make([]byte, 0, 4*n+4)
	for i, w := range f.widths {
		left := uint16(0)
		if end := f.end(i); end > f.loca[i] {
			left = binary.BigEndian.Uint16(f.glyf.Bytes()[f.loca[i]+2:])
		}
		hmtx = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(hmtx, uint16(w)), left)
		loca = binary.BigEndian.AppendUint32(loca, f.loca[i])
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(f.glyf.Len()))
	widest := uint16(slices.Max(f.widths))
	return sfnt([]table{
		{"glyf", f.glyf.Bytes()},
		{"head", be(uint32(0x10000), uint32(0x10000), uint32(0), uint32(0x5F0F3CF5), uint16(0), uint16(unitsPerEm),
			uint64(0), uint64(0), int16(-500), int16(-500), int16(2500), int16(1500), uint16(0), uint16(8),
			int16(2), int16(1), int16(0))},
		{"hhea", be(uint32(0x10000), int16(1069), int16(-293), int16(0), widest, int16(0), int16(0), int16(0), int16(1),
			int16(0), int16(0), [4]int16{}, int16(0), uint16(n))},
		{"hmtx", hmtx},
		{"loca", loca},
		{"maxp", be(uint32(0x10000), uint16(n), uint16(f.points), uint16(f.contours), uint16(0),
			uint16(0), uint16(1), [8]uint16{})},
	})
}

func (f *subset) end(i int) uint32 {
	if i+1 < len(f.loca) {
		return f.loca[i+1]
	}
	return uint32(f.glyf.Len())
}

type table struct {
	tag  string
	body []byte
}

func sfnt(tables []table) []byte {
	head := be(uint32(0x10000), uint16(len(tables)), uint16(64), uint16(2), uint16(16*len(tables)-64))
	var body []byte
	for _, t := range tables {
		padded := append(slices.Clone(t.body), make([]byte, (4-len(t.body)%4)%4)...)
		sum := uint32(0)
		for i := 0; i < len(padded); i += 4 {
			sum += binary.BigEndian.Uint32(padded[i:])
		}
		head = append(head, t.tag...)
		head = append(head, be(sum, uint32(12+16*len(tables)+len(body)), uint32(len(t.body)))...)
		body = append(body, padded...)
	}
	return append(head, body...)
}

// toUnicode tells programs which characters each code stands for.
func (f *subset) toUnicode() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	var lines []string
	for code, text := range f.text {
		if text != "" {
			lines = append(lines, fmt.Sprintf("<%04X> <%s>\n", code, hex16(text)))
		}
	}
	for part := range slices.Chunk(lines, 100) {
		fmt.Fprintf(&b, "%d beginbfchar\n%sendbfchar\n", len(part), strings.Join(part, ""))
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}
