package console

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

// The page that compares two reports of an account: why the score moved, in steps that add up, and what came, went and
// changed.

type compareView struct {
	page
	Handle   string
	From, To string                // ids
	Past     []analysis.PastReport // to choose from, the newest first
	M        analysis.Movement
	Steps    []fallStep
}

// fallStep is one bar of the waterfall.
type fallStep struct {
	Title, Why string
	X, Width   float64 // percent
	Class      string
	Points     string
	Whole      bool // a report, not a step between the two
}

// listed bounds how many findings of a kind the page lists; it says how many more there are.
const listed = 20

func (c *Console) showCompare(v *visit) error {
	from, to := v.r.URL.Query().Get("from"), v.r.URL.Query().Get("to")
	m, err := c.Analyses.Moved(v.r.Context(), v.me.UserID, from, to)
	if err != nil {
		return err
	}
	if m.Before.Account.ID != m.After.Account.ID {
		return fault.ValidationFailed.Saying("These two reports are of different X accounts. Compare two of the same one.")
	}
	view := compareView{
		page: c.page(v, v.tongue().Say("compare.title")), Handle: m.After.Account.Handle, From: from, To: to, M: m,
		Steps: fall(v.tongue(), m),
	}
	view.Charts = true
	all, err := c.Accounts.Accounts(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(all, func(x account.XAccount) bool { return x.XUserID == m.After.Account.ID }); i >= 0 {
		if view.Past, err = c.Analyses.Past(v.r.Context(), v.me.UserID, all[i].ID); err != nil {
			return err
		}
	}
	return c.ok(v, comparePage(view))
}

// fall is the way from one score to the other: each cause begins where the one before ended.
func fall(l tongue, m analysis.Movement) []fallStep {
	report := func(at time.Time, score float64) fallStep {
		return fallStep{Title: l.date(at), Width: score, Class: "whole", Points: l.tenths(score), Whole: true}
	}
	steps, at := []fallStep{report(m.From.CreatedAt, m.From.Score)}, m.From.Score
	for _, c := range m.Causes {
		next := at + c.Points
		s := fallStep{
			Title: causeTitle(l, c.Kind), Why: causeWords(l, m, c), X: min(at, next), Width: math.Abs(c.Points), Class: "down",
			Points: l.withSign(c.Points),
		}
		if c.Points > 0 {
			s.Class = "up"
		}
		steps, at = append(steps, s), next
	}
	return append(steps, report(m.To.CreatedAt, m.To.Score))
}

// withSign is a number of points with its sign: +0.3, −49.5, ±0.0.
func (l tongue) withSign(v float64) string {
	switch {
	case v > 0:
		return "+" + l.tenths(v)
	case v < 0:
		return "−" + l.tenths(-v)
	}
	return "±" + l.tenths(0)
}

func causeTitle(l tongue, kind string) string { return l.Say("cause." + kind) }

// causeWords say why a step moved the score, as far as the two reports tell.
func causeWords(l tongue, m analysis.Movement, c assess.Cause) string {
	words := []string{causeWhy(l, m, c)}
	switch c.Kind {
	case "new":
		words = append(words, newWords(l, m))
	case "gone":
		if n := m.After.Coverage.PostsGone; n > 0 {
			words = append(words, l.Say("since.deleted", "n", n))
		}
	}
	then, now := modelsOf(l, m.Before), modelsOf(l, m.After)
	if (c.Kind == "new" || c.Kind == "gone" || c.Kind == "changed") && then != now {
		words = append(words, l.Say("since.judge", "then", then, "now", now))
	}
	return strings.Join(words, " ")
}

// causeWhy is the comparison's own sentence, which is in English; other languages say it by its kind.
func causeWhy(l tongue, m analysis.Movement, c assess.Cause) string {
	if l.Tag == words.English {
		return c.Why
	}
	switch c.Kind {
	case "purpose":
		return l.Say("cause.why.purpose", "from", purposeTitle(l, m.From.Purpose), "to", purposeTitle(l, m.To.Purpose))
	case "gone":
		return l.Say("cause.why.gone", "n", len(m.Gone))
	case "new":
		return l.Say("cause.why.new", "n", len(m.New))
	}
	return l.Say("cause.why." + c.Kind)
}

// newWords say whether what is new was posted since the report before.
func newWords(l tongue, m analysis.Movement) string {
	switch posts, since := postsOf(m.New, m.From.CreatedAt); {
	case since == posts:
		return l.Say("since.posts_all")
	case since > 0:
		return l.Say("since.posts_some", "some", sinceSome(l, since), "n", posts)
	}
	return l.Say("since.posts_none")
}

// sinceSome begins a sentence with a number.
func sinceSome(l tongue, n int) string {
	if n == 1 {
		return l.Say("number.1")
	}
	return capital(l.number(n))
}

// postsOf counts the posts of findings, and those of them that are later than an instant.
func postsOf(findings []assess.Finding, after time.Time) (all, later int) {
	seen := map[string]bool{}
	for _, f := range findings {
		if seen[f.PostID] {
			continue
		}
		seen[f.PostID] = true
		all++
		if f.PostedAt.After(after) {
			later++
		}
	}
	return all, later
}

// modelsOf names who judged a report.
func modelsOf(l tongue, r *assess.Report) string {
	var names []string
	for _, m := range r.Models {
		if !slices.Contains(names, m.Model) {
			names = append(names, m.Model)
		}
	}
	if len(names) == 0 {
		return l.Say("since.screen_alone")
	}
	return l.List(names)
}

// headline says the movement in a sentence.
func (v compareView) headline(l tongue) string {
	from, to := whole(v.M.From.Score), whole(v.M.To.Score)
	main := mainCause(v.M)
	switch {
	case v.M.Movement < 0 && main != "":
		return l.Say("compare.fell", "from", from, "to", to, "main", causeTitle(l, main))
	case v.M.Movement > 0 && main != "":
		return l.Say("compare.rose", "from", from, "to", to, "main", causeTitle(l, main))
	}
	return l.Say("compare.still", "from", from, "to", to)
}

// method says how the steps are to be read.
func (v compareView) method(l tongue) string {
	return l.Say("compare.method", "handle", v.Handle, "from", purposeTitle(l, v.M.From.Purpose),
		"to", purposeTitle(l, v.M.To.Purpose))
}

// mainCause is the step that moved the score most in the direction in which it moved.
func mainCause(m analysis.Movement) string {
	kind, most := "", 0.0
	for _, c := range m.Causes {
		if c.Points*m.Movement > 0 && math.Abs(c.Points) > most {
			kind, most = c.Kind, math.Abs(c.Points)
		}
	}
	return kind
}

func changedWords(l tongue, c assess.ChangedFinding) string {
	var what []string
	for _, w := range c.What {
		what = append(what, l.Say("changed."+w))
	}
	return l.Say("compare.points", "what", strings.Join(what, ", "), "before", l.tenths(c.Before.Points),
		"after", l.tenths(c.After.Points))
}

// more says how many findings of a list are left out.
func more(l tongue, n int) string {
	if n <= listed {
		return ""
	}
	return l.Say("compare.more", "n", n-listed)
}

const (
	newestOnTop = 3   // new findings that stand on top of a report
	cutAfter    = 120 // characters of their quotes
)

// sinceLastWords count what changed since the report before: 2 findings are new and 1 is gone; 81 → 31.
func sinceLastWords(l tongue, m analysis.Movement) string {
	words := l.Say("since.words", "new", len(m.New), "gone", len(m.Gone))
	if n := len(m.Changed); n > 0 {
		words += l.Say("since.otherwise", "n", n)
	}
	if m.Movement == 0 {
		return words + ". " + l.Say("since.same", "score", whole(m.To.Score))
	}
	return words + ". " + l.Say("since.went", "from", l.tenths(m.From.Score), "to", l.tenths(m.To.Score))
}

// cut is the beginning of a long quote.
func cut(quote string) string {
	r := []rune(quote)
	if len(r) <= cutAfter {
		return quote
	}
	return string(r[:cutAfter]) + "…"
}
