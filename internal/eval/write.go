package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteJSON writes the result for programs; rates are between 0 and 1.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteTable writes the result for people, in percent.
func (r *Result) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "task\t%s\nposts\t%d\n", r.Task, r.Posts)
	if r.Skipped.N > 0 {
		fmt.Fprintf(t, "lines that could not be used\t%d\n", r.Skipped.N)
	}
	fmt.Fprintf(t, "microseconds a post\t%.1f\n", r.MicrosPerPost)
	if r.Task == Findings {
		r.writeFindings(t)
	} else {
		r.writeClasses(t)
	}
	for _, b := range r.Skipped.First {
		fmt.Fprintf(t, "\nnot used: %s line %d: %s", b.File, b.Line, b.Why)
	}
	if r.Skipped.N > 0 {
		fmt.Fprintln(t)
	}
	return t.Flush()
}

func (r *Result) writeClasses(t io.Writer) {
	fmt.Fprintf(t, "accuracy\t%s\nmacro F1\t%s\nmacro recall\t%s\n", percent(*r.Accuracy), percent(*r.MacroF1),
		percent(*r.MacroRecall))
	fmt.Fprint(t, "\nclass\tprecision\trecall\tF1\tposts\n")
	for _, name := range slices.Sorted(maps.Keys(r.Classes)) {
		c := r.Classes[name]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\n", name, percent(c.Precision), percent(c.Recall), percent(c.F1), c.N)
	}
	if len(r.Functions) == 0 {
		return
	}
	fmt.Fprint(t, "\nfunction\tright\tof\t\n")
	for _, name := range slices.Sorted(maps.Keys(r.Functions)) {
		f := r.Functions[name]
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\n", printable(name), f.Right, f.N, percent(share(f.Right, f.N)))
	}
}

func (r *Result) writeFindings(t io.Writer) {
	for _, part := range []struct {
		name  string
		rates map[string]GroupRates
	}{
		{"all", map[string]GroupRates{"all": {r.Harmless, r.Risks}}},
		{"language", r.Languages},
		{"kind", r.Kinds},
	} {
		fmt.Fprintf(t, "\n%s\tharmless\tflagged\thigh\trisks\tright\tany\n", part.name)
		for _, name := range slices.Sorted(maps.Keys(part.rates)) {
			fmt.Fprintf(t, "%s\t%s\n", printable(name), part.rates[name].row())
		}
	}
}

// row are the cells of one group.
func (g GroupRates) row() string {
	cells := []string{"", "", "", "", "", ""}
	if h := g.Harmless; h != nil {
		cells[0], cells[1], cells[2] = fmt.Sprint(h.N), percent(h.Flagged), percent(h.High)
	}
	if k := g.Risks; k != nil {
		cells[3], cells[4], cells[5] = fmt.Sprint(k.N), percent(k.Right), percent(k.Any)
	}
	return strings.Join(cells, "\t")
}

func percent(rate float64) string { return fmt.Sprintf("%.1f %%", 100*rate) }

// printable keeps a name from a file from moving the cursor or the table.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, name)
}
