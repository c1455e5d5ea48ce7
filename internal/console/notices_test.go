package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
)

// tell makes a notice of a fact.
func (p *person) tell(f notice.Fact) {
	p.t.Helper()
	f.UserID = p.me.UserID
	if err := p.db.InTx(p.t.Context(), db.System,
		func(ctx context.Context, tx db.Tx) error { return notice.Write(ctx, tx, f) }); err != nil {
		p.t.Fatal(err)
	}
}

func TestNotices_AreOnTheFrontPageUntilTheyAreRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.signIn(gus), w.signIn(ada)
	p.tell(notice.Fact{Kind: notice.QuotaUsedUp, Subject: "1", Data: notice.Data{Quota: 1000, Until: w.db.Now()}})
	const words = "You have used all 1,000 analyses of this period."
	unread := must(w.notices.List(t.Context(), p.me.UserID, notice.Filter{}))(t).Notices[0].ID
	if page := p.get("/"); page.status != http.StatusOK || !strings.Contains(page.body, words) {
		t.Fatalf("%d: %s", page.status, page.body)
	}
	if page := other.get("/"); strings.Contains(page.body, words) {
		t.Fatal("another person sees it")
	}
	if seen := other.post("/notices/"+unread+"/read", nil); seen.status != http.StatusNotFound {
		t.Fatalf("another person could mark it as read: %d", seen.status)
	}
	if at := p.post("/notices/"+unread+"/read", nil).leadsTo(); at != "/?done=notice-read" {
		t.Fatalf("led to %s", at)
	}
	if page := p.get("/"); strings.Contains(page.body, words) {
		t.Fatal("it is still there")
	}
	if page := p.get("/account/notices"); !strings.Contains(page.body, words) || strings.Contains(page.body, ">New<") {
		t.Fatal("it is not among all notices, as read")
	}
}

func TestNotices_AreAllOnTheirPage(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus)
	if page := p.get("/account/notices"); !strings.Contains(page.body, "Nothing yet.") {
		t.Fatal(page.body)
	}
	for i := range 31 {
		p.tell(notice.Fact{
			Kind: notice.PlanChanged, Subject: strings.Repeat("x", i),
			Data: notice.Data{Plan: "pro", From: "basic"},
		})
	}
	page := p.get("/account/notices")
	if n := strings.Count(page.body, "<li>"); n != 30 || !strings.Contains(page.body, ">Older<") {
		t.Fatalf("%d notices on the first page", n)
	}
}

func TestNotices_AreSwitchedOffByKindAndOn(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus)
	kinds := url.Values{"kind": {"analysis.finished", "account.linked"}, "page": {}}
	if at := p.post("/account/notices/choices", kinds).leadsTo(); at != "/account/notices?done=notices-chosen#choices" {
		t.Fatalf("led to %s", at)
	}
	p.get("/account/notices").shows(http.StatusOK,
		`name="page" value="analysis.finished" aria-label`, `name="page" value="analysis.failed" checked`,
		"This server sends no mail.").
		hides(`name="mail"`, `name="page" value="account.linked"`)
	p.tell(notice.Fact{Kind: notice.AnalysisFinished, Subject: "1", Data: notice.Data{Handle: gus}})
	p.get("/").shows(http.StatusOK).hides("Your report is ready")
	p.post("/account/notices/choices", url.Values{"kind": {"analysis.finished"}, "page": {"analysis.finished"}}).leadsTo()
	p.get("/account/notices").shows(http.StatusOK, `name="page" value="analysis.finished" checked`)
}

func TestNotices_TwoTabsThatChangeDifferentBoxesBothCount(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus)
	shown := func(page ...string) url.Values { // what both tabs have shown: all boxes ticked
		all := url.Values{"shown": {"yes"}, "page": page}
		all["kind"] = []string{"analysis.finished", "analysis.failed", "digest.weekly"}
		all["page-was"] = all["kind"]
		return all
	}
	p.get("/account/notices").shows(http.StatusOK, `name="shown" value="yes"`, `name="page-was" value="digest.weekly"`)
	p.post("/account/notices/choices", shown("analysis.failed", "digest.weekly")).leadsTo()
	p.post("/account/notices/choices", shown("analysis.finished", "analysis.failed")).leadsTo()
	p.get("/account/notices").shows(http.StatusOK, `name="page" value="analysis.failed" checked`,
		`name="page" value="analysis.finished" aria-label`, `name="page" value="digest.weekly" aria-label`).
		hides(`name="page-was" value="digest.weekly"`)
}

func TestUnsubscribe_ALinkThatIsNotOursIsRefusedForEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stranger().get("/email/unsubscribe?token=ABC").shows(http.StatusNotFound, "This link is not one of ours")
	w.stranger().post("/email/unsubscribe?token=ABC",
		url.Values{"List-Unsubscribe": {"One-Click"}}).shows(http.StatusNotFound)
}

func TestNotices_OfAReportAreReadOnceItIsOpened(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus).subscribe("basic")
	at := p.completed()
	p.get("/").shows(http.StatusOK, "Your report is ready", `<a href="`+at+`">Open the report</a>`)
	p.get(at).shows(http.StatusOK)
	p.get("/").shows(http.StatusOK).hides("Your report is ready")
}
