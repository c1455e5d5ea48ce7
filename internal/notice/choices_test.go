package notice_test

import (
	"errors"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/seal"
)

// choice is what a user wants of a kind.
func (w *world) choice(user string, k notice.Kind) notice.Choice {
	w.t.Helper()
	all, err := w.Choices(w.t.Context(), user)
	w.ok(err)
	for _, c := range all {
		if c.Kind == k {
			return c
		}
	}
	w.t.Fatalf("there is no choice about %s", k)
	return notice.Choice{}
}

func TestChoose_WhatIsSwitchedOffIsNeitherNewNorMailed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.confirmed(p)
		w.ok(w.Choose(t.Context(), w.ann, notice.Choice{Kind: notice.AnalysisFinished},
			notice.Choice{Kind: notice.QuotaUsedUp, Page: true}))
		for _, k := range []notice.Kind{notice.AnalysisFinished, notice.QuotaUsedUp, notice.PlanChanged} {
			w.ok(w.Mail(t.Context(), w.tell(k, "one")))
		}
		if mails := p.taken(); len(mails) != 1 || !strings.Contains(mails[0].body, "Subject: Your plan has changed") {
			t.Errorf("%d mails", len(mails))
		}
		unread := list(w.Service, t, w.ann, notice.Filter{Unread: true})
		if all := list(w.Service, t, w.ann, notice.Filter{}); unread.Total != 2 || all.Total != 3 {
			t.Errorf("%d of %d notices are new, want 2 of 3", unread.Total, all.Total)
		}
		if c := w.choice(w.bob, notice.AnalysisFinished); !c.Page || !c.Mail {
			t.Errorf("another user is told %+v", c)
		}
		w.ok(w.Choose(t.Context(), w.ann, notice.Choice{Kind: notice.AnalysisFinished, Page: true, Mail: true}))
		w.ok(w.Mail(t.Context(), w.tell(notice.AnalysisFinished, "two")))
		if mails := p.taken(); len(mails) != 1 {
			t.Errorf("%d mails once it is switched on again", len(mails))
		}
	})
}

// Whoever has stolen a session must not hide that they linked an account of their own.
func TestChoose_WhatTellsWhoMaySignInIsAlwaysOnThePage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.ok(w.Choose(t.Context(), w.ann, notice.Choice{Kind: notice.AccountLinked}))
		if c := w.choice(w.ann, notice.AccountLinked); !c.Page || c.Mail {
			t.Errorf("told %+v", c)
		}
		w.tell(notice.AccountLinked, "one")
		if n := list(w.Service, t, w.ann, notice.Filter{Unread: true}).Total; n != 1 {
			t.Errorf("%d new notices", n)
		}
	})
}

func TestChoose_RefusesAKindThatDoesNotExist(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		if err := w.Choose(t.Context(), w.ann, notice.Choice{Kind: "weather"}); !errors.Is(err, fault.ValidationFailed) {
			t.Error(err)
		}
	})
}

// header is the header of a mail, unfolded, as a mail program reads it.
func header(t *testing.T, body string) mail.Header {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header
}

// stopToken is the token in the header that RFC 8058 asks for.
func stopToken(t *testing.T, h mail.Header) string {
	t.Helper()
	u, err := url.Parse(strings.Trim(h.Get("List-Unsubscribe"), "<>"))
	if err != nil || u.Scheme != "https" || u.Host != "dash.example" || u.Path != "/email/unsubscribe" {
		t.Fatalf("List-Unsubscribe is %q (%v)", h.Get("List-Unsubscribe"), err)
	}
	return u.Query().Get("token")
}

func TestMail_EveryMailEndsWithOneClickAndNamesNoLibrary(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.ok(w.SetEmail(t.Context(), w.ann, annsAddress))
		w.ok(w.AskToConfirm(t.Context(), w.ann))
		ask := p.taken()
		plain, _ := parts(t, ask[0].body)
		w.ok(w.ConfirmEmail(t.Context(), tokens.FindStringSubmatch(plain)[1]))
		for _, k := range notice.Kinds() {
			w.ok(w.Mail(t.Context(), w.tell(k, "one")))
		}
		mails := append(ask, p.taken()...)
		if len(mails) != len(notice.Kinds())+1 {
			t.Fatalf("%d mails", len(mails))
		}
		ids := map[string]bool{}
		for _, m := range mails {
			h := header(t, m.body)
			if got := h.Get("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" {
				t.Errorf("List-Unsubscribe-Post is %q", got)
			}
			if _, err := w.ReadStop(stopToken(t, h)); err != nil {
				t.Errorf("%s: %v", h.Get("Subject"), err)
			}
			if id := h.Get("Message-Id"); !regexp.MustCompile(`^<[a-z2-7]{26}@repazoo\.example>$`).MatchString(id) || ids[id] {
				t.Errorf("Message-ID is %q", id)
			}
			ids[h.Get("Message-Id")] = true
			for _, name := range []string{"User-Agent", "X-Mailer"} {
				if h.Get(name) != "" {
					t.Errorf("%s is %q", name, h.Get(name))
				}
			}
			if strings.Contains(strings.ToLower(m.body), "go-mail") {
				t.Errorf("a mail names its library:\n%s", m.body)
			}
		}
	})
}

func TestUnsubscribe_EndsThatKindOfThatUserAndNothingElse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.confirmed(p)
		w.ok(w.Mail(t.Context(), w.tell(notice.AnalysisFinished, "one")))
		token := stopToken(t, header(t, p.taken()[0].body))
		before, err := w.Choices(t.Context(), w.ann)
		w.ok(err)
		if _, err := w.ReadStop(token); err != nil {
			t.Fatal(err)
		}
		if c := w.choice(w.ann, notice.AnalysisFinished); !c.Mail {
			t.Fatal("to look at the link has switched mails off")
		}
		for range 2 { // mail programs repeat
			stop, err := w.Unsubscribe(t.Context(), token)
			w.ok(err)
			if stop.Words() != "a report that is ready" {
				t.Errorf("it says %q", stop.Words())
			}
		}
		for _, was := range before {
			if was.Kind == notice.AnalysisFinished {
				was.Mail = false
			}
			if now := w.choice(w.ann, was.Kind); now != was {
				t.Errorf("%s is now %+v, want %+v", was.Kind, now, was)
			}
		}
		if c := w.choice(w.bob, notice.AnalysisFinished); !c.Mail {
			t.Error("another user gets no mail any more")
		}
		if e, err := w.Email(t.Context(), w.ann); err != nil || e.Confirmed != annsAddress {
			t.Errorf("the address is %+v, %v", e, err)
		}
		if n := count(w.d, t, `SELECT count(*) FROM audit_log WHERE action = 'notices.chosen' AND user_id = $1`,
			w.ann); n != 1 {
			t.Errorf("%d lines in the log", n)
		}
		w.ok(w.Mail(t.Context(), w.tell(notice.AnalysisFinished, "two")))
		if mails := p.taken(); len(mails) != 0 {
			t.Errorf("%d mails afterwards", len(mails))
		}
	})
}

func TestUnsubscribe_TakesNoTokenThatIsNotOurs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.confirmed(p)
		w.ok(w.Mail(t.Context(), w.tell(notice.AnalysisFinished, "one")))
		token := stopToken(t, header(t, p.taken()[0].body))
		body, sum, _ := strings.Cut(token, ".")
		other, err := seal.New("another sealing secret of more than 32 bytes, for tests")
		w.ok(err)
		forger := notice.New(notice.Config{DB: w.d, Seal: other})
		if _, err := forger.Unsubscribe(t.Context(), token); !errors.Is(err, fault.NotFound) {
			t.Errorf("under another key: %v", err)
		}
		for _, bad := range []string{
			"", ".", token + "A", "A" + token, body, body + ".", "." + sum, sum + "." +
				body, strings.Repeat("A", 10_000), body + ".!", strings.ToLower(token),
		} {
			if _, err := w.Unsubscribe(t.Context(), bad); !errors.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if n := count(w.d, t, `SELECT count(*) FROM notice_mutes`); n != 0 {
			t.Error("something was switched off")
		}
		exec(w.d, t, `DELETE FROM users WHERE id = $1`, w.ann) // an erased user's mails are still in the mailbox
		if _, err := w.Unsubscribe(t.Context(), token); err != nil {
			t.Errorf("after the user is gone: %v", err)
		}
	})
}

// Somebody whose address a stranger typed in ends it with one click; an address that was given since stays.
func TestUnsubscribe_TakesAnAddressBackThatWaitsToBeConfirmed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.ok(w.SetEmail(t.Context(), w.ann, annsAddress))
		w.ok(w.AskToConfirm(t.Context(), w.ann))
		ask := p.taken()[0].body
		stop := stopToken(t, header(t, ask))
		exec(w.d, t, `UPDATE email_confirmations SET email = 'other@mail.example.com'`)
		_, err := w.Unsubscribe(t.Context(), stop)
		w.ok(err)
		if n := count(w.d, t, `SELECT count(*) FROM email_confirmations WHERE email IS NOT NULL`); n != 1 {
			t.Fatal("an address was taken back that the mail did not go to")
		}
		exec(w.d, t, `UPDATE email_confirmations SET email = $1`, annsAddress)
		_, err = w.Unsubscribe(t.Context(), stop)
		w.ok(err)
		plain, _ := parts(t, ask)
		if err := w.ConfirmEmail(t.Context(), tokens.FindStringSubmatch(plain)[1]); !errors.Is(err, fault.NotFound) {
			t.Errorf("it can still be confirmed: %v", err)
		}
	})
}

func TestSeen_ReadsWhatWasToldOfAnAnalysis(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		id := db.NewID()
		w.tell(notice.AnalysisFinished, id)
		w.tell(notice.NewHigh, id)
		w.tell(notice.PlanChanged, id)
		w.tell(notice.AnalysisFinished, db.NewID())
		w.ok(w.Seen(t.Context(), w.ann, id))
		if n := list(w.Service, t, w.ann, notice.Filter{Unread: true}).Total; n != 2 {
			t.Errorf("%d notices are new, want 2", n)
		}
	})
}

func FuzzReadStop_NeverTakesWhatItDidNotMake(f *testing.F) {
	sealer, err := seal.New("a sealing secret of more than 32 bytes, for tests")
	if err != nil {
		f.Fatal(err)
	}
	s := notice.New(notice.Config{Seal: sealer})
	f.Add("MDE5OGMwZGUtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDBhIGFuYWx5c2lzLmZpbmlzaGVk.AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := s.ReadStop(token); !errors.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", token, err)
		}
	})
}
