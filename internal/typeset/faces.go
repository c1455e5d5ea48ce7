package typeset

import (
	"bytes"
	"compress/flate"
	"embed"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
	"golang.org/x/image/font/gofont/goregular"
)

//go:embed fonts/packed
var files embed.FS

// The first face is always there; the second one comes with all others.
const (
	sans = iota
	sansBold
)

// faceOf names the face for each script that has one; sans holds Latin, Greek, Cyrillic and Devanagari.
var faceOf = map[language.Script]string{
	language.Arabic: "arabic", language.Armenian: "armenian", language.Bengali: "bengali", language.Bopomofo: "han",
	language.Ethiopic: "ethiopic", language.Georgian: "georgian", language.Gujarati: "gujarati",
	language.Gurmukhi: "gurmukhi",
	language.Han:      "han", language.Hangul: "hangul", language.Hebrew: "hebrew", language.Hiragana: "han",
	language.Kannada:  "kannada",
	language.Katakana: "han", language.Khmer: "khmer", language.Lao: "lao", language.Malayalam: "malayalam",
	language.Myanmar: "myanmar", language.Sinhala: "sinhala", language.Tamil: "tamil", language.Telugu: "telugu",
	language.Thai: "thai",
}

// shared are asked, in this order, for what belongs to no script.
var shared = []string{"sans", "emoji", "math", "symbols", "symbols2", "han", "arabic", "hangul"}

// names are the packed faces; the first two have to stand first.
var names = []string{
	"sans", "sans-bold", "emoji", "math", "symbols", "symbols2", "han", "hangul", "arabic", "armenian",
	"bengali", "ethiopic", "georgian", "gujarati", "gurmukhi", "hebrew", "kannada", "khmer", "lao", "malayalam", "myanmar",
	"sinhala", "tamil", "telugu", "thai",
}

// face is one font, which is opened when it is first needed.
type face struct {
	name   string
	data   []byte // packed by tools/fonts, or a whole TrueType file
	whole  bool
	font   *font.Face
	shaper *harfbuzz.Font
	em     float32
	at     []int // where each block of outlines begins, and the end
}

// packed are the faces that are part of the program: those that npm brought, or the one that is always there.
func packed() []*face { return facesIn(files, "fonts/packed") }

func facesIn(from fs.FS, dir string) []*face {
	out := make([]*face, 0, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(from, dir+"/"+name+".face")
		if err != nil {
			return []*face{{name: "sans", data: goregular.TTF, whole: true}}
		}
		out = append(out, &face{name: name, data: data})
	}
	return out
}

func (s *Setter) named(name string) int {
	for i, f := range s.faces {
		if f.name == name {
			return i
		}
	}
	return sans
}

// open reads what shaping needs. The bytes are part of the program, so a fault in them is a fault of the build.
func (f *face) open() *face {
	if f.font != nil {
		return f
	}
	data := f.data
	if !f.whole {
		data = f.unpack()
	}
	parsed, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		panic(fmt.Sprintf("the font %s: %v", f.name, err))
	}
	f.font, f.shaper, f.em = parsed, harfbuzz.NewFont(parsed), float32(parsed.Upem())
	return f
}

// unpack gives the tables for shaping, and notes where the blocks of outlines begin.
func (f *face) unpack() []byte {
	size := int(binary.BigEndian.Uint32(f.data[4:]))
	shaping := inflate(f.data[8 : 8+size])
	n := int(binary.BigEndian.Uint32(f.data[8+size:]))
	at := 12 + size
	begin := at + 4*n
	f.at = make([]int, 0, n+1)
	for i := range n {
		f.at = append(f.at, begin)
		begin += int(binary.BigEndian.Uint32(f.data[at+4*i:]))
	}
	f.at = append(f.at, begin)
	return shaping
}

func inflate(packed []byte) []byte {
	out, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		panic(fmt.Sprintf("a font does not unpack: %v", err))
	}
	return out
}

// blockGlyphs is how many glyphs tools/fonts packs together.
const blockGlyphs = 64

// keptBlocks is how many unpacked blocks a Setter remembers: less than a megabyte.
const keptBlocks = 24

type blockKey struct{ face, block int }

// blocks remembers the outlines that were opened last.
type blocks struct {
	open  map[blockKey][][]byte
	order []blockKey
}

func (b *blocks) glyph(faces []*face, g Glyph) []byte {
	key := blockKey{g.Face, int(g.ID) / blockGlyphs}
	glyphs, ok := b.open[key]
	if !ok {
		f := faces[g.Face].open()
		if key.block+1 >= len(f.at) {
			return nil
		}
		glyphs = split(inflate(f.data[f.at[key.block]:f.at[key.block+1]]))
		b.keep(key, glyphs)
	}
	return glyphs[int(g.ID)%blockGlyphs]
}

func (b *blocks) keep(key blockKey, glyphs [][]byte) {
	if b.open == nil {
		b.open = map[blockKey][][]byte{}
	}
	if len(b.order) == keptBlocks {
		delete(b.open, b.order[0])
		b.order = b.order[1:]
	}
	b.open[key] = glyphs
	b.order = append(b.order, key)
}

func split(raw []byte) [][]byte {
	out := make([][]byte, 0, blockGlyphs)
	for len(raw) > 0 {
		n, used := binary.Uvarint(raw)
		out = append(out, raw[used:used+int(n)])
		raw = raw[used+int(n):]
	}
	return out
}

// Point is one point of an outline, in ems. Curves bend towards the points that are not on them.
type Point struct {
	X, Y float32
	On   bool
}

// Contour is a closed line; its last point joins the first.
type Contour []Point

// Outline is how a glyph of a cluster is drawn, at its place within the cluster.
func (s *Setter) Outline(g Glyph) []Contour {
	f := s.faces[g.Face].open()
	var all []Contour
	if f.whole {
		all = fromSegments(f.font.GlyphData(font.GID(g.ID)))
	} else {
		all = fromPacked(s.blocks.glyph(s.faces, g))
	}
	for _, c := range all {
		for i, p := range c {
			c[i].X, c[i].Y = g.X+p.X/f.em*g.Size, g.Y+p.Y/f.em*g.Size
		}
	}
	return all
}

// fromPacked reads what tools/fonts writes: steps from point to point.
func fromPacked(raw []byte) []Contour {
	next := func() uint64 {
		v, n := binary.Uvarint(raw)
		raw = raw[n:]
		return v
	}
	signed := func(v uint64) float32 { return float32(int64(v>>1) ^ -int64(v&1)) }
	if len(raw) == 0 {
		return nil
	}
	all := make([]Contour, next())
	x, y := float32(0), float32(0)
	for i := range all {
		all[i] = make(Contour, next())
		for k := range all[i] {
			step := next()
			x += signed(step >> 1)
			y += signed(next())
			all[i][k] = Point{x, y, step&1 == 1}
		}
	}
	return all
}

func fromSegments(data font.GlyphData) []Contour {
	drawn, ok := data.(font.GlyphOutline)
	if !ok {
		return nil
	}
	var all []Contour
	for _, s := range drawn.Segments {
		at := func(i int, on bool) Point { return Point{s.Args[i].X, s.Args[i].Y, on} }
		last := len(all) - 1
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			all = append(all, Contour{at(0, true)})
		case opentype.SegmentOpLineTo:
			all[last] = append(all[last], at(0, true))
		case opentype.SegmentOpQuadTo:
			all[last] = append(all[last], at(0, false), at(1, true))
		}
	}
	return all
}
