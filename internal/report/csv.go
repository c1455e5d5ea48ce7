package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/words"
)

// csvHeader names the columns; new ones are added at the end. Programs read them, so that names, codes and numbers are
// the same in every language; the reasons are in that of the report.
var csvHeader = [...]string{
	"id", "post_id", "url", "posted_at", "category", "severity", "points", "confidence", "witnesses",
	"suggestion", "reason", "quote", "quote_start", "quote_end", "dismissed", "why", "item",
}

// byteOrderMark tells spreadsheets that what follows is UTF-8; without it they garble accents.
const byteOrderMark = "\ufeff"

// writeCSV writes a row for each finding, the heaviest first.
func writeCSV(w io.Writer, r *assess.Report) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader[:]); err != nil {
		return err
	}
	for _, f := range r.Findings {
		if err := out.Write(csvRow(r, f)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func csvRow(r *assess.Report, f assess.Finding) []string {
	posted := ""
	if !f.PostedAt.IsZero() {
		posted = f.PostedAt.UTC().Format(time.RFC3339)
	}
	row := []string{
		f.ID, f.PostID, f.URL, posted, string(f.Category), string(f.Severity), number(f.Points), number(f.Confidence),
		witnessCodes(f), f.Suggestion, f.WholeReason(words.For(r.Language)), f.Quote, strconv.Itoa(f.QuoteStart),
		strconv.Itoa(f.QuoteEnd),
		strconv.FormatBool(f.Dismissed), f.Why, f.Item,
	}
	for i, cell := range row {
		row[i] = harmless(cell)
	}
	row[1] = asText(row[1])
	return row
}

// asText keeps a spreadsheet from reading an id of 19 digits as a number, which it would round to 15.
func asText(id string) string {
	if id == "" || strings.Trim(id, "0123456789") != "" { // the profile's is a word
		return id
	}
	return "'" + id
}

// harmless keeps a spreadsheet from reading a cell as a formula: an apostrophe in front
// makes it text. Control characters go, because some programs skip them before they look.
func harmless(cell string) string {
	cell = clean(cell)
	if strings.IndexAny(strings.TrimLeft(cell, " \n"), "=+-@＝＋－＠") == 0 {
		return "'" + cell
	}
	return cell
}

func witnessCodes(f assess.Finding) string {
	names := make([]string, len(f.Witnesses))
	for i, w := range f.Witnesses {
		names[i] = string(w)
	}
	return strings.Join(names, "+")
}
