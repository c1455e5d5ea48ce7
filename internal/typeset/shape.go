package typeset

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
)

// noFace stands for the face of a grapheme that no face has.
const noFace = -1

// Where a line may end.
const (
	breakNever    = 0
	breakWord     = 1
	breakGrapheme = 2 // when there is no other way
)

// shape turns text without line ends into clusters, in reading order, and tells for each character whether a line may
// end before it.
func (s *Setter) shape(text []rune, styles []style, right bool) ([]Cluster, []byte) {
	faces, breaks := s.choose(text, styles)
	for it := s.breaker.LineIterator(); it.Next(); {
		breaks[it.Line().Offset] = breakWord
	}
	levels, scripts := levels(text, right), scriptsOf(text)
	var out []Cluster
	for i := 0; i < len(text); {
		end := i + 1
		for end < len(text) && faces[end] == faces[i] && levels[end] == levels[i] && scripts[end] == scripts[i] &&
			(faces[i] != noFace || breaks[end] == breakNever) {
			end++
		}
		r := run{text: text, from: i, to: end, face: faces[i], level: levels[i], script: scripts[i]}
		clusters := s.boxOr(r)
		for k, c := range clusters {
			st := styles[c.Start]
			clusters[k].Tag, clusters[k].Bold = st.tag, st.bold && faces[i] != sansBold
		}
		out = append(out, clusters...)
		i = end
	}
	return out, breaks
}

// choose gives each character its face, and marks where graphemes begin.
func (s *Setter) choose(text []rune, styles []style) ([]int, []byte) {
	faces, breaks := make([]int, len(text)), make([]byte, len(text)+1)
	s.breaker.Init(text)
	for it := s.breaker.GraphemeIterator(); it.Next(); {
		g := it.Grapheme()
		breaks[g.Offset] = breakGrapheme
		chosen := s.faceFor(g.Text)
		if chosen == sans && styles[g.Offset].bold && s.Complete() {
			chosen = sansBold
		}
		for k := range g.Text {
			faces[g.Offset+k] = chosen
		}
	}
	return faces, breaks
}

// faceFor chooses a face that has every character of a grapheme, or as many as one has.
func (s *Setter) faceFor(g []rune) int {
	if len(g) == 1 {
		if chosen, ok := s.known[g[0]]; ok {
			return chosen
		}
	}
	best, most := noFace, 0
	for _, i := range s.candidates(g) {
		n, want := s.covers(i, g)
		if want == 0 {
			return sans // nothing to be seen
		}
		if n > most {
			best, most = i, n
		}
		if n == want {
			break
		}
	}
	if len(g) == 1 {
		s.known[g[0]] = best
	}
	return best
}

// covers counts the characters of a grapheme that a face has, and all that are to be seen. A face without the first
// has none.
func (s *Setter) covers(i int, g []rune) (n, want int) {
	f := s.faces[i].open()
	for _, r := range g {
		if isUnseen(r) {
			continue
		}
		want++
		if gid, ok := f.font.NominalGlyph(r); ok && gid != 0 && (n > 0 || want == 1) {
			n++
		}
	}
	return n, want
}

// candidates are the faces to ask for a grapheme, the likeliest first.
func (s *Setter) candidates(g []rune) []int {
	var list []int
	add := func(name string) {
		if i := s.named(name); !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	if isPictured(g) {
		add("emoji")
	}
	script := language.LookupScript(g[0])
	if name, ok := faceOf[script]; ok {
		add(name)
	}
	add("sans")
	switch script {
	case language.Common, language.Inherited, language.Unknown:
		if r := g[0]; r >= 0x3000 && r <= 0x33FF || r >= 0xFE30 && r <= 0xFFEF {
			add("han")
		}
		for _, name := range shared {
			add(name)
		}
	}
	return list
}

// isPictured tells whether a grapheme asks to be drawn as emoji.
func isPictured(g []rune) bool {
	for _, r := range g {
		if r == 0xFE0F || r == 0x20E3 || r >= 0x1F000 && r <= 0x1FAFF && (r < 0x1F100 || r > 0x1F1E5) {
			return true
		}
	}
	return false
}

// scriptsOf gives each character its script; what belongs to none has that of the text before it.
func scriptsOf(text []rune) []language.Script {
	out := make([]language.Script, len(text))
	last := language.Latin
	for i, r := range text {
		if script := language.LookupScript(r); script.Strong() && script != language.Unknown {
			last = script
		}
		out[i] = last
	}
	return out
}

// run is a stretch of one face, direction and script.
type run struct {
	text     []rune
	from, to int
	face     int
	level    uint8
	script   language.Script
}

func (s *Setter) boxOr(r run) []Cluster {
	if r.face == noFace {
		return []Cluster{s.box(r.text[r.from:r.to], r.from, r.level)}
	}
	clusters := s.shapeRun(r)
	for i, c := range clusters {
		if slices.ContainsFunc(c.Glyphs, func(g Glyph) bool { return g.ID == 0 }) {
			clusters[i] = s.box([]rune(c.Text), c.Start, c.Level)
		}
	}
	return clusters
}

// shapeRun asks HarfBuzz. Its clusters are characters, not graphemes: an accent that can stand alone is a glyph of its
// own, because programs that read lines from the right turn their glyphs around one by one.
func (s *Setter) shapeRun(r run) []Cluster {
	f := s.faces[r.face].open()
	s.buffer.Clear()
	s.buffer.AddRunes(r.text, r.from, r.to-r.from)
	s.buffer.Props = harfbuzz.SegmentProperties{Script: r.script, Direction: harfbuzz.LeftToRight}
	if r.level&1 == 1 {
		s.buffer.Props.Direction = harfbuzz.RightToLeft
	}
	s.buffer.ClusterLevel = harfbuzz.MonotoneCharacters
	s.buffer.Shape(f.shaper, nil)

	var out []Cluster
	for i := 0; i < len(s.buffer.Info); {
		end := i + 1
		for end < len(s.buffer.Info) && s.buffer.Info[end].Cluster == s.buffer.Info[i].Cluster {
			end++
		}
		out = append(out, s.cluster(r, f, i, end))
		i = end
	}
	if r.level&1 == 1 {
		slices.Reverse(out)
	}
	return spell(out, r)
}

// cluster gathers the glyphs from i to end of what was shaped.
func (s *Setter) cluster(r run, f *face, i, end int) Cluster {
	c := Cluster{Start: s.buffer.Info[i].Cluster, Level: r.level}
	pen := float32(0)
	for k := i; k < end; k++ {
		info, pos := s.buffer.Info[k], s.buffer.Pos[k]
		x, y := (pen+float32(pos.XOffset))/f.em, float32(pos.YOffset)/f.em
		c.Glyphs = append(c.Glyphs, Glyph{Face: r.face, ID: uint32(info.Glyph), X: x, Y: y, Size: 1})
		pen += float32(pos.XAdvance)
	}
	c.Advance = float64(pen / f.em)
	c.Width = c.Advance
	if end == i+1 {
		c.Width = float64(f.font.HorizontalAdvance(font.GID(s.buffer.Info[i].Glyph)) / f.em)
	}
	return c
}

// spell gives each cluster its characters: those up to where the next one begins.
func spell(out []Cluster, r run) []Cluster {
	// Accents without a letter may stand apart.
	slices.SortStableFunc(out, func(a, b Cluster) int { return a.Start - b.Start })
	end := r.to
	for i := len(out) - 1; i >= 0; i-- {
		begin := out[i].Start
		if i == 0 {
			begin = r.from
		} else if out[i-1].Start == begin {
			continue // several pieces of the same characters: the first one has them
		}
		out[i].Text = string(r.text[begin:end])
		out[i].space = strings.TrimSpace(out[i].Text) == ""
		end = begin
	}
	return out
}

// box shows what no face has: the number of its first character in Unicode, in two rows.
func (s *Setter) box(text []rune, start int, level uint8) Cluster {
	for _, r := range text {
		if !isUnseen(r) && !unicode.IsSpace(r) {
			s.missing[r] = true
		}
	}
	const size, line, rim = 0.42, 0.40, 0.09
	digits := fmt.Sprintf("%04X", text[0])
	half := (len(digits) + 1) / 2
	f := s.faces[sans].open()
	c := Cluster{Text: string(text), Start: start, Level: level, Boxed: true}
	widest := float32(0)
	for row, part := range []string{digits[:half], digits[half:]} {
		x := float32(2 * rim)
		for _, d := range part {
			gid, _ := f.font.NominalGlyph(d)
			c.Glyphs = append(c.Glyphs, Glyph{Face: sans, ID: uint32(gid), X: x, Y: float32(1-row)*line - 0.02, Size: size})
			x += f.font.HorizontalAdvance(gid) / f.em * size
		}
		widest = max(widest, x)
	}
	c.Advance = float64(widest + 2*rim)
	c.Width = c.Advance
	return c
}
