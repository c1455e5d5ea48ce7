package analysis

import (
	"context"
	"errors"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
	"github.com/repazoo/repazoo/internal/xapi"
)

// The profile is kept where the posts are, under an id that no post has: it is sealed, kept, given out and erased as
// they are, and of several the newest counts. X charges for a user read, whatever the profile holds.

// readProfile reads the profile and keeps it, unless another run has since this analysis was started. Without an answer
// of X, the report says so.
func (r *reader) readProfile(ctx context.Context, o *assess.Options) error {
	known, err := db.Read(ctx, r.s.c.DB, db.System, db.Value[string], `SELECT post_id FROM posts
		WHERE user_id = $1 AND collection_id = $2 AND post_id = $3 AND fetched_at >= $4`,
		r.a.UserID, r.id, assess.ProfileID, r.a.CreatedAt)
	if err != nil || len(known) > 0 {
		return err
	}
	if !r.agreed {
		o.OutOfReach = append(o.OutOfReach, words.M("unread.profile_not_agreed"))
		return nil
	}
	p, err := r.askProfile(ctx)
	if errors.Is(err, fault.XUnavailable) {
		r.s.without(ctx, r.a, "the profile", err)
		o.OutOfReach = append(o.OutOfReach, words.M("unread.profile"))
		return nil
	}
	if err != nil {
		return err
	}
	r.s.c.Metrics.Reads(assess.XUserReadMicroUSD / 1e6)
	if err := r.countProfile(ctx); err != nil {
		return err
	}
	profile, _ := assess.Profile(p).Post()
	return r.s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := r.s.mine(ctx, tx, r.a, 0); err != nil {
			return err
		}
		return r.s.store(tx, r.a.UserID, r.id, []assess.Post{profile})
	})
}

// countProfile notes that X charged for the profile, whatever becomes of the run.
func (r *reader) countProfile(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.s.c.Lease)
	defer cancel()
	return r.s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE analyses SET x_user_reads = x_user_reads + 1 WHERE id = $1 AND user_id = $2`, r.a.ID, r.a.UserID)
		return nil
	})
}

// askProfile renews a token that X refuses once.
func (r *reader) askProfile(ctx context.Context) (xapi.Profile, error) {
	if err := r.bearer(ctx); err != nil {
		return xapi.Profile{}, err
	}
	p, err := r.s.c.X.Profile(ctx, r.token)
	if !errors.Is(err, xapi.ErrUnauthorized) {
		return p, err
	}
	if r.token, err = r.s.c.Accounts.XTokenAfter(ctx, r.a.UserID, r.id, r.token); err != nil {
		return p, err
	}
	return r.s.c.X.Profile(ctx, r.token)
}
