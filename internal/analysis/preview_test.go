package analysis

import (
	"errors"
	"sync"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
)

// calls counts the questions to X about posts, and to the model.
func (p *person) calls() (n int) {
	for _, path := range []string{timelines, "/x/2/tweets", "/claude/v1/messages"} {
		n += len(p.sb.Calls(path))
	}
	return n
}

// foretell is a preview that must have asked nobody and spent nothing.
func (p *person) foretell(r StartRequest) Preview {
	p.t.Helper()
	r.AccountID = p.Account.ID
	calls, reads := p.calls(), p.reads()
	used, reserved := p.units()
	pre := must(p.Preview(p.t.Context(), p.UserID, r))(p.t)
	if n := p.calls(); n != calls || p.reads() != reads {
		p.t.Errorf("the preview made %d calls and %d reads", n-calls, p.reads()-reads)
	}
	p.wantUnits(used, reserved)
	return pre
}

// What a preview says is what the run then reads, asks and pays.
func TestPreview_SaysWhatTheRunThenReadsAndAsks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		w.asksModel()
		w.c.Prices = assess.DefaultPrices()
		for _, limit := range []int{50, 120, 0} {
			pre := p.foretell(StartRequest{MaxPosts: limit})
			before, calls := p.reads(), len(w.sb.Calls("/claude/v1/messages"))
			a := p.begin(StartRequest{MaxPosts: limit})
			p.ok(p.Run(t.Context(), a.ID, true))
			report := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
			read := p.reads() - before
			if pre.Reads.Expected == nil || *pre.Reads.Expected > read || read > *pre.Reads.Expected+pre.Reads.Rechecked ||
				read > pre.Reads.AtMost+pre.Reads.Rechecked {
				t.Errorf("limit %d: %d reads, foretold %+v", limit, read, pre.Reads)
			}
			asked := len(w.sb.Calls("/claude/v1/messages")) - calls
			if pre.Model.Chosen < report.Coverage.PostsJudged || asked < 1 || pre.Model.Calls < 1 {
				t.Errorf("limit %d: %d judged in %d calls, foretold %+v", limit, report.Coverage.PostsJudged, asked, pre.Model)
			}
		}
		// Nothing is left: everything is known and free.
		pre := p.foretell(StartRequest{})
		if *pre.Reads.Expected != 0 || pre.Kept != p.atX() || pre.Model.Calls != 0 || pre.Model.Known == 0 ||
			pre.Model.CostMicroUSD != 0 {
			t.Errorf("%+v %+v, %d kept", pre.Reads, pre.Model, pre.Kept)
		}
	})
}

func TestPreview_NamesWhatCannotBeReached(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("daily_dorian") // more than X gives
		pre := p.foretell(StartRequest{})
		if *pre.Reads.AtX != p.atX() || *pre.Reads.Expected != 3200 || pre.Reads.AtMost != 3200 || len(pre.OutOfReach) != 1 {
			t.Errorf("%+v %q", pre.Reads, pre.OutOfReach)
		}
		w.exec(`UPDATE quota_periods SET reads_limit = 40 WHERE user_id = $1`, p.UserID)
		if pre = p.foretell(StartRequest{}); *pre.Reads.Expected != 40 || pre.Reads.AtMost != 40 || len(pre.OutOfReach) != 2 {
			t.Errorf("%+v %q", pre.Reads, pre.OutOfReach)
		}
		w.exec(`UPDATE x_accounts SET post_count = NULL`)
		if pre = p.foretell(StartRequest{}); pre.Reads.Expected != nil ||
			pre.ExpectedMicroUSD() != 40*assess.XReadMicroUSD+assess.XUserReadMicroUSD {
			t.Errorf("%+v, %d", pre.Reads, pre.ExpectedMicroUSD())
		}
	})
}

func TestPreview_SaysThatItWouldWaitForAnother(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		if pre := p.foretell(StartRequest{}); pre.Other != nil || !pre.NeedConsent {
			t.Errorf("%+v, consent %v", pre.Other, pre.NeedConsent)
		}
		a := p.begin(StartRequest{})
		if a.Waits() {
			t.Error("the first waits")
		}
		if pre := p.foretell(StartRequest{}); pre.Other == nil || pre.Other.ID != a.ID || pre.NeedConsent {
			t.Errorf("%+v, consent %v", pre.Other, pre.NeedConsent)
		}
		if b := p.begin(StartRequest{}); b.WaitingFor != WaitsForRun || !p.show(b.ID).Waits() {
			t.Error("the second start does not say that it waits")
		} else {
			must(p.Cancel(t.Context(), p.UserID, b.ID))(t)
		}
		p.ok(p.Run(t.Context(), a.ID, true))
		if pre := p.foretell(StartRequest{}); pre.Other != nil {
			t.Errorf("%+v", pre.Other)
		}
	})
}

func TestPreview_RefusesWhatAStartWouldRefuse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.subscriber(), w.signIn("ada_fernhill")
		for what, c := range map[string]struct {
			user string
			r    StartRequest
			want *fault.Fault
		}{
			"no plan":                {other.UserID, StartRequest{AccountID: other.Account.ID}, fault.SubscriptionRequired},
			"another user's account": {p.UserID, StartRequest{AccountID: other.Account.ID}, fault.NotFound},
			"an unknown purpose": {
				p.UserID,
				StartRequest{AccountID: p.Account.ID, Purpose: "astrology"},
				fault.ValidationFailed,
			},
			"nobody's posts": {p.UserID, StartRequest{}, fault.ValidationFailed},
		} {
			if _, err := w.Preview(t.Context(), c.user, c.r); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// What the preview offers within a day is what a start does: below a ceiling that leaves too little for a batch it is
// not offered, and none is sent.
func TestPreview_OffersTheDayWhereABatchIsSent(t *testing.T) {
	t.Parallel()
	seen := map[bool]bool{}
	var mu sync.Mutex
	t.Cleanup(func() {
		if !seen[true] || !seen[false] {
			t.Errorf("the ceilings tell nothing apart: %v", seen)
		}
	})
	for _, cents := range []int{100, 500, 2_500} {
		t.Run(assess.Dollars(cents), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				r := StartRequest{AccountID: p.Account.ID, Consent: true, WithinADay: true, MaxCostCents: cents}
				preview := must(p.Preview(t.Context(), p.UserID, r))(t)
				a, _, err := p.Start(t.Context(), p.UserID, r)
				w.ok(err)
				p.tryRun(w.Service, a.ID)
				if sent := w.created() == 1; sent != preview.Day.Offered {
					t.Errorf("offered %+v, sent: %v", preview.Day, sent)
				}
				mu.Lock()
				defer mu.Unlock()
				seen[preview.Day.Offered] = true
			})
		})
	}
}
