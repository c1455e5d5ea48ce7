package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Sweep queues every run whose process stopped renewing its lease, and ends those that
// have died too often. Every process may sweep at any time. It asks nobody outside, so that no silence there keeps a
// dead run from being queued.
func (s *Service) Sweep(ctx context.Context) (requeued int, err error) {
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		ids, err := db.All(ctx, tx, db.Value[string], `
			UPDATE analyses SET lease_until = NULL WHERE status = 'running' AND lease_until < $1 AND attempts < $2
				RETURNING id`, tx.Now(), maxClaims)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := tx.Enqueue(ctx, Job{AnalysisID: id}); err != nil {
				return err
			}
		}
		requeued = len(ids)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return requeued, errors.Join(s.bury(ctx), s.wakeOverlooked(ctx))
}

// bury fails the runs that ended their process again and again.
func (s *Service) bury(ctx context.Context) error {
	dead, err := db.Read(ctx, s.c.DB, db.System, scan, `SELECT `+columns+` FROM analyses WHERE status = 'running'
		AND lease_until < $1 AND attempts >= $2`, s.c.DB.Now(), maxClaims)
	if err != nil {
		return err
	}
	for _, a := range dead {
		if err := s.takeOver(ctx, a.ID); err != nil {
			return err
		}
		a.runner = s.runner
		if err := s.fail(ctx, a, fault.Internal.Saying("This analysis could not be finished after many tries. It was not "+
			"counted; start it again, and report the analysis id if it fails again.")); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) takeOver(ctx context.Context, id string) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE analyses SET runner = $2 WHERE id = $1 AND status = 'running' AND lease_until < $3`,
			id, s.runner, tx.Now())
		return err
	})
}

// Recover ends every lease at once. It is for a database that only this process uses: at
// its start, whoever held a lease is gone.
func (s *Service) Recover(ctx context.Context) error {
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE analyses SET lease_until = $1 WHERE status = 'running' AND lease_until IS NOT NULL`,
			tx.Now().Add(-time.Second))
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.Sweep(ctx)
	return err
}
