package analysis

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/sandbox"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
)

// unclear is a post that the stand-in of the model cannot judge without the one that it answers.
const unclear = "as I told you, you people are all parasites and should be deported"

const lookups = "/x/2/tweets"

// replier is somebody with a plan and a model, and a post of somebody else to answer.
func replier(w *world) (p *person, theirs string) {
	w.asksModel()
	w.c.Prices = assess.DefaultPrices()
	p = w.pro("ada_fernhill")
	return p, w.sb.X().AddPost("gravelpit_gus",
		xsandbox.Post{Text: "Say your line from the play, it begins with parasites.", Lang: "en"})
}

// answers posts an unclear answer.
func (p *person) answers(parent string) string {
	return p.sb.X().AddPost(p.Account.Handle, xsandbox.Post{Text: unclear, Lang: "en", ReplyTo: parent})
}

// findingOf is the finding in a post, or nothing.
func findingOf(r *assess.Report, post string) assess.Finding {
	for _, f := range r.Findings {
		if f.PostID == post {
			return f
		}
	}
	return assess.Finding{}
}

func TestParents_AreReadOnceFromXPaidForAndNotKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, theirs := replier(w)
		post := p.answers(theirs)
		quoting := p.sb.X().AddPost(p.Account.Handle, xsandbox.Post{Text: unclear + " really", Lang: "en", QuoteOf: theirs})
		r := p.report(StartRequest{})
		if findingOf(r, post).ID != "" || findingOf(r, quoting).ID != "" || r.ReadAsHarmless.Count < 2 ||
			r.Coverage.ParentsRead != 1 {
			t.Errorf("%+v, read as harmless %+v, %+v", r.Findings, r.ReadAsHarmless, r.Coverage)
		}
		if n := len(w.sb.Calls(lookups)); n != 1 || w.lookedUp.Load() != 1 {
			t.Errorf("%d lookups of %d posts", n, w.lookedUp.Load())
		}
		p.wantPaid()
		if r.Cost.XReads != p.reads() {
			t.Errorf("the report says %d reads, %d were paid", r.Cost.XReads, p.reads())
		}
		if n := w.count(`SELECT count(*) FROM posts WHERE post_id = $1`, theirs); n != 0 {
			t.Error("somebody else's post was kept")
		}
		p.report(StartRequest{})
		if n := len(w.sb.Calls(lookups)); n != 1 {
			t.Errorf("the next analysis looked it up again: %d", n)
		}
	})
}

func TestParents_OnesOwnIsTakenFromWhatIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, _ := replier(w)
		mine := w.sb.X().AddPost(p.Account.Handle, xsandbox.Post{Text: "My line from the play:", Lang: "en"})
		w.sb.Advance(time.Minute)
		post := p.answers(mine)
		r := p.report(StartRequest{})
		if findingOf(r, post).ID != "" || len(w.sb.Calls(lookups)) != 0 {
			t.Errorf("%+v, %d lookups", findingOf(r, post), len(w.sb.Calls(lookups)))
		}
		p.wantPaid()
	})
}

// Whatever keeps the parent away, the report is made, and the post says why it could not be judged.
func TestParents_WithoutOneThePostSaysWhy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, _ := replier(w)
		for _, c := range []struct {
			want   assess.Context
			hinder func(theirs string)
		}{
			{assess.ContextGone, func(theirs string) { w.sb.X().DeletePost("gravelpit_gus", theirs) }},
			{assess.ContextSilent, func(string) { w.sb.Fail(sandbox.Fault{Path: lookups, Status: 503, Body: `{}`, Times: -1}) }},
			{assess.ContextHidden, func(string) { w.sb.Heal(); w.sb.X().Protect("gravelpit_gus") }},
		} {
			theirs := w.sb.X().AddPost("gravelpit_gus", xsandbox.Post{Text: "Say your line.", Lang: "en"})
			post := p.answers(theirs)
			c.hinder(theirs)
			r := p.report(StartRequest{})
			f := findingOf(r, post)
			if f.Context != c.want || !f.NeedsContext || !r.HumanReview.Needed {
				t.Errorf("%s: %+v", c.want, f)
			}
		}
	})
}

func TestParents_AreNotReadBeyondThePlanOrTheConsent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, theirs := replier(w)
		post := p.answers(theirs)
		a := p.begin(StartRequest{})
		w.exec(`UPDATE consents SET version = '2026-01-01' WHERE user_id = $1`, p.UserID)
		p.ok(p.Run(t.Context(), a.ID, true))
		r := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
		if f := findingOf(r, post); f.Context != assess.ContextLimit || len(w.sb.Calls(lookups)) != 0 {
			t.Errorf("without consent: %+v, %d lookups", f, len(w.sb.Calls(lookups)))
		}
		w.exec(`UPDATE quota_periods SET reads_limit = $2 WHERE user_id = $1`, p.UserID, p.reads())
		r = p.report(StartRequest{})
		if f := findingOf(r, post); f.Context != assess.ContextLimit || w.lookedUp.Load() != 0 {
			t.Errorf("without reads: %+v, %d looked up", f, w.lookedUp.Load())
		}
		p.wantPaid()
	})
}

// The ceiling of an analysis counts what parents cost.
func TestParents_TheCeilingHoldsThemToo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, theirs := replier(w)
		post := p.answers(theirs)
		n := p.atX()
		a := p.begin(StartRequest{MaxPosts: n, MaxCostCents: (n*assess.XReadMicroUSD+assess.XUserReadMicroUSD)/10_000 + 1})
		p.ok(p.Run(t.Context(), a.ID, true))
		r := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
		if r.Cost.TotalMicroUSD > int64(a.MaxCostCents)*10_000 {
			t.Errorf("%+v is above %d cents", r.Cost, a.MaxCostCents)
		}
		if f := findingOf(r, post); f.ID != "" && f.Context == assess.ContextRead {
			t.Errorf("%+v", f)
		}
		p.wantPaid()
	})
}

// An archive costs no reads, so X is not asked for what its posts answer.
func TestParents_AnArchiveTellsThatItDoesNotHoldThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, theirs := replier(w)
		data := file(t, p.Account.Handle, p.Account.XUserID, 20)
		kept := must(p.KeepArchive(t.Context(), p.UserID, bytes.NewReader(data), int64(len(data))))(t)
		reply := assess.Post{ID: "5999", Text: unclear, Lang: "en", PostedAt: w.sb.Now(), Reply: true, Answers: theirs}
		w.ok(w.d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
			return p.store(tx, p.UserID, kept.ID, []assess.Post{reply})
		}))
		r := p.report(StartRequest{ArchiveID: kept.ID})
		if f := findingOf(r, reply.ID); f.Context != assess.ContextArchive || len(w.sb.Calls(lookups)) != 0 {
			t.Errorf("%+v, %d lookups", f, len(w.sb.Calls(lookups)))
		}
	})
}

func TestConsent_NamesThePostsOfOthersThatAreRead(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"the one it answers or quotes", "keeps it nowhere"} {
		if !strings.Contains(ConsentText, words) {
			t.Errorf("the consent does not say %q", words)
		}
	}
}
