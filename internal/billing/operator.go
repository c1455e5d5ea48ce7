package billing

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// InboxEvent is a message of Stripe as an operator sees it, without its content.
type InboxEvent struct {
	ID, Kind, Object string
	At               time.Time
	Handled          *time.Time
	Ignored          bool // it needed no action, and Note says why; or this version does not know its kind
	Tries            int
	Note             string // why its last try failed
}

// Outcome says in a word or two how it went.
func (e InboxEvent) Outcome() string {
	switch {
	case e.Ignored:
		return "No action"
	case e.Handled != nil:
		return "Applied"
	case e.Tries > 0:
		return "Failing"
	}
	return "Waiting"
}

// Inbox is what Stripe has told, the newest first: at most limit events, and only those that are not applied if open.
func (s *Service) Inbox(ctx context.Context, open bool, limit int) ([]InboxEvent, error) {
	return db.Read(ctx, s.db, db.System, func(r db.Rows, e *InboxEvent) error {
		return r.Scan(&e.ID, &e.Kind, &e.Object, &e.At, &e.Handled, &e.Ignored, &e.Tries, &e.Note)
	}, `SELECT id, type, object_id, received_at, handled_at, ignored, attempts, COALESCE(last_error, '') FROM stripe_events
		WHERE handled_at IS NULL OR NOT $1 ORDER BY received_at DESC, id LIMIT $2`, open, limit)
}

// Replay has an event applied again. It does no harm to one that was applied: what it is about is fetched as it is now.
// Error: not_found.
func (s *Service) Replay(ctx context.Context, eventID string) error {
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE stripe_events SET handled_at = NULL, ignored = FALSE WHERE id = $1`, eventID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFound.Saying("There is no such event in the inbox.")
		}
		return tx.Enqueue(ctx, EventJob{EventID: eventID})
	})
}
