package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/db"
)

// A batch can outlive its analysis, which was cancelled, failed or was deleted, or whose report did not wait for a
// batch that was overdue. Then ClearBatches cancels it at the provider, counts what was answered by then, and deletes
// the provider's copy.

const (
	lookEvery   = 30 * time.Second // at a batch that nobody waits for
	looksAtOnce = 20
	lookTime    = 20 * time.Second // for one batch, all questions to the provider together
	lookLater   = 10 * time.Minute // at one whose look failed, after all others
)

// unwanted is true of a batch b that no analysis waits for.
const unwanted = `NOT EXISTS (SELECT 1 FROM analyses a WHERE a.id = b.analysis_id
	AND a.status IN ('queued', 'running'))`

// ClearBatches looks after batches that nobody waits for, and after copies at the provider that could not be deleted.
// Every process may do so at any time. Where the provider does not answer, it stops at the first batch.
func (s *Service) ClearBatches(ctx context.Context) error {
	if err := s.forgetPlans(ctx); err != nil || s.Claude == nil || !s.Claude.HasBatches() {
		return err
	}
	var due []modelBatch
	err := s.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		now := tx.Now()
		due, err = db.All(ctx, tx, scanBatch, `UPDATE model_batches SET next_look = $2 WHERE next_look <= $1
			AND analysis_id IN (
			SELECT b.analysis_id FROM model_batches b WHERE b.next_look <= $1 AND
				(`+unwanted+` OR b.state = 'taken' AND b.provider_id <> '') ORDER BY b.next_look LIMIT $3) RETURNING `+batchColumns,
			now, now.Add(lookEvery), looksAtOnce)
		return err
	})
	for _, b := range due {
		e := s.clearInTime(ctx, b)
		err = errors.Join(err, e)
		if away(e) {
			return errors.Join(err, s.postpone(ctx, b))
		}
	}
	return err
}

// clearInTime is clearBatch within its bound.
func (s *Service) clearInTime(ctx context.Context, b modelBatch) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return s.clearBatch(ctx, b)
}

// away tells whether the provider did not answer, or asked for time, so that it would not tell of another batch either.
func away(err error) bool {
	f, ok := errors.AsType[*claude.Failure](err)
	return ok && !f.Permanent
}

// postpone puts a batch behind all others, so that one whose look always fails does not keep them from theirs.
func (s *Service) postpone(ctx context.Context, b modelBatch) error {
	return s.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE model_batches SET next_look = $2 WHERE analysis_id = $1`, b.analysisID, tx.Now().Add(lookLater))
		return nil
	})
}

// clearBatch brings one batch a step nearer to its end.
func (s *Service) clearBatch(ctx context.Context, b modelBatch) (err error) {
	if b.state == "sending" {
		if b, err = s.find(ctx, b); errors.Is(err, errNoBatch) {
			return s.unsend(ctx, b)
		}
		if _, waits := errors.AsType[*batchWait](err); waits {
			return nil
		}
		if err != nil {
			return err
		}
	}
	if b.providerID == "" {
		return s.forgetBatch(ctx, b)
	}
	one, err := s.Claude.Batch(ctx, b.providerID)
	if err == nil && !one.Ended && !one.Cancelled {
		one, err = s.Claude.CancelBatch(ctx, b.providerID)
	}
	switch {
	case claude.Unknown(err):
		return s.forgetBatch(ctx, b)
	case err != nil || !one.Ended:
		return err
	}
	if err := s.countLeftover(ctx, b); err != nil {
		return err
	}
	return errors.Join(s.deleteBatch(ctx, b), s.forgetBatch(ctx, b))
}

// forgetPlans drops the names and keys of batches whose analysis has ended, whether or not there is a model to ask:
// nobody will read what their answers say.
func (s *Service) forgetPlans(ctx context.Context) error {
	return s.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE model_batches AS b SET sealed = NULL WHERE b.sealed IS NOT NULL AND ` + unwanted)
		return nil
	})
}

// forgetBatch removes the row of a batch that is gone at the provider and that no run needs any more.
func (s *Service) forgetBatch(ctx context.Context, b modelBatch) error {
	return s.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM model_batches WHERE analysis_id = $1 AND NOT EXISTS (SELECT 1 FROM analyses a
			WHERE a.id = model_batches.analysis_id AND a.status IN ('queued', 'running'))`, b.analysisID)
		return nil
	})
}

// countLeftover counts what was answered before the end, once. A batch that a run has taken is counted already.
func (s *Service) countLeftover(ctx context.Context, b modelBatch) error {
	if b.used.Calls > 0 {
		return nil
	}
	results, err := s.Claude.BatchResults(ctx, b.providerID)
	if err != nil && !claude.Unknown(err) { // the provider keeps results for 29 days and drops them then
		return err
	}
	out := assess.CountBatch(assess.BatchPlan{Prefix: b.prefix, Groups: make([][]string, b.requests)},
		s.Prices[b.model], results)
	counted := false
	err = s.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE model_batches SET state = 'taken', used = '{"calls": 1}' WHERE analysis_id = $1
			AND provider_id = $2
			AND used = '{}'`, b.analysisID, b.providerID)
		if counted = n == 1; counted {
			tx.Later(`UPDATE analyses SET model_micro_usd = model_micro_usd + $2 WHERE id = $1`, b.analysisID, out.CostMicroUSD)
		}
		return err
	})
	if err == nil && counted {
		out.Count(s.Metrics, b.model)
	}
	return err
}
