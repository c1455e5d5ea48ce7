package notice

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/db"
)

// A notice is mailed at most once: it is marked before the mail is handed over, and unmarked only when the server has
// said that it did not take it. A process that dies in between sends nothing twice; the notice is on the front page
// anyway.

// mailTries is over about eleven hours, by the queue's own waits.
const mailTries = 12

// MailJob asks for a notice to be mailed to its user.
type MailJob struct {
	NoticeID string `json:"notice_id"`
}

// Kind names the job in the queue.
func (MailJob) Kind() string { return "notice_mail" }

// InsertOpts bounds the tries.
func (MailJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: db.Mails, MaxAttempts: mailTries}
}

// Mail mails a notice to its user if they have confirmed an address and it was not mailed before. Its error is for the
// queue, which tries again, and holds no address.
func (s *Service) Mail(ctx context.Context, noticeID string) error {
	if s.c.Mailer == nil {
		return nil
	}
	n, to, err := s.takeMail(ctx, noticeID)
	if err != nil || to == "" {
		return err
	}
	err = s.c.Mailer.send(ctx, to, s.letter(n))
	switch {
	case errors.Is(err, errMailNever):
		s.c.Log.WarnContext(ctx, "a notice was not mailed and will not be", "notice", noticeID, "cause", err, "advice",
			mailAdvice)
		return nil
	case err != nil:
		s.c.Log.WarnContext(ctx, "a notice was not mailed, and is tried again", "notice", noticeID, "cause", err, "advice",
			mailAdvice)
		return errors.Join(err, s.untakeMail(context.WithoutCancel(ctx), noticeID))
	}
	return nil
}

// takeMail marks the notice as mailed, and tells to whom; "" is to nobody, because they have confirmed no address, want
// no mail of this kind, or had it before.
func (s *Service) takeMail(ctx context.Context, noticeID string) (n owned, to string, err error) {
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		found, err := db.One(ctx, tx, scanOwned, `UPDATE notices SET mailed_at = $2 WHERE id = $1 AND mailed_at IS NULL
			AND user_id IN (SELECT id FROM users WHERE email_confirmed_at IS NOT NULL)
			AND NOT EXISTS (SELECT 1 FROM notice_mutes m WHERE m.user_id = notices.user_id AND m.kind = notices.kind
				AND m.way = 'mail')
			RETURNING `+columns+`, user_id`, noticeID, tx.Now())
		if err != nil {
			return err
		}
		n = found
		to, err = db.One(ctx, tx, db.Value[string], `SELECT email FROM users WHERE id = $1`, found.userID)
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return owned{}, "", nil
	}
	return n, to, err
}

func (s *Service) untakeMail(ctx context.Context, noticeID string) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE notices SET mailed_at = NULL WHERE id = $1`, noticeID)
		return err
	})
}

func (s *Service) letter(n owned) letter {
	l := n.words()
	return letter{
		Language: l, Subject: n.Title(), Sentences: []string{n.Sentence()}, Action: n.Action(),
		Link: s.c.PublicURL + n.Path(), Why: l.Say("mail.why"), Stop: s.stopLink(n.userID, string(n.Kind)),
	}
}
