package cleanup

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
)

// Receipt is the signed receipt of a plan that is over. It is made when it is first asked for, or when the backup is
// erased, because a deletion that was under way at the end still gets its answer; from then on it is always the same.
func (s *Service) Receipt(ctx context.Context, userID, id string) ([]byte, error) {
	c, err := s.Get(ctx, userID, id)
	if err != nil {
		return nil, err
	}
	if !c.State.Over() {
		return nil, fault.Conflict.Saying("The receipt is there once the clean-up is over.")
	}
	if c.lease != nil && s.c.DB.Now().Before(*c.lease) {
		return nil, fault.Conflict.Saying("The last answer of X is still awaited. Ask again in a minute.").After(time.Minute)
	}
	sealed, err := db.ReadOne(ctx, s.c.DB, db.User(userID), db.Value[[]byte],
		`SELECT receipt FROM cleanups WHERE user_id = $1 AND id = $2`, userID, id)
	if err != nil {
		return nil, orNoPlan(err)
	}
	if sealed != nil {
		return s.c.Seal.Open(sealed, place("receipt", id))
	}
	return s.makeReceipt(ctx, c)
}

func (s *Service) makeReceipt(ctx context.Context, c Cleanup) ([]byte, error) {
	items, err := s.Posts(ctx, c.UserID, c.ID)
	if err != nil {
		return nil, err
	}
	file, err := s.receiptOf(ctx, c, items).Sign(s.seed())
	if err != nil {
		return nil, err
	}
	kept := file
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE cleanups SET receipt = $3 WHERE id = $1 AND user_id = $2 AND receipt IS NULL`,
			c.ID, c.UserID, s.c.Seal.Seal(file, place("receipt", c.ID)))
		if err != nil || n > 0 {
			return err
		}
		sealed, err := db.One(ctx, tx, db.Value[[]byte], `SELECT receipt FROM cleanups WHERE id = $1 AND user_id = $2`,
			c.ID, c.UserID)
		if err != nil { // somebody else was faster: theirs counts
			return err
		}
		kept, err = s.c.Seal.Open(sealed, place("receipt", c.ID))
		return err
	})
	return kept, err
}

func (s *Service) receiptOf(ctx context.Context, c Cleanup, items []Item) removal.Receipt {
	r := removal.Receipt{
		Format: removal.ReceiptFormat, ID: c.ID, Handle: c.Handle, Began: utc(c.StartedAt), Ended: s.c.DB.Now().UTC(),
		Before: c.Before, After: c.After, Counts: map[string]int{},
	}
	if x, err := s.account(ctx, c); err == nil {
		r.Account = x.XUserID
	}
	if c.FinishedAt != nil {
		r.Ended = c.FinishedAt.UTC()
	}
	if c.ConsentAt != nil {
		r.Consent = ConsentVersion
	}
	for _, it := range items {
		r.Counts[string(it.Outcome)]++
		r.Posts = append(r.Posts, removal.ReceiptPost{
			ID: it.ID, Hash: it.Hash, Outcome: it.Outcome, AskedAt: utc(it.AskedAt), At: utc(it.DoneAt),
		})
	}
	return r
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC())
}
