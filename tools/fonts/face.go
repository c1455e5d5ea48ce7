package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"slices"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// blockGlyphs is how many glyphs are compressed together, and opened together.
const blockGlyphs = 64

// face is a font in the making.
type face struct {
	upem     uint16
	advances []uint16
	glyphs   [][]byte
	cmap     map[rune]uint32
	tables   map[string][]byte // what is taken over as it is
}

func newFace() *face { return &face{cmap: map[rune]uint32{}, tables: map[string][]byte{}} }

var errOutline = errors.New("an outline is not TrueType's")

// shaping are the tables of a font that is kept whole. fvar stays, because rules of GDEF may name axes; nothing moves
// along them any more.
var shaping = []string{"GDEF", "GPOS", "GSUB", "OS/2", "cmap", "fvar"}

func (f *face) add(file string, keep func(rune) bool) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(data, []byte("wOF2")) {
		if data, err = unpackWOFF2(data); err != nil {
			return err
		}
	}
	parsed, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		return err
	}
	parsed.SetVariations([]font.Variation{{Tag: opentype.MustNewTag("wght"), Value: 400}})
	f.upem = parsed.Upem()
	if keep == nil {
		return f.addWhole(data, parsed)
	}
	return f.addSome(parsed, keep)
}

func (f *face) addWhole(data []byte, parsed *font.Face) error {
	loader, err := opentype.NewLoader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	for _, tag := range shaping {
		if body, err := loader.RawTable(opentype.MustNewTag(tag)); err == nil {
			f.tables[tag] = body
		}
	}
	maxp, err := loader.RawTable(opentype.MustNewTag("maxp"))
	if err != nil {
		return err
	}
	for gid := range font.GID(binary.BigEndian.Uint16(maxp[4:])) {
		if err := f.addGlyph(parsed, gid); err != nil {
			return err
		}
	}
	return nil
}

func (f *face) addSome(parsed *font.Face, keep func(rune) bool) error {
	if len(f.glyphs) == 0 {
		if err := f.addGlyph(parsed, 0); err != nil {
			return err
		}
	}
	added := map[font.GID]uint32{}
	for r := rune(0x20); r < 0x30000; r++ {
		gid, ok := parsed.NominalGlyph(r)
		if _, has := f.cmap[r]; !ok || gid == 0 || has || !keep(r) {
			continue
		}
		if _, done := added[gid]; !done {
			added[gid] = uint32(len(f.glyphs))
			if err := f.addGlyph(parsed, gid); err != nil {
				return err
			}
		}
		f.cmap[r] = added[gid]
	}
	return nil
}

func (f *face) addGlyph(parsed *font.Face, gid font.GID) error {
	body, err := outline(parsed.GlyphData(gid))
	if err != nil {
		return err
	}
	f.glyphs = append(f.glyphs, body)
	f.advances = append(f.advances, uint16(math.Round(float64(parsed.HorizontalAdvance(gid)))))
	return nil
}

// point of a TrueType outline; a curve bends towards those that are off.
type point struct {
	x, y int
	on   bool
}

// outline writes a glyph: the number of contours, and for each its number of points and those points, as steps from the
// one before. The lowest bit of a step along x tells whether the point is on the curve.
func outline(data font.GlyphData) ([]byte, error) {
	drawn, ok := data.(font.GlyphOutline)
	if !ok {
		return nil, nil
	}
	contours, err := contoursOf(drawn.Segments)
	if err != nil || len(contours) == 0 {
		return nil, err
	}
	out := binary.AppendUvarint(nil, uint64(len(contours)))
	at := point{}
	for _, c := range contours {
		out = binary.AppendUvarint(out, uint64(len(c)))
		for _, p := range c {
			x := zigzag(p.x-at.x) << 1
			if p.on {
				x |= 1
			}
			out = binary.AppendUvarint(out, x)
			out = binary.AppendUvarint(out, zigzag(p.y-at.y))
			at = p
		}
	}
	return out, nil
}

func zigzag(v int) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

func contoursOf(segments []font.Segment) ([][]point, error) {
	var all [][]point
	var c []point
	end := func() {
		if n := len(c); n > 1 && c[n-1] == c[0] {
			c = c[:n-1] // a contour closes itself
		}
		if c = implied(c); len(c) > 1 {
			all = append(all, c)
		}
		c = nil
	}
	at := func(p opentype.SegmentPoint, on bool) point {
		return point{int(math.Round(float64(p.X))), int(math.Round(float64(p.Y))), on}
	}
	for _, s := range segments {
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			end()
			c = append(c, at(s.Args[0], true))
		case opentype.SegmentOpLineTo:
			c = append(c, at(s.Args[0], true))
		case opentype.SegmentOpQuadTo:
			c = append(c, at(s.Args[0], false), at(s.Args[1], true))
		default:
			return nil, errOutline
		}
	}
	end()
	return all, nil
}

// implied leaves out the points in the middle between two curves, which every reader of TrueType adds again.
func implied(c []point) []point {
	n := len(c)
	if n < 4 {
		return c
	}
	out := make([]point, 0, n)
	for i, p := range c {
		before, after := c[(i+n-1)%n], c[(i+1)%n]
		if i > 0 && p.on && !before.on && !after.on && 2*p.x == before.x+after.x && 2*p.y == before.y+after.y {
			continue
		}
		out = append(out, p)
	}
	return out
}

// bytes is the file: the length of the shaping part and that part, the number of blocks and their lengths, the blocks.
func (f *face) bytes() ([]byte, error) {
	shape, err := deflate(f.shapingFont())
	if err != nil {
		return nil, err
	}
	out := append([]byte("RZF1"), be(uint32(len(shape)))...)
	out = append(out, shape...)
	var blocks, lengths []byte
	n := 0
	for some := range slices.Chunk(f.glyphs, blockGlyphs) {
		var raw []byte
		for _, g := range some {
			raw = append(binary.AppendUvarint(raw, uint64(len(g))), g...)
		}
		packed, err := deflate(raw)
		if err != nil {
			return nil, err
		}
		blocks, lengths = append(blocks, packed...), append(lengths, be(uint32(len(packed)))...)
		n++
	}
	out = append(append(out, be(uint32(n))...), lengths...)
	return append(out, blocks...), nil
}

func deflate(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
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

// shapingFont is an OpenType file without outlines.
func (f *face) shapingFont() []byte {
	n := uint16(len(f.glyphs))
	hmtx := make([]byte, 0, 4*len(f.advances))
	for _, a := range f.advances {
		hmtx = append(hmtx, be(a, uint16(0))...)
	}
	up := int16(f.upem)
	tables := map[string][]byte{
		"head": be(uint32(0x10000), uint32(0x10000), uint32(0), uint32(0x5F0F3CF5), uint16(0), f.upem, uint64(0), uint64(0),
			int16(0), -up/4, up, up, uint16(0), uint16(8), int16(2), int16(1), int16(0)),
		"hhea": be(uint32(0x10000), up, -up/4, int16(0), f.upem, int16(0), int16(0), int16(0), int16(1), int16(0), int16(0),
			[4]int16{}, int16(0), n),
		"hmtx": hmtx,
		"maxp": be(uint32(0x10000), n, [13]uint16{}),
		"cmap": f.charmap(),
	}
	for tag, body := range f.tables {
		tables[tag] = body
	}
	tags := make([]string, 0, len(tables))
	for tag := range tables {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return sfnt(tags, tables)
}

// charmap has a group for each run of characters, as format 12.
func (f *face) charmap() []byte {
	runes := make([]rune, 0, len(f.cmap))
	for r := range f.cmap {
		runes = append(runes, r)
	}
	slices.Sort(runes)
	var groups [][3]uint32
	for _, r := range runes {
		gid := f.cmap[r]
		if k := len(groups) - 1; k >= 0 && groups[k][1]+1 == uint32(r) && groups[k][2]+groups[k][1]-groups[k][0]+1 == gid {
			groups[k][1]++
			continue
		}
		groups = append(groups, [3]uint32{uint32(r), uint32(r), gid})
	}
	head := be(uint16(0), uint16(1), uint16(3), uint16(10), uint32(12), uint16(12), uint16(0), uint32(16+12*len(groups)),
		uint32(0), uint32(len(groups)))
	return append(head, be(groups)...)
}

// sfnt puts tables into a file.
func sfnt(tags []string, tables map[string][]byte) []byte {
	head := be(uint32(0x10000), uint16(len(tags)), uint16(0), uint16(0), uint16(0))
	var body []byte
	for _, tag := range tags {
		head = append(head, tag...)
		head = append(head, be(uint32(0), uint32(12+16*len(tags)+len(body)), uint32(len(tables[tag])))...)
		body = append(body, tables[tag]...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	return append(head, body...)
}
