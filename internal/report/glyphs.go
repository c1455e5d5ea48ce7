package report

import (
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// family is the type of PDFs: the Go fonts, which hold Latin, Greek and Cyrillic and may
// be embedded freely.
const family = "Go"

// missingGlyph is shown for a character that the fonts lack.
const missingGlyph = '□'

func addFonts(d *fpdf.Fpdf) {
	d.AddUTF8FontFromBytes(family, "", goregular.TTF)
	d.AddUTF8FontFromBytes(family, "B", gobold.TTF)
}

// glyphs knows which characters can be drawn.
type glyphs struct {
	font  *sfnt.Font
	known map[rune]bool
	boxed bool // whether any character had to be boxed
}

func newGlyphs() *glyphs {
	font, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the bytes are part of this program
	}
	return &glyphs{font: font, known: map[rune]bool{}}
}

// drawable puts a box in the place of each character, or run of them, that the font lacks.
// Accents are composed first, so that é in two parts is drawn and not boxed.
func (g *glyphs) drawable(s string) string {
	var b strings.Builder
	inBox := false
	for _, c := range norm.NFC.String(s) {
		if g.has(c) {
			b.WriteRune(c)
			inBox = false
			continue
		}
		if !inBox {
			b.WriteRune(missingGlyph)
		}
		inBox, g.boxed = true, true
	}
	return b.String()
}

func (g *glyphs) has(c rune) bool {
	has, seen := g.known[c]
	if !seen {
		i, err := g.font.GlyphIndex(&sfnt.Buffer{}, c)
		has = err == nil && i != 0 && c <= 0xFFFF // fpdf knows the basic plane only
		g.known[c] = has
	}
	return has
}
