package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/words"
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
	t.facts(v.Say("report.coverage"), v.CoverageFacts())
	t.bullets(v.Coverage.OutOfReach)
	t.facts(v.Say("text.receipt"), v.Receipt())
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
	t.line(t.paint(bold, v.Say("report.title_short", "who", v.Who())) + " · " + v.For() + " · " + v.Date(v.made()))
	t.line(t.paint(dim, strings.Repeat("─", t.o.Width)))
	const length = 40
	filled := min(max(int(v.Score*length/100+0.5), 0), length)
	bar := t.paint(levelColor(v.Level), strings.Repeat("█", filled)) + t.paint(dim, strings.Repeat("░", length-filled))
	risk := v.Say("text.risk", "score", t.paint(bold, v.Number(v.Score)), "of", v.of100())
	t.line(risk + "  " + bar + "  " + t.paint(levelColor(v.Level), strings.ToUpper(v.risk(v.Level))))
	t.line("")
	t.paragraph(0, "", v.Summary)
	if v.Masked {
		t.paragraph(0, "", v.Say("report.masked"))
	}
	if len(v.KeyFindings) == 0 {
		return
	}
	t.heading(v.Say("report.key"))
	for i, s := range v.KeyFindings {
		t.paragraph(0, fmt.Sprintf("%d. ", i+1), s)
	}
}

func (t *terminal) findings(v view) {
	for _, g := range v.Groups {
		t.heading(fmt.Sprintf("%s (%d)", v.category(g.Category), len(g.Findings)))
		for i, f := range g.Findings {
			if i == t.o.Each {
				t.line(t.paint(dim, "  "+v.Say("text.more", "n", len(g.Findings)-i)))
				break
			}
			t.finding(v, f)
		}
	}
	if len(v.Dismissed) > 0 {
		t.heading(fmt.Sprintf("%s (%d)", v.Say("report.dismissed"), len(v.Dismissed)))
		for _, f := range v.Dismissed[:min(len(v.Dismissed), max(t.o.Each, 0))] {
			t.finding(v, f)
		}
	}
}

func (t *terminal) finding(v view, f assess.Finding) {
	t.line("  " + t.paint(levelColor(f.Severity), fmt.Sprintf("%-8s", v.severity(f.Severity))) + " " +
		v.Say("text.finding", "points", f.Points, "place", v.place(f), "witnesses", v.witnesses(f),
			"confidence", f.Confidence))
	if f.Quote != "" {
		quote := clean(ellipsis(f.Before, true) + "«" + f.Quote + "»" + ellipsis(f.After, false))
		for _, l := range wrap(quote, t.o.Width-6) {
			t.line("    " + t.paint(dim, "│") + " " + l)
		}
	}
	t.paragraph(4, "", v.reason(f)+" "+v.advice(f)+v.why(f))
	if f.URL != "" {
		t.line("    " + t.paint(dim, clean(f.URL)))
	}
}

// why tells the reason of a dismissal.
func (v view) why(f assess.Finding) string {
	if !f.Dismissed || f.Why == "" {
		return ""
	}
	return " " + v.Say("report.dismissed_why", "why", f.Why)
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
	t.heading(v.Say("report.todo"))
	for i, r := range v.Recommendations {
		t.paragraph(0, fmt.Sprintf("%d. ", i+1), v.Say("pdf.when_title", "when", v.horizon(r.Priority), "title", r.Title))
		t.paragraph(3, "", r.Why+" "+v.outcome(r))
		for _, s := range r.Steps {
			t.paragraph(3, "- ", s)
		}
		var quoted []string
		for _, p := range v.postsOf(r) {
			quoted = append(quoted, p.Words)
		}
		if len(quoted) > 0 {
			t.paragraph(3, v.Say("report.posts")+" ", strings.Join(quoted, ", ")+v.moreOf(r))
		}
	}
}

func (t *terminal) aggregates(v view) {
	t.years(v)
	if s := v.Sentiment; s.Known {
		t.facts(v.Say("report.tone"), []fact{
			{words.Capital(v.Say("report.positive")), v.percentOf(s.Positive)},
			{words.Capital(v.Say("report.neutral")), v.percentOf(s.Neutral)},
			{words.Capital(v.Say("report.negative")), v.percentOf(s.Negative)},
			{v.Say("text.measured"), v.count(s.Measured)},
		})
	}
	if v.Engagement.Known {
		t.facts(v.Say("report.engagement"), v.EngagementFacts())
	}
	if len(v.Themes) == 0 {
		return
	}
	t.heading(v.Say("report.themes"))
	names := make([]string, len(v.Themes))
	for i, th := range v.Themes {
		names[i] = fmt.Sprintf("%s (%s)", th.Name, v.count(th.Posts))
	}
	t.paragraph(2, "", strings.Join(names, ", "))
}

func (t *terminal) years(v view) {
	if len(v.RiskByYear) > 0 {
		t.heading(v.Say("report.years"))
	}
	for _, y := range v.RiskByYear {
		bar := t.paint(levelColor(assess.LevelOf(y.Score)), strings.Repeat("█", min(max(int(y.Score/100*30+0.5), 0), 30)))
		t.line(fmt.Sprintf("  %d %5s %s  %s", y.Year, v.Fixed(y.Score, 1), bar,
			v.Say("text.year", "n", y.Findings, "posts", y.Posts)))
	}
}

func (t *terminal) facts(heading string, facts []fact) {
	t.heading(heading)
	for _, f := range facts {
		t.paragraph(2, f.Label+": ", f.Value)
	}
}

func (t *terminal) policy(v view) {
	t.heading(v.Say("pdf.policy"))
	byRule := map[string][]string{}
	for _, row := range v.Policy {
		byRule[row.Rule] = append(byRule[row.Rule], v.Within(v.category(row.Category)))
	}
	t.named(v, v.Say("text.looked_for"), byRule[string(assess.Allow)])
	t.named(v, v.Say("text.topic_only"), byRule[string(assess.TopicOnly)])
	t.named(v, v.Say("text.never"), byRule[string(assess.Deny)])
}

func (t *terminal) named(v view, label string, list []string) {
	t.paragraph(2, label+": ", either(list, v.Say("receipt.nothing")))
}
