package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
)

// WriteDraft writes for a terminal what was said of a text that is not posted.
func WriteDraft(w io.Writer, d assess.Draft, o TextOptions) error {
	o.Width = min(max(cmp.Or(o.Width, 90), 80), 100)
	t := &terminal{Writer: bufio.NewWriter(w), o: o}
	t.line(fmt.Sprintf("Risk %s of 100  %s  %s", t.paint(bold, number(d.Score)),
		t.paint(levelColor(d.Level), strings.ToUpper(string(d.Level))), t.paint(dim, d.Purpose.Title())))
	t.paragraph(0, "", d.Advice)
	for _, f := range d.Findings {
		t.line("")
		t.draftFinding(f)
	}
	for _, f := range d.ReadAsHarmless {
		t.paragraph(0, "", fmt.Sprintf("The model read «%s» as harmless.", f.Quote))
	}
	t.line("")
	t.paragraph(0, "", draftReceipt(d))
	return t.Flush()
}

func (t *terminal) draftFinding(f assess.DraftFinding) {
	t.line(fmt.Sprintf("  %s %s · %s points", t.paint(levelColor(f.Severity), fmt.Sprintf("%-8s", f.Severity)),
		f.Category.Title(), number(f.Points)))
	for _, l := range wrap(clean("«"+f.Quote+"»"), t.o.Width-6) {
		t.line("    " + t.paint(dim, "│") + " " + l)
	}
	t.paragraph(4, "", f.Reason)
}

// draftReceipt says where the text went.
func draftReceipt(d assess.Draft) string {
	switch {
	case len(d.Models) == 0:
		return "The word screen alone looked at it; the text left nowhere, and nothing was kept."
	case d.ModelUnusable:
		return "The answers of " + d.Models[0].Model +
			" could not be used: this is the word screen alone. Nothing was kept here."
	}
	return "The word screen and " + d.Models[0].Model + " looked at it. Nothing was kept here."
}
