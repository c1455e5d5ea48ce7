// Package review picks findings out of a report: what somebody asks for while they go through it.
//
// A [Query] narrows, [Cut] takes a page of what is left:
//
//	q := review.Query{Severity: assess.High, State: review.Open}
//	found, next, err := review.Cut(q.Pick(report.Findings), cursor, 20)
//
// The findings come in the order of a report, most points first, and stay in it.
package review

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/repazoo/repazoo/internal/assess"
)

// Query is what is asked for. A field that is zero does not narrow.
type Query struct {
	Text     string // each of its words stands in the quote, around it, in the reason or in why it was dismissed
	Severity assess.Severity
	Category assess.Category
	Year     int
	Source   Source
	State    State
}

// Source is who claims a finding.
type Source string

// The sources: one witness alone, or both.
const (
	ByScreen Source = "screen"
	ByModel  Source = "model"
	ByBoth   Source = "both"
)

// Sources lists every source.
var Sources = [...]Source{ByScreen, ByModel, ByBoth}

// State is whether a finding counts.
type State string

// The states.
const (
	Open      State = "open"
	Dismissed State = "dismissed"
)

// SourceOf is who claims the finding.
func SourceOf(f assess.Finding) Source {
	switch {
	case len(f.Witnesses) > 1:
		return ByBoth
	case len(f.Witnesses) == 1 && f.Witnesses[0] == assess.ByModel:
		return ByModel
	}
	return ByScreen
}

// Pick gives the findings that are asked for, in their order.
func (q Query) Pick(findings []assess.Finding) []assess.Finding {
	words := strings.Fields(fold(q.Text))
	picked := []assess.Finding{}
	for _, f := range findings {
		if q.fits(f) && says(f, words) {
			picked = append(picked, f)
		}
	}
	return picked
}

func (q Query) fits(f assess.Finding) bool {
	return (q.Severity == "" || f.Severity == q.Severity) &&
		(q.Category == "" || f.Category == q.Category) &&
		(q.Year == 0 || !f.PostedAt.IsZero() && f.PostedAt.Year() == q.Year) &&
		(q.Source == "" || SourceOf(f) == q.Source) &&
		(q.State == "" || f.Dismissed == (q.State == Dismissed))
}

// says reports whether each of the folded words is in what the finding shows.
func says(f assess.Finding, words []string) bool {
	if len(words) == 0 {
		return true
	}
	shown := fold(strings.Join([]string{f.Before + f.Quote + f.After, f.Reason, f.Why, f.Category.Title()}, "\n"))
	for _, word := range words {
		if !strings.Contains(shown, word) {
			return false
		}
	}
	return true
}

// fold makes texts that a person would call the same equal: capitals, wide letters, accents written in two ways.
func fold(s string) string { return cases.Fold().String(norm.NFKC.String(s)) }
