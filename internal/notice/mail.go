package notice

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/repazoo/repazoo/internal/words"
)

// Mailer hands mails to an SMTP server. It is safe for concurrent use.
type Mailer struct {
	Count func(status string, took time.Duration) // hears of each try, by the server's code, or "none"; nil: nobody

	to atomic.Pointer[mailServer]
}

type mailServer struct {
	host    string
	options []gomail.Option
	from    string
}

// Adopt hands the mails from now on to the server of another Mailer.
func (m *Mailer) Adopt(other *Mailer) { m.to.Store(other.to.Load()) }

const (
	mailTime = 30 * time.Second // for one mail, from dialling to the server's last word

	portSubmission  = 587
	portSubmissions = 465
)

var (
	// errMailLater means that the server did not take the mail, and may take it later.
	errMailLater = errors.New("notice: the mail was not taken for now")
	// errMailNever means that it will not take it, or that nobody knows whether it has: to ask again could send it twice.
	errMailNever = errors.New("notice: the mail was refused, or nobody knows whether it was taken")
)

// NewMailer reads smtp://user:password@host:port, which is encrypted by STARTTLS, or smtps://. Only on this machine,
// and only with local set, may a server speak without encryption. The password is in no error.
func NewMailer(address, from string, local bool) (*Mailer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("the mail server must look like smtp://user:password@host:port or smtps://")
	}
	if _, err := mail.ParseAddress(from); err != nil {
		return nil, errors.New("the sender of mail must be an address such as Repazoo <no-reply@example.com>")
	}
	port, policy := portSubmission, gomail.TLSMandatory
	if local && onThisMachine(u.Hostname()) {
		policy = gomail.TLSOpportunistic
	}
	options := []gomail.Option{gomail.WithTimeout(mailTime), gomail.WithTLSPolicy(policy)}
	if u.Scheme == "smtps" {
		port, options = portSubmissions, append(options, gomail.WithSSL())
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, errors.New("the port of the mail server is no number")
		}
	}
	options = append(options, gomail.WithPort(port), gomail.WithTLSConfig(&tls.Config{
		ServerName: u.Hostname(),
		MinVersion: tls.VersionTLS12,
	}))
	if password, ok := u.User.Password(); ok {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()),
			gomail.WithPassword(password))
	}
	m := &Mailer{}
	m.to.Store(&mailServer{u.Hostname(), options, from})
	return m, nil
}

// letter is a mail before it has a shape: what both of its parts say.
type letter struct {
	Language  *words.Language
	Subject   string
	Sentences []string
	Action    string // the words of the link
	Link      string
	Why       string // they get it
	Stop      string // the address that ends mails like this one
}

func (l letter) html(ctx context.Context) (string, error) {
	var b bytes.Buffer
	err := mailPage(l).Render(ctx, &b)
	return b.String(), err
}

func (l letter) text() string {
	var b bytes.Buffer
	for _, s := range l.Sentences {
		b.WriteString(s + "\n\n")
	}
	fmt.Fprintf(&b, "%s: %s\n\n-- \n%s\n%s: %s\n", l.Action, l.Link, l.Why, l.Language.Say("mail.stop"), l.Stop)
	return b.String()
}

// send hands a letter to the server. Its errors are errMailLater and errMailNever, and hold no address.
func (m *Mailer) send(ctx context.Context, to string, l letter) error {
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	server := m.to.Load()
	msg, err := mailFor(ctx, server.from, to, l)
	if err != nil {
		return errMailNever
	}
	client, err := gomail.NewClient(server.host, server.options...)
	if err != nil {
		return errMailLater
	}
	start := time.Now()
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() { // taken, whatever came after
		m.count(mailTaken, time.Since(start))
		return nil
	}
	f, refused := errors.AsType[*gomail.SendError](err)
	if !refused {
		m.count(0, time.Since(start))
		return fmt.Errorf("%w: the server could not be spoken to: %s", errMailLater, withoutAddresses(err.Error()))
	}
	m.count(f.ErrorCode(), time.Since(start))
	kind := errMailLater
	lost := f.Reason == gomail.ErrSMTPDataClose && f.ErrorCode() == 0
	if lost || f.ErrorCode() >= 500 {
		kind = errMailNever
	}
	return fmt.Errorf("%w: the server answered %d %s at %s", kind, f.ErrorCode(), f.EnhancedStatusCode(), f.Reason)
}

const mailTaken = 250 // the server's code of success

// mailAdvice is for the operator, who alone can do something about a server that takes no mail.
const mailAdvice = "compare SMTP_URL and SMTP_FROM with what the mail server expects, and look at its own log"

// count tells Metrics of a try; code 0 is no answer.
func (m *Mailer) count(code int, took time.Duration) {
	status := "none"
	if code >= 200 && code <= 599 {
		status = strconv.Itoa(code)
	}
	if m.Count != nil {
		m.Count(status, took)
	}
}

var address = regexp.MustCompile(`[^\s<>()",;:]*@[^\s<>()",;]*`)

// withoutAddresses leaves out what names a person. Before a recipient was named there should be none.
func withoutAddresses(text string) string { return address.ReplaceAllString(text, "(an address)") }

func mailFor(ctx context.Context, from, to string, l letter) (*gomail.Msg, error) {
	html, err := l.html(ctx)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent()) // whoever gets it need not know what made it
	if err := errors.Join(msg.From(from), msg.To(to)); err != nil {
		return nil, err
	}
	msg.Subject(l.Subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(messageID(from))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("Content-Language", l.Language.Tag)
	msg.SetGenHeader("List-Unsubscribe", "<"+l.Stop+">")
	msg.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") // RFC 8058
	msg.SetBodyString(gomail.TypeTextPlain, l.text())
	msg.AddAlternativeString(gomail.TypeTextHTML, html)
	return msg, nil
}

// messageID names a mail in the domain of its sender, as filters expect, and not in that of the machine that sends it.
func messageID(from string) string {
	domain := "localhost"
	if a, err := mail.ParseAddress(from); err == nil {
		domain = a.Address[strings.LastIndexByte(a.Address, '@')+1:]
	}
	return strings.ToLower(rand.Text()) + "@" + domain
}
