// Package typeset turns text of any script into lines of glyphs that can be drawn.
//
//	s := typeset.New()
//	p := s.Set([]typeset.Span{{Text: "שלום, world"}}, 40) // lines of at most 40 ems
//	for _, line := range p.Lines {
//		for _, c := range line.Clusters { // in the order of the eye, from left to right
//			outline := s.Outline(c.Glyphs[0])
//			…
//		}
//	}
//
// What happens on the way:
//
//   - Clean drops what cannot be drawn or would put the text into another order than the one that was checked: control
//     characters, direction controls, towers of accents.
//   - Each grapheme gets a face that has all of its characters (faces.go). What no face has becomes a box with the
//     character's number in Unicode, never an empty one, and is remembered (Missing).
//   - levels (bidi.go) gives each character its direction, by the Unicode bidirectional algorithm.
//   - go-text, which is HarfBuzz in Go, shapes each run of one face, script and direction (shape.go). The outcome is
//     clusters: the smallest pieces of text that can be drawn by themselves, each with its characters. A conjunct, a
//     ligature or a family of emoji is one.
//   - wrap fills lines, and visual puts each into the order of the eye (wrap.go).
//
// The work grows with the text and not with its square. The fonts come from npm when the program is built
// (fonts/packed); without them the Go font is used. A Setter opens only the faces that its text needs, and of
// their outlines only the blocks that hold the glyphs; one Setter is for one document, and not for several goroutines.
package typeset

import (
	"slices"

	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/segmenter"
)

// Span is a stretch of text in one style. Tag is the caller's and comes back with each cluster.
type Span struct {
	Text string
	Bold bool
	Tag  int
}

// Glyph is one glyph at its place within a cluster, in ems.
type Glyph struct {
	Face int
	ID   uint32
	X, Y float32
	Size float32 // 1, but for the digits in a box
}

// Cluster is the smallest piece of text that can be drawn by itself.
type Cluster struct {
	Text    string
	Glyphs  []Glyph
	Advance float64 // to where the next one begins, in ems
	Width   float64 // the same without kerning
	Level   uint8   // odd when it reads from right to left
	Tag     int
	Bold    bool // bold is wanted, and the face has no bold of its own
	Boxed   bool // no face has it: the glyphs are its number in Unicode, which belongs into a frame
	Start   int  // where it stands in the paragraph, in reading order

	space bool
}

// Line holds clusters in the order of the eye, from left to right.
type Line struct {
	Clusters []Cluster
	Width    float64 // in ems
}

// Paragraph is text in lines.
type Paragraph struct {
	Lines       []Line
	RightToLeft bool // its first letter reads from the right, so its lines begin there
}

// Setter sets the text of one document.
type Setter struct {
	faces   []*face
	buffer  *harfbuzz.Buffer
	breaker segmenter.Segmenter
	known   map[rune]int
	blocks  blocks
	missing map[rune]bool
}

// New is a Setter that has opened nothing yet.
func New() *Setter { return newSetter(packed()) }

func newSetter(faces []*face) *Setter {
	return &Setter{faces: faces, buffer: harfbuzz.NewBuffer(), known: map[rune]int{}, missing: map[rune]bool{}}
}

// Complete tells whether the fonts of all scripts are part of the program.
func (s *Setter) Complete() bool { return len(s.faces) > 1 }

// Missing lists the characters that were shown as boxes so far.
func (s *Setter) Missing() []rune {
	out := make([]rune, 0, len(s.missing))
	for r := range s.missing {
		out = append(out, r)
	}
	slices.Sort(out)
	return out
}

// Set sets one paragraph in lines of at most width ems. A line end in the text begins a new line.
func (s *Setter) Set(spans []Span, width float64) Paragraph {
	var text []rune
	var styles []style
	for _, span := range spans {
		for _, r := range Clean(span.Text) {
			text, styles = append(text, r), append(styles, style{span.Bold, span.Tag})
		}
	}
	p := Paragraph{RightToLeft: startsRight(text)}
	for start := 0; start <= len(text); {
		end := start
		for end < len(text) && text[end] != '\n' {
			end++
		}
		p.Lines = append(p.Lines, s.setLine(text, styles, start, end, width)...)
		start = end + 1
	}
	return p
}

// setLine sets what stands between two line ends.
func (s *Setter) setLine(text []rune, styles []style, start, end int, width float64) []Line {
	if start == end {
		return []Line{{}}
	}
	right := startsRight(text[start:end])
	clusters, breaks := s.shape(text[start:end], styles[start:end], right)
	for i := range clusters {
		clusters[i].Start += start
	}
	return wrap(clusters, func(i int) byte { return breaks[clusters[i].Start-start] }, width)
}

// style is how one character is to look.
type style struct {
	bold bool
	tag  int
}
