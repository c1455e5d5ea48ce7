package pdf_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/pdf"
	"github.com/repazoo/repazoo/internal/pdf/pdftest"
	"github.com/repazoo/repazoo/internal/typeset"
)

var day = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// letter writes a document with one paragraph a page.
func letter(title string, paragraphs ...string) ([]byte, error) {
	var b bytes.Buffer
	d := pdf.New(&b, pdf.Meta{Title: title, Author: title, Lang: "en", Created: day})
	yellow := pdf.Color{R: 255, G: 230}
	styles := []pdf.Style{{}, {Link: "https://x.com/?a=(1)&b=é"}, {Link: "javascript:alert(1)"}, {Mark: &yellow}}
	for _, p := range paragraphs {
		d.AddPage()
		d.Rect(0, 0, 10, 10, yellow)
		d.Bookmark(1, p, 700)
		d.Bookmark(2, "below", 600)
		d.Open("H1")
		y := 700.0
		spans := []typeset.Span{{Text: p, Bold: true}, {Text: " link", Tag: 1}, {Text: " none", Tag: 2}, {Text: p, Tag: 3}}
		for _, l := range d.Setter().Set(spans, 200).Lines {
			d.Text(l, 50, y, 12, styles)
			y -= 18
		}
		d.Close()
	}
	err := d.Finish(func(n, of int) {
		foot := d.Setter().Set([]typeset.Span{{Text: "Page " + string(rune('0'+n)) + " of " + string(rune('0'+of))}}, 40)
		d.Text(foot.Lines[0], 50, 30, 8, styles)
	})
	return b.Bytes(), err
}

func read(t interface{ Fatal(...any) }, data []byte, err error) *pdftest.File {
	if err != nil {
		t.Fatal(err)
	}
	f, err := pdftest.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDocument_TellsItsTextStructureLinksAndLanguage(t *testing.T) {
	t.Parallel()
	data, err := letter("A title: ж) >> \\", "One ж.", "Two λ.")
	f := read(t, data, err)
	if diff := cmp.Diff([]string{
		"\n\nOne ж.\n link\n none\nOne ж.\nPage 1 of 2\n", "\n\nTwo λ.\n link\n none\nTwo λ.\nPage 2 of 2\n",
	}, f.Pages); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"Document": 1, "H1": 2, "Link": 2}, f.Elements); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"One ж.", "Two λ.", "below", "below"}, f.Bookmarks); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"https://x.com/?a=(1)&b=%C3%A9", "https://x.com/?a=(1)&b=%C3%A9"}, f.Links); diff != "" {
		t.Error(diff)
	}
	if f.Lang != "en" || f.Title != "A title: ж) >> \\" {
		t.Errorf("language %q, title %q", f.Lang, f.Title)
	}
}

// Nothing that a post says becomes a part of the file, or changes what stands beside it.
func TestDocument_AnyTextStaysText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"{pages} {nb} %d %!s(MISSING)", ") Tj ET Q >> endstream endobj <</S/JavaScript>>", "]TJ EMC /Artifact BMC <41>",
		"&amp;</rdf:li>",
	} {
		data, err := letter(s, s)
		f := read(t, data, err)
		if strings.Count(f.Text(), s) != 2 || !strings.Contains(f.Text(), "Page 1 of 1") || f.Title != s {
			t.Errorf("%q became %q", s, f.Text())
		}
	}
}

func TestDocument_IsWholeWhateverTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		data, err := letter(s, s)
		read(t, data, err)
		again, err := letter(s, s)
		if err != nil || !bytes.Equal(data, again) {
			t.Fatal("two writings differ")
		}
	})
}

type full struct{ left int }

var errFull = errors.New("full")

func (w *full) Write(b []byte) (int, error) {
	if len(b) > w.left {
		return 0, errFull
	}
	w.left -= len(b)
	return len(b), nil
}

func TestFinish_TellsTheErrorOfTheWriter(t *testing.T) {
	t.Parallel()
	for room, fails := range map[int]bool{0: true, 30: true, 1 << 20: false} {
		d := pdf.New(&full{room}, pdf.Meta{Created: day})
		d.AddPage()
		if err := d.Finish(func(int, int) {}); errors.Is(err, errFull) != fails {
			t.Errorf("room for %d: %v", room, err)
		}
	}
}
