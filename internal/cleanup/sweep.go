package cleanup

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// requeued is how long a plan that was queued is not queued again.
const requeued = 30 * time.Second

// Sweep queues every plan that runs and that nobody works on: its process has died, or its rest is over. It gives
// leaves back that no open plan needs. Every process may sweep at any time.
func (s *Service) Sweep(ctx context.Context) (queued int, err error) {
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		// Without a reason to wait, wait_until only keeps the next sweeps from queueing it again.
		ids, err := db.All(ctx, tx, db.Value[string], `UPDATE cleanups SET wait_until = $2, waiting_for = ''
			WHERE state = 'running' AND (lease_until IS NULL OR lease_until < $1) AND (wait_until IS NULL OR wait_until <= $1)
			RETURNING id`, now, now.Add(requeued))
		for _, id := range ids {
			if err == nil {
				err = tx.Enqueue(ctx, Job{CleanupID: id})
			}
		}
		queued = len(ids)
		return err
	})
	return queued, errors.Join(err, s.giveIdleLeavesBack(ctx))
}

// Recover ends every lease at once. It is for a database that only this process uses: at its start, whoever held one is
// gone.
func (s *Service) Recover(ctx context.Context) error {
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE cleanups SET lease_until = NULL, runner = '' WHERE lease_until IS NOT NULL`)
		return err
	})
	if err == nil {
		_, err = s.Sweep(ctx)
	}
	return err
}

// timeToGoOn is how long a new leave for a plan that was stopped waits for its owner to go on.
const timeToGoOn = time.Hour

// giveIdleLeavesBack ends the leaves of accounts without a plan that may still delete.
func (s *Service) giveIdleLeavesBack(ctx context.Context) error {
	now := s.c.DB.Now()
	idle, err := db.Read(ctx, s.c.DB, db.System, func(r db.Rows, c *Cleanup) error {
		return r.Scan(&c.UserID, &c.AccountID)
	},
		`SELECT user_id, account_id FROM x_leaves WHERE NOT EXISTS (
			SELECT 1 FROM cleanups c WHERE c.account_id = x_leaves.account_id AND c.expires_at > $1
				AND (c.state IN ('frozen', 'running', 'paused') OR c.state = 'stopped' AND x_leaves.given_at > $3))
		AND given_at < $2 LIMIT 100`, now, now.Add(-storeBound), now.Add(-timeToGoOn))
	for _, c := range idle {
		err = errors.Join(err, s.c.Accounts.EndLeave(ctx, c.UserID, c.AccountID))
	}
	return err
}

// over is the condition that a plan's posts are kept no longer: its time is up, its account was unlinked, or the
// consent to read and keep posts was withdrawn.
const over = `(expires_at <= $1
	OR account_id IN (SELECT x.id FROM x_accounts x WHERE x.status = 'revoked')
	OR NOT EXISTS (SELECT 1 FROM consents k WHERE k.user_id = cleanups.user_id AND k.kind = 'analysis'
		AND k.withdrawn_at IS NULL))`

// Retain ends plans whose time is up, erases the texts of their posts, and forgets plans that were over long ago.
func (s *Service) Retain(ctx context.Context) error {
	due, err := db.Read(ctx, s.c.DB, db.System, scan, `SELECT `+columns+` FROM cleanups WHERE `+over+`
		AND (state NOT IN ('done', 'ended') OR EXISTS (SELECT 1 FROM cleanup_posts p WHERE p.cleanup_id = cleanups.id
			AND p.sealed IS NOT NULL))
		ORDER BY expires_at LIMIT 100`, s.c.DB.Now())
	if err != nil {
		return err
	}
	for _, c := range due {
		err = errors.Join(err, s.expire(ctx, c))
	}
	return errors.Join(err, db.Portions(ctx, s.c.DB, `DELETE FROM cleanups WHERE id IN (
		SELECT id FROM cleanups WHERE finished_at <= $2 LIMIT $1)`, s.c.DB.Now().Add(-rowsKept)))
}

// expire ends one plan, makes its receipt while the hashes are there, and erases what its posts say.
func (s *Service) expire(ctx context.Context, c Cleanup) error {
	if !c.State.Over() {
		if _, err := s.end(ctx, c.UserID, c.ID, "system"); err != nil {
			return err
		}
		s.giveBack(ctx, c)
	}
	if _, err := s.Receipt(ctx, c.UserID, c.ID); err != nil {
		if errors.Is(err, fault.Conflict) { // an answer is awaited: the next time
			return nil
		}
		return err
	}
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE cleanup_posts SET sealed = NULL WHERE cleanup_id = $1 AND user_id = $2`, c.ID, c.UserID)
		return nil
	})
}

// EraseBackup erases the texts of a plan that is over, before its time. The receipt stays.
func (s *Service) EraseBackup(ctx context.Context, userID, id string) error {
	c, err := s.Get(ctx, userID, id)
	if err != nil {
		return err
	}
	if !c.State.Over() {
		return fault.Conflict.Saying("The backup stays until the clean-up is over. End it first.")
	}
	return s.expire(ctx, c)
}
