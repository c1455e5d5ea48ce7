package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
)

// TextOptions are how text looks on the terminal at hand.
type TextOptions struct {
	Color bool // with ANSI colours
	Width int  // columns; held within 80..100, 0 means 90
	Each  int  // findings shown of each category; 0 means 10, negative all
}

// WriteText writes the report for a terminal.
func WriteText(w io.Writer, r *assess.Report, o TextOptions) error {
	o.Width = min(max(cmp.Or(o.Width, 90), 80), 100)
	o.Each = cmp.Or(o.Each, 10)
	t := &terminal{Writer: bufio.NewWriter(w), o: o}
	v := newView(r)
	t.head(v)
	t.recommendations(v)
	t.findings(v)
	t.aggregates(v)
	t.facts("How much was read", v.CoverageFacts())
	t.bullets(v.Coverage.OutOfReach)
	t.facts("Receipt", v.Receipt())
	t.policy(v)
	return t.Flush()
}

// terminal writes lines. Its writer remembers the first error until it is flushed.
type terminal struct {
	*bufio.Writer
	o TextOptions
}

// The colours, as the parameters of an ANSI sequence.
const (
	bold = "1"
	dim  = "2"
)

func levelColor(s assess.Severity) string {
	switch s {
	case assess.Low:
		return "32"
	case assess.Medium:
		return "33"
	case assess.High:
		return "1;31"
	default:
		return "1;37;41"
	}
}

func (t *terminal) paint(color, s string) string {
	if !t.o.Color || s == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

func (t *terminal) line(s string) { fmt.Fprintln(t, s) }

// paragraph wraps text under an indent; first stands before the first line.
func (t *terminal) paragraph(indent int, first, text string) {
	for i, l := range wrap(clean(text), t.o.Width-indent-cells(first)) {
		lead := first
		if i > 0 {
			lead = strings.Repeat(" ", cells(first))
		}
		t.line(strings.Repeat(" ", indent) + lead + l)
	}
}

func (t *terminal) heading(s string) {
	t.line("")
	t.line(t.paint(bold, strings.ToUpper(s)))
}

func (t *terminal) bullets(list []string) {
	for _, s := range list {
		t.paragraph(2, "• ", s)
	}
}

func (t *terminal) head(v view) {
	t.line(t.paint(bold, "Repazoo report on "+v.Who()) + " · " + v.Purpose.Title() + " · " + date(v.CreatedAt))
	t.line(t.paint(dim, strings.Repeat("─", t.o.Width)))
	const length = 40
	filled := min(max(int(v.Score*length/100+0.5), 0), length)
	bar := t.paint(levelColor(v.Level), strings.Repeat("█", filled)) + t.paint(dim, strings.Repeat("░", length-filled))
	t.line(fmt.Sprintf("Risk %s %s  %s  %s", t.paint(bold, number(v.Score)), v.of100(), bar, t.paint(levelColor(v.Level), strings.ToUpper(string(v.Level)))))
	t.line("")
	t.paragraph(0, "", v.Summary)
	if v.Masked {
		t.paragraph(0, "", maskedWords)
	}
	if len(v.KeyFindings) == 0 {
		return
	}
	t.heading("Key findings")
	for i, s := range v.KeyFindings {
		t.paragraph(0, fmt.Sprintf("%d. ", i+1), s)
	}
}

func (t *terminal) findings(v view) {
	for _, g := range v.Groups {
		t.heading(fmt.Sprintf("%s (%d)", g.Category.Title(), len(g.Findings)))
		for i, f := range g.Findings {
			if i == t.o.Each {
				t.line(t.paint(dim, fmt.Sprintf("  … and %s more; the other formats list them all.", assess.Thousands(len(g.Findings)-i))))
				break
			}
			t.finding(f)
		}
	}
	if len(v.Dismissed) > 0 {
		t.heading(fmt.Sprintf("Dismissed (%d)", len(v.Dismissed)))
		for _, f := range v.Dismissed[:min(len(v.Dismissed), max(t.o.Each, 0))] {
			t.finding(f)
		}
	}
}

func (t *terminal) finding(f assess.Finding) {
	t.line(fmt.Sprintf("  %s %s points · %s · %s, confidence %s", t.paint(levelColor(f.Severity), fmt.Sprintf("%-8s", f.Severity)),
		number(f.Points), place(f), witnesses(f, " and "), number(f.Confidence)))
	if f.Quote != "" {
		quote := clean(ellipsis(f.Before, true) + "«" + f.Quote + "»" + ellipsis(f.After, false))
		for _, l := range wrap(quote, t.o.Width-6) {
			t.line("    " + t.paint(dim, "│") + " " + l)
		}
	}
	t.paragraph(4, "", reason(f)+" "+advice(f)+why(f))
	if f.URL != "" {
		t.line("    " + t.paint(dim, clean(f.URL)))
	}
}

// why tells the reason of a dismissal.
func why(f assess.Finding) string {
	if !f.Dismissed || f.Why == "" {
		return ""
	}
	return " Dismissed: " + f.Why
}

// ellipsis marks words around a quote that were cut at their far end: analysis keeps 80
// code points a side.
func ellipsis(around string, front bool) string {
	switch {
	case len([]rune(around)) < 80:
		return around
	case front:
		return "…" + strings.TrimLeft(around, " ")
	default:
		return strings.TrimRight(around, " ") + "…"
	}
}

func (t *terminal) recommendations(v view) {
	t.heading("What to do")
	for i, r := range v.Recommendations {
		t.paragraph(0, fmt.Sprintf("%d. ", i+1), horizon(r.Priority)+": "+r.Title)
		t.paragraph(3, "", r.Why+" "+outcome(r))
		for _, s := range r.Steps {
			t.paragraph(3, "- ", s)
		}
		if len(r.Posts) > 0 {
			t.paragraph(3, "Posts: ", strings.Join(r.Posts, ", "))
		}
	}
}

func (t *terminal) aggregates(v view) {
	t.years(v)
	if s := v.Sentiment; s.Known {
		t.facts("Tone", []fact{{"Positive", percentOf(s.Positive)}, {"Neutral", percentOf(s.Neutral)}, {"Negative", percentOf(s.Negative)}, {"Posts measured", assess.Thousands(s.Measured)}})
	}
	if v.Engagement.Known {
		t.facts("Engagement", v.EngagementFacts())
	}
	if len(v.Themes) == 0 {
		return
	}
	t.heading("Themes")
	names := make([]string, len(v.Themes))
	for i, th := range v.Themes {
		names[i] = fmt.Sprintf("%s (%s)", th.Name, assess.Thousands(th.Posts))
	}
	t.paragraph(2, "", strings.Join(names, ", "))
}

func (t *terminal) years(v view) {
	if len(v.RiskByYear) > 0 {
		t.heading("Risk by year")
	}
	for _, y := range v.RiskByYear {
		bar := t.paint(levelColor(assess.LevelOf(y.Score)), strings.Repeat("█", min(max(int(y.Score/100*30+0.5), 0), 30)))
		t.line(fmt.Sprintf("  %d %5.1f %s  %s in %s", y.Year, y.Score, bar, assess.Counting(y.Findings, "finding"), assess.Counting(y.Posts, "post")))
	}
}

func (t *terminal) facts(heading string, facts []fact) {
	t.heading(heading)
	for _, f := range facts {
		t.paragraph(2, f.Label+": ", f.Value)
	}
}

func (t *terminal) policy(v view) {
	t.heading("Policy")
	byRule := map[string][]string{}
	for _, row := range v.Policy {
		byRule[row.Rule] = append(byRule[row.Rule], strings.ToLower(row.Category.Title()))
	}
	t.named("Looked for", byRule[string(assess.Allow)])
	t.named("Topic only, at most medium", byRule[string(assess.TopicOnly)])
	t.named("Never derived", byRule[string(assess.Deny)])
}

func (t *terminal) named(label string, list []string) {
	t.paragraph(2, label+": ", either(list, "nothing"))
}
