package sample

import (
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
)

func TestReport_IsMadeByTheScreenAndTheSameEveryTime(t *testing.T) {
	t.Parallel()
	first, err := run(written)
	if err != nil {
		t.Fatal(err)
	}
	second, err := run(written)
	if err != nil {
		t.Fatal(err)
	}
	if first.Score != second.Score || len(first.Findings) != len(second.Findings) || first.Summary != second.Summary {
		t.Fatalf("%.1f and %.1f, %d and %d findings", first.Score, second.Score, len(first.Findings), len(second.Findings))
	}
	if len(first.Models) != 0 || first.Cost.XReads != 0 {
		t.Errorf("models %v, cost %+v: nobody was to be asked", first.Models, first.Cost)
	}
	if n := strings.Count(written, "\n"); first.Coverage.PostsAnalysed != n {
		t.Errorf("%d of %d posts were read", first.Coverage.PostsAnalysed, n)
	}
}

// A sample that shows nothing sells nothing, and its posts are at no address.
func TestReport_HasSomethingToLookAtAndLeadsNowhere(t *testing.T) {
	t.Parallel()
	r, err := Report()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[assess.Category]bool{}
	for _, f := range r.Findings {
		kinds[f.Category] = true
		if f.URL != "" {
			t.Errorf("%q leads to %s", f.Quote, f.URL)
		}
	}
	if r.Level != assess.High || len(kinds) < 5 || len(r.RiskByYear) < 5 {
		t.Errorf("level %s, %d categories, %d years", r.Level, len(kinds), len(r.RiskByYear))
	}
}

func TestRun_SaysWhichLineIsNoPost(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"yesterday", "2024-13-01 10:00 1 1 1 x", "2024-01-01 10:00 many 1 1 x"} {
		if _, err := run("2024-01-01 10:00 1 1 1 Fine.\n" + line); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", line, err)
		}
	}
}
