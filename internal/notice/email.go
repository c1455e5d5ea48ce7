package notice

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

// A person may give an address for mail. Nothing is sent there but the one mail that asks to confirm it, until they
// follow the link in it: its token is single use, good for a day, and kept as a hash. The token is made by the job that
// mails it, so that it stands nowhere else.

const (
	maxEmail     = 254
	tokenLives   = 24 * time.Hour
	mailsApart   = time.Minute // between two mails that ask to confirm
	mailsPerDay  = 10          // of them, so that nobody is bothered through us
	confirmTries = 8
)

// Email is where a user wants mail.
type Email struct {
	Confirmed string // "" for none
	Waiting   string // given, and not confirmed yet; "" for none
}

// Mails tells whether this server sends mail at all.
func (s *Service) Mails() bool { return s.c.Mailer != nil }

// Email reads a user's addresses.
func (s *Service) Email(ctx context.Context, userID string) (e Email, err error) {
	return db.ReadOne(ctx, s.c.DB, db.System, func(r db.Rows, e *Email) error { return r.Scan(&e.Confirmed, &e.Waiting) },
		`SELECT CASE WHEN u.email_confirmed_at IS NULL THEN '' ELSE COALESCE(u.email, '') END, COALESCE(c.email, '')
		FROM users u LEFT JOIN email_confirmations c ON c.user_id = u.id AND c.expires_at > $2
			WHERE u.id = $1`, userID, s.c.DB.Now())
}

// SetEmail asks an address to be confirmed by a mail to it; the one confirmed before goes on until then. An empty
// address takes both back. Errors: validation_failed, rate_limited, and conflict where no mail is sent.
func (s *Service) SetEmail(ctx context.Context, userID, address string) error {
	address = strings.TrimSpace(address)
	if address == "" {
		return s.dropEmail(ctx, userID)
	}
	if !s.Mails() {
		return fault.Conflict.Saying("This server sends no e-mail, so it needs no address.")
	}
	if !isEmail(address) {
		return fault.ValidationFailed.At("body.email", "must be an e-mail address such as ann@example.com")
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		n, err := tx.Exec(ctx, `INSERT INTO email_confirmations (user_id, email, asked_at, day_began_at, asked_today,
			expires_at) VALUES ($1, $2, $3, $3, 1, $4)
			ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, token_hash = NULL, asked_at = excluded.asked_at,
				expires_at = excluded.expires_at,
				day_began_at = CASE WHEN email_confirmations.day_began_at <= $5 THEN excluded.asked_at ELSE email_confirmations.day_began_at END,
				asked_today = CASE WHEN email_confirmations.day_began_at <= $5 THEN 1 ELSE email_confirmations.asked_today + 1 END
			WHERE email_confirmations.asked_at <= $6 AND (email_confirmations.day_began_at <= $5 OR
				email_confirmations.asked_today < $7)`,
			userID, address, now, now.Add(tokenLives), now.Add(-24*time.Hour), now.Add(-mailsApart), mailsPerDay)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.RateLimited.Saying("A mail was sent a moment ago. Wait a minute, or until tomorrow when you have " +
				"asked for many.").After(mailsApart)
		}
		recordEmail(ctx, tx, userID, audit.UserEmailGiven)
		return tx.Enqueue(ctx, ConfirmJob{UserID: userID})
	})
}

// isEmail takes plain addresses of a name with several parts: what every mail server takes.
func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > maxEmail || strings.ContainsFunc(s, notASCII) {
		return false
	}
	name, host, _ := strings.Cut(s, "@")
	return name != "" && !strings.ContainsAny(s, `"\`) && goodHost(host) && !strings.HasSuffix(host, ".")
}

func (s *Service) dropEmail(ctx context.Context, userID string) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		tx.Later(`UPDATE email_confirmations SET email = NULL, token_hash = NULL, expires_at = $2 WHERE user_id = $1`,
			userID, now)
		tx.Touch(userID)
		n, err := tx.Exec(ctx, `UPDATE users SET email = NULL, email_confirmed_at = NULL, email_declined_at = $2, updated_at
			= $2 WHERE id = $1 AND email IS NOT NULL`, userID, now)
		if err == nil && n > 0 {
			recordEmail(ctx, tx, userID, audit.UserEmailRemoved)
		}
		return err
	})
}

// recordEmail leaves the address out: a line of the audit log is for ever.
func recordEmail(ctx context.Context, tx db.Tx, userID string, action audit.Action) {
	audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: action, Resource: "user:" + userID})
}

// ConfirmJob asks for the mail that asks to confirm an address.
type ConfirmJob struct {
	UserID string `json:"user_id"`
}

// Kind names the job in the queue.
func (ConfirmJob) Kind() string { return "email_confirm" }

// InsertOpts bounds the tries.
func (ConfirmJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: db.Mails, MaxAttempts: confirmTries}
}

// AskToConfirm mails a fresh link to the address that waits to be confirmed; one that was mailed before ends. Its error
// is for the queue, and holds no address.
func (s *Service) AskToConfirm(ctx context.Context, userID string) error {
	if s.c.Mailer == nil {
		return nil
	}
	type waiting struct{ to, language string }
	token, w := rand.Text(), waiting{}
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		w, err = db.One(ctx, tx, func(r db.Rows, w *waiting) error { return r.Scan(&w.to, &w.language) },
			`UPDATE email_confirmations SET token_hash = $2 WHERE user_id = $1 AND email IS NOT NULL AND expires_at > $3
			RETURNING email, `+spoken, userID, hashed(token), tx.Now())
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	l := words.For(w.language)
	err = s.c.Mailer.send(ctx, w.to, letter{
		Language: l, Subject: l.Say("mail.confirm.subject"),
		Sentences: []string{l.Say("mail.confirm.ask"), l.Say("mail.confirm.ignore")},
		Action:    l.Say("mail.confirm.action"), Link: s.c.PublicURL + "/email/confirm?token=" + token,
		Why:  l.Say("mail.confirm.why"),
		Stop: s.stopLink(userID, confirmPrefix+addressHash(w.to)),
	})
	if errors.Is(err, errMailNever) {
		s.c.Log.WarnContext(ctx, "an address could not be asked to be confirmed", "user", userID, "cause", err, "advice",
			mailAdvice)
		return nil
	}
	if err != nil {
		s.c.Log.WarnContext(ctx, "an address was not asked to be confirmed, and is tried again", "user", userID, "cause",
			err, "advice", mailAdvice)
	}
	return err
}

func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// ConfirmEmail makes the address that a token was mailed to its user's own. Whoever has the token may: it proves that
// they read that mail. Error: not_found for a token that was used, replaced or is older than a day.
func (s *Service) ConfirmEmail(ctx context.Context, token string) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		type pending struct{ user, email string }
		now := tx.Now()
		p, err := db.One(ctx, tx, func(r db.Rows, p *pending) error { return r.Scan(&p.user, &p.email) },
			`SELECT user_id, email FROM email_confirmations WHERE token_hash = $1 AND expires_at > $2 AND email IS NOT NULL`,
			hashed(token), now)
		if errors.Is(err, db.ErrNotFound) {
			return noToken()
		}
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE email_confirmations SET token_hash = NULL, email = NULL, expires_at = $3
			WHERE user_id = $1 AND token_hash = $2`, p.user, hashed(token), now)
		if err == nil && n == 0 {
			err = noToken()
		}
		if err != nil {
			return err
		}
		tx.Touch(p.user)
		tx.Later(`UPDATE users SET email = $2, email_confirmed_at = $3, email_declined_at = NULL, updated_at = $3
			WHERE id = $1`, p.user, p.email, now)
		recordEmail(ctx, tx, p.user, audit.UserEmailConfirmed)
		return nil
	})
}

func noToken() error {
	return fault.NotFound.Saying("This link was used already, or is older than a day. Give the address again on the " +
		"page of your account.")
}
