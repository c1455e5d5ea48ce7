package analysis

import (
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/history"
	"github.com/repazoo/repazoo/internal/words"
)

// What was not read is named with its dates, the reason, and the way to close it.

// archiveEnds is said in place of [assess.GapArchive] of what is newer than the archive.
const archiveEnds = "archive_end"

// describe notes every part of the account that is still missing.
func (r *reader) describe(o *assess.Options) {
	newest := r.have.Newest()
	for _, gap := range r.have.Gaps(history.Span{First: 1, Last: newest}) {
		for _, part := range r.parts(gap) {
			reason, limit := r.why(part)
			say(o, part, reason, limit)
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

// why says why a part was not read, and the limit that it is about, if any: posts, or an amount in millionths of a
// dollar.
func (r *reader) why(gap history.Span) (reason string, limit int) {
	switch {
	case gap.Last < r.endID:
		return assess.GapXEnds, xReach
	case gap.Last < r.floor:
		return assess.GapSince, 0
	case r.stopped == nil:
		return assess.GapLimit, r.a.MaxPosts
	case errors.Is(r.stopped, errBudget):
		return assess.GapBudget, 0
	case errors.Is(r.stopped, errCeiling):
		return assess.GapCeiling, ceilingOf(r.a)
	}
	return assess.GapXPaused, 0
}

// ceilingOf is the ceiling of an analysis, as messages have amounts: in millionths of a dollar.
func ceilingOf(a Analysis) int { return a.MaxCostCents * 10_000 }

// describeArchive notes what the kept archives and readings leave out, of which the newest is always one: the archive
// ends on the day when it was made.
func (r *reader) describeArchive(o *assess.Options) {
	if len(r.have) == 0 {
		return
	}
	for _, gap := range r.have.Gaps(history.Span{First: r.have[0].First, Last: r.have.Newest()}) {
		say(o, gap, assess.GapArchive, 0)
	}
	say(o, history.Span{First: r.have.Newest() + 1, Last: history.Top}, archiveEnds, 0)
}

// say adds a gap and its sentence.
func say(o *assess.Options, span history.Span, reason string, limit int) {
	g := assess.Gap{Reason: reason}
	if reason == archiveEnds {
		g.Reason = assess.GapArchive
	}
	if at, ok := history.At(span.First); ok {
		g.From = &at
	}
	if at, ok := history.At(span.Last); ok && span.Last < history.Top {
		g.To = &at
	}
	args := []any{"reason", reason, "limit", limit}
	o.OutOfReach = append(o.OutOfReach, words.M("unread.gap", append(args, spanArgs(g)...)...))
	g.Remedy = words.For(words.English).Say("unread.remedy", args...)
	o.Gaps = append(o.Gaps, g)
}

// spanArgs say which posts a gap has, as the catalogue asks.
func spanArgs(g assess.Gap) []any {
	switch {
	case g.From == nil && g.To == nil:
		return []any{"span", "all"}
	case g.From == nil:
		return []any{"span", "before", "to", g.To.AddDate(0, 0, 1)}
	case g.To == nil:
		return []any{"span", "after", "from", *g.From}
	case day(*g.From) == day(*g.To):
		return []any{"span", "day", "to", *g.To}
	}
	return []any{"span", "from_to", "from", *g.From, "to", *g.To}
}

func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }
