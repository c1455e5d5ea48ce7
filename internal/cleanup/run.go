package cleanup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// How a deletion survives the death of its process: the run holds a lease on the plan's row. Before X is asked to
// delete a post, one transaction renews the lease, if it is still ours and the plan still runs, and writes down that X
// is asked. So a lease outlives each call of X, and whoever takes the plan over later knows which post's answer is
// missing: that one is looked up with the next batch, before X is asked for it again.

const (
	atOnce      = 20               // posts that are looked up together, right before they go
	maxAsks     = 3                // of X to delete one post, when answers are lost
	maxSilence  = 10               // looks in a row that X does not answer, until it is asked seldom
	longSilence = 10 * time.Minute // and how seldom
	storeBound  = 15 * time.Second // to write down what X said, whatever happened to the run
	jobTries    = 3                // of a wake-up; the sweep queues others
)

var errLost = errors.New("cleanup: the plan was paused, ended or taken over")

// Job wakes a worker up to go on with a plan.
type Job struct {
	CleanupID string `json:"cleanup_id"`
}

// Kind names the job in the queue.
func (Job) Kind() string { return "cleanup" }

// InsertOpts puts the job in the queue of its kind.
func (Job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: db.Cleanups, MaxAttempts: jobTries}
}

// AddWorkers registers what this package does in the background.
func (s *Service) AddWorkers(w *river.Workers) {
	db.Work(w, func(ctx context.Context, j Job) error { return s.Run(ctx, j.CleanupID) })
}

// Run goes on with a plan until it is done, paused, has to wait or has to stop. When another run works on it, or it has
// nothing to do now, it does nothing.
func (s *Service) Run(ctx context.Context, id string) error {
	c, err := s.take(ctx, id)
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.release(context.WithoutCancel(ctx), c)
	return s.conclude(context.WithoutCancel(ctx), c, s.work(ctx, c))
}

// take takes the lease in a name of this run alone.
func (s *Service) take(ctx context.Context, id string) (c Cleanup, err error) {
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		now := tx.Now()
		c, err = db.One(ctx, tx, scan, `UPDATE cleanups SET runner = $2, lease_until = $3, wait_until = NULL, waiting_for = ''
			WHERE id = $1 AND state = 'running' AND (lease_until IS NULL OR lease_until < $4)
				AND (waiting_for = '' OR wait_until <= $4) RETURNING `+columns, id, db.NewID(), now.Add(s.c.Lease), now)
		return err
	})
	return c, err
}

// hold renews the lease in the caller's transaction; errLost when it is not ours any more, or the plan does not run.
func (s *Service) hold(ctx context.Context, tx db.Tx, c Cleanup) error {
	n, err := tx.Exec(ctx, `UPDATE cleanups SET lease_until = $4 WHERE id = $1 AND user_id = $2 AND runner = $3
		AND state = 'running'`,
		c.ID, c.UserID, c.runner, tx.Now().Add(s.c.Lease))
	if err == nil && n == 0 {
		err = errLost
	}
	return err
}

func (s *Service) holdAlone(ctx context.Context, c Cleanup) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error { return s.hold(ctx, tx, c) })
}

// release lets the next run begin at once. Where it fails, the lease runs out.
func (s *Service) release(ctx context.Context, c Cleanup) {
	ctx, cancel := context.WithTimeout(ctx, storeBound)
	defer cancel()
	err := s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE cleanups SET lease_until = NULL, runner = '' WHERE id = $1 AND runner = $2`, c.ID, c.runner)
		return nil
	})
	if err != nil {
		s.c.Log.WarnContext(ctx, "the lease on a clean-up was not given back and will run out", "cleanup", c.ID, "cause", err)
	}
}

// work deletes batch after batch. It returns nil once every post has its outcome.
func (s *Service) work(ctx context.Context, c Cleanup) error {
	for {
		x, err := s.account(ctx, c)
		if errors.Is(err, fault.Conflict) {
			return stop{"unlinked", "This account is not linked to yours any more, so nothing more is deleted."}
		}
		if err != nil {
			return err
		}
		items, err := s.Posts(ctx, c.UserID, c.ID)
		if err != nil {
			return err
		}
		if !s.signed(planOf(c, x, items), c.signature) {
			return stop{"tampered", errTampered.Message}
		}
		left := open(items)
		if len(left) == 0 {
			return nil
		}
		if slices.ContainsFunc(left, func(it *Item) bool { return it.Hash == "" }) { // what is signed has a hash
			return stop{"tampered", errTampered.Message}
		}
		n, err := s.mayAsk(ctx, c)
		if err != nil {
			return err
		}
		if err := s.batch(ctx, c, x, left[:min(n, atOnce, len(left))]); err != nil {
			return err
		}
	}
}

// mayAsk is how many deletions may be asked for now, or the rest until one may.
func (s *Service) mayAsk(ctx context.Context, c Cleanup) (int, error) {
	asked, err := s.asked(ctx, c)
	if err != nil {
		return 0, err
	}
	now := s.c.DB.Now()
	n, next := s.pace.Allowed(asked, now)
	if n > 0 {
		return n, nil
	}
	why := WaitsForPace
	if next.Sub(now) > s.pace.Window {
		why = WaitsForDay
	}
	return 0, rest{next, why, false}
}

// batch looks posts up, settles what is not to be deleted, and deletes the others.
func (s *Service) batch(ctx context.Context, c Cleanup, x account.XAccount, posts []*Item) error {
	if err := s.holdAlone(ctx, c); err != nil {
		return err
	}
	looking, cancel := context.WithTimeout(ctx, s.c.Lease/2)
	seen, err := s.lookUp(looking, c, s.deleting(c), idsOf(posts))
	cancel()
	if err != nil {
		return s.unseen(ctx, err)
	}
	var going []*Item
	for _, it := range posts {
		outcome := seen.judge(it.ID, x.XUserID, it.Hash)
		switch {
		case outcome == removal.Gone && it.asks > 0: // its answer was lost, and this is it
			outcome = removal.Deleted
		case outcome == removal.Planned:
			going = append(going, it)
			continue
		}
		if err := s.note(ctx, c, it, outcome); err != nil {
			return err
		}
	}
	for _, it := range going {
		if err = s.delete(ctx, c, it); err != nil {
			break
		}
	}
	return errors.Join(err, s.count(context.WithoutCancel(ctx), c))
}

// unseen is what a look that failed means for the run.
func (s *Service) unseen(ctx context.Context, err error) error {
	if ctx.Err() != nil { // this process is stopping
		return ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.XUnavailable.Because(err)
	}
	return err
}

// delete asks X to delete one post, and notes what it says.
func (s *Service) delete(ctx context.Context, c Cleanup, it *Item) error {
	token, err := s.deleting(c)(ctx, "")
	if err != nil {
		return err
	}
	if it.asks >= maxAsks {
		return stop{"silent", fmt.Sprintf("X was asked %d times to delete the same post, gave no clear answer, and still "+
			"shows it. "+
			"Try to delete it on X; then go on here, or end the clean-up.", it.asks)}
	}
	if err := s.ask(ctx, c, it); err != nil {
		return err
	}
	gone, err := s.c.X.DeletePost(ctx, token, it.ID)
	if errors.Is(err, xapi.ErrUnauthorized) { // the token ended early: nothing was done
		if token, err = s.deleting(c)(ctx, token); err == nil {
			err = s.holdAlone(ctx, c) // the first question and the renewal took time
		}
		if err == nil {
			gone, err = s.c.X.DeletePost(ctx, token, it.ID)
		}
	}
	switch {
	case err == nil && gone && it.asks == 0:
		return s.note(ctx, c, it, removal.Gone)
	case err == nil:
		return s.note(ctx, c, it, removal.Deleted)
	case refusedWhole(err): // X did not do it
		return errors.Join(err, s.unask(ctx, c, it))
	}
	return err // nobody knows: the next look tells
}

// refusedWhole tells whether an error means that X did not delete the post.
func refusedWhole(err error) bool {
	_, limited := errors.AsType[*xapi.RateLimited](err)
	return limited || errors.Is(err, xapi.ErrUnauthorized) || errors.Is(err, xapi.ErrForbidden) ||
		errors.Is(err, xapi.ErrCreditsGone) ||
		xapi.AppRefused(err) ||
		errors.Is(err, account.ErrNoLeave)
}

// ask writes down that X is about to be asked for a post, as the holder of the lease.
func (s *Service) ask(ctx context.Context, c Cleanup, it *Item) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := s.hold(ctx, tx, c); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE cleanup_posts SET outcome = 'asked', asks = asks + 1, asked_at = $4
			WHERE cleanup_id = $1 AND user_id = $2 AND post_id = $3
				AND outcome IN ('', 'asked')`, c.ID, c.UserID, it.ID, tx.Now())
		if err == nil && n == 0 {
			err = errLost
		}
		return err
	})
}

// note writes down what became of a post. What X has said is true whoever holds the lease by now, so only a post that
// is not done with is written.
func (s *Service) note(ctx context.Context, c Cleanup, it *Item, outcome removal.Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeBound)
	defer cancel()
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		done := any(nil)
		if outcome.Settled() {
			done = tx.Now()
		}
		tx.Later(`UPDATE cleanup_posts SET outcome = $4, done_at = $5
			WHERE cleanup_id = $1 AND user_id = $2 AND post_id = $3
				AND outcome IN ('', 'asked')`, c.ID, c.UserID, it.ID, string(outcome), done)
		tx.Later(`UPDATE cleanups SET tries = 0 WHERE id = $1 AND user_id = $2`, c.ID, c.UserID)
		return nil
	})
}

// unask notes that X refused and did not delete the post: that was no lost answer. When it was asked still counts for
// the pace.
func (s *Service) unask(ctx context.Context, c Cleanup, it *Item) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeBound)
	defer cancel()
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE cleanup_posts SET outcome = '', asks = asks - 1
			WHERE cleanup_id = $1 AND user_id = $2 AND post_id = $3 AND outcome = 'asked' AND asks > 0`, c.ID, c.UserID, it.ID)
		tx.Later(`UPDATE cleanups SET tries = 0 WHERE id = $1 AND user_id = $2`, c.ID, c.UserID)
		return nil
	})
}

// count lets the posts that are away count no more, and notes the score as it stands then.
func (s *Service) count(ctx context.Context, c Cleanup) error {
	ids, err := db.Read(ctx, s.c.DB, db.System, db.Value[string], `SELECT post_id FROM cleanup_posts
		WHERE cleanup_id = $1 AND user_id = $2 AND outcome IN ('deleted', 'gone') AND NOT counted`, c.ID, c.UserID)
	if err != nil || len(ids) == 0 {
		return err
	}
	why := "Deleted at X, " + s.c.DB.Now().UTC().Format("2 January 2006")
	if err := s.c.Analyses.PostsDeleted(ctx, c.UserID, ids, why); err != nil {
		return err
	}
	after, err := s.scoreNow(ctx, c)
	if err != nil {
		return err
	}
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		for _, id := range ids {
			tx.Later(`UPDATE cleanup_posts SET counted = $4 WHERE cleanup_id = $1 AND user_id = $2 AND post_id = $3`, c.ID,
				c.UserID, id, true)
		}
		if after != nil {
			tx.Later(`UPDATE cleanups SET score_after = $3 WHERE id = $1 AND user_id = $2`, c.ID, c.UserID, *after)
		}
		return nil
	})
}

// scoreNow is the score of the report as it stands; nil when the report is gone.
func (s *Service) scoreNow(ctx context.Context, c Cleanup) (*float64, error) {
	if c.AnalysisID == nil {
		return nil, nil
	}
	r, err := s.c.Analyses.Report(ctx, c.UserID, *c.AnalysisID)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &r.Now.Score, nil
}
