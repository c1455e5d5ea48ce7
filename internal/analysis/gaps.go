package analysis

import (
	"errors"
	"fmt"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/history"
)

// What was not read is named with its dates, the reason, and the way to close it.

const byArchive = "Upload your X archive to include them"

// describe notes every part of the account that is still missing.
func (r *reader) describe(o *assess.Options) {
	newest := r.have.Newest()
	for _, gap := range r.have.Gaps(history.Span{First: 1, Last: newest}) {
		for _, part := range r.parts(gap) {
			reason, why, remedy := r.why(part)
			say(o, part, reason, why, remedy)
		}
	}
}

// parts cuts a gap where its reason changes: at X's end and at the day from which on posts were asked for.
func (r *reader) parts(gap history.Span) []history.Span {
	var parts []history.Span
	cut := max(r.floor, r.endID)
	for _, part := range []history.Span{{First: cut, Last: history.Top}, {First: 1, Last: cut - 1}} {
		if p := gap.Cut(part); !p.Empty() {
			parts = append(parts, p)
		}
	}
	return parts
}

func (r *reader) why(gap history.Span) (reason, why, remedy string) {
	switch {
	case gap.Last < r.endID:
		return assess.GapXEnds, fmt.Sprintf("X gives only the newest %s posts of an account", "3,200"), byArchive + "."
	case gap.Last < r.floor:
		return assess.GapSince, "this analysis was asked for newer posts only", "Start one without a first day to include them."
	case r.stopped == nil:
		return assess.GapLimit, fmt.Sprintf("this analysis reads at most %d posts", r.a.MaxPosts),
			"Ask for more posts, where your plan allows more, or upload your X archive."
	case errors.Is(r.stopped, errBudget):
		return assess.GapBudget, "your plan's reads from X for this period are used up", byArchive + ", or start another analysis in the next period."
	case errors.Is(r.stopped, errCeiling):
		return assess.GapCeiling, "this analysis reached its ceiling of " + assess.Dollars(r.a.MaxCostCents),
			"Start another with a higher ceiling: it goes on there. Or upload your X archive."
	}
	return assess.GapXPaused, "X allows no further reads at the moment", byArchive + ", or start another analysis later."
}

// describeArchive notes what the kept archives and readings leave out, of which the newest is always one: the archive ends
// on the day when it was made.
func (r *reader) describeArchive(o *assess.Options) {
	if len(r.have) == 0 {
		return
	}
	const remedy = "Analyse the linked account to read them from X, or upload a newer archive."
	for _, gap := range r.have.Gaps(history.Span{First: r.have[0].First, Last: r.have.Newest()}) {
		say(o, gap, assess.GapArchive, "they are in none of the archives that are kept", remedy)
	}
	say(o, history.Span{First: r.have.Newest() + 1, Last: history.Top}, assess.GapArchive, "the archive ends there", remedy)
}

// say adds a gap and its sentence.
func say(o *assess.Options, span history.Span, reason, why, remedy string) {
	g := assess.Gap{Reason: reason, Remedy: remedy}
	if at, ok := history.At(span.First); ok {
		g.From = &at
	}
	if at, ok := history.At(span.Last); ok && span.Last < history.Top {
		g.To = &at
	}
	o.Gaps = append(o.Gaps, g)
	o.OutOfReach = append(o.OutOfReach, fmt.Sprintf("%s were not read, because %s. %s", spanWords(g), why, remedy))
}

func spanWords(g assess.Gap) string {
	switch {
	case g.From == nil && g.To == nil:
		return "Other posts"
	case g.From == nil:
		return "Posts of before " + day(g.To.AddDate(0, 0, 1))
	case g.To == nil:
		return "Posts from " + day(*g.From) + " on"
	case day(*g.From) == day(*g.To):
		return "Some posts of " + day(*g.To)
	}
	return "Posts from " + day(*g.From) + " to " + day(*g.To)
}

func day(at time.Time) string { return at.UTC().Format("2 January 2006") }
