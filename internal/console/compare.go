package console

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
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
	view := compareView{page: c.page(v, "Two reports compared"), Handle: m.After.Account.Handle, From: from, To: to, M: m, Steps: fall(m)}
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
func fall(m analysis.Movement) []fallStep {
	steps := []fallStep{{Title: date(m.From.CreatedAt), Width: m.From.Score, Class: "whole", Points: tenths(m.From.Score), Whole: true}}
	at := m.From.Score
	for _, c := range m.Causes {
		next := at + c.Points
		s := fallStep{Title: causeTitle(c.Kind), Why: causeWords(m, c), X: min(at, next), Width: math.Abs(c.Points), Class: "down", Points: withSign(c.Points)}
		if c.Points > 0 {
			s.Class = "up"
		}
		steps, at = append(steps, s), next
	}
	return append(steps, fallStep{Title: date(m.To.CreatedAt), Width: m.To.Score, Class: "whole", Points: tenths(m.To.Score), Whole: true})
}

// withSign is a number of points with its sign: +0.3, −49.5, ±0.0.
func withSign(v float64) string {
	switch {
	case v > 0:
		return "+" + tenths(v)
	case v < 0:
		return "−" + tenths(-v)
	}
	return "±0.0"
}

func causeTitle(kind string) string {
	switch kind {
	case "purpose":
		return "Another lens"
	case "age":
		return "Ages"
	case "gone":
		return "Gone"
	case "dismissals":
		return "Dismissals"
	case "changed":
		return "Judged otherwise"
	case "new":
		return "New"
	case "rules":
		return "Another method of scoring"
	}
	return capital(kind)
}

// causeWords say why a step moved the score, as far as the two reports tell.
func causeWords(m analysis.Movement, c assess.Cause) string {
	words := []string{c.Why}
	switch c.Kind {
	case "new":
		posts, since := postsOf(m.New, m.From.CreatedAt)
		switch {
		case since == posts:
			words = append(words, "All of it was posted since then.")
		case since > 0:
			words = append(words, fmt.Sprintf("%s of %s were written since then; the others are older and were not seen before.",
				capital(number(since)), counted(posts, "post")))
		default:
			words = append(words, "None of it was posted since then: it was not read, or was judged otherwise, before.")
		}
	case "gone":
		if n := m.After.Coverage.PostsGone; n > 0 {
			words = append(words, fmt.Sprintf("%s deleted at X since the report before the later one.", postsWere(n)))
		}
	}
	if (c.Kind == "new" || c.Kind == "gone" || c.Kind == "changed") && modelsOf(m.Before) != modelsOf(m.After) {
		words = append(words, fmt.Sprintf("Part of it may come of another judge: %s then, %s now.", modelsOf(m.Before), modelsOf(m.After)))
	}
	return strings.Join(words, " ")
}

func postsWere(n int) string {
	if n == 1 {
		return "1 post was"
	}
	return count(n) + " posts were"
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
func modelsOf(r *assess.Report) string {
	var names []string
	for _, m := range r.Models {
		if !slices.Contains(names, m.Model) {
			names = append(names, m.Model)
		}
	}
	if len(names) == 0 {
		return "the word screen alone"
	}
	return strings.Join(names, " and ")
}

// headline says the movement in a sentence.
func (v compareView) headline() string {
	from, to := whole(v.M.From.Score), whole(v.M.To.Score)
	main := mainCause(v.M)
	switch {
	case v.M.Movement < 0 && main != "":
		return fmt.Sprintf("%s → %s. It fell, most of all by what is under “%s”.", from, to, main)
	case v.M.Movement > 0 && main != "":
		return fmt.Sprintf("%s → %s. It rose, most of all by what is under “%s”.", from, to, main)
	}
	return fmt.Sprintf("%s → %s. It did not move.", from, to)
}

// mainCause is the step that moved the score most in the direction in which it moved.
func mainCause(m analysis.Movement) string {
	title, most := "", 0.0
	for _, c := range m.Causes {
		if c.Points*m.Movement > 0 && math.Abs(c.Points) > most {
			title, most = causeTitle(c.Kind), math.Abs(c.Points)
		}
	}
	return title
}

func changedWords(c assess.ChangedFinding) string {
	return "Changed: " + strings.Join(c.What, ", ") + ". " + tenths(c.Before.Points) + " → " + tenths(c.After.Points) + " points."
}

// more says how many findings of a list are left out.
func more(n int) string {
	if n <= listed {
		return ""
	}
	return "And " + count(n-listed) + " more."
}

const (
	newestOnTop = 3   // new findings that stand on top of a report
	cutAfter    = 120 // characters of their quotes
)

// sinceLastWords count what changed since the report before: 2 findings are new and 1 is gone; 81 → 31.
func sinceLastWords(m analysis.Movement) string {
	are := func(n int) string {
		switch n {
		case 0:
			return "no finding is"
		case 1:
			return "1 finding is"
		}
		return count(n) + " findings are"
	}
	words := capital(are(len(m.New))) + " new, " + are(len(m.Gone)) + " gone"
	if n := len(m.Changed); n > 0 {
		words += ", " + are(n) + " judged otherwise"
	}
	if m.Movement == 0 {
		return words + ". The score is the same: " + whole(m.To.Score) + "."
	}
	return words + ". The score went from " + tenths(m.From.Score) + " to " + tenths(m.To.Score) + "."
}

// cut is the beginning of a long quote.
func cut(quote string) string {
	r := []rune(quote)
	if len(r) <= cutAfter {
		return quote
	}
	return string(r[:cutAfter]) + "…"
}
