package assess

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Comparison is what changed from one report of an account to another.
type Comparison struct {
	From     ComparedReport   `json:"from"`
	To       ComparedReport   `json:"to"`
	Movement float64          `json:"movement"` // to.score − from.score, one decimal
	Causes   []Cause          `json:"causes"`   // add up to the movement exactly
	New      []Finding        `json:"new"`
	Gone     []Finding        `json:"gone"`
	Changed  []ChangedFinding `json:"changed"`
}

// ComparedReport names one side of a comparison.
type ComparedReport struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	Purpose   Purpose   `json:"purpose"`
	Score     float64   `json:"score"`
	Level     Severity  `json:"level"`
}

// ChangedFinding is one risk that both reports hold, told differently.
type ChangedFinding struct {
	Before Finding  `json:"before"`
	After  Finding  `json:"after"`
	What   []string `json:"what"` // of: quote, severity, confidence, dismissed, restored, suggestion
}

// Cause is one part of the movement of the score.
type Cause struct {
	Kind     string   `json:"kind"`     // purpose, age, gone, dismissals, changed, new or rules
	Points   float64  `json:"points"`   // of the score, one decimal; may be 0
	Why      string   `json:"why"`      // a sentence
	Findings []string `json:"findings"` // ids of those that moved it
}

// The kinds of causes, in the order they are applied.
const (
	causePurpose    = "purpose"
	causeAge        = "age"
	causeGone       = "gone"
	causeDismissals = "dismissals"
	causeChanged    = "changed"
	causeNew        = "new"
	causeRules      = "rules"
)

// Compare explains how to differs from from.
//
// The movement is split by walking from one report to the other in fixed steps (another
// purpose, later ages, findings gone, dismissals, changes, new findings) and scoring after
// each: a cause's points are what its step moved. What remains, when the two were scored
// by different rules, is the cause "rules". So the causes always add up exactly.
func Compare(from, to *Report) Comparison {
	c := Comparison{
		From: compared(from), To: compared(to), New: []Finding{}, Gone: []Finding{},
		Changed: []ChangedFinding{}, Causes: []Cause{},
	}
	pairs, gone, added := matched(from.Findings, to.Findings)
	c.Gone, c.New = append(c.Gone, gone...), append(c.New, added...)
	for _, p := range pairs {
		if what := changes(p.before, p.after); len(what) > 0 {
			c.Changed = append(c.Changed, ChangedFinding{p.before, p.after, what})
		}
	}
	w := walk{at: tenths(from.Score), scoring: scoreFor(to.Versions.Score)}
	base := w.tenthsOf(from.Findings, from.Purpose, from.scoredAt())
	rules := base - w.at
	w.at = base
	w.steps(from, to, pairs, gone, added)
	rules += tenths(to.Score) - w.at
	if rules != 0 {
		w.causes = append(w.causes, Cause{causeRules, float64(rules) / 10, rulesMoved(from, to), []string{}})
	}
	c.Causes = append(c.Causes, w.causes...)
	c.Movement = float64(tenths(to.Score)-tenths(from.Score)) / 10
	return c
}

// pair is one finding on both sides.
type pair struct{ before, after Finding }

// matched pairs findings by id, then what is left by post and category, whose quote the
// model may have cut differently.
func matched(from, to []Finding) (pairs []pair, gone, added []Finding) {
	pairs, gone, added = pairUp(from, to, func(f Finding) string { return f.ID })
	recut, gone, added := pairUp(gone, added, func(f Finding) string { return f.PostID + "\x00" + string(f.Category) })
	return slices.Concat(pairs, recut), gone, added
}

// pairUp pairs findings that have the same key, in their order.
func pairUp(from, to []Finding, key func(Finding) string) (pairs []pair, gone, added []Finding) {
	waiting := map[string][]int{}
	for i, f := range from {
		waiting[key(f)] = append(waiting[key(f)], i)
	}
	paired := make([]bool, len(from))
	for _, f := range to {
		k := key(f)
		if len(waiting[k]) == 0 {
			added = append(added, f)
			continue
		}
		i := waiting[k][0]
		waiting[k], paired[i] = waiting[k][1:], true
		pairs = append(pairs, pair{from[i], f})
	}
	for i, f := range from {
		if !paired[i] {
			gone = append(gone, f)
		}
	}
	return pairs, gone, added
}

// changes names what differs between two tellings of one finding.
func changes(a, b Finding) []string {
	var what []string
	for _, d := range []struct {
		name    string
		differs bool
	}{
		{"quote", a.Quote != b.Quote},
		{"severity", a.Severity != b.Severity},
		{"confidence", a.Confidence != b.Confidence},
		{"dismissed", !a.Dismissed && b.Dismissed},
		{"restored", a.Dismissed && !b.Dismissed},
		{"suggestion", a.Suggestion != b.Suggestion},
	} {
		if d.differs {
			what = append(what, d.name)
		}
	}
	return what
}

// walk is the way from one report's score to the other's, in tenths of a point.
type walk struct {
	at      int
	scoring scorer // that of the later report
	causes  []Cause
}

func (w *walk) steps(from, to *Report, pairs []pair, gone, added []Finding) {
	dismissals, changed := afters(pairs, pair.dismissalMoved), afters(pairs, pair.weightMoved)
	before := side(pairs, func(p pair) Finding { return p.before })
	decided := side(pairs, func(p pair) Finding { p.before.Dismissed = p.after.Dismissed; return p.before })
	after := side(pairs, func(p pair) Finding { return p.after })
	lens, old, late := to.Purpose, from.scoredAt(), to.scoredAt()

	w.step(causePurpose, w.tenthsOf(from.Findings, lens, old), nil, from.Purpose != to.Purpose,
		"Read for "+to.Purpose.Title()+" instead of "+from.Purpose.Title()+".")
	w.step(causeAge, w.tenthsOf(from.Findings, lens, late), nil, false,
		"Ages were taken on another day, and old posts weigh less.")
	w.step(causeGone, w.tenthsOf(before, lens, late), gone, len(gone) > 0,
		Counting(len(gone), "finding is gone/findings are gone")+".")
	w.step(causeDismissals, w.tenthsOf(decided, lens, late), dismissals, len(dismissals) > 0,
		Counting(len(dismissals), "finding was/findings were")+" dismissed or restored.")
	w.step(causeChanged, w.tenthsOf(after, lens, late), changed, len(changed) > 0,
		Counting(len(changed), "finding has/findings have")+" another severity, confidence or date.")
	w.step(causeNew, w.tenthsOf(slices.Concat(after, added), lens, late), added, len(added) > 0,
		Counting(len(added), "finding is/findings are")+" new.")
}

// step records a cause if it moved the score or is worth stating anyway.
func (w *walk) step(kind string, score int, by []Finding, stated bool, why string) {
	if moved := score - w.at; moved != 0 || stated {
		w.causes = append(w.causes, Cause{kind, float64(moved) / 10, why, idsOf(by)})
	}
	w.at = score
}

func (p pair) dismissalMoved() bool { return p.before.Dismissed != p.after.Dismissed }

func (p pair) weightMoved() bool {
	return p.before.Severity != p.after.Severity || p.before.Confidence != p.after.Confidence ||
		!p.before.PostedAt.Equal(p.after.PostedAt)
}

// afters are the later tellings of the pairs that moved.
func afters(pairs []pair, moved func(pair) bool) []Finding {
	var out []Finding
	for _, p := range pairs {
		if moved(p) {
			out = append(out, p.after)
		}
	}
	return out
}

func side(pairs []pair, pick func(pair) Finding) []Finding {
	out := make([]Finding, len(pairs))
	for i, p := range pairs {
		out[i] = pick(p)
	}
	return out
}

func idsOf(findings []Finding) []string {
	out := make([]string, len(findings))
	for i, f := range findings {
		out[i] = f.ID
	}
	return out
}

func rulesMoved(from, to *Report) string {
	return fmt.Sprintf("The two reports were scored by different rules (%s and %s).",
		cmp.Or(from.Versions.Score, "unknown"), cmp.Or(to.Versions.Score, "unknown"))
}

func compared(r *Report) ComparedReport {
	return ComparedReport{ID: r.ID, CreatedAt: r.CreatedAt, Purpose: r.Purpose, Score: r.Score, Level: r.Level}
}

// tenths is a score as a whole number, so that differences are exact.
func tenths(score float64) int { return int(math.Round(score * 10)) }

// tenthsOf scores findings without touching them.
func (w *walk) tenthsOf(findings []Finding, p Purpose, at time.Time) int {
	score, _ := w.scoring(slices.Clone(findings), p, at)
	return tenths(score)
}
