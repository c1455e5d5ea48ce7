package analysis

import (
	"errors"
	"slices"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
	"github.com/repazoo/repazoo/internal/words"
)

// Reading stops before the ceiling and leaves the model its part; what was left is a gap, and the next analysis goes on
// there.
func TestCeiling_BoundsReadsAndModelTogether(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		w.asksModel()
		w.c.Prices = assess.DefaultPrices()
		pre := p.foretell(StartRequest{MaxCostCents: 50})
		if pre.MaxCostCents != 50 || !pre.ReachesCeiling() || pre.Reads.AtMost >= 100 || len(pre.OutOfReach) != 1 {
			t.Errorf("foretold %+v, ceiling %d, %q", pre.Reads, pre.MaxCostCents, pre.OutOfReach)
		}
		a := p.begin(StartRequest{MaxCostCents: 50})
		p.ok(p.Run(t.Context(), a.ID, true))
		p.wantGaps(p.coverage(a.ID), assess.GapCeiling)
		report := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
		if c := report.Cost; c.TotalMicroUSD > 500_000 || c.XReads != pre.Reads.AtMost || report.Coverage.PostsUnjudged != 0 {
			t.Errorf("cost %+v, %d not judged", c, report.Coverage.PostsUnjudged)
		}
		if kept := p.show(a.ID); kept.modelMicroUSD < report.Cost.ModelMicroUSD ||
			kept.modelMicroUSD > report.Cost.ModelMicroUSD+10 {
			t.Errorf("the row knows of %d µ$", kept.modelMicroUSD)
		}
		p.wantAll(p.analyse(StartRequest{}), 1)
	})
}

func TestCeiling_IsThePlansUnlessALowerOneIsAskedFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		for asked, want := range map[int]int{0: 300, 120: 120, 900: 300} {
			if a := p.begin(StartRequest{MaxCostCents: asked}); a.MaxCostCents != want || p.show(a.ID).MaxCostCents != want {
				t.Errorf("%d was asked for, and %d is kept", asked, a.MaxCostCents)
			}
		}
		if _, _, err := p.Start(t.Context(), p.UserID, StartRequest{
			AccountID:    p.Account.ID,
			MaxCostCents: -1,
		}); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("a negative ceiling: %v", err)
		}
	})
}

func TestCeiling_OfAPlanLeavesRoomForItsFullAnalysis(t *testing.T) {
	t.Parallel()
	prices := assess.DefaultPrices()
	for _, tier := range newWorld(t, dbtest.SQLite).c.Billing.Plans() {
		judge := &assess.Judge{Model: tier.Model, Prices: prices[tier.Model]}
		a := Analysis{MaxCostCents: tier.MaxCostCents, AccountID: new("x")} // whose profile is read too
		if n := a.readable(0, judge.PostMicroUSD()); n < tier.MaxPosts+maxRechecked+sampleSize {
			t.Errorf("%s: the ceiling allows %d posts", tier.Name, n)
		}
	}
}

func TestCeiling_ThatAllowsNoPageFailsAndCostsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		a := p.begin(StartRequest{MaxCostCents: 1})
		p.ok(p.Run(t.Context(), a.ID, true))
		p.wantStatus(a.ID, Failed)
		p.wantUnits(0, 0)
		if n := p.reads(); n != 0 {
			t.Errorf("%d reads", n)
		}
	})
}

// A report that is the screen alone, because the model's answers could not be used, is not what the plan sells.
func TestSave_AReportWithoutAUsableModelTakesNoUnit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		w.asksModel()
		w.sb.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.Malformed, Times: -1})
		a := p.start()
		p.ok(p.Run(t.Context(), a.ID, true))
		c := p.coverage(a.ID)
		if !c.ModelUnusable || !p.show(a.ID).Free || !slices.Contains(c.OutOfReach, words.For("en").Say("unread.unusable")) {
			t.Errorf("%+v", c)
		}
		p.wantUnits(0, 0)
		p.c.Claude = nil // a screen that was asked for is a full report
		a = p.start()
		p.ok(p.Run(t.Context(), a.ID, true))
		if p.show(a.ID).Free {
			t.Error("the screen alone was free")
		}
		p.wantUnits(1, 0)
	})
}
