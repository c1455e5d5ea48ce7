package app_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// noticeOf gives the id of a notice: the person cancels their plan, which makes one, and takes that back.
func noticeOf(p *person) string {
	p.t.Helper()
	p.must(http.StatusOK, "DELETE", "/api/v1/subscriptions", "")
	var told struct {
		Data []struct{ ID, Kind, Sentence string } `json:"data"`
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/notices?unread=true", "")), &told); err != nil {
		p.t.Fatal(err)
	}
	if len(told.Data) == 0 || told.Data[0].Kind != "plan.cancelled" {
		p.t.Fatalf("told %+v", told)
	}
	p.must(http.StatusOK, "POST", "/api/v1/subscriptions/resume", "")
	return told.Data[0].ID
}

// webhookOf gives the ids of a webhook on this machine, where nobody answers, and of a test that was sent to it.
func webhookOf(p *person) (webhook, delivery string) {
	p.t.Helper()
	var made, sent struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(p.must(http.StatusCreated, "POST", "/api/v1/webhooks",
		`{"url":"http://127.0.0.1:1/"}`)), &made); err != nil {
		p.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusAccepted, "POST", "/api/v1/webhooks/"+made.ID+"/test", "")),
		&sent); err != nil {
		p.t.Fatal(err)
	}
	return made.ID, sent.ID
}

// Where no mail server is configured, no address is taken; a name may be changed without one.
func TestEmail_IsRefusedWhereNoMailIsSent(t *testing.T) {
	t.Parallel()
	p := signIn(t, start(t, io.Discard, nil), "gravelpit_gus")
	p.must(http.StatusConflict, "PATCH", "/api/v1/users/me", `{"email":"gus@mail.example.com","name":"Gus"}`)
	if me := p.must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"name":"August"}`); !strings.Contains(me,
		`"name":"August"`) || !strings.Contains(me, `"email":null`) {
		t.Error(me)
	}
}

// recipients gives the address of a mail server that takes everything, and to whom it was sent.
func recipients(t *testing.T) (url string, to <-chan string) {
	t.Helper()
	seen := make(chan string, 10)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return letterbox{seen}, nil }))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "smtp://" + l.Addr().String(), seen
}

type letterbox struct{ seen chan<- string }

func (letterbox) Reset()                               {}
func (letterbox) Logout() error                        { return nil }
func (letterbox) Mail(string, *smtp.MailOptions) error { return nil }

func (b letterbox) Rcpt(to string, _ *smtp.RcptOptions) error {
	b.seen <- to
	return nil
}

func (letterbox) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// An address that X has confirmed gets mail as it is; once its owner has taken it back, X is not believed again.
func TestEmail_ThatXConfirmedGetsNoticesUntilItsOwnerWantsNone(t *testing.T) {
	t.Parallel()
	office, to := recipients(t)
	base := start(t, io.Discard, map[string]string{
		"X_ASK_EMAIL": "true", "SMTP_URL": office,
		"SMTP_FROM": "Repazoo <no-reply@repazoo.example>",
	})
	p := signIn(t, base, "ada_fernhill")
	p.subscribe()
	noticeOf(p)
	if got := <-to; got != "ada@fernhill.example" {
		t.Fatalf("mailed to %s", got)
	}
	p.must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"email":""}`)
	again := signIn(t, base, "ada_fernhill")
	if me := again.must(http.StatusOK, "GET", "/api/v1/users/me", ""); !strings.Contains(me, `"email":null`) {
		t.Error(me)
	}
}

// A mail program unsubscribes without a session, by a form as RFC 8058 has it, and is answered without a redirect. A
// look at the link changes nothing.
func TestUnsubscribe_TakesOneClickWithoutASession(t *testing.T) {
	t.Parallel()
	office, mails := letters(t)
	base := start(t, io.Discard, map[string]string{
		"X_ASK_EMAIL": "true", "SMTP_URL": office,
		"SMTP_FROM": "Repazoo <no-reply@repazoo.example>",
	})
	p := signIn(t, base, "ada_fernhill")
	p.subscribe()
	noticeOf(p)
	header, err := mail.ReadMessage(strings.NewReader(<-mails))
	if err != nil {
		t.Fatal(err)
	}
	link := strings.Trim(header.Header.Get("List-Unsubscribe"), "<>")
	wants := func(on bool) {
		t.Helper()
		said := p.must(http.StatusOK, "GET", "/api/v1/notices/choices", "")
		if off := strings.Contains(said, `"mail":false`); off == on {
			t.Errorf("told of what: %s", said)
		}
	}
	stranger := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, body string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, link, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := stranger.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := ask(http.MethodGet, ""); got != http.StatusOK {
		t.Errorf("a look at the link: %d", got)
	}
	wants(true)
	if got := ask(http.MethodPost, "List-Unsubscribe=One-Click"); got != http.StatusOK {
		t.Errorf("one click: %d", got)
	}
	wants(false)
}

// letters gives the address of a mail server that takes everything, and what was sent.
func letters(t *testing.T) (url string, bodies <-chan string) {
	t.Helper()
	seen := make(chan string, 10)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return postbag{seen}, nil }))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "smtp://" + l.Addr().String(), seen
}

type postbag struct{ seen chan<- string }

func (postbag) Reset()                               {}
func (postbag) Logout() error                        { return nil }
func (postbag) Mail(string, *smtp.MailOptions) error { return nil }
func (postbag) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (b postbag) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	b.seen <- string(body)
	return err
}
