package notice_test

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
)

const annsAddress = "ann.smith@mail.example.com"

// postOffice is an SMTP server of the test's own.
type postOffice struct {
	url string

	mu    sync.Mutex
	mails []sent
	rcpt  error // the answer to a recipient; nil takes them
	data  error // the answer to a mail
}

type sent struct{ to, body string }

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visitor{office: p}, nil }))
	server.Domain = "post.example.com"
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	p.url = "smtp://" + l.Addr().String()
	return p
}

// visitor is one connection.
type visitor struct {
	office *postOffice
	to     string
}

func (v *visitor) Reset()                               {}
func (v *visitor) Logout() error                        { return nil }
func (v *visitor) Mail(string, *smtp.MailOptions) error { return nil }

func (v *visitor) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	v.office.mu.Lock()
	defer v.office.mu.Unlock()
	return v.office.rcpt
}

func (v *visitor) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	v.office.mu.Lock()
	defer v.office.mu.Unlock()
	if err == nil {
		err = v.office.data
	}
	if err == nil {
		v.office.mails = append(v.office.mails, sent{v.to, string(body)})
	}
	return err
}

func (p *postOffice) refuse(rcpt, data error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rcpt, p.data = rcpt, data
}

// taken are the mails since the last look.
func (p *postOffice) taken() []sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.mails
	p.mails = nil
	return all
}

func reply(code int, words string) error { return &smtp.SMTPError{Code: code, Message: words} }

// withMail is a world that sends mail.
func (w *world) withMail() *postOffice {
	w.t.Helper()
	p := newPostOffice(w.t)
	m, err := notice.NewMailer(p.url, "Repazoo <no-reply@repazoo.example>", true)
	w.ok(err)
	w.Service = notice.New(notice.Config{
		DB: w.d, Seal: w.seal, Local: true, Mailer: m,
		PublicURL: "https://dash.example", Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	return p
}

var tokens = regexp.MustCompile(`https://dash\.example/email/confirm\?token=([A-Z2-7]+)`)

// token is that of the last mail, which must be the only one.
func (p *postOffice) token(t *testing.T) string {
	t.Helper()
	mails := p.taken()
	if len(mails) != 1 || mails[0].to != annsAddress {
		t.Fatalf("%d mails", len(mails))
	}
	plain, html := parts(t, mails[0].body)
	found := tokens.FindStringSubmatch(plain)
	if found == nil || !strings.Contains(html, found[0]) {
		t.Fatalf("no link in\n%s", plain)
	}
	return found[1]
}

// parts are the two forms of a mail.
func parts(t *testing.T, body string) (plain, html string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	read := func(r *multipart.Reader) string {
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	return read(r), read(r)
}

// confirmed gives ann a confirmed address.
func (w *world) confirmed(p *postOffice) {
	w.t.Helper()
	w.ok(w.SetEmail(w.t.Context(), w.ann, annsAddress))
	w.ok(w.AskToConfirm(w.t.Context(), w.ann))
	w.ok(w.ConfirmEmail(w.t.Context(), p.token(w.t)))
}

func TestEmail_CountsOnlyOnceItIsConfirmed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		ctx := t.Context()
		w.ok(w.SetEmail(ctx, w.ann, " "+annsAddress+" "))
		w.ok(w.AskToConfirm(ctx, w.ann))
		first := p.token(t)
		w.ok(w.AskToConfirm(ctx, w.ann)) // a job that was done twice
		second := p.token(t)
		if e, err := w.Email(ctx, w.ann); err != nil || e != (notice.Email{Waiting: annsAddress}) {
			t.Fatalf("%+v, %v", e, err)
		}
		w.ok(w.Mail(ctx, w.tell(notice.PlanEnded, "before")))
		if mails := p.taken(); len(mails) != 0 {
			t.Fatal("an address got mail that nobody has confirmed")
		}
		for _, token := range []string{first, "", "x", second + "A", strings.ToLower(second)} {
			if err := w.ConfirmEmail(ctx, token); !errors.Is(err, fault.NotFound) {
				t.Fatalf("%q: %v", token, err)
			}
		}
		w.ok(w.ConfirmEmail(ctx, second))
		if err := w.ConfirmEmail(ctx, second); !errors.Is(err, fault.NotFound) {
			t.Fatalf("a second time: %v", err)
		}
		if e, err := w.Email(ctx, w.ann); err != nil || e != (notice.Email{Confirmed: annsAddress}) {
			t.Fatalf("%+v, %v", e, err)
		}
		if e, err := w.Email(ctx, w.bob); err != nil || e != (notice.Email{}) {
			t.Fatalf("another user has %+v, %v", e, err)
		}
		if n := count(w.d, t, `SELECT count(*) FROM email_confirmations WHERE token_hash = $1 OR token_hash = $2`, first,
			second); n != 0 {
			t.Fatal("a token is stored as it is")
		}
		w.ok(w.SetEmail(ctx, w.ann, ""))
		w.ok(w.Mail(ctx, w.tell(notice.PlanEnded, "after")))
		if e, err := w.Email(ctx, w.ann); err != nil || e != (notice.Email{}) || len(p.taken()) != 0 {
			t.Fatalf("after it was taken back: %+v, %v", e, err)
		}
	})
}

func TestEmail_OfManyWhoFollowOneLinkExactlyOneConfirms(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.ok(w.SetEmail(t.Context(), w.ann, annsAddress))
		w.ok(w.AskToConfirm(t.Context(), w.ann))
		token := p.token(t)
		var wg sync.WaitGroup
		results := make(chan error, 10)
		for range 10 {
			wg.Go(func() { results <- w.ConfirmEmail(t.Context(), token) })
		}
		wg.Wait()
		close(results)
		won := 0
		for err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d confirmed", won)
		}
	})
}

func TestEmail_ALinkIsGoodForADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.ok(w.SetEmail(t.Context(), w.ann, annsAddress))
		w.ok(w.AskToConfirm(t.Context(), w.ann))
		token := p.token(t)
		w.clock.Advance(24*time.Hour + time.Second)
		if err := w.ConfirmEmail(t.Context(), token); !errors.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		w.ok(w.AskToConfirm(t.Context(), w.ann)) // a job that is late
		if mails := p.taken(); len(mails) != 0 {
			t.Fatal("a link was mailed that is good for nothing")
		}
		w.ok(w.Retain(t.Context()))
		if n := count(w.d, t, `SELECT count(*) FROM email_confirmations`); n != 0 {
			t.Fatal("an address is kept that nobody has confirmed")
		}
	})
}

func TestEmail_NobodyIsBotheredThroughUs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.withMail()
		ask := func() error { return w.SetEmail(t.Context(), w.ann, annsAddress) }
		w.ok(ask())
		if err := ask(); !errors.Is(err, fault.RateLimited) {
			t.Fatalf("at once: %v", err)
		}
		for range 9 {
			w.clock.Advance(2 * time.Minute)
			w.ok(ask())
		}
		w.clock.Advance(2 * time.Minute)
		if err := ask(); !errors.Is(err, fault.RateLimited) {
			t.Fatalf("the eleventh of a day: %v", err)
		}
		w.clock.Advance(24 * time.Hour)
		w.ok(ask())
		w.ok(w.SetEmail(t.Context(), w.bob, annsAddress)) // whoever reads that mail decides
	})
}

func TestEmail_TakesPlainAddresses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.withMail()
		for _, bad := range []string{
			"ann", "ann@", "@example.com", "ann@localhost", "Ann <ann@example.com>", "ann@example.com, bob@example.com",
			"ann@example.com\r\nBcc: bob@example.com",
			"ann@[127.0.0.1]", `"a b"@example.com`, "änn@example.com", "ann@exämple.com", "ann@example.com.",
			strings.Repeat("a", 250) + "@example.com",
		} {
			if err := w.SetEmail(t.Context(), w.ann, bad); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestEmail_NeedsAServerThatSendsMail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		if err := w.SetEmail(t.Context(), w.ann, annsAddress); !errors.Is(err, fault.Conflict) || w.Mails() {
			t.Fatal(err)
		}
	})
}

func TestMail_TellsANoticeOnceInBothForms(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.confirmed(p)
		id := w.tell(notice.PlanChanged, "sub")
		if n := count(w.d, t, `SELECT count(*) FROM river_job WHERE kind = 'notice_mail'`); n != 1 {
			t.Fatalf("%d jobs", n)
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if err := w.Mail(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		mails := p.taken()
		if len(mails) != 1 || mails[0].to != annsAddress {
			t.Fatalf("%d mails", len(mails))
		}
		for _, form := range func() []string { a, b := parts(t, mails[0].body); return []string{a, b} }() {
			if !strings.Contains(form, "You now have the Pro plan instead of") ||
				!strings.Contains(form, "https://dash.example/") {
				t.Errorf("a form says\n%s", form)
			}
		}
		m, err := mail.ReadMessage(strings.NewReader(mails[0].body))
		w.ok(err)
		if m.Header.Get("Subject") != "Your plan has changed" || m.Header.Get("Auto-Submitted") != "auto-generated" ||
			m.Header.Get("Message-Id") == "" {
			t.Errorf("%v", m.Header)
		}
	})
}

func TestMail_IsTriedAgainOnlyWhenTheServerHasNotTakenIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.confirmed(p)
		for i, tt := range []struct {
			rcpt, data error
			again      bool
		}{
			{rcpt: reply(451, "try later, "+annsAddress), again: true},
			{data: reply(452, "full, "+annsAddress), again: true},
			{rcpt: reply(550, "no such user "+annsAddress)},
			{data: reply(554, "spam from "+annsAddress)},
		} {
			p.refuse(tt.rcpt, tt.data)
			id := w.tell(notice.PlanChanged, string(rune('a'+i)))
			err := w.Mail(t.Context(), id)
			if (err != nil) != tt.again || err != nil && strings.Contains(err.Error(), "ann.smith") {
				t.Errorf("case %d: %v", i, err)
			}
			p.refuse(nil, nil)
			w.ok(w.Mail(t.Context(), id))
			if mails := p.taken(); (len(mails) == 1) != tt.again {
				t.Errorf("case %d: %d mails afterwards", i, len(mails))
			}
		}
		if log := w.log.String(); strings.Contains(log, "ann.smith") || !strings.Contains(log, "not mailed") {
			t.Error(log)
		}
	})
}

func TestMailer_IsEncryptedUnlessItIsLocal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.confirmed(p)
		strict, err := notice.NewMailer(p.url, "no-reply@repazoo.example", false)
		w.ok(err)
		w.Service = notice.New(notice.Config{DB: w.d, Seal: w.seal, Mailer: strict, PublicURL: "https://dash.example"})
		if err := w.Mail(t.Context(), w.tell(notice.PlanEnded, "sub")); err == nil || len(p.taken()) != 0 {
			t.Fatalf("sent without encryption: %v", err)
		}
	})
}

func TestNewMailer_SaysWhatIsWrongWithoutThePassword(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{
		{"", "a@example.com"},
		{"http://user:sesame@host", "a@example.com"},
		{"smtp://", "a@example.com"},
		{"smtp://user:sesame@host:1x/", "a@example.com"},
		{"smtp://user:sesame@host", ""},
		{"smtp://user:sesame@host", "nobody"},
	} {
		if _, err := notice.NewMailer(tt[0], tt[1], false); err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%v: %v", tt, err)
		}
	}
}

// A mail server that takes nothing is seen: in the log with its cause and who must look, and in the figures. No line
// names whom the mail was for.
func TestMail_ARefusalIsLoggedWithItsCauseAndCounted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := newPostOffice(t)
		m, err := notice.NewMailer(p.url, "Repazoo <no-reply@repazoo.example>", true)
		w.ok(err)
		var counted []string
		m.Count = func(status string, _ time.Duration) { counted = append(counted, status) }
		w.Service = notice.New(notice.Config{
			DB: w.d, Seal: w.seal, Local: true, Mailer: m, PublicURL: "https://dash.example",
			Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		})
		w.confirmed(p)
		counted = nil
		p.refuse(reply(550, "5.7.1 relaying denied for "+annsAddress), nil)
		w.ok(w.Mail(t.Context(), w.tell(notice.PlanChanged, "a")))
		p.refuse(nil, reply(451, "4.3.0 no room for "+annsAddress))
		if err := w.Mail(t.Context(), w.tell(notice.PlanChanged, "b")); err == nil {
			t.Error("a mail that was not taken for now counts as sent")
		}
		p.refuse(nil, nil)
		w.ok(w.Mail(t.Context(), w.tell(notice.PlanChanged, "c")))
		log := w.log.String()
		for _, want := range []string{
			"answered 550", "RCPT TO", "answered 451", "tried again",
			"compare SMTP_URL and SMTP_FROM",
		} {
			if !strings.Contains(log, want) {
				t.Errorf("the log lacks %q: %s", want, log)
			}
		}
		if strings.Contains(log, "ann.smith") {
			t.Errorf("the log names a person: %s", log)
		}
		if got := strings.Join(counted, " "); got != "550 451 250" {
			t.Errorf("counted %s", got)
		}
	})
}

func TestMailer_AServerThatIsAwayIsNamedAndCounted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.confirmed(p)
		m, err := notice.NewMailer("smtp://localhost:1", "Repazoo <no-reply@repazoo.example>", true)
		w.ok(err)
		counted := ""
		m.Count = func(status string, _ time.Duration) { counted += status }
		w.Service = notice.New(notice.Config{
			DB: w.d, Seal: w.seal, Local: true, Mailer: m, PublicURL: "https://dash.example",
			Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		})
		if err := w.Mail(t.Context(), w.tell(notice.PlanChanged, "a")); err == nil {
			t.Error("it counts as sent")
		}
		if log := w.log.String(); !strings.Contains(log, "could not be spoken to") || !strings.Contains(log, "refused") ||
			counted != "none" {
			t.Errorf("counted %q, and the log says %s", counted, log)
		}
	})
}
