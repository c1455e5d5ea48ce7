package cleanup

import (
	"context"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
)

// AskLeave records the consent to a plan and begins to ask X for the leave to delete. The backup comes first. session
// is the one that asks; X's answer returns the browser to returnTo. Errors: conflict, sign_in_again, validation_failed
// without consent.
func (s *Service) AskLeave(ctx context.Context, userID, session, id, returnTo string,
	consent bool,
) (account.Authorization, error) {
	c, err := s.Get(ctx, userID, id)
	if err != nil {
		return account.Authorization{}, err
	}
	if err := mayAskLeave(c, consent); err != nil {
		return account.Authorization{}, err
	}
	if consent {
		if _, err := s.Agree(ctx, userID, id, true); err != nil {
			return account.Authorization{}, err
		}
	}
	return s.c.Accounts.BeginLeave(ctx, account.LeaveRequest{
		UserID: userID, Session: session, AccountID: c.AccountID,
		RedirectTo: returnTo,
	})
}

func mayAskLeave(c Cleanup, consent bool) error {
	switch {
	case !c.State.May(removal.Ask):
		return refused(c)
	case c.BackupAt == nil:
		return fault.Conflict.Saying("Save the backup first: nothing is deleted before.")
	case !consent && c.ConsentAt == nil:
		return notAgreed()
	}
	return nil
}

func notAgreed() error {
	return fault.ValidationFailed.Saying("Agree first. The text you agree to: %s", ConsentText).
		At("body.consent", "must be true")
}

// Agree records the consent to a plan: who, in which session, to which version of the words.
func (s *Service) Agree(ctx context.Context, userID, id string, consent bool) (Cleanup, error) {
	c, err := s.Get(ctx, userID, id)
	if err != nil {
		return c, err
	}
	if err := mayAskLeave(c, consent); err != nil {
		return c, err
	}
	if !consent {
		return c, notAgreed()
	}
	seen := c.signature
	return s.act(ctx, userID, id, removal.Ask, `, consent_at = $5`, []any{s.c.DB.Now()},
		func(ctx context.Context, tx db.Tx, c Cleanup) error {
			if c.signature != seen || c.BackupAt == nil { // another dry run came in between
				return justChanged()
			}
			s.c.Accounts.Consent(ctx, tx, userID, ConsentKind, ConsentVersion)
			return nil
		})
}

// HasLeave tells whether X's leave to delete is there.
func (s *Service) HasLeave(ctx context.Context, c Cleanup) (bool, error) {
	return s.c.Accounts.HasLeave(ctx, c.UserID, c.AccountID)
}

// Start lets the deletion begin, or go on. Backup, consent and leave come first.
func (s *Service) Start(ctx context.Context, userID, id string) (Cleanup, error) {
	c, err := s.Get(ctx, userID, id)
	if err != nil {
		return c, err
	}
	held, err := s.HasLeave(ctx, c)
	switch {
	case err != nil:
		return c, err
	case !c.State.May(removal.Start):
		return c, refused(c)
	case c.BackupAt == nil:
		return c, fault.Conflict.Saying("Save the backup first: nothing is deleted before.")
	case c.ConsentAt == nil || !held:
		return c, fault.Conflict.Saying("Agree to the clean-up and ask X for the leave to delete first.")
	}
	now := s.c.DB.Now()
	return s.act(ctx, userID, id, removal.Start,
		`, started_at = COALESCE(started_at, $5), tries = 0, why = '', why_code = ''`, []any{now},
		func(ctx context.Context, tx db.Tx, c Cleanup) error {
			if c.BackupAt == nil || c.ConsentAt == nil { // another dry run came in between
				return justChanged()
			}
			audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.CleanupStarted, Resource: id})
			return tx.Enqueue(ctx, Job{CleanupID: id})
		})
}

// Pause lets nothing more be asked of X until [Service.Start]. A deletion that is under way still gets its answer.
func (s *Service) Pause(ctx context.Context, userID, id string) (Cleanup, error) {
	return s.act(ctx, userID, id, removal.Pause, ``, nil, func(ctx context.Context, tx db.Tx, _ Cleanup) error {
		audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.CleanupPaused, Resource: id})
		return nil
	})
}
