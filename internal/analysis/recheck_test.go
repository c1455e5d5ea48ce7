package analysis

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/sandbox"
)

// report runs one analysis and opens its report.
func (p *person) report(r StartRequest) *assess.Report {
	p.t.Helper()
	a := p.begin(r)
	p.ok(p.Run(p.t.Context(), a.ID, true))
	p.wantStatus(a.ID, Completed)
	return must(p.openReport(p.t.Context(), p.UserID, a.ID))(p.t)
}

func (r *reportOf) has(post string) bool {
	return slices.ContainsFunc(r.Findings, func(f assess.Finding) bool { return f.PostID == post })
}

type reportOf struct{ *assess.Report }

func TestRecheck_APostThatWasDeletedCountsNoMore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		before := p.report(StartRequest{})
		if before.Coverage.PostsGone != 0 || w.lookedUp.Load() != 0 {
			t.Errorf("the first report: %d gone, %d looked up", before.Coverage.PostsGone, w.lookedUp.Load())
		}
		var gone []string
		for _, f := range before.Findings {
			if len(gone) < 3 && !slices.Contains(gone, f.PostID) {
				gone = append(gone, f.PostID)
				w.sb.X().DeletePost(p.Account.Handle, f.PostID)
			}
		}
		after := p.report(StartRequest{})
		c := after.Coverage
		if c.PostsGone != 3 || c.PostsTotal != p.atX() || !strings.Contains(after.Summary,
			"3 posts that you deleted since the last report count no more") {
			t.Errorf("%d gone, %d posts, %q", c.PostsGone, c.PostsTotal, after.Summary)
		}
		for _, id := range gone {
			if (&reportOf{after}).has(id) || w.count(`SELECT count(*) FROM posts WHERE post_id = $1`, id) != 0 {
				t.Errorf("%s is still there", id)
			}
		}
		if after.Score >= before.Score {
			t.Errorf("the score was %v and is %v", before.Score, after.Score)
		}
		p.wantPaid()
		if c := p.report(StartRequest{}).Coverage; c.PostsGone != 0 {
			t.Errorf("the next report tells %d again", c.PostsGone)
		}
	})
}

// A sample that finds something gone is followed by more, so that a tool that deleted hundreds of posts is noticed.
func TestRecheck_ASampleOfTheRestFindsWhatWasDeletedInBulk(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("ada_fernhill")
		p.analyse(StartRequest{})
		all := w.sb.X().Posts(p.Account.Handle)
		for _, post := range all[20:] {
			w.sb.X().DeletePost(p.Account.Handle, post.ID)
		}
		w.sb.Advance(48 * time.Hour)
		c := p.analyse(StartRequest{})
		if c.PostsTotal != 20 || c.PostsGone != len(all)-20 {
			t.Errorf("%d posts, %d gone of %d", c.PostsTotal, c.PostsGone, len(all))
		}
		p.wantPaid()
		seen := w.lookedUp.Load()
		p.analyse(StartRequest{})
		if n := w.lookedUp.Load(); n != seen { // no finding, and the sample was today
			t.Errorf("%d posts were looked up again on the same day", n-seen)
		}
	})
}

func TestRecheck_OfAnEditedPostOnlyTheNewestVersionCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("ada_fernhill")
		p.analyse(StartRequest{})
		handle, n := p.Account.Handle, p.atX()
		old := w.sb.X().Posts(handle)[3].ID
		w.sb.Advance(time.Minute)
		second := w.sb.X().EditPost(handle, old, "A second version of these words.")
		w.sb.Advance(time.Minute)
		third := w.sb.X().EditPost(handle, second, "A third version of these words.")
		c := p.analyse(StartRequest{})
		if c.PostsTotal != n || c.PostsGone != 0 {
			t.Errorf("%d posts of %d, %d gone", c.PostsTotal, n, c.PostsGone)
		}
		if w.count(`SELECT count(*) FROM posts WHERE post_id IN ($1, $2)`, old, second) != 0 ||
			w.count(`SELECT count(*) FROM posts WHERE post_id = $1`, third) != 1 {
			t.Error("an older version is kept, or the newest is not")
		}
	})
}

// Without an answer from X the report is made all the same, and says that deleted posts may still be in it.
func TestRecheck_WithoutAnAnswerTheReportSaysSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		p.analyse(StartRequest{})
		w.sb.Fail(sandbox.Fault{Path: "/x/2/tweets", Status: http.StatusTooManyRequests, Body: `{}`, Times: -1})
		var log bytes.Buffer
		w.c.Log = slog.New(slog.NewTextHandler(&log, nil))
		c := p.analyse(StartRequest{})
		if !strings.Contains(strings.Join(c.OutOfReach, " "), "could not be looked up again, because X did not answer") {
			t.Errorf("%q", c.OutOfReach)
		}
		if !strings.Contains(log.String(), `part="a look at what may be gone"`) ||
			!strings.Contains(log.String(), "cause=\"x_unavailable") {
			t.Errorf("the log has not why: %s", log.String())
		}
		w.sb.Heal()
		used := p.reads()
		w.exec(`UPDATE quota_periods SET reads_limit = $2 WHERE user_id = $1`, p.UserID, used+7)
		c = p.analyse(StartRequest{})
		if !strings.Contains(strings.Join(c.OutOfReach, " "), "because your plan's reads") || p.reads() != used+7 {
			t.Errorf("%q, %d reads", c.OutOfReach, p.reads()-used)
		}
		p.wantPaid()
	})
}
