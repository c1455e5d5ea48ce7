package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/console"
	"github.com/repazoo/repazoo/internal/notice"
)

// withMail makes the world one that sends mail, to a server where nobody listens.
func (w *world) withMail() {
	w.t.Helper()
	m := must(notice.NewMailer("smtp://127.0.0.1:1", "no-reply@repazoo.example", true))(w.t)
	w.notices = notice.New(notice.Config{DB: w.db, Mailer: m, PublicURL: home})
	c := w.console.Config
	c.Notices = w.notices
	w.serve(console.New(c))
}

func TestEmail_IsAskedForOnlyWhereMailIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(gus)
	if page := p.get("/account"); strings.Contains(page.body, `id="email"`) {
		t.Fatal("it is asked for")
	}
	w.withMail()
	p = w.signIn(gus)
	if page := p.get("/account"); !strings.Contains(page.body, `id="email"`) {
		t.Fatal("it is not asked for")
	}
}

func TestEmail_WaitsToBeConfirmedAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withMail()
	p, other := w.signIn(gus), w.signIn(ada)
	if next := p.post("/account/email",
		url.Values{"email": {"gus@mail.example.com"}}).leadsTo(); next != "/account?done=email-given" {
		t.Fatal(next)
	}
	if page := p.get("/account"); !strings.Contains(page.body, "gus@mail.example.com</b> waits") ||
		strings.Contains(other.get("/account").body, "gus@mail") {
		t.Fatal(page.body)
	}
	if seen := p.post("/account/email", url.Values{"email": {"gus"}}); seen.status != http.StatusUnprocessableEntity {
		t.Fatalf("%d", seen.status)
	}
	if next := p.post("/account/email", url.Values{"email": {""}}).leadsTo(); next != "/account?done=email-removed" {
		t.Fatal(next)
	}
	if page := p.get("/account"); strings.Contains(page.body, "gus@mail.example.com") {
		t.Fatal(page.body)
	}
}

func TestEmail_TheLinkLeadsToAButtonForAnybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withMail()
	p := w.stranger()
	if page := p.get("/email/confirm?token=ABC"); page.status != http.StatusOK ||
		!strings.Contains(page.body, `value="ABC"`) {
		t.Fatalf("%d: %s", page.status, page.body)
	}
	if seen := p.post("/email/confirm", url.Values{"token": {"ABC"}}); seen.status != http.StatusNotFound ||
		!strings.Contains(seen.body, "This link was used already") {
		t.Fatalf("%d: %s", seen.status, seen.body)
	}
}
