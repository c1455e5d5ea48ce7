package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
)

// tell makes a notice of a fact.
func (p *person) tell(f notice.Fact) {
	p.t.Helper()
	f.UserID = p.me.UserID
	if err := p.db.InTx(p.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error { return notice.Write(ctx, tx, f) }); err != nil {
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
		p.tell(notice.Fact{Kind: notice.PlanChanged, Subject: strings.Repeat("x", i), Data: notice.Data{Plan: "pro", From: "basic"}})
	}
	page := p.get("/account/notices")
	if n := strings.Count(page.body, "<li>"); n != 30 || !strings.Contains(page.body, ">Older<") {
		t.Fatalf("%d notices on the first page", n)
	}
}
