package share_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/share"
)

func TestOpen_ShowsTheMaskedReportThroughItsLensAndNotesIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		ctx := t.Context()
		m := must(w.Create(ctx, p.UserID, share.Request{
			AnalysisID: p.report.ID, Purpose: assess.VisaApplication, Sections: share.Sections(), Hours: 1, Note: " My lawyer ",
		}))(t)
		s, r, err := w.Open(visit(ctx), m.Token, share.Reader{})
		w.ok(err)
		all, _ := json.Marshal(r)
		if word := contains(string(all), ada, "grumpy", "7946", p.report.ID, "x.com", "Fernhill", "Ada"); word != "" {
			t.Errorf("%q is in the report: %s", word, all)
		}
		if !strings.Contains(string(all), "fucking idiot") || !strings.Contains(string(all), "[person 1]") ||
			r.Purpose != assess.VisaApplication {
			t.Errorf("the report is not whole: %s", all)
		}
		if s.Note != "My lawyer" || s.Opened != 1 {
			t.Errorf("the link is %+v", s)
		}
		views := must(w.Views(ctx, p.UserID, m.ID))(t)
		want := []share.View{{At: *s.LastOpenedAt, Network: "203.0.0.0/16", Device: "Firefox on Linux"}}
		if diff := cmp.Diff(want, views); diff != "" {
			t.Error(diff)
		}
		if n := w.count(`SELECT count(*) FROM audit_log WHERE action = 'share.opened' AND actor = 'stranger' AND ip = ''
			AND user_agent = ''`); n != 1 {
			t.Errorf("%d lines of the audit log tell of the opening without saying from where, want 1", n)
		}
	})
}

func TestOpen_ShowsNoSectionThatWasNotChosen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		for _, c := range []struct {
			sections []share.Section
			has      [4]bool // summary, steps, findings, charts
			quotes   bool
		}{
			{[]share.Section{share.Score}, [4]bool{true, false, false, false}, false},
			{[]share.Section{share.Steps}, [4]bool{false, true, false, false}, false},
			{[]share.Section{share.Findings}, [4]bool{false, false, true, false}, false},
			{[]share.Section{share.Findings, share.Quotes}, [4]bool{false, false, true, false}, true},
			{[]share.Section{share.Charts}, [4]bool{false, false, false, true}, false},
			{nil, [4]bool{true, true, true, true}, false},
		} {
			_, r, err := w.Open(t.Context(), p.link(c.sections...).Token, share.Reader{})
			w.ok(err)
			drawn := !cmp.Equal(r.Engagement, assess.Engagement{})
			has := [4]bool{r.Summary != "", len(r.Recommendations) > 0, len(r.Findings) > 0, drawn}
			for _, f := range r.Findings {
				if (f.Points > 0) != c.has[0] {
					t.Errorf("%v: a finding has %v points", c.sections, f.Points)
				}
			}
			if years := len(r.RiskByYear) > 0; years != (c.has[0] && c.has[3]) {
				t.Errorf("%v: risk by year is shown: %v", c.sections, years)
			}
			all, _ := json.Marshal(r)
			if has != c.has || strings.Contains(string(all), "idiot") != c.quotes {
				t.Errorf("%v: %v, quotes %v", c.sections, has, strings.Contains(string(all), "idiot"))
			}
		}
	})
}

func TestOpen_AllThatDoesNotOpenIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		ctx := t.Context()
		expired, revoked, deleted := p.link(), p.link(), p.link()
		w.ok(w.Revoke(ctx, p.UserID, revoked.ID))
		w.sb.Advance(share.DefaultHours*time.Hour - time.Minute)
		if _, err := w.Look(ctx, expired.Token); err != nil {
			t.Fatalf("a link ended before its time: %v", err)
		}
		w.sb.Advance(time.Minute)
		later := p.link()
		w.ok(w.analyses.Delete(ctx, p.UserID, p.report.ID))
		var answers []string
		for _, token := range []string{
			expired.Token, revoked.Token, deleted.Token, later.Token, "", "AAAAAAAAAAAAAAAAAAAAAAAAAA",
			strings.Repeat("A", 10_000), expired.ID,
		} {
			_, err := w.Look(ctx, token)
			_, _, opening := w.Open(visit(ctx), token, share.Reader{})
			for _, err := range []error{err, opening} {
				if !errors.Is(err, fault.NotFound) {
					t.Fatalf("%.30q: %v", token, err)
				}
				answers = append(answers, fault.From(err).Message)
			}
		}
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("%q is not %q", a, answers[0])
			}
		}
		if n := w.count(`SELECT count(*) FROM share_views`); n != 0 {
			t.Errorf("%d openings were noted", n)
		}
	})
}

func TestOpen_TheOwnerIsNotCounted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		m := p.link()
		s, _, err := w.Open(visit(t.Context()), m.Token, share.Reader{UserID: p.UserID})
		w.ok(err)
		if s.Opened != 0 || len(must(w.Views(t.Context(), p.UserID, m.ID))(t)) != 0 {
			t.Errorf("the link is %+v", s)
		}
	})
}

func TestOpen_FollowsWhatItsOwnerDismisses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		m := p.link()
		r := must(w.analyses.Report(t.Context(), p.UserID, p.report.ID))(t)
		_, before, err := w.Open(t.Context(), m.Token, share.Reader{})
		w.ok(err)
		must(w.analyses.Dismiss(t.Context(), p.UserID, r.Findings[0].ID, true, "pillow talk"))(t)
		_, after, err := w.Open(t.Context(), m.Token, share.Reader{})
		w.ok(err)
		all, _ := json.Marshal(after)
		if len(after.Findings) != len(before.Findings)-1 || after.Now.Score >= before.Now.Score ||
			strings.Contains(string(all), "pillow") {
			t.Errorf("%d findings and %v, then %d and %v", len(before.Findings), before.Now, len(after.Findings), after.Now)
		}
	})
}

func TestCreate_KeepsOnlyAHashAndIsBounded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		var wg sync.WaitGroup
		errs := make([]error, share.MaxLive+10)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = w.Create(t.Context(), p.UserID, share.Request{AnalysisID: p.report.ID})
			})
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !errors.Is(err, fault.Conflict) {
				t.Error(err)
			}
		}
		if made != share.MaxLive {
			t.Errorf("%d links were made, want %d", made, share.MaxLive)
		}
		all := must(w.List(t.Context(), p.UserID, p.report.ID))(t)
		w.ok(w.Revoke(t.Context(), p.UserID, all[0].ID))
		m := p.link()
		hashes := must(db.Read(t.Context(), w.d, db.System, db.Value[string], `SELECT token_hash FROM shares`))(t)
		if len(m.Token) < 26 || contains(strings.Join(hashes, " "), m.Token) != "" {
			t.Errorf("the token %q is stored, or too short", m.Token)
		}
	})
}

func TestCreate_AFormThatIsSentAgainMakesNoSecondLink(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		r := share.Request{AnalysisID: p.report.ID, Key: "form-1"}
		must(w.Create(t.Context(), p.UserID, r))(t)
		if _, err := w.Create(t.Context(), p.UserID, r); !errors.Is(err, fault.Conflict) {
			t.Errorf("the second time: %v", err)
		}
		if n := w.count(`SELECT count(*) FROM shares`); n != 1 {
			t.Errorf("there are %d links", n)
		}
	})
}

func TestCreate_RefusesWhatCannotBeShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite)
	p, other := w.author(ada), w.author(gus)
	for name, c := range map[string]struct {
		r    share.Request
		want error
	}{
		"another's report": {share.Request{AnalysisID: other.report.ID}, fault.NotFound},
		"no section":       {share.Request{AnalysisID: p.report.ID, Sections: []share.Section{}}, fault.ValidationFailed},
		"an unknown section": {
			share.Request{AnalysisID: p.report.ID, Sections: []share.Section{"score", "tokens"}},
			fault.ValidationFailed,
		},
		"quotes of nothing": {
			share.Request{AnalysisID: p.report.ID, Sections: []share.Section{"quotes"}},
			fault.ValidationFailed,
		},
		"less than an hour":   {share.Request{AnalysisID: p.report.ID, Hours: -1}, fault.ValidationFailed},
		"more than 30 days":   {share.Request{AnalysisID: p.report.ID, Hours: share.MaxHours + 1}, fault.ValidationFailed},
		"an unknown purpose":  {share.Request{AnalysisID: p.report.ID, Purpose: "spying"}, fault.ValidationFailed},
		"a note of two lines": {share.Request{AnalysisID: p.report.ID, Note: "a\nb"}, fault.ValidationFailed},
	} {
		if _, err := w.Create(t.Context(), p.UserID, c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRevoke_IsForTheOwnerAndOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.author(ada), w.author(gus)
		m := p.link()
		if err := w.Revoke(t.Context(), other.UserID, m.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("somebody else: %v", err)
		}
		if _, err := w.Look(t.Context(), m.Token); err != nil {
			t.Errorf("it ended for somebody else: %v", err)
		}
		if views := must(w.Views(t.Context(), other.UserID, m.ID))(t); len(views) != 0 {
			t.Errorf("somebody else sees %v", views)
		}
		w.ok(w.Revoke(t.Context(), p.UserID, m.ID))
		w.ok(w.Revoke(t.Context(), p.UserID, m.ID))
		if n := w.count(`SELECT count(*) FROM audit_log WHERE action = 'share.revoked'`); n != 1 {
			t.Errorf("%d lines tell of it", n)
		}
	})
}

func TestRetain_ForgetsLinksThirtyDaysAfterTheyEnded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		m := p.link() // a week
		_, _, err := w.Open(visit(t.Context()), m.Token, share.Reader{})
		w.ok(err)
		left := func() (n int) {
			w.ok(w.Retain(t.Context()))
			return w.count(`SELECT count(*) FROM shares`) + w.count(`SELECT count(*) FROM share_views`)
		}
		w.sb.Advance((7+30)*24*time.Hour - time.Second)
		if n := left(); n != 2 {
			t.Errorf("%d rows are left before the time", n)
		}
		w.sb.Advance(time.Second)
		if n := left(); n != 0 {
			t.Errorf("%d rows are left after it", n)
		}
	})
}

func TestViewsOf_NoLinkHidesTheOpeningsOfAnother(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		quiet, busy := p.link(share.Coverage), p.link(share.Score)
		for _, m := range []share.Made{quiet, busy, busy, busy} {
			w.sb.Advance(time.Second)
			_, _, err := w.Open(visit(t.Context()), m.Token, share.Reader{})
			w.ok(err)
		}
		all := must(w.Views(t.Context(), p.UserID, busy.ID))(t)
		want := map[string][]share.View{
			quiet.ID: must(w.Views(t.Context(), p.UserID, quiet.ID))(t), busy.ID: all[:2],
		}
		if diff := cmp.Diff(want, must(w.ViewsOf(t.Context(), p.UserID, p.report.ID, 2))(t)); diff != "" {
			t.Error(diff)
		}
		other := w.author(gus)
		if got := must(w.ViewsOf(t.Context(), other.UserID, p.report.ID, 2))(t); len(got) != 0 {
			t.Errorf("somebody else sees %v", got)
		}
	})
}

func TestMasked_IsSaidInTheLanguageOfItsReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite)
	p := w.author(ada)
	for language, want := range map[string]string{"de": "Dieser Bericht", "es": "Este informe", "en": "This report"} {
		r := must(w.Masked(t.Context(), p.UserID, p.report.ID, assess.Lens{Language: language}, true))(t)
		if r.Language != language || !strings.Contains(r.Summary, want) || !r.Masked {
			t.Errorf("%q: the report is in %q, masked %v: %s", language, r.Language, r.Masked, r.Summary)
		}
	}
}

func TestOpen_KeepsFiveHundredOpeningsOfALink(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(ada)
		m := p.link(share.Coverage)
		open := func() {
			_, _, err := w.Open(visit(t.Context()), m.Token, share.Reader{})
			w.ok(err)
		}
		w.ok(w.d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
			for range 510 {
				tx.Later(`INSERT INTO share_views (id, share_id, user_id, at, network, device)
					VALUES ($1, $2, $3, $4, '', '')`, db.NewID(), m.ID, p.UserID, tx.Now())
			}
			return nil
		}))
		w.sb.Advance(time.Second)
		open()
		if n := w.count(`SELECT count(*) FROM share_views`); n != 500 {
			t.Errorf("%d openings are kept, want 500", n)
		}
	})
}

func TestOpen_KeepsTheNewestOpeningsAndCountsAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite)
	p := w.author(ada)
	m := p.link(share.Coverage)
	for range 105 {
		w.sb.Advance(time.Second)
		_, _, err := w.Open(visit(t.Context()), m.Token, share.Reader{})
		w.ok(err)
	}
	if n := w.count(`SELECT count(*) FROM audit_log WHERE action = 'share.opened'`); n != 100 {
		t.Errorf("%d lines of the audit log, want 100", n)
	}
	if s := must(w.Get(t.Context(), p.UserID, m.ID))(t); s.Opened != 105 {
		t.Errorf("%d openings are counted", s.Opened)
	}
}
