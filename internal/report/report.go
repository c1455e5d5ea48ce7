// Package report writes one assess.Report for people and for programs: as text for a
// terminal, JSON, CSV, HTML and PDF.
//
//	err := report.Write(w, r, report.HTML)
//
// JSON is the contract: every field, under the names of the analysis package, with a schema of its own ([Schema]). The
// others are views of it and say the same in the same order: score, summary, key findings, what to do, findings by
// category with their quotes, risk by year, tone, engagement, themes, coverage, and the receipt of models, cost,
// versions, policy and privacy.
//
// Quotes are other programs' favourite place for mischief, so each format defends its
// reader: text loses control characters and terminal escapes, CSV cells cannot become
// formulas, HTML is escaped where it is written (templ) and loads nothing from anywhere, and in PDF no
// text can end a string or turn the text beside it around (packages pdf and typeset).
//
// The console has a page of its own for the same report, and takes from here how much was
// read ([Covered]) and what it took ([Receipt]).
package report

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
)

// Format is how a report is written.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = "json"
	CSV  Format = "csv"
	HTML Format = "html"
	PDF  Format = "pdf"
)

// Formats lists every format, the default first.
var Formats = [...]Format{Text, JSON, CSV, HTML, PDF}

// ParseFormat reads a format by its name; "" is text and "txt" is too. An unknown one is a
// fault that lists the choices.
func ParseFormat(s string) (Format, error) {
	f := Format(strings.ToLower(strings.TrimSpace(s)))
	switch {
	case f == "", f == "txt":
		return Text, nil
	case slices.Contains(Formats[:], f):
		return f, nil
	}
	return "", fault.ValidationFailed.
		Saying("There is no such format. Choose one of: text, json, csv, html, pdf.").
		At("query.format", "unknown format")
}

// ContentType is the media type of a format, as HTTP wants it.
func ContentType(f Format) string {
	switch f {
	case JSON:
		return "application/json"
	case CSV:
		return "text/csv; charset=utf-8"
	case HTML:
		return "text/html; charset=utf-8"
	case PDF:
		return "application/pdf"
	default:
		return "text/plain; charset=utf-8"
	}
}

// Filename is what a download should be called: repazoo-anna-job_search-2026-11-22.pdf.
// It holds letters, digits, hyphens, underscores and one dot only.
func Filename(r *assess.Report, f Format) string {
	ending := string(f)
	if f == Text {
		ending = "txt"
	}
	who := plain(cmp.Or(r.Account.Handle, r.Account.ID, "report"))
	return "repazoo-" + who + "-" + plain(string(r.Purpose)) + "-" + r.CreatedAt.UTC().Format("2006-01-02") + "." + ending
}

// plain keeps what is safe in a file name.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return -1
	}, s)
}

// Write writes the report. Its only errors are those of w, and of a format that is unknown.
func Write(w io.Writer, r *assess.Report, f Format) error {
	switch f {
	case Text:
		return WriteText(w, r, TextOptions{})
	case JSON:
		return writeJSON(w, r)
	case CSV:
		return writeCSV(w, r)
	case HTML:
		return writeHTML(w, r)
	case PDF:
		return writePDF(w, r)
	default:
		_, err := ParseFormat(string(f))
		return err
	}
}
