package assess

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func scored(p Purpose, findings ...Finding) *Report {
	r := &Report{
		CreatedAt: today, ScoredAt: today, Purpose: p, Source: SourceX, Findings: findings,
		Versions: Versions{Score: ScoreVersion},
	}
	r.conclude()
	return r
}

func risk(id, post string, s Severity) Finding {
	return Finding{
		ID: id, PostID: post, Category: ProfessionalConduct, Severity: s, Confidence: 0.7, PostedAt: today,
		Quote: id,
	}
}

func TestCompare_NamesWhatIsNewGoneAndChanged(t *testing.T) {
	t.Parallel()
	from := scored(PersonalReputation, risk("same", "1", Low), risk("gone", "2", High), risk("recut", "3", Medium),
		risk("off", "4", Medium))
	off := risk("off", "4", Medium)
	off.Dismissed = true
	to := scored(PersonalReputation, risk("same", "1", Low), risk("new", "5", Low),
		risk("recut differently", "3", High), off)
	c := Compare(from, to)
	if diff := cmp.Diff([]string{"new"}, idsOf(c.New)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"gone"}, idsOf(c.Gone)); diff != "" {
		t.Error(diff)
	}
	got := map[string][]string{}
	for _, ch := range c.Changed {
		got[ch.Before.ID] = ch.What
	}
	if diff := cmp.Diff(map[string][]string{"recut": {"quote", "severity"}, "off": {"dismissed"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompare_SplitsTheMovementByCause(t *testing.T) {
	t.Parallel()
	from := scored(PersonalReputation, risk("a", "1", High), risk("b", "2", Low)) // 33
	to := scored(JobSearch, risk("b", "2", Low))                                  // 4.2
	got := Compare(from, to)
	want := []Cause{
		{"purpose", 22.1, "Read for job search instead of personal reputation.", []string{}},
		{"gone", -50.9, "1 finding is gone.", []string{"a"}},
	}
	if diff := cmp.Diff(want, got.Causes); diff != "" || got.Movement != -28.8 {
		t.Fatalf("moved %v\n%s", got.Movement, diff)
	}
}

func TestCompare_SaysSoWhenTheRulesChanged(t *testing.T) {
	t.Parallel()
	from := scored(PersonalReputation, risk("a", "1", High))
	to := scored(PersonalReputation, risk("a", "1", High))
	from.Score, from.Versions.Score = 56, "score-1"
	want := []Cause{{"rules", -24.3, "The two reports were scored by different rules (score-1 and score-2).", []string{}}}
	if diff := cmp.Diff(want, Compare(from, to).Causes); diff != "" {
		t.Fatal(diff)
	}
}

func TestCompare_OfAReportWithItselfFindsNothing(t *testing.T) {
	t.Parallel()
	r := scored(JobSearch, risk("a", "1", High), risk("b", "1", Low))
	c := Compare(r, r)
	if c.Movement != 0 || len(c.Causes)+len(c.New)+len(c.Gone)+len(c.Changed) != 0 {
		t.Fatalf("got %+v", c)
	}
}

func TestCompare_CausesAddUpToTheMovement(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) *Report {
			distinct := rapid.SliceOfNDistinct(rapid.Custom(anyFinding), 0, 8, func(f Finding) string { return f.ID })
			r := scored(rapid.SampledFrom(Purposes[:]).Draw(t, name+" purpose"), distinct.Draw(t, name)...)
			r.ScoredAt = today.AddDate(0, rapid.IntRange(0, 60).Draw(t, name+" months"), 0)
			r.conclude()
			if rapid.Bool().Draw(t, name+" scored by other rules") {
				r.Score = float64(rapid.IntRange(0, 1000).Draw(t, name+" score")) / 10
			}
			return r
		}
		from, to := draw("from"), draw("to")
		c := Compare(from, to)
		sum := 0
		for _, cause := range c.Causes {
			sum += tenths(cause.Points)
		}
		if sum != tenths(c.Movement) || math.Abs(c.Movement-(to.Score-from.Score)) > 1e-9 {
			t.Fatalf("the causes add up to %v tenths, the score moved %v", sum, c.Movement)
		}
		if len(from.Findings)-len(c.Gone) != len(to.Findings)-len(c.New) {
			t.Fatal("the pairs do not match on both sides")
		}
	})
}
