package review_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/review"
)

var day = time.Date(2021, 5, 4, 12, 0, 0, 0, time.UTC)

// some are four findings that differ in everything a query can ask for.
func some() []assess.Finding {
	screen, model := []assess.Witness{assess.ByScreen}, []assess.Witness{assess.ByModel}
	return []assess.Finding{
		{
			ID: "a", Points: 9, Severity: assess.High, Category: assess.Harassment, PostedAt: day,
			Witnesses: append(screen, model...), Before: "That ", Quote: "Référee", After: " again",
		},
		{
			ID: "b", Points: 7, Severity: assess.Low, Category: assess.Profanity, PostedAt: day.AddDate(1, 0, 0),
			Witnesses: screen, Quote: "ＤＡＭＮ it", Reason: "Swears.",
		},
		{ID: "c", Points: 7, Severity: assess.Low, Category: assess.Profanity, Witnesses: model, Quote: "hell"},
		{
			ID: "d", Severity: assess.Critical, Category: assess.PrivacyExposure, PostedAt: day, Witnesses: screen,
			Quote: "555-0100", Dismissed: true, Why: "an invented number",
		},
	}
}

func ids(findings []assess.Finding) string {
	all := ""
	for _, f := range findings {
		all += f.ID
	}
	return all
}

func TestPick_NarrowsByEveryFieldAndKeepsTheOrder(t *testing.T) {
	t.Parallel()
	for want, queries := range map[string][]review.Query{
		"abcd": {{}},
		"a": {
			{Severity: assess.High},
			{Source: review.ByBoth},
			{Text: "re\u0301fe\u0301ree"},
			{Text: "AGAIN that"},
			{Text: "harassment"},
		},
		"b":   {{Year: 2022}, {Text: "damn"}, {Text: "swears"}, {Source: review.ByScreen, State: review.Open}},
		"bc":  {{Category: assess.Profanity}, {Severity: assess.Low, State: review.Open}},
		"c":   {{Source: review.ByModel}},
		"d":   {{State: review.Dismissed}, {Text: "invented"}},
		"abc": {{State: review.Open}},
		"ad":  {{Year: 2021}},
		"":    {{Text: "again damn"}, {Year: 1}, {Severity: "grave"}},
	} {
		for _, q := range queries {
			if got := ids(q.Pick(some())); got != want {
				t.Errorf("%+v picks %q, want %q", q, got, want)
			}
		}
	}
}

func TestCut_PagesTogetherAreTheWholeInItsOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []assess.Finding
		for i := range rapid.IntRange(0, 40).Draw(t, "findings") {
			f := assess.Finding{ID: fmt.Sprintf("%02d", i), Points: float64(rapid.IntRange(0, 300).Draw(t, "points")) / 100}
			if rapid.Bool().Draw(t, "dated") {
				f.PostedAt = day.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "nanoseconds")))
			}
			all = append(all, f)
		}
		slices.SortFunc(all, func(a, b assess.Finding) int { // as a report does
			return cmp.Or(cmp.Compare(b.Points, a.Points), b.PostedAt.Compare(a.PostedAt), cmp.Compare(a.ID, b.ID))
		})
		limit, got, cursor := rapid.IntRange(1, 7).Draw(t, "limit"), "", ""
		for range int(math.Ceil(float64(len(all))/float64(limit))) + 1 {
			cut, next, err := review.Cut(all, cursor, limit)
			if err != nil || len(cut) > limit || next != "" && len(cut) < limit {
				t.Fatalf("%d findings, next %q, error %v", len(cut), next, err)
			}
			got += ids(cut)
			if cursor = next; next == "" {
				break
			}
		}
		if cursor != "" || got != ids(all) {
			t.Fatalf("the pages hold %q, want %q", got, ids(all))
		}
	})
}

func TestCut_WhatIsDismissedMeanwhileHidesNothing(t *testing.T) {
	t.Parallel()
	all := some()[:3]
	_, next, err := review.Cut(all, "", 2)
	if err != nil {
		t.Fatal(err)
	}
	if rest, _, err := review.Cut(all[1:], next, 2); err != nil || ids(rest) != "c" {
		t.Errorf("without the first, the second page holds %q (%v)", ids(rest), err)
	}
}

func FuzzCut_RefusesAnyOtherCursor(f *testing.F) {
	for _, seed := range []string{"x", "MSAyIDM", "OTAwIDIwMjEtMDUtMDRUMTI6MDA6MDBaIGE", "IA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		cut, _, err := review.Cut(some(), cursor, 2)
		if err == nil && len(cut) > 2 || err != nil && cut != nil {
			t.Fatalf("%d findings, error %v", len(cut), err)
		}
	})
}
